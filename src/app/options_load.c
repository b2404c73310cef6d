#include "options_load.h"

#include "config.h"
#include "options_value.h"

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
    if (slice_eq_str(section, "keys"))
        return add_binding(o, key, value, line, msg);
    const struct option *opt = option_by_key(section, key);
    if (!opt) {
        warn_unknown_key(o, section, key, line);
        return CT_OK;
    }
    struct ct_errmsg words;
    enum ct_err err = option_set(o, opt, value, &words);
    if (err)
        return ct_fail(msg, CT_ERR_USAGE, "%s %s", opt->key, words.text);
    o->sources[option_index(opt)] = (struct option_source){.origin = ORIGIN_FILE, .line = line};
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

static enum ct_err set_from_env(struct options *o, const struct option *opt, const char *name,
                                const char *value, struct ct_errmsg *msg)
{
    struct ct_errmsg words;
    enum ct_err err = option_set(o, opt, slice_str(value), &words);
    if (err)
        return ct_fail(msg, err, "%s %s", name, words.text);
    const char *kept = arena_dup(&o->arena, slice_str(name)).ptr;
    if (!kept)
        return ct_fail(msg, CT_ERR_LIMIT, "%s is too long", name);
    o->sources[option_index(opt)] = (struct option_source){.origin = ORIGIN_ENV, .env_name = kept};
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
    return set_from_env(o, option_by_flag(slice_str(flag)), OTEL_PREFIX "ENDPOINT", endpoint, msg);
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
        const char *value = env->get(env->ctx, name);
        if (value)
            err = set_from_env(o, opt, name, value, msg);
    }
    return err;
}

/* ------------------------------------------------------------------------------------------- what follows
 * from it */

static enum ct_err check_upstream(const struct options *o, const char *flag, const char *url,
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
                           "%s %s is where claude-top itself listens: give the collector another port", flag,
                           url);
    }
    return CT_OK;
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
            struct ct_errmsg words;
            ct_fail(&words, CT_OK,
                    "listening on %s lets other machines send here: nothing asks them who they are",
                    listeners[i]);
            warn(o, words.text);
        }
    }
    if (o->upstream_backoff_first_ms > o->upstream_backoff_max_ms)
        return ct_fail(msg, CT_ERR_USAGE,
                       "upstream-backoff-first must not be longer than upstream-backoff-max");
    if (o->journal_segment_bytes > o->journal_max_bytes)
        return ct_fail(msg, CT_ERR_USAGE, "journal-segment-bytes must not be larger than journal-max-bytes");
    enum ct_err err = check_upstream(o, "upstream-http", o->upstream_http, msg);
    return err ? err : check_upstream(o, "upstream-grpc", o->upstream_grpc, msg);
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
    const char **const files[] = {&o->upstream_ca, &o->upstream_cert, &o->upstream_key, &o->prices};
    bool too_long = !o->state_dir || !o->socket;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (*files[i] && (*files[i])[0])
            *files[i] = paths_expand(*files[i], paths->home, &o->arena);
        too_long |= !*files[i];
    }
    if (too_long)
        return ct_fail(msg, CT_ERR_LIMIT, "the paths are too long");
    return paths_check_socket(o->socket, msg);
}

/* The item of a flag as the text of an OPTION_LIST, behind the items of the same flag before it. */
static enum ct_err add_item(struct options *o, const struct option *opt, struct slice item,
                            struct ct_errmsg *words)
{
    struct buf text;
    buf_init(&text, LIST_TEXT_MAX);
    enum ct_err err = CT_OK;
    if (o->sources[option_index(opt)].origin == ORIGIN_FLAG) {
        err = option_format(o, opt, &text);
        if (!err && text.len)
            err = buf_append_str(&text, "; ");
    }
    for (size_t i = 0; i < item.len && !err; i++) {
        if (item.ptr[i] == ';')
            err = buf_append_char(&text, '\\');
        if (!err)
            err = buf_append_char(&text, item.ptr[i]);
    }
    err = err ? ct_fail(words, CT_ERR_USAGE, "is too long") : option_set(o, opt, buf_slice(&text), words);
    buf_finish(&text);
    return err;
}

static enum ct_err apply_flags(struct options *o, const struct given *flags, size_t count,
                               const struct option *only, struct ct_errmsg *msg)
{
    for (size_t i = 0; i < count; i++) {
        const struct given *g = &flags[i];
        if (only && g->opt != only)
            continue;
        struct ct_errmsg words;
        enum ct_err err = g->opt->type == OPTION_LIST ? add_item(o, g->opt, g->value, &words)
                                                      : option_set(o, g->opt, g->value, &words);
        if (err)
            return ct_fail(msg, err, "--%s %s", g->opt->flag, words.text);
        o->sources[option_index(g->opt)] = (struct option_source){.origin = ORIGIN_FLAG};
    }
    return CT_OK;
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
        err = apply_env(o, env, NULL, msg);
    if (!err)
        err = apply_flags(o, flags, flag_count, NULL, msg);
    o->config = config_path;
    if (!err)
        err = resolve_paths(o, &paths, msg);
    return err ? err : check(o, msg);
}
