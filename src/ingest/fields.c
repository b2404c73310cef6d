/* What producers read out of records, and what their values mean. */
#include "ingest_private.h"
#include "map.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

struct slice ingest_attr(struct ingest *in, struct otlp_attrs attrs, const char *key, size_t max)
{
    return ingest_clean(in, otlp_attr_text(attrs, key), max);
}

int64_t ingest_ms(struct otlp_attrs attrs, const char *key)
{
    double ms;
    if (!otlp_attr_double(attrs, key, &ms) || !(ms >= 0) || ms > 1e12)
        return -1;
    return (int64_t)(ms * 1e6);
}

void ingest_tokens(struct otlp_attrs attrs, const char *key, int64_t *out)
{
    int64_t value;
    if (otlp_attr_int(attrs, key, &value) && value >= 0 && value <= INT64_C(1000000000000))
        *out = value;
}

void ingest_cost(struct otlp_attrs attrs, const char *key, int64_t *nano_usd)
{
    double usd;
    if (otlp_attr_double(attrs, key, &usd) && usd >= 0 && usd < 1e6)
        *nano_usd = llround(usd * 1e9);
}

void ingest_usage(struct otlp_attrs attrs, struct event_usage *usage)
{
    int64_t micros;
    ingest_tokens(attrs, "input_tokens", &usage->input_tokens);
    ingest_tokens(attrs, "output_tokens", &usage->output_tokens);
    ingest_tokens(attrs, "cache_read_tokens", &usage->cache_read_tokens);
    ingest_tokens(attrs, "cache_creation_tokens", &usage->cache_creation_tokens);
    ingest_tokens(attrs, "cache_creation_1h_tokens", &usage->cache_creation_1h_tokens);
    ingest_cost(attrs, "cost_usd", &usage->cost_nano_usd);
    if (usage->cost_nano_usd < 0 && otlp_attr_int(attrs, "cost_usd_micros", &micros) && micros >= 0 &&
        micros < INT64_C(1000000000000))
        usage->cost_nano_usd = micros * 1000;
}

void ingest_uncached_input(struct event_usage *usage)
{
    int64_t cached = (usage->cache_read_tokens > 0 ? usage->cache_read_tokens : 0) +
                     (usage->cache_creation_tokens > 0 ? usage->cache_creation_tokens : 0);
    if (usage->input_tokens >= cached)
        usage->input_tokens -= cached;
}

struct slice ingest_error_type(int64_t status)
{
    if (status == 401 || status == 403)
        return SLICE_LIT("auth");
    if (status == 429)
        return SLICE_LIT("rate_limit");
    if (status == 408 || status == 504)
        return SLICE_LIT("timeout");
    if (status == 529)
        return SLICE_LIT("overloaded");
    if (status >= 400 && status < 500)
        return SLICE_LIT("validation");
    if (status >= 500 && status < 600)
        return SLICE_LIT("server");
    return SLICE_NULL;
}

/* What stands between <name> and </name>; ptr NULL when it is not there. */
static struct slice element(struct slice text, struct slice open, struct slice close)
{
    size_t from = slice_find_slice(text, open);
    if (from == text.len)
        return SLICE_NULL;
    struct slice rest = slice_sub(text, from + open.len, text.len);
    size_t to = slice_find_slice(rest, close);
    return to == rest.len ? SLICE_NULL : slice_trim(slice_sub(rest, 0, to));
}

/* "/compact" and "/review all": a slash and one word, which is no path. */
static bool is_command(struct slice text)
{
    size_t n = 1;
    if (text.len < 2 || text.ptr[0] != '/')
        return false;
    while (n < text.len && text.ptr[n] != ' ' && text.ptr[n] != '\n') {
        char c = text.ptr[n++];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
        if (!letter)
            return false;
    }
    return n > 1;
}

enum turn_kind ingest_turn_kind(struct slice text)
{
    if (slice_starts(text, SLICE_LIT("<task-notification>")))
        return TURN_KIND_NOTIFICATION;
    if (!is_command(text))
        return TURN_KIND_NONE;
    struct slice word = slice_sub(text, 0, slice_find(text, ' '));
    return slice_eq_str(word, "/compact") ? TURN_KIND_COMPACT : TURN_KIND_COMMAND;
}

