#include "test.h"

#include "escape.h"

static void check(enum ct_err (*escape)(struct slice, struct buf *), struct slice in, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(escape(in, &out), CT_OK);
    assert_slice_equal(buf_slice(&out), expected);
    buf_finish(&out);
}

static void a_literal_stays_one_literal(void **state)
{
    (void)state;
    check(escape_literal, SLICE_LIT(""), "\"\"");
    check(escape_literal, SLICE_LIT("0f9c-1"), "\"0f9c-1\"");
    check(escape_literal, SLICE_LIT("a\" } || { true"), "\"a\\\" } || { true\"");
    check(escape_literal, SLICE_LIT("\\"), "\"\\\\\"");
    check(escape_literal, SLICE_LIT("\n\r\t"), "\"\\n\\r\\t\"");
    check(escape_literal, SLICE_LIT("a\0b\x1b\x7f"), "\"a\\x00b\\x1b\\x7f\"");
    check(escape_literal, SLICE_LIT("\xc3\xa9\xff"), "\"\\xc3\\xa9\\xff\"");
}

static void percent_encoding_leaves_only_unreserved_characters(void **state)
{
    (void)state;
    check(escape_percent, SLICE_LIT(""), "");
    check(escape_percent, SLICE_LIT("AZaz09-_.~"), "AZaz09-_.~");
    check(escape_percent, SLICE_LIT(" +%&=#?/"), "%20%2B%25%26%3D%23%3F%2F");
    check(escape_percent, SLICE_LIT("\0\x1b\xff"), "%00%1B%FF");

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        struct buf out;
        buf_init(&out, 16);
        assert_int_equal(escape_percent(slice_make(&byte, 1), &out), CT_OK);
        bool plain = out.len == 1;
        bool unreserved =
            c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", c);
        assert_int_equal(plain, unreserved);
        buf_finish(&out);
    }
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    for (size_t room = 0; room < 6; room++) {
        struct buf out;
        buf_init(&out, room);
        assert_int_equal(escape_literal(SLICE_LIT("\x01"), &out), CT_ERR_LIMIT);
        buf_clear(&out);
        assert_int_equal(escape_percent(SLICE_LIT("  "), &out), CT_ERR_LIMIT);
        buf_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_stays_one_literal),
        cmocka_unit_test(percent_encoding_leaves_only_unreserved_characters),
        cmocka_unit_test(a_full_buffer_is_reported),
    };
    return cmocka_run_group_tests_name("grafana/escape", tests, NULL, NULL);
}
