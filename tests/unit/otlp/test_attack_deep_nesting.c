/* Values nested in each other without end: the stack of whoever reads them recursively. */
#include "test.h"

#include "decode_attack.h"

/* Nothing is kept of a value that is refused; JSON is refused before it is parsed. */
#define PEAK DECODER_BYTES
/* What is legal becomes a tree, in JSON twice: cJSON's and ours. */
#define LEGAL_PEAK ((size_t)512 * 1024)

/* A log record in h->in whose body is nested depth values deep (1: a value that holds nothing). */
static void nested_pb(struct harness *h, size_t depth)
{
    struct buf value, outer;
    buf_init(&value, (size_t)16 << 20);
    buf_init(&outer, (size_t)16 << 20);
    for (size_t i = 1; i < depth; i++) {
        buf_clear(&outer);
        size_t list = wire_open(&outer, i % 2 ? 5 : 6);
        if (i % 2) {
            wire_bytes(&outer, 1, buf_slice(&value));
        } else {
            size_t pair = wire_open(&outer, 1);
            wire_bytes(&outer, 2, buf_slice(&value));
            wire_close(&outer, pair);
        }
        wire_close(&outer, list);
        struct buf swap = value;
        value = outer;
        outer = swap;
    }
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    wire_bytes(&h->in, 5, buf_slice(&value));
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    buf_finish(&value);
    buf_finish(&outer);
}

static void nested_json(struct harness *h, size_t depth)
{
    buf_clear(&h->in);
    attack_repeat(&h->in, LOG_OPEN "\"body\":", 1);
    for (size_t i = 1; i < depth; i++)
        attack_repeat(
            &h->in, i % 2 ? "{\"arrayValue\":{\"values\":[" : "{\"kvlistValue\":{\"values\":[{\"value\":", 1);
    attack_repeat(&h->in, "{}", 1);
    for (size_t i = depth; i-- > 1;)
        attack_repeat(&h->in, i % 2 ? "]}}" : "}]}}", 1);
    attack_repeat(&h->in, LOG_CLOSE, 1);
}

static void refuse(struct harness *h, enum otlp_encoding encoding)
{
    attack_decode(h, OTLP_LOGS, encoding, OTLP_IDENTITY, CT_ERR_LIMIT, OTLP_REFUSED_NESTING, PEAK);
}

static void take(struct harness *h, enum otlp_encoding encoding)
{
    attack_decode(h, OTLP_LOGS, encoding, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT, LEGAL_PEAK);
}

static void to_the_limit_and_no_deeper(void **state)
{
    struct harness *h = *state;
    nested_pb(h, h->limits.nesting);
    take(h, OTLP_PROTOBUF);
    nested_json(h, h->limits.nesting);
    take(h, OTLP_JSON);
    nested_pb(h, h->limits.nesting + 1);
    refuse(h, OTLP_PROTOBUF);
    nested_json(h, h->limits.nesting + 1);
    refuse(h, OTLP_JSON);
}

static void ten_thousand_deep_whatever_the_setting(void **state)
{
    struct harness *h = *state;
    for (int i = 0; i < 2; i++) {
        nested_pb(h, 10000);
        refuse(h, OTLP_PROTOBUF);
        nested_json(h, 10000);
        refuse(h, OTLP_JSON);
        h->limits.nesting = SIZE_MAX;
        harness_relimit(h);
    }
    nested_pb(h, 200);
    take(h, OTLP_PROTOBUF);
    nested_json(h, 200);
    take(h, OTLP_JSON);
}

/* Where no key is known nothing is decoded, but cJSON would have recursed. */
static void a_million_brackets_behind_an_unknown_key(void **state)
{
    static const char *const opens[] = {"[", "{\"x\":", "[{\"x\":"};
    struct harness *h = *state;
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&h->in);
        attack_repeat(&h->in, "{\"x\":", 1);
        attack_repeat(&h->in, opens[i], MILLION);
        refuse(h, OTLP_JSON);
    }
}

/* Unknown fields and groups in protobuf: skipped, never entered. */
static void a_million_groups(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    attack_repeat(&h->in, "\x7b", MILLION); /* field 15, start of a group */
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, CT_ERR_FORMAT, OTLP_REFUSED_DECODE, PEAK);
    struct buf inner, outer;
    buf_init(&inner, (size_t)1 << 20);
    buf_init(&outer, (size_t)1 << 20);
    for (size_t i = 0; i < 10000; i++) {
        buf_clear(&outer);
        wire_bytes(&outer, 15, buf_slice(&inner));
        struct buf swap = inner;
        inner = outer;
        outer = swap;
    }
    buf_clear(&h->in);
    wire_raw(&h->in, buf_slice(&inner));
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT, PEAK);
    buf_finish(&inner);
    buf_finish(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(to_the_limit_and_no_deeper),
        attack_unit(ten_thousand_deep_whatever_the_setting),
        attack_unit(a_million_brackets_behind_an_unknown_key),
        attack_unit(a_million_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
