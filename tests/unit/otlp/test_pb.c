#include "test.h"

#include "harness.h"

#include <stdio.h>

#define TRACE_ID SLICE_LIT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")
#define SPAN_ID  SLICE_LIT("\x11\x12\x13\x14\x15\x16\x17\x18")
#define NO_HEAD  "resource={0} scope=0: version=0:{0}"
#define NO_IDS   "trace=0:00000000000000000000000000000000 span=0:0000000000000000"
#define IDS      "trace=1:0102030405060708090a0b0c0d0e0f10 span=1:1112131415161718"
#define LOG_HEAD "log " NO_HEAD " time=0 observed=0 severity=0 flags=0 severity_text=0: event=0: " NO_IDS " "

struct frame {
    size_t block, scope_block, record;
};

/* Opens request, block, scope block and record. */
static struct frame begin(struct harness *h)
{
    buf_clear(&h->in);
    struct frame f = {.block = wire_open(&h->in, 1)};
    f.scope_block = wire_open(&h->in, 2);
    f.record = wire_open(&h->in, 2);
    return f;
}

static void end(struct harness *h, struct frame f)
{
    wire_close(&h->in, f.record);
    wire_close(&h->in, f.scope_block);
    wire_close(&h->in, f.block);
}

static void every_field_of_a_log_record(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    wire_fixed64(&h->in, 1, 1795350012098000000u);
    wire_varint(&h->in, 2, 17);
    wire_bytes(&h->in, 3, SLICE_LIT("ERROR"));
    size_t body = wire_open(&h->in, 5);
    wire_bytes(&h->in, 1, SLICE_LIT("text"));
    wire_close(&h->in, body);
    wire_attr(&h->in, 6, "a", "b");
    wire_varint(&h->in, 7, 3);
    wire_fixed32(&h->in, 8, 1);
    wire_bytes(&h->in, 9, TRACE_ID);
    wire_bytes(&h->in, 10, SPAN_ID);
    wire_fixed64(&h->in, 11, UINT64_MAX);
    wire_bytes(&h->in, 12, SLICE_LIT("name"));
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_LOGS),
                   "log " NO_HEAD
                   " time=1795350012098000000 observed=18446744073709551615 severity=17 flags=1"
                   " severity_text=5:ERROR event=4:name " IDS " body=s4:text attrs={1 1:a=s1:b}\n");
    assert_int_equal(h->counts.logs, 1);
    assert_int_equal(h->counts.spans + h->counts.points, 0);
}

static void every_field_of_a_span(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    wire_bytes(&h->in, 1, TRACE_ID);
    wire_bytes(&h->in, 2, SPAN_ID);
    wire_bytes(&h->in, 3, SLICE_LIT("k=v"));
    wire_bytes(&h->in, 4, SLICE_LIT("\x21\x22\x23\x24\x25\x26\x27\x28"));
    wire_bytes(&h->in, 5, SLICE_LIT("claude_code.tool"));
    wire_varint(&h->in, 6, 3);
    wire_fixed64(&h->in, 7, 10);
    wire_fixed64(&h->in, 8, 20);
    wire_attr(&h->in, 9, "a", "1");
    wire_varint(&h->in, 10, 1);
    size_t event = wire_open(&h->in, 11);
    wire_fixed64(&h->in, 1, 15);
    wire_bytes(&h->in, 2, SLICE_LIT("e1"));
    wire_attr(&h->in, 3, "x", "y");
    wire_varint(&h->in, 4, 1);
    wire_close(&h->in, event);
    wire_attr(&h->in, 9, "b", "2"); /* repeated fields need not stand together */
    wire_varint(&h->in, 12, 1);
    size_t link = wire_open(&h->in, 13);
    wire_bytes(&h->in, 1, TRACE_ID);
    wire_bytes(&h->in, 2, SPAN_ID);
    wire_bytes(&h->in, 3, SLICE_LIT("s"));
    wire_attr(&h->in, 4, "l", "m");
    wire_varint(&h->in, 5, 1);
    wire_fixed32(&h->in, 6, 1);
    wire_close(&h->in, link);
    event = wire_open(&h->in, 11);
    wire_bytes(&h->in, 2, SLICE_LIT("e2"));
    wire_close(&h->in, event);
    wire_varint(&h->in, 14, 1);
    size_t status = wire_open(&h->in, 15);
    wire_bytes(&h->in, 2, SLICE_LIT("boom"));
    wire_varint(&h->in, 3, 2);
    wire_close(&h->in, status);
    wire_fixed32(&h->in, 16, 257);
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_TRACES),
                   "span " NO_HEAD " " IDS " parent=1:2122232425262728 state=3:k=v name=16:claude_code.tool"
                   " kind=3 start=10 end=20 status=2 flags=257 message=4:boom attrs={2 1:a=s1:1 1:b=s1:2}"
                   " event@15 name=2:e1{1 1:x=s1:y} event@0 name=2:e2{0} link " IDS "{1 1:l=s1:m}\n");
    assert_int_equal(h->counts.spans, 1);
}

