#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* TIOCSCTTY, TIOCSWINSZ */
#include "tty_fixture.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "\033]9999;step-%d\007"

static int on_prop(VTermProp prop, VTermValue *value, void *user)
{
    struct tty *tty = user;
    switch (prop) {
    case VTERM_PROP_ALTSCREEN:
        tty->alternate = value->boolean;
        break;
    case VTERM_PROP_CURSORVISIBLE:
        tty->cursor_hidden = !value->boolean;
        break;
    case VTERM_PROP_MOUSE:
        tty->mouse = value->number;
        break;
    case VTERM_PROP_TITLE:
        snprintf(tty->title, sizeof tty->title, "%s", value->string);
        break;
    default:
        break;
    }
    return 1;
}

static int on_bell(void *user)
{
    ((struct tty *)user)->bells++;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_prop, .bell = on_bell};

static void set_size(int fd, int rows, int cols)
{
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &ws), 0);
}

static void become_program(struct tty *tty, const struct terminal_config *config, tty_program program)
{
    close(tty->master);
    close(tty->to_child);
    close(tty->from_child);
    setsid();
    ioctl(tty->slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        dup2(tty->slave, fd);
    setenv("LC_ALL", "C.UTF-8", 0);
    alarm(60); /* a program that hangs ends by itself */
    program(tty, config);
    _exit(0);
}

struct tty *tty_start(int rows, int cols, const struct terminal_config *config, tty_program program)
{
    struct tty *tty = mem_alloc(sizeof *tty);
    int go[2], say[2];
    tty->rows = rows;
    tty->cols = cols;
    buf_init(&tty->raw, 256u << 20);
    tty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(tty->master >= 0);
    assert_int_equal(grantpt(tty->master), 0);
    assert_int_equal(unlockpt(tty->master), 0);
    tty->slave = open(ptsname(tty->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(tty->slave >= 0);
    set_size(tty->master, rows, cols);
    assert_int_equal(tcgetattr(tty->slave, &tty->before), 0);
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(say), 0);
    tty->go = go[0];
    tty->to_child = go[1];
    tty->from_child = say[0];
    tty->say = say[1];
    tty->vt = vterm_new(rows, cols);
    vterm_set_utf8(tty->vt, 1);
    tty->screen = vterm_obtain_screen(tty->vt);
    vterm_screen_enable_altscreen(tty->screen, 1);
    vterm_screen_set_callbacks(tty->screen, &callbacks, tty);
    vterm_screen_reset(tty->screen, 1);
    fflush(NULL);
    tty->child = fork();
    assert_true(tty->child >= 0);
    if (tty->child == 0)
        become_program(tty, config, program);
    close(tty->go);
    close(tty->say);
    fcntl(tty->master, F_SETFL, O_NONBLOCK);
    fcntl(tty->from_child, F_SETFL, O_NONBLOCK);
    return tty;
}

void tty_finish(struct tty *tty)
{
    if (tty->child > 0) {
        kill(tty->child, SIGKILL);
        waitpid(tty->child, NULL, 0);
    }
    close(tty->master);
    close(tty->slave);
    close(tty->to_child);
    close(tty->from_child);
    vterm_free(tty->vt);
    buf_finish(&tty->raw);
    free(tty);
}

const char *tty_words(struct tty *tty)
{
    static char words[2048];
    ssize_t n = read(tty->from_child, words, sizeof words - 1);
    words[n > 0 ? n : 0] = '\0';
    return words;
}

/*
 * libvterm 0.1 takes the empty colour space in "38:2::r:g:b" for the red, so that it is left out. What may be
 * the start of it at the end waits for the rest.
 */
static void feed(struct tty *tty)
{
    static const char pattern[] = "8:2::";
    struct slice rest = slice_sub(buf_slice(&tty->raw), tty->fed, tty->raw.len);
    size_t at;
    while ((at = slice_find_slice(rest, SLICE_LIT(pattern))) < rest.len) {
        vterm_input_write(tty->vt, rest.ptr, at + sizeof pattern - 2);
        rest = slice_sub(rest, at + sizeof pattern - 1, rest.len);
    }
    size_t keep = rest.len < sizeof pattern - 2 ? rest.len : sizeof pattern - 2;
    while (keep > 0 && memcmp(rest.ptr + rest.len - keep, pattern, keep) != 0)
        keep--;
    vterm_input_write(tty->vt, rest.ptr, rest.len - keep);
    tty->fed = tty->raw.len - keep;
}

/* Takes what there is; libvterm gets it at the next mark, since it loses a combining mark whose base came in
 * a write before. False at the end: nobody has the slave open but us, or an error. */
static bool pump(struct tty *tty)
{
    char bytes[65536];
    ssize_t n = read(tty->master, bytes, sizeof bytes);
    if (n > 0) {
        assert_int_equal(buf_append(&tty->raw, slice_make(bytes, (size_t)n)), CT_OK);
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool has_mark(const struct tty *tty, int step)
{
    char mark[40];
    snprintf(mark, sizeof mark, MARK, step);
    return slice_find_slice(buf_slice(&tty->raw), slice_str(mark)) < tty->raw.len;
}

void tty_wait_step(struct tty *tty)
{
    int64_t deadline = clock_mono() + TTY_DEADLINE_MS * NS_PER_MS;
    tty->steps++;
    while (!has_mark(tty, tty->steps)) {
        struct pollfd p[2] = {{.fd = tty->master, .events = POLLIN},
                              {.fd = tty->from_child, .events = POLLIN}};
        int64_t left = (deadline - clock_mono()) / NS_PER_MS;
        if (left <= 0 || poll(p, 2, (int)left) <= 0)
            fail_msg("step %d did not come in time; the program says: %s", tty->steps, tty_words(tty));
        if (p[1].revents) {
            const char *words = tty_words(tty);
            fail_msg("instead of step %d: %s", tty->steps, *words ? words : "the program has gone");
        }
        if (!pump(tty))
            fail_msg("the terminal was closed before step %d", tty->steps);
    }
    feed(tty);
}

static bool shows(const struct tty *tty, const char *text)
{
    char row[4096];
    for (int i = 0; i < tty->rows; i++) {
        VTermRect rect = {.start_row = i, .end_row = i + 1, .start_col = 0, .end_col = tty->cols};
        size_t len = vterm_screen_get_text(tty->screen, row, sizeof row - 1, rect);
        row[len < sizeof row ? len : sizeof row - 1] = '\0';
        if (strstr(row, text))
            return true;
    }
    return false;
}

void tty_wait_text(struct tty *tty, const char *text)
{
    int64_t deadline = clock_mono() + TTY_DEADLINE_MS * NS_PER_MS;
    while (!shows(tty, text)) {
        struct pollfd p = {.fd = tty->master, .events = POLLIN};
        int64_t left = (deadline - clock_mono()) / NS_PER_MS;
        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            fail_msg("\"%s\" did not appear in time", text);
        if (!pump(tty))
            fail_msg("the terminal was closed before \"%s\" appeared", text);
        feed(tty);
    }
}

static struct color color_of(const VTermColor *color)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(color) || VTERM_COLOR_IS_DEFAULT_BG(color))
        return (struct color){.kind = COLOR_DEFAULT};
    if (VTERM_COLOR_IS_INDEXED(color))
        return (struct color){.kind = COLOR_INDEX, .r = color->indexed.idx};
    return (struct color){COLOR_RGB, color->rgb.red, color->rgb.green, color->rgb.blue};
}

static bool same_color(struct color a, struct color b)
{
    return a.kind == b.kind && (a.kind == COLOR_DEFAULT || a.r == b.r) &&
           (a.kind != COLOR_RGB || (a.g == b.g && a.b == b.b));
}

static struct color background(struct tty *tty, int row, int col)
{
    VTermScreenCell cell;
    VTermPos at = {row, col};
    vterm_screen_get_cell(tty->screen, at, &cell);
    return color_of(&cell.bg);
}

void tty_wait_background(struct tty *tty, int row, int col, struct color want)
{
    int64_t deadline = clock_mono() + TTY_DEADLINE_MS * NS_PER_MS;
    while (!same_color(background(tty, row, col), want)) {
        struct pollfd p = {.fd = tty->master, .events = POLLIN};
        int64_t left = (deadline - clock_mono()) / NS_PER_MS;
        struct color got = background(tty, row, col);
        if (left <= 0 || poll(&p, 1, (int)left) <= 0 || !pump(tty))
            fail_msg("(%d, %d): the background stays %d:%d,%d,%d", row, col, got.kind, got.r, got.g, got.b);
        feed(tty);
    }
}

void tty_go(struct tty *tty)
{
    assert_int_equal(write(tty->to_child, "g", 1), 1);
}

int tty_wait_exit(struct tty *tty)
{
    int64_t deadline = clock_mono() + TTY_DEADLINE_MS * NS_PER_MS;
    int status = 0;
    /* The pipe's other end closes with the program; what it wrote to the terminal has left it by then. */
    for (bool gone = false; !gone;) {
        struct pollfd p[2] = {{.fd = tty->master, .events = POLLIN}, {.fd = tty->from_child, .events = 0}};
        int64_t left = (deadline - clock_mono()) / NS_PER_MS;
        if (left <= 0 || poll(p, 2, (int)left) <= 0)
            fail_msg("the program did not end in time; it says: %s", tty_words(tty));
        gone = (p[1].revents & POLLHUP) != 0;
        if (p[0].revents)
            pump(tty);
    }
    assert_int_equal(waitpid(tty->child, &status, 0), tty->child);
    tty->child = 0;
    /* A mark of our own behind the program's last bytes: the pseudo-terminal keeps the order. */
    char mark[40];
    snprintf(mark, sizeof mark, MARK, ++tty->steps);
    assert_int_equal(tcgetattr(tty->slave, &tty->cooked), 0);
    assert_int_equal(fcntl(tty->slave, F_SETFL, O_NONBLOCK), 0);
    for (size_t sent = 0; !has_mark(tty, tty->steps);) {
        ssize_t n = write(tty->slave, mark + sent, strlen(mark + sent));
        sent += n > 0 ? (size_t)n : 0;
        struct pollfd p = {.fd = tty->master, .events = POLLIN};
        assert_int_equal(poll(&p, 1, TTY_DEADLINE_MS), 1);
        assert_true(pump(tty));
    }
    feed(tty);
    return status;
}

void tty_type(struct tty *tty, const char *bytes)
{
    assert_int_equal(write(tty->master, bytes, strlen(bytes)), strlen(bytes));
}

void tty_resize(struct tty *tty, int rows, int cols)
{
    tty->rows = rows;
    tty->cols = cols;
    vterm_set_size(tty->vt, rows, cols);
    set_size(tty->master, rows, cols);
}

static bool same_modes(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
           a->c_cflag == b->c_cflag && memcmp(a->c_cc, b->c_cc, sizeof a->c_cc) == 0;
}

void tty_assert_restored(struct tty *tty)
{
    struct termios now;
    assert_int_equal(tcgetattr(tty->slave, &now), 0);
    assert_true(same_modes(&now, &tty->before));
    assert_false(tty->alternate);
    assert_false(tty->cursor_hidden);
    assert_int_equal(tty->mouse, VTERM_PROP_MOUSE_NONE);
}

/* With direct colours the lowest eight values are the palette's: the darkest blacks are a shade of blue
 * there. */
static void lift_black(struct color *c)
{
    if (c->kind == COLOR_RGB && c->r == 0 && c->g == 0 && c->b < 8)
        c->b |= 8;
}

/* Eight colours: bright ones are bold. */
static struct style on_terminal(struct style style, int colors)
{
    if (style.fg.kind == COLOR_INDEX && style.fg.r >= colors) {
        style.fg.r = style.fg.r % 8;
        style.attrs |= STYLE_BOLD;
    }
    if (style.bg.kind == COLOR_INDEX && style.bg.r >= colors)
        style.bg.r = style.bg.r % 8;
    lift_black(&style.fg);
    lift_black(&style.bg);
    return style;
}

static void assert_style(const VTermScreenCell *got, struct style want, int row, int col)
{
    struct color fg = color_of(&got->fg), bg = color_of(&got->bg);
    if (!same_color(bg, want.bg))
        fail_msg("(%d, %d): background %d:%d,%d,%d, expected %d:%d,%d,%d", row, col, bg.kind, bg.r, bg.g,
                 bg.b, want.bg.kind, want.bg.r, want.bg.g, want.bg.b);
    /* A blank has no foreground to be seen, nor is it bold. */
    bool blank = got->chars[0] == 0 || got->chars[0] == ' ';
    if (!blank && !same_color(fg, want.fg))
        fail_msg("(%d, %d): foreground %d:%d,%d,%d, expected %d:%d,%d,%d", row, col, fg.kind, fg.r, fg.g,
                 fg.b, want.fg.kind, want.fg.r, want.fg.g, want.fg.b);
    if (!blank && got->attrs.bold != ((want.attrs & STYLE_BOLD) != 0))
        fail_msg("(%d, %d): bold is %d", row, col, got->attrs.bold);
    if (got->attrs.reverse != ((want.attrs & STYLE_REVERSE) != 0))
        fail_msg("(%d, %d): reverse is %d", row, col, got->attrs.reverse);
    if ((got->attrs.underline != 0) != ((want.attrs & STYLE_UNDERLINE) != 0))
        fail_msg("(%d, %d): underline is %d", row, col, got->attrs.underline);
}

static void cell_utf8(const VTermScreenCell *cell, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++)
        len += text_encode(cell->chars[i], out + len);
    if (len == 0)
        out[len++] = ' ';
    out[len] = '\0';
}

void tty_assert_screen(struct tty *tty, const struct grid *grid, const struct theme *theme,
                       enum color_depth depth, int colors, bool styles)
{
    for (int row = 0; row < grid->rows; row++) {
        for (int col = 0; col < grid->cols; col++) {
            const struct cell *want = grid_at(grid, row, col);
            VTermScreenCell got;
            char text[VTERM_MAX_CHARS_PER_CELL * 4 + 2];
            if (want->width == 0)
                continue;
            assert_int_equal(vterm_screen_get_cell(tty->screen, (VTermPos){row, col}, &got), 1);
            cell_utf8(&got, text);
            if (!slice_eq_str(slice_make(want->text, want->len), text) || got.width != want->width)
                fail_msg("(%d, %d) is \"%s\" of width %d, expected \"%.*s\" of width %d", row, col, text,
                         got.width, (int)want->len, want->text, want->width);
            if (styles)
                assert_style(&got, on_terminal(theme_style(theme, want->role, want->flags, depth), colors),
                             row, col);
        }
    }
}

struct terminal *tty_open(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = NULL;
    struct ct_errmsg msg = {""};
    enum ct_err err = terminal_open(config, &t, &msg);
    if (err) {
        tty_say(tty, "%s: %s", ct_err_name(err), msg.text);
        _exit(98);
    }
    return t;
}

void tty_flush(struct terminal *t)
{
    while (terminal_wants_write(t)) {
        struct pollfd p = {.fd = terminal_fd(t), .events = POLLOUT};
        poll(&p, 1, TTY_DEADLINE_MS);
        terminal_write(t);
    }
}

void tty_wait_go(struct tty *tty)
{
    char byte;
    ssize_t n;
    do
        n = read(tty->go, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        _exit(97);
}

void tty_step(struct tty *tty, struct terminal *t)
{
    if (t)
        tty_flush(t);
    char mark[40];
    snprintf(mark, sizeof mark, MARK, ++tty->steps);
    if (write(1, mark, strlen(mark)) != (ssize_t)strlen(mark))
        _exit(96);
    tty_wait_go(tty);
}

void tty_say(struct tty *tty, const char *format, ...)
{
    char words[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    ssize_t ignored = write(tty->say, words, n < (int)sizeof words ? (size_t)n : sizeof words - 1);
    (void)ignored;
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

void tty_scene(struct grid *grid, unsigned number)
{
    static const char *const words[] = {
        "session",
        "idle 4m",
        "",
        "▾ #7 fix",
        "日本語のテスト",
        "한국어",
        "naïve",
        "e\u0301a\u0302o\u0308",
        "⏸ permission 72s",
        "▂▃▅▇▆▃",
        "● Bash",
        "12.4k tok/min",
        "$2.11",
        "ΑΒΓ абв",
        "中",
        "────│────",
        "x",
        "                    ",
        "→ tools ✓",
        "\U0001f600!",
        "… ellipsis",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a中b文c",
        "|",
    };
    unsigned state = number * 2654435761u + 1;
    grid_clear(grid);
    grid_fill(grid, 0, 0, 1, grid->cols, ROLE_HEADER);
    for (int row = 0; row < grid->rows; row++) {
        for (unsigned n = next_random(&state) % 5; n > 0; n--) {
            const char *word = words[next_random(&state) % (sizeof words / sizeof words[0])];
            int col = (int)(next_random(&state) % (unsigned)grid->cols);
            int width = 1 + (int)(next_random(&state) % 40);
            grid_put(grid, row, col, width, slice_str(word), (int)(next_random(&state) % ROLE_COUNT));
        }
        if (next_random(&state) % 7 == 0)
            grid_flag(grid, row, 0, 1, grid->cols, CELL_SELECTED);
        if (next_random(&state) % 9 == 0)
            grid_flag(grid, row, (int)(next_random(&state) % 20), 1, 5, CELL_MATCH);
        if ((number + (unsigned)row) % 5 == 0)
            grid_flag(grid, row, 0, 1, grid->cols, CELL_ATTENTION);
    }
}

bool tty_has_entry(const char *term)
{
    char command[200];
    snprintf(command, sizeof command, "! command -v infocmp >/dev/null || infocmp '%s' >/dev/null 2>&1",
             term);
    return system(command) == 0;
}
