#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
/* The status line's text, and where the quick commands find the collector. */
#include "app_fixture.h"

#include "quick.h"
#include "statusline.h"
#include "text.h"

#define NOW (INT64_C(1795370000) * 1000000000)

static const struct statusline_burn none = {-1, -1, false};

static char *line_of(const char *json, const struct statusline_burn *burn, bool color)
{
    static struct buf out;
    buf_finish(&out);
    buf_init(&out, STATUSLINE_MAX);
    statusline_line(slice_str(json), burn, NOW, color, &out);
    return (char *)(uintptr_t)buf_cstr(&out);
}

#define FULL                                                                                                 \
    "{\"model\":{\"id\":\"claude-opus-5-5\",\"display_name\":\"Opus 5.5\"},"                                 \
    "\"workspace\":{\"current_dir\":\"/srv/web-ui/\"},\"worktree\":{\"branch\":\"feat/login\"},"             \
    "\"cost\":{\"total_cost_usd\":1.234},\"context_window\":{\"used_percentage\":31},"                       \
    "\"rate_limits\":{\"five_hour\":{\"used_percentage\":42.4,\"resets_at\":1795377800},"                    \
    "\"seven_day\":{\"used_percentage\":93,\"resets_at\":1795283600}}}"

static void everything(void **state)
{
    (void)state;
    struct statusline_burn burn = {12400, 3.2, false};
    assert_string_equal(line_of(FULL, &burn, false),
                        "Opus 5.5 · web-ui (feat/login) · ▰▰▰▱▱▱▱▱▱▱ 31% · $1.23 · 12.4k tok/min · $3.20/h · "
                        "5h 42% ↻2h · 7d 93%");
    burn.is_estimate = true;
    assert_contains(line_of(FULL, &burn, false), "~$3.20/h");
}

