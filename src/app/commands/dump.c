/* --dump: one screen as text or as a picture. */
#include "dump.h"

#include "commands.h"
#include "screen_ui.h"

#include <stdio.h>
#include <unistd.h>

static enum ct_err take_size(const char *text, int *cols, int *rows, struct ct_errmsg *msg)
{
    struct slice all = slice_str(text);
    uint64_t c, r;
    size_t x = slice_find(all, 'x');
    if (x < all.len && slice_to_u64(slice_sub(all, 0, x), &c) &&
        slice_to_u64(slice_sub(all, x + 1, all.len), &r) && c >= 1 && c <= GRID_COLS_MAX && r >= 1 &&
        r <= GRID_ROWS_MAX) {
        *cols = (int)c;
        *rows = (int)r;
        return CT_OK;
    }
    return ct_fail(msg, CT_ERR_USAGE, "--size %s: wants COLSxROWS, up to %dx%d, as in 120x36", text,
                   GRID_COLS_MAX, GRID_ROWS_MAX);
}

/* Drawn once before the first key and after each: a key is about what stands on the screen. What a key asks
 * of the world outside (a link, the end) is not done. */
static enum ct_err press(const char *keys, struct ui *ui, const struct ui_data *data, struct grid *grid,
                         struct ct_errmsg *msg)
{
    struct slice rest = slice_str(keys);
    struct key key;
    ui_draw(ui, data, grid);
    while (key_script_next(&rest, &key)) {
        ui_key(ui, data, &key);
        ui_draw(ui, data, grid);
    }
    if (rest.len)
        return ct_fail(msg, CT_ERR_USAGE, "--keys: no key at \"%.*s\": write <Enter>, <C-f>, <lt> for <",
                       SLICE_ARG(slice_sub(rest, 0, 40)));
    return CT_OK;
}

static enum ct_err print(const struct options *o, const struct grid *grid, const struct theme *theme,
                         struct buf *out)
{
    static const enum color_depth depths[] = {
        [COLOR_CHOICE_AUTO] = DEPTH_TRUE, [COLOR_CHOICE_TRUE] = DEPTH_TRUE, [COLOR_CHOICE_256] = DEPTH_256,
        [COLOR_CHOICE_16] = DEPTH_16,     [COLOR_CHOICE_MONO] = DEPTH_MONO,
    };
    switch ((enum dump_choice)o->dump) {
    case DUMP_SVG:
        return dump_svg(grid, theme, depths[o->color], SLICE_LIT("claude-top"), out);
    case DUMP_ANSI:
        return dump_ansi(grid, theme, depths[o->color], out);
    default:
        return dump_grid(grid, out);
    }
}

enum exit_code dump_screen(const struct options *o, struct ui_data *data)
{
    struct screen_place place;
    struct theme_list themes;
    struct grid grid;
    struct ui *ui = NULL;
    struct buf out;
    struct ct_errmsg msg, odd;
    int cols = 1, rows = 1;
    enum ct_err err = take_size(o->size, &cols, &rows, &msg);
    theme_list_init(&themes, NULL);
    buf_init(&out, DUMP_BYTES_MAX);
    grid_init(&grid, cols, rows);
    if (!err)
        err = screen_ui_create(o, o->ascii == ASCII_ON, &themes, &ui, &odd, &msg);
    enum ct_err placed = screen_place_init(&place, o, err ? NULL : &msg);
    err = err ? err : placed;
    screen_place_fill(&place, o, data);
    if (!err && odd.text[0])
        err = ct_fail(&msg, CT_ERR_USAGE, "%s", odd.text);
    if (!err)
        err = press(o->keys, ui, data, &grid, &msg);
    if (!err && print(o, &grid, ui_theme(ui), &out))
        err = ct_fail(&msg, CT_ERR_NOMEM, "no memory to print the screen");
    if (!err && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout)))
        err = ct_fail(&msg, CT_ERR_IO, "the screen could not be written");
    ui_destroy(ui);
    theme_list_finish(&themes);
    screen_place_finish(&place);
    grid_finish(&grid);
    buf_finish(&out);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}