/* The point's value for each kind of metric: a number in the first two, count and sum in the others. */
static void every_kind_of_metric(void **state)
{
    static const struct {
        uint32_t data, attributes, flags;
        const char *expected;
    } kinds[] = {
        {5, 7, 8, "type=1 temporality=0 monotonic=0 start=1 time=2 int=0:0 number=1.5 count=0 flags=1"},
        {7, 7, 8, "type=2 temporality=1 monotonic=1 start=1 time=2 int=0:0 number=1.5 count=0 flags=1"},
        {9, 9, 10, "type=3 temporality=1 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
        {10, 1, 10, "type=4 temporality=1 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
        {11, 7, 8, "type=5 temporality=0 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char expected[512];
        bool number = kinds[i].data <= 7;
        struct frame f = begin(h);
        size_t data = wire_open(&h->in, kinds[i].data), point = wire_open(&h->in, 1);
        wire_fixed64(&h->in, 2, 1);
        wire_fixed64(&h->in, 3, 2);
        if (number) {
            wire_double(&h->in, 4, 1.5);
        } else {
            wire_fixed64(&h->in, 4, 7);
            wire_double(&h->in, 5, 2.5);
        }
        wire_attr(&h->in, kinds[i].attributes, "a", "b");
        wire_varint(&h->in, kinds[i].flags, 1);
        wire_close(&h->in, point);
        wire_varint(&h->in, 2, 1);
        wire_varint(&h->in, 3, 1); /* unknown to all but the sum */
        wire_close(&h->in, data);
        wire_bytes(&h->in, 1, SLICE_LIT("m")); /* behind its points, and still known to them */
        wire_bytes(&h->in, 2, SLICE_LIT("description"));
        wire_bytes(&h->in, 3, SLICE_LIT("s"));
        end(h, f);
        snprintf(expected, sizeof expected, "point " NO_HEAD " metric=1:m unit=1:s %s attrs={1 1:a=s1:b}\n",
                 kinds[i].expected);
        assert_decodes(h, harness_pb(h, OTLP_METRICS), expected);
        assert_int_equal(h->counts.points, 1);
    }
}

static void integer_points_give_both_forms(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    size_t data = wire_open(&h->in, 7), point = wire_open(&h->in, 1);
    wire_fixed64(&h->in, 6, (uint64_t)-5); /* sfixed64, not zigzag */
    wire_close(&h->in, point);
    wire_close(&h->in, data);
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_METRICS),
                   "point " NO_HEAD " metric=0: unit=0: type=2 temporality=0 monotonic=0 start=0 time=0"
                   " int=1:-5 number=-5 count=0 flags=0 attrs={0}\n");
}

static void repeated_scalars_packed_or_not(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    size_t data = wire_open(&h->in, 9), point = wire_open(&h->in, 1);
    wire_fixed64(&h->in, 6, 1);
    wire_bytes(&h->in, 6, SLICE_LIT("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"));
    wire_double(&h->in, 7, 0.5);
    wire_bytes(&h->in, 7, SLICE_NULL);
    wire_close(&h->in, point);
    wire_close(&h->in, data);
    end(h, f);
    assert_int_equal(harness_pb(h, OTLP_METRICS), CT_OK);
    assert_int_equal(h->counts.points, 1);

    f = begin(h);
    data = wire_open(&h->in, 9), point = wire_open(&h->in, 1);
    wire_bytes(&h->in, 6, SLICE_LIT("\1\0\0\0\0\0\0"));
    wire_close(&h->in, point);
    wire_close(&h->in, data);
    end(h, f);
    assert_refused(h, harness_pb(h, OTLP_METRICS), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void every_type_of_value(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    size_t body = wire_open(&h->in, 5), list = wire_open(&h->in, 5), item;
    item = wire_open(&h->in, 1);
    wire_varint(&h->in, 2, 1);
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1);
    wire_varint(&h->in, 3, (uint64_t)INT64_MIN); /* int64, not zigzag */
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1);
    wire_double(&h->in, 4, 0.1);
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1);
    size_t pairs = wire_open(&h->in, 6);
    wire_attr(&h->in, 1, "k", "v");
    wire_close(&h->in, pairs);
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1);
    wire_bytes(&h->in, 7, SLICE_LIT("\0\xff"));
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1); /* a value without a type */
    wire_close(&h->in, item);
    item = wire_open(&h->in, 1); /* an empty string is a string */
    wire_bytes(&h->in, 1, SLICE_NULL);
    wire_close(&h->in, item);
    wire_close(&h->in, list);
    wire_close(&h->in, body);
    end(h, f);
    struct buf expected;
    buf_init(&expected, 4096);
    buf_append_str(&expected,
                   LOG_HEAD "body=[7 true i-9223372036854775808 d0.10000000000000001 {1 1:k=s1:v} b2:");
    buf_append(&expected, SLICE_LIT("\0\xff none s0:] attrs={0}\n"));
    assert_int_equal(harness_pb(h, OTLP_LOGS), CT_OK);
    assert_true(slice_eq(buf_slice(&h->dump), buf_slice(&expected)));
    buf_finish(&expected);
}

