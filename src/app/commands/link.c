/* link: the Grafana URL of a session or turn that the running collector knows. */
#include "clock.h"
#include "commands.h"
#include "feed.h"
#include "grafana_api.h"
#include "opener.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* Of everything that Grafana is asked, together. */
#define GRAFANA_WAIT_MS 3000

static struct slice text(const cJSON *o, const char *key)
{
    const char *v = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return v ? slice_str(v) : SLICE_NULL;
}

static int64_t time_of(const cJSON *o, const char *key)
{
    int64_t ns = 0;
    clock_parse_rfc3339(text(o, key), &ns);
    return ns;
}

/* "last" is the session heard of most recently. */
static const cJSON *find_session(const cJSON *root, const char *id)
{
    const cJSON *sessions = cJSON_GetObjectItemCaseSensitive(root, "sessions"), *best = NULL;
    int64_t newest = -1;
    for (const cJSON *s = sessions ? sessions->child : NULL; s; s = s->next) {
        int64_t at = time_of(s, "last_activity_at");
        if (strcmp(id, "last") == 0 ? at > newest : slice_eq_str(text(s, "session_id"), id)) {
            best = s;
            newest = at;
        }
    }
    return best;
}

static const cJSON *find_turn(const cJSON *session, int64_t number)
{
    const cJSON *tree = cJSON_GetObjectItemCaseSensitive(session, "tree");
    for (const cJSON *t = tree ? tree->child : NULL; t; t = t->next) {
        const cJSON *n = cJSON_GetObjectItemCaseSensitive(t, "number");
        if (cJSON_IsNumber(n) && (int64_t)n->valuedouble == number && slice_eq_str(text(t, "kind"), "turn"))
            return t;
    }
    return NULL;
}

/* The call with that id, somewhere below. The tree's depth is bounded (model_private.h). */
static const cJSON *find_call(const cJSON *nodes, const char *id)
{
    for (const cJSON *n = nodes ? nodes->child : NULL; n; n = n->next) {
        if (slice_eq_str(text(n, "id"), id))
            return n;
        const cJSON *below = find_call(cJSON_GetObjectItemCaseSensitive(n, "children"), id);
        if (below)
            return below;
    }
    return NULL;
}

/* As status_link_target() has it of the model. */
static void target_node(const cJSON *node, struct deeplink_target *target)
{
    const cJSON *duration = cJSON_GetObjectItemCaseSensitive(node, "duration_ms");
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(node, "number");
    struct slice kind = text(node, "kind"), id = text(node, "id");
    /* Until its own span was sent, the trace as far as that was; else a search. */
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "span_sent"))) {
        target->trace_id = text(node, "trace_id");
        target->span_id = text(node, "span_id");
    } else if (!slice_eq(target->trace_id, text(node, "trace_id"))) {
        target->trace_id = SLICE_NULL;
    }
    target->profile_id = text(node, "profile_id");
    target->from_ns = time_of(node, "started_at");
    target->to_ns = cJSON_IsNumber(duration) && target->from_ns
                        ? target->from_ns + (int64_t)(duration->valuedouble * 1e6)
                        : 0;
    if (slice_eq_str(kind, "turn")) {
        target->prompt_id = text(node, "prompt_id");
        target->turn_number = cJSON_IsNumber(number) ? (int64_t)number->valuedouble : 0;
    } else if (slice_eq_str(kind, "llm")) {
        target->request_id = id;
        target->model = text(node, "model");
    } else if (slice_eq_str(kind, "tool")) {
        target->tool_use_id = id;
        target->tool = text(node, "name");
    } else if (slice_eq_str(kind, "agent")) {
        target->agent_id = id;
    } else if (slice_eq_str(kind, "span")) {
        target->profile_service = text(node, "detail");
    }
}

/* What the flags narrow. "mcp__SERVER" is all tools of that server. */
static void target_row(const struct options *o, struct deeplink_target *target)
{
    struct slice tool = slice_str(o->link_tool), prefix = SLICE_LIT("mcp__");
    if (o->link_model[0])
        target->model = slice_str(o->link_model);
    if (slice_starts(tool, prefix) &&
        slice_find_slice(slice_sub(tool, prefix.len, tool.len), SLICE_LIT("__")) == tool.len - prefix.len)
        target->mcp_server = slice_sub(tool, prefix.len, tool.len);
    else if (tool.len)
        target->tool = tool;
    target->errors = o->errors;
}

static enum ct_err make_target(const struct options *o, const cJSON *root, struct deeplink_target *target,
                               struct ct_errmsg *msg)
{
    const cJSON *session = find_session(root, o->session), *node = NULL;
    if (!session)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "no session %s: claude-top status lists them", o->session);
    *target = (struct deeplink_target){.session_id = text(session, "session_id"),
                                       .service_name = text(session, "service_name"),
                                       .from_ns = time_of(session, "started_at")};
    if (slice_eq_str(text(session, "state"), "ended"))
        target->to_ns = time_of(session, "last_activity_at");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(session, "trace_sent"))) {
        /* All of it is one trace. */
        const cJSON *traces = cJSON_GetObjectItemCaseSensitive(session, "trace_ids");
        const char *id = cJSON_GetStringValue(cJSON_GetArrayItem(traces, cJSON_GetArraySize(traces) - 1));
        target->trace_id = slice_str(id);
    }
    if (o->call[0])
        node = find_call(cJSON_GetObjectItemCaseSensitive(session, "tree"), o->call);
    else if (o->turn != 0)
        node = find_turn(session, o->turn);
    if (o->call[0] && !node)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "session %s has no call %s", o->session, o->call);
    if (o->turn != 0 && !node)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "session %s has no turn %lld", o->session, (long long)o->turn);
    if (node)
        target_node(node, target);
    return CT_OK;
}