void ingest_prompt(struct ingest *in, struct slice raw, struct event *e)
{
    struct slice text = slice_trim(raw);
    if (slice_eq_str(text, "<REDACTED>") || slice_eq_str(text, "[REDACTED]")) {
        e->redacted = true;
        return;
    }
    e->turn_kind = ingest_turn_kind(text);
    if (e->turn_kind == TURN_KIND_NOTIFICATION) {
        /* The client's own XML is nothing that a person wrote or wants to read. */
        raw = element(text, SLICE_LIT("<summary>"), SLICE_LIT("</summary>"));
        if (raw.len == 0)
            raw = SLICE_LIT("a background task is done");
    }
    e->detail = ingest_clean(in, raw, INGEST_DETAIL_MAX);
}

bool ingest_asks_user(struct slice tool_name)
{
    return slice_eq_str(tool_name, "AskUserQuestion");
}

bool ingest_spawns_agent(struct slice tool_name)
{
    return slice_eq_str(tool_name, "Agent") || slice_eq_str(tool_name, "Task");
}

struct slice ingest_tool_detail(struct ingest *in, const struct cJSON *input)
{
    static const char *const keys[] = {"command",     "full_command", "file_path", "notebook_path",
                                       "pattern",     "url",          "query",     "skill",
                                       "description", "path",         "prompt"};
    const cJSON *best = NULL;
    size_t best_rank = sizeof keys / sizeof *keys;
    for (const cJSON *item = cJSON_IsObject(input) ? input->child : NULL; item; item = item->next) {
        for (size_t i = 0; i < best_rank; i++) {
            if (cJSON_IsString(item) && item->string && strcmp(item->string, keys[i]) == 0) {
                best = item;
                best_rank = i;
                break;
            }
        }
    }
    return best ? ingest_clean(in, slice_str(best->valuestring), INGEST_DETAIL_MAX) : SLICE_NULL;
}

struct slice ingest_tool_detail_text(struct ingest *in, struct slice json)
{
    if (json.len == 0 || json.ptr[0] != '{')
        return SLICE_NULL;
    cJSON *input = ingest_json(in, json);
    struct slice detail = ingest_tool_detail(in, input);
    cJSON_Delete(input);
    return detail;
}

/* Deeper parts of an input do not count: what is asked for stands at its top. */
#define HASH_DEPTH 8

static uint64_t hash_more(uint64_t hash, int type, struct slice bytes)
{
    const uint64_t seed[2] = {hash, (uint64_t)type};
    return map_hash(seed, bytes);
}

static uint64_t hash_value(uint64_t hash, const cJSON *value, int depth)
{
    int type = value->type & 0xff;
    if (cJSON_IsString(value))
        hash = hash_more(hash, type, slice_str(value->valuestring));
    else if (cJSON_IsNumber(value))
        hash = hash_more(hash, type, slice_make(&value->valuedouble, sizeof value->valuedouble));
    else
        hash = hash_more(hash, type, SLICE_NULL);
    for (const cJSON *item = depth < HASH_DEPTH ? value->child : NULL; item; item = item->next) {
        if (depth == 0 && item->string && strcmp(item->string, "description") == 0)
            continue; /* the model words it anew each time */
        hash = hash_more(hash, 0, slice_str(item->string));
        hash = hash_value(hash, item, depth + 1);
    }
    return hash;
}

uint64_t ingest_input_hash(const cJSON *input)
{
    if (!cJSON_IsObject(input) || !input->child)
        return 0;
    uint64_t hash = hash_value(1, input, 0);
    return hash ? hash : 1;
}

void ingest_tool_input_text(struct ingest *in, struct slice json, struct event *e)
{
    if (json.len == 0 || json.ptr[0] != '{')
        return;
    cJSON *input = ingest_json(in, json);
    e->detail = ingest_tool_detail(in, input);
    e->input_hash = ingest_input_hash(input);
    cJSON_Delete(input);
}

struct slice ingest_json_text(struct ingest *in, struct slice json, const char *key, size_t max)
{
    if (json.len == 0 || json.ptr[0] != '{')
        return SLICE_NULL;
    cJSON *object = ingest_json(in, json);
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    struct slice text = value ? ingest_clean(in, slice_str(value), max) : SLICE_NULL;
    cJSON_Delete(object);
    return text;
}

bool ingest_is_auxiliary(struct slice query_source)
{
    return slice_eq_str(query_source, "generate_session_title") || slice_eq_str(query_source, "compact");
}

