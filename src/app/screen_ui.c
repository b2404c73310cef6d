#include "screen_ui.h"

#include "columns.h"
#include "filter.h"

#include <stdio.h>

/* Returns which one to start with; the default when the one that is asked for is none, and odd says why. */
static int load_themes(const struct options *o, struct screen_themes *t, struct ct_errmsg *odd)
{
    const char *name = o->theme;
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++)
        theme_builtin(&t->list[i], i);
    t->count = THEME_BUILTIN_COUNT;
    int index = theme_builtin_find(slice_str(name));
    if (index >= 0)
        return index;
    struct arena arena;
    struct paths paths;
    arena_init(&arena, 1u << 16);
    enum ct_err err = paths_find(&env_process, &arena, &paths, odd);
    if (!err) {
        char path[4096];
        bool is_path = strchr(name, '/') != NULL;
        snprintf(path, sizeof path, is_path ? "%s%s%s" : "%s/themes/%s.ini", is_path ? "" : paths.config_dir,
                 name, "");
        err = theme_load(&t->list[t->count], path, odd);
    }
    arena_finish(&arena);
    return err ? 0 : t->count++;
}

enum ct_err screen_ui_create(const struct options *o, bool ascii, struct screen_themes *themes,
                             struct ui **out, struct ct_errmsg *odd, struct ct_errmsg *msg)
{
    struct keymap keymap;
    struct filter filter;
    struct column_set columns;
    keymap_init(&keymap);
    for (size_t i = 0; i < o->binding_count; i++) {
        enum ct_err err =
            keymap_bind(&keymap, slice_str(o->bindings[i].action), slice_str(o->bindings[i].keys), msg);
        if (err)
            return err;
    }
    if (keymap_check(&keymap, msg) || filter_parse(&filter, slice_str(o->filter), msg))
        return CT_ERR_USAGE;
    odd->text[0] = '\0';
    struct ui_config config = {
        .ascii = ascii,
        .keymap = &keymap,
        .themes = themes->list,
        .theme = load_themes(o, themes, odd),
        .sort = (enum ui_sort)o->sort,
        .columns = o->columns,
        .view = (enum ui_view_id)o->view,
        .filter = slice_str(o->filter),
    };
    config.theme_count = themes->count;
    if (!odd->text[0])
        columns_parse(&columns, slice_str(o->columns), odd);
    *out = ui_create(&config);
    return CT_OK;
}
