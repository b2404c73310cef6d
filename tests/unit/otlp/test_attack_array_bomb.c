/* Arrays of nothing: two bytes on the wire are forty in memory, and a JSON array is a tree of nodes first. */
#include "test.h"

#include "decode_attack.h"

#define VALUES ((size_t)1024 * 64) /* otlp_limits.attributes times WALK_VALUES_PER_ATTR */
/* The largest element of an owner's arrays, and arenas that grow with what they hold. */
#define VALUE_BYTES ((size_t)128)
#define PEAK        (DECODER_BYTES + 2 * VALUES * VALUE_BYTES)
/* In JSON every value is a node of cJSON's tree. */
#define JSON_NODE_BYTES ((size_t)128)

static void in_protobuf(void **state)
{
    static const struct {
        enum otlp_signal signal;
        uint32_t path[5];
        uint32_t field;
    } places[] = {
        {OTLP_LOGS, {1, 2, 2, 5, 5}, 1}, /* ArrayValue in a body */
        {OTLP_LOGS, {1, 2, 2, 5, 6}, 1}, /* KeyValueList */
        {OTLP_TRACES, {1, 2, 2}, 11},    /* events */
        {OTLP_TRACES, {1, 2, 2}, 13},    /* links */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t over = 0; over < 2; over++) {
            size_t marks[5], depth = 0;
            buf_clear(&h->in);
            for (; depth < 5 && places[i].path[depth]; depth++)
                marks[depth] = wire_open(&h->in, places[i].path[depth]);
            for (size_t n = 0; n < VALUES + over; n++)
                wire_bytes(&h->in, places[i].field, SLICE_NULL);
            while (depth-- > 0)
                wire_close(&h->in, marks[depth]);
            attack_decode(h, places[i].signal, OTLP_PROTOBUF, OTLP_IDENTITY, over ? CT_ERR_LIMIT : CT_OK,
                          OTLP_REFUSED_ATTRIBUTES, PEAK);
        }
    }
}

/* The same value again and again: each time it would take fresh room. */
static void one_value_again_and_again(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    for (size_t n = 0; n < 70; n++) {
        size_t body = wire_open(&h->in, 5), list = wire_open(&h->in, 5);
        for (size_t k = 0; k < 1000; k++)
            wire_bytes(&h->in, 1, SLICE_NULL);
        wire_close(&h->in, list);
        wire_close(&h->in, body);
    }
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    attack_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES, PEAK);
}

static void in_json(void **state)
{
    struct harness *h = *state;
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&h->in);
        attack_repeat(&h->in, LOG_OPEN "\"body\":{\"arrayValue\":{\"values\":[{}", 1);
        attack_repeat(&h->in, ",{}", VALUES - 1 + over);
        attack_repeat(&h->in, "]}}" LOG_CLOSE, 1);
        attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, over ? CT_ERR_LIMIT : CT_OK,
                      OTLP_REFUSED_ATTRIBUTES, PEAK + VALUES * JSON_NODE_BYTES);
    }
}

/* Values of any sort count before the text is parsed: nothing of it is ever allocated. */
static void too_many_values_anywhere_in_json(void **state)
{
    static const char *const values[] = {",0", ",[]", ",{}", ",\"\"", ",null", ",{\"x\":0}"};
    struct harness *h = *state;
    size_t nodes = h->limits.json_nodes;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_clear(&h->in);
        attack_repeat(&h->in, "{\"x\":[0", 1);
        attack_repeat(&h->in, values[i], nodes);
        attack_repeat(&h->in, "]}", 1);
        attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS,
                      DECODER_BYTES);
    }
    h->limits.json_nodes = 1000;
    harness_relimit(h);
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&h->in);
        attack_repeat(&h->in, "{\"x\":[0", 1); /* the object, the array and its first element */
        attack_repeat(&h->in, ",0", 997 + over);
        attack_repeat(&h->in, "]}", 1);
        attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, over ? CT_ERR_LIMIT : CT_OK,
                      OTLP_REFUSED_RECORDS, DECODER_BYTES + 1000 * JSON_NODE_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(in_protobuf),
        attack_unit(one_value_again_and_again),
        attack_unit(in_json),
        attack_unit(too_many_values_anywhere_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
