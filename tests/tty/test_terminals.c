/*
 * For every kind of terminal: what libvterm shows is the grid, cell by cell, over many frames; and the
 * terminal is as it was afterwards.
 */
#include "tty_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES_EACH 10 /* with a theme */
#define FRAMES      (FRAMES_EACH * THEME_BUILTIN_COUNT)

struct kind {
    const char *term;
    const char *needs; /* another entry */
    const char *colorterm;
    enum terminal_color color;
    enum color_depth depth;
    int colors;  /* of the entry */
    bool styles; /* the entry can show all of them, and libvterm can tell */
    bool no_color;
    bool no_corner; /* automatic margins cannot be switched off */
};

static const struct kind *kind;
static int substituted;

static void present_all(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    struct grid grid;
    struct theme theme;
    TTY_CHECK(tty, terminal_depth(t) == kind->depth);
    TTY_CHECK(tty, !terminal_ascii(t));
    int rows, cols;
    terminal_size(t, &rows, &cols);
    grid_init(&grid, cols, rows);
    for (unsigned i = 0; i < FRAMES; i++) {
        theme_builtin(&theme, (int)(i / FRAMES_EACH) % THEME_BUILTIN_COUNT);
        tty_scene(&grid, i);
        TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
        tty_step(tty, t);
        struct terminal_stats before = terminal_stats(t);
        TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
        TTY_CHECK(tty, terminal_stats(t).bytes == before.bytes);
    }
    struct terminal_stats stats = terminal_stats(t);
    TTY_CHECK(tty, kind->no_corner || stats.substitutes == 0);
    TTY_CHECK(tty, stats.frames_dropped == 0);
    TTY_CHECK(tty, stats.pairs_refused == 0 || terminal_depth(t) != DEPTH_256);
    grid_finish(&grid);
    terminal_close(t);
}

/* The one place where ncurses cannot be trusted with a wide character on such a terminal. */
static void allow_for_corner(struct grid *grid)
{
    struct cell *cell = grid_at(grid, grid->rows - 1, grid->cols - 3);
    if (!kind->no_corner || cell->width != 2)
        return;
    cell->len = sizeof "\ufffd" - 1;
    memcpy(cell->text, "\ufffd", cell->len);
    cell->width = 1;
    struct cell second = *cell;
    *grid_at(grid, grid->rows - 1, grid->cols - 2) = second;
    substituted++;
}

static void run(void **state)
{
    kind = *state;
    const char *entries[] = {kind->term, kind->needs ? kind->needs : kind->term};
    for (int i = 0; i < 2; i++) {
        if (!tty_has_entry(entries[i])) {
            print_message("# skipped: this system's terminfo has no entry %s\n", entries[i]);
            return; /* cmocka tells what it skips as failed */
        }
    }
    substituted = 0;
    struct terminal_config config = {.term = kind->term,
                                     .colorterm = kind->colorterm,
                                     .color = kind->color,
                                     .no_color = kind->no_color,
                                     .mouse = true};
    struct tty *tty = tty_start(24, 80, &config, present_all);
    struct grid grid;
    struct theme theme;
    grid_init(&grid, 80, 24);
    for (unsigned i = 0; i < FRAMES; i++) {
        tty_wait_step(tty);
        theme_builtin(&theme, (int)(i / FRAMES_EACH) % THEME_BUILTIN_COUNT);
        tty_scene(&grid, i);
        allow_for_corner(&grid);
        tty_assert_screen(tty, &grid, &theme, kind->depth, kind->colors, kind->styles);
        tty_go(tty);
    }
    int status = tty_wait_exit(tty);
    if (status != 0)
        fail_msg("status %d: %s", status, tty_words(tty));
    tty_assert_restored(tty);
    /* The pictures do come to that place. */
    assert_true(!kind->no_corner || substituted > 0);
    /* The user's palette is not ours: neither set nor reset. */
    static const char *const palette[] = {"\033]4;", "\033]104", "\033]P", "\033]R"};
    for (size_t i = 0; i < sizeof palette / sizeof palette[0]; i++) {
        struct slice raw = buf_slice(&tty->raw);
        if (slice_find_slice(raw, slice_str(palette[i])) < raw.len)
            fail_msg("the palette was touched: ESC %s", palette[i] + 1);
    }
    grid_finish(&grid);
    tty_finish(tty);
}

static struct kind kinds[] = {
    {.term = "xterm-256color", .depth = DEPTH_256, .colors = 256, .styles = true},
    {.term = "xterm", .depth = DEPTH_16, .colors = 8, .styles = true},
    {.term = "screen-256color", .depth = DEPTH_256, .colors = 256, .styles = true, .no_corner = true},
    {.term = "tmux-256color", .depth = DEPTH_256, .colors = 256, .styles = true, .no_corner = true},
    {.term = "screen", .depth = DEPTH_16, .colors = 8, .styles = true, .no_corner = true},
    {.term = "xterm-kitty", .depth = DEPTH_256, .colors = 256, .styles = true},
    {.term = "foot", .depth = DEPTH_256, .colors = 256, .styles = true},
    {.term = "alacritty", .depth = DEPTH_256, .colors = 256, .styles = true},
    {.term = "tmux", .depth = DEPTH_16, .colors = 8, .styles = true, .no_corner = true},
    {.term = "linux", .depth = DEPTH_16, .colors = 8}, /* its no_color_video drops attributes */
    {.term = "vt100", .depth = DEPTH_MONO, .styles = true},
    {.term = "xterm-direct", .depth = DEPTH_TRUE, .colors = 1 << 24, .styles = true},
    {.term = "xterm-256color",
     .needs = "xterm-direct",
     .colorterm = "truecolor",
     .depth = DEPTH_TRUE,
     .colors = 1 << 24,
     .styles = true},
    {.term = "screen-256color", /* its family has no direct entry */
     .colorterm = "truecolor",
     .depth = DEPTH_256,
     .colors = 256,
     .styles = true,
     .no_corner = true},
    {.term = "xterm-256color",
     .colorterm = "truecolor",
     .depth = DEPTH_MONO,
     .styles = true,
     .no_color = true},
    {.term = "xterm-256color", .color = TERMINAL_COLOR_16, .depth = DEPTH_16, .colors = 256, .styles = true},
    {.term = "xterm-direct", .color = TERMINAL_COLOR_256, .depth = DEPTH_256, .colors = 1 << 24},
    {.term = "xterm-256color", .color = TERMINAL_COLOR_MONO, .depth = DEPTH_MONO, .styles = true},
};

int main(void)
{
    enum { COUNT = sizeof kinds / sizeof kinds[0] };
    struct CMUnitTest tests[COUNT];
    char names[COUNT][80];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "%s, %s%s, depth %d", kinds[i].term,
                 kinds[i].colorterm ? kinds[i].colorterm : "no COLORTERM",
                 kinds[i].no_color ? ", NO_COLOR" : "", (int)kinds[i].depth);
        tests[i] = (struct CMUnitTest){names[i], run, NULL, NULL, &kinds[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
