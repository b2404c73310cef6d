/*
 * Rows that move up and down on a terminal taller than its terminfo entry says: ncurses then inserts and
 * deletes lines, and what is below the scrolling region must move too.
 */
#include "test.h"

#include "tty_fixture.h"

#include <stdio.h>
#include <unistd.h>

#define ROWS 40 /* entries say 24 */
#define COLS 80

/* The first line of the list in each frame: blocks that move far enough for insert and delete line to be
 * worth it. */
static const int tops[] = {0, 8, 0, 11, 3, 20, 12, 0};

#define FRAMES (sizeof tops / sizeof tops[0])

static const struct terminal_config xterm = {.term = "xterm-256color"};
static const struct terminal_config screen = {.term = "screen-256color"};

static void list(struct grid *grid, int top)
{
    grid_clear(grid);
    grid_put(grid, 0, 0, COLS, SLICE_LIT("a header that stays"), ROLE_HEADER);
    for (int row = 1; row < ROWS; row++) {
        char text[COLS];
        int line = top + row;
        snprintf(text, sizeof text, "line %d, which no other line is like: %d %d", line, line * 7919,
                 line * line);
        grid_put(grid, row, line % 7, COLS - 10, slice_str(text), line % 3 ? ROLE_TEXT : ROLE_COST);
    }
}

static void present_lists(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, COLS, ROWS);
    for (size_t i = 0; i < FRAMES; i++) {
        list(&grid, tops[i]);
        TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
        tty_step(tty, t);
    }
    grid_finish(&grid);
    terminal_close(t);
}

static void rows_below_line_24_move_too(void **state)
{
    const struct terminal_config *config = *state;
    if (!tty_has_entry(config->term)) {
        print_message("# skipped: this system's terminfo has no entry %s\n", config->term);
        return; /* cmocka tells what it skips as failed */
    }
    struct tty *tty = tty_start(ROWS, COLS, config, present_lists);
    struct grid grid;
    struct theme theme;
    theme_builtin(&theme, 0);
    grid_init(&grid, COLS, ROWS);
    for (size_t i = 0; i < FRAMES; i++) {
        tty_wait_step(tty);
        list(&grid, tops[i]);
        tty_assert_screen(tty, &grid, &theme, DEPTH_256, 256, false);
        tty_go(tty);
    }
    int status = tty_wait_exit(tty);
    if (status != 0)
        fail_msg("status %d: %s", status, tty_words(tty));
    /* The frames did use them: otherwise this tests nothing. */
    struct slice raw = buf_slice(&tty->raw);
    bool inserted = slice_find_slice(raw, SLICE_LIT("\033[8L")) < raw.len;
    bool deleted = slice_find_slice(raw, SLICE_LIT("\033[8M")) < raw.len;
    assert_true(inserted || deleted);
    grid_finish(&grid);
    tty_finish(tty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(rows_below_line_24_move_too, (void *)&xterm),
        cmocka_unit_test_prestate(rows_below_line_24_move_too, (void *)&screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
