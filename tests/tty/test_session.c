/* What happens around the frames: crashes, signals, a terminal that stalls, suspend, resize, keys, sequences.
 */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* setrlimit's names */
#include "tty_fixture.h"

#include "clock.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct terminal_config xterm = {.term = "xterm-256color", .mouse = true};

static void show(struct tty *tty, struct terminal *t, unsigned scene)
{
    struct grid grid;
    struct theme theme;
    int rows, cols;
    theme_builtin(&theme, 0);
    terminal_size(t, &rows, &cols);
    grid_init(&grid, cols, rows);
    tty_scene(&grid, scene);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    grid_finish(&grid);
}

static void assert_shows(struct tty *tty, unsigned scene)
{
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, tty->cols, tty->rows);
    tty_scene(&grid, scene);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, true);
    grid_finish(&grid);
}

/* The sanitizers' handlers would end the program in their own way. */
static void plain_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

/* What stood on the terminal before. */
#define BEFORE "one\r\ntwo\r\nthree"

static struct terminal *open_and_show(struct tty *tty, const struct terminal_config *config)
{
    plain_signals();
    TTY_CHECK(tty, write(1, BEFORE, sizeof BEFORE - 1) == sizeof BEFORE - 1);
    struct terminal *t = tty_open(tty, config);
    show(tty, t, 1);
    tty_step(tty, t);
    return t;
}

/* The shell goes on where it was, not at the top of what it had written. */
static void assert_text_and_cursor_are_back(struct tty *tty)
{
    char text[16] = "";
    VTermPos at;
    vterm_screen_get_text(tty->screen, text, sizeof text - 1,
                          (VTermRect){.start_row = 2, .end_row = 3, .start_col = 0, .end_col = 5});
    assert_string_equal(text, "three");
    vterm_state_get_cursorpos(vterm_obtain_state(tty->vt), &at);
    /* ncurses ends with a carriage return. */
    if (at.row != 2 || (at.col != 5 && at.col != 0))
        fail_msg("the cursor is at (%d, %d), not in line 2", at.row, at.col);
}

static void expect_end(tty_program program, int sig)
{
    struct tty *tty = tty_start(24, 80, &xterm, program);
    tty_wait_step(tty);
    assert_shows(tty, 1);
    assert_true(tty->alternate);
    assert_true(tty->cursor_hidden);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_CLICK);
    tty_go(tty);
    int status = tty_wait_exit(tty);
    if (sig ? !WIFSIGNALED(status) || WTERMSIG(status) != sig : status != 0)
        fail_msg("wait status %x: %s", (unsigned)status, tty_words(tty));
    tty_assert_restored(tty);
    assert_text_and_cursor_are_back(tty);
    tty_finish(tty);
}

static void quit(struct tty *tty, const struct terminal_config *config)
{
    terminal_close(open_and_show(tty, config));
}

static void test_quit(void **state)
{
    (void)state;
    expect_end(quit, 0);
}

static void fault(struct tty *tty, const struct terminal_config *config)
{
    open_and_show(tty, config);
    raise(SIGSEGV);
}

