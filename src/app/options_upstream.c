#include "options_upstream.h"

#include "options_value.h"

#include <ctype.h>
#include <stdlib.h>

static const char section_name[] = "upstream";

bool option_is_upstream(const struct option *opt)
{
    return opt->section && strcmp(opt->section, section_name) == 0;
}

bool options_upstream_section(struct slice section, struct slice *name)
{
    size_t len = sizeof section_name - 1;
    if (section.len <= len || !slice_starts(section, slice_str(section_name)) ||
        !strchr(" \t.", section.ptr[len]))
        return false;
    *name = slice_trim(slice_sub(section, len + 1, section.len));
    return true;
}

static struct option_upstream *find(const struct options *o, struct slice name)
{
    for (size_t i = 0; i < o->upstream_count; i++) {
        if (slice_eq_str(name, o->upstreams[i]->name))
            return o->upstreams[i];
    }
    return NULL;
}

bool options_upstream_prefix(const struct options *o, const struct option *opt, struct slice *value,
                             struct slice *name)
{
    size_t equals = slice_find(*value, '=');
    if (!option_is_upstream(opt) || equals == value->len)
        return false;
    *name = slice_sub(*value, 0, equals);
    bool here = opt->type == OPTION_URL ? slice_find(*name, ':') == name->len : find(o, *name) != NULL;
    if (here)
        *value = slice_sub(*value, equals + 1, value->len);
    return here;
}

static bool good_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = c >= 'a' && c <= 'z', other = (c >= '0' && c <= '9') || c == '-';
        if (!letter && !(other && i > 0))
            return false;
    }
    /* Its own name in the status is what the first one has there. */
    return name.len > 0 && name.len <= OPTION_UPSTREAM_NAME_MAX && !slice_eq_str(name, section_name);
}

enum ct_err options_upstream_get(struct options *o, struct slice name, struct option_source first,
                                 struct option_upstream **out, struct ct_errmsg *msg)
{
    struct option_upstream *u = find(o, name);
    *out = u;
    if (u)
        return CT_OK;
    if (!good_name(name))
        return ct_fail(msg, CT_ERR_USAGE,
                       "\"%.*s\" cannot be the name of an upstream: it has 1 to %d small letters, digits and "
                       "-, begins with a letter, and is not \"%s\"",
                       SLICE_ARG(slice_sub(name, 0, 40)), OPTION_UPSTREAM_NAME_MAX, section_name);
    if (o->upstream_count == OPTIONS_UPSTREAMS_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "more than %d upstreams", OPTIONS_DESTINATIONS_MAX);
    u = arena_alloc(&o->arena, sizeof *u);
    const char *kept = arena_dup(&o->arena, name).ptr;
    if (!u || !kept)
        return ct_fail(msg, CT_ERR_LIMIT, "the settings are too large");
    *u = (struct option_upstream){.name = kept, .first = first};
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        struct ct_errmsg words;
        if (option_is_upstream(opt) && option_set_field(&o->arena, opt, options_upstream_field(u, opt),
                                                        slice_str(opt->fallback), &words))
            return ct_fail(msg, CT_ERR_LIMIT, "the settings are too large");
    }
    o->upstreams[o->upstream_count++] = u;
    *out = u;
    return CT_OK;
}

void *options_upstream_field(struct option_upstream *u, const struct option *opt)
{
    return (char *)&u->set + (opt->offset - offsetof(struct options, upstream));
}

const void *options_upstream_value(const struct option_upstream *u, const struct option *opt)
{
    return (const char *)&u->set + (opt->offset - offsetof(struct options, upstream));
}

const char *options_upstream_env_name(const struct option_upstream *u, const struct option *opt, char *out)
{
    if (!option_env_name(opt, out))
        return NULL;
    size_t n = strlen(out);
    out[n++] = '_';
    for (const char *c = u->name; *c && n < OPTION_ENV_MAX - 1; c++)
        out[n++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    out[n] = '\0';
    return out;
}

void options_upstream_inherit(struct options *o)
{
    for (size_t n = 0; n < o->upstream_count; n++) {
        struct option_upstream *u = o->upstreams[n];
        for (size_t i = 0; i < option_count; i++) {
            const struct option *opt = &option_table[i];
            if (!option_is_upstream(opt) || opt->own || u->sources[i].origin != ORIGIN_BUILT_IN)
                continue;
            /* Strings are borrowed from the same arena. */
            memcpy(options_upstream_field(u, opt), (const char *)o + opt->offset, opt->size);
        }
    }
}
