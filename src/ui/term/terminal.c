#undef _XOPEN_SOURCE /* ncursesw's pkg-config file asks for an older one */
#define _XOPEN_SOURCE 700
#include "terminal.h"

#include "base64.h"
#include "clock.h"
#include "mem.h"
#include "term_input.h"
#include "term_link.h"
#include "term_output.h"
#include "term_restore.h"
#include "term_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define READ_BYTES   1024
#define FRAME_MAX    (32u * 1024u * 1024u)
#define TTY_NAME_MAX 256

#define SYNC_BEGIN "\033[?2026h"
#define SYNC_END   "\033[?2026l"
#define MOUSE_ON   "\033[?1000h\033[?1006h"
#define MOUSE_OFF  "\033[?1006l\033[?1000l"
#define PASTE_ON   "\033[?2004h"
#define PASTE_OFF  "\033[?2004l"
#define TITLE_SAVE "\033[22;0t"
#define TITLE_BACK "\033[23;0t"
/* Ends a sequence that the death of the process cut short: CAN, then ST for strings. */
#define CUT_SHORT "\030\033\\"

struct terminal {
    int fd;
    struct termios saved;
    bool raw; /* the terminal is ours */
    bool ascii;
    bool mouse;
    bool ask_paper;
    int64_t asked_ns; /* monotonic clock */
    enum term_notify notify;
    bool tmux;
    bool dropped; /* a frame, since the last one that was sent */
    int rows, cols;
    struct term_screen *screen;
    struct term_output output;
    struct buf control; /* sequences for the next write */
    struct buf frame;
    struct term_input input;
    char chunk[READ_BYTES]; /* read, not yet taken by input */
    size_t chunk_len, chunk_at;
    bool hung_up;
    char title[TERMINAL_TITLE_MAX];
    char link[TERMINAL_LINK_MAX + 1];
    bool link_new;
    struct terminal_stats stats;
};

static bool is_open; /* ncurses has one current screen */

static int open_tty(const char *path)
{
    char name[TTY_NAME_MAX];
    const int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    if (path)
        return open(path, flags);
    /* By its own name first: some systems cannot poll /dev/tty. */
    for (int fd = 0; fd <= 2; fd++) {
        int copy = isatty(fd) && ttyname_r(fd, name, sizeof name) == 0 ? open(name, flags) : -1;
        if (copy >= 0)
            return copy;
    }
    return open("/dev/tty", flags);
}

static bool ask_size(int fd, int *rows, int *cols)
{
    struct winsize ws = {0};
    bool known = ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0;
    *rows = !known ? 24 : ws.ws_row > GRID_ROWS_MAX ? GRID_ROWS_MAX : ws.ws_row;
    *cols = !known ? 80 : ws.ws_col > GRID_COLS_MAX ? GRID_COLS_MAX : ws.ws_col;
    return known;
}

/* Every byte as it is, both ways, and no signals from keys: C-c and C-z are keys like others. */
static bool make_raw(const struct terminal *t)
{
    struct termios raw = t->saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(t->fd, TCSANOW, &raw) == 0;
}

