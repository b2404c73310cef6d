#include "options_load.h"

#include "config.h"
#include "knobs.h"
#include "options_upstream.h"
#include "options_value.h"

#include <stdio.h>

/* All items of one list together. */
#define LIST_TEXT_MAX ((size_t)64 * 1024)

static void warn(struct options *o, const char *words)
{
    /* Past the ceiling further warnings add nothing: the first ones name the file. */
    if (buf_reserve(&o->warnings, strlen(words) + 1) == CT_OK) {
        buf_append_str(&o->warnings, words);
        buf_append_char(&o->warnings, '\n');
    }
}

/* Where a row's value goes: to the settings themselves or to a further destination. */
struct place {
    void *field;
    struct option_source *source;
};

static struct place place_of(struct options *o, struct option_upstream *u, const struct option *opt)
{
    if (u)
        return (struct place){options_upstream_field(u, opt), &u->sources[option_index(opt)]};
    return (struct place){(char *)o + opt->offset, &o->sources[option_index(opt)]};
}

struct key_walk {
    struct slice section;
    bool sections; /* walk the sections' names instead */
    size_t next;
};

static const char *next_key(void *ctx)
{
    struct key_walk *walk = ctx;
    while (walk->sections && walk->next < option_section_count) {
        const char *name = option_sections[walk->next++].name;
        if (name)
            return name;
    }
    while (!walk->sections && walk->next < option_count) {
        const struct option *opt = &option_table[walk->next++];
        if (opt->section && opt->key && slice_eq_str(walk->section, opt->section))
            return opt->key;
    }
    return NULL;
}

static bool known_section(struct slice section)
{
    for (size_t i = 0; i < option_section_count; i++) {
        if (option_sections[i].name && slice_eq_str(section, option_sections[i].name))
            return true;
    }
    return false;
}

static void warn_unknown_key(struct options *o, struct slice section, struct slice key, unsigned line)
{
    struct ct_errmsg words;
    bool in_section = known_section(section);
    struct key_walk walk = {.section = section, .sections = !in_section};
    const char *near = option_nearest(in_section ? key : section, next_key, &walk);
    struct slice what = slice_sub(in_section ? key : section, 0, 80);
    const char *open = in_section ? "" : "[", *close = in_section ? "" : "]";
    if (near)
        ct_fail(&words, CT_OK, "%s:%u: %s%.*s%s is not known: did you mean %s%s%s?", o->config, line, open,
                SLICE_ARG(what), close, open, near, close);
    else
        ct_fail(&words, CT_OK, "%s:%u: %s%.*s%s is not known and does nothing", o->config, line, open,
                SLICE_ARG(what), close);
    warn(o, words.text);
}

static enum ct_err add_binding(struct options *o, struct slice action, struct slice keys, unsigned line,
                               struct ct_errmsg *msg)
{
    if (o->binding_count == OPTION_BINDINGS_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "[keys] has more than %d lines", OPTION_BINDINGS_MAX);
    struct option_binding *b = &o->bindings[o->binding_count++];
    b->action = arena_dup(&o->arena, action).ptr;
    b->keys = arena_dup(&o->arena, keys).ptr;
    b->line = line;
    return b->action && b->keys ? CT_OK : ct_fail(msg, CT_ERR_USAGE, "[keys] is too large");
}

static enum ct_err take_key(void *ctx, struct slice section, struct slice key, struct slice value,
                            unsigned line, struct ct_errmsg *msg)
{
    struct options *o = ctx;
    struct option_upstream *u = NULL;
    struct option_source here = {.origin = ORIGIN_FILE, .line = line};
    struct slice name;
    if (slice_eq_str(section, "keys"))
        return add_binding(o, key, value, line, msg);
    if (options_upstream_section(section, &name)) {
        enum ct_err err = options_upstream_get(o, name, here, &u, msg);
        if (err)
            return err;
        section = SLICE_LIT("upstream");
    }
    const struct option *opt = option_by_key(section, key);
    if (!opt) {
        warn_unknown_key(o, section, key, line);
        return CT_OK;
    }
    struct place place = place_of(o, u, opt);
    struct ct_errmsg words;
    enum ct_err err = option_set_field(&o->arena, opt, place.field, value, &words);
    if (err)
        return ct_fail(msg, CT_ERR_USAGE, "%s %s", opt->key, words.text);
    *place.source = here;
    return CT_OK;
}