__attribute__((no_sanitize("address", "undefined"))) static void
really_fault(struct tty *tty, const struct terminal_config *config)
{
    open_and_show(tty, config);
    int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void test_segmentation_fault(void **state)
{
    (void)state;
    expect_end(really_fault, SIGSEGV);
    expect_end(fault, SIGSEGV);
}

static void call_abort(struct tty *tty, const struct terminal_config *config)
{
    open_and_show(tty, config);
    abort();
}

static void test_abort(void **state)
{
    (void)state;
    expect_end(call_abort, SIGABRT);
}

__attribute__((no_sanitize("address", "undefined"), noinline)) static int descend(volatile char *above)
{
    volatile char here[512];
    here[0] = (char)(above[0] + 1);
    return here[0] == 77 && above[1] == 78 ? 1 : descend(here) + here[0];
}

static void overflow(struct tty *tty, const struct terminal_config *config)
{
    open_and_show(tty, config);
    char start[2] = {0};
    _exit(descend(start) ? 1 : 2);
}

static void test_stack_overflow(void **state)
{
    (void)state;
    expect_end(overflow, SIGSEGV);
}

/* The application's own handling: close, then end by the signal. */
static void terminated(struct tty *tty, const struct terminal_config *config)
{
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct terminal *t = open_and_show(tty, config);
    sigwait(&set, &sig);
    terminal_close(t);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
}

static void test_sigterm(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, terminated);
    tty_wait_step(tty);
    tty_go(tty);
    assert_int_equal(kill(tty->child, SIGTERM), 0);
    int status = tty_wait_exit(tty);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* newterm() installs handlers of its own where there are none. */
static void keeps_signals(struct tty *tty, const struct terminal_config *config)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH, SIGQUIT, SIGHUP, SIGCONT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    struct terminal *t = open_and_show(tty, config);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction now;
        sigaction(signals[i], NULL, &now);
        TTY_CHECK(tty, now.sa_handler == SIG_DFL);
    }
    struct sigaction crash;
    sigaction(SIGSEGV, NULL, &crash);
    TTY_CHECK(tty, crash.sa_handler != SIG_DFL);
    terminal_close(t);
    sigaction(SIGSEGV, NULL, &crash);
    TTY_CHECK(tty, crash.sa_handler == SIG_DFL);
}

static void test_signals_are_left_alone(void **state)
{
    (void)state;
    expect_end(keeps_signals, 0);
}

/* ---------------------------------------------------------------------------------------------------- stalls
 */

#define STALL_ROWS 60
#define STALL_COLS 300

/* Until the terminal takes no more. Returns the number of the last scene. */
static unsigned stall(struct tty *tty, struct terminal *t, int64_t *slowest)
{
    struct grid grid;
    struct theme theme;
    unsigned scene = 0;
    theme_builtin(&theme, 0);
    grid_init(&grid, STALL_COLS, STALL_ROWS);
    for (int behind = 0; behind < 20; behind += terminal_wants_write(t)) {
        tty_scene(&grid, ++scene);
        int64_t start = clock_mono();
        enum ct_err err = terminal_present(t, &grid, &theme);
        int64_t took = clock_mono() - start;
        *slowest = took > *slowest ? took : *slowest;
        TTY_CHECK(tty, err == CT_OK || err == CT_AGAIN);
        TTY_CHECK(tty, scene < 10000);
    }
    grid_finish(&grid);
    return scene;
}

static void stalled(struct tty *tty, const struct terminal_config *config)
{
    plain_signals();
    struct terminal *t = tty_open(tty, config);
    int64_t slowest = 0;
    unsigned scene = stall(tty, t, &slowest);
    TTY_CHECK(tty, slowest < NS_PER_SEC); /* a blocking write would last until somebody reads */
    TTY_CHECK(tty, terminal_stats(t).frames_dropped >= 19);
    tty_say(tty, "%u", scene);
    tty_wait_go(tty);
    bool again = false;
    while (terminal_wants_write(t)) {
        struct pollfd p = {.fd = terminal_fd(t), .events = POLLOUT};
        TTY_CHECK(tty, poll(&p, 1, TTY_DEADLINE_MS) == 1);
        again = terminal_write(t);
    }
    TTY_CHECK(tty, again);
    show(tty, t, scene);
    tty_step(tty, t);
    terminal_close(t);
}

static unsigned wait_number(struct tty *tty)
{
    struct pollfd p = {.fd = tty->from_child, .events = POLLIN};
    assert_int_equal(poll(&p, 1, TTY_DEADLINE_MS), 1);
    const char *words = tty_words(tty);
    char *end;
    unsigned long number = strtoul(words, &end, 10);
    if (*end || end == words)
        fail_msg("the program says: %s", words);
    return (unsigned)number;
}

