#include "knobs.h"

#include "options_table.h"
#include "text.h"

#include <stdio.h>

#define PREFIX "OTEL_INTERCEPTOR_"
/* Of a name that is shown. */
#define NAME_SHOWN_MAX 56

/* The next alias of that prefix, from row *i on; for option_nearest(). */
static const char *next_known(void *ctx)
{
    size_t *i = ctx;
    while (*i < option_count) {
        const char *alias = option_table[(*i)++].alias;
        if (alias && slice_starts(slice_str(alias), SLICE_LIT(PREFIX)))
            return alias;
    }
    return NULL;
}

static bool is_known(struct slice name)
{
    size_t i = 0;
    for (const char *known; (known = next_known(&i));)
        if (slice_eq_str(name, known))
            return true;
    return false;
}

static void add(char text[KNOBS_TEXT_MAX], const char *before, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, KNOBS_TEXT_MAX - used, "%s%s", before, more);
}

static void add_name(char text[KNOBS_TEXT_MAX], const char *before, struct slice name)
{
    char clean[NAME_SHOWN_MAX], meant[NAME_SHOWN_MAX + 16];
    size_t i = 0;
    text_clean(slice_sub(name, 0, sizeof clean - 1), clean, sizeof clean);
    add(text, before, clean);
    const char *near = option_nearest(name, next_known, &i);
    if (near) {
        snprintf(meant, sizeof meant, " (did you mean %s?)", near);
        add(text, "", meant);
    }
}

bool knobs_unknown(const struct env *env, struct knobs_words *out)
{
    size_t count = 0, at = 0;
    out->unknown[0] = out->known[0] = '\0';
    for (size_t i = 0; env->item; i++) {
        const char *item = env->item(env->ctx, i);
        if (!item)
            break;
        struct slice name = slice_sub(slice_str(item), 0, slice_find(slice_str(item), '='));
        if (slice_starts(name, SLICE_LIT(PREFIX)) && !is_known(name) && count++ < KNOBS_SHOWN)
            add_name(out->unknown, count > 1 ? ", " : "", name);
    }
    if (count > KNOBS_SHOWN) {
        char more[32];
        snprintf(more, sizeof more, " and %zu more", count - KNOBS_SHOWN);
        add(out->unknown, more, "");
    }
    const char *before = "";
    for (const char *known; (known = next_known(&at)); before = ", ")
        add(out->known, before, known);
    return count > 0;
}
