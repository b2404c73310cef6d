/* gzip that inflates to far more than was sent: stopped by size and by ratio while it inflates. */
#include "test.h"

#include "compress.h"
#include "decode_attack.h"

#define INFLATED_BYTES ((size_t)2000000)
#define BOMB_BYTES     ((size_t)32 * 1024 * 1024)
/* zlib's state and window. */
#define ZLIB_BYTES ((size_t)64 * 1024)
/* Output doubles as it is produced: for a moment there are the old and the new buffer. */
#define PEAK(cap) (DECODER_BYTES + ZLIB_BYTES + 3 * (cap))

/* Takes body; wire is what it may be read as. */
static void decode(struct harness *h, struct slice body, enum ct_err err, enum otlp_refusal why, size_t peak)
{
    buf_clear(&h->in);
    wire_raw(&h->in, body);
    compress_drop(body);
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_GZIP, err, why, peak);
}

static struct slice zeros(size_t len)
{
    char *plain = compress_filled(len, 0);
    struct slice body = compress_gzip(slice_make(plain, len), 9);
    free(plain);
    return body;
}

static void stopped_by_size(void **state)
{
    struct harness *h = *state;
    h->limits.inflated_bytes = INFLATED_BYTES;
    h->limits.inflate_ratio = 100000;
    harness_relimit(h);
    /* Zeros are no OTLP: what inflates is read, and refused for that. */
    decode(h, zeros(INFLATED_BYTES), CT_ERR_FORMAT, OTLP_REFUSED_DECODE, PEAK(INFLATED_BYTES));
    decode(h, zeros(INFLATED_BYTES + 1), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(INFLATED_BYTES));
    assert_non_null(strstr(h->msg.text, "inflated_bytes"));
    decode(h, zeros(BOMB_BYTES), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(INFLATED_BYTES));
}

static void stopped_by_ratio(void **state)
{
    struct harness *h = *state;
    /* Zeros shrink about a thousandfold: below the floor that passes, above it it is a bomb. */
    decode(h, zeros(OTLP_RATIO_FLOOR), CT_ERR_FORMAT, OTLP_REFUSED_DECODE, PEAK(OTLP_RATIO_FLOOR));
    struct slice bomb = zeros(BOMB_BYTES);
    size_t cap = bomb.len * h->limits.inflate_ratio;
    assert_in_range(cap, OTLP_RATIO_FLOOR, BOMB_BYTES / 2);
    decode(h, bomb, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(cap));
    assert_non_null(strstr(h->msg.text, "inflate_ratio"));
}

static void members_count_together(void **state)
{
    struct harness *h = *state;
    h->limits.inflated_bytes = 1000;
    harness_relimit(h);
    struct slice one = zeros(600), two = compress_join(one, one);
    decode(h, two, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(OTLP_RATIO_FLOOR / 8));
    /* Two members of a bomb, each within the cap of the whole. */
    h->limits.inflated_bytes = INFLATED_BYTES;
    h->limits.inflate_ratio = 100000;
    harness_relimit(h);
    struct slice large = zeros(INFLATED_BYTES - 1);
    decode(h, compress_join(large, large), CT_ERR_LIMIT, OTLP_REFUSED_INFLATED, PEAK(INFLATED_BYTES));
    compress_drop(one), compress_drop(large);
}

/* Twenty bytes each and nothing in them: work in proportion to what was sent, and no memory. */
static void empty_members_without_end(void **state)
{
    struct harness *h = *state;
    struct slice empty = compress_gzip(SLICE_NULL, 6);
    buf_clear(&h->in);
    for (int i = 0; i < 200000; i++)
        wire_raw(&h->in, empty);
    compress_drop(empty);
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_GZIP, CT_OK, OTLP_REFUSAL_COUNT, PEAK(0));
}

/* gzip in gzip in gzip: one layer is taken off, and what it held is no OTLP. */
static void nested(void **state)
{
    struct harness *h = *state;
    struct slice layers = zeros(BOMB_BYTES);
    for (int i = 0; i < 3; i++) {
        struct slice outer = compress_gzip(layers, 9);
        compress_drop(layers);
        layers = outer;
    }
    decode(h, layers, CT_ERR_FORMAT, OTLP_REFUSED_DECODE, PEAK(OTLP_RATIO_FLOOR));
    /* And no header can ask for more than one. */
    enum otlp_compression compression;
    assert_false(otlp_compression_parse(SLICE_LIT("gzip, gzip"), &compression));
    assert_false(otlp_compression_parse(SLICE_LIT("gzip,zstd"), &compression));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(stopped_by_size),
        attack_unit(stopped_by_ratio),
        attack_unit(members_count_together),
        attack_unit(empty_members_without_end),
        attack_unit(nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
