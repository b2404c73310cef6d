#include "record.h"

#include <math.h>

const struct otlp_value *otlp_attr_get(struct otlp_attrs attrs, const char *key)
{
    struct slice wanted = slice_str(key);
    for (size_t i = 0; i < attrs.count; i++)
        if (slice_eq(attrs.items[i].key, wanted))
            return &attrs.items[i].value;
    return NULL;
}

struct slice otlp_attr_text(struct otlp_attrs attrs, const char *key)
{
    const struct otlp_value *value = otlp_attr_get(attrs, key);
    if (!value || value->type != OTLP_VALUE_STRING)
        return SLICE_NULL;
    /* "" is present: its pointer must not be NULL. */
    return value->str.ptr ? value->str : SLICE_LIT("");
}

/* Text that is a decimal number: strtod() alone would take "inf", "nan" and hexadecimal. */
static bool decimal(struct slice text, double *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr("0123456789+-.eE", text.ptr[i], 15))
            return false;
    return slice_to_double(text, out);
}

bool otlp_attr_double(struct otlp_attrs attrs, const char *key, double *out)
{
    const struct otlp_value *value = otlp_attr_get(attrs, key);
    if (!value)
        return false;
    switch (value->type) {
    case OTLP_VALUE_INT:
        *out = (double)value->integer;
        return true;
    case OTLP_VALUE_DOUBLE:
        *out = value->number;
        return true;
    case OTLP_VALUE_STRING:
        return decimal(value->str, out);
    default:
        return false;
    }
}

bool otlp_attr_int(struct otlp_attrs attrs, const char *key, int64_t *out)
{
    const struct otlp_value *value = otlp_attr_get(attrs, key);
    double number;
    if (!value)
        return false;
    if (value->type == OTLP_VALUE_INT) {
        *out = value->integer;
        return true;
    }
    if (value->type == OTLP_VALUE_STRING && slice_to_i64(value->str, out))
        return true;
    if (!otlp_attr_double(attrs, key, &number) || !isfinite(number) || trunc(number) != number ||
        number < -0x1p63 || number >= 0x1p63)
        return false;
    *out = (int64_t)number;
    return true;
}

bool otlp_attr_bool(struct otlp_attrs attrs, const char *key, bool *out)
{
    const struct otlp_value *value = otlp_attr_get(attrs, key);
    if (!value)
        return false;
    if (value->type == OTLP_VALUE_BOOL) {
        *out = value->boolean;
        return true;
    }
    if (value->type != OTLP_VALUE_STRING)
        return false;
    *out = slice_eq_str(value->str, "true");
    return *out || slice_eq_str(value->str, "false");
}
