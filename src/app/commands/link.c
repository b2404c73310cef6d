/* link: the Grafana URL of a session or turn that the running collector knows. */
#include "clock.h"
#include "commands.h"
#include "feed.h"
#include "opener.h"

#include <cjson/cJSON.h>
#include <stdio.h>

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

static enum ct_err make_target(const struct options *o, const cJSON *root, struct deeplink_target *target,
                               struct ct_errmsg *msg)
{
    const cJSON *session = find_session(root, o->session);
    if (!session)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "no session %s: claude-top status lists them", o->session);
    *target = (struct deeplink_target){.session_id = text(session, "session_id"),
                                       .from_ns = time_of(session, "started_at")};
    if (slice_eq_str(text(session, "state"), "ended"))
        target->to_ns = time_of(session, "last_activity_at");
    if (o->turn == 0)
        return CT_OK;
    const cJSON *turn = find_turn(session, o->turn);
    if (!turn)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "session %s has no turn %lld", o->session, (long long)o->turn);
    const cJSON *duration = cJSON_GetObjectItemCaseSensitive(turn, "duration_ms");
    target->trace_id = text(turn, "trace_id");
    target->span_id = text(turn, "span_id");
    target->prompt_id = text(turn, "prompt_id");
    target->from_ns = time_of(turn, "started_at");
    target->to_ns = cJSON_IsNumber(duration) && target->from_ns
                        ? target->from_ns + (int64_t)(duration->valuedouble * 1e6)
                        : 0;
    return CT_OK;
}

enum exit_code command_link(const struct options *o)
{
    enum deeplink_kind kind = DEEPLINK_TEMPO;
    struct deeplink_target target;
    struct buf json, url;
    struct ct_errmsg msg;
    cJSON *root = NULL;
    buf_init(&json, FEED_STATUS_MAX);
    buf_init(&url, DEEPLINK_URL_MAX + 2);
    if (o->arg_count > 0)
        deeplink_kind_parse(o->args[0], &kind); /* checked with the options */
    enum ct_err err = feed_get(o->socket, "/status", &json, &msg);
    if (err == CT_ERR_NOT_FOUND && strcmp(o->session, "last") != 0 && o->turn == 0) {
        /* Nobody to ask, but the id is all that a search needs. */
        target = (struct deeplink_target){.session_id = slice_str(o->session)};
        err = CT_OK;
    } else if (!err) {
        root = cJSON_ParseWithLength(json.data, json.len);
        err = make_target(o, root, &target, &msg);
    }
    if (!err) {
        err = deeplink_build(&o->grafana, kind, &target, &url);
        if (err)
            ct_fail(&msg, err, "no link can be made: check --grafana-url (%s)", o->grafana.root_url);
    }
    if (!err) {
        printf("%s\n", buf_cstr(&url));
        fflush(stdout);
        if (o->open)
            err = opener_open(&env_process, buf_cstr(&url), &msg);
    }
    cJSON_Delete(root);
    buf_finish(&json);
    buf_finish(&url);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}
