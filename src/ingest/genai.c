/*
 * Any sender of the OpenTelemetry conventions for generative AI: spans by gen_ai.operation.name, and the log
 * event gen_ai.client.inference.operation.details. A conversation is a session, a trace is a turn of it.
 *
 * A span that names no conversation (tools never do) is known by its trace. One that is in no known trace is
 * shown nowhere.
 *
 * Field tables: OpenTelemetry semantic conventions, gen-ai-spans, gen-ai-agent-spans, gen-ai-events (1.36
 * to 1.41).
 */
#include "ingest_private.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

static void either(struct otlp_attrs attrs, const char *key, const char *older, int64_t *out)
{
    ingest_tokens(attrs, key, out);
    if (*out < 0)
        ingest_tokens(attrs, older, out);
}

static void usage(struct otlp_attrs attrs, struct event_usage *u)
{
    either(attrs, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", &u->input_tokens);
    either(attrs, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", &u->output_tokens);
    either(attrs, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
           &u->cache_read_tokens);
    either(attrs, "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
           &u->cache_creation_tokens);
    ingest_uncached_input(u);
}

static void seconds(struct otlp_attrs attrs, const char *key, int64_t *out)
{
    double s;
    if (otlp_attr_double(attrs, key, &s) && s >= 0 && s < 1e6)
        *out = llround(s * 1e9);
}

static void failure(struct ingest *in, struct otlp_attrs attrs, struct event *e)
{
    struct slice type = ingest_attr(in, attrs, "error.type", INGEST_NAME_MAX);
    int64_t status = 0;
    otlp_attr_int(attrs, "http.response.status_code", &status);
    if (status == 0 && !slice_to_i64(type, &status)) /* error.type may be the status */
        status = 0;
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    e->failed |= type.len > 0 || status >= 400;
    if (!e->failed)
        return;
    e->error_type = ingest_error_type(status);
    if (e->error_type.len == 0)
        e->error_type = type;
    if (e->error_message.len == 0)
        e->error_message = ingest_attr(in, attrs, "error.message", INGEST_MESSAGE_MAX);
}

/* An inference is known by its response, or else by its span, in which its log event is written. */
static void request_id(struct ingest *in, struct otlp_attrs attrs, const struct otlp_ids *ids,
                       struct event *e)
{
    char text[sizeof "span:" + 2 * OTLP_SPAN_ID_LEN] = "span:";
    e->ids.request_id = ingest_attr(in, attrs, "gen_ai.response.id", INGEST_ID_MAX);
    if (e->ids.request_id.len || !ids->has_span_id)
        return;
    slice_hex(ids->span_id, OTLP_SPAN_ID_LEN, text + sizeof "span:" - 1);
    e->ids.request_id = ingest_clean(in, slice_str(text), INGEST_ID_MAX);
}

static void inference(struct ingest *in, struct otlp_attrs attrs, const struct otlp_ids *ids, struct event *e)
{
    e->kind = EVENT_LLM;
    e->span_role = SPAN_ROLE_LLM;
    request_id(in, attrs, ids, e);
    e->model = ingest_attr(in, attrs, "gen_ai.response.model", INGEST_NAME_MAX);
    if (e->model.len == 0)
        e->model = ingest_attr(in, attrs, "gen_ai.request.model", INGEST_NAME_MAX);
    e->query_source = ingest_attr(in, attrs, "gen_ai.agent.name", INGEST_NAME_MAX);
    usage(attrs, &e->usage);
    seconds(attrs, "gen_ai.response.time_to_first_chunk", &e->ttft_ns);
    e->wants_tools = ingest_finish_is_tools(attrs);
    failure(in, attrs, e);
}

static void tool(struct ingest *in, struct otlp_attrs attrs, const struct otlp_ids *ids, struct event *e)
{
    (void)ids;
    e->kind = EVENT_TOOL;
    e->span_role = SPAN_ROLE_TOOL;
    e->name = ingest_attr(in, attrs, "gen_ai.tool.name", INGEST_NAME_MAX);
    e->ids.tool_use_id = ingest_attr(in, attrs, "gen_ai.tool.call.id", INGEST_ID_MAX);
    ingest_tool_input_text(in, otlp_attr_text(attrs, "gen_ai.tool.call.arguments"), e);
    failure(in, attrs, e);
}

/* The last text of the user's in [{"role":"user","parts":[{"type":"text","content":"…"}]}]. */
static struct slice prompt(struct ingest *in, struct slice messages)
{
    if (messages.len == 0 || messages.ptr[0] != '[')
        return SLICE_NULL;
    cJSON *json = ingest_json(in, messages);
    const char *text = NULL;
    for (const cJSON *m = json ? json->child : NULL; m; m = m->next) {
        const char *role = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(m, "role"));
        const cJSON *parts = cJSON_GetObjectItemCaseSensitive(m, "parts");
        if (!role || strcmp(role, "user") != 0 || !cJSON_IsArray(parts))
            continue;
        for (const cJSON *p = parts->child; p; p = p->next) {
            const char *content = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(p, "content"));
            text = content ? content : text;
        }
    }
    struct slice out = text ? ingest_clean(in, slice_str(text), INGEST_DETAIL_MAX) : SLICE_NULL;
    cJSON_Delete(json);
    return out;
}

