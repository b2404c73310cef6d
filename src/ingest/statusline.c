/*
 * What Claude Code tells its status line command, as `claude-top statusline` posts it: the only place where
 * it says how full the context is and what is left of the plan's limits. It tells of a session, never of a
 * turn.
 */
#include "ingest_private.h"

#include <cjson/cJSON.h>
#include <math.h>

static const cJSON *get(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static struct slice text(struct ingest *in, const cJSON *o, const char *key, size_t max)
{
    const char *value = cJSON_GetStringValue(get(o, key));
    return value ? ingest_clean(in, slice_str(value), max) : SLICE_NULL;
}

static double number(const cJSON *o, const char *key, double most)
{
    const cJSON *value = get(o, key);
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= most ? value->valuedouble
                                                                                          : -1;
}

static int64_t count(const cJSON *o, const char *key)
{
    return (int64_t)number(o, key, 1e12);
}

/* What stands in the window: the last request's prompt, in its three kinds. Null before the first one. */
static int64_t used_tokens(const cJSON *usage)
{
    static const char *const kinds[] = {"input_tokens", "cache_creation_input_tokens",
                                        "cache_read_input_tokens"};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int64_t tokens = count(usage, kinds[i]);
        if (tokens < 0)
            return -1;
        sum += tokens;
    }
    return sum;
}

static struct event_limit limit(const cJSON *limits, const char *key)
{
    const cJSON *o = get(limits, key);
    double resets = number(o, "resets_at", 1e10); /* seconds since 1970 */
    return (struct event_limit){.used_percentage = number(o, "used_percentage", 1000),
                                .resets_ns = resets > 0 ? (int64_t)resets * NS_PER_SEC : 0};
}

enum ct_err statusline_frame(struct ingest *in, const struct frame *frame)
{
    if (frame->body.len > INGEST_STATUSLINE_MAX)
        return CT_ERR_LIMIT;
    cJSON *json = ingest_json(in, frame->body);
    const cJSON *workspace = get(json, "workspace"), *context = get(json, "context_window");
    const cJSON *model = get(json, "model");
    struct event e;
    event_init(&e, EVENT_SESSION, WITNESS_STATUS);
    e.time_ns = frame->wall_ns;
    e.ids.session_id = text(in, json, "session_id", INGEST_ID_MAX);
    enum ct_err err = e.ids.session_id.len ? CT_OK : CT_ERR_FORMAT;
    if (!err) {
        double cost = number(get(json, "cost"), "total_cost_usd", 1e6);
        e.service_version = text(in, json, "version", INGEST_NAME_MAX);
        e.model = text(in, model, "id", INGEST_NAME_MAX);
        e.model_name = text(in, model, "display_name", INGEST_NAME_MAX);
        e.cwd = text(in, workspace, "current_dir", INGEST_DETAIL_MAX);
        if (e.cwd.len == 0)
            e.cwd = text(in, json, "cwd", INGEST_DETAIL_MAX);
        e.branch = text(in, get(json, "worktree"), "branch", INGEST_NAME_MAX);
        if (e.branch.len == 0)
            e.branch = text(in, get(json, INGEST_OURS), "branch", INGEST_NAME_MAX);
        e.title = text(in, json, "session_name", INGEST_NAME_MAX);
        e.report = (struct event_report){
            .tells_context = cJSON_IsObject(context),
            .tells_limits = cJSON_IsObject(get(json, "rate_limits")),
            .used_tokens = used_tokens(get(context, "current_usage")),
            .window_tokens = count(context, "context_window_size"),
            .used_percentage = number(context, "used_percentage", 1000),
            .five_hour = limit(get(json, "rate_limits"), "five_hour"),
            .seven_day = limit(get(json, "rate_limits"), "seven_day"),
            .cost_nano_usd = cost >= 0 ? llround(cost * 1e9) : -1,
        };
        ingest_emit(in, &e);
    }
    cJSON_Delete(json);
    return err;
}
