#undef _XOPEN_SOURCE /* ncursesw's pkg-config file asks for an older one */
#define _XOPEN_SOURCE 700
#ifdef __linux__
#define _GNU_SOURCE /* memfd_create */
#endif
#include "term_screen.h"

#include "mem.h"
#include "term_color.h"
#include "term_entry.h"

#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define FLAG_SETS 8 /* all combinations of enum cell_flag */

/* Shown for what cannot be shown; the wide one only where the system takes it for wide. */
#define NARROW_SUBSTITUTE 0xfffdu
#define WIDE_SUBSTITUTE   0x3013u

struct term_screen {
    SCREEN *screen;
    FILE *out; /* what ncurses writes to: a memory file */
    FILE *in;  /* what it would read from */
    char name[TERM_ENTRY_NAME_MAX];
    bool utf8;
    bool modern;
    bool entered;    /* a frame was drawn since the alternate screen was left */
    bool has_corner; /* the last cell can simply be written */
    bool repaint;    /* the next frame is painted in full */
    uint64_t substitutes;
    struct term_color color;
    struct grid shown;        /* the last grid drawn */
    struct theme shown_theme; /* and how */
    struct known_look {
        bool ready;
        struct term_look look;
        struct style style;
    } looks[ROLE_COUNT][FLAG_SETS];
};

/* Between two words, so many blanks cost less than going past them. */
#define BLANKS_MAX 8

