/* The text of a query and the JSON around it, written down in one go: the first failure is kept. */
#include "deeplink_private.h"
#include "escape.h"

struct slice link_service(const struct link *l)
{
    return l->target->service_name.len ? l->target->service_name : slice_str(l->config->service_name);
}

struct slice link_profile_service(const struct link *l)
{
    return l->target->profile_service.len ? l->target->profile_service : link_service(l);
}

void link_add(struct link *l, const char *text)
{
    if (!l->err)
        l->err = buf_append_str(&l->text, text);
}

void link_add_literal(struct link *l, struct slice value)
{
    if (!l->err)
        l->err = escape_literal(value, &l->text);
}

void link_add_match(struct link *l, const char *before, const char *name, const char *op, struct slice value)
{
    link_add(l, before);
    link_add(l, name);
    link_add(l, op);
    link_add_literal(l, value);
}

void link_add_regex(struct link *l, const char *before, const char *name, const char *before_value,
                    struct slice value, const char *after_value)
{
    struct buf pattern;
    buf_init(&pattern, DEEPLINK_LONG_MAX);
    enum ct_err err = buf_append_str(&pattern, before_value);
    if (!err)
        err = escape_regex(value, &pattern);
    if (!err)
        err = buf_append_str(&pattern, after_value);
    if (!l->err)
        l->err = err;
    link_add_match(l, before, name, "=~", buf_slice(&pattern));
    buf_finish(&pattern);
}

void link_string(struct link *l, cJSON *object, const char *key, const char *value)
{
    if (!l->err && !cJSON_AddStringToObject(object, key, value))
        l->err = CT_ERR_NOMEM;
}

void link_bool(struct link *l, cJSON *object, const char *key, bool value)
{
    if (!l->err && !cJSON_AddBoolToObject(object, key, value))
        l->err = CT_ERR_NOMEM;
}

void link_number(struct link *l, cJSON *object, const char *key, double value)
{
    if (!l->err && !cJSON_AddNumberToObject(object, key, value))
        l->err = CT_ERR_NOMEM;
}

cJSON *link_object(struct link *l, cJSON *object, const char *key)
{
    cJSON *child = l->err ? NULL : cJSON_AddObjectToObject(object, key);
    if (!child)
        l->err = l->err ? l->err : CT_ERR_NOMEM;
    return child;
}

cJSON *link_array(struct link *l, cJSON *object, const char *key)
{
    cJSON *child = l->err ? NULL : cJSON_AddArrayToObject(object, key);
    if (!child)
        l->err = l->err ? l->err : CT_ERR_NOMEM;
    return child;
}

void link_text(struct link *l, cJSON *object, const char *key)
{
    const char *text = l->err ? NULL : buf_cstr(&l->text);
    if (text)
        link_string(l, object, key, text);
    else if (!l->err)
        l->err = CT_ERR_LIMIT;
    buf_clear(&l->text);
}

bool link_hex_id(struct slice text, size_t bytes, char *out)
{
    uint8_t id[16];
    uint8_t any = 0;
    if (bytes > sizeof(id) || !slice_unhex(text, id, bytes))
        return false;
    for (size_t i = 0; i < bytes; i++)
        any |= id[i];
    slice_hex(id, bytes, out);
    return any != 0;
}