bool ingest_common(struct ingest *in, const struct otlp_resource *resource, struct otlp_attrs attrs,
                   const struct otlp_ids *ids, struct event *e)
{
    e->ids.agent_id = ingest_attr(in, attrs, "agent_id", INGEST_ID_MAX);
    e->ids.parent_agent_id = ingest_attr(in, attrs, "parent_agent_id", INGEST_ID_MAX);
    e->ids.session_id = ingest_attr(in, attrs, "session.id", INGEST_ID_MAX);
    if (e->ids.session_id.len == 0)
        e->ids.session_id = ingest_attr(in, resource->attrs, "session.id", INGEST_ID_MAX);
    /* A client told not to send session.id still names the main conversation on its spans. */
    if (e->ids.session_id.len == 0 && e->ids.agent_id.len == 0)
        e->ids.session_id = ingest_attr(in, attrs, "gen_ai.conversation.id", INGEST_ID_MAX);
    if (e->ids.session_id.len == 0)
        e->sender = ingest_attr(in, attrs, "user.id", INGEST_ID_MAX);
    e->ids.prompt_id = ingest_attr(in, attrs, "prompt.id", INGEST_ID_MAX);
    e->ids.request_id = ingest_attr(in, attrs, "request_id", INGEST_ID_MAX);
    e->ids.tool_use_id = ingest_attr(in, attrs, "tool_use_id", INGEST_ID_MAX);
    e->service_name = ingest_attr(in, resource->attrs, "service.name", INGEST_NAME_MAX);
    e->service_version = ingest_attr(in, resource->attrs, "service.version", INGEST_NAME_MAX);
    if (ids->has_trace_id) {
        memcpy(e->ids.trace_id, ids->trace_id, sizeof e->ids.trace_id);
        e->ids.has_trace_id = true;
    }
    otlp_attr_int(attrs, "event.sequence", &e->sequence);
    return e->ids.session_id.len > 0;
}

/* Pyroscope's span profiles mark a span with the id that its samples carry; SDKs of old had other texts
 * there. */
static void profile(struct otlp_attrs attrs, struct event_ids *ids)
{
    struct slice id = otlp_attr_text(attrs, "pyroscope.profile.id");
    ids->has_profile_id = slice_unhex(id, ids->profile_id, sizeof ids->profile_id);
}

void ingest_span_facts(const struct otlp_span *span, struct event *e)
{
    profile(span->attrs, &e->ids);
    e->start_ns = span->start_ns <= INT64_MAX ? (int64_t)span->start_ns : 0;
    e->end_ns = span->end_ns <= INT64_MAX ? (int64_t)span->end_ns : 0;
    e->time_ns = e->end_ns ? e->end_ns : e->start_ns;
    if (e->start_ns && e->end_ns >= e->start_ns)
        e->duration_ns = e->end_ns - e->start_ns;
    if (span->ids.has_span_id) {
        memcpy(e->ids.span_id, span->ids.span_id, sizeof e->ids.span_id);
        e->ids.has_span_id = true;
    }
    if (span->has_parent) {
        memcpy(e->ids.parent_span_id, span->parent_span_id, sizeof e->ids.parent_span_id);
        e->ids.has_parent_span_id = true;
    }
}

int64_t ingest_log_time(const struct otlp_log *log)
{
    uint64_t ns = log->time_ns ? log->time_ns : log->observed_time_ns;
    return ns <= INT64_MAX ? (int64_t)ns : 0;
}

void ingest_finished(struct otlp_attrs attrs, struct event *e)
{
    e->phase = PHASE_FINISHED;
    e->end_ns = e->time_ns;
    e->duration_ns = ingest_ms(attrs, "duration_ms");
    if (e->duration_ns >= 0)
        e->start_ns = e->end_ns - e->duration_ns;
}

static bool is_tools(struct slice reason)
{
    return slice_starts(reason, SLICE_LIT("tool_"));
}

bool ingest_finish_is_tools(struct otlp_attrs attrs)
{
    const struct otlp_value *reasons = otlp_attr_get(attrs, "gen_ai.response.finish_reasons");
    if (!reasons)
        return false;
    if (reasons->type == OTLP_VALUE_STRING)
        return is_tools(reasons->str);
    for (size_t i = 0; reasons->type == OTLP_VALUE_ARRAY && i < reasons->array.count; i++)
        if (reasons->array.items[i].type == OTLP_VALUE_STRING && is_tools(reasons->array.items[i].str))
            return true;
    return false;
}

void ingest_mcp_name(struct ingest *in, struct slice server, struct event *e)
{
    char name[2 * INGEST_NAME_MAX];
    if (server.len == 0 || slice_starts(e->name, SLICE_LIT("mcp__")))
        return;
    int n = snprintf(name, sizeof name, "mcp__%.*s__%.*s", SLICE_ARG(slice_sub(server, 0, 64)),
                     SLICE_ARG(slice_sub(e->name, 0, 64)));
    e->name = ingest_clean(in, slice_make(name, (size_t)n), INGEST_NAME_MAX);
}
