/* Attributes without end, wherever attributes can be: each is two bytes on the wire and many in memory. */
#include "test.h"

#include "decode_attack.h"

#define ATTRIBUTES 1024 /* the default of otlp_limits.attributes */
/* Refused before any room is taken for more than the limit. */
#define PEAK (DECODER_BYTES + ATTRIBUTES * sizeof(struct otlp_attr))
/* In JSON every value is a node of cJSON's tree first; the number of nodes is limited too (json_nodes). */
#define JSON_NODE_BYTES  ((size_t)128)
#define JSON_PEAK(nodes) (PEAK + (nodes)*JSON_NODE_BYTES)

static void in_protobuf(void **state)
{
    static const struct {
        enum otlp_signal signal;
        uint32_t path[4]; /* the fields that lead to the message with the attributes */
        uint32_t field;
    } places[] = {
        {OTLP_LOGS, {1, 1}, 1},          /* resource */
        {OTLP_LOGS, {1, 2, 1}, 3},       /* scope */
        {OTLP_LOGS, {1, 2, 2}, 6},       /* log record */
        {OTLP_TRACES, {1, 2, 2}, 9},     /* span */
        {OTLP_TRACES, {1, 2, 2, 11}, 3}, /* span event */
        {OTLP_TRACES, {1, 2, 2, 13}, 4}, /* span link */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        static const size_t counts[] = {ATTRIBUTES, ATTRIBUTES + 1, MILLION};
        for (size_t c = 0; c < 3; c++) {
            size_t marks[4], depth = 0;
            buf_clear(&h->in);
            for (; depth < 4 && places[i].path[depth]; depth++)
                marks[depth] = wire_open(&h->in, places[i].path[depth]);
            for (size_t n = 0; n < counts[c]; n++)
                wire_bytes(&h->in, places[i].field, SLICE_NULL);
            while (depth-- > 0)
                wire_close(&h->in, marks[depth]);
            attack_decode(h, places[i].signal, OTLP_PROTOBUF, OTLP_IDENTITY,
                          counts[c] == ATTRIBUTES ? CT_OK : CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES, PEAK);
        }
    }
}

static void in_json(void **state)
{
    static const char *const opens[] = {
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{\"attributes\":[{}",
        LOG_OPEN "\"attributes\":[{}",
    };
    static const char *const closes[] = {"]}}]}", "]}}]}]}", ("]" LOG_CLOSE)};
    static const size_t counts[] = {ATTRIBUTES, ATTRIBUTES + 1, MILLION};
    struct harness *h = *state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t c = 0; c < 3; c++) {
            buf_clear(&h->in);
            attack_repeat(&h->in, opens[i], 1);
            attack_repeat(&h->in, ",{}", counts[c] - 1);
            attack_repeat(&h->in, closes[i], 1);
            attack_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY,
                          counts[c] == ATTRIBUTES ? CT_OK : CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES,
                          JSON_PEAK(counts[c]));
        }
    }
}

static void those_of_events_and_links_count_for_their_span(void **state)
{
    struct harness *h = *state;
    for (size_t extra = 0; extra < 2; extra++) {
        buf_clear(&h->in);
        size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), span = wire_open(&h->in, 2);
        for (size_t n = 0; n < 24 + extra; n++)
            wire_attr(&h->in, 9, "k", "v");
        for (size_t e = 0; e < 100; e++) {
            size_t child = wire_open(&h->in, e % 2 ? 11 : 13);
            for (size_t n = 0; n < 10; n++)
                wire_attr(&h->in, e % 2 ? 3 : 4, "k", "v");
            wire_close(&h->in, child);
        }
        wire_close(&h->in, span);
        wire_close(&h->in, scope_block);
        wire_close(&h->in, block);
        attack_decode(h, OTLP_TRACES, OTLP_PROTOBUF, OTLP_IDENTITY, extra ? CT_ERR_LIMIT : CT_OK,
                      OTLP_REFUSED_ATTRIBUTES, PEAK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        attack_unit(in_protobuf),
        attack_unit(in_json),
        attack_unit(those_of_events_and_links_count_for_their_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