static void a_resource_behind_its_records_still_comes_first(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    wire_close(&h->in, record);
    size_t scope = wire_open(&h->in, 1);
    wire_attr(&h->in, 3, "sa", "1");
    wire_bytes(&h->in, 1, SLICE_LIT("scope"));
    wire_bytes(&h->in, 2, SLICE_LIT("v2"));
    wire_varint(&h->in, 4, 1);
    wire_close(&h->in, scope);
    wire_bytes(&h->in, 3, SLICE_LIT("https://schema"));
    wire_close(&h->in, scope_block);
    size_t resource = wire_open(&h->in, 1);
    wire_attr(&h->in, 1, "ra", "2");
    wire_varint(&h->in, 2, 1);
    wire_close(&h->in, resource);
    wire_bytes(&h->in, 3, SLICE_LIT("https://schema"));
    wire_close(&h->in, block);
    /* A second block has nothing of the first. */
    block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    assert_decodes(
        h, harness_pb(h, OTLP_LOGS),
        "log resource={1 2:ra=s1:2} scope=5:scope version=2:v2{1 2:sa=s1:1} time=0 observed=0 severity=0"
        " flags=0 severity_text=0: event=0: " NO_IDS " body=none attrs={0}\n" LOG_HEAD
        "body=none attrs={0}\n");
}

static void repeated_embedded_messages_are_merged(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1);
    for (int i = 0; i < 2; i++) {
        size_t resource = wire_open(&h->in, 1);
        wire_attr(&h->in, 1, "r", i ? "2" : "1");
        wire_close(&h->in, resource);
    }
    size_t scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    size_t body = wire_open(&h->in, 5);
    wire_bytes(&h->in, 1, SLICE_LIT("kept"));
    wire_close(&h->in, body);
    body = wire_open(&h->in, 5); /* empty: changes nothing */
    wire_close(&h->in, body);
    size_t attr = wire_open(&h->in, 6); /* of a oneof the last wins */
    size_t value = wire_open(&h->in, 2);
    wire_varint(&h->in, 3, 1);
    wire_bytes(&h->in, 1, SLICE_LIT("last"));
    wire_close(&h->in, value);
    wire_bytes(&h->in, 1, SLICE_LIT("k"));
    wire_close(&h->in, attr);
    wire_close(&h->in, record);
    size_t scope = wire_open(&h->in, 1);
    wire_bytes(&h->in, 1, SLICE_LIT("n1"));
    wire_bytes(&h->in, 2, SLICE_LIT("v1"));
    wire_close(&h->in, scope);
    scope = wire_open(&h->in, 1);
    wire_bytes(&h->in, 1, SLICE_LIT("n2"));
    wire_close(&h->in, scope);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    assert_decodes(
        h, harness_pb(h, OTLP_LOGS),
        "log resource={2 1:r=s1:1 1:r=s1:2} scope=2:n2 version=2:v1{0} time=0 observed=0 severity=0 flags=0"
        " severity_text=0: event=0: " NO_IDS " body=s4:kept attrs={1 1:k=s4:last}\n");
}

