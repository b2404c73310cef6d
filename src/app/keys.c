#include "keys.h"

#include "options_table.h"

#include <stdio.h>
#include <string.h>

#define KEYS_COLS 34 /* "name = keys" before the comment */

static const char *next_action(void *ctx)
{
    int *a = ctx;
    return ++*a < ACTION_COUNT ? action_info((enum action) * a)->name : NULL;
}

static enum ct_err explain(const struct options *o, const struct option_binding *b, enum ct_err err,
                           const struct ct_errmsg *words, struct ct_errmsg *msg)
{
    int a = ACTION_NONE;
    const char *near = err == CT_ERR_NOT_FOUND ? option_nearest(slice_str(b->action), next_action, &a) : NULL;
    return ct_fail(msg, CT_ERR_USAGE, "%s:%u: %s%s%s%s", o->config, b->line, words->text,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

enum ct_err keys_read(const struct options *o, struct keymap *out, struct ct_errmsg *msg)
{
    struct ct_errmsg words;
    keymap_init(out);
    for (size_t i = 0; i < o->binding_count; i++) {
        const struct option_binding *b = &o->bindings[i];
        enum ct_err err = keymap_bind(out, slice_str(b->action), slice_str(b->keys), &words);
        if (err)
            return explain(o, b, err, &words, msg);
    }
    if (keymap_check(out, &words) != CT_OK)
        return ct_fail(msg, CT_ERR_USAGE, "%s: [keys]: %s", o->config, words.text);
    return CT_OK;
}

/* The line of config.ini that says so; 0: none does. */
static unsigned line_of(const struct options *o, const char *action)
{
    unsigned line = 0;
    for (size_t i = 0; i < o->binding_count; i++)
        line = strcmp(o->bindings[i].action, action) == 0 ? o->bindings[i].line : line;
    return line;
}

static enum ct_err print_action(const struct options *o, const struct keymap *map, enum action action,
                                struct buf *out)
{
    const struct action_info *info = action_info(action);
    char text[256], name[KEY_NAME_MAX];
    struct key key;
    int used = snprintf(text, sizeof text, "%s =", info->name);
    for (int i = 0; keymap_key(map, action, i, &key) && used < (int)(sizeof text - KEY_NAME_MAX - 2); i++)
        used += snprintf(text + used, sizeof text - (size_t)used, " %s", key_name(&key, name));
    unsigned line = line_of(o, info->name);
    enum ct_err err = buf_printf(out, "%-*s ; %s", KEYS_COLS, text, info->help);
    if (!err && line)
        err = buf_printf(out, " (line %u)", line);
    return err ? err : buf_append_char(out, '\n');
}

enum ct_err keys_print(const struct options *o, struct buf *out, struct ct_errmsg *msg)
{
    struct keymap map;
    enum ct_err err = keys_read(o, &map, msg);
    if (err)
        return err;
    err = buf_printf(out, "; %s%s\n[keys]\n", o->config, o->config_found ? "" : " (not there)");
    for (int g = 0; g < GROUP_COUNT && !err; g++) {
        err = buf_printf(out, "\n; %s\n", key_group_name((enum key_group)g));
        for (int a = ACTION_NONE + 1; a < ACTION_COUNT && !err; a++)
            if (action_info((enum action)a)->group == (enum key_group)g)
                err = print_action(o, &map, (enum action)a, out);
    }
    return err ? ct_fail(msg, err, "the keys cannot be printed") : CT_OK;
}