static void test_stalled_terminal(void **state)
{
    (void)state;
    struct tty *tty = tty_start(STALL_ROWS, STALL_COLS, &xterm, stalled);
    unsigned scene = wait_number(tty);
    tty_go(tty);
    tty_wait_step(tty);
    assert_shows(tty, scene);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* Dying in the middle of a frame: the sequence that was cut short does not swallow what restores the
 * terminal. */
static void die_stalled(struct tty *tty, const struct terminal_config *config)
{
    plain_signals();
    struct terminal *t = tty_open(tty, config);
    int64_t slowest = 0;
    tty_say(tty, "%u", stall(tty, t, &slowest));
    raise(SIGSEGV);
}

static void test_crash_while_stalled(void **state)
{
    (void)state;
    struct tty *tty = tty_start(STALL_ROWS, STALL_COLS, &xterm, die_stalled);
    wait_number(tty);
    int status = tty_wait_exit(tty);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* A terminal that is never read again does not keep the program from ending. */
static void close_stalled(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    int64_t slowest = 0;
    stall(tty, t, &slowest);
    int64_t start = clock_mono();
    terminal_close(t);
    TTY_CHECK(tty, clock_mono() - start < 10 * TERMINAL_DRAIN_MS * NS_PER_MS);
    tty_say(tty, "0");
}

static void test_close_while_stalled(void **state)
{
    (void)state;
    struct tty *tty = tty_start(STALL_ROWS, STALL_COLS, &xterm, close_stalled);
    wait_number(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    struct termios now;
    assert_int_equal(tcgetattr(tty->slave, &now), 0);
    assert_int_equal(now.c_lflag, tty->before.c_lflag);
    tty_finish(tty);
}

/* ------------------------------------------------------------------------------------------ suspend and size
 */

static void suspends(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = open_and_show(tty, config);
    struct ct_errmsg msg = {""};
    terminal_suspend(t);
    terminal_suspend(t);
    show(tty, t, 7); /* nothing may come of it */
    tty_step(tty, t);
    TTY_CHECK(tty, terminal_resume(t, &msg) == CT_OK);
    show(tty, t, 2);
    tty_step(tty, t);
    terminal_close(t);
}

static void test_suspend(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, suspends);
    tty_wait_step(tty);
    tty_go(tty);
    tty_wait_step(tty);
    tty_assert_restored(tty);
    assert_text_and_cursor_are_back(tty);
    tty_go(tty);
    tty_wait_step(tty);
    assert_true(tty->alternate);
    assert_true(tty->cursor_hidden);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_CLICK);
    assert_shows(tty, 2);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    assert_text_and_cursor_are_back(tty);
    tty_finish(tty);
}

static const int sizes[][2] = {{24, 80}, {10, 30}, {50, 200}, {6, 30}, {24, 81}, {1, 1}, {24, 80}};

static void resizes(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int rows, cols;
        TTY_CHECK(tty, terminal_resized(t) == (i > 0));
        TTY_CHECK(tty, !terminal_resized(t));
        terminal_size(t, &rows, &cols);
        TTY_CHECK(tty, rows == sizes[i][0] && cols == sizes[i][1]);
        show(tty, t, i);
        tty_step(tty, t);
        show(tty, t, i + 20);
        tty_step(tty, t);
    }
    terminal_close(t);
}

static void test_resize(void **state)
{
    (void)state;
    struct tty *tty = tty_start(sizes[0][0], sizes[0][1], &xterm, resizes);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        tty_wait_step(tty);
        assert_shows(tty, i);
        tty_go(tty);
        tty_wait_step(tty);
        assert_shows(tty, i + 20);
        if (i + 1 < sizeof sizes / sizeof sizes[0])
            tty_resize(tty, sizes[i + 1][0], sizes[i + 1][1]);
        tty_go(tty);
    }
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_finish(tty);
}

/* A grid of another size than the terminal: what is missing is blank, what is too much is not shown. */
static void shows_other_size(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    struct theme theme;
    struct grid grid;
    theme_builtin(&theme, 0);
    show(tty, t, 1);
    grid_init(&grid, 10, 2);
    grid_put(&grid, 1, 0, 10, SLICE_LIT("small"), ROLE_TEXT);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    tty_step(tty, t);
    grid_resize(&grid, 300, 100);
    tty_scene(&grid, 3);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    tty_step(tty, t);
    grid_finish(&grid);
    terminal_close(t);
}

