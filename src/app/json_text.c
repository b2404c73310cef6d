#include "json_text.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#define INDENT_MAX 64
#define KEY_MAX    4096

/* ---- reading ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t blanks(struct slice t, size_t at)
{
    while (at < t.len && is_blank(t.ptr[at]))
        at++;
    return at;
}

static char peek(struct slice t, size_t at)
{
    return at < t.len ? t.ptr[at] : '\0';
}

static size_t start_of(struct slice t)
{
    return blanks(t, slice_starts(t, SLICE_LIT("\xef\xbb\xbf")) ? 3 : 0);
}

/* Past the string, number or word that begins here. The text was checked. */
static size_t past_scalar(struct slice t, size_t at)
{
    if (peek(t, at) == '"') {
        for (at++; at < t.len && t.ptr[at] != '"'; at++)
            at += t.ptr[at] == '\\';
        return at < t.len ? at + 1 : t.len;
    }
    while (at < t.len && !is_blank(t.ptr[at]) && !strchr(",]}", t.ptr[at]))
        at++;
    return at;
}

static size_t past_value(struct slice t, size_t at)
{
    int depth = 0;
    if (!strchr("{[", peek(t, at)) || at >= t.len)
        return past_scalar(t, at);
    while (at < t.len) {
        char c = t.ptr[at];
        if (c == '"') {
            at = past_scalar(t, at);
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        at++;
        if (depth == 0)
            break;
    }
    return at;
}

/* One member of an object or element of an array. */
struct item {
    struct json_span key; /* of an object; with its quotes */
    struct json_span value;
    size_t from; /* key, or value */
};

/* Takes the next item off a container; at stands behind its bracket, or behind the item before. */
static bool next_item(struct slice t, bool object, size_t *at, struct item *out)
{
    size_t p = blanks(t, *at);
    if (peek(t, p) == ',')
        p = blanks(t, p + 1);
    if (p >= t.len || t.ptr[p] == '}' || t.ptr[p] == ']')
        return false;
    out->from = p;
    if (object) {
        out->key = (struct json_span){p, past_scalar(t, p)};
        p = blanks(t, blanks(t, out->key.to) + 1); /* the colon */
    }
    out->value = (struct json_span){p, past_value(t, p)};
    *at = out->value.to;
    return true;
}

static struct slice part(struct slice t, struct json_span s)
{
    return slice_sub(t, s.from, s.to - s.from);
}

static bool key_is(struct slice raw, const char *key)
{
    if (slice_find(raw, '\\') == raw.len)
        return raw.len >= 2 && slice_eq_str(slice_sub(raw, 1, raw.len - 2), key);
    cJSON *json = cJSON_ParseWithLength(raw.ptr, raw.len);
    const char *text = cJSON_GetStringValue(json);
    bool same = text && strcmp(text, key) == 0;
    cJSON_Delete(json);
    return same;
}

static bool find_member(struct slice t, size_t object, const char *key, struct item *out)
{
    size_t at = object + 1;
    if (peek(t, object) != '{')
        return false;
    while (next_item(t, true, &at, out))
        if (key_is(part(t, out->key), key))
            return true;
    return false;
}

static bool find_item(struct slice t, const struct json_path *path, struct item *out)
{
    size_t at = start_of(t);
    *out = (struct item){.from = at, .value = {at, past_value(t, at)}};
    for (size_t i = 0; i < path->depth; i++)
        if (!find_member(t, out->value.from, path->keys[i], out))
            return false;
    return true;
}

bool json_text_find(struct slice text, const struct json_path *path, struct json_span *value)
{
    struct item item;
    if (!find_item(text, path, &item))
        return false;
    *value = item.value;
    return true;
}

static bool find_element(struct slice t, const struct json_path *array, size_t index, struct item *out)
{
    struct json_span span;
    if (!json_text_find(t, array, &span) || t.ptr[span.from] != '[')
        return false;
    size_t at = span.from + 1;
    for (size_t i = 0; next_item(t, false, &at, out); i++)
        if (i == index)
            return true;
    return false;
}

bool json_text_element(struct slice text, const struct json_path *array, size_t index,
                       struct json_span *element)
{
    struct item item;
    if (!find_element(text, array, index, &item))
        return false;
    *element = item.value;
    return true;
}

bool json_text_is_empty(struct slice text, const struct json_path *path)
{
    struct json_span span;
    return json_text_find(text, path, &span) && strchr("{[", text.ptr[span.from]) &&
           blanks(text, span.from + 1) == span.to - 1;
}

/* ---- checking ---- */

static unsigned line_of(struct slice t, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at && i < t.len; i++)
        line += t.ptr[i] == '\n';
    return line;
}

