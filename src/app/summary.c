#include "summary.h"

#include "status_json_private.h"
#include "text.h"

#include <stdio.h>

#define NAME_BYTES 200 /* of a text in the answer */

struct pick {
    const cJSON *folders; /* NULL: anywhere */
    struct slice session; /* an id, "last", or empty: any */
};

struct sum {
    int64_t sessions, live, waiting, running, failed;
    struct counters total;
    struct burn_rate burn;
    const struct session *urgent; /* waits for longest */
    int64_t urgent_since;
    const struct session *last; /* prompted last */
    int64_t last_ns;
};

static bool in_folder(struct slice path, const char *folder)
{
    struct slice f = slice_str(folder ? folder : "");
    return f.len && slice_starts(path, f) &&
           (path.len == f.len || path.ptr[f.len] == '/' || f.ptr[f.len - 1] == '/');
}

static bool picked(const struct pick *p, const struct session *s)
{
    const cJSON *f;
    if (!s->real)
        return false;
    if (p->session.len && !slice_eq_str(p->session, "last") && !slice_starts(s->session_id, p->session))
        return false;
    if (!p->folders)
        return true;
    cJSON_ArrayForEach(f, p->folders) if (in_folder(s->cwd, cJSON_GetStringValue(f))) return true;
    return false;
}

static int64_t prompted_ns(const struct session *s)
{
    const struct node *n = s->last_child;
    while (n && n->kind != NODE_TURN)
        n = n->prev;
    return n ? n->start_ns : s->started_ns;
}

static void add_session(struct sum *sum, const struct session *s, int64_t now_ns)
{
    struct run_status status = model_session_status(s, now_ns);
    struct burn_rate burn = model_session_burn(s, now_ns);
    bool waits = status.state == RUN_PERMISSION || status.state == RUN_INPUT;
    bool rests = status.state == RUN_FAILED || status.state == RUN_IDLE || status.state == RUN_STALE;
    bool live = status.state != RUN_ENDED &&
                now_ns - s->last_arrival_ns < (waits ? WAITING_WITHIN_NS : LIVE_WITHIN_NS);
    int64_t prompted = prompted_ns(s);
    sum->sessions++;
    sum->live += live;
    sum->waiting += live && waits;
    sum->failed += live && status.state == RUN_FAILED;
    sum->running += live && !waits && !rests;
    sum->total.turns += s->total.turns;
    sum->total.llm_calls += s->total.llm_calls;
    sum->total.llm_errors += s->total.llm_errors;
    sum->total.tool_calls += s->total.tool_calls;
    sum->total.tool_errors += s->total.tool_errors;
    sum->total.input_tokens += s->total.input_tokens;
    sum->total.output_tokens += s->total.output_tokens;
    sum->total.cache_read_tokens += s->total.cache_read_tokens;
    sum->total.cost_nano_usd += s->total.cost_nano_usd;
    sum->total.cost_estimated += s->total.cost_estimated;
    sum->total.cost_unknown += s->total.cost_unknown;
    sum->burn.tokens_per_min += burn.tokens_per_min;
    sum->burn.cost_nano_usd_per_hour += burn.cost_nano_usd_per_hour;
    if (live && waits && (!sum->urgent || status.since_ns < sum->urgent_since)) {
        sum->urgent = s;
        sum->urgent_since = status.since_ns;
    }
    if (!sum->last || prompted >= sum->last_ns) {
        sum->last = s;
        sum->last_ns = prompted;
    }
}

static void add_cut(cJSON *o, const char *key, struct slice text)
{
    char cut[NAME_BYTES];
    add_text_or_null(o, key, slice_make(cut, text_clean(text, cut, sizeof cut)));
}

static void add_share(cJSON *o, const char *key, int64_t reported_ns, double percentage)
{
    if (reported_ns > 0 && percentage >= 0)
        cJSON_AddNumberToObject(o, key, percentage);
    else
        cJSON_AddNullToObject(o, key);
}

static cJSON *session_json(const struct session *s, int64_t now_ns)
{
    struct run_status status = model_session_status(s, now_ns);
    int64_t age = now_ns - status.since_ns;
    size_t slash = s->cwd.len;
    cJSON *o = cJSON_CreateObject();
    while (slash > 0 && s->cwd.ptr[slash - 1] != '/')
        slash--;
    struct slice folder = slice_sub(s->cwd, slash, s->cwd.len);
    add_cut(o, "session_id", s->session_id);
    add_cut(o, "name", s->title.len ? s->title : folder.len ? folder : s->session_id);
    add_cut(o, "folder", folder);
    add_cut(o, "branch", s->branch);
    cJSON_AddStringToObject(o, "state", run_state_name(status.state));
    cJSON_AddNumberToObject(o, "state_seconds", age > 0 ? (double)(age / NS_PER_SEC) : 0);
    add_cut(o, "call", status.node ? status.node->name : SLICE_NULL);
    add_cut(o, "model", s->model);
    add_int(o, "turns", s->total.turns);
    cJSON_AddNumberToObject(o, "cost_usd", (double)s->total.cost_nano_usd / 1e9);
    add_share(o, "context_percentage", s->context.reported_ns, s->context.used_percentage);
    add_share(o, "five_hour_percentage", s->limits.reported_ns, s->limits.five_hour.used_percentage);
    add_share(o, "seven_day_percentage", s->limits.reported_ns, s->limits.seven_day.used_percentage);
    return o;
}