static void test_other_size(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, shows_other_size);
    struct theme theme;
    struct grid grid;
    theme_builtin(&theme, 0);
    tty_wait_step(tty);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 1, 0, 10, SLICE_LIT("small"), ROLE_TEXT);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, false);
    tty_go(tty);
    tty_wait_step(tty);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    grid_finish(&grid);
    tty_finish(tty);
}

/* -------------------------------------------------------------------------------------------------------
 * keys */

/* Says every key until q. */
static void reads_keys(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = open_and_show(tty, config);
    for (uint32_t last = 0; last != 'q';) {
        struct pollfd p = {.fd = terminal_fd(t), .events = POLLIN};
        int ready = poll(&p, 1, terminal_escape_pending(t) ? TERMINAL_ESCAPE_MS : TTY_DEADLINE_MS);
        TTY_CHECK(tty, ready > 0 || terminal_escape_pending(t));
        if (ready == 0)
            terminal_escape_timeout(t);
        struct key key;
        while (terminal_read(t, clock_mono(), &key) == CT_OK) {
            tty_say(tty, "%x%s ", (unsigned)key.code, key.mouse == MOUSE_PRESS ? "!" : "");
            last = key.code;
        }
    }
    terminal_close(t);
}

static void expect_words(struct tty *tty, const char *expected)
{
    char got[512] = "";
    while (strlen(got) < strlen(expected)) {
        struct pollfd p = {.fd = tty->from_child, .events = POLLIN};
        if (poll(&p, 1, TTY_DEADLINE_MS) != 1)
            fail_msg("only \"%s\" came", got);
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s", tty_words(tty));
    }
    assert_string_equal(got, expected);
}

static void test_keys(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, reads_keys);
    tty_wait_step(tty);
    tty_go(tty);
    tty_type(tty, "a\003\r");
    expect_words(tty, "61 3 d ");
    tty_type(tty, "\033");
    expect_words(tty, "1b ");
    tty_type(tty, "\033OA\033[<0;5;6M\033OP\xc3\xa9");
    expect_words(tty, "110000 110017! 11000b e9 ");
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* The terminal hangs up: reading ends, and nothing spins or crashes. */
static void hears_hangup(struct tty *tty, const struct terminal_config *config)
{
    signal(SIGHUP, SIG_IGN);
    struct terminal *t = open_and_show(tty, config);
    struct key key;
    struct pollfd p = {.fd = terminal_fd(t), .events = POLLIN};
    close(tty->slave);
    TTY_CHECK(tty, poll(&p, 1, TTY_DEADLINE_MS) == 1);
    TTY_CHECK(tty, terminal_read(t, clock_mono(), &key) == CT_END);
    terminal_close(t);
    tty_say(tty, "42");
}

static void test_hangup(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, hears_hangup);
    tty_wait_step(tty);
    close(tty->slave);
    close(tty->master);
    tty->slave = tty->master = -1;
    tty_go(tty);
    assert_int_equal(wait_number(tty), 42);
    tty_finish(tty);
}

/* --------------------------------------------------------------------------------------------------
 * sequences */

#define LINK "http://localhost:3000/explore?schemaVersion=1&panes=%7B%22abc%22"

