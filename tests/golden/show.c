/*
 * show SCENARIO [COLSxROWS [THEME [KEYS [ascii]]]] - prints a screen of a scenario in colour, for the eye.
 * THEME is dark, light, colorblind or the path of a theme file; KEYS is a script as in test_golden.c.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void print_color(struct color c, int base)
{
    if (c.kind == COLOR_RGB)
        printf(";%d;2;%d;%d;%d", base + 8, c.r, c.g, c.b);
    else if (c.kind == COLOR_INDEX)
        printf(";%d;5;%d", base + 8, c.r);
}

static void print_style(struct style s)
{
    printf("\033[0%s%s%s%s%s", s.attrs & STYLE_BOLD ? ";1" : "", s.attrs & STYLE_DIM ? ";2" : "",
           s.attrs & STYLE_ITALIC ? ";3" : "", s.attrs & STYLE_UNDERLINE ? ";4" : "",
           s.attrs & STYLE_REVERSE ? ";7" : "");
    print_color(s.fg, 30);
    print_color(s.bg, 40);
    putchar('m');
}

int main(int argc, char **argv)
{
    const struct scenario *scenario = argc > 1 ? scenario_find(argv[1]) : NULL;
    int cols = 120, rows = 32;
    struct theme theme;
    struct ct_errmsg msg;
    if (!scenario || (argc > 2 && sscanf(argv[2], "%dx%d", &cols, &rows) != 2)) {
        fprintf(stderr, "usage: show SCENARIO [COLSxROWS [THEME [KEYS [ascii]]]]; scenarios:");
        for (const struct scenario *s = SCENARIOS; s->name; s++)
            fprintf(stderr, " %s", s->name);
        fputc('\n', stderr);
        return 2;
    }
    int builtin = argc > 3 ? theme_builtin_find(slice_str(argv[3])) : 0;
    if (builtin >= 0) {
        theme_builtin(&theme, builtin);
    } else if (theme_load(&theme, argv[3], &msg) != CT_OK) {
        fprintf(stderr, "%s\n", msg.text);
        return 1;
    }
    struct fixture f;
    struct grid grid;
    fixture_init(&f);
    scenario->build(&f);
    grid_init(&grid, cols, rows);
    struct ui *ui = ui_create(&(struct ui_config){.ascii = argc > 5});
    ui_draw(ui, &f.data, &grid);
    if (argc > 4) {
        fixture_keys(ui, &f, argv[4]);
        ui_draw(ui, &f.data, &grid);
    }
    for (int row = 0; row < grid.rows; row++) {
        for (int col = 0; col < grid.cols; col++) {
            const struct cell *cell = grid_at(&grid, row, col);
            print_style(theme_style(&theme, cell->role, cell->flags, DEPTH_TRUE));
            fwrite(cell->text, 1, cell->len, stdout);
        }
        printf("\033[0m\n");
    }
    ui_destroy(ui);
    grid_finish(&grid);
    fixture_finish(&f);
    return 0;
}
