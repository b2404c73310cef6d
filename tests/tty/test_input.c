#include "test.h"

#include "buf.h"
#include "clock.h"
#include "term_input.h"

#include <stdio.h>
#include <stdlib.h>

#define DOUBLE_NS (400 * NS_PER_MS)

static struct term_input in;

static int setup(void **state)
{
    (void)state;
    term_input_init(&in, DOUBLE_NS);
    return 0;
}

static void describe(const struct key *key, char *out, size_t size)
{
    static const char *const mice[] = {"none", "press", "double", "up", "down"};
    if (key->code == KEYCODE_MOUSE)
        snprintf(out, size, "%s@%d,%d ", mice[key->mouse], key->row, key->col);
    else if (key->code > 0x20 && key->code < 0x7f)
        snprintf(out, size, "%c ", (int)key->code);
    else
        snprintf(out, size, "%x ", (unsigned)key->code);
}

/* All keys in bytes, fed step bytes at a time, as words. */
static const char *keys_in(struct slice bytes, size_t step)
{
    static char words[4096];
    words[0] = '\0';
    while (bytes.len) {
        struct slice part = slice_sub(bytes, 0, step);
        size_t taken = term_input_feed(&in, part);
        bytes = slice_sub(bytes, taken, bytes.len);
        struct key key;
        while (term_input_next(&in, NS_PER_SEC, &key))
            describe(&key, words + strlen(words), sizeof words - strlen(words));
    }
    return words;
}

/* Whole and one byte at a time, the keys are the same. */
static void assert_keys(const char *bytes, size_t len, const char *expected)
{
    for (size_t step = 1; step <= 64; step *= 64) {
        struct term_input fresh = in;
        const char *got = keys_in(slice_make(bytes, len), step);
        if (strcmp(got, expected) != 0)
            fail_msg("%zu bytes at a time: \"%s\" is not \"%s\" (%s)", step, got, expected, bytes + 1);
        if (in.len)
            fail_msg("%zu bytes at a time: %zu are left (%s)", step, in.len, bytes + 1);
        in = fresh;
    }
}

#define ASSERT_KEYS(bytes, expected) assert_keys(bytes, sizeof(bytes) - 1, expected)

static const char *name(uint32_t code)
{
    static char words[16];
    snprintf(words, sizeof words, "%x ", (unsigned)code);
    return words;
}

static void test_text(void **state)
{
    (void)state;
    ASSERT_KEYS("aZ~", "a Z ~ ");
    ASSERT_KEYS("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80", "e9 65e5 1f600 ");
    ASSERT_KEYS("\x01\x03\x1a\t\r\n", "1 3 1a 9 d a ");
    ASSERT_KEYS("\x7f\x08", "7f 7f ");
    ASSERT_KEYS("\0", "");
}

static void test_bad_utf8(void **state)
{
    (void)state;
    ASSERT_KEYS("\xc3x\x80y\xff\xc0\xaf", "x y ");
    ASSERT_KEYS("\xed\xa0\x80\xf4\x90\x80\x80z\xc2\x9b", "z "); /* a surrogate, beyond Unicode, C1 */
    ASSERT_KEYS("\xe6\x97\x1b[A", name(KEYCODE_UP));
}

static void test_cursor_keys(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t code;
    } keys[] = {
        {"\033[A", KEYCODE_UP},        {"\033OA", KEYCODE_UP},           {"\033[1;5B", KEYCODE_DOWN},
        {"\033[C", KEYCODE_RIGHT},     {"\033OD", KEYCODE_LEFT},         {"\033[H", KEYCODE_HOME},
        {"\033OF", KEYCODE_END},       {"\033[1~", KEYCODE_HOME},        {"\033[7~", KEYCODE_HOME},
        {"\033[4~", KEYCODE_END},      {"\033[2~", KEYCODE_INSERT},      {"\033[3~", KEYCODE_DELETE},
        {"\033[5~", KEYCODE_PAGE_UP},  {"\033[6;2~", KEYCODE_PAGE_DOWN}, {"\033[Z", KEYCODE_BACKTAB},
        {"\033OP", KEYCODE_F1},        {"\033[11~", KEYCODE_F1},         {"\033[[A", KEYCODE_F1},
        {"\033[1;2Q", KEYCODE_F1 + 1}, {"\033[[E", KEYCODE_F1 + 4},      {"\033[15~", KEYCODE_F1 + 4},
        {"\033[21~", KEYCODE_F1 + 9},  {"\033[24;5~", KEYCODE_F12},      {"\033OM", KEYCODE_ENTER},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_keys(keys[i].bytes, strlen(keys[i].bytes), name(keys[i].code));
    ASSERT_KEYS("\033Ok\033Oq\033Oy", "+ 1 9 ");
}

