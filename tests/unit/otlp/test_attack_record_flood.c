/* Records without end in one request. */
#include "test.h"

#include "decode_attack.h"

#define JSON_NODE_BYTES ((size_t)128)
#define RECORDS         1000

static void empty_records(struct harness *h, size_t count)
{
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2);
    for (size_t n = 0; n < count; n++)
        wire_bytes(&h->in, 2, SLICE_NULL);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
}

static void to_the_limit_and_no_further(void **state)
{
    struct harness *h = *state;
    h->limits.records = RECORDS;
    harness_relimit(h);
    for (size_t over = 0; over < 2; over++) {
        enum ct_err err = over ? CT_ERR_LIMIT : CT_OK;
        empty_records(h, RECORDS + over);
        for (int signal = OTLP_TRACES; signal <= OTLP_LOGS; signal += 2) {
            attack_decode(h, (enum otlp_signal)signal, OTLP_PROTOBUF, OTLP_IDENTITY, err,
                          OTLP_REFUSED_RECORDS, DECODER_BYTES);
            assert_int_equal(h->counts.logs + h->counts.spans, RECORDS);
        }
        buf_clear(&h->in);
        attack_repeat(&h->in,
                      "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"gauge\":{\"dataPoints\":[{}",
                      1);
        attack_repeat(&h->in, ",{}", RECORDS - 1 + over);
        attack_repeat(&h->in, "]}}]}]}]}", 1);
        attack_decode(h, OTLP_METRICS, OTLP_JSON, OTLP_IDENTITY, err, OTLP_REFUSED_RECORDS,
                      DECODER_BYTES + RECORDS * JSON_NODE_BYTES);
        assert_int_equal(h->counts.points, RECORDS);
    }
}

/* Two bytes each: a body of the largest size would hold thirty million of them. */
static void a_million_with_the_defaults(void **state)
{
    struct harness *h = *state;
    empty_records(h, MILLION);
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS,
                  DECODER_BYTES);
    assert_int_equal(h->counts.logs, h->limits.records);
    attack_decode(h, OTLP_TRACES, OTLP_PROTOBUF, OTLP_IDENTITY, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS,
                  DECODER_BYTES);
}

/* Blocks that hold no record cost no room and come to an end with the body. */
static void a_million_empty_blocks(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    for (size_t n = 0; n < MILLION; n++)
        wire_bytes(&h->in, 1, SLICE_NULL);
    for (int signal = OTLP_TRACES; signal <= OTLP_LOGS; signal++)
        attack_decode(h, (enum otlp_signal)signal, OTLP_PROTOBUF, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT,
                      DECODER_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(to_the_limit_and_no_further),
        attack_unit(a_million_with_the_defaults),
        attack_unit(a_million_empty_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
