#include "test.h"

#include "http1_attack.h"

#include <string.h>

/* What the test itself gathers is there from the start, so that only the core's growth shows. */
static void reserve(struct host *h)
{
    assert_int_equal(buf_reserve(&h->out, 64 * 1024), CT_OK);
    assert_int_equal(buf_reserve(&h->log, 64 * 1024), CT_OK);
}

static void refused(const struct http1_message *m, enum host_cut cut, unsigned seed, size_t peak)
{
    struct host h;
    host_init(&h);
    host_open(&h);
    reserve(&h);
    memory_watch();
    host_feed(&h, slice_str(m->bytes), cut, seed);
    bool right = h.requests == 0 && h.refused[m->why] == 1 && host_status(&h, 0) == m->status &&
                 host_status(&h, 1) == 0 && core_state(h.core) == CORE_SHUT &&
                 host_said(&h, "Connection: close\r\n") && memory_peak() <= peak;
    if (!right)
        fail_msg("%s (cut %d): %zu bytes, %.*s / %.*s", m->name, (int)cut, memory_peak(),
                 SLICE_ARG(buf_slice(&h.log)), SLICE_ARG(buf_slice(&h.out)));
    host_serves_others(&h);
    host_finish(&h);
}

void http1_refused_in_every_cut(const struct http1_message *messages, size_t count, size_t peak)
{
    for (size_t i = 0; i < count; i++) {
        refused(&messages[i], HOST_WHOLE, 0, peak);
        refused(&messages[i], HOST_BYTES, 0, peak);
        for (unsigned seed = 1; seed < 8; seed++)
            refused(&messages[i], HOST_RANDOM, seed, peak);
    }
}

void http1_attack_open(struct http1_attack *a, const struct otlp_limits *limits)
{
    a->fed = 0;
    host_init(&a->host);
    if (limits)
        a->host.limits = *limits;
    host_open(&a->host);
    reserve(&a->host);
    memory_watch();
}

void http1_attack_finish(struct http1_attack *a)
{
    host_finish(&a->host);
}

static bool send_bytes(struct http1_attack *a, struct slice bytes)
{
    while (bytes.len && core_state(a->host.core) == CORE_OPEN) {
        struct slice piece = slice_sub(bytes, 0, CORE_FEED_MAX);
        core_feed(a->host.core, piece, a->host.now);
        host_pump(&a->host);
        a->fed += piece.len;
        bytes = slice_sub(bytes, piece.len, bytes.len);
    }
    return core_state(a->host.core) == CORE_OPEN;
}

bool http1_attack_send(struct http1_attack *a, const char *text)
{
    return send_bytes(a, slice_str(text));
}

void http1_attack_endlessly(struct http1_attack *a, const char *text)
{
    static char block[16384];
    size_t len = strlen(text), filled = 0;
    for (; filled + len <= sizeof block; filled += len)
        memcpy(block + filled, text, len);
    while (send_bytes(a, slice_make(block, filled)))
        if (a->fed > HTTP1_ATTACK_FED_MAX)
            fail_msg("%zu bytes of \"%s\" were read and more is wanted", a->fed, text);
}

void http1_attack_expect_over(struct http1_attack *a, enum otlp_refusal why, int status, size_t fed,
                              size_t peak)
{
    struct host *h = &a->host;
    assert_int_equal(core_state(h->core), CORE_SHUT);
    assert_int_equal(h->requests, 0);
    assert_int_equal(h->refused[why], 1);
    assert_int_equal(host_status(h, 0), status);
    assert_in_range(a->fed, 0, fed);
    assert_in_range(memory_peak(), 0, peak);
    host_serves_others(h);
    /* What it still sends is dropped, and it is gone when it has had time to read why. */
    static char more[CORE_FEED_MAX];
    size_t before = memory_used();
    core_feed(h->core, slice_make(more, sizeof more), h->now);
    assert_in_range(memory_used(), 0, before);
    host_expire_after(h, CORE_LINGER_MS);
    assert_int_equal(core_state(h->core), CORE_DEAD);
}
