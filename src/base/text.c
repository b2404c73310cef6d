#include "text.h"

#include <utf8proc.h>

#define CP_REPLACEMENT 0xfffdu
#define CP_ELLIPSIS    0x2026u
#define CP_LINE_BREAK  0x21b5u

/* Takes one code point off in. False: the bytes consumed (a maximal subpart, at least 1) are not UTF-8. */
static bool take(struct slice *in, uint32_t *cp)
{
    utf8proc_int32_t c;
    size_t room = in->len < 4 ? in->len : 4;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)in->ptr, (utf8proc_ssize_t)room, &c);
    if (n > 0) {
        *cp = (uint32_t)c;
        *in = slice_sub(*in, (size_t)n, in->len);
        return true;
    }
    uint8_t lead = (uint8_t)in->ptr[0];
    size_t skip = 1, want = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    if (lead > 0xf4)
        want = 1;
    while (skip < want && skip < in->len) {
        uint8_t b = (uint8_t)in->ptr[skip];
        uint8_t low = 0x80, high = 0xbf;
        if (skip == 1) { /* Unicode 15.0, table 3-7: second bytes that can start no character */
            low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
            high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        }
        if (b < low || b > high)
            break;
        skip++;
    }
    *in = slice_sub(*in, skip, in->len);
    return false;
}

static bool is_mark(uint32_t cp)
{
    if (cp < 0x300)
        return false;
    utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)cp);
    return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_ME ||
           (cp >= 0x1160 && cp <= 0x11ff); /* conjoining Hangul vowels and finals take no column */
}

/* True when the character is left out because terminals disagree about what it does to its neighbours. */
static bool is_dropped(uint32_t cp)
{
    return cp == 0x200d || cp == 0x200c || (cp >= 0xfe00 && cp <= 0xfe0f) ||
           (cp >= 0x1f3fb && cp <= 0x1f3ff) || (cp >= 0xe0100 && cp <= 0xe01ef);
}

static uint32_t substitute(uint32_t cp)
{
    if (cp < 0x20)
        return cp == '\t' ? ' ' : cp == '\n' || cp == '\r' ? CP_LINE_BREAK : 0x2400 + cp;
    if (cp < 0x7f)
        return cp;
    if (cp == 0x7f)
        return 0x2421;
    if (cp == 0xad)
        return '-';
    if (cp == 0x2028 || cp == 0x2029)
        return CP_LINE_BREAK;
    if (cp >= 0x1f1e6 && cp <= 0x1f1ff)
        return 'A' + (cp - 0x1f1e6);
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
        return CP_REPLACEMENT;
    case UTF8PROC_CATEGORY_ZS:
        return cp == 0x3000 ? cp : ' ';
    default:
        break;
    }
    /* A character that takes no column and is no mark would vanish or shift its line. */
    return utf8proc_charwidth((utf8proc_int32_t)cp) <= 0 && !is_mark(cp) ? CP_REPLACEMENT : cp;
}

size_t text_encode(uint32_t cp, char *out)
{
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)out);
}

int text_codepoint_width(uint32_t cp)
{
    if (cp < 0x300)
        return 1;
    if (is_mark(cp))
        return 0;
    int width = utf8proc_charwidth((utf8proc_int32_t)cp);
    return width < 1 ? 1 : width > 2 ? 2 : width;
}

size_t text_clean(struct slice in, char *out, size_t cap)
{
    size_t len = 0, marks = 0;
    size_t fits = 0; /* the length before the last character after which an ellipsis still fits */
    bool base = false;
    while (in.len) {
        uint32_t cp = (uint8_t)in.ptr[0];
        if (cp >= 0x20 && cp < 0x7f) {
            in = slice_sub(in, 1, in.len);
        } else {
            bool crlf = cp == '\r' && in.len > 1 && in.ptr[1] == '\n';
            if (!take(&in, &cp))
                cp = CP_REPLACEMENT;
            else if (is_dropped(cp))
                continue;
            else
                cp = substitute(cp);
            if (crlf)
                in = slice_sub(in, 1, in.len);
        }
        bool mark = is_mark(cp);
        if (mark && !base) {
            cp = CP_REPLACEMENT;
            mark = false;
        }
        marks = mark ? marks + 1 : 0;
        if (marks > TEXT_MARKS_MAX)
            continue;
        base = true;
        char bytes[4];
        size_t n = text_encode(cp, bytes);
        if (!mark && len + 3 < cap)
            fits = len;
        if (len + n >= cap) {
            len = fits + text_encode(CP_ELLIPSIS, out + fits);
            break;
        }
        memcpy(out + len, bytes, n);
        len += n;
    }
    out[len] = '\0';
    return len;
}

bool text_is_clean(struct slice in)
{
    size_t marks = 0;
    bool base = false;
    while (in.len) {
        uint32_t cp;
        if (!take(&in, &cp) || is_dropped(cp) || substitute(cp) != cp)
            return false;
        marks = is_mark(cp) ? marks + 1 : 0;
        if (marks > TEXT_MARKS_MAX || (marks && !base))
            return false;
        base = true;
    }
    return true;
}

bool text_next(struct slice *rest, struct text_cluster *out)
{
    if (rest->len == 0)
        return false;
    const char *start = rest->ptr;
    uint32_t cp;
    if (!take(rest, &cp))
        cp = CP_REPLACEMENT;
    out->base = cp;
    out->width = text_codepoint_width(cp);
    if (out->width == 0)
        out->width = 1;
    while (rest->len && (uint8_t)rest->ptr[0] >= 0x80) {
        struct slice after = *rest;
        if (!take(&after, &cp) || !is_mark(cp))
            break;
        *rest = after;
    }
    out->bytes = slice_make(start, (size_t)(rest->ptr - start));
    return true;
}

size_t text_width(struct slice s)
{
    struct text_cluster c;
    size_t width = 0;
    while (text_next(&s, &c))
        width += (size_t)c.width;
    return width;
}

struct slice text_prefix(struct slice s, size_t cols, size_t *width)
{
    struct slice rest = s;
    struct text_cluster c;
    size_t len = 0, used = 0;
    while (text_next(&rest, &c) && used + (size_t)c.width <= cols) {
        used += (size_t)c.width;
        len += c.bytes.len;
    }
    if (width)
        *width = used;
    return slice_sub(s, 0, len);
}

static uint32_t fold(struct slice *s)
{
    uint32_t cp;
    if (!take(s, &cp))
        return CP_REPLACEMENT;
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
}

/* True when s starts with prefix, case aside. */
static bool starts_nocase(struct slice s, struct slice prefix)
{
    while (prefix.len) {
        if (s.len == 0 || fold(&s) != fold(&prefix))
            return false;
    }
    return true;
}

size_t text_find_nocase(struct slice s, struct slice needle)
{
    for (struct slice from = s; from.len || needle.len == 0; fold(&from)) {
        if (starts_nocase(from, needle))
            return (size_t)(from.ptr - s.ptr);
    }
    return s.len;
}