static enum ct_err read_config(struct options *o, bool asked_for, struct ct_errmsg *msg)
{
    enum ct_err err = config_read(o->config, take_key, o, msg);
    o->config_found = err == CT_OK;
    if (err == CT_ERR_NOT_FOUND && !asked_for)
        return CT_OK;
    return err ? CT_ERR_USAGE : CT_OK;
}

/* --------------------------------------------------------------------------------------------- the
 * environment */

static enum ct_err set_from_env(struct options *o, struct option_upstream *u, const struct option *opt,
                                const char *name, const char *value, struct ct_errmsg *msg)
{
    struct place place = place_of(o, u, opt);
    struct ct_errmsg words;
    enum ct_err err = option_set_field(&o->arena, opt, place.field, slice_str(value), &words);
    if (err)
        return ct_fail(msg, err, "%s %s", name, words.text);
    const char *kept = arena_dup(&o->arena, slice_str(name)).ptr;
    if (!kept)
        return ct_fail(msg, CT_ERR_LIMIT, "%s is too long", name);
    *place.source = (struct option_source){.origin = ORIGIN_ENV, .env_name = kept};
    return CT_OK;
}

#define OTEL_PREFIX "CLAUDE_TOP_OTEL_EXPORTER_OTLP_"

/* The spelling of OpenTelemetry's own variables, with our prefix; options.h says why. */
static enum ct_err apply_otel_env(struct options *o, const struct env *env, struct ct_errmsg *msg)
{
    static const char *const signals[] = {OTEL_PREFIX "TRACES_ENDPOINT", OTEL_PREFIX "LOGS_ENDPOINT",
                                          OTEL_PREFIX "METRICS_ENDPOINT"};
    struct ct_errmsg words;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (env_get(env, signals[i])) {
            ct_fail(&words, CT_OK,
                    "%s does nothing: one upstream takes all signals, set " OTEL_PREFIX "ENDPOINT",
                    signals[i]);
            warn(o, words.text);
        }
    }
    const char *endpoint = env_get(env, OTEL_PREFIX "ENDPOINT");
    const char *protocol = env_get(env, OTEL_PREFIX "PROTOCOL");
    if (!endpoint)
        return CT_OK;
    const char *flag = "upstream-http";
    if (protocol && strcmp(protocol, "grpc") == 0)
        flag = "upstream-grpc";
    else if (protocol && strcmp(protocol, "http/protobuf") != 0 && strcmp(protocol, "http/json") != 0)
        return ct_fail(msg, CT_ERR_USAGE,
                       OTEL_PREFIX "PROTOCOL wants grpc, http/protobuf or http/json, not \"%.80s\"",
                       protocol);
    return set_from_env(o, NULL, option_by_flag(slice_str(flag)), OTEL_PREFIX "ENDPOINT", endpoint, msg);
}

/* Of the destinations that config.ini or a flag named: variables cannot be listed, only asked for. */
static enum ct_err apply_upstream_env(struct options *o, const struct env *env, struct option_upstream *u,
                                      struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    for (size_t i = 0; !err && i < option_count; i++) {
        const struct option *opt = &option_table[i];
        char name[OPTION_ENV_MAX];
        if (!option_is_upstream(opt) || !options_upstream_env_name(u, opt, name))
            continue;
        const char *value = env->get(env->ctx, name);
        if (value)
            err = set_from_env(o, u, opt, name, value, msg);
    }
    return err;
}

