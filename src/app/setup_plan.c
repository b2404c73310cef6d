#include "setup_plan.h"

#include <stdio.h>

#define ARENA_MAX (1024u * 1024u)

void setup_plan_init(struct setup_plan *p)
{
    p->count = 0;
    arena_init(&p->arena, ARENA_MAX);
}

void setup_plan_finish(struct setup_plan *p)
{
    arena_finish(&p->arena);
}

static void add(struct setup_plan *p, const char *object, const char *key, cJSON *value, bool element)
{
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;
    const char *kept = text ? arena_dup(&p->arena, slice_str(text)).ptr : NULL;
    cJSON_free(text);
    bool wanted = !value || kept;
    cJSON_Delete(value);
    object = arena_dup(&p->arena, slice_str(object)).ptr;
    key = arena_dup(&p->arena, slice_str(key)).ptr;
    if (!wanted || !object || !key || p->count == SETUP_CHANGES_MAX)
        return;
    p->changes[p->count++] =
        (struct setup_change){.path = {.keys = {object, key}, .depth = 2}, .value = kept, .element = element};
}

void setup_plan_set(struct setup_plan *p, const char *object, const char *key, cJSON *value)
{
    add(p, object, key, value, false);
}

void setup_plan_unset(struct setup_plan *p, const char *object, const char *key)
{
    add(p, object, key, NULL, false);
}

void setup_plan_add(struct setup_plan *p, const char *object, const char *array, cJSON *element)
{
    add(p, object, array, element, true);
}

bool setup_same(struct slice a, struct slice b)
{
    cJSON *x = cJSON_ParseWithLength(a.ptr, a.len), *y = cJSON_ParseWithLength(b.ptr, b.len);
    bool same = x && y && cJSON_Compare(x, y, true);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

/* ---- the record ---- */

static cJSON *path_json(const struct json_path *path)
{
    cJSON *keys = cJSON_CreateArray();
    for (size_t i = 0; i < path->depth; i++)
        cJSON_AddItemToArray(keys, cJSON_CreateString(path->keys[i]));
    return keys;
}

/* The keys stay the JSON's. */
static bool path_of(const cJSON *keys, struct json_path *path)
{
    path->depth = 0;
    for (const cJSON *k = keys ? keys->child : NULL; k; k = k->next) {
        if (path->depth == JSON_TEXT_PATH_MAX || !cJSON_GetStringValue(k))
            return false;
        path->keys[path->depth++] = k->valuestring;
    }
    return path->depth > 0;
}

static void add_text(cJSON *o, const char *key, struct slice text)
{
    struct buf copy;
    buf_init(&copy, text.len + 1);
    buf_append(&copy, text);
    cJSON_AddStringToObject(o, key, text.len ? buf_cstr(&copy) : "");
    buf_finish(&copy);
}

/* One entry of a list of the record; before and after as JSON texts, null: nothing stood there. */
static void note(cJSON *record, const char *list, const struct json_path *path, const struct slice *before,
                 const char *after)
{
    cJSON *items = cJSON_GetObjectItemCaseSensitive(record, list), *item = cJSON_CreateObject();
    cJSON_AddItemToObject(item, "path", path_json(path));
    if (before)
        add_text(item, "before", *before);
    else
        cJSON_AddNullToObject(item, "before");
    if (after)
        cJSON_AddStringToObject(item, "after", after);
    else
        cJSON_AddNullToObject(item, "after");
    cJSON_AddItemToArray(items, item);
}

static cJSON *new_record(void)
{
    cJSON *record = cJSON_CreateObject();
    cJSON_AddArrayToObject(record, "made");
    cJSON_AddArrayToObject(record, "set");
    cJSON_AddArrayToObject(record, "added");
    return record;
}

/* ---- applying ---- */

static struct slice part(const struct buf *text, struct json_span span)
{
    return slice_sub(buf_slice(text), span.from, span.to - span.from);
}

/* Makes the object or array at path where there is none. */
static enum ct_err make_container(struct buf *text, const struct json_path *path, char open, cJSON *record,
                                  struct ct_errmsg *msg)
{
    struct json_span span;
    if (json_text_find(buf_slice(text), path, &span)) {
        if (text->data[span.from] == open)
            return CT_OK;
        return ct_fail(msg, CT_ERR_FORMAT, "\"%s\" in it is no %s", path->keys[path->depth - 1],
                       open == '{' ? "object" : "array");
    }
    note(record, "made", path, NULL, NULL);
    return json_text_set(text, path, slice_str(open == '{' ? "{}" : "[]"));
}

static bool has_element(struct slice text, const struct json_path *array, struct slice value, size_t *index)
{
    struct json_span span;
    for (*index = 0; json_text_element(text, array, *index, &span); ++*index)
        if (setup_same(slice_sub(text, span.from, span.to - span.from), value))
            return true;
    return false;
}

static enum ct_err apply_element(const struct setup_change *c, struct buf *text, cJSON *record,
                                 struct ct_errmsg *msg)
{
    size_t index;
    enum ct_err err = make_container(text, &c->path, '[', record, msg);
    if (err || has_element(buf_slice(text), &c->path, slice_str(c->value), &index))
        return err;
    note(record, "added", &c->path, NULL, c->value);
    return json_text_append(text, &c->path, slice_str(c->value));
}

static enum ct_err apply_value(const struct setup_change *c, struct buf *text, cJSON *record)
{
    struct json_span span;
    bool there = json_text_find(buf_slice(text), &c->path, &span);
    if (there ? c->value && setup_same(part(text, span), slice_str(c->value)) : !c->value)
        return CT_OK;
    struct slice before = there ? part(text, span) : SLICE_NULL;
    note(record, "set", &c->path, there ? &before : NULL, c->value);
    return c->value ? json_text_set(text, &c->path, slice_str(c->value)) : json_text_remove(text, &c->path);
}

enum ct_err setup_apply(const struct setup_plan *p, struct buf *text, cJSON **record, struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    *record = new_record();
    for (size_t i = 0; i < p->count && !err; i++) {
        const struct setup_change *c = &p->changes[i];
        struct json_path parent = c->path;
        parent.depth--;
        struct json_span span;
        if (!c->value && !json_text_find(buf_slice(text), &c->path, &span))
            continue;
        err = make_container(text, &parent, '{', *record, msg);
        if (!err)
            err = c->element ? apply_element(c, text, *record, msg) : apply_value(c, text, *record);
        if (err == CT_ERR_LIMIT)
            ct_fail(msg, err, "it would become too large");
    }
    return err;
}

cJSON *setup_recognise(const struct setup_plan *p, struct slice text)
{
    cJSON *record = new_record();
    struct json_path parents[SETUP_CHANGES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct setup_change *c = &p->changes[i];
        struct json_span span;
        size_t index;
        bool ours = false;
        if (c->value && c->element)
            ours = has_element(text, &c->path, slice_str(c->value), &index);
        else if (c->value && json_text_find(text, &c->path, &span))
            ours = setup_same(slice_sub(text, span.from, span.to - span.from), slice_str(c->value));
        if (!ours)
            continue;
        note(record, c->element ? "added" : "set", &c->path, NULL, c->value);
        parents[count] = c->path;
        parents[count].depth--;
        if (c->element)
            note(record, "made", &c->path, NULL, NULL);
        count++;
    }
    /* The outer containers go last: "made" is undone from its end. */
    for (size_t i = 0; i < count; i++) {
        cJSON *made = cJSON_GetObjectItemCaseSensitive(record, "made"), *item = cJSON_CreateObject();
        cJSON_AddItemToObject(item, "path", path_json(&parents[i]));
        cJSON_InsertItemInArray(made, 0, item);
    }
    return record;
}

/* ---- undoing ---- */

static const char *path_text(const struct json_path *path, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < path->depth && used + 1 < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s%.100s", i ? "." : "", path->keys[i]);
    return out;
}

static enum ct_err undo_value(const cJSON *item, const struct json_path *path, struct buf *text,
                              struct buf *notes, size_t *taken)
{
    char name[256];
    struct json_span span;
    const char *before = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "before"));
    const char *after = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "after"));
    bool there = json_text_find(buf_slice(text), path, &span);
    if (there ? !after || !setup_same(part(text, span), slice_str(after)) : after != NULL)
        return there ? buf_printf(notes, "%s was changed since: left as it is\n",
                                  path_text(path, name, sizeof name))
                     : CT_OK;
    ++*taken;
    return before ? json_text_set(text, path, slice_str(before)) : json_text_remove(text, path);
}

