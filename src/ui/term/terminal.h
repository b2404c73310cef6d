/*
 * terminal.h - shows a grid on the user's terminal and says what the user did.
 *
 * The terminal is opened anew by its path (not by standard input or output), so that O_NONBLOCK touches
 * nobody else's descriptors. ncurses draws into a memory file; what it wrote goes to the terminal in one
 * non-blocking write, between the marks of a synchronized update where the terminal may know them. Nothing
 * here ever waits, but for terminal_close() and terminal_suspend(), which wait TERMINAL_DRAIN_MS at most, and
 * TERMINAL_ANSWER_MS when they come right after a question to the terminal.
 *
 * When the terminal does not take all of a frame, the rest is kept and frames that come meanwhile are dropped
 * (counted). As the rest is sent later and nothing of it is lost, the next frame is again a difference to
 * what the terminal shows.
 *
 * There is one terminal in a process: ncurses has global state. Not thread-safe. Signals (SIGWINCH, SIGTERM,
 * SIGHUP, SIGCONT) are the application's; only crashes are caught here, see term_restore.h.
 */
#ifndef CT_UI_TERM_TERMINAL_H
#define CT_UI_TERM_TERMINAL_H

#include "errors.h"
#include "grid.h"
#include "key.h"
#include "term_notify.h"
#include "term_paper.h"
#include "theme.h"

/* How many colours to use. More than the terminfo entry has is never used. */
enum terminal_color {
    TERMINAL_COLOR_AUTO, /* what the entry has; mono when no_color */
    TERMINAL_COLOR_TRUE, /* a direct-colour entry of this terminal's family, where one is installed */
    TERMINAL_COLOR_256,
    TERMINAL_COLOR_16,
    TERMINAL_COLOR_MONO,
};

enum terminal_ascii {
    TERMINAL_ASCII_AUTO, /* ASCII unless the locale's encoding is UTF-8 */
    TERMINAL_ASCII_ON,
    TERMINAL_ASCII_OFF, /* UTF-8 even if the locale does not say so */
};

struct terminal_config {
    const char *path;      /* NULL: the controlling terminal */
    const char *term;      /* $TERM */
    const char *colorterm; /* $COLORTERM, may be NULL: "truecolor" and "24bit" are known */
    bool no_color;         /* $NO_COLOR is not empty */
    enum terminal_color color;
    enum terminal_ascii ascii;
    bool mouse;
    enum term_notify notify;           /* how desktop notifications are asked for */
    struct term_notify_env notify_env; /* for TERM_NOTIFY_AUTO, and tmux; used in terminal_open() only */
};

struct terminal_stats {
    uint64_t frames;         /* sent, at least in part */
    uint64_t frames_dropped; /* the terminal had not taken the one before */
    uint64_t bytes;          /* sent */
    uint64_t substitutes;    /* cells whose character this system measures otherwise, or cannot show */
    uint64_t pairs_refused;  /* colour pairs beyond the terminal's or our number: shown without colour */
};

struct terminal;

#define TERMINAL_DRAIN_MS  250  /* longest wait for a terminal that takes nothing, at close and suspend */
#define TERMINAL_ESCAPE_MS 25   /* a lone ESC is the key when nothing follows for so long */
#define TERMINAL_ASKED_MS  1000 /* that long an answer may come; closed sooner, it is waited for as below */
#define TERMINAL_ANSWER_MS 100  /* longest wait for it, so that it does not end as input of the shell */
#define TERMINAL_DOUBLE_MS 400  /* two clicks on one cell within it are a double click */
#define TERMINAL_COPY_MAX  (32u * 1024u) /* longest text to copy: terminals refuse longer sequences */
#define TERMINAL_TITLE_MAX 128           /* bytes of a window title */
#define TERMINAL_LINK_MAX  4096          /* bytes of a hyperlink */

/*
 * Sets LC_CTYPE from the environment, takes the terminal and enters the alternate screen with the first
 * frame. CT_ERR_NOT_FOUND without a terminal, CT_ERR_UNSUPPORTED when the entry in terminfo is missing or
 * cannot move the cursor (TERM=dumb), CT_ERR_BUSY when one is open, CT_ERR_IO. The message says what to do.
 */
