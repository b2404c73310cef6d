#include "term_paper.h"

/* Of the luma of the paper, 0 to 1: above it dark ink reads better. */
#define LIGHT_PAPER 0.5

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One to four hex digits as a share of what so many can say. */
static bool parse_channel(struct slice text, double *out)
{
    unsigned value = 0, most = 0;
    if (text.len < 1 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
        most = most << 4 | 15u;
    }
    *out = (double)value / most;
    return true;
}

static enum term_paper paper_of(const double rgb[3])
{
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] > LIGHT_PAPER ? TERM_PAPER_LIGHT
                                                                          : TERM_PAPER_DARK;
}

/* "ffff/ffff/ffff", and a fourth with an alpha channel. */
static enum term_paper parse_channels(struct slice text, size_t want)
{
    double value[4];
    size_t count = 0;
    for (;;) {
        struct slice part = slice_sub(text, 0, slice_find(text, '/'));
        if (count == want || !parse_channel(part, &value[count++]))
            return TERM_PAPER_UNKNOWN;
        if (part.len == text.len)
            break;
        text = slice_sub(text, part.len + 1, text.len);
    }
    return count == want ? paper_of(value) : TERM_PAPER_UNKNOWN;
}

static bool skip(struct slice *text, struct slice prefix)
{
    if (!slice_starts(*text, prefix))
        return false;
    *text = slice_sub(*text, prefix.len, text->len);
    return true;
}

enum term_paper term_paper_answer(struct slice reply)
{
    if (skip(&reply, SLICE_LIT("tmux;\033]"))) /* the end of what was wrapped is part of the string */
        while (reply.len && (reply.ptr[reply.len - 1] == '\a' || reply.ptr[reply.len - 1] == '\\' ||
                             reply.ptr[reply.len - 1] == '\033'))
            reply.len--;
    if (!skip(&reply, SLICE_LIT("11;")))
        return TERM_PAPER_UNKNOWN;
    if (skip(&reply, SLICE_LIT("rgb:")))
        return parse_channels(reply, 3);
    if (skip(&reply, SLICE_LIT("rgba:")))
        return parse_channels(reply, 4);
    uint8_t rgb[3];
    if (reply.len != 7 || reply.ptr[0] != '#' || !slice_unhex(slice_sub(reply, 1, 6), rgb, 3))
        return TERM_PAPER_UNKNOWN;
    return paper_of((const double[3]){rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0});
}

enum term_paper term_paper_news(struct slice params)
{
    return slice_eq(params, SLICE_LIT("?997;1"))   ? TERM_PAPER_DARK
           : slice_eq(params, SLICE_LIT("?997;2")) ? TERM_PAPER_LIGHT
                                                   : TERM_PAPER_UNKNOWN;
}

enum term_paper term_paper_variable(const char *colorfgbg)
{
    struct slice text = slice_str(colorfgbg);
    uint64_t index;
    size_t at;
    if (slice_find(text, ';') == text.len)
        return TERM_PAPER_UNKNOWN;
    while ((at = slice_find(text, ';')) < text.len)
        text = slice_sub(text, at + 1, text.len);
    if (!slice_to_u64(text, &index) || index > 15)
        return TERM_PAPER_UNKNOWN;
    /* The sixteen: white and all bright ones but grey are light. */
    return index == 7 || index > 8 ? TERM_PAPER_LIGHT : TERM_PAPER_DARK;
}