static enum ct_err apply_env(struct options *o, const struct env *env, const struct option *only,
                             struct ct_errmsg *msg)
{
    enum ct_err err = only ? CT_OK : apply_otel_env(o, env, msg);
    for (size_t i = 0; !err && i < option_count; i++) {
        const struct option *opt = &option_table[i];
        char name[OPTION_ENV_MAX];
        if ((only && opt != only) || !option_env_name(opt, name))
            continue;
        /* Set but empty is a value too: CLAUDE_TOP_UPSTREAM_HTTP= takes the upstream away. */
        const char *value = env->get(env->ctx, name), *from = name;
        if (!value && opt->alias) {
            from = opt->alias;
            value = env->get(env->ctx, from);
        }
        if (value)
            err = set_from_env(o, NULL, opt, from, value, msg);
    }
    for (size_t n = 0; !only && !err && n < o->upstream_count; n++)
        err = apply_upstream_env(o, env, o->upstreams[n], msg);
    return err;
}

/* ------------------------------------------------------------------------------------------- what follows
 * from it */

static enum ct_err check_url(const struct options *o, const char *section, const char *url,
                             struct ct_errmsg *msg)
{
    const char *const listeners[] = {o->http, o->grpc};
    struct slice host, own_host;
    unsigned port, own_port;
    if (!option_split_url(slice_str(url), &host, &port))
        return CT_OK; /* none */
    for (size_t i = 0; i < 2; i++) {
        if (!option_split_address(slice_str(listeners[i]), &own_host, &own_port) || port != own_port)
            continue;
        bool same = slice_eq_nocase(host, own_host);
        bool local = option_is_loopback(host) || option_is_any(host);
        if (same || (local && (option_is_loopback(own_host) || option_is_any(own_host))))
            return ct_fail(msg, CT_ERR_USAGE,
                           "%s%s is where claude-top itself listens: give the collector another port",
                           section, url);
    }
    return CT_OK;
}

/* who: "" or "[upstream NAME]: ". */
static enum ct_err check_upstream(const struct options *o, const char *who, const struct upstream_options *u,
                                  struct ct_errmsg *msg)
{
    if (u->backoff_first_ms > u->backoff_max_ms)
        return ct_fail(msg, CT_ERR_USAGE,
                       "%supstream-backoff-first must not be longer than upstream-backoff-max", who);
    enum ct_err err = check_url(o, who, u->http, msg);
    return err ? err : check_url(o, who, u->grpc, msg);
}

static enum ct_err check_upstreams(struct options *o, struct ct_errmsg *msg)
{
    enum ct_err err = check_upstream(o, "", &o->upstream, msg);
    for (size_t i = 0; !err && i < o->upstream_count; i++) {
        const struct option_upstream *u = o->upstreams[i];
        char who[OPTION_UPSTREAM_NAME_MAX + 16];
        snprintf(who, sizeof who, "[upstream %s]: ", u->name);
        err = check_upstream(o, who, &u->set, msg);
        if (!err && !u->set.http[0] && !u->set.grpc[0]) {
            struct ct_errmsg words;
            ct_fail(&words, CT_OK, "%snothing is forwarded there without http or grpc", who);
            warn(o, words.text);
        }
    }
    return err;
}

/* What listening beyond the loopback means. Without anything that is refused where the socket is made
 * (receiver.h). */
static void warn_exposed(struct options *o, const char *address)
{
    struct ct_errmsg words;
    bool token = o->token[0] || o->token_file[0], tls = o->tls_cert[0];
    if (token && !tls)
        ct_fail(
            &words, CT_OK,
            "listening on %s without TLS: who can listen in on the network can read the token and what is "
            "sent; set tls_cert and tls_key",
            address);
    else if (!token && !o->tls_client_ca[0] && o->allow_unauthenticated)
        ct_fail(&words, CT_OK,
                "listening on %s lets other machines send here: nothing asks them who they are", address);
    else
        return;
    warn(o, words.text);
}

