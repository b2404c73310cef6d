#include "otlp_json_read.h"

#include "base64.h"

#include <math.h>

int jsr_key(const char *const *names, size_t count, const cJSON *member, uint32_t *seen)
{
    if (cJSON_IsNull(member) || !member->string)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], member->string) != 0)
            continue;
        if (*seen >> i & 1)
            return -1;
        *seen |= UINT32_C(1) << i;
        return (int)i;
    }
    return -1;
}

static bool wrong_type(struct walk *w, const cJSON *item, const char *expected)
{
    return walk_malformed(w, "\"%.60s\" is not %s", item->string ? item->string : "[]", expected);
}

bool jsr_object(struct walk *w, const cJSON *item, const char *what)
{
    return cJSON_IsObject(item) || walk_malformed(w, "%s is not an object", what);
}

bool jsr_array(struct walk *w, const cJSON *item, size_t *count)
{
    *count = 0;
    if (!cJSON_IsArray(item))
        return wrong_type(w, item, "an array");
    for (const cJSON *c = item->child; c; c = c->next)
        ++*count;
    return true;
}

bool jsr_text(struct walk *w, const cJSON *item, struct slice *out)
{
    if (!cJSON_IsString(item))
        return wrong_type(w, item, "a string");
    *out = slice_str(item->valuestring);
    return true;
}

bool jsr_boolean(struct walk *w, const cJSON *item, bool *out)
{
    if (!cJSON_IsBool(item))
        return wrong_type(w, item, "true or false");
    *out = cJSON_IsTrue(item);
    return true;
}

/* Text that is a JSON number: strtod() alone would take "inf", "nan" and hexadecimal. */
static bool text_to_double(struct slice text, double *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("0123456789+-.eE", text.ptr[i], 15))
            return false;
    return slice_to_double(text, out);
}

/* The integral double that a number such as 1e3, or its text, stands for. */
static bool integral(const cJSON *item, double *out)
{
    if (cJSON_IsNumber(item))
        *out = item->valuedouble;
    else if (!cJSON_IsString(item) || !text_to_double(slice_str(item->valuestring), out))
        return false;
    return isfinite(*out) && trunc(*out) == *out;
}

bool jsr_u64(struct walk *w, const cJSON *item, uint64_t *out)
{
    double number;
    if (cJSON_IsString(item) && slice_to_u64(slice_str(item->valuestring), out))
        return true;
    if (!integral(item, &number) || number < 0 || number >= 0x1p64)
        return wrong_type(w, item, "an unsigned 64-bit integer");
    *out = (uint64_t)number;
    return true;
}

bool jsr_i64(struct walk *w, const cJSON *item, int64_t *out)
{
    double number;
    if (cJSON_IsString(item) && slice_to_i64(slice_str(item->valuestring), out))
        return true;
    if (!integral(item, &number) || number < -0x1p63 || number >= 0x1p63)
        return wrong_type(w, item, "a 64-bit integer");
    *out = (int64_t)number;
    return true;
}

bool jsr_u32(struct walk *w, const cJSON *item, uint32_t *out)
{
    double number;
    if (!integral(item, &number) || number < 0 || number > UINT32_MAX)
        return wrong_type(w, item, "an unsigned 32-bit integer");
    *out = (uint32_t)number;
    return true;
}

bool jsr_double(struct walk *w, const cJSON *item, double *out)
{
    if (cJSON_IsNumber(item)) {
        *out = item->valuedouble;
        return true;
    }
    if (cJSON_IsString(item)) {
        struct slice text = slice_str(item->valuestring);
        if (text_to_double(text, out))
            return true;
        bool minus = slice_eq_str(text, "-Infinity");
        if (minus || slice_eq_str(text, "Infinity")) {
            *out = minus ? -INFINITY : INFINITY;
            return true;
        }
        if (slice_eq_str(text, "NaN")) {
            *out = NAN;
            return true;
        }
    }
    return wrong_type(w, item, "a number");
}

bool jsr_enum(struct walk *w, const cJSON *item, const char *prefix, const struct jsr_name *names,
              size_t count, int32_t *out)
{
    double number;
    if (integral(item, &number) && number >= INT32_MIN && number <= INT32_MAX) {
        *out = (int32_t)number;
        return true;
    }
    if (!cJSON_IsString(item))
        return wrong_type(w, item, "an enum");
    *out = 0;
    struct slice text = slice_str(item->valuestring);
    if (!slice_starts(text, slice_str(prefix)))
        return true;
    text = slice_sub(text, strlen(prefix), text.len);
    for (size_t i = 0; i < count; i++)
        if (slice_eq_str(text, names[i].name))
            *out = names[i].value;
    return true;
}

bool jsr_id(struct walk *w, const cJSON *item, uint8_t *id, size_t len, bool *has)
{
    struct slice text;
    uint8_t bytes[OTLP_TRACE_ID_LEN];
    if (!jsr_text(w, item, &text))
        return false;
    if (slice_unhex(text, bytes, len))
        *has = walk_id(id, len, slice_make(bytes, len));
    else
        *has = walk_id(id, len, SLICE_NULL);
    return true;
}

