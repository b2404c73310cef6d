/*
 * tty_fixture.h - a program under test on one side of a pseudo-terminal, libvterm on the other.
 *
 * The program is a function that runs in a child process. It tells the test where it is by writing a mark
 * through the terminal itself (tty_step), so that nothing has to sleep: once the mark has come, everything
 * before it has.
 */
#ifndef CT_TESTS_TTY_FIXTURE_H
#define CT_TESTS_TTY_FIXTURE_H

#include "test.h"

#include "buf.h"
#include "terminal.h"

#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

#define TTY_DEADLINE_MS 20000 /* for anything that is waited for */

struct tty {
    int master, slave;
    int to_child, from_child; /* pipes: go on; words */
    int go, say;              /* the child's ends */
    pid_t child;
    int rows, cols;
    struct termios before; /* modes at the start */
    VTerm *vt;
    VTermScreen *screen;
    bool alternate, cursor_hidden;
    int mouse;
    int bells;
    char title[256];
    struct buf raw; /* everything that the terminal got */
    size_t fed;     /* how much of it libvterm has */
    int steps;
    struct termios cooked;
};

typedef void (*tty_program)(struct tty *tty, const struct terminal_config *config);

/* ------ in the test */
struct tty *tty_start(int rows, int cols, const struct terminal_config *config, tty_program program);
void tty_wait_step(struct tty *tty);                   /* reads until the next mark */
void tty_wait_text(struct tty *tty, const char *text); /* reads until a row of the screen holds it */
/* Reads until that cell has that background. */
void tty_wait_background(struct tty *tty, int row, int col, struct color want);
void tty_go(struct tty *tty);       /* lets the program go on */
int tty_wait_exit(struct tty *tty); /* reads until the program is gone; its wait status */
void tty_type(struct tty *tty, const char *bytes);
void tty_resize(struct tty *tty, int rows, int cols);
const char *tty_words(struct tty *tty); /* what the program said since the last call */
void tty_finish(struct tty *tty);

/* Fails unless the screen is the grid, cell by cell. styles: colours and attributes too. */
void tty_assert_screen(struct tty *tty, const struct grid *grid, const struct theme *theme,
                       enum color_depth depth, int colors, bool styles);
void tty_assert_restored(struct tty *tty);

/* ------ in the program */
struct terminal *tty_open(struct tty *tty, const struct terminal_config *config);
void tty_flush(struct terminal *t);                 /* until everything is with the terminal */
void tty_step(struct tty *tty, struct terminal *t); /* flush, mark, wait for tty_go() */
void tty_wait_go(struct tty *tty);
void tty_say(struct tty *tty, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In the program: says why and ends it. */
#define TTY_CHECK(tty, condition)                                                                            \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            tty_say(tty, "%s:%d: %s", __FILE__, __LINE__, #condition);                                       \
            _exit(99);                                                                                       \
        }                                                                                                    \
    } while (0)

/* A picture that depends on nothing but its number: text of all widths, all roles, flags. */
void tty_scene(struct grid *grid, unsigned number);

bool tty_has_entry(const char *term); /* terminfo knows it */

#endif