/* For who starts something and for who looks at the settings; not in the way of every command. */
static void warn_knobs(struct options *o, const struct env *env)
{
    bool starts = command_table[o->command].word[0] == '\0' || o->command == COMMAND_SERVE;
    struct knobs_words words;
    char text[2 * KNOBS_TEXT_MAX + 64];
    if ((!starts && o->action == OPTIONS_RUN) || !knobs_unknown(env, &words))
        return;
    snprintf(text, sizeof text, "nothing here knows %s; known are %s", words.unknown, words.known);
    warn(o, text);
}

static enum ct_err check(struct options *o, struct ct_errmsg *msg)
{
    struct slice host;
    unsigned port;
    if (!(command_table[o->command].word[0] == '\0' || o->command == COMMAND_SERVE))
        return CT_OK;
    const char *const listeners[] = {o->http, o->grpc};
    for (size_t i = 0; i < 2; i++) {
        if (option_split_address(slice_str(listeners[i]), &host, &port) && !option_is_loopback(host)) {
            warn_exposed(o, listeners[i]);
            break;
        }
    }
    if (o->token[0] && o->token_file[0])
        return ct_fail(msg, CT_ERR_USAGE, "token and token-file are both set: the token is one of them");
    if (o->journal_segment_bytes > o->journal_max_bytes)
        return ct_fail(msg, CT_ERR_USAGE, "journal-segment-bytes must not be larger than journal-max-bytes");
    return check_upstreams(o, msg);
}

/* False when one is too long. */
static bool expand_files(struct options *o, struct upstream_options *u, const char *home)
{
    const char **const files[] = {&u->ca, &u->cert, &u->key};
    bool fit = true;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if ((*files[i])[0])
            *files[i] = paths_expand(*files[i], home, &o->arena);
        fit = fit && *files[i];
    }
    return fit;
}

static enum ct_err resolve_paths(struct options *o, const struct paths *paths, struct ct_errmsg *msg)
{
    const char *state = o->state_dir[0] ? o->state_dir : paths->state_dir;
    o->state_dir = paths_expand(state, paths->home, &o->arena);
    if (o->state_dir)
        o->socket = o->socket[0] ? paths_expand(o->socket, paths->home, &o->arena)
                                 : paths_socket(paths, o->state_dir, &o->arena);
    o->prices_asked_for = o->prices[0] != '\0';
    if (!o->prices_asked_for)
        o->prices = paths->prices_file;
    if (o->prices && o->prices[0])
        o->prices = paths_expand(o->prices, paths->home, &o->arena);
    const char **const files[] = {&o->token_file, &o->tls_cert, &o->tls_key, &o->tls_client_ca};
    bool fit = o->state_dir && o->socket && o->prices;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if ((*files[i])[0])
            *files[i] = paths_expand(*files[i], paths->home, &o->arena);
        fit = fit && *files[i];
    }
    fit = fit && expand_files(o, &o->upstream, paths->home);
    for (size_t i = 0; fit && i < o->upstream_count; i++)
        fit = expand_files(o, &o->upstreams[i]->set, paths->home);
    if (!fit)
        return ct_fail(msg, CT_ERR_LIMIT, "the paths are too long");
    return paths_check_socket(o->socket, msg);
}

/* The item of a flag as the text of an OPTION_LIST, behind the items of the same flag before it. */
static enum ct_err add_item(struct options *o, const struct place *place, const struct option *opt,
                            struct slice item, struct ct_errmsg *words)
{
    struct buf text;
    buf_init(&text, LIST_TEXT_MAX);
    enum ct_err err = CT_OK;
    if (place->source->origin == ORIGIN_FLAG) {
        err = option_format_field(opt, place->field, &text);
        if (!err && text.len)
            err = buf_append_str(&text, "; ");
    }
    for (size_t i = 0; i < item.len && !err; i++) {
        if (item.ptr[i] == ';')
            err = buf_append_char(&text, '\\');
        if (!err)
            err = buf_append_char(&text, item.ptr[i]);
    }
    err = err ? ct_fail(words, CT_ERR_USAGE, "is too long")
              : option_set_field(&o->arena, opt, place->field, buf_slice(&text), words);
    buf_finish(&text);
    return err;
}

