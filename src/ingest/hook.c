/* Claude Code's hooks as it posts them: JSON with hook_event_name. The only witness that speaks at once. */
#include "ingest_private.h"

#include <cjson/cJSON.h>

static struct slice text(struct ingest *in, const cJSON *json, const char *key, size_t max)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));
    return value ? ingest_clean(in, slice_str(value), max) : SLICE_NULL;
}

static int64_t milliseconds(const cJSON *json, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble > 1e12)
        return -1;
    return (int64_t)(value->valuedouble * 1e6);
}

static void tool_common(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_TOOL;
    e->name = text(in, json, "tool_name", INGEST_NAME_MAX);
    const cJSON *input = cJSON_GetObjectItemCaseSensitive(json, "tool_input");
    e->detail = ingest_tool_detail(in, input);
    e->input_hash = ingest_input_hash(input);
    e->ids.tool_use_id = text(in, json, "tool_use_id", INGEST_ID_MAX);
    e->spawns_agent = ingest_spawns_agent(e->name);
    e->asks_user = ingest_asks_user(e->name);
    if (e->spawns_agent)
        e->agent_type =
            text(in, cJSON_GetObjectItemCaseSensitive(json, "tool_input"), "subagent_type", INGEST_NAME_MAX);
}

static void session_start(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_SESSION;
    e->phase = PHASE_STARTED;
    e->source = text(in, json, "source", INGEST_NAME_MAX);
    e->model = text(in, json, "model", INGEST_NAME_MAX);
    e->branch = text(in, cJSON_GetObjectItemCaseSensitive(json, INGEST_OURS), "branch", INGEST_NAME_MAX);
    /* A session that goes on says what it begins with. */
    const cJSON *tokens = cJSON_GetObjectItemCaseSensitive(json, "context_tokens");
    if (cJSON_IsNumber(tokens) && tokens->valuedouble >= 0 && tokens->valuedouble <= 1e12) {
        e->report.tells_context = true;
        e->report.used_tokens = (int64_t)tokens->valuedouble;
    }
}

static void session_end(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_SESSION;
    e->phase = PHASE_FINISHED;
    e->ended = true;
    e->source = text(in, json, "reason", INGEST_NAME_MAX);
}

/* Our own: the client's process is gone. */
static void process_exit(struct ingest *in, const cJSON *json, struct event *e)
{
    (void)in;
    (void)json;
    e->kind = EVENT_SESSION;
    e->phase = PHASE_FINISHED;
    e->ended = true;
    e->interrupted = true;
    e->source = SLICE_LIT("process_exit");
}

static void user_prompt_submit(struct ingest *in, const cJSON *json, struct event *e)
{
    const char *prompt = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "prompt"));
    e->kind = EVENT_PROMPT;
    e->phase = PHASE_STARTED;
    ingest_prompt(in, prompt ? slice_str(prompt) : SLICE_NULL, e);
    if (e->turn_kind == TURN_KIND_NONE)
        e->turn_kind = TURN_KIND_PROMPT;
}

static void pre_tool_use(struct ingest *in, const cJSON *json, struct event *e)
{
    tool_common(in, json, e);
    e->phase = PHASE_STARTED;
    e->start_ns = e->time_ns;
}

static void finish_tool(const cJSON *json, struct event *e)
{
    e->phase = PHASE_FINISHED;
    e->end_ns = e->time_ns;
    e->duration_ns = milliseconds(json, "duration_ms");
    if (e->duration_ns >= 0)
        e->start_ns = e->end_ns - e->duration_ns;
}

static void post_tool_use(struct ingest *in, const cJSON *json, struct event *e)
{
    const cJSON *response = cJSON_GetObjectItemCaseSensitive(json, "tool_response");
    tool_common(in, json, e);
    finish_tool(json, e);
    struct slice agent = text(in, response, "agentId", INGEST_ID_MAX);
    if (!e->spawns_agent || agent.len == 0)
        return;
    /* Only this hook ties an agent to the call that started it when there are no spans. */
    struct event spawned = *e;
    spawned.kind = EVENT_AGENT;
    spawned.name = SLICE_NULL;
    spawned.ids.parent_agent_id = e->ids.agent_id;
    spawned.ids.agent_id = agent;
    spawned.background = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(response, "isAsync"));
    spawned.phase = spawned.background ? PHASE_UNKNOWN : PHASE_FINISHED;
    spawned.start_ns = 0;
    spawned.end_ns = spawned.background ? 0 : e->end_ns;
    spawned.duration_ns = -1;
    ingest_emit(in, &spawned);
}

static void post_tool_use_failure(struct ingest *in, const cJSON *json, struct event *e)
{
    tool_common(in, json, e);
    finish_tool(json, e);
    e->failed = true;
    e->error_type = SLICE_LIT("tool_error");
    e->error_message = text(in, json, "error", INGEST_MESSAGE_MAX);
    e->interrupted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "is_interrupt"));
}

static void permission_request(struct ingest *in, const cJSON *json, struct event *e)
{
    tool_common(in, json, e);
    e->kind = EVENT_PERMISSION;
}

