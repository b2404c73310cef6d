#include "escape.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

static enum ct_err append_literal_byte(unsigned char c, struct buf *out)
{
    switch (c) {
    case '\\':
        return buf_append_str(out, "\\\\");
    case '"':
        return buf_append_str(out, "\\\"");
    case '\n':
        return buf_append_str(out, "\\n");
    case '\r':
        return buf_append_str(out, "\\r");
    case '\t':
        return buf_append_str(out, "\\t");
    default:
        break;
    }
    if (c >= 0x20 && c < 0x7f)
        return buf_append_char(out, (char)c);
    const char code[] = {'\\', 'x', hex_lower[c >> 4], hex_lower[c & 15]};
    return buf_append(out, slice_make(code, sizeof(code)));
}

enum ct_err escape_literal(struct slice value, struct buf *out)
{
    enum ct_err err = buf_append_char(out, '"');
    for (size_t i = 0; !err && i < value.len; i++)
        err = append_literal_byte((unsigned char)value.ptr[i], out);
    return err ? err : buf_append_char(out, '"');
}

enum ct_err escape_regex(struct slice value, struct buf *out)
{
    enum ct_err err = CT_OK;
    for (size_t i = 0; !err && i < value.len; i++) {
        if (value.ptr[i] && strchr("\\.+*?()|[]{}^$", value.ptr[i]))
            err = buf_append_char(out, '\\');
        if (!err)
            err = buf_append_char(out, value.ptr[i]);
    }
    return err;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

enum ct_err escape_percent(struct slice bytes, struct buf *out)
{
    enum ct_err err = CT_OK;
    for (size_t i = 0; !err && i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        const char code[] = {'%', hex_upper[c >> 4], hex_upper[c & 15]};
        err = is_unreserved(c) ? buf_append_char(out, (char)c)
                               : buf_append(out, slice_make(code, sizeof(code)));
    }
    return err;
}