enum ct_err terminal_open(const struct terminal_config *config, struct terminal **out, struct ct_errmsg *msg);

/* Gives the terminal back as it was. NULL is fine. */
void terminal_close(struct terminal *t);

/* For uv_poll: readable always, writable while terminal_wants_write(). Closed by terminal_close(). */
int terminal_fd(const struct terminal *t);

void terminal_size(const struct terminal *t, int *rows, int *cols);
enum color_depth terminal_depth(const struct terminal *t);
bool terminal_ascii(const struct terminal *t); /* the ui should draw with ASCII */
struct terminal_stats terminal_stats(const struct terminal *t);

/*
 * Asks the terminal for its paper, now and whenever it is taken back, and to say when that changes. It
 * answers later or never: look again after terminal_read(). Unknown until then, and without the question.
 */
void terminal_ask_paper(struct terminal *t);
enum term_paper terminal_paper(const struct terminal *t);

/*
 * Shows the grid; what it does not cover is blank. CT_OK also when nothing had to be written; CT_AGAIN when
 * the frame was dropped; CT_ERR_IO when the terminal has gone. Does nothing while suspended.
 */
enum ct_err terminal_present(struct terminal *t, const struct grid *grid, const struct theme *theme);

/* Bytes wait for the terminal: poll for writability and call terminal_write(). */
bool terminal_wants_write(const struct terminal *t);

/* Sends what waits. True when all of it is gone and a frame was dropped meanwhile: present again. */
bool terminal_write(struct terminal *t);

/* The next terminal_present() sends every cell. */
void terminal_repaint(struct terminal *t);

/* SIGWINCH, or after SIGCONT: asks for the size. True when it has changed; the next frame is painted in full.
 */
bool terminal_resized(struct terminal *t);

/*
 * Reads without waiting. CT_OK with a key, CT_AGAIN when there is none, CT_END when the terminal has gone.
 * now_ns is the monotonic clock, for double clicks. Keys are never KEYCODE_NONE or KEYCODE_RESIZE.
 */
enum ct_err terminal_read(struct terminal *t, int64_t now_ns, struct key *key);

/* Something can be read now. */
bool terminal_has_input(const struct terminal *t);

/*
 * What was read ends in something that may be the ESC key or the start of a sequence: after
 * TERMINAL_ESCAPE_MS without further input call terminal_escape_timeout() and read again.
 */
bool terminal_escape_pending(const struct terminal *t);
void terminal_escape_timeout(struct terminal *t);

/* All of these are sent at once, or when the terminal takes bytes again. */
void terminal_mouse(struct terminal *t, bool on);
void terminal_bell(struct terminal *t);

/* A desktop notification, if the terminal shows such. The text is clean (text.h); other text is dropped. */
void terminal_notify(struct terminal *t, const char *text);

/* Window title, if the terminal may have one; the one before comes back at the end. The text is clean
 * (text.h). */
void terminal_title(struct terminal *t, const char *title);

/*
 * Puts text on the clipboard of the machine that the user sits at (OSC 52), unless the terminal or a
 * multiplexer forbids it: nobody tells. CT_ERR_LIMIT beyond TERMINAL_COPY_MAX, CT_ERR_UNSUPPORTED on a plain
 * console.
 */
enum ct_err terminal_copy(struct terminal *t, struct slice text);

/*
 * Wherever the grid shows the beginning of this URL in one row (whole, or cut by an ellipsis), it is a
 * hyperlink (OSC 8). NULL ends that. CT_ERR_LIMIT beyond TERMINAL_LINK_MAX, CT_ERR_USAGE with anything but
 * printable ASCII.
 */
enum ct_err terminal_link(struct terminal *t, const char *url);

/*
 * Gives the terminal to the shell (then raise SIGTSTP) and takes it back (after SIGCONT); the next frame is
 * painted in full. Calling either twice is fine.
 */
void terminal_suspend(struct terminal *t);
enum ct_err terminal_resume(struct terminal *t, struct ct_errmsg *msg);

#endif
