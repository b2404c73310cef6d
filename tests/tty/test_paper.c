/*
 * What a terminal says of its paper, among the keys: whole, in pieces, late, wrapped, wrong, never. Nothing
 * of it is ever a key, and no key is lost to it.
 */
#include "test.h"

#include "clock.h"
#include "term_input.h"

#include <stdio.h>

static struct term_input in;
static int64_t now_ns;

static int setup(void **state)
{
    (void)state;
    term_input_init(&in, 400 * NS_PER_MS);
    now_ns = NS_PER_SEC;
    term_input_await(&in, now_ns + NS_PER_SEC);
    return 0;
}

static void add_keys(char *words, size_t size)
{
    struct key key;
    while (term_input_next(&in, now_ns, &key)) {
        size_t len = strlen(words);
        if (key.code > 0x20 && key.code < 0x7f)
            snprintf(words + len, size - len, "%c", (int)key.code);
        else
            snprintf(words + len, size - len, "<%x>", (unsigned)key.code);
    }
}

/* The keys in bytes, which come step at a time; each pause is long enough for a lone ESC to count. */
static const char *keys_in(struct slice bytes, size_t step, bool pauses)
{
    static char words[256];
    words[0] = '\0';
    while (bytes.len) {
        size_t taken = term_input_feed(&in, slice_sub(bytes, 0, step));
        bytes = slice_sub(bytes, taken, bytes.len);
        add_keys(words, sizeof words);
        if (pauses && term_input_escape_pending(&in)) {
            term_input_timeout(&in);
            add_keys(words, sizeof words);
        }
        now_ns += pauses ? 30 * NS_PER_MS : 0;
    }
    return words;
}