/* Replies and unknown keys: none of their letters may act as a key. */
static void test_unknown_sequences(void **state)
{
    (void)state;
    ASSERT_KEYS("\033[99~\033[1;2x\033[?1;2c\033[>0;276;0c\033[12;40R\033[Iq", "q ");
    ASSERT_KEYS("\033[200~rm -rf\n\033[A q\033[201~x", "x ");
    ASSERT_KEYS("\033]11;rgb:0000/0000/0000\033\\x\033]10;rgb:f/f/f\007y", "x y ");
    ASSERT_KEYS("\033P>|xterm(380)\033\\x", "x ");
    ASSERT_KEYS("\033[1\003q", "3 q ");
    ASSERT_KEYS("\033[97;5u\033Ow\033O!z", "7 z ");
}

static void test_mouse(void **state)
{
    (void)state;
    ASSERT_KEYS("\033[<0;1;1M\033[<0;1;1m", "press@0,0 ");
    ASSERT_KEYS("\033[<64;10;5M\033[<65;1000;500M\033[<68;1;1M", "up@4,9 down@499,999 up@0,0 ");
    ASSERT_KEYS("\033[<2;1;1M\033[<1;1;1M\033[<32;5;5M\033[<35;5;5M\033[<66;1;1M", "");
    ASSERT_KEYS("\033[<0;0;1M\033[<0;1M\033[<0;1;99999999999999999999M\033[<;;Mz", "z ");
}

static struct key click(int64_t now, const char *bytes)
{
    struct key key = {0};
    assert_int_equal(term_input_feed(&in, slice_str(bytes)), strlen(bytes));
    assert_true(term_input_next(&in, now, &key));
    return key;
}

static void test_double_click(void **state)
{
    (void)state;
    int64_t t = 5 * NS_PER_SEC;
    assert_int_equal(click(t, "\033[<0;3;3M").mouse, MOUSE_PRESS);
    assert_int_equal(click(t + DOUBLE_NS, "\033[<0;3;3M").mouse, MOUSE_DOUBLE);
    assert_int_equal(click(t + DOUBLE_NS + 1, "\033[<0;3;3M").mouse, MOUSE_PRESS); /* the third is a first */
    assert_int_equal(click(t + 3 * DOUBLE_NS, "\033[<0;3;3M").mouse, MOUSE_PRESS); /* too late */
    assert_int_equal(click(t + 3 * DOUBLE_NS + 1, "\033[<0;4;3M").mouse, MOUSE_PRESS); /* elsewhere */
}

static void test_escape(void **state)
{
    (void)state;
    struct key key;
    assert_false(term_input_escape_pending(&in));
    term_input_feed(&in, SLICE_LIT("\033"));
    assert_false(term_input_next(&in, 1, &key));
    assert_true(term_input_escape_pending(&in));
    term_input_timeout(&in);
    assert_false(term_input_escape_pending(&in));
    assert_true(term_input_next(&in, 1, &key));
    assert_int_equal(key.code, KEYCODE_ESC);
    assert_false(term_input_next(&in, 1, &key));
    /* ESC [ typed by hand is two keys; more of a sequence only waits. */
    term_input_feed(&in, SLICE_LIT("\033["));
    assert_false(term_input_next(&in, 1, &key));
    term_input_timeout(&in);
    assert_true(term_input_next(&in, 1, &key));
    assert_int_equal(key.code, KEYCODE_ESC);
    assert_true(term_input_next(&in, 1, &key));
    assert_int_equal(key.code, '[');
    term_input_feed(&in, SLICE_LIT("\033[<0;1"));
    assert_false(term_input_next(&in, 1, &key));
    assert_false(term_input_escape_pending(&in));
    term_input_timeout(&in);
    assert_false(term_input_next(&in, 1, &key));
    ASSERT_KEYS(";1M", "press@0,0 ");
}

