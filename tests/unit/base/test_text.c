#include "test.h"
#include "text.h"

#include <stdlib.h>

static const char *clean(const char *bytes, size_t len)
{
    static char out[4096];
    size_t n = text_clean(slice_make(bytes, len), out, sizeof out);
    assert_int_equal(strlen(out), n);
    assert_true(text_is_clean(slice_make(out, n)));
    return out;
}

#define CLEAN(literal) clean(literal, sizeof(literal) - 1)

static void controls_become_visible(void **state)
{
    (void)state;
    assert_string_equal(CLEAN("\033[31mred"), "␛[31mred");
    assert_string_equal(CLEAN("a\tb\r\nc\nd\re"), "a b↵c↵d↵e");
    assert_string_equal(CLEAN("\x7f\0x"), "␡␀x");
    assert_string_equal(CLEAN("\xc2\x9b"
                              "31m"),
                        "�31m");                                  /* C1 CSI */
    assert_string_equal(CLEAN("\xe2\x80\xa8\xe2\x80\xa9"), "↵↵"); /* U+2028, U+2029 */
    assert_string_equal(CLEAN("\xe2\x80\xae"
                              "abc\xe2\x81\xa6"),
                        "�abc�"); /* U+202E, U+2066 */
    assert_string_equal(CLEAN("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8b\xef\xbb\xbf"), "����");
}

static void invalid_utf8_is_replaced_by_maximal_subparts(void **state)
{
    (void)state;
    assert_string_equal(CLEAN("a\xff"
                              "b"),
                        "a�b");
    assert_string_equal(CLEAN("\xc0\xaf"), "��");
    assert_string_equal(CLEAN("\xe2\x82"), "�");       /* cut short */
    assert_string_equal(CLEAN("\xed\xa0\x80"), "���"); /* a surrogate */
    assert_string_equal(CLEAN("\xf0\x9f\x98"), "�");
    assert_string_equal(CLEAN("\xf4\x90\x80\x80x"), "����x"); /* above U+10FFFF */
    assert_string_equal(CLEAN("\xe2\x82"
                              "A"),
                        "�A");
}

static void width_is_the_same_everywhere(void **state)
{
    (void)state;
    assert_int_equal(text_width(slice_str(CLEAN("abc"))), 3);
    assert_int_equal(text_width(slice_str(CLEAN("日本"))), 4);
    assert_int_equal(text_width(slice_str(CLEAN("e\xcc\x81"))), 1);
    assert_int_equal(text_width(slice_str(CLEAN("👩\xe2\x80\x8d👧"))), 4);    /* joiner dropped */
    assert_int_equal(text_width(slice_str(CLEAN("👍\xf0\x9f\x8f\xbd"))), 2); /* skin tone dropped */
    assert_string_equal(CLEAN("🇩🇪"), "DE");
    assert_int_equal(text_width(slice_str(CLEAN("❤\xef\xb8\x8f"))), 1);
}

static void marks_need_a_base_and_are_few(void **state)
{
    (void)state;
    assert_string_equal(CLEAN("\xcc\x81"
                              "a"),
                        "�a");
    assert_string_equal(CLEAN("a\xcc\x81\xcc\x82\xcc\x83\xcc\x84"), "a\xcc\x81\xcc\x82");
}

static void cuts_at_a_whole_character(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(text_clean(SLICE_LIT("abcdefg"), out, sizeof out), 7);
    assert_string_equal(out, "abcdefg");
    text_clean(SLICE_LIT("abcdefgh"), out, sizeof out);
    assert_string_equal(out, "abcd…");
    text_clean(SLICE_LIT("日本語"), out, sizeof out);
    assert_string_equal(out, "日…");
    for (size_t cap = 4; cap < 40; cap++) {
        char small[40];
        size_t n = text_clean(SLICE_LIT("e\xcc\x81\xcc\x82 日本語 \033\xff text"), small, cap);
        assert_true(n < cap);
        assert_true(text_is_clean(slice_make(small, n)));
    }
}

static void prefix_never_splits_a_wide_character(void **state)
{
    (void)state;
    size_t width;
    assert_slice_equal(text_prefix(SLICE_LIT("a日b"), 2, &width), "a");
    assert_int_equal(width, 1);
    assert_slice_equal(text_prefix(SLICE_LIT("a日b"), 3, &width), "a日");
    assert_int_equal(width, 3);
}

static void finds_without_case(void **state)
{
    (void)state;
    assert_int_equal(text_find_nocase(SLICE_LIT("Read Ärger"), SLICE_LIT("ärg")), 5);
    assert_int_equal(text_find_nocase(SLICE_LIT("abc"), SLICE_LIT("bcd")), 3);
    assert_int_equal(text_find_nocase(SLICE_LIT("abc"), SLICE_LIT("")), 0);
    assert_int_equal(text_find_nocase(SLICE_LIT(""), SLICE_LIT("")), 0);
}

static void random_bytes_come_out_clean(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char in[48];
        size_t len = (size_t)rand() % sizeof in;
        for (size_t i = 0; i < len; i++)
            in[i] = (char)(rand() % 3 ? rand() : "\xe2\x80\xcc\x81\xf0\x9f\033"[rand() % 7]);
        clean(in, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_become_visible),
        cmocka_unit_test(invalid_utf8_is_replaced_by_maximal_subparts),
        cmocka_unit_test(width_is_the_same_everywhere),
        cmocka_unit_test(marks_need_a_base_and_are_few),
        cmocka_unit_test(cuts_at_a_whole_character),
        cmocka_unit_test(prefix_never_splits_a_wide_character),
        cmocka_unit_test(finds_without_case),
        cmocka_unit_test(random_bytes_come_out_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