static void of_a_metrics_data_the_last_kind_wins(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    for (uint32_t field = 7; field >= 5; field -= 2) { /* a sum, then a gauge */
        size_t data = wire_open(&h->in, field), point = wire_open(&h->in, 1);
        wire_fixed64(&h->in, 6, field);
        wire_close(&h->in, point);
        if (field == 7)
            wire_varint(&h->in, 2, 2);
        wire_close(&h->in, data);
    }
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_METRICS),
                   "point " NO_HEAD " metric=0: unit=0: type=1 temporality=0 monotonic=0 start=0 time=0"
                   " int=1:5 number=5 count=0 flags=0 attrs={0}\n");
}

static void rule_3_an_empty_request_succeeds(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    for (int signal = 0; signal < OTLP_SIGNAL_COUNT; signal++)
        assert_decodes(h, harness_pb(h, (enum otlp_signal)signal), "");
    wire_bytes(&h->in, 1, SLICE_NULL); /* an empty block */
    assert_decodes(h, harness_pb(h, OTLP_LOGS), "");
}

static void unknown_fields(struct buf *b)
{
    wire_varint(b, 100, UINT64_MAX);
    wire_fixed64(b, 101, 1);
    wire_bytes(b, 102, SLICE_LIT("\xff\xff\xff"));
    wire_fixed32(b, 103, 1);
    wire_varint(b, 536870911, 0); /* the largest field number */
}

static void rule_3_unknown_fields_are_ignored(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    unknown_fields(&h->in);
    size_t block = wire_open(&h->in, 1);
    unknown_fields(&h->in);
    size_t resource = wire_open(&h->in, 1);
    unknown_fields(&h->in);
    wire_close(&h->in, resource);
    size_t scope_block = wire_open(&h->in, 2);
    unknown_fields(&h->in);
    size_t scope = wire_open(&h->in, 1);
    unknown_fields(&h->in);
    wire_close(&h->in, scope);
    size_t record = wire_open(&h->in, 2);
    unknown_fields(&h->in);
    size_t attr = wire_open(&h->in, 6);
    unknown_fields(&h->in);
    size_t value = wire_open(&h->in, 2);
    unknown_fields(&h->in);
    wire_close(&h->in, value);
    wire_close(&h->in, attr);
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    assert_decodes(h, harness_pb(h, OTLP_LOGS), LOG_HEAD "body=none attrs={1 0:=none}\n");
}