static enum ct_err undo_element(const cJSON *item, const struct json_path *path, struct buf *text,
                                struct buf *notes, size_t *taken)
{
    char name[256];
    size_t index;
    struct json_span span;
    const char *after = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "after"));
    if (!after || !json_text_find(buf_slice(text), path, &span))
        return CT_OK;
    if (!has_element(buf_slice(text), path, slice_str(after), &index))
        return buf_printf(notes, "%s has not what was added to it any more: left as it is\n",
                          path_text(path, name, sizeof name));
    ++*taken;
    return json_text_remove_element(text, path, index);
}

typedef enum ct_err (*undo_fn)(const cJSON *item, const struct json_path *path, struct buf *text,
                               struct buf *notes, size_t *taken);

static enum ct_err undo_container(const cJSON *item, const struct json_path *path, struct buf *text,
                                  struct buf *notes, size_t *taken)
{
    (void)item;
    (void)notes;
    (void)taken;
    return json_text_is_empty(buf_slice(text), path) ? json_text_remove(text, path) : CT_OK;
}

/* The last that was done is undone first. */
static enum ct_err undo_list(const cJSON *record, const char *list, undo_fn undo, struct buf *text,
                             struct buf *notes, size_t *taken)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(record, list);
    struct json_path path;
    enum ct_err err = CT_OK;
    for (int i = cJSON_GetArraySize(items) - 1; i >= 0 && !err; i--) {
        const cJSON *item = cJSON_GetArrayItem(items, i);
        if (path_of(cJSON_GetObjectItemCaseSensitive(item, "path"), &path))
            err = undo(item, &path, text, notes, taken);
    }
    return err;
}

enum ct_err setup_undo(const cJSON *record, struct buf *text, struct buf *notes, size_t *taken)
{
    size_t ignored;
    if (!taken)
        taken = &ignored;
    *taken = 0;
    enum ct_err err = undo_list(record, "added", undo_element, text, notes, taken);
    if (!err)
        err = undo_list(record, "set", undo_value, text, notes, taken);
    return err ? err : undo_list(record, "made", undo_container, text, notes, taken);
}