static void permission_denied(struct ingest *in, const cJSON *json, struct event *e)
{
    tool_common(in, json, e);
    e->phase = PHASE_DECIDED;
    e->decision = DECISION_REJECTED;
    e->source = SLICE_LIT("auto");
}

static void notification(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_NOTICE;
    e->name = text(in, json, "notification_type", INGEST_NAME_MAX);
    e->detail = text(in, json, "message", INGEST_DETAIL_MAX);
    if (!slice_eq_str(e->name, "permission_prompt"))
        return;
    /* It comes some seconds after the prompt, for whoever has no hook on that. Which call it is about is only
     * said in words for people. */
    struct event asked = *e;
    asked.kind = EVENT_PERMISSION;
    asked.source = SLICE_LIT("notification");
    asked.name = asked.detail = SLICE_NULL;
    ingest_emit(in, &asked);
}

static void subagent_start(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_AGENT;
    e->phase = PHASE_STARTED;
    e->start_ns = e->time_ns;
    e->name = text(in, json, "agent_type", INGEST_NAME_MAX);
}

static void subagent_stop(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_AGENT;
    e->phase = PHASE_FINISHED;
    e->end_ns = e->time_ns;
    e->name = text(in, json, "agent_type", INGEST_NAME_MAX);
}

static void stop(struct ingest *in, const cJSON *json, struct event *e)
{
    (void)in;
    (void)json;
    e->kind = EVENT_TURN;
    e->phase = PHASE_FINISHED;
    e->end_ns = e->time_ns;
    e->source = SLICE_LIT("stop_hook");
}

/* The hook's words for what the other witnesses know by its HTTP status. */
static struct slice failure_type(struct slice error)
{
    static const struct {
        const char *theirs, *ours;
    } types[] = {{"authentication_failed", "auth"},
                 {"server_error", "server"},
                 {"invalid_request", "validation"},
                 {"rate_limit", "rate_limit"},
                 {"overloaded", "overloaded"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_eq_str(error, types[i].theirs))
            return slice_str(types[i].ours);
    return error;
}

static void stop_failure(struct ingest *in, const cJSON *json, struct event *e)
{
    stop(in, json, e);
    e->source = SLICE_LIT("stop_failure");
    e->failed = true;
    e->error_type = failure_type(text(in, json, "error", INGEST_NAME_MAX));
    e->error_message = text(in, json, "last_assistant_message", INGEST_MESSAGE_MAX);
}

static void message_display(struct ingest *in, const cJSON *json, struct event *e)
{
    (void)in;
    /* The last piece says only that the turn is alive. */
    bool final = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "final"));
    e->kind = EVENT_TURN;
    e->phase = final ? PHASE_UNKNOWN : PHASE_STARTED;
}

static void pre_compact(struct ingest *in, const cJSON *json, struct event *e)
{
    e->kind = EVENT_COMPACTION;
    e->phase = PHASE_STARTED;
    e->source = text(in, json, "trigger", INGEST_NAME_MAX);
}

static void post_compact(struct ingest *in, const cJSON *json, struct event *e)
{
    pre_compact(in, json, e);
    e->phase = PHASE_FINISHED;
}

static const struct {
    const char *name;
    void (*fill)(struct ingest *, const cJSON *, struct event *);
} producers[] = {
    {"SessionStart", session_start},
    {"SessionEnd", session_end},
    {"ProcessExit", process_exit},
    {"UserPromptSubmit", user_prompt_submit},
    {"PreToolUse", pre_tool_use},
    {"PostToolUse", post_tool_use},
    {"PostToolUseFailure", post_tool_use_failure},
    {"PermissionRequest", permission_request},
    {"PermissionDenied", permission_denied},
    {"Notification", notification},
    {"SubagentStart", subagent_start},
    {"SubagentStop", subagent_stop},
    {"Stop", stop},
    {"StopFailure", stop_failure},
    {"MessageDisplay", message_display},
    {"PreCompact", pre_compact},
    {"PostCompact", post_compact},
};

enum ct_err hook_frame(struct ingest *in, const struct frame *frame)
{
    if (frame->body.len > INGEST_HOOK_MAX)
        return CT_ERR_LIMIT;
    cJSON *json = ingest_json(in, frame->body);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "hook_event_name"));
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_HOOK);
    e.time_ns = frame->wall_ns;
    e.native = true;
    e.ids.session_id = text(in, json, "session_id", INGEST_ID_MAX);
    enum ct_err err = name && e.ids.session_id.len ? CT_OK : CT_ERR_FORMAT;
    if (!err) {
        e.record = ingest_clean(in, slice_str(name), INGEST_NAME_MAX);
        e.ids.prompt_id = text(in, json, "prompt_id", INGEST_ID_MAX);
        e.ids.agent_id = text(in, json, "agent_id", INGEST_ID_MAX);
        e.cwd = text(in, json, "cwd", INGEST_DETAIL_MAX);
        for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
            if (strcmp(name, producers[i].name) == 0)
                producers[i].fill(in, json, &e);
        ingest_emit(in, &e);
    }
    cJSON_Delete(json);
    return err;
}
