/* zstd that inflates to far more than was sent, or asks for a huge window first. */
#include "test.h"

#include "compress.h"
#include "decode_attack.h"

#ifdef HAVE_ZSTD
#define BOMB_BYTES ((size_t)32 * 1024 * 1024)
/* libzstd's state, and the largest window that a frame may ask for with what surrounds it. */
#define ZSTD_BYTES   ((size_t)512 * 1024)
#define WINDOW_BYTES (((size_t)1 << OTLP_ZSTD_WINDOW_LOG) + ZSTD_BYTES)
/* Output doubles as it is produced: for a moment there are the old and the new buffer. */
#define PEAK(cap) (DECODER_BYTES + WINDOW_BYTES + 3 * (cap))

static void decode(struct harness *h, struct slice body, enum ct_err err, enum otlp_refusal why, size_t peak)
{
    buf_clear(&h->in);
    wire_raw(&h->in, body);
    compress_drop(body);
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_ZSTD, err, why, peak);
    assert_in_range(memory_growth(), 0, ZSTD_BYTES + OTLP_INFLATER_KEEP); /* no window is kept */
}

static struct slice zeros(size_t len)
{
    char *plain = compress_filled(len, 0);
    struct slice body = compress_zstd(slice_make(plain, len), 0);
    free(plain);
    return body;
}

static void stopped_by_ratio(void **state)
{
    struct slice bomb = zeros(BOMB_BYTES);
    struct harness *h = *state;
    size_t cap = bomb.len * h->limits.inflate_ratio;
    cap = cap > OTLP_RATIO_FLOOR ? cap : OTLP_RATIO_FLOOR;
    assert_in_range(cap, OTLP_RATIO_FLOOR, BOMB_BYTES / 2);
    decode(h, bomb, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(cap));
    assert_non_null(strstr(h->msg.text, "inflate_ratio"));
}

static void stopped_by_size(void **state)
{
    struct harness *h = *state;
    h->limits.inflated_bytes = 2000000;
    h->limits.inflate_ratio = 1000000;
    harness_relimit(h);
    decode(h, zeros(2000000), CT_ERR_FORMAT, OTLP_REFUSED_DECODE, PEAK(2000000));
    decode(h, zeros(BOMB_BYTES), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(2000000));
    assert_non_null(strstr(h->msg.text, "inflated_bytes"));
    struct slice large = zeros(1999999);
    decode(h, compress_join(large, large), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(2000000));
    compress_drop(large);
}

static void a_window_above_8_mib_is_refused(void **state)
{
    struct harness *h = *state;
    decode(h, compress_zstd(SLICE_LIT(""), 23), CT_OK, OTLP_REFUSAL_COUNT, PEAK(0));
    decode(h, compress_zstd(SLICE_LIT(""), 24), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED,
           DECODER_BYTES + ZSTD_BYTES);
    decode(h, compress_zstd(SLICE_LIT(""), 27), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED,
           DECODER_BYTES + ZSTD_BYTES);
}

/* A frame that says it holds exabytes, and has nothing. */
static void a_content_size_is_not_believed(void **state)
{
    static const char frame[] = "\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x0f\x01\0\0";
    struct harness *h = *state;
    struct slice body = compress_join(slice_make(frame, sizeof frame - 1), SLICE_NULL);
    buf_clear(&h->in);
    wire_raw(&h->in, body);
    compress_drop(body);
    enum otlp_refusal why = OTLP_REFUSAL_COUNT;
    memory_watch();
    enum ct_err err = otlp_decode(h->decoder, OTLP_LOGS, OTLP_PROTOBUF, OTLP_ZSTD, buf_slice(&h->in), NULL,
                                  NULL, &why, NULL);
    assert_true(err == CT_ERR_FORMAT || err == CT_ERR_LIMIT);
    assert_true(why == OTLP_REFUSED_BAD_GZIP || why == OTLP_REFUSED_INFLATED);
    assert_in_range(memory_peak(), 0, DECODER_BYTES + ZSTD_BYTES);
    attack_decoder_is_sound(h);
}

/* Frames of nothing, and frames to be skipped: work in proportion to what was sent, and no memory. */
static void empty_frames_without_end(void **state)
{
    static const struct slice frames[] = {{"\x50\x2a\x4d\x18\0\0\0\0", 8},
                                          {"\x28\xb5\x2f\xfd\x20\0\1\0\0", 9}};
    struct harness *h = *state;
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&h->in);
        for (int n = 0; n < 200000; n++)
            wire_raw(&h->in, frames[i]);
        attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_ZSTD, CT_OK, OTLP_REFUSAL_COUNT, PEAK(0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(stopped_by_ratio),
        attack_unit(stopped_by_size),
        attack_unit(a_window_above_8_mib_is_refused),
        attack_unit(a_content_size_is_not_believed),
        attack_unit(empty_frames_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void is_not_compiled_in(void **state)
{
    struct harness *h = *state;
    wire_raw(&h->in, SLICE_LIT("x"));
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_ZSTD, CT_ERR_UNSUPPORTED, OTLP_REFUSED_ENCODING,
                  DECODER_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {attack_unit(is_not_compiled_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