static void sends_sequences(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = open_and_show(tty, config);
    terminal_title(t, "⏸ 1 · claude-top");
    terminal_bell(t);
    TTY_CHECK(tty, terminal_copy(t, SLICE_LIT("any carnal pleas")) == CT_OK);
    TTY_CHECK(tty, terminal_copy(t, SLICE_NULL) == CT_OK);
    TTY_CHECK(tty, terminal_copy(t, slice_make("", TERMINAL_COPY_MAX + 1)) == CT_ERR_LIMIT);
    terminal_notify(t, "web-ui waits; for you");
    terminal_notify(t, "evil\033]52;c;BBBB\007");
    terminal_title(t, "evil\033]52;c;AAAA\007");
    TTY_CHECK(tty, terminal_link(t, "http://x/\033\\") == CT_ERR_USAGE);
    terminal_mouse(t, false);
    tty_step(tty, t);
    terminal_mouse(t, true);
    tty_step(tty, t);

    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 5, 10, 70, SLICE_LIT(LINK), ROLE_WARNING);
    grid_put(&grid, 7, 0, 20, SLICE_LIT(LINK), ROLE_DETAIL);
    TTY_CHECK(tty, terminal_link(t, LINK) == CT_OK);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    uint64_t bytes = terminal_stats(t).bytes;
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    TTY_CHECK(tty, terminal_stats(t).bytes == bytes);
    tty_step(tty, t);
    grid_put(&grid, 9, 0, 20, SLICE_LIT("more"), ROLE_COST);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    tty_step(tty, t);
    grid_finish(&grid);
    terminal_close(t);
}

static size_t count(const struct tty *tty, const char *bytes)
{
    struct slice rest = buf_slice(&tty->raw), needle = slice_str(bytes);
    size_t n = 0;
    for (size_t at; (at = slice_find_slice(rest, needle)) < rest.len; n++)
        rest = slice_sub(rest, at + needle.len, rest.len);
    return n;
}

static void test_sequences(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, sends_sequences);
    tty_wait_step(tty);
    assert_true(count(tty, "\033[?2026h") == 1 && count(tty, "\033[?2026l") == 1);
    tty_go(tty);
    tty_wait_step(tty);
    assert_string_equal(tty->title, "⏸ 1 · claude-top");
    assert_true(tty->bells >= 1);
    assert_int_equal(count(tty, "\033]9;claude-top: web-ui waits, for you\a"), 1);
    assert_int_equal(count(tty, "BBBB"), 0);
    assert_int_equal(count(tty, "\033]52;c;YW55IGNhcm5hbCBwbGVhcw==\033\\"), 1);
    assert_int_equal(count(tty, "\033]52;c;\033\\"), 1);
    assert_int_equal(count(tty, "AAAA"), 0);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_NONE);
    assert_shows(tty, 1);
    tty_go(tty);
    tty_wait_step(tty);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_CLICK);
    tty_go(tty);

    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 5, 10, 70, SLICE_LIT(LINK), ROLE_WARNING);
    grid_put(&grid, 7, 0, 20, SLICE_LIT(LINK), ROLE_DETAIL);
    tty_wait_step(tty);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, true);
    assert_int_equal(count(tty, "\033]8;;" LINK "\033\\"), 2); /* whole, and cut by an ellipsis */
    assert_int_equal(count(tty, "\033]8;;\033\\"), 2);
    grid_put(&grid, 9, 0, 20, SLICE_LIT("more"), ROLE_COST);
    tty_go(tty);
    tty_wait_step(tty);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, true);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    assert_int_equal(count(tty, "\033[23;0t"), 1);
    grid_finish(&grid);
    tty_finish(tty);
}

/* A plain console prints what it does not know: it gets none of these. */
static void test_plain_console(void **state)
{
    (void)state;
    struct terminal_config config = {.term = "linux", .mouse = true};
    struct tty *tty = tty_start(24, 80, &config, quit);
    tty_wait_step(tty);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    assert_int_equal(count(tty, "\033[?2026"), 0);
    assert_int_equal(count(tty, "\033[?2004"), 0);
    assert_int_equal(count(tty, "\033[22;0t"), 0);
    tty_finish(tty);
}

/* ------------------------------------------------------------------------------------- what cannot be shown
 */

