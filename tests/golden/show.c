/*
 * show SCENARIO [COLSxROWS [THEME [KEYS [ascii]]]] - prints a screen of a scenario in colour, for the eye.
 * THEME is the name of a built-in theme or the path of a theme file; KEYS is a script as in test_golden.c.
 */
#include "dump.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

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
    struct buf text;
    buf_init(&text, DUMP_BYTES_MAX);
    if (dump_ansi(&grid, &theme, DEPTH_TRUE, &text) == CT_OK)
        fwrite(text.data, 1, text.len, stdout);
    buf_finish(&text);
    ui_destroy(ui);
    grid_finish(&grid);
    fixture_finish(&f);
    return 0;
}
