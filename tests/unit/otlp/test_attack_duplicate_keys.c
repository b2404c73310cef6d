/* One key a million times: of equal ones the first counts, none is looked up by walking all the others, and
 * the tree of them is bounded. In protobuf a field that comes again replaces or merges, and takes no fresh
 * room. */
#include "test.h"

#include "decode_attack.h"

#define KEYS            ((size_t)200000)
#define JSON_NODE_BYTES ((size_t)128) /* a node of cJSON's tree with its short key */

static void in_json(void **state)
{
    static const struct {
        const char *open, *again, *close;
    } places[] = {
        {"{\"resourceLogs\":[]", ",\"resourceLogs\":[]", "}"},
        {LOG_OPEN "\"severityText\":\"a\"", ",\"severityText\":\"b\"", LOG_CLOSE},
        {LOG_OPEN "\"body\":{\"stringValue\":\"a\"", ",\"intValue\":2", "}" LOG_CLOSE},
        {LOG_OPEN "\"x\":1", ",\"x\":1", LOG_CLOSE},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        buf_clear(&h->in);
        attack_repeat(&h->in, places[i].open, 1);
        attack_repeat(&h->in, places[i].again, KEYS);
        attack_repeat(&h->in, places[i].close, 1);
        attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT,
                      DECODER_BYTES + KEYS * JSON_NODE_BYTES);
    }
    assert_decodes(h, harness_json(h, OTLP_PROFILES, "{\"resourceProfiles\":[{}],\"resourceProfiles\":5}"),
                   "");
}

/* A list behind a list of the same name is not read: its attributes are neither kept nor charged. */
static void lists_behind_the_first_are_not_read(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    attack_repeat(&h->in, LOG_OPEN "\"attributes\":[{}]", 1);
    attack_repeat(&h->in, ",\"attributes\":[{},{},{},{}]", 10000);
    attack_repeat(&h->in, LOG_CLOSE, 1);
    attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT,
                  DECODER_BYTES + 10000 * 5 * JSON_NODE_BYTES);
}

static void in_protobuf(void **state)
{
    static const struct {
        enum otlp_signal signal;
        uint32_t path[4];
        uint32_t field; /* with a length */
    } places[] = {
        {OTLP_LOGS, {1}, 1},             /* resource: merged */
        {OTLP_LOGS, {1, 2}, 1},          /* scope */
        {OTLP_LOGS, {1, 2, 2}, 3},       /* severity_text: the last one counts */
        {OTLP_LOGS, {1, 2, 2}, 5},       /* body */
        {OTLP_TRACES, {1, 2, 2}, 15},    /* status */
        {OTLP_TRACES, {1, 2, 2, 11}, 2}, /* an event's name */
        {OTLP_METRICS, {1, 2, 2}, 5},    /* gauge */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t marks[4], depth = 0;
        buf_clear(&h->in);
        for (; depth < 4 && places[i].path[depth]; depth++)
            marks[depth] = wire_open(&h->in, places[i].path[depth]);
        for (size_t n = 0; n < MILLION; n++)
            wire_bytes(&h->in, places[i].field, SLICE_NULL);
        while (depth-- > 0)
            wire_close(&h->in, marks[depth]);
        attack_decode(h, places[i].signal, OTLP_PROTOBUF, OTLP_IDENTITY, CT_OK, OTLP_REFUSAL_COUNT,
                      DECODER_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(in_json),
        attack_unit(lists_behind_the_first_are_not_read),
        attack_unit(in_protobuf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