static void test_alt_and_double_escape(void **state)
{
    (void)state;
    ASSERT_KEYS("\033x", "1b x ");
    ASSERT_KEYS("\033\033[Aq", "1b 110000 q ");
    ASSERT_KEYS("\033]x", "1b ] x ");
}

static void test_terminfo(void **state)
{
    (void)state;
    term_input_add(&in, "\033[a", KEYCODE_F12);
    term_input_add(&in, "\033[[a~", KEYCODE_INSERT);
    term_input_add(&in, "\x1f", KEYCODE_DELETE);
    term_input_add(&in, "q", KEYCODE_UP); /* a letter stays one */
    term_input_add(&in, "\033[aaaaaaaaaaaaaaaaaaaaaaaa", KEYCODE_UP);
    char expected[64];
    snprintf(expected, sizeof expected, "%x ", (unsigned)KEYCODE_F12);
    ASSERT_KEYS("\033[a", expected);
    snprintf(expected, sizeof expected, "%x q ", (unsigned)KEYCODE_DELETE);
    ASSERT_KEYS("\x1fq", expected);
}

/* What never ends is given up: the keys after it work again. */
static void test_endless(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4u << 20);
    buf_append_str(&b, "\033[");
    for (int i = 0; i < 1000; i++)
        buf_append_char(&b, ';');
    buf_append_str(&b, "~x");
    const char *got = keys_in(buf_slice(&b), 100);
    assert_string_equal(got + strlen(got) - 2, "x ");
    buf_clear(&b);
    buf_append_str(&b, "\033[200~");
    for (unsigned i = 0; i < TERM_INPUT_PASTE_MAX + 1; i++)
        buf_append_char(&b, 'p');
    buf_append_str(&b, "x");
    assert_string_equal(keys_in(buf_slice(&b), 100), "x ");
    buf_clear(&b);
    buf_append_str(&b, "\033]1");
    for (unsigned i = 0; i < TERM_INPUT_STRING_MAX; i++) /* and the digit */
        buf_append_char(&b, 's');
    buf_append_str(&b, "x");
    assert_string_equal(keys_in(buf_slice(&b), 100), "x ");
    buf_finish(&b);
}

/* Any bytes: every key is one, and nothing is left that waits for ever. */
static void test_noise(void **state)
{
    (void)state;
    uint32_t r = 1;
    static const char spice[] = "\033\033\033[[O]P<;0123456789~MmABu\x80\xe6\x97\xa5";
    for (int round = 0; round < 20000; round++) {
        char bytes[16];
        size_t len = 1 + (r >> 28);
        for (size_t i = 0; i < len; i++) {
            r = r * 1664525u + 1013904223u;
            bytes[i] = r & 0x10000 ? spice[(r >> 20) % (sizeof spice - 1)] : (char)(r >> 24);
        }
        struct slice rest = slice_make(bytes, len);
        while (rest.len) {
            size_t taken = term_input_feed(&in, rest);
            rest = slice_sub(rest, taken, rest.len);
            struct key key;
            while (term_input_next(&in, NS_PER_SEC, &key)) {
                assert_true(key.code != KEYCODE_NONE && key.code <= KEYCODE_MOUSE);
                assert_true(key.row >= 0 && key.row < 100000 && key.col >= 0 && key.col < 100000);
            }
            assert_true(in.len < sizeof in.bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_text, setup),
        cmocka_unit_test_setup(test_bad_utf8, setup),
        cmocka_unit_test_setup(test_cursor_keys, setup),
        cmocka_unit_test_setup(test_unknown_sequences, setup),
        cmocka_unit_test_setup(test_mouse, setup),
        cmocka_unit_test_setup(test_double_click, setup),
        cmocka_unit_test_setup(test_escape, setup),
        cmocka_unit_test_setup(test_alt_and_double_escape, setup),
        cmocka_unit_test_setup(test_terminfo, setup),
        cmocka_unit_test_setup(test_endless, setup),
        cmocka_unit_test_setup(test_noise, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
