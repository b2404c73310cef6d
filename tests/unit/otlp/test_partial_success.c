#include "test.h"

#include "partial_success.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES(s) slice_make((s), sizeof(s) - 1)

static struct partial_success parse(bool json, struct slice body)
{
    struct partial_success p;
    /* An exact copy: a sanitizer sees one byte read too far. */
    char *copy = malloc(body.len ? body.len : 1);
    assert_non_null(copy);
    if (body.len)
        memcpy(copy, body.ptr, body.len);
    enum ct_err err = partial_success_parse(json, slice_make(copy, body.len), &p);
    free(copy);
    if (err)
        fail_msg("%s", ct_err_name(err));
    return p;
}

static void refused(bool json, struct slice body, enum ct_err expected)
{
    struct partial_success p;
    memset(&p, 0x55, sizeof p);
    assert_int_equal(partial_success_parse(json, body, &p), expected);
    assert_false(p.populated);
    assert_int_equal(p.rejected, 0);
    assert_string_equal(p.message, "");
}

/* Rule 4: unset and empty are success, as every upstream writes it. */
static void full_success(void **state)
{
    (void)state;
    assert_false(parse(false, BYTES("")).populated);
    assert_false(parse(false, BYTES("\x0a\x00")).populated);
    assert_false(parse(false, BYTES("\x0a\x02\x08\x00")).populated);
    assert_false(parse(true, BYTES("")).populated);
    assert_false(parse(true, BYTES("{}")).populated);
    assert_false(parse(true, BYTES("{\"partialSuccess\":{}}")).populated);
    assert_false(parse(true, BYTES("{\"partialSuccess\":null}")).populated);
    assert_false(
        parse(true, BYTES("{\"partialSuccess\":{\"rejectedSpans\":\"0\",\"errorMessage\":\"\"}}")).populated);
}

/* Rule 5. */
static void rejected_protobuf(void **state)
{
    (void)state;
    struct partial_success p = parse(false, BYTES("\x0a\x02\x08\x01"));
    assert_true(p.populated);
    assert_int_equal(p.rejected, 1);
    assert_string_equal(p.message, "");
    p = parse(false, BYTES("\x0a\x0b\x08\xac\x02\x12\x06too bi"));
    assert_int_equal(p.rejected, 300);
    assert_string_equal(p.message, "too bi");
}

static void warning(void **state)
{
    (void)state;
    struct partial_success p = parse(false, BYTES("\x0a\x06\x12\x04slow"));
    assert_true(p.populated);
    assert_int_equal(p.rejected, 0);
    assert_string_equal(p.message, "slow");
    p = parse(true, BYTES("{\"partialSuccess\":{\"errorMessage\":\"slow\"}}"));
    assert_true(p.populated);
    assert_int_equal(p.rejected, 0);
    assert_string_equal(p.message, "slow");
}

static void rejected_json(void **state)
{
    (void)state;
    static const char *const keys[] = {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords",
                                       "rejectedProfiles"};
    for (size_t i = 0; i < 4; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"partialSuccess\":{\"%s\":\"%zu\",\"errorMessage\":\"no\"}}", keys[i],
                 i + 7);
        struct partial_success p = parse(true, slice_str(body));
        assert_int_equal(p.rejected, i + 7);
        assert_string_equal(p.message, "no");
        snprintf(body, sizeof body, "{\"partialSuccess\":{\"%s\":%zu}}", keys[i], i + 7);
        assert_int_equal(parse(true, slice_str(body)).rejected, i + 7);
    }
}

static void odd_counts(void **state)
{
    (void)state;
    static const char *const values[] = {"-3", "\"-3\"", "\"many\"", "1e300", "\"99999999999999999999\"",
                                         "{}", "true"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"partialSuccess\":{\"rejectedSpans\":%s}}", values[i]);
        assert_int_equal(parse(true, slice_str(body)).rejected, 0);
    }
    /* int64 -1 on the wire */
    assert_int_equal(parse(false, BYTES("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")).rejected, 0);
}

/* Rule 3. */
static void unknown_fields(void **state)
{
    (void)state;
    struct partial_success p = parse(false, BYTES("\x7a\x01x\x10\x05\x0a\x07\x1d\x01\x02\x03\x04\x08\x09\x21"
                                                  "12345678"));
    assert_int_equal(p.rejected, 9);
    p = parse(true, BYTES("{\"new\":[1,{\"a\":2}],\"partialSuccess\":{\"x\":[],\"rejectedSpans\":\"9\"}}"));
    assert_int_equal(p.rejected, 9);
}

static void long_message(void **state)
{
    (void)state;
    static char body[4096];
    size_t n = (size_t)snprintf(body, sizeof body, "{\"partialSuccess\":{\"errorMessage\":\"");
    memset(body + n, 'm', 2000);
    memcpy(body + n + 2000, "\"}}", 4);
    assert_int_equal(strlen(parse(true, slice_str(body)).message), PARTIAL_SUCCESS_MESSAGE_MAX - 1);
    char wire[2 + 2 + 3 + 700] = "\x0a\xbf\x05\x12\xbc\x05";
    memset(wire + 6, 'w', 700);
    assert_int_equal(strlen(parse(false, slice_make(wire, 706)).message), PARTIAL_SUCCESS_MESSAGE_MAX - 1);
}

