/*
 * The program itself on a terminal: a session of keys and mouse through every view from start to quit, and
 * the terminal given back however the program ends. `claude-top demo` needs neither ports nor a journal.
 */
#define _XOPEN_SOURCE 700
#include "tty_fixture.h"

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;

static const struct terminal_config xterm = {.term = "xterm-256color"};

static void run_demo(struct tty *tty, const struct terminal_config *config)
{
    setenv("TERM", config->term, 1);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    execl(program, program, "demo", (char *)NULL);
    tty_say(tty, "cannot run %s: %s", program, strerror(errno));
    _exit(98);
}

static struct tty *start(const struct terminal_config *config)
{
    struct tty *tty = tty_start(36, 120, config, run_demo);
    tty_wait_text(tty, "SESSION / TURN / CALL");
    return tty;
}

static void type_and_see(struct tty *tty, const char *keys, const char *text)
{
    tty_type(tty, keys);
    tty_wait_text(tty, text);
}

static void keys_and_mouse_through_every_view(void **state)
{
    (void)state;
    struct tty *tty = start(&xterm);
    assert_true(tty->alternate);
    assert_true(tty->cursor_hidden);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_CLICK);
    type_and_see(tty, "jj2", "│0");
    type_and_see(tty, "3", "RED 15 min");
    type_and_see(tty, "W", "RED all");
    type_and_see(tty, "4", "EVENT ");
    type_and_see(tty, "5", "DETAILS");
    type_and_see(tty, "6", "FLOW");
    type_and_see(tty, "?", "one row down");
    type_and_see(tty, "\033[B\033[6~\033OP", "FLOW");
    type_and_see(tty, "1", "SESSION / TURN / CALL");
    type_and_see(tty, "/zzzz", "not found");
    type_and_see(tty, "\r\033", "Search");
    type_and_see(tty, "fid:zzzz\r", "No session passes");
    type_and_see(tty, "\033", "Search");
    /* The wheel, a click on a row, a double click, a click on a title that sorts, a report cut in two. */
    tty_type(tty, "\033[<65;10;10M\033[<64;10;10M\033[<0;10;3M\033[<0;10;3m\033[<0;10;3M\033[<0;10;3m");
    tty_type(tty, "\033[<0;3");
    type_and_see(tty, ";2M\033[<0;3;2m", "SESSION / TURN / CALL ");
    type_and_see(tty, "P", "PAUSED");
    type_and_see(tty, "P", "Search");
    tty_resize(tty, 20, 40);
    tty_wait_text(tty, "SESSION ");
    tty_resize(tty, 5, 20);
    tty_wait_text(tty, "too small");
    tty_resize(tty, 36, 120);
    tty_wait_text(tty, "SESSION / TURN / CALL");
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* However it dies in whatever view: modes, screen, cursor and mouse are the shell's again. */
static void dies_in_order(void **state)
{
    (void)state;
    static const struct {
        int signal;
        const char *view, *text;
        bool clean; /* it leaves by itself */
    } deaths[] = {
        {SIGTERM, "", "SESSION", true},        {SIGINT, "2", "│0", true},
        {SIGHUP, "4", "EVENT ", true},         {SIGSEGV, "3", "RED 15 min", false},
        {SIGABRT, "?", "one row down", false}, {SIGBUS, "5", "DETAILS", false},
        {SIGFPE, "6", "FLOW", false},
    };
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        struct tty *tty = start(&xterm);
        type_and_see(tty, deaths[i].view, deaths[i].text);
        assert_int_equal(kill(tty->child, deaths[i].signal), 0);
        int status = tty_wait_exit(tty);
        if (WIFSIGNALED(status) == deaths[i].clean)
            fail_msg("after signal %d it ended with status %#x", deaths[i].signal, (unsigned)status);
        tty_assert_restored(tty);
        tty_finish(tty);
    }
}

static const char *const TERMS[] = {"xterm", "xterm-256color",  "xterm-direct",  "linux", "xterm-kitty",
                                    "foot",  "screen-256color", "tmux-256color", "vt100"};

/* Every view and everything that lies over one, on every terminal, by every signal: each with each in turn.
 */