/* The target by the flags: of a running collector, or of what stands in the flags alone. */
static enum ct_err find_target(const struct options *o, struct buf *json, cJSON **root,
                               struct deeplink_target *target, struct ct_errmsg *msg)
{
    bool all = strcmp(o->session, "all") == 0;
    enum ct_err err = CT_OK;
    *target = (struct deeplink_target){.from_ns = 0};
    if (all && (o->turn != 0 || o->call[0]))
        return ct_fail(msg, CT_ERR_USAGE, "--turn and --call are of one session: --session ID");
    if (!all) {
        err = feed_get(o->socket, "/status", json, msg);
        if (err == CT_ERR_NOT_FOUND && strcmp(o->session, "last") != 0 && o->turn == 0 && !o->call[0]) {
            /* Nobody to ask, but the id is all that a search needs. */
            target->session_id = slice_str(o->session);
            err = CT_OK;
        } else if (!err) {
            *root = cJSON_ParseWithLength(json->data, json->len);
            err = make_target(o, *root, target, msg);
        }
    }
    if (!err)
        target_row(o, target);
    return err;
}

static enum ct_err print_all(const struct deeplink_config *config, const struct deeplink_target *target)
{
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    struct arena arena;
    arena_init(&arena, DEEPLINK_KIND_COUNT * 2u * DEEPLINK_URL_MAX);
    size_t count = deeplink_list(config, target, &arena, entries);
    for (size_t i = 0; i < count; i++) {
        const struct deeplink_entry *e = &entries[i];
        printf("%s\t%s%s\n", deeplink_kind_name(e->kind), e->url ? e->url : "# ", e->url ? "" : e->why_not);
    }
    arena_finish(&arena);
    return CT_OK;
}

/* A link and how it came to be. */
struct link_run {
    const struct options *o;
    uv_loop_t loop;
    struct grafana_api *grafana;
    struct buf url;
    const char *left_out; /* NULL: nothing */
    struct buf short_url;
};

static void on_short(void *ctx, const char *url, const char *why)
{
    struct link_run *r = ctx;
    if (url)
        buf_append_str(&r->short_url, url);
    else
        fprintf(stderr, "claude-top: %s\n", why);
}

/* Grafana keeps the whole link behind a short one, when it lets us ask. */
static bool shorten(struct link_run *r, enum deeplink_kind kind, const struct deeplink_target *target)
{
    struct buf whole;
    buf_init(&whole, DEEPLINK_LONG_MAX);
    enum ct_err err = deeplink_build_long(grafana_api_links(r->grafana), kind, target, &whole);
    if (!err)
        err = grafana_api_shorten(r->grafana, buf_slice(&whole), on_short, r);
    if (!err)
        grafana_api_wait(&r->loop, r->grafana, GRAFANA_WAIT_MS);
    buf_finish(&whole);
    return r->short_url.len > 0;
}

static enum ct_err print_one(struct link_run *r, enum deeplink_kind kind,
                             const struct deeplink_target *target, struct ct_errmsg *msg)
{
    enum ct_err err = deeplink_make(grafana_api_links(r->grafana), kind, target, &r->url, &r->left_out);
    struct buf *url = &r->url;
    if ((err == CT_ERR_LIMIT || (!err && r->left_out)) && shorten(r, kind, target)) {
        url = &r->short_url;
        r->left_out = NULL;
        err = CT_OK;
    }
    if (err)
        return ct_fail(msg, err, "no %s link can be made: %s", deeplink_kind_name(kind),
                       deeplink_why_not(err, kind));
    if (r->left_out)
        fprintf(stderr, "claude-top: %s\n", r->left_out);
    printf("%s\n", buf_cstr(url));
    fflush(stdout);
    return r->o->open ? opener_open(&env_process, buf_cstr(url), msg) : CT_OK;
}

static enum ct_err print_links(const struct options *o, const struct deeplink_target *target,
                               struct ct_errmsg *msg)
{
    enum deeplink_kind kind = DEEPLINK_TEMPO;
    struct link_run r = {.o = o};
    bool all = o->arg_count > 0 && strcmp(o->args[0], "all") == 0;
    if (o->arg_count > 0 && !all)
        deeplink_kind_parse(o->args[0], &kind); /* checked with the options */
    buf_init(&r.url, DEEPLINK_URL_MAX + 2);
    buf_init(&r.short_url, DEEPLINK_URL_MAX + 2);
    uv_loop_init(&r.loop);
    r.grafana = grafana_api_create(&r.loop, o, NULL, NULL);
    grafana_api_wait(&r.loop, r.grafana, GRAFANA_WAIT_MS);
    if (grafana_api_failure(r.grafana)[0])
        fprintf(stderr, "claude-top: %s\n", grafana_api_failure(r.grafana));
    enum ct_err err =
        all ? print_all(grafana_api_links(r.grafana), target) : print_one(&r, kind, target, msg);
    grafana_api_close(r.grafana, NULL, NULL);
    uv_run(&r.loop, UV_RUN_DEFAULT);
    uv_loop_close(&r.loop);
    buf_finish(&r.url);
    buf_finish(&r.short_url);
    return err;
}

enum exit_code command_link(const struct options *o)
{
    struct deeplink_target target;
    struct buf json;
    struct ct_errmsg msg;
    cJSON *root = NULL;
    buf_init(&json, FEED_STATUS_MAX);
    enum ct_err err = find_target(o, &json, &root, &target, &msg);
    if (!err)
        err = print_links(o, &target, &msg);
    cJSON_Delete(root);
    buf_finish(&json);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}