static void malformed(void **state)
{
    (void)state;
    refused(true, BYTES("<html>"), CT_ERR_FORMAT);
    refused(true, BYTES("[]"), CT_ERR_FORMAT);
    refused(true, BYTES("{\"partialSuccess\":"), CT_ERR_FORMAT);
    refused(false, BYTES("\x0a\x05\x08\x01"), CT_ERR_FORMAT);
    refused(false, BYTES("\x0a\x02\x08"), CT_ERR_FORMAT);
    refused(false, BYTES("\x0a\x02\x08\x80"), CT_ERR_FORMAT);
    refused(false, BYTES("\x0a\x04\x08\x02\x12\x09x"), CT_ERR_FORMAT);
    refused(false, BYTES("<html>"), CT_ERR_FORMAT);
    char *big = malloc(PARTIAL_SUCCESS_JSON_MAX + 1);
    assert_non_null(big);
    memset(big, '[', PARTIAL_SUCCESS_JSON_MAX + 1);
    refused(true, slice_make(big, PARTIAL_SUCCESS_JSON_MAX + 1), CT_ERR_LIMIT);
    refused(true, slice_make(big, PARTIAL_SUCCESS_JSON_MAX), CT_ERR_FORMAT);
    free(big);
}

/* Rule 8. */
static void status_messages(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(
        partial_success_status_message(true, BYTES("{\"code\":3,\"message\":\"bad\"}"), text, sizeof text),
        CT_OK);
    assert_string_equal(text, "bad");
    assert_int_equal(
        partial_success_status_message(false, BYTES("\x08\x03\x12\x03wrg\x1a\x01z"), text, sizeof text),
        CT_OK);
    assert_string_equal(text, "wrg");
    assert_int_equal(partial_success_status_message(false,
                                                    BYTES("\x12\x14"
                                                          "12345678901234567890"),
                                                    text, sizeof text),
                     CT_OK);
    assert_string_equal(text, "123456789012345");
    assert_int_equal(partial_success_status_message(true, BYTES(""), text, sizeof text), CT_OK);
    assert_string_equal(text, "");
    assert_int_equal(partial_success_status_message(true, BYTES("{\"message\":5}"), text, sizeof text),
                     CT_OK);
    assert_string_equal(text, "");
    assert_int_equal(partial_success_status_message(true, BYTES("oops"), text, sizeof text), CT_ERR_FORMAT);
    assert_string_equal(text, "");
    assert_int_equal(partial_success_status_message(false, BYTES("\x12\x03wrg\x12\x30x"), text, sizeof text),
                     CT_ERR_FORMAT);
    assert_string_equal(text, "");
}

#define RETRY_TYPE "\x0a\x28type.googleapis.com/google.rpc.RetryInfo"

/* RetryInfo among the details of a google.rpc.Status (rule 14). */
static void retry_info(void **state)
{
    (void)state;
    struct partial_success_retry r;
    assert_int_equal(partial_success_status_retry(BYTES(""), &r), CT_OK);
    assert_false(r.present);
    assert_int_equal(partial_success_status_retry(BYTES("\x08\x08\x12\x01m"), &r), CT_OK);
    assert_false(r.present);
    /* 2 s and 1 ns; another detail before it */
    assert_int_equal(
        partial_success_status_retry(
            BYTES("\x1a\x03\x0a\x01x\x1a\x32" RETRY_TYPE "\x12\x06\x0a\x04\x08\x02\x10\x01"), &r),
        CT_OK);
    assert_true(r.present && r.has_delay);
    assert_int_equal(r.delay_ns, INT64_C(2000000001));
    /* the value before its type, and nothing in it */
    assert_int_equal(partial_success_status_retry(BYTES("\x1a\x2c\x12\x00" RETRY_TYPE), &r), CT_OK);
    assert_true(r.present);
    assert_false(r.has_delay);
    assert_int_equal(partial_success_status_retry(BYTES("\x1a\x2a" RETRY_TYPE), &r), CT_OK);
    assert_true(r.present);
    /* a negative delay, and one of more than 292 years */
    assert_int_equal(
        partial_success_status_retry(
            BYTES("\x1a\x38" RETRY_TYPE "\x12\x0c\x0a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), &r),
        CT_OK);
    assert_int_equal(r.delay_ns, INT64_MAX);
    assert_int_equal(
        partial_success_status_retry(
            BYTES("\x1a\x39" RETRY_TYPE "\x12\x0d\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &r),
        CT_OK);
    assert_int_equal(r.delay_ns, 0);
    /* other types with that name at their end, or a longer name */
    assert_int_equal(partial_success_status_retry(BYTES("\x1a\x16\x0a\x14google.rpc.RetryInfo"), &r), CT_OK);
    assert_false(r.present);
    assert_int_equal(partial_success_status_retry(BYTES("\x1a\x09\x0a"), &r), CT_ERR_FORMAT);
    assert_int_equal(
        partial_success_status_retry(BYTES("\x1a\x32" RETRY_TYPE "\x12\x06\x0a\x09\x08\x02\x10\x01"), &r),
        CT_ERR_FORMAT);
    assert_false(r.present);
    assert_int_equal(partial_success_status_retry(BYTES("<html>"), &r), CT_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_success),    cmocka_unit_test(rejected_protobuf),
        cmocka_unit_test(warning),         cmocka_unit_test(rejected_json),
        cmocka_unit_test(odd_counts),      cmocka_unit_test(unknown_fields),
        cmocka_unit_test(long_message),    cmocka_unit_test(malformed),
        cmocka_unit_test(status_messages), cmocka_unit_test(retry_info),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
