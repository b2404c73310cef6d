/* The bytes of notifications, the choice among them, and what may not get into one. */
#include "test.h"

#include "term_notify.h"

static struct buf out;

static const char *bytes(enum term_notify how, bool tmux, bool ascii, const char *text)
{
    buf_clear(&out);
    assert_int_equal(term_notify_append(how, tmux, ascii, slice_str(text), &out), CT_OK);
    return buf_cstr(&out);
}

static void the_sequences(void **state)
{
    (void)state;
    assert_string_equal(bytes(TERM_NOTIFY_OSC9, false, false, "web-ui waits"),
                        "\033]9;claude-top: web-ui waits\a");
    assert_string_equal(bytes(TERM_NOTIFY_OSC777, false, false, "web-ui waits"),
                        "\033]777;notify;claude-top;web-ui waits\a");
    assert_string_equal(bytes(TERM_NOTIFY_BOTH, false, false, "x"),
                        "\033]9;claude-top: x\a\033]777;notify;claude-top;x\a");
}

static void tmux_gets_them_wrapped(void **state)
{
    (void)state;
    assert_string_equal(bytes(TERM_NOTIFY_OSC9, true, false, "x"),
                        "\033Ptmux;\033\033]9;claude-top: x\a\033\\");
    assert_string_equal(bytes(TERM_NOTIFY_OSC777, true, false, "x"),
                        "\033Ptmux;\033\033]777;notify;claude-top;x\a\033\\");
}

static void text_stays_text(void **state)
{
    (void)state;
    assert_string_equal(bytes(TERM_NOTIFY_OSC777, false, false, "a;b;c"),
                        "\033]777;notify;claude-top;a,b,c\a");
    assert_string_equal(bytes(TERM_NOTIFY_OSC9, false, true, "für ゴ"), "\033]9;claude-top: f?r ?\a");
    buf_clear(&out);
    static const char *const hostile[] = {"a\033]0;x\a", "a\ab", "a\xc2\x9c", "a\nb", "\x7f", "a\xff"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        assert_int_equal(term_notify_append(TERM_NOTIFY_BOTH, false, false, slice_str(hostile[i]), &out),
                         CT_ERR_USAGE);
    assert_int_equal(out.len, 0);
    char wide[4000];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_int_equal(strlen(bytes(TERM_NOTIFY_OSC9, false, false, wide)),
                     TERM_NOTIFY_COLS + strlen("\033]9;claude-top: \a"));
}

static void terminals_are_known_by_name(void **state)
{
    (void)state;
    static const struct {
        struct term_notify_env env;
        enum term_notify want;
        bool tmux;
    } cases[] = {
        {{"xterm-256color", NULL, NULL, NULL}, TERM_NOTIFY_OSC9, false},
        {{"xterm-256color", "iTerm.app", NULL, ""}, TERM_NOTIFY_OSC9, false},
        {{"xterm-256color", NULL, "7006", NULL}, TERM_NOTIFY_OSC777, false},
        {{"xterm-kitty", NULL, NULL, NULL}, TERM_NOTIFY_OSC9, false},
        {{"foot", NULL, NULL, NULL}, TERM_NOTIFY_OSC777, false},
        {{"rxvt-unicode-256color", NULL, NULL, NULL}, TERM_NOTIFY_OSC777, false},
        {{"xterm-ghostty", "ghostty", NULL, NULL}, TERM_NOTIFY_OSC777, false},
        {{"xterm-256color", "WezTerm", NULL, NULL}, TERM_NOTIFY_OSC777, false},
        {{"tmux-256color", "tmux", NULL, "/tmp/tmux-1000/default,1,0"}, TERM_NOTIFY_OSC9, true},
        {{"tmux-256color", NULL, NULL, NULL}, TERM_NOTIFY_OSC9, true},
        {{"screen-256color", "tmux", NULL, "/tmp/x,1,0"}, TERM_NOTIFY_OSC9, true},
        {{NULL, NULL, NULL, NULL}, TERM_NOTIFY_OSC9, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(term_notify_choose(&cases[i].env), cases[i].want);
        assert_int_equal(term_notify_in_tmux(&cases[i].env), cases[i].tmux);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequences),
        cmocka_unit_test(tmux_gets_them_wrapped),
        cmocka_unit_test(text_stays_text),
        cmocka_unit_test(terminals_are_known_by_name),
    };
    buf_init(&out, 1u << 16);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_finish(&out);
    return failed;
}