static void add_upstream(cJSON *root, const struct flow *flow)
{
    if (flow->has_upstream)
        cJSON_AddStringToObject(root, "upstream", status_health_word(flow->tee.health));
    else
        cJSON_AddNullToObject(root, "upstream");
    add_int(root, "queued", (int64_t)flow->tee.queued_requests);
    add_int(root, "dropped", (int64_t)flow->tee.dropped);
    add_int(root, "refused", (int64_t)flow_refused_total(flow));
}

static char *answer(const struct sum *sum, const struct fleet *fleet, bool all, const struct flow *flow,
                    int64_t now_ns)
{
    const struct session *shown = sum->urgent ? sum->urgent : sum->last;
    cJSON *root = cJSON_CreateObject();
    add_int(root, "schema", 1);
    add_int(root, "sessions", sum->sessions);
    add_int(root, "live", sum->live);
    add_int(root, "waiting", sum->waiting);
    add_int(root, "running", sum->running);
    add_int(root, "failed", sum->failed);
    add_int(root, "turns", sum->total.turns);
    add_int(root, "llm_calls", sum->total.llm_calls);
    add_int(root, "llm_errors", sum->total.llm_errors);
    add_int(root, "tool_calls", sum->total.tool_calls);
    add_int(root, "tool_errors", sum->total.tool_errors);
    add_int(root, "input_tokens", sum->total.input_tokens);
    add_int(root, "output_tokens", sum->total.output_tokens);
    add_int(root, "cache_read_tokens", sum->total.cache_read_tokens);
    cJSON_AddNumberToObject(root, "cost_usd", (double)sum->total.cost_nano_usd / 1e9);
    cJSON_AddBoolToObject(root, "cost_is_estimate", sum->total.cost_estimated > 0);
    add_int(root, "cost_unknown_calls", sum->total.cost_unknown);
    if (all)
        cJSON_AddNumberToObject(root, "cost_today_usd", (double)fleet->cost_today_nano_usd / 1e9);
    else
        cJSON_AddNullToObject(root, "cost_today_usd");
    add_int(root, "tokens_per_min", sum->burn.tokens_per_min);
    cJSON_AddNumberToObject(root, "cost_per_hour_usd", (double)sum->burn.cost_nano_usd_per_hour / 1e9);
    add_upstream(root, flow);
    if (shown)
        cJSON_AddItemToObject(root, "session", session_json(shown, now_ns));
    else
        cJSON_AddNullToObject(root, "session");
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

char *summary_json(const struct model *model, const struct flow *flow, int64_t now_ns, int64_t day_start_ns,
                   struct slice request)
{
    cJSON *asked = request.len && request.len <= SUMMARY_REQUEST_MAX
                       ? cJSON_ParseWithLength(request.ptr, request.len)
                       : NULL;
    const cJSON *folders = cJSON_GetObjectItemCaseSensitive(asked, "folders");
    const char *session = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(asked, "session"));
    struct pick pick = {.folders = cJSON_GetArraySize(folders) > 0 ? folders : NULL,
                        .session = slice_str(session ? session : "")};
    struct sum sum = {.last_ns = INT64_MIN};
    struct fleet fleet;
    model_advance(model, now_ns);
    if (cJSON_GetArraySize(folders) > SUMMARY_FOLDERS_MAX)
        pick.folders = NULL;
    bool all = !pick.folders && !pick.session.len;
    for (const struct session *s = model_sessions(model); s; s = s->next)
        if (picked(&pick, s))
            add_session(&sum, s, now_ns);
    if (slice_eq_str(pick.session, "last") && sum.last) {
        const struct session *last = sum.last;
        sum = (struct sum){.last_ns = INT64_MIN};
        add_session(&sum, last, now_ns);
    }
    model_fleet(model, now_ns, day_start_ns, &fleet);
    if (all) { /* evicted sessions included */
        sum.total = fleet.total;
        sum.sessions = fleet.sessions;
        sum.live = fleet.live;
        sum.waiting = fleet.waiting;
        sum.burn = fleet.burn;
    }
    char *text = answer(&sum, &fleet, all, flow, now_ns);
    cJSON_Delete(asked);
    return text;
}
