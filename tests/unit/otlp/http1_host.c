#include "test.h"

#include "http1_host.h"

#include <stdlib.h>

static void on_request(void *ctx, struct exchange *x)
{
    struct host *h = ctx;
    h->requests++;
    buf_printf(&h->log, "request %.*s %.*s ? %.*s @ %.*s", SLICE_ARG(x->method), SLICE_ARG(x->path),
               SLICE_ARG(x->query), SLICE_ARG(x->host));
    for (size_t i = 0; i < x->header_count; i++)
        buf_printf(&h->log, " [%.*s=%.*s]", SLICE_ARG(x->headers[i].name), SLICE_ARG(x->headers[i].value));
    buf_printf(&h->log, " %zu:", x->body.len);
    buf_append(&h->log, buf_slice(&x->body));
    buf_append_char(&h->log, '\n');
    if (h->hold) {
        assert_true(h->held_count < HOST_HELD_MAX);
        h->held[h->held_count++] = x;
        return;
    }
    exchange_respond(x, &(struct exchange_reply){.status = 200, .body = SLICE_LIT("ok")}, h->now);
}

static void on_refused(void *ctx, enum otlp_refusal why)
{
    struct host *h = ctx;
    h->refused[why]++;
    buf_printf(&h->log, "refused %s\n", otlp_refusal_name(why));
}

void host_init(struct host *h)
{
    *h = (struct host){.now = 1000};
    otlp_limits_init(&h->limits);
    buf_init(&h->log, SIZE_MAX / 2);
    buf_init(&h->out, SIZE_MAX / 2);
    buf_init(&h->stuck, SIZE_MAX / 2);
}

void host_open(struct host *h)
{
    h->budget = budget_make(h->limits.budget_bytes, h->limits.body_bytes);
    h->env = (struct core_env){
        .limits = &h->limits, .budget = &h->budget, .date = "", .request = on_request, .refused = on_refused};
    h->core = (h->create ? h->create : http1_create)(&h->env, h, h->now);
    assert_non_null(h->core);
}

void host_finish(struct host *h)
{
    core_destroy(h->core);
    for (size_t i = 0; i < h->held_count; i++)
        if (h->held[i])
            exchange_respond(h->held[i], &(struct exchange_reply){.status = 200}, h->now);
    assert_int_equal(h->budget.used, 0); /* every body gave back what it took */
    buf_finish(&h->log);
    buf_finish(&h->out);
    buf_finish(&h->stuck);
}

void host_pump(struct host *h)
{
    for (;;) {
        struct buf *to = h->stalled ? &h->stuck : &h->out;
        size_t before = to->len;
        assert_int_equal(core_output(h->core, to), CT_OK);
        if (to->len == before)
            return;
        if (!h->stalled)
            core_sent(h->core, to->len - before, h->now);
    }
}

void host_unstall(struct host *h)
{
    h->stalled = false;
    size_t n = h->stuck.len;
    buf_append(&h->out, buf_slice(&h->stuck));
    buf_clear(&h->stuck);
    core_sent(h->core, n, h->now);
    host_pump(h);
}

static size_t piece(enum host_cut cut, unsigned *seed, size_t left)
{
    size_t n = CORE_FEED_MAX;
    if (cut == HOST_BYTES)
        n = 1;
    if (cut == HOST_RANDOM) {
        *seed = *seed * 1664525u + 1013904223u;
        n = 1 + (*seed >> 8) % (*seed & 0x40 ? 7 : 1500);
    }
    return n < left ? n : left;
}

void host_feed(struct host *h, struct slice bytes, enum host_cut cut, unsigned seed)
{
    while (bytes.len) {
        size_t n = piece(cut, &seed, bytes.len);
        /* A copy of its own size, so that reading past a piece is seen. */
        char *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes.ptr, n);
        core_feed(h->core, slice_make(copy, n), h->now);
        free(copy);
        bytes = slice_sub(bytes, n, bytes.len);
        host_pump(h);
    }
}

void host_feed_str(struct host *h, const char *text)
{
    host_feed(h, slice_str(text), HOST_WHOLE, 0);
}

void host_eof(struct host *h)
{
    core_eof(h->core, h->now);
    host_pump(h);
}

void host_serves_others(const struct host *h)
{
    struct host other;
    host_init(&other);
    other.limits = h->limits;
    host_open(&other);
    other.env.budget = (struct budget *)(uintptr_t)&h->budget;
    host_feed_str(&other, "POST /v1/logs HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(other.requests, 1);
    assert_int_equal(host_status(&other, 0), 200);
    host_finish(&other);
}

void host_answer(struct host *h, size_t i, const char *text)
{
    struct exchange *x = h->held[i];
    assert_non_null(x);
    h->held[i] = NULL;
    exchange_respond(x, &(struct exchange_reply){.status = 200, .body = slice_str(text)}, h->now);
    host_pump(h);
}

void host_expire_after(struct host *h, uint64_t ms)
{
    assert_int_equal(core_deadline(h->core), h->now + ms);
    h->now += ms - 1;
    core_expire(h->core, h->now); /* too early: nothing */
    assert_int_equal(core_deadline(h->core), h->now + 1);
    h->now++;
    core_expire(h->core, h->now);
    host_pump(h);
}

int host_status(const struct host *h, size_t n)
{
    struct slice rest = buf_slice(&h->out);
    for (;; n--) {
        size_t at = slice_find_slice(rest, SLICE_LIT("HTTP/1.1 "));
        if (at >= rest.len)
            return 0;
        rest = slice_sub(rest, at + 9, rest.len);
        if (n == 0)
            return atoi((char[4]){rest.ptr[0], rest.ptr[1], rest.ptr[2], '\0'});
    }
}

bool host_said(const struct host *h, const char *text)
{
    return slice_find_slice(buf_slice(&h->out), slice_str(text)) < h->out.len;
}