static void dies_anywhere(void **state)
{
    static const struct {
        const char *keys, *text;
    } places[] = {
        {"1", "SESSION"},        {"2P", "PAUSED"},   {"3", "RED 15 min"}, {"4", "EVENT "},
        {"5", "DETAILS"},        {"6", "FLOW"},      {"7", "ALERTS"},     {"?", "one row down"},
        {"o", "Drilldown"},      {"c", "Columns"},   {"\033OQ", "theme"}, {"/zzzz", "not found"},
        {"fstate:", "what?"},    {"fzz:", "no key"}, {"i", "DETAILS"},    {"iw\t", "DETAILS"},
        {"*P?", "one row down"},
    };
    static const int signals[] = {SIGSEGV, SIGTERM, SIGABRT, SIGHUP};
    const size_t terms = sizeof TERMS / sizeof TERMS[0];
    (void)state;
    for (size_t i = 0; i < 2 * sizeof places / sizeof places[0]; i++) {
        size_t place = i % (sizeof places / sizeof places[0]);
        int sig = signals[(i + i / 17) % 4];
        const char *term = TERMS[i % terms];
        if (!tty_has_entry(term))
            term = "xterm";
        struct tty *tty = start(&(struct terminal_config){.term = term});
        type_and_see(tty, places[place].keys, places[place].text);
        assert_int_equal(kill(tty->child, sig), 0);
        int status = tty_wait_exit(tty);
        if (WIFSIGNALED(status) == (sig == SIGTERM || sig == SIGHUP))
            fail_msg("%s, after %s: signal %d ended it with status %#x", term, places[place].keys, sig,
                     (unsigned)status);
        tty_assert_restored(tty);
        tty_finish(tty);
    }
}

/* One that cannot place the cursor gets words, and nothing that it would show as rubbish. */
static void refuses_a_dumb_terminal(void **state)
{
    (void)state;
    if (!tty_has_entry("dumb"))
        skip();
    struct tty *tty = tty_start(24, 80, &(struct terminal_config){.term = "dumb"}, run_demo);
    int status = tty_wait_exit(tty);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    struct slice said = buf_slice(&tty->raw);
    assert_true(slice_find_slice(said, SLICE_LIT("--once")) < said.len);
    /* The first escape is the mark that the test itself writes at the end. */
    assert_int_equal(slice_find(said, '\033'), slice_find_slice(said, SLICE_LIT("\033]9999;")));
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* The terminal goes away: so does the program, by itself. */
static void ends_with_its_terminal(void **state)
{
    (void)state;
    struct tty *tty = start(&xterm);
    int status;
    close(tty->slave);
    close(tty->master);
    tty->slave = tty->master = -1;
    assert_int_equal(waitpid(tty->child, &status, 0), tty->child); /* its alarm ends one that stays */
    tty->child = 0;
    assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    tty_finish(tty);
}

static void stops_and_goes_on(void **state)
{
    (void)state;
    struct tty *tty = start(&xterm);
    int status;
    tty_type(tty, "\032");
    assert_int_equal(waitpid(tty->child, &status, WUNTRACED), tty->child);
    assert_true(WIFSTOPPED(status));
    struct termios now;
    assert_int_equal(tcgetattr(tty->slave, &now), 0);
    assert_int_equal(now.c_lflag, tty->before.c_lflag);
    assert_int_equal(kill(tty->child, SIGCONT), 0);
    type_and_see(tty, "3", "RED 15 min");
    assert_true(tty->alternate);
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

static void knows_its_terminals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TERMS / sizeof TERMS[0]; i++) {
        int status;
        if (!tty_has_entry(TERMS[i])) {
            print_message("# skipped: this system's terminfo has no entry %s\n", TERMS[i]);
            continue;
        }
        struct tty *tty = start(&(struct terminal_config){.term = TERMS[i]});
        tty_type(tty, "\032");
        assert_int_equal(waitpid(tty->child, &status, WUNTRACED), tty->child);
        assert_true(WIFSTOPPED(status));
        assert_int_equal(kill(tty->child, SIGCONT), 0);
        type_and_see(tty, "3", "RED 15 min");
        tty_type(tty, "q");
        assert_int_equal(tty_wait_exit(tty), 0);
        tty_assert_restored(tty);
        tty_finish(tty);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_mouse_through_every_view),
        cmocka_unit_test(dies_in_order),
        cmocka_unit_test(dies_anywhere),
        cmocka_unit_test(refuses_a_dumb_terminal),
        cmocka_unit_test(ends_with_its_terminal),
        cmocka_unit_test(stops_and_goes_on),
        cmocka_unit_test(knows_its_terminals),
    };
    program = argc > 1 ? argv[1] : "claude-top";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