static void agent(struct ingest *in, struct otlp_attrs attrs, const struct otlp_ids *ids, struct event *e)
{
    (void)ids;
    e->kind = EVENT_TURN;
    e->span_role = SPAN_ROLE_TURN;
    e->detail = prompt(in, otlp_attr_text(attrs, "gen_ai.input.messages"));
    failure(in, attrs, e);
}

static const struct {
    const char *operation;
    void (*fill)(struct ingest *, struct otlp_attrs, const struct otlp_ids *, struct event *);
} producers[] = {
    {"chat", inference},        {"generate_content", inference}, {"text_completion", inference},
    {"embeddings", inference},  {"execute_tool", tool},          {"invoke_agent", agent},
    {"invoke_workflow", agent},
};

bool genai_span_is(struct otlp_attrs attrs)
{
    struct slice operation = otlp_attr_text(attrs, "gen_ai.operation.name");
    for (size_t i = 0; operation.len && i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(operation, producers[i].operation))
            return true;
    return false;
}

static bool common(struct ingest *in, const struct otlp_resource *resource, struct otlp_attrs attrs,
                   const struct otlp_ids *ids, struct event *e)
{
    ingest_common(in, resource, attrs, ids, e);
    struct slice conversation = ingest_attr(in, attrs, "gen_ai.conversation.id", INGEST_ID_MAX);
    if (conversation.len)
        e->ids.session_id = conversation;
    e->phase = PHASE_FINISHED;
    e->other_agent = true;
    return e->ids.session_id.len > 0 || e->ids.has_trace_id;
}

void genai_span(struct ingest *in, const struct otlp_resource *resource, const struct otlp_span *span)
{
    struct event e;
    event_init(&e, EVENT_SPAN, WITNESS_SPAN);
    if (!common(in, resource, span->attrs, &span->ids, &e))
        return;
    ingest_span_facts(span, &e);
    struct slice operation = otlp_attr_text(span->attrs, "gen_ai.operation.name");
    e.failed = span->status == OTLP_STATUS_ERROR;
    e.error_message = e.failed ? ingest_clean(in, span->status_message, INGEST_MESSAGE_MAX) : SLICE_NULL;
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(operation, producers[i].operation))
            producers[i].fill(in, span->attrs, &span->ids, &e);
    ingest_emit(in, &e);
}

bool genai_log(struct ingest *in, const struct otlp_resource *resource, const struct otlp_log *log,
               struct slice name)
{
    struct event e;
    event_init(&e, EVENT_LLM, WITNESS_LOG);
    if (!slice_eq_str(name, "gen_ai.client.inference.operation.details") ||
        !common(in, resource, log->attrs, &log->ids, &e))
        return false;
    e.time_ns = e.end_ns = ingest_log_time(log);
    inference(in, log->attrs, &log->ids, &e);
    ingest_emit(in, &e);
    return true;
}