static void answers_are_understood(void **state)
{
    static const struct {
        const char *bytes;
        enum term_paper paper;
    } CASES[] = {
        {"\033]11;rgb:0000/0000/0000\033\\", TERM_PAPER_DARK},
        {"\033]11;rgb:ffff/ffff/ffff\a", TERM_PAPER_LIGHT},
        {"\033]11;rgb:fdfd/f6f6/e3e3\033\\", TERM_PAPER_LIGHT},
        {"\033]11;rgb:ff/fa/f0\a", TERM_PAPER_LIGHT},
        {"\033]11;rgb:1/2/3\a", TERM_PAPER_DARK},
        {"\033]11;rgb:FFF/fff/FfF\a", TERM_PAPER_LIGHT},
        {"\033]11;rgba:1e1e/1e1e/2e2e/ffff\a", TERM_PAPER_DARK},
        {"\033]11;#eff1f5\a", TERM_PAPER_LIGHT},
        {"\033Ptmux;\033\033]11;rgb:ffff/ffff/ffff\033\033\\\033\\", TERM_PAPER_LIGHT},
        {"\033Ptmux;\033\033]11;rgb:2828/2c2c/3434\a\033\\", TERM_PAPER_DARK},
        {"\033[?997;1n", TERM_PAPER_DARK},
        {"\033[?997;2n", TERM_PAPER_LIGHT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        for (size_t step = 1; step < 64; step++) {
            char text[128];
            setup(NULL);
            snprintf(text, sizeof text, "j%sk", CASES[i].bytes);
            assert_string_equal(keys_in(slice_str(text), step, false), "jk");
            assert_int_equal(in.paper, CASES[i].paper);
            assert_int_equal(in.len, 0);
        }
}

static void garbage_is_neither_keys_nor_an_answer(void **state)
{
    static const char *const GARBAGE[] = {
        "\033]11;rgb:\a",
        "\033]11;?\a",
        "\033]11;rgb:ffff/ffff\a",
        "\033]11;rgb:ffff/ffff/ffff/ffff\a",
        "\033]11;rgb:fffff/ffff/ffff\a",
        "\033]11;rgb:gggg/ffff/ffff\a",
        "\033]11;rgb:ffff//ffff\a",
        "\033]11;rgba:ffff/ffff/ffff\a",
        "\033]11;#fffff\a",
        "\033]11;white\a",
        "\033]10;rgb:ffff/ffff/ffff\a",
        "\033]4;11;rgb:ffff/ffff/ffff\a",
        "\033P1$r0 q\033\\",
        "\033Ptmux;\033\033]10;rgb:ffff/ffff/ffff\033\033\\\033\\",
        "\033[?997;3n",
        "\033[?997;1;2n",
        "\033]11;rgb:ffff/ffff/ffff and so on until it is far too long to be the colour of anything at all\a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof GARBAGE / sizeof GARBAGE[0]; i++)
        for (size_t step = 1; step < 100; step += 9) {
            char text[160];
            setup(NULL);
            snprintf(text, sizeof text, "j%sk", GARBAGE[i]);
            assert_string_equal(keys_in(slice_str(text), step, false), "jk");
            assert_int_equal(in.paper, TERM_PAPER_UNKNOWN);
        }
}

/* A network that delivers one byte at a time, with pauses: the ESC has long counted as the key when the rest
 * comes. */
static void a_slow_answer_is_still_one(void **state)
{
    char expected[16];
    (void)state;
    snprintf(expected, sizeof expected, "<%x>j", KEYCODE_ESC);
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:ffff/ffff/ffff\aj"), 1, true), expected);
    assert_int_equal(in.paper, TERM_PAPER_LIGHT);
    setup(NULL);
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:0000/0000/0000\033\\j"), 2, true), expected);
    assert_int_equal(in.paper, TERM_PAPER_DARK);
}

/* When nothing is awaited any more, Esc and ] are what they are. */
static void an_escape_of_the_user_stays_one(void **state)
{
    char expected[16];
    (void)state;
    now_ns += 2 * NS_PER_SEC;
    snprintf(expected, sizeof expected, "<%x>]1", KEYCODE_ESC);
    assert_string_equal(keys_in(SLICE_LIT("\033]1"), 1, true), expected);
    setup(NULL);
    keys_in(SLICE_LIT("\033]11;rgb:0/0/0\a"), 64, false);
    assert_string_equal(keys_in(SLICE_LIT("\033]1"), 1, true), expected);
    setup(NULL);
    snprintf(expected, sizeof expected, "<%x>x]", KEYCODE_ESC);
    assert_string_equal(keys_in(SLICE_LIT("\033x]"), 1, true), expected);
}

/* One that stops in the middle holds no keys back: neither a control key nor, after a while, any other. */
static void an_answer_cut_off_frees_the_keys(void **state)
{
    (void)state;
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:ff"), 64, false), "");
    now_ns += TERM_INPUT_STRING_NS + 1;
    assert_string_equal(keys_in(SLICE_LIT("jk"), 64, false), "jk");
    setup(NULL);
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:ff\rj"), 64, false), "<d>j");
    setup(NULL);
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:ff\003"), 64, false), "<3>");
    setup(NULL);
    char down[16];
    snprintf(down, sizeof down, "<%x>j", KEYCODE_DOWN);
    assert_string_equal(keys_in(SLICE_LIT("\033]11;rgb:ff\033[Bj"), 64, false), down);
    assert_int_equal(in.paper, TERM_PAPER_UNKNOWN);
}

static void a_late_answer_is_taken_too(void **state)
{
    (void)state;
    now_ns += 60 * NS_PER_SEC;
    assert_string_equal(keys_in(SLICE_LIT("j\033]11;rgb:ffff/ffff/ffff\033\\k"), 64, false), "jk");
    assert_int_equal(in.paper, TERM_PAPER_LIGHT);
    assert_string_equal(keys_in(SLICE_LIT("\033[?997;1n"), 64, false), "");
    assert_int_equal(in.paper, TERM_PAPER_DARK);
}

static void the_environment_may_know(void **state)
{
    static const struct {
        const char *value;
        enum term_paper paper;
    } CASES[] = {
        {NULL, TERM_PAPER_UNKNOWN},         {"", TERM_PAPER_UNKNOWN},
        {"15;0", TERM_PAPER_DARK},          {"0;15", TERM_PAPER_LIGHT},
        {"0;default;15", TERM_PAPER_LIGHT}, {"15;default;0", TERM_PAPER_DARK},
        {"0;7", TERM_PAPER_LIGHT},          {"7;8", TERM_PAPER_DARK},
        {"12;11", TERM_PAPER_LIGHT},        {"0;default", TERM_PAPER_UNKNOWN},
        {"0;16", TERM_PAPER_UNKNOWN},       {"0;-1", TERM_PAPER_UNKNOWN},
        {"0;", TERM_PAPER_UNKNOWN},         {"15", TERM_PAPER_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(term_paper_variable(CASES[i].value), CASES[i].paper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_are_understood, setup),
        cmocka_unit_test_setup(garbage_is_neither_keys_nor_an_answer, setup),
        cmocka_unit_test_setup(a_slow_answer_is_still_one, setup),
        cmocka_unit_test_setup(an_escape_of_the_user_stays_one, setup),
        cmocka_unit_test_setup(an_answer_cut_off_frees_the_keys, setup),
        cmocka_unit_test_setup(a_late_answer_is_taken_too, setup),
        cmocka_unit_test_setup(the_environment_may_know, setup),
    };
    return cmocka_run_group_tests_name("tty/paper", tests, NULL, NULL);
}