/* Either alphabet, padded or not, as the JSON mapping of proto3 asks of receivers. */
static bool read_base64(struct walk *w, const cJSON *item, struct slice *out)
{
    struct slice text;
    char *bytes;
    size_t len;
    *out = SLICE_NULL;
    if (!jsr_text(w, item, &text))
        return false;
    if (text.len == 0)
        return true;
    if (!walk_bytes(w, BASE64_DECODED_MAX(text.len), &bytes))
        return false;
    if (!base64_decode(text, BASE64_LENIENT, bytes, BASE64_DECODED_MAX(text.len), &len))
        return wrong_type(w, item, "base64");
    *out = slice_make(bytes, len);
    return true;
}

static bool read_attr(struct walk *w, const cJSON *item, size_t depth, struct otlp_attr *out)
{
    enum { KEY, VALUE };
    static const char *const keys[] = {[KEY] = "key", [VALUE] = "value"};
    uint32_t seen = 0;
    *out = (struct otlp_attr){0};
    if (!jsr_object(w, item, "an attribute"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case KEY:
            jsr_text(w, m, &out->key);
            break;
        case VALUE:
            jsr_value(w, m, depth, &out->value);
            break;
        default:
            break;
        }
    }
    return !w->err;
}

/* The array "values" of an arrayValue or kvlistValue; NULL when it is absent, which is an empty one. */
static bool find_values(struct walk *w, const cJSON *item, const cJSON **values, size_t *count)
{
    static const char *const keys[] = {"values"};
    uint32_t seen = 0;
    *values = NULL;
    *count = 0;
    if (!cJSON_IsObject(item))
        return wrong_type(w, item, "an object");
    for (const cJSON *m = item->child; m; m = m->next)
        if (jsr_key(keys, 1, m, &seen) == 0)
            *values = m;
    return !*values || jsr_array(w, *values, count);
}

static bool read_array(struct walk *w, const cJSON *item, size_t depth, struct otlp_value *out)
{
    const cJSON *values;
    size_t count, i = 0;
    void *room;
    if (!find_values(w, item, &values, &count) || !walk_array(w, count, sizeof(struct otlp_value), &room))
        return false;
    struct otlp_value *items = room;
    for (const cJSON *c = count ? values->child : NULL; c; c = c->next)
        if (!jsr_value(w, c, depth, &items[i++]))
            return false;
    *out = (struct otlp_value){.type = OTLP_VALUE_ARRAY, .array = {items, count}};
    return true;
}

static bool read_kvlist(struct walk *w, const cJSON *item, size_t depth, struct otlp_value *out)
{
    const cJSON *values;
    size_t count, i = 0;
    void *room;
    if (!find_values(w, item, &values, &count) || !walk_array(w, count, sizeof(struct otlp_attr), &room))
        return false;
    struct otlp_attr *items = room;
    for (const cJSON *c = count ? values->child : NULL; c; c = c->next)
        if (!read_attr(w, c, depth, &items[i++]))
            return false;
    *out = (struct otlp_value){.type = OTLP_VALUE_KVLIST, .kvlist = {items, count}};
    return true;
}

bool jsr_value(struct walk *w, const cJSON *item, size_t depth, struct otlp_value *out)
{
    enum { STRING, BOOL, INT, DOUBLE, ARRAY, KVLIST, BYTES };
    static const char *const keys[] = {
        [STRING] = "stringValue", [BOOL] = "boolValue",     [INT] = "intValue",     [DOUBLE] = "doubleValue",
        [ARRAY] = "arrayValue",   [KVLIST] = "kvlistValue", [BYTES] = "bytesValue",
    };
    uint32_t seen = 0;
    *out = (struct otlp_value){0};
    if (!walk_depth(w, depth) || !jsr_object(w, item, "a value"))
        return false;
    for (const cJSON *m = item->child; m && !w->err && out->type == OTLP_VALUE_NONE; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case STRING:
            out->type = OTLP_VALUE_STRING;
            jsr_text(w, m, &out->str);
            break;
        case BOOL:
            out->type = OTLP_VALUE_BOOL;
            jsr_boolean(w, m, &out->boolean);
            break;
        case INT:
            out->type = OTLP_VALUE_INT;
            jsr_i64(w, m, &out->integer);
            break;
        case DOUBLE:
            out->type = OTLP_VALUE_DOUBLE;
            jsr_double(w, m, &out->number);
            break;
        case ARRAY:
            read_array(w, m, depth + 1, out);
            break;
        case KVLIST:
            read_kvlist(w, m, depth + 1, out);
            break;
        case BYTES:
            out->type = OTLP_VALUE_BYTES;
            read_base64(w, m, &out->str);
            break;
        default:
            break;
        }
    }
    return !w->err;
}

bool jsr_attrs(struct walk *w, const cJSON *item, struct otlp_attrs *out)
{
    size_t count, i = 0;
    void *room;
    *out = (struct otlp_attrs){0};
    if (!jsr_array(w, item, &count) || !walk_charge(w, count) ||
        !walk_array(w, count, sizeof(struct otlp_attr), &room))
        return false;
    struct otlp_attr *items = room;
    for (const cJSON *c = count ? item->child : NULL; c; c = c->next)
        if (!read_attr(w, c, 1, &items[i++]))
            return false;
    *out = (struct otlp_attrs){items, count};
    return true;
}