/* A file without a name: memory where the system has that, else an unlinked one in $TMPDIR. */
static FILE *open_memory(void)
{
#ifdef __linux__
    int fd = memfd_create("claude-top-screen", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");
    if (file)
        return file;
    if (fd >= 0)
        close(fd);
#endif
    return tmpfile();
}

/*
 * newterm() asks the memory file for its size and then believes the entry, unless these two variables say
 * better. Its first bytes set the scrolling region to that size.
 */
static void set_size_variable(const char *name, int value, char *before, size_t cap, bool *was_set)
{
    char text[16];
    const char *now = getenv(name);
    *was_set = now != NULL;
    snprintf(before, cap, "%s", now ? now : "");
    snprintf(text, sizeof text, "%d", value);
    setenv(name, text, 1);
}

static void restore_variable(const char *name, const char *before, bool was_set)
{
    if (was_set)
        setenv(name, before, 1);
    else
        unsetenv(name);
}

/* newterm() takes signals that nobody handles yet; they are not its business. */
static SCREEN *open_screen(const char *name, FILE *out, FILE *in, int rows, int cols)
{
    char lines_before[32], columns_before[32];
    bool lines_set, columns_set;
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH, SIGQUIT};
    enum { COUNT = sizeof signals / sizeof signals[0] };
    struct sigaction before[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        sigaction(signals[i], NULL, &before[i]);
    set_size_variable("LINES", rows, lines_before, sizeof lines_before, &lines_set);
    set_size_variable("COLUMNS", cols, columns_before, sizeof columns_before, &columns_set);
    SCREEN *screen = newterm(name, out, in);
    restore_variable("LINES", lines_before, lines_set);
    restore_variable("COLUMNS", columns_before, columns_set);
    for (size_t i = 0; i < COUNT; i++)
        sigaction(signals[i], &before[i], NULL);
    return screen;
}

enum ct_err term_screen_open(const struct term_screen_config *config, struct term_screen **out,
                             struct ct_errmsg *msg)
{
    enum ct_err err = CT_ERR_IO;
    struct term_screen *s = mem_alloc(sizeof *s);
    s->utf8 = config->utf8;
    s->repaint = true;
    s->out = open_memory();
    s->in = fopen("/dev/null", "re");
    if (!s->out || !s->in) {
        ct_fail(msg, err, "cannot open a file in memory: %s", strerror(errno));
        goto close_files;
    }
    const char *colorterm = config->colorterm ? config->colorterm : "";
    bool says_true = strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0;
    bool want_direct = config->want_true || (config->want_auto && says_true);
    err = term_entry_choose(config->term, want_direct, fileno(s->out), s->name, msg);
    if (err)
        goto close_files;
    s->screen = open_screen(s->name, s->out, s->in, config->rows, config->cols);
    if (!s->screen) {
        err = ct_fail(msg, CT_ERR_UNSUPPORTED,
                      "a terminal of type %s cannot show a screen: use claude-top --once", s->name);
        goto close_files;
    }
    s->has_corner = term_entry_has_corner();
    s->modern = term_entry_is_modern(s->name);
    term_color_init(&s->color, config->most);
    typeahead(-1);
    leaveok(stdscr, TRUE);
    idcok(stdscr, FALSE); /* ncurses 6.4 splits wide characters when it inserts and deletes */
    keypad(stdscr, TRUE);
    curs_set(0);
    resize_term(config->rows, config->cols);
    grid_init(&s->shown, config->cols, config->rows);
    *out = s;
    return CT_OK;

close_files:
    if (s->in)
        fclose(s->in);
    if (s->out)
        fclose(s->out);
    free(s);
    return err;
}

void term_screen_close(struct term_screen *s)
{
    if (!s)
        return;
    if (!isendwin())
        endwin();
    delscreen(s->screen);
    fclose(s->in);
    fclose(s->out);
    grid_finish(&s->shown);
    free(s);
}

enum color_depth term_screen_depth(const struct term_screen *s)
{
    return s->color.depth;
}

bool term_screen_modern(const struct term_screen *s)
{
    return s->modern;
}

const char *term_screen_string(const char *cap)
{
    return term_entry_string(cap);
}

enum ct_err term_screen_restore_bytes(const struct term_screen *s, struct buf *out)
{
    (void)s;
    return term_entry_restore_bytes(out);
}

uint64_t term_screen_substitutes(const struct term_screen *s)
{
    return s->substitutes;
}

uint64_t term_screen_pairs_refused(const struct term_screen *s)
{
    return s->color.refused;
}

void term_screen_resize(struct term_screen *s, int rows, int cols)
{
    /* Not resizeterm(): that one puts a KEY_RESIZE into a queue that nobody reads. */
    resize_term(rows, cols);
    s->repaint = true;
}

void term_screen_repaint(struct term_screen *s)
{
    s->repaint = true;
}

/* Moves what ncurses wrote from the memory file to the buffer. */
static enum ct_err take_output(struct term_screen *s, struct buf *out)
{
    enum ct_err err = CT_OK;
    int fd = fileno(s->out);
    fflush(s->out);
    off_t size = lseek(fd, 0, SEEK_END), at = 0;
    if (size > 0)
        err = buf_reserve(out, (size_t)size);
    while (!err && at < size) {
        ssize_t n = pread(fd, out->data + out->len, (size_t)(size - at), at);
        if (n <= 0 && errno != EINTR) {
            err = CT_ERR_IO;
        } else if (n > 0) {
            at += n;
            out->len += (size_t)n;
        }
    }
    if (size < 0 || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        err = CT_ERR_IO;
    return err;
}

static const struct known_look *look_of(struct term_screen *s, const struct theme *theme,
                                        const struct cell *cell)
{
    unsigned role = cell->role < ROLE_COUNT ? cell->role : ROLE_TEXT;
    struct known_look *known = &s->looks[role][cell->flags % FLAG_SETS];
    if (!known->ready) {
        known->style = theme_style(theme, (int)role, cell->flags % FLAG_SETS, s->color.depth);
        known->look = term_color_look(&s->color, known->style);
        known->ready = true;
    }
    return known;
}

static bool is_blank(const struct cell *cell)
{
    return cell->len == 1 && cell->text[0] == ' ';
}

/* As blanks they look the same. */
static bool same_paper(const struct known_look *a, const struct known_look *b)
{
    const struct color *x = &a->style.bg, *y = &b->style.bg;
    return !((a->style.attrs | b->style.attrs) & (STYLE_UNDERLINE | STYLE_REVERSE)) &&
           memcmp(x, y, sizeof *x) == 0;
}

/*
 * The cell's text as ncurses wants it. It asks wcwidth(), which may know a character otherwise than the grid
 * does, or not at all; then a substitute of the grid's width keeps the columns where they are. Returns how
 * many cells of text there are: two narrow substitutes may stand for a wide character.
 */
static int cell_text(struct term_screen *s, const struct cell *cell, bool wide_ok, wchar_t *out, size_t max)
{
    struct slice rest = slice_make(cell->text, cell->len);
    struct text_cluster cluster;
    bool shown = text_next(&rest, &cluster) && (s->utf8 || cluster.base < 0x80) && cluster.base >= 0x20 &&
                 (cluster.base < 0x7f || cluster.base >= 0xa0) &&
                 wcwidth((wchar_t)cluster.base) == cell->width && (cell->width == 1 || wide_ok);
    size_t n = 0;
    if (shown) {
        struct slice marks = cluster.bytes;
        mbstate_t state = {0};
        while (marks.len && n < max) {
            wchar_t c;
            size_t used = mbrtowc(&c, marks.ptr, marks.len, &state);
            if (used == 0 || used > marks.len)
                break;
            if (n == 0 || wcwidth(c) == 0)
                out[n++] = c;
            marks = slice_sub(marks, used, marks.len);
        }
    }
    out[n] = L'\0';
    if (n)
        return 1;
    s->substitutes++;
    bool wide = cell->width == 2 && wide_ok && s->utf8 && wcwidth((wchar_t)WIDE_SUBSTITUTE) == 2;
    bool narrow = s->utf8 && wcwidth((wchar_t)NARROW_SUBSTITUTE) == 1;
    out[0] = wide ? (wchar_t)WIDE_SUBSTITUTE : narrow ? (wchar_t)NARROW_SUBSTITUTE : L'?';
    out[1] = L'\0';
    return wide ? 1 : cell->width;
}

/*
 * Where automatic margins cannot be switched off (screen, tmux), ncurses 6.4 takes the second half of a wide
 * character just before the last cell of the screen for something to be put into that cell, and moves it
 * there by inserting, which destroys the character.
 */
static bool is_trap(const struct term_screen *s, int row, int col)
{
    return !s->has_corner && row == LINES - 1 && col == COLS - 3;
}

/* erased: the place is blank and without any look already. */
static void put_cell(struct term_screen *s, int row, int col, const struct cell *cell, struct term_look look,
                     bool erased)
{
    wchar_t text[CCHARW_MAX + 1];
    cchar_t c;
    if (erased && is_blank(cell) && look.attrs == 0 && look.pair == 0)
        return;
    int times = cell_text(s, cell, !is_trap(s, row, col), text, CCHARW_MAX);
    if (setcchar(&c, text, (attr_t)look.attrs, look.pair, NULL) == ERR)
        return;
    for (int i = 0; i < times; i++)
        mvadd_wch(row, col + i, &c); /* ERR in the last cell, which is written all the same */
}

/* A few blanks between two words are written like the second one: ncurses writes them rather than go past
 * them, and would change colours for it twice. Returns how many; 0: they stay as they are. */
static int blanks_before(struct term_screen *s, const struct grid *grid, const struct theme *theme, int row,
                         int col, const struct known_look **like)
{
    int n = 0;
    while (n <= BLANKS_MAX && col + n < grid->cols && is_blank(grid_at(grid, row, col + n)))
        n++;
    if (n > BLANKS_MAX || col + n == grid->cols)
        return 0;
    *like = look_of(s, theme, grid_at(grid, row, col + n));
    for (int i = 0; i < n; i++)
        if (!same_paper(*like, look_of(s, theme, grid_at(grid, row, col + i))))
            return 0;
    return n;
}

static void put_row(struct term_screen *s, int row, const struct grid *grid, const struct theme *theme,
                    bool all)
{
    const struct known_look *like = NULL;
    bool after_word = false;
    int blanks = 0;
    for (int col = 0; col < grid->cols && col < COLS; col++) {
        const struct cell *cell = grid_at(grid, row, col);
        if (cell->width == 0 || col + cell->width > COLS)
            continue;
        if (after_word && is_blank(cell))
            blanks = blanks_before(s, grid, theme, row, col, &like);
        after_word = !is_blank(cell);
        const struct known_look *known = blanks > 0 ? like : look_of(s, theme, cell);
        blanks -= blanks > 0;
        put_cell(s, row, col, cell, known->look, all);
    }
}

static bool row_equal(const struct grid *a, const struct grid *b, int row)
{
    return memcmp(grid_at(a, row, 0), grid_at(b, row, 0), (size_t)a->cols * sizeof(struct cell)) == 0;
}

enum ct_err term_screen_draw(struct term_screen *s, const struct grid *grid, const struct theme *theme,
                             struct buf *out)
{
    bool same_size = grid->cols == s->shown.cols && grid->rows == s->shown.rows;
    bool same_theme = memcmp(&s->shown_theme, theme, sizeof *theme) == 0;
    if (!s->repaint && same_size && same_theme && grid_equal(grid, &s->shown))
        return CT_OK;
    bool all = s->repaint || !same_size || !same_theme;
    if (!same_theme) {
        memset(s->looks, 0, sizeof s->looks);
        term_color_reset(&s->color);
        s->shown_theme = *theme;
    }
    enum ct_err err = CT_OK;
    if (s->repaint) {
        clearok(curscr, TRUE);
        /* When the alternate screen is entered ncurses does it itself, behind saving the shell's cursor. */
        if (s->entered)
            err = term_entry_whole_region(LINES, out);
    }
    if (all)
        erase();
    for (int row = 0; row < grid->rows && row < LINES; row++)
        if (all || !row_equal(grid, &s->shown, row))
            put_row(s, row, grid, theme, all);
    refresh();
    s->entered = true;
    grid_copy(&s->shown, grid);
    enum ct_err taken = take_output(s, out);
    err = err ? err : taken;
    s->repaint = err != CT_OK;
    return err;
}

enum ct_err term_screen_leave(struct term_screen *s, struct buf *out)
{
    s->repaint = true;
    s->entered = false;
    if (isendwin())
        return CT_OK;
    endwin();
    return take_output(s, out);
}
