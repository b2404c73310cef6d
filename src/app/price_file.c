#include "price_file.h"

#include "config.h"
#include "mem.h"
#include "price_builtin.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAX   (1024u * 1024u)
#define PRICE_MAX   1e6 /* dollars for a million tokens */
#define NUMBER_MAX  32
#define MISSING     (-1.0)
#define SECTION_MAX 48 /* inih cuts longer ones off silently */

struct reading {
    struct price_list *list;
    bool own;
    size_t first;       /* of this file */
    struct slice named; /* the last section */
};

static const struct {
    const char *key;
    size_t offset;
    double times_input; /* when it is not given; 0: it must be */
} fields[] = {
    {"input", offsetof(struct price, input), 0},
    {"output", offsetof(struct price, output), 0},
    {"cache_read", offsetof(struct price, cache_read), 0.1},
    {"cache_write_5m", offsetof(struct price, cache_write_5m), 1.25},
    {"cache_write_1h", offsetof(struct price, cache_write_1h), 2},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static double *field(struct price *p, size_t i)
{
    return (double *)(void *)((char *)p + fields[i].offset);
}

/* What the last section left out. */
static enum ct_err complete(struct reading *r, struct ct_errmsg *msg)
{
    if (r->list->table.count == r->first)
        return CT_OK;
    struct price *p = &r->list->items[r->list->table.count - 1];
    for (size_t i = 0; i < FIELDS; i++) {
        if (*field(p, i) != MISSING)
            continue;
        if (fields[i].times_input == 0)
            return ct_fail(msg, CT_ERR_FORMAT, "[%.*s] has no %s", SLICE_ARG(r->named), fields[i].key);
        *field(p, i) = p->input * fields[i].times_input;
    }
    return CT_OK;
}

/* "NAME" or "NAME over N" */
static enum ct_err new_entry(struct reading *r, struct slice section, struct ct_errmsg *msg)
{
    struct price_list *list = r->list;
    enum ct_err err = complete(r, msg);
    if (err)
        return err;
    if (section.len == 0)
        return ct_fail(msg, CT_ERR_FORMAT, "a price stands below a [model]");
    if (section.len >= SECTION_MAX)
        return ct_fail(msg, CT_ERR_LIMIT, "[%.*s…] is too long: use a * in it", 20, section.ptr);
    if (list->table.count == PRICE_ENTRIES_MAX)
        return ct_fail(msg, CT_ERR_LIMIT, "there are more than %d models", PRICE_ENTRIES_MAX);
    struct price p = {.own = r->own};
    size_t at = slice_find_slice(section, SLICE_LIT(" over "));
    uint64_t over = 0;
    if (at < section.len && !slice_to_u64(slice_trim(slice_sub(section, at + 6, section.len)), &over))
        return ct_fail(msg, CT_ERR_FORMAT, "[%.*s]: behind \"over\" stands a number of tokens",
                       SLICE_ARG(section));
    if (over > INT32_MAX)
        return ct_fail(msg, CT_ERR_FORMAT, "[%.*s]: no prompt is that long", SLICE_ARG(section));
    p.over_tokens = (int64_t)over;
    for (size_t i = 0; i < FIELDS; i++)
        *field(&p, i) = MISSING;
    struct slice kept = arena_dup(&list->arena, slice_trim(slice_sub(section, 0, at)));
    r->named = arena_dup(&list->arena, section);
    if (!kept.ptr || !r->named.ptr)
        return ct_fail(msg, CT_ERR_LIMIT, "the file is too large");
    p.pattern = kept.ptr;
    list->items = mem_grow(list->items, list->table.count + 1, sizeof *list->items);
    list->items[list->table.count++] = p;
    list->table.items = list->items;
    return CT_OK;
}

static bool number(struct slice value, double *out)
{
    char text[NUMBER_MAX], *end;
    if (value.len == 0 || value.len >= sizeof text)
        return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    if (text[strspn(text, "0123456789.")] != '\0')
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && *out <= PRICE_MAX;
}

static enum ct_err take_key(void *ctx, struct slice section, struct slice key, struct slice value,
                            unsigned line, struct ct_errmsg *msg)
{
    struct reading *r = ctx;
    (void)line;
    if (r->list->table.count == r->first || !slice_eq(section, r->named)) {
        enum ct_err err = new_entry(r, section, msg);
        if (err)
            return err;
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (!slice_eq_str(key, fields[i].key))
            continue;
        if (!number(value, field(&r->list->items[r->list->table.count - 1], i)))
            return ct_fail(msg, CT_ERR_FORMAT, "%s wants dollars for a million tokens, not \"%.*s\"",
                           fields[i].key, SLICE_ARG(slice_sub(value, 0, 40)));
        return CT_OK;
    }
    return ct_fail(msg, CT_ERR_FORMAT,
                   "%.*s is not known: there are input, output, cache_read, cache_write_5m and "
                   "cache_write_1h",
                   SLICE_ARG(slice_sub(key, 0, 40)));
}

static enum ct_err finish_file(struct reading *r, enum ct_err err, const char *path, struct ct_errmsg *msg)
{
    struct ct_errmsg words;
    if (!err && complete(r, &words))
        err = ct_fail(msg, CT_ERR_FORMAT, "%s: %s", path, words.text);
    if (err)
        r->list->table.count = r->first;
    return err;
}

enum ct_err price_list_load(struct price_list *list, const char *path, bool asked_for, struct ct_errmsg *msg)
{
    static const char name[] = "the built-in prices";
    *list = (struct price_list){0};
    arena_init(&list->arena, ARENA_MAX);
    struct reading r = {.list = list};
    enum ct_err err = finish_file(&r, config_read_text(name, BUILTIN_PRICES, take_key, &r, msg), name, msg);
    if (err || !path || !path[0])
        return err;
    r = (struct reading){.list = list, .own = true, .first = list->table.count};
    err = config_read(path, take_key, &r, msg);
    if (err == CT_ERR_NOT_FOUND && !asked_for)
        return CT_OK;
    return finish_file(&r, err, path, msg);
}

void price_list_finish(struct price_list *list)
{
    free(list->items);
    arena_finish(&list->arena);
    *list = (struct price_list){0};
}
