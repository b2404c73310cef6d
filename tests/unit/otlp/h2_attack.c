#include "test.h"

#include "h2_attack.h"
#include "h2_frames.h"

void attack_init(struct attack *a)
{
    *a = (struct attack){.goaway = ATTACK_NO_GOAWAY};
    host_init(&a->host);
    a->host.create = h2_create;
    buf_init(&a->frames, SIZE_MAX / 2);
}

static uint32_t number(const char *bytes)
{
    const uint8_t *b = (const uint8_t *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The core gives whole frames. */
static void look_at_output(struct attack *a)
{
    struct slice out = buf_slice(&a->host.out);
    while (out.len) {
        assert_true(out.len >= H2_FRAME_HEAD_BYTES);
        size_t length = number(out.ptr) >> 8;
        assert_true(out.len >= H2_FRAME_HEAD_BYTES + length);
        const char *payload = out.ptr + H2_FRAME_HEAD_BYTES;
        switch (out.ptr[3]) {
        case NGHTTP2_HEADERS:
            a->headers++;
            break;
        case NGHTTP2_PING:
            a->pings++;
            break;
        case NGHTTP2_SETTINGS:
            a->settings++;
            break;
        case NGHTTP2_RST_STREAM:
            a->resets++;
            a->reset_code = number(payload);
            break;
        case NGHTTP2_GOAWAY:
            a->goaway = number(payload + 4);
            break;
        default:
            break;
        }
        out = slice_sub(out, H2_FRAME_HEAD_BYTES + length, out.len);
    }
    buf_clear(&a->host.out);
}

bool attack_send(struct attack *a)
{
    struct slice rest = buf_slice(&a->frames);
    while (rest.len && core_state(a->host.core) == CORE_OPEN) {
        struct slice piece = slice_sub(rest, 0, CORE_FEED_MAX);
        core_feed(a->host.core, piece, a->host.now);
        host_pump(&a->host);
        look_at_output(a);
        a->fed += piece.len;
        rest = slice_sub(rest, piece.len, rest.len);
    }
    buf_clear(&a->frames);
    buf_clear(&a->host.log);
    return core_state(a->host.core) == CORE_OPEN;
}

void attack_open(struct attack *a)
{
    host_open(&a->host);
    /* What the test itself gathers is there from the start, so that only the core's growth shows. */
    assert_int_equal(buf_reserve(&a->host.out, 1024 * 1024), CT_OK);
    assert_int_equal(buf_reserve(&a->host.log, 1024 * 1024), CT_OK);
    assert_int_equal(buf_reserve(&a->frames, 1024 * 1024), CT_OK);
    memory_watch();
    peer_greeting(&a->frames);
    assert_true(attack_send(a));
}

void attack_finish(struct attack *a)
{
    host_finish(&a->host);
    buf_finish(&a->frames);
}

void attack_frame(struct attack *a, uint8_t type, uint8_t flags, int32_t id, struct slice payload)
{
    peer_frame(&a->frames, type, flags, id, payload);
}

void attack_headers(struct attack *a, int32_t id, uint8_t flags)
{
    struct buf block;
    buf_init(&block, 1000);
    peer_block(&block);
    attack_frame(a, NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, id, buf_slice(&block));
    buf_finish(&block);
}

void attack_expect_over(struct attack *a, enum otlp_refusal why, size_t peak)
{
    assert_int_equal(core_state(a->host.core), CORE_SHUT);
    assert_int_equal(a->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(a->host.refused[why], 1);
    assert_in_range(memory_peak(), 0, peak);
    host_serves_others(&a->host);
    /* What it still sends is dropped, and it is gone when it has had time to read why. */
    size_t before = memory_used();
    static char more[CORE_FEED_MAX];
    core_feed(a->host.core, slice_make(more, sizeof more), a->host.now);
    assert_in_range(memory_used(), 0, before);
    host_expire_after(&a->host, CORE_LINGER_MS);
    assert_int_equal(core_state(a->host.core), CORE_DEAD);
}
