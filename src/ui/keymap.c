#include "keymap.h"

#include <string.h>

static const struct action_info ACTIONS[ACTION_COUNT] = {
#define KEYMAP_INFO(id, name, keys, contexts, group, label, priority, help)                                  \
    [id] = {name, keys, contexts, group, label, priority, help},
    KEYMAP_ACTIONS(KEYMAP_INFO)
#undef KEYMAP_INFO
};

const struct action_info *action_info(enum action action)
{
    return &ACTIONS[action];
}

const char *key_group_name(enum key_group group)
{
    static const char *const NAMES[GROUP_COUNT] = {
        [GROUP_MOVE] = "Move",   [GROUP_VIEWS] = "Views",     [GROUP_TREE] = "Tree",
        [GROUP_FIND] = "Search", [GROUP_SHOW] = "Screen",     [GROUP_LINKS] = "Links",
        [GROUP_MENUS] = "Menus", [GROUP_PROGRAM] = "Program",
    };
    return NAMES[group];
}

static struct slice next_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    struct slice word = slice_sub(*rest, 0, slice_find(*rest, ' '));
    *rest = slice_sub(*rest, word.len, rest->len);
    return word;
}

static enum ct_err add_keys(struct keymap *map, enum action action, struct slice keys, struct ct_errmsg *msg)
{
    struct slice rest = keys;
    for (struct slice word = next_word(&rest); word.len; word = next_word(&rest)) {
        struct key key;
        if (!key_parse(word, &key))
            return ct_fail(msg, CT_ERR_USAGE,
                           "%s: there is no key \"%.*s\"; write q, C-c, F10, PgUp, Space, Enter …",
                           ACTIONS[action].name, SLICE_ARG(word));
        if (map->count == KEYMAP_BINDINGS_MAX)
            return ct_fail(msg, CT_ERR_LIMIT, "%s: more than %d keys in all; take some away",
                           ACTIONS[action].name, KEYMAP_BINDINGS_MAX);
        map->bindings[map->count].code = key.code;
        map->bindings[map->count].action = (uint8_t)action;
        map->count++;
    }
    return CT_OK;
}

void keymap_init(struct keymap *map)
{
    map->count = 0;
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        add_keys(map, (enum action)a, slice_str(ACTIONS[a].keys), NULL);
}

static void remove_keys(struct keymap *map, enum action action)
{
    int kept = 0;
    for (int i = 0; i < map->count; i++)
        if (map->bindings[i].action != (uint8_t)action)
            map->bindings[kept++] = map->bindings[i];
    map->count = kept;
}

enum ct_err keymap_bind(struct keymap *map, struct slice action, struct slice keys, struct ct_errmsg *msg)
{
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        if (!slice_eq_str(action, ACTIONS[a].name))
            continue;
        struct keymap changed = *map;
        remove_keys(&changed, (enum action)a);
        enum ct_err err = add_keys(&changed, (enum action)a, keys, msg);
        if (err == CT_OK)
            *map = changed;
        return err;
    }
    return ct_fail(msg, CT_ERR_NOT_FOUND, "there is no action \"%.*s\"; claude-top --print-keys lists them",
                   SLICE_ARG(slice_sub(action, 0, 40)));
}

enum ct_err keymap_check(const struct keymap *map, struct ct_errmsg *msg)
{
    for (int i = 0; i < map->count; i++)
        for (int j = i + 1; j < map->count; j++) {
            const struct action_info *a = &ACTIONS[map->bindings[i].action];
            const struct action_info *b = &ACTIONS[map->bindings[j].action];
            char name[KEY_NAME_MAX];
            if (map->bindings[i].code != map->bindings[j].code || !(a->contexts & b->contexts))
                continue;
            return ct_fail(msg, CT_ERR_USAGE, "the key %s stands for %s and for %s; take it from one of them",
                           key_name(&(struct key){.code = map->bindings[i].code}, name), a->name, b->name);
        }
    return CT_OK;
}

enum action keymap_lookup(const struct keymap *map, unsigned context, const struct key *key)
{
    for (int i = 0; i < map->count; i++)
        if (map->bindings[i].code == key->code && (ACTIONS[map->bindings[i].action].contexts & context))
            return (enum action)map->bindings[i].action;
    return ACTION_NONE;
}

bool keymap_key(const struct keymap *map, enum action action, int i, struct key *out)
{
    for (int b = 0; b < map->count; b++)
        if (map->bindings[b].action == (uint8_t)action && i-- == 0) {
            *out = (struct key){.code = map->bindings[b].code};
            return true;
        }
    return false;
}