static void groups_and_field_0_are_refused(void **state)
{
    static const struct slice bodies[] = {
        {"\x0b\x0c", 2},         /* field 1 as a group */
        {"\xa3\x06\xa4\x06", 4}, /* field 100 as a group */
        {"\x0c", 1},             /* end of a group */
        {"\x0e", 1},             /* wire type 6 */
        {"\x0f", 1},             /* wire type 7 */
        {"\x00\x00", 2},         /* field number 0 */
        {"\x02\x00", 2},         /* likewise, with a length */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (int signal = 0; signal < OTLP_SIGNAL_COUNT; signal++)
            assert_refused(
                h, harness_decode(h, (enum otlp_signal)signal, OTLP_PROTOBUF, OTLP_IDENTITY, bodies[i]),
                CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void what_is_cut_off_or_overlong_is_refused(void **state)
{
    static const struct slice bodies[] = {
        {"\x0a", 1},                                                  /* no length */
        {"\x0a\x01", 2},                                              /* no content */
        {"\x80", 1},                                                  /* half a tag */
        {"\xa0\x06\x80", 3},                                          /* half a varint */
        {"\xa1\x06\x01", 3},                                          /* half a fixed64 */
        {"\xa5\x06\x01", 3},                                          /* half a fixed32 */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},         /* a length of 2^64 - 1 */
        {"\x0a\xff\xff\xff\xff\x0f", 6},                              /* a length of 4 GiB */
        {"\xff\xff\xff\xff\xff\xff\x01\x00", 8},                      /* a tag above 32 bits */
        {"\xa0\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13}, /* a varint of eleven bytes */
        {"\x0a\x02\x0a\x01", 4},                                      /* a part longer than its whole */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_refused(h, harness_decode(h, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, bodies[i]),
                       CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

/* Every known field of a record with each wire type that is not its own. */
static void a_known_field_of_another_wire_type_is_refused(void **state)
{
    static const char log[] = "1=1 2=0 3=2 5=2 6=2 7=0 8=5 9=2 10=2 11=1 12=2";
    static const char span[] = "1=2 2=2 3=2 4=2 5=2 6=0 7=1 8=1 9=2 10=0 11=2 12=0 13=2 14=0 15=2 16=5";
    static const char metric[] = "1=2 2=2 3=2 5=2 7=2 9=2 10=2 11=2 12=2";
    static const struct {
        enum otlp_signal signal;
        const char *fields;
    } records[] = {{OTLP_LOGS, log}, {OTLP_TRACES, span}, {OTLP_METRICS, metric}};
    static const unsigned wires[] = {0, 1, 2, 5};
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        int used;
        unsigned field, own;
        for (const char *at = records[i].fields; sscanf(at, "%u=%u%n", &field, &own, &used) == 2;
             at += used) {
            for (size_t w = 0; w < 4; w++) {
                struct frame f = begin(h);
                wire_tag(&h->in, field, wires[w]);
                wire_raw(&h->in, wires[w] == 1   ? SLICE_LIT("\0\0\0\0\0\0\0\0")
                                 : wires[w] == 5 ? SLICE_LIT("\0\0\0\0")
                                                 : SLICE_LIT("\0"));
                end(h, f);
                enum ct_err err = harness_pb(h, records[i].signal);
                if (wires[w] == own)
                    assert_int_equal(err, CT_OK);
                else
                    assert_refused(h, err, CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
            }
        }
    }
}

static void ids_of_another_length_or_zero_are_absent(void **state)
{
    static const struct slice ids[] = {{"", 0},
                                       {"\1\2\3", 3},
                                       {"12345678901234567", 17},
                                       {"\0\0\0\0\0\0\0\0", 8},
                                       {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16}};
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct frame f = begin(h);
        wire_bytes(&h->in, 9, TRACE_ID); /* the last one wins, and leaves nothing of the first */
        wire_bytes(&h->in, 9, ids[i]);
        wire_bytes(&h->in, 10, ids[i]);
        end(h, f);
        assert_decodes(h, harness_pb(h, OTLP_LOGS), LOG_HEAD "body=none attrs={0}\n");
    }
}

static void enums_of_the_future_are_unspecified(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    wire_varint(&h->in, 6, (uint64_t)(int64_t)-1);
    size_t status = wire_open(&h->in, 15);
    wire_varint(&h->in, 3, 99);
    wire_close(&h->in, status);
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_TRACES),
                   "span " NO_HEAD " " NO_IDS
                   " parent=0:0000000000000000 state=0: name=0: kind=-1 start=0 end=0"
                   " status=0 flags=0 message=0: attrs={0}\n");
}

static void invalid_utf8_is_passed_on(void **state)
{
    struct harness *h = *state;
    struct frame f = begin(h);
    wire_bytes(&h->in, 12, SLICE_LIT("\xff\xc0"));
    end(h, f);
    assert_decodes(h, harness_pb(h, OTLP_LOGS),
                   "log " NO_HEAD
                   " time=0 observed=0 severity=0 flags=0 severity_text=0: event=2:\xff\xc0 " NO_IDS
                   " body=none attrs={0}\n");
}

static void profiles_are_checked_and_count_nothing(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    wire_bytes(&h->in, 1, SLICE_LIT("anything"));
    wire_bytes(&h->in, 2, SLICE_LIT("at all"));
    assert_decodes(h, harness_pb(h, OTLP_PROFILES), "");
    assert_int_equal(h->counts.logs + h->counts.spans + h->counts.points, 0);
    wire_varint(&h->in, 2, 1);
    assert_refused(h, harness_pb(h, OTLP_PROFILES), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

#define unit(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(every_field_of_a_log_record),
        unit(every_field_of_a_span),
        unit(every_kind_of_metric),
        unit(integer_points_give_both_forms),
        unit(repeated_scalars_packed_or_not),
        unit(every_type_of_value),
        unit(a_resource_behind_its_records_still_comes_first),
        unit(repeated_embedded_messages_are_merged),
        unit(of_a_metrics_data_the_last_kind_wins),
        unit(rule_3_an_empty_request_succeeds),
        unit(rule_3_unknown_fields_are_ignored),
        unit(groups_and_field_0_are_refused),
        unit(what_is_cut_off_or_overlong_is_refused),
        unit(a_known_field_of_another_wire_type_is_refused),
        unit(ids_of_another_length_or_zero_are_absent),
        unit(enums_of_the_future_are_unspecified),
        unit(invalid_utf8_is_passed_on),
        unit(profiles_are_checked_and_count_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
