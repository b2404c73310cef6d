#include "prices.h"

#include <ctype.h>
#include <math.h>

/* Longer prompts and bills than any model takes are a broken sender's: the sum stays far inside 64 bits. */
#define NANO_MAX 1e15

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isdigit((unsigned char)s.ptr[i]))
            return false;
    return s.len > 0;
}

static struct slice before_first(struct slice s, char c)
{
    return slice_sub(s, 0, slice_find(s, c));
}

static size_t find_last(struct slice s, char c)
{
    size_t i = s.len;
    while (i > 0 && s.ptr[i - 1] != c)
        i--;
    return i ? i - 1 : s.len;
}

/* "-20251001", "-v1", "-latest" */
static bool is_ornament(struct slice part)
{
    return (part.len == 8 && all_digits(part)) || slice_eq_str(part, "latest") ||
           (part.len > 1 && part.ptr[0] == 'v' && all_digits(slice_sub(part, 1, part.len)));
}

struct slice price_plain_name(struct slice model)
{
    static const char vendor[] = "anthropic.";
    size_t at = find_last(model, '/');
    if (at < model.len)
        model = slice_sub(model, at + 1, model.len);
    at = slice_find_slice(model, SLICE_LIT(vendor));
    if (at < model.len)
        model = slice_sub(model, at + sizeof vendor - 1, model.len);
    model = before_first(before_first(before_first(model, '['), '@'), ':');
    for (at = find_last(model, '-'); at < model.len && is_ornament(slice_sub(model, at + 1, model.len));
         at = find_last(model, '-'))
        model = slice_sub(model, 0, at);
    return model;
}

/* Linear but for a step back to the last star. */
static bool fits(const char *pattern, struct slice name)
{
    const char *star = NULL;
    size_t i = 0, resume = 0;
    while (i < name.len) {
        if (*pattern == '*') {
            star = pattern++;
            resume = i;
        } else if (*pattern == '?' || (*pattern && *pattern == name.ptr[i])) {
            pattern++;
            i++;
        } else if (star) {
            pattern = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* What a pattern says outright. */
static size_t letters(const char *pattern)
{
    size_t n = 0;
    for (; *pattern; pattern++)
        n += *pattern != '*' && *pattern != '?';
    return n;
}

static bool better(const struct price *a, const struct price *b)
{
    size_t la = letters(a->pattern), lb = letters(b->pattern);
    if (a->own != b->own)
        return a->own;
    if (la != lb)
        return la > lb;
    return a->over_tokens > b->over_tokens;
}

const struct price *price_find(const struct price_table *table, struct slice model, int64_t prompt_tokens)
{
    const struct price *best = NULL;
    struct slice name = price_plain_name(model);
    for (size_t i = 0; table && name.len && i < table->count; i++) {
        const struct price *p = &table->items[i];
        bool long_enough = p->over_tokens == 0 || prompt_tokens > p->over_tokens;
        if (long_enough && (!best || better(p, best)) && fits(p->pattern, name))
            best = p;
    }
    return best;
}

static int64_t known(int64_t tokens)
{
    return tokens > 0 ? tokens : 0;
}

int64_t price_estimate(const struct price_table *table, struct slice model, const struct event_usage *usage)
{
    int64_t input = known(usage->input_tokens), read = known(usage->cache_read_tokens);
    int64_t written = known(usage->cache_creation_tokens);
    int64_t hour = known(usage->cache_creation_1h_tokens);
    if (usage->input_tokens < 0 && usage->output_tokens < 0)
        return -1;
    const struct price *p = price_find(table, model, input + read + written);
    if (!p)
        return -1;
    if (hour > written)
        hour = written;
    /* A dollar for a million tokens is 1000 nano dollars for one. */
    double nano = 1000 * ((double)input * p->input + (double)known(usage->output_tokens) * p->output +
                          (double)read * p->cache_read + (double)(written - hour) * p->cache_write_5m +
                          (double)hour * p->cache_write_1h);
    return nano >= 0 && nano < NANO_MAX ? llround(nano) : -1;
}