static bool locale_is_utf8(void)
{
    const char *codeset = nl_langinfo(CODESET);
    return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

static bool set_locale(enum terminal_ascii wanted)
{
    setlocale(LC_CTYPE, "");
    if (wanted == TERMINAL_ASCII_OFF && !locale_is_utf8() && !setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "en_US.UTF-8");
    return locale_is_utf8();
}

static enum ct_err open_screen(struct terminal *t, const struct terminal_config *config, bool utf8,
                               struct ct_errmsg *msg)
{
    bool automatic = config->color == TERMINAL_COLOR_AUTO;
    struct term_screen_config screen = {
        .term = config->term,
        .colorterm = config->colorterm,
        .want_true = config->color == TERMINAL_COLOR_TRUE,
        .want_auto = automatic && !config->no_color,
        .most = DEPTH_TRUE,
        .utf8 = utf8,
        .rows = t->rows,
        .cols = t->cols,
    };
    if (config->color == TERMINAL_COLOR_MONO || (automatic && config->no_color))
        screen.most = DEPTH_MONO;
    else if (config->color == TERMINAL_COLOR_16)
        screen.most = DEPTH_16;
    else if (config->color == TERMINAL_COLOR_256)
        screen.most = DEPTH_256;
    return term_screen_open(&screen, &t->screen, msg);
}

/* What gives the terminal back whatever state it is in: for a crash, and for a terminal that takes nothing.
 */
static enum ct_err restore_bytes(const struct terminal *t, struct buf *out)
{
    if (term_screen_modern(t->screen)) {
        enum ct_err err =
            buf_append_str(out, CUT_SHORT SYNC_END MOUSE_OFF PASTE_OFF TERM_PAPER_NEWS_OFF TITLE_BACK);
        if (err)
            return err;
    }
    return term_screen_restore_bytes(t->screen, out);
}

static void arm(const struct terminal *t)
{
    struct buf bytes;
    buf_init(&bytes, TERM_RESTORE_MAX);
    /* Without room for the bytes at least the terminal's modes come back. */
    bool fits = restore_bytes(t, &bytes) == CT_OK;
    term_restore_arm(t->fd, &t->saved, fits ? buf_slice(&bytes) : SLICE_NULL);
    buf_finish(&bytes);
}

static enum ct_err append_title(const struct terminal *t, struct buf *out)
{
    return buf_printf(out, "\033]2;%s\033\\", t->title);
}

static void append_question(struct terminal *t)
{
    buf_append_str(&t->control, TERM_PAPER_NEWS_ON TERM_PAPER_ASK);
    t->asked_ns = clock_mono();
    term_input_await(&t->input, t->asked_ns + TERMINAL_ASKED_MS * NS_PER_MS);
}

static void enter(struct terminal *t)
{
    t->raw = true;
    t->link_new = true;
    if (!term_screen_modern(t->screen))
        return;
    buf_append_str(&t->control, TITLE_SAVE PASTE_ON);
    if (t->mouse)
        buf_append_str(&t->control, MOUSE_ON);
    if (t->ask_paper)
        append_question(t);
    if (t->title[0])
        append_title(t, &t->control);
}

enum ct_err terminal_open(const struct terminal_config *config, struct terminal **out, struct ct_errmsg *msg)
{
    enum ct_err err;
    if (is_open)
        return ct_fail(msg, CT_ERR_BUSY, "a terminal is open already");
    struct terminal *t = mem_alloc(sizeof *t);
    t->mouse = config->mouse;
    t->tmux = term_notify_in_tmux(&config->notify_env);
    t->notify = config->notify == TERM_NOTIFY_AUTO ? term_notify_choose(&config->notify_env) : config->notify;
    buf_init(&t->control, FRAME_MAX);
    buf_init(&t->frame, FRAME_MAX);
    t->fd = open_tty(config->path);
    if (t->fd < 0 || tcgetattr(t->fd, &t->saved) < 0) {
        err = ct_fail(msg, CT_ERR_NOT_FOUND, "there is no terminal to draw on (%s): use claude-top --once",
                      strerror(errno));
        goto close_fd;
    }
    term_output_init(&t->output, t->fd);
    ask_size(t->fd, &t->rows, &t->cols);
    bool utf8 = set_locale(config->ascii);
    t->ascii = config->ascii == TERMINAL_ASCII_ON || !utf8;
    err = open_screen(t, config, utf8, msg);
    if (err)
        goto close_fd;
    term_input_init(&t->input, TERMINAL_DOUBLE_MS * NS_PER_MS);
    term_input_add_terminfo(&t->input, term_screen_string);
    if (!make_raw(t)) {
        err = ct_fail(msg, CT_ERR_IO, "cannot set the terminal's modes: %s", strerror(errno));
        goto close_screen;
    }
    arm(t);
    enter(t);
    is_open = true;
    *out = t;
    return CT_OK;

close_screen:
    term_screen_close(t->screen);
close_fd:
    if (t->fd >= 0)
        close(t->fd);
    buf_finish(&t->frame);
    buf_finish(&t->control);
    term_output_finish(&t->output);
    free(t);
    return err;
}

/* Moves the sequences that wait to the output. They are small; a frame in front of them is not. */
static bool send_control(struct terminal *t)
{
    if (t->control.len && term_output_add(&t->output, buf_slice(&t->control)) == CT_OK)
        buf_clear(&t->control);
    return term_output_flush(&t->output);
}

static bool fill(struct terminal *t);

/* Left at once after it was asked: what it says must not become the shell's input. */
static void await_answer(struct terminal *t)
{
    int64_t now = clock_mono(), until = now + TERMINAL_ANSWER_MS * NS_PER_MS;
    struct key ignored;
    if (t->asked_ns == 0 || now - t->asked_ns > TERMINAL_ASKED_MS * NS_PER_MS)
        return;
    while (t->input.answer_until_ns && !t->hung_up && now < until) {
        struct pollfd pfd = {.fd = t->fd, .events = POLLIN};
        poll(&pfd, 1, (int)((until - now) / NS_PER_MS) + 1);
        now = clock_mono();
        while (term_input_next(&t->input, now, &ignored) || fill(t))
            continue;
    }
}

static void leave(struct terminal *t)
{
    if (!t->raw)
        return;
    t->raw = false;
    term_restore_disarm();
    if (term_screen_modern(t->screen))
        buf_append_str(&t->control, t->ask_paper ? MOUSE_OFF PASTE_OFF TERM_PAPER_NEWS_OFF TITLE_BACK
                                                 : MOUSE_OFF PASTE_OFF TITLE_BACK);
    enum ct_err err = term_screen_leave(t->screen, &t->control);
    if (err || !send_control(t) || !term_output_drain(&t->output, TERMINAL_DRAIN_MS)) {
        /* It takes nothing now: the little that matters may still find room. */
        term_output_discard(&t->output);
        buf_clear(&t->control);
        if (restore_bytes(t, &t->control) == CT_OK)
            send_control(t);
        term_output_discard(&t->output);
    }
    buf_clear(&t->control);
    await_answer(t);
    /* Half a mouse report must not become the shell's input. Output is not waited for: it may never drain. */
    tcflush(t->fd, TCIFLUSH);
    tcsetattr(t->fd, TCSANOW, &t->saved);
}

void terminal_close(struct terminal *t)
{
    if (!t)
        return;
    leave(t);
    term_screen_close(t->screen);
    close(t->fd);
    term_output_finish(&t->output);
    buf_finish(&t->frame);
    buf_finish(&t->control);
    free(t);
    is_open = false;
}

int terminal_fd(const struct terminal *t)
{
    return t->fd;
}

void terminal_size(const struct terminal *t, int *rows, int *cols)
{
    *rows = t->rows;
    *cols = t->cols;
}

enum color_depth terminal_depth(const struct terminal *t)
{
    return term_screen_depth(t->screen);
}

bool terminal_ascii(const struct terminal *t)
{
    return t->ascii;
}

enum term_paper terminal_paper(const struct terminal *t)
{
    return t->input.paper;
}

struct terminal_stats terminal_stats(const struct terminal *t)
{
    struct terminal_stats stats = t->stats;
    stats.bytes = t->output.bytes;
    stats.substitutes = term_screen_substitutes(t->screen);
    stats.pairs_refused = term_screen_pairs_refused(t->screen);
    return stats;
}

/* Appends the frame to t->frame: ncurses' bytes and the hyperlink, between the marks of one update. */
static enum ct_err build_frame(struct terminal *t, const struct grid *grid, const struct theme *theme)
{
    bool modern = term_screen_modern(t->screen);
    size_t mark = modern ? sizeof SYNC_BEGIN - 1 : 0;
    buf_clear(&t->frame);
    if (modern)
        buf_append_str(&t->frame, SYNC_BEGIN);
    enum ct_err err = term_screen_draw(t->screen, grid, theme, &t->frame);
    if (!err && modern && t->link[0] && (t->frame.len > mark || t->link_new))
        err = term_link_draw(t->link, grid, theme, term_screen_depth(t->screen), &t->frame);
    t->link_new = false;
    if (!err && t->frame.len > mark)
        return modern ? buf_append_str(&t->frame, SYNC_END) : CT_OK;
    buf_clear(&t->frame);
    return err;
}

enum ct_err terminal_present(struct terminal *t, const struct grid *grid, const struct theme *theme)
{
    if (!t->raw)
        return CT_OK;
    if (!term_output_flush(&t->output))
        return CT_ERR_IO;
    if (term_output_waits(&t->output)) {
        t->stats.frames_dropped++;
        t->dropped = true;
        return CT_AGAIN;
    }
    t->dropped = false;
    enum ct_err err = build_frame(t, grid, theme);
    if (!err && t->frame.len) {
        t->stats.frames++;
        err = buf_append(&t->control, buf_slice(&t->frame));
    }
    if (err) {
        term_screen_repaint(t->screen);
        return err;
    }
    return send_control(t) ? CT_OK : CT_ERR_IO;
}

bool terminal_wants_write(const struct terminal *t)
{
    return term_output_waits(&t->output);
}

bool terminal_write(struct terminal *t)
{
    send_control(t);
    return !term_output_waits(&t->output) && t->dropped;
}

void terminal_repaint(struct terminal *t)
{
    term_screen_repaint(t->screen);
    t->link_new = true;
}

bool terminal_resized(struct terminal *t)
{
    int rows, cols;
    if (!ask_size(t->fd, &rows, &cols) || (rows == t->rows && cols == t->cols))
        return false;
    t->rows = rows;
    t->cols = cols;
    term_screen_resize(t->screen, rows, cols);
    return true;
}

/* One read at a time, when everything before it is understood. False when there is nothing. */
static bool fill(struct terminal *t)
{
    if (t->chunk_at == t->chunk_len) {
        ssize_t n;
        do
            n = read(t->fd, t->chunk, sizeof t->chunk);
        while (n < 0 && errno == EINTR);
        t->hung_up = t->hung_up || n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        t->chunk_at = 0;
        t->chunk_len = n > 0 ? (size_t)n : 0;
    }
    struct slice rest = slice_make(t->chunk + t->chunk_at, t->chunk_len - t->chunk_at);
    size_t taken = term_input_feed(&t->input, rest);
    t->chunk_at += taken;
    return taken > 0;
}

enum ct_err terminal_read(struct terminal *t, int64_t now_ns, struct key *key)
{
    if (!t->raw)
        return CT_AGAIN;
    do {
        if (term_input_next(&t->input, now_ns, key))
            return CT_OK;
    } while (fill(t));
    return t->hung_up || t->output.gone ? CT_END : CT_AGAIN;
}

bool terminal_has_input(const struct terminal *t)
{
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

bool terminal_escape_pending(const struct terminal *t)
{
    return t->chunk_at == t->chunk_len && term_input_escape_pending(&t->input);
}

void terminal_escape_timeout(struct terminal *t)
{
    term_input_timeout(&t->input);
}

static void send(struct terminal *t, const char *bytes)
{
    if (buf_append_str(&t->control, bytes) == CT_OK && t->raw && !term_output_waits(&t->output))
        send_control(t);
}

void terminal_mouse(struct terminal *t, bool on)
{
    if (t->mouse == on)
        return;
    t->mouse = on;
    if (t->raw && term_screen_modern(t->screen))
        send(t, on ? MOUSE_ON : MOUSE_OFF);
}

void terminal_ask_paper(struct terminal *t)
{
    t->ask_paper = true;
    if (!t->raw || !term_screen_modern(t->screen))
        return;
    append_question(t);
    send(t, "");
}

void terminal_bell(struct terminal *t)
{
    if (t->raw)
        send(t, "\a");
}

void terminal_notify(struct terminal *t, const char *text)
{
    if (t->raw && term_screen_modern(t->screen) &&
        term_notify_append(t->notify, t->tmux, t->ascii, slice_str(text), &t->control) == CT_OK)
        send(t, "");
}

/* Clean text, cut after a whole character; in an encoding that is not UTF-8, only what every one has. */
static void set_title(struct terminal *t, struct slice text)
{
    struct text_cluster c;
    size_t len = 0;
    while (text_next(&text, &c)) {
        struct slice bytes = t->ascii && c.base >= 0x80 ? SLICE_LIT("?") : c.bytes;
        if (len + bytes.len >= sizeof t->title)
            break;
        memcpy(t->title + len, bytes.ptr, bytes.len);
        len += bytes.len;
    }
    t->title[len] = '\0';
}

void terminal_title(struct terminal *t, const char *title)
{
    char before[TERMINAL_TITLE_MAX];
    if (!text_is_clean(slice_str(title)))
        return;
    memcpy(before, t->title, sizeof before);
    set_title(t, slice_str(title));
    if (strcmp(before, t->title) == 0 || !t->raw || !term_screen_modern(t->screen))
        return;
    if (append_title(t, &t->control) == CT_OK)
        send(t, "");
}

enum ct_err terminal_copy(struct terminal *t, struct slice text)
{
    if (!t->raw || !term_screen_modern(t->screen))
        return CT_ERR_UNSUPPORTED;
    if (text.len > TERMINAL_COPY_MAX)
        return CT_ERR_LIMIT;
    struct buf out;
    buf_init(&out, 2 * TERMINAL_COPY_MAX);
    enum ct_err err = buf_append_str(&out, "\033]52;c;");
    if (!err)
        err = base64_encode(text, BASE64_PADDED, &out);
    if (!err)
        err = buf_append_str(&out, "\033\\");
    if (!err && !buf_cstr(&out))
        err = CT_ERR_LIMIT;
    if (!err)
        send(t, out.data);
    buf_finish(&out);
    return err;
}

enum ct_err terminal_link(struct terminal *t, const char *url)
{
    struct slice text = slice_str(url);
    if (text.len > TERMINAL_LINK_MAX)
        return CT_ERR_LIMIT;
    if (url && !term_link_is_sound(text))
        return CT_ERR_USAGE;
    if (slice_eq_str(text, t->link))
        return CT_OK;
    /* Cells that carry the old link must be written again without it. */
    if (t->link[0])
        term_screen_repaint(t->screen);
    if (text.len)
        memcpy(t->link, text.ptr, text.len);
    t->link[text.len] = '\0';
    t->link_new = true;
    return CT_OK;
}

void terminal_suspend(struct terminal *t)
{
    leave(t);
}

enum ct_err terminal_resume(struct terminal *t, struct ct_errmsg *msg)
{
    if (t->raw)
        return CT_OK;
    /* The shell may have changed the modes; those are what the user wants back next time. */
    if (tcgetattr(t->fd, &t->saved) < 0 || !make_raw(t))
        return ct_fail(msg, CT_ERR_IO, "cannot take the terminal back: %s", strerror(errno));
    arm(t);
    enter(t);
    terminal_resized(t);
    return CT_OK;
}