/* A destination that a flag names is there for all flags and variables, whatever their order. */
static enum ct_err name_upstreams(struct options *o, const struct given *flags, size_t count,
                                  struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    for (size_t i = 0; i < count && !err; i++) {
        struct slice value = flags[i].value, name;
        struct option_upstream *u;
        struct ct_errmsg words;
        if (flags[i].opt->type != OPTION_URL || !options_upstream_prefix(o, flags[i].opt, &value, &name))
            continue;
        err = options_upstream_get(o, name, (struct option_source){.origin = ORIGIN_FLAG}, &u, &words);
        if (err)
            ct_fail(msg, err, "--%s: %s", flags[i].opt->flag, words.text);
    }
    return err;
}

static enum ct_err apply_flag(struct options *o, const struct given *g, struct ct_errmsg *msg)
{
    struct option_upstream *u = NULL;
    struct slice value = g->value, name;
    struct ct_errmsg words;
    if (options_upstream_prefix(o, g->opt, &value, &name)) {
        enum ct_err err =
            options_upstream_get(o, name, (struct option_source){.origin = ORIGIN_FLAG}, &u, msg);
        if (err)
            return err;
    }
    struct place place = place_of(o, u, g->opt);
    /* Whoever says two means two: the last one would take the other's place in silence. */
    if (option_is_upstream(g->opt) && g->opt->type == OPTION_URL && place.source->origin == ORIGIN_FLAG)
        return ct_fail(msg, CT_ERR_USAGE,
                       "--%s is given twice%s%s: one more upstream has a name of its own: --%s NAME=URL",
                       g->opt->flag, u ? " for " : "", u ? u->name : "", g->opt->flag);
    enum ct_err err = g->opt->type == OPTION_LIST
                          ? add_item(o, &place, g->opt, value, &words)
                          : option_set_field(&o->arena, g->opt, place.field, value, &words);
    if (err)
        return ct_fail(msg, err, "--%s %s", g->opt->flag, words.text);
    *place.source = (struct option_source){.origin = ORIGIN_FLAG};
    return CT_OK;
}

static enum ct_err apply_flags(struct options *o, const struct given *flags, size_t count,
                               const struct option *only, struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    for (size_t i = 0; i < count && !err; i++) {
        if (!only || flags[i].opt == only)
            err = apply_flag(o, &flags[i], msg);
    }
    return err;
}

enum ct_err options_load(struct options *o, const struct given *flags, size_t flag_count,
                         const struct env *env, struct ct_errmsg *msg)
{
    const struct option *config = option_by_flag(SLICE_LIT("config"));
    struct paths paths;
    enum ct_err err = paths_find(env, &o->arena, &paths, msg);
    if (!err)
        err = apply_env(o, env, config, msg);
    if (!err)
        err = apply_flags(o, flags, flag_count, config, msg);
    if (err)
        return err;
    bool asked_for = o->config[0] != '\0';
    o->config = asked_for ? paths_expand(o->config, paths.home, &o->arena) : paths.config_file;
    if (!o->config)
        return ct_fail(msg, CT_ERR_LIMIT, "the path of config.ini is too long");
    const char *config_path = o->config;
    err = read_config(o, asked_for, msg);
    if (!err)
        err = name_upstreams(o, flags, flag_count, msg);
    if (!err)
        err = apply_env(o, env, NULL, msg);
    if (!err)
        err = apply_flags(o, flags, flag_count, NULL, msg);
    o->config = config_path;
    options_upstream_inherit(o);
    warn_knobs(o, env);
    if (!err)
        err = resolve_paths(o, &paths, msg);
    return err ? err : check(o, msg);
}