static void only_what_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *json, *line;
    } cases[] = {
        {"{}", ""},
        {"[]", ""},
        {"", ""},
        {"{\"model\":", ""},
        {"{\"model\":{\"id\":\"x-1\"}}", "x-1"},
        {"{\"cwd\":\"/\"}", "/"},
        {"{\"cwd\":\"/a/b\"}", "b"},
        {"{\"cwd\":\"\"}", ""},
        {"{\"context_window\":{\"used_percentage\":null}}", ""},
        {"{\"context_window\":{\"used_percentage\":0}}", "▱▱▱▱▱▱▱▱▱▱ 0%"},
        {"{\"context_window\":{\"used_percentage\":1}}", "▰▱▱▱▱▱▱▱▱▱ 1%"},
        {"{\"context_window\":{\"used_percentage\":100}}", "▰▰▰▰▰▰▰▰▰▰ 100%"},
        {"{\"context_window\":{\"used_percentage\":101}}", ""},
        {"{\"cost\":{\"total_cost_usd\":0}}", "$0.00"},
        {"{\"cost\":{\"total_cost_usd\":\"5\"}}", ""},
        {"{\"rate_limits\":{\"seven_day\":{\"used_percentage\":3}}}", "7d 3%"},
        {"{\"rate_limits\":{\"five_hour\":{\"resets_at\":1795377800}}}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(line_of(cases[i].json, &none, false), cases[i].line);
}

static void colours_tell_how_bad_it_is(void **state)
{
    (void)state;
    char line[STATUSLINE_MAX];
    snprintf(line, sizeof line, "%s", line_of(FULL, &none, true));
    assert_contains(line, "\033[32m▰▰▰▱"); /* plenty of context */
    assert_contains(line, "\033[31m 93%");
    assert_contains(line_of("{\"context_window\":{\"used_percentage\":65}}", &none, true), "\033[33m");
    assert_contains(line_of("{\"context_window\":{\"used_percentage\":85}}", &none, true), "\033[31m");
    /* Every part ends plainly. */
    assert_string_equal(line + strlen(line) - 4, "\033[0m");
}

static void nothing_drives_the_terminal(void **state)
{
    (void)state;
    char *line = line_of("{\"model\":{\"display_name\":\"a\\u001b]0;x\\u0007\\u202eb\\nc\"},"
                         "\"cwd\":\"/x/\\u009b31m\\r\",\"worktree\":{\"branch\":\"\\u001b[2J\"}}",
                         &none, false);
    assert_true(text_is_clean(slice_str(line)));
    assert_null(strchr(line, '\033'));
    assert_null(strchr(line, '\n'));
    /* A name takes no more than its place. */
    char json[4096] = "{\"cwd\":\"/";
    for (size_t i = strlen(json), end = i + 3000; i < end; i++)
        json[i] = 'y';
    strcat(json, "\"}");
    assert_int_equal(text_width(slice_str(line_of(json, &none, false))), 32);
}

static void sessions_and_burn(void **state)
{
    (void)state;
    char id[16];
    assert_true(statusline_session(SLICE_LIT("{\"session_id\":\"a-b_1.c\"}"), id, sizeof id));
    assert_string_equal(id, "a-b_1.c");
    static const char *const bad[] = {"{}",
                                      "{\"session_id\":5}",
                                      "{\"session_id\":\"\"}",
                                      "{\"session_id\":\"a b\"}",
                                      "{\"session_id\":\"a\\r\\nX: y\"}",
                                      "{\"session_id\":\"0123456789012345\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(statusline_session(slice_str(bad[i]), id, sizeof id));
    struct statusline_burn b = statusline_burn_parse(
        SLICE_LIT("{\"burn\":{\"tokens_per_min\":5,\"cost_per_hour_usd\":0.5,\"is_estimate\":true}}"));
    assert_true(b.tokens_per_min == 5 && b.usd_per_hour == 0.5 && b.is_estimate);
    static const char *const empty[] = {"", "{}", "[]", "{\"burn\":null}",
                                        "{\"burn\":{\"tokens_per_min\":-1}}"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        b = statusline_burn_parse(slice_str(empty[i]));
        assert_true(b.tokens_per_min == -1 && b.usd_per_hour < 0 && !b.is_estimate);
    }
}

static const char *socket_of(const struct env *env, int argc, const char *const *argv)
{
    static struct arena arena;
    arena_finish(&arena);
    arena_init(&arena, 1 << 20);
    return quick_socket(argc, argv, env, &arena);
}

static void the_socket_is_found_as_elsewhere(void **state)
{
    const char *config = temp_path(*state, "config.ini");
    write_file(config, "[paths]\nsocket = ~/of-file.sock\nstate_dir = /st\n", 0600);
    struct env plain = FAKE_ENV("HOME", "/h", "XDG_RUNTIME_DIR", "/run/u");
    const char *none_given[] = {"claude-top", "hook"};
    assert_string_equal(socket_of(&plain, 2, none_given), "/run/u/claude-top.sock");
    struct env home = FAKE_ENV("HOME", "/h");
    assert_string_equal(socket_of(&home, 2, none_given), "/h/.local/state/claude-top/claude-top.sock");
    const char *state_dir[] = {"claude-top", "hook", "--state-dir", "/other"};
    assert_string_equal(socket_of(&home, 4, state_dir), "/other/claude-top.sock");
    const char *by_config[] = {"claude-top", "hook", "--config", config};
    assert_string_equal(socket_of(&plain, 4, by_config), "/h/of-file.sock");
    struct env by_env = FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", config, "CLAUDE_TOP_SOCKET", "/of-env");
    assert_string_equal(socket_of(&by_env, 2, none_given), "/of-env");
    const char *flag[] = {"claude-top", "hook", "--socket=/a", "--nonsense", "--socket", "/b"};
    assert_string_equal(socket_of(&by_env, 6, flag), "/b");
    const char *cut[] = {"claude-top", "hook", "--socket"};
    assert_string_equal(socket_of(&plain, 3, cut), "/run/u/claude-top.sock");
}

static void which_command_is_quick(void **state)
{
    (void)state;
    const char *hook[] = {"x", "hook", "--nonsense"}, *help[] = {"x", "hook", "--help"};
    const char *line[] = {"x", "statusline"}, *status[] = {"x", "status"};
    assert_non_null(quick_command(3, hook));
    assert_non_null(quick_command(2, line));
    assert_null(quick_command(3, help));
    assert_null(quick_command(2, status));
    assert_null(quick_command(1, hook));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),
        cmocka_unit_test(only_what_is_known),
        cmocka_unit_test(colours_tell_how_bad_it_is),
        cmocka_unit_test(nothing_drives_the_terminal),
        cmocka_unit_test(sessions_and_burn),
        cmocka_unit_test_setup_teardown(the_socket_is_found_as_elsewhere, make_temp_dir, remove_temp_dir),
        cmocka_unit_test(which_command_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
