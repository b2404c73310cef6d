#include "otlp_json_scan.h"

struct scanner {
    const char *text;
    size_t len;
    size_t at;
    struct json_scan *scan;
    struct buf *copy;    /* NULL: only look */
    size_t copied;       /* text before it is in the copy */
    size_t growth;       /* bytes by which the copy is longer */
    bool wants_patching; /* found something to patch */
    uint8_t is_object[OTLP_JSON_DEPTH_MAX / 8 + 1];
};

static int peek(const struct scanner *s)
{
    return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(struct scanner *s)
{
    for (int c = peek(s); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek(s))
        s->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Replaces text[from, s->at) in the copy. The room was reserved after the first look, so appending cannot
 * fail. */
static void patch(struct scanner *s, size_t from, const char *before, struct slice replacement,
                  const char *after)
{
    s->wants_patching = true;
    s->growth += strlen(before) + replacement.len + strlen(after) - (s->at - from);
    if (!s->copy)
        return;
    buf_append(s->copy, slice_make(s->text + s->copied, from - s->copied));
    buf_append_str(s->copy, before);
    buf_append(s->copy, replacement);
    buf_append_str(s->copy, after);
    s->copied = s->at;
}

static bool hex4(const struct scanner *s, size_t at, unsigned *out)
{
    uint8_t bytes[2];
    if (s->len - at < 4 || !slice_unhex(slice_make(s->text + at, 4), bytes, 2))
        return false;
    *out = (unsigned)bytes[0] << 8 | bytes[1];
    return true;
}

/* Behind the backslash. */
static bool escape(struct scanner *s)
{
    unsigned unit, low;
    size_t from = s->at - 1;
    int c = peek(s);
    s->at++;
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        break;
    default:
        return false;
    }
    if (!hex4(s, s->at, &unit))
        return false;
    s->at += 4;
    if (unit == 0) {
        patch(s, from, "", SLICE_LIT("\\u2400"), "");
    } else if (unit >= 0xD800 && unit <= 0xDFFF) {
        bool pair = unit <= 0xDBFF && s->len - s->at >= 6 && s->text[s->at] == '\\' &&
                    s->text[s->at + 1] == 'u' && hex4(s, s->at + 2, &low) && low >= 0xDC00 && low <= 0xDFFF;
        if (pair)
            s->at += 6;
        else
            patch(s, from, "", SLICE_LIT("\\uFFFD"), "");
    }
    return true;
}

static bool string(struct scanner *s)
{
    s->at++;
    for (;;) {
        int c = peek(s);
        if (c < 0x20) /* a control character, or the end */
            return false;
        s->at++;
        if (c == '"')
            return true;
        if (c == '\\' && !escape(s))
            return false;
    }
}

static bool number(struct scanner *s)
{
    size_t from = s->at;
    if (peek(s) == '-')
        s->at++;
    size_t digits_from = s->at;
    if (!is_digit(peek(s)))
        return false;
    if (peek(s) == '0')
        s->at++;
    else
        while (is_digit(peek(s)))
            s->at++;
    size_t digits = s->at - digits_from;
    bool integer = true;
    if (peek(s) == '.') {
        integer = false;
        s->at++;
        if (!is_digit(peek(s)))
            return false;
        while (is_digit(peek(s)))
            s->at++;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        integer = false;
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!is_digit(peek(s)))
            return false;
        while (is_digit(peek(s)))
            s->at++;
    }
    if (s->at - from > OTLP_JSON_NUMBER_MAX)
        return false;
    if (integer && digits >= OTLP_JSON_EXACT_DIGITS)
        patch(s, from, "\"", slice_make(s->text + from, s->at - from), "\"");
    return true;
}

static bool word(struct scanner *s, struct slice expected)
{
    if (!slice_starts(slice_make(s->text + s->at, s->len - s->at), expected))
        return false;
    s->at += expected.len;
    return true;
}

/* A value that holds no other. */
static bool scalar(struct scanner *s)
{
    switch (peek(s)) {
    case '"':
        return string(s);
    case 't':
        return word(s, SLICE_LIT("true"));
    case 'f':
        return word(s, SLICE_LIT("false"));
    case 'n':
        return word(s, SLICE_LIT("null"));
    default:
        return number(s);
    }
}

/* "key" and its colon, up to the value. */
static bool key(struct scanner *s)
{
    skip_space(s);
    if (peek(s) != '"' || !string(s))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return false;
    s->at++;
    return true;
}

static void set_object(struct scanner *s, size_t depth, bool object)
{
    uint8_t bit = (uint8_t)(1u << (depth % 8));
    if (object)
        s->is_object[depth / 8] |= bit;
    else
        s->is_object[depth / 8] &= (uint8_t)~bit;
}

static bool in_object(const struct scanner *s, size_t depth)
{
    return s->is_object[depth / 8] >> (depth % 8) & 1;
}

static enum json_fault document(struct scanner *s)
{
    size_t depth = 0;
    for (;;) {
        /* One value. */
        skip_space(s);
        if (++s->scan->nodes > s->scan->max_nodes)
            return JSON_NODES;
        int c = peek(s);
        if (c == '{' || c == '[') {
            if (depth >= s->scan->max_depth || depth >= OTLP_JSON_DEPTH_MAX)
                return JSON_DEPTH;
            s->at++;
            set_object(s, depth++, c == '{');
            skip_space(s);
            if (peek(s) != (c == '{' ? '}' : ']')) {
                if (c == '{' && !key(s))
                    return JSON_MALFORMED;
                continue;
            }
        } else if (!scalar(s)) {
            return JSON_MALFORMED;
        }
        /* What follows it: closing brackets, then a comma or the end. */
        for (;;) {
            skip_space(s);
            if (depth == 0)
                return s->at == s->len ? JSON_SOUND : JSON_MALFORMED;
            bool object = in_object(s, depth - 1);
            c = peek(s);
            s->at++;
            if (c == (object ? '}' : ']')) {
                depth--;
                continue;
            }
            if (c != ',' || (object && !key(s)))
                return JSON_MALFORMED;
            break;
        }
    }
}

enum json_fault json_scan_run(struct json_scan *scan, struct slice text, struct buf *copy)
{
    struct scanner s = {.text = text.ptr, .len = text.len, .scan = scan};
    scan->nodes = 0;
    scan->patched = false;
    enum json_fault fault = document(&s);
    scan->at = s.at < s.len ? s.at : s.len;
    if (fault || !s.wants_patching)
        return fault;

    buf_clear(copy);
    if (buf_reserve(copy, text.len + s.growth))
        return JSON_NO_MEMORY;
    s = (struct scanner){.text = text.ptr, .len = text.len, .scan = scan, .copy = copy};
    scan->nodes = 0;
    document(&s);
    buf_append(copy, slice_make(text.ptr + s.copied, text.len - s.copied));
    scan->patched = true;
    return JSON_SOUND;
}