static const cJSON *twice(const cJSON *node)
{
    for (const cJSON *a = node ? node->child : NULL; a; a = a->next) {
        for (const cJSON *b = cJSON_IsObject(node) ? a->next : NULL; b; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return a;
        const cJSON *below = twice(a);
        if (below)
            return below;
    }
    return NULL;
}

static bool too_deep(struct slice t, size_t at)
{
    int depth = 0;
    for (; at < t.len; at++) {
        if (t.ptr[at] == '"')
            at = past_scalar(t, at) - 1;
        else
            depth += (t.ptr[at] == '{' || t.ptr[at] == '[') - (t.ptr[at] == '}' || t.ptr[at] == ']');
        if (depth > JSON_TEXT_DEPTH_MAX)
            return true;
    }
    return false;
}

/* What cJSON lets pass: control characters in strings, numbers like 01, +1 and 1. */
static bool strict_scalar(struct slice s)
{
    if (s.len && s.ptr[0] == '"') {
        for (size_t i = 0; i < s.len; i++)
            if ((unsigned char)s.ptr[i] < 0x20)
                return false;
        return true;
    }
    size_t i = s.len && s.ptr[0] == '-';
    bool number = i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
    if (!number)
        return slice_eq_str(s, "true") || slice_eq_str(s, "false") || slice_eq_str(s, "null");
    return !(s.ptr[i] == '0' && i + 1 < s.len && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '9') &&
           s.ptr[s.len - 1] != '.';
}

static size_t first_odd_scalar(struct slice t, size_t at)
{
    while (at < t.len) {
        if (is_blank(t.ptr[at]) || strchr("{}[],:", t.ptr[at])) {
            at++;
            continue;
        }
        size_t end = past_scalar(t, at);
        if (!strict_scalar(slice_sub(t, at, end - at)))
            return at;
        at = end;
    }
    return t.len;
}

enum ct_err json_text_check(struct slice text, struct ct_errmsg *msg)
{
    size_t from = start_of(text);
    const char *end = NULL;
    struct buf copy;
    if (memchr(text.ptr ? text.ptr : "", '\0', text.len) || peek(text, from) != '{')
        return ct_fail(msg, CT_ERR_FORMAT, "it is no JSON object");
    if (too_deep(text, from))
        return ct_fail(msg, CT_ERR_FORMAT, "it is nested deeper than %d", JSON_TEXT_DEPTH_MAX);
    buf_init(&copy, text.len + 1);
    buf_append(&copy, text);
    const char *cstr = buf_cstr(&copy);
    cJSON *json = cstr ? cJSON_ParseWithOpts(cstr + from, &end, true) : NULL;
    enum ct_err err = CT_OK;
    if (!json) {
        size_t at = end && cstr ? (size_t)(end - cstr) : 0;
        err = ct_fail(msg, CT_ERR_FORMAT, "line %u is not JSON%s", line_of(text, at),
                      slice_find_slice(text, SLICE_LIT("//")) < text.len ? " (comments are not either)" : "");
    } else if (first_odd_scalar(text, from) < text.len) {
        err = ct_fail(msg, CT_ERR_FORMAT, "line %u is not JSON", line_of(text, first_odd_scalar(text, from)));
    } else if (twice(json)) {
        err = ct_fail(msg, CT_ERR_FORMAT, "\"%.60s\" stands twice in one object", twice(json)->string);
    }
    cJSON_Delete(json);
    buf_finish(&copy);
    return err;
}

/* ---- layout ---- */

struct layout {
    char unit[INDENT_MAX]; /* one step */
    const char *newline;
};

/* As the first member that has a line of its own shows. */
static struct layout layout_of(struct slice t)
{
    struct layout l = {.unit = "  ", .newline = "\n"};
    size_t line = slice_find(t, '\n'), open = start_of(t);
    if (line < t.len && line > 0 && t.ptr[line - 1] == '\r')
        l.newline = "\r\n";
    if (peek(t, open) != '{')
        return l;
    size_t member = blanks(t, open + 1), start = member;
    while (start > 0 && (t.ptr[start - 1] == ' ' || t.ptr[start - 1] == '\t'))
        start--;
    if (peek(t, member) == '"' && start > 0 && t.ptr[start - 1] == '\n' && member > start &&
        member - start < INDENT_MAX)
        snprintf(l.unit, sizeof l.unit, "%.*s", (int)(member - start), t.ptr + start);
    return l;
}

static enum ct_err break_line(struct buf *out, const struct layout *l, size_t depth)
{
    enum ct_err err = buf_append_str(out, l->newline);
    for (size_t i = 0; !err && i < depth; i++)
        err = buf_append_str(out, l->unit);
    return err;
}

/* Lays a JSON value out; what stands in it is kept. depth: of the line that it begins on. */
static enum ct_err lay_out(struct slice v, const struct layout *l, size_t depth, bool inline_,
                           struct buf *out)
{
    enum ct_err err = CT_OK;
    for (size_t at = 0; !err && at < v.len;) {
        char c = v.ptr[at];
        if (is_blank(c)) {
            at++;
        } else if (c == '{' || c == '[') {
            char close = c == '{' ? '}' : ']';
            at = blanks(v, at + 1);
            err = buf_append_char(out, c);
            if (!err && peek(v, at) == close) {
                err = buf_append_char(out, close);
                at++;
            } else {
                depth++;
                if (!err && !inline_)
                    err = break_line(out, l, depth);
            }
        } else if (c == '}' || c == ']') {
            depth--;
            if (!inline_)
                err = break_line(out, l, depth);
            if (!err)
                err = buf_append_char(out, c);
            at++;
        } else if (c == ',') {
            err = buf_append_char(out, ',');
            if (!err)
                err = inline_ ? buf_append_char(out, ' ') : break_line(out, l, depth);
            at++;
        } else if (c == ':') {
            err = buf_append_str(out, ": ");
            at++;
        } else {
            size_t end = at;
            if (c == '"')
                end = past_scalar(v, at);
            else
                while (end < v.len && !is_blank(v.ptr[end]) && !strchr(",:]}", v.ptr[end]))
                    end++;
            err = buf_append(out, slice_sub(v, at, end - at));
            at = end;
        }
    }
    return err;
}

/* ---- writing ---- */

static enum ct_err splice(struct buf *text, struct json_span gap, struct slice with)
{
    struct buf out;
    buf_init(&out, text->max);
    enum ct_err err = buf_append(&out, slice_sub(buf_slice(text), 0, gap.from));
    if (!err)
        err = buf_append(&out, with);
    if (!err)
        err = buf_append(&out, slice_sub(buf_slice(text), gap.to, text->len));
    if (!err) {
        buf_finish(text);
        *text = out;
        return CT_OK;
    }
    buf_finish(&out);
    return err;
}

/* Adds an item ("key": value, or value) behind the last of the container. */
static enum ct_err insert_last(struct buf *text, struct json_span container, size_t depth, const char *key,
                               struct slice value)
{
    struct slice t = buf_slice(text);
    struct layout l = layout_of(t);
    struct item item;
    size_t at = container.from + 1, last = at;
    bool any = false, object = t.ptr[container.from] == '{';
    while (next_item(t, object, &at, &item)) {
        last = item.value.to;
        any = true;
    }
    bool one_line = any && slice_find(part(t, container), '\n') >= part(t, container).len;
    struct buf out;
    buf_init(&out, text->max);
    enum ct_err err = any ? buf_append_char(&out, ',') : CT_OK;
    if (!err)
        err = one_line ? buf_append_char(&out, ' ') : break_line(&out, &l, depth + 1);
    if (!err && key) {
        cJSON *name = cJSON_CreateString(key);
        char *quoted = cJSON_PrintUnformatted(name);
        err = quoted ? buf_printf(&out, "%s: ", quoted) : CT_ERR_NOMEM;
        cJSON_free(quoted);
        cJSON_Delete(name);
    }
    if (!err)
        err = lay_out(value, &l, depth + 1, one_line || !key, &out);
    if (!err && !any)
        err = break_line(&out, &l, depth);
    if (!err)
        err = splice(text, (struct json_span){last, any ? last : container.to - 1}, buf_slice(&out));
    buf_finish(&out);
    return err;
}

static enum ct_err replace(struct buf *text, struct json_span span, size_t depth, struct slice value)
{
    struct layout l = layout_of(buf_slice(text));
    struct buf out;
    buf_init(&out, text->max);
    enum ct_err err = lay_out(value, &l, depth, false, &out);
    if (!err)
        err = splice(text, span, buf_slice(&out));
    buf_finish(&out);
    return err;
}

enum ct_err json_text_set(struct buf *text, const struct json_path *path, struct slice value)
{
    struct json_path parent = *path;
    struct item item;
    if (find_item(buf_slice(text), path, &item))
        return replace(text, item.value, path->depth, value);
    parent.depth--;
    if (!find_item(buf_slice(text), &parent, &item) || text->data[item.value.from] != '{')
        return CT_ERR_FORMAT;
    return insert_last(text, item.value, parent.depth, path->keys[parent.depth], value);
}

enum ct_err json_text_append(struct buf *text, const struct json_path *array, struct slice value)
{
    struct item item;
    if (!find_item(buf_slice(text), array, &item) || text->data[item.value.from] != '[')
        return CT_ERR_FORMAT;
    return insert_last(text, item.value, array->depth, NULL, value);
}

/* The item with the comma behind it, or the one before it when it is the last, and the blanks between. */
static enum ct_err cut(struct buf *text, const struct item *item)
{
    struct slice t = buf_slice(text);
    size_t from = item->from, to = item->value.to, next = blanks(t, to), before = from;
    while (before > 0 && is_blank(t.ptr[before - 1]))
        before--;
    if (peek(t, next) == ',') {
        to = next + 1;
        from = before; /* the blanks before the next one stay */
    } else {
        from = before > 0 && t.ptr[before - 1] == ',' ? before - 1 : before;
        if (before > 0 && strchr("{[", t.ptr[before - 1]))
            to = next; /* it was the only one: nothing is left between the brackets */
    }
    return splice(text, (struct json_span){from, to}, SLICE_NULL);
}

enum ct_err json_text_remove(struct buf *text, const struct json_path *path)
{
    struct item item;
    return path->depth && find_item(buf_slice(text), path, &item) ? cut(text, &item) : CT_OK;
}

enum ct_err json_text_remove_element(struct buf *text, const struct json_path *array, size_t index)
{
    struct item item;
    return find_element(buf_slice(text), array, index, &item) ? cut(text, &item) : CT_OK;
}
