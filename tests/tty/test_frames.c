/* What a small change costs on the wire: bytes of the frame in which one counter changes. */
#include "test.h"

#include "tty_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROWS      60
#define COLS      200
#define WORDS     16 /* in a row, 12 columns each */
#define CHANGES   400
#define BYTES_MAX 200

static const struct terminal_config terms[] = {
    {.term = "xterm-256color"},
    {.term = "xterm-256color", .color = TERMINAL_COLOR_TRUE},
    {.term = "xterm-256color", .color = TERMINAL_COLOR_16},
    {.term = "screen-256color"},
    {.term = "tmux-256color"},
    {.term = "linux"},
};

static void put_counter(struct grid *grid, unsigned where, unsigned value)
{
    char text[16];
    int row = (int)(where / WORDS % ROWS), col = (int)(where % WORDS) * 12;
    snprintf(text, sizeof text, "%u.%uk", value % 1000, value / 7 % 10);
    grid_put_right(grid, row, col, 8, slice_str("        "), ROLE_TEXT);
    grid_put_right(grid, row, col, 8, slice_str(text), (int)((where * 7) % ROLE_COUNT));
}

/* A screen full of counters of all colours; then one of them changes in each frame. */
static void count(struct tty *tty, const struct terminal_config *config)
{
    struct terminal *t = tty_open(tty, config);
    struct grid grid;
    struct theme theme;
    uint64_t most = 0;
    unsigned state = 5;
    theme_builtin(&theme, 0);
    grid_init(&grid, COLS, ROWS);
    grid_fill(&grid, 0, 0, 1, COLS, ROLE_HEADER);
    for (unsigned where = 0; where < ROWS * WORDS; where++)
        put_counter(&grid, where, where * 31);
    for (int row = 1; row < ROWS; row += 9)
        grid_flag(&grid, row, 0, 1, COLS, CELL_SELECTED);
    TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
    tty_flush(t);
    for (int i = 0; i < CHANGES; i++) {
        uint64_t before = terminal_stats(t).bytes;
        state = state * 1664525u + 1013904223u;
        put_counter(&grid, state >> 8, state >> 4);
        TTY_CHECK(tty, terminal_present(t, &grid, &theme) == CT_OK);
        tty_flush(t);
        uint64_t bytes = terminal_stats(t).bytes - before;
        most = bytes > most ? bytes : most;
    }
    tty_say(tty, "%llu", (unsigned long long)most);
    grid_finish(&grid);
    terminal_close(t);
}

static void one_counter_is_a_few_bytes(void **state)
{
    const struct terminal_config *config = *state;
    if (!tty_has_entry(config->term)) {
        print_message("# skipped: this system's terminfo has no entry %s\n", config->term);
        return; /* cmocka tells what it skips as failed */
    }
    struct tty *tty = tty_start(ROWS, COLS, config, count);
    int status = tty_wait_exit(tty);
    const char *words = tty_words(tty);
    if (status != 0)
        fail_msg("status %d: %s", status, words);
    long most = strtol(words, NULL, 10);
    print_message("# %s: %ld bytes at most\n", config->term, most);
    assert_in_range(most, 1, BYTES_MAX - 1);
    tty_finish(tty);
}

int main(void)
{
    struct CMUnitTest tests[sizeof terms / sizeof terms[0]];
    char names[sizeof terms / sizeof terms[0]][64];
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        snprintf(names[i], sizeof names[i], "one_counter_is_a_few_bytes %zu: %s", i, terms[i].term);
        tests[i] = (struct CMUnitTest){.name = names[i],
                                       .test_func = one_counter_is_a_few_bytes,
                                       .initial_state = (void *)(uintptr_t)&terms[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
