#include "options_table.h"

#include <ctype.h>

const struct option *option_by_flag(struct slice flag)
{
    for (size_t i = 0; i < option_count; i++) {
        if (slice_eq_str(flag, option_table[i].flag))
            return &option_table[i];
    }
    return NULL;
}

const struct option *option_by_key(struct slice section, struct slice key)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        if (opt->section && opt->key && slice_eq_str(section, opt->section) && slice_eq_str(key, opt->key))
            return opt;
    }
    return NULL;
}

const char *option_env_name(const struct option *opt, char *out)
{
    if (!opt->section)
        return NULL;
    static const char prefix[] = "CLAUDE_TOP_";
    size_t n = sizeof prefix - 1;
    memcpy(out, prefix, n);
    for (const char *c = opt->flag; *c && n < OPTION_ENV_MAX - 1; c++)
        out[n++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    out[n] = '\0';
    return out;
}

bool option_next_choice(struct slice *rest, struct slice *choice)
{
    if (!rest->ptr || rest->len == 0)
        return false;
    size_t bar = slice_find(*rest, '|');
    *choice = slice_sub(*rest, 0, bar);
    *rest = slice_sub(*rest, bar + 1, rest->len);
    return true;
}

#define WORD_MAX 48

/* Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment). */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3], *before = rows[(i - 1) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = before[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            best = before[j] + 1 < best ? before[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *option_nearest(struct slice word, const char *(*next)(void *ctx), void *ctx)
{
    const char *name, *nearest = NULL;
    size_t least = SIZE_MAX;
    if (word.len > WORD_MAX)
        return NULL;
    while ((name = next(ctx))) {
        struct slice other = slice_str(name);
        if (other.len == 0 || other.len > WORD_MAX)
            continue;
        size_t far = distance(word, other);
        size_t longer = word.len > other.len ? word.len : other.len;
        if (far < least && far * 5 <= longer * 2) {
            least = far;
            nearest = name;
        }
    }
    return nearest;
}
