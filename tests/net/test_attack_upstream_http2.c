/* A gRPC upstream that is hostile in HTTP/2: floods of frames, header bombs, answers without end. */
#include "test.h"

#include "h2_peer.h"
#include "villain.h"

#include "http_client.h"

#define PEAK (VILLAIN_BASE_BYTES + 3 * VILLAIN_RESPONSE_BYTES + 8 * HTTP_CLIENT_HEAD_MAX)

static struct buf first, again;

static int make(void **state)
{
    (void)state;
    buf_init(&first, SIZE_MAX / 2);
    buf_init(&again, SIZE_MAX / 2);
    peer_frame(&first, NGHTTP2_SETTINGS, 0, 0, SLICE_LIT(""));
    return 0;
}

static int drop(void **state)
{
    (void)state;
    buf_finish(&first);
    buf_finish(&again);
    return 0;
}

/* Where no grpc-status comes nobody knows whether the request was taken: RETRY. */
static void floods(enum upstream_outcome outcome)
{
    struct villain v;
    villain_start(&v, UPSTREAM_PROTOCOL_GRPC);
    v.first = buf_slice(&first);
    v.again = buf_slice(&again);
    villain_ask(&v);
    if (v.answer.outcome != outcome || !v.answer.text[0])
        fail_msg("outcome %d, HTTP %d, \"%s\"", (int)v.answer.outcome, v.answer.status, v.answer.text);
    villain_expect_peak(PEAK);
    villain_finish(&v);
}

/* Whole frames many times over. */
static void flood_of(uint8_t type, uint8_t flags, int32_t id, struct slice payload)
{
    struct buf one;
    buf_init(&one, 100000);
    peer_frame(&one, type, flags, id, payload);
    buf_clear(&again);
    for (size_t n = 0; n < 1000; n++)
        assert_int_equal(buf_append(&again, buf_slice(&one)), CT_OK);
    buf_finish(&one);
    struct villain v;
    villain_start(&v, UPSTREAM_PROTOCOL_GRPC);
    v.first = buf_slice(&first);
    v.again = buf_slice(&again);
    villain_ask(&v);
    if (v.answer.outcome != UPSTREAM_RETRY || !v.answer.text[0])
        fail_msg("type %u: outcome %d, HTTP %d, \"%s\"", type, (int)v.answer.outcome, v.answer.status,
                 v.answer.text);
    villain_expect_peak(PEAK);
    villain_finish(&v);
}

static void pings(void **state)
{
    (void)state;
    flood_of(NGHTTP2_PING, 0, 0, slice_make("12345678", 8));
    flood_of(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, slice_make("12345678", 8));
}

static void settings(void **state)
{
    (void)state;
    flood_of(NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\1\0\0", 6));
    flood_of(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, SLICE_LIT(""));
}

static void other_frames(void **state)
{
    (void)state;
    flood_of(NGHTTP2_WINDOW_UPDATE, 0, 0, slice_make("\0\0\0\1", 4));
    flood_of(NGHTTP2_PRIORITY, 0, 3, slice_make("\0\0\0\1\7", 5));
    flood_of(0x42, 0, 0, SLICE_LIT("of a type that nobody knows"));
    flood_of(NGHTTP2_RST_STREAM, 0, 1, slice_make("\0\0\0\7", 4));
    flood_of(NGHTTP2_GOAWAY, 0, 0, slice_make("\0\0\0\0\0\0\0\13", 8));
    flood_of(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1,
             slice_make("\0\0\0\2\x82\x86\x84\x41\1a", 10));
}

static void continuations(void **state)
{
    (void)state;
    static char block[16384];
    for (size_t i = 0; i < sizeof block; i += 4)
        memcpy(block + i, "\0\1a\0", 4);
    peer_frame(&first, NGHTTP2_HEADERS, 0, 1, slice_make("\x88", 1));
    flood_of(NGHTTP2_CONTINUATION, 0, 1, slice_make(block, 64));
    flood_of(NGHTTP2_CONTINUATION, 0, 1, SLICE_LIT(""));
}

/* One large entry of the table, referred to again and again. */
static void a_header_bomb(void **state)
{
    (void)state;
    static char value[4000];
    struct buf block;
    memset(value, 'x', sizeof value);
    buf_init(&block, SIZE_MAX / 2);
    buf_append(&block,
               slice_make("\x88\x40\1a\x7f\xa1\x1e", 7)); /* :status 200, and an entry of 4,000 bytes */
    buf_append(&block, slice_make(value, sizeof value));
    for (int i = 0; i < 12000; i++)
        buf_append_char(&block, (char)0xbe);
    peer_frame(&first, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_slice(&block));
    floods(UPSTREAM_RETRY);
    buf_finish(&block);
}

/* Sound so far, then interim answers, data or trailers without end. */
static void an_answer_without_end(void **state)
{
    (void)state;
    static char data[16384];
    peer_frame(&first, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, slice_make("\x88", 1));
    peer_frame(&again, NGHTTP2_DATA, 0, 1, slice_make(data, sizeof data));
    floods(UPSTREAM_REFUSED); /* it would be as large the next time */
}

static void interim_answers_without_end(void **state)
{
    (void)state;
    flood_of(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
             slice_make("\x48\x03"
                        "103",
                        5));
}

static void data_of_nothing(void **state)
{
    (void)state;
    peer_frame(&first, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, slice_make("\x88", 1));
    flood_of(NGHTTP2_DATA, 0, 1, SLICE_LIT(""));
}

/* What is no HTTP/2 at all. */
static void garbage(void **state)
{
    (void)state;
    buf_clear(&first);
    buf_append_str(&first, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    floods(UPSTREAM_RETRY);
}

#define unit(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(pings),
        unit(settings),
        unit(other_frames),
        unit(continuations),
        unit(a_header_bomb),
        unit(an_answer_without_end),
        unit(interim_answers_without_end),
        unit(data_of_nothing),
        unit(garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
