/* A theme file. Whatever it holds: a theme that can be used, and words for what is wrong with the file. */
#include "fuzz.h"

#include "fuzz_file.h"
#include "grid.h"
#include "theme.h"

static bool themes_equal(const struct theme *a, const struct theme *b)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (!style_equal(a->roles[i], b->roles[i]))
            return false;
    return strcmp(a->name, b->name) == 0;
}

static void check_color(struct color c, enum color_depth depth)
{
    fuzz_check(c.kind == COLOR_DEFAULT || c.kind == COLOR_INDEX || c.kind == COLOR_RGB);
    fuzz_check(c.kind != COLOR_RGB || depth == DEPTH_TRUE);
    fuzz_check(c.kind != COLOR_INDEX || depth >= DEPTH_256 || (depth == DEPTH_16 && c.r < 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct theme theme, builtin;
    struct ct_errmsg msg = {""};
    const char *path = fuzz_file_write(slice_make(data, size));
    enum ct_err err = theme_load(&theme, path, &msg);
    fuzz_check(err == CT_OK || err == CT_ERR_FORMAT);
    fuzz_check((err == CT_OK) == (msg.text[0] == '\0'));
    theme_builtin(&builtin, 0);
    if (err)
        fuzz_check(themes_equal(&theme, &builtin));
    fuzz_check(memchr(theme.name, '\0', sizeof theme.name));
    fuzz_check(theme.name[0] && text_is_clean(slice_str(theme.name)));
    for (int role = 0; role < ROLE_COUNT; role++)
        for (int flags = 0; flags <= (CELL_SELECTED | CELL_MATCH); flags++)
            for (int depth = DEPTH_MONO; depth <= DEPTH_TRUE; depth++) {
                struct style style = theme_style(&theme, role, flags, (enum color_depth)depth);
                check_color(style.fg, (enum color_depth)depth);
                check_color(style.bg, (enum color_depth)depth);
            }
    return 0;
}