static void shows_in_ascii(struct tty *tty, const struct terminal_config *config)
{
    setenv("LC_ALL", "C", 1);
    struct terminal *t = tty_open(tty, config);
    struct grid grid;
    struct theme theme;
    TTY_CHECK(tty, terminal_ascii(t));
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 0, 0, 80, SLICE_LIT("a中b→c|"), ROLE_TEXT);
    grid_put(&grid, 1, 0, 80, SLICE_LIT("plain"), ROLE_TEXT);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    tty_step(tty, t);
    TTY_CHECK(tty, terminal_stats(t).substitutes == 2);
    grid_finish(&grid);
    terminal_close(t);
}

static void test_ascii(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, shows_in_ascii);
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 0, 0, 80, SLICE_LIT("a?\?b?c|"), ROLE_TEXT);
    grid_put(&grid, 1, 0, 80, SLICE_LIT("plain"), ROLE_TEXT);
    tty_wait_step(tty);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, false);
    tty_go(tty);
    int status = tty_wait_exit(tty);
    if (status)
        fail_msg("%s", tty_words(tty));
    grid_finish(&grid);
    tty_finish(tty);
}

/* Cells whose width the system sees otherwise: the columns behind them stay where they are. */
static void shows_odd_widths(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    for (int row = 0; row < 2; row++)
        grid_put(&grid, row, 0, 80, SLICE_LIT("ab|xx中|yy"), ROLE_TEXT);
    /* A narrow character said to be wide, a wide one said to be narrow, and a control character. */
    struct cell *a = grid_at(&grid, 0, 0);
    a->width = 2;
    *grid_at(&grid, 0, 1) = (struct cell){.width = 0};
    struct cell *x = grid_at(&grid, 0, 3);
    memcpy(x->text, "中", x->len = sizeof "中" - 1);
    grid_at(&grid, 0, 4)->text[0] = '\033';
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    TTY_CHECK(tty, terminal_stats(t).substitutes == 3);
    tty_step(tty, t);
    grid_finish(&grid);
    terminal_close(t);
}

static void test_odd_widths(void **state)
{
    (void)state;
    struct tty *tty = tty_start(24, 80, &xterm, shows_odd_widths);
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, 80, 24);
    grid_put(&grid, 0, 0, 80, SLICE_LIT("〓|\ufffd\ufffd中|yy"), ROLE_TEXT);
    grid_put(&grid, 1, 0, 80, SLICE_LIT("ab|xx中|yy"), ROLE_TEXT);
    tty_wait_step(tty);
    tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, false);
    tty_go(tty);
    assert_int_equal(tty_wait_exit(tty), 0);
    grid_finish(&grid);
    tty_finish(tty);
}

static void cannot_open(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = NULL;
    struct ct_errmsg msg = {""};
    enum ct_err err = terminal_open(config, &t, &msg);
    tty_say(tty, "%s: %s", ct_err_name(err), msg.text);
    _exit(0);
}

static void expect_refusal(struct terminal_config config, const char *words)
{
    struct tty *tty = tty_start(24, 80, &config, cannot_open);
    assert_int_equal(tty_wait_exit(tty), 0);
    const char *said = tty_words(tty);
    if (!strstr(said, words) || !strstr(said, "--once"))
        fail_msg("\"%s\" does not say \"%s\"", said, words);
    tty_assert_restored(tty);
    tty_finish(tty);
}

static void test_no_screen(void **state)
{
    (void)state;
    expect_refusal((struct terminal_config){.term = "dumb"}, "type dumb cannot show a screen");
    expect_refusal((struct terminal_config){.term = "no-such-terminal"}, "not in this system's terminfo");
    expect_refusal((struct terminal_config){.term = NULL}, "TERM is not set");
    expect_refusal((struct terminal_config){.term = "xterm", .path = "/dev/null"}, "there is no terminal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quit),
        cmocka_unit_test(test_segmentation_fault),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_stack_overflow),
        cmocka_unit_test(test_sigterm),
        cmocka_unit_test(test_signals_are_left_alone),
        cmocka_unit_test(test_stalled_terminal),
        cmocka_unit_test(test_crash_while_stalled),
        cmocka_unit_test(test_close_while_stalled),
        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_other_size),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_hangup),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_plain_console),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_odd_widths),
        cmocka_unit_test(test_no_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
