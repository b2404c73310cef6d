/* The queries of a link, in TraceQL, LogQL and PromQL. docs/grafana-links.md says why each asks what it asks.
 */
#include "deeplink_private.h"

#include <inttypes.h>
#include <stdio.h>

#define MCP_PREFIX SLICE_LIT("mcp__")

/* ---- TraceQL ---- */

/* Claude Code's own spans and those that are made here name some things differently: either is asked for. */
static void either(struct link *l, const char *one, const char *other, struct slice value)
{
    link_add_match(l, " && (", one, " = ", value);
    link_add_match(l, " || ", other, " = ", value);
    link_add(l, ")");
}

static void traceql_narrow(struct link *l)
{
    const struct deeplink_target *t = l->target;
    if (t->tool_use_id.len) {
        link_add_match(l, " && ", "span.gen_ai.tool.call.id", " = ", t->tool_use_id);
        return;
    }
    if (t->request_id.len) {
        either(l, "span.request_id", "span.gen_ai.response.id", t->request_id);
        return;
    }
    if (t->agent_id.len) {
        link_add_match(l, " && ", "span.agent_id", " = ", t->agent_id);
        return;
    }
    if (t->turn_number > 0) {
        char number[64];
        snprintf(number, sizeof number, " && span.turn.number = %" PRId64, t->turn_number);
        link_add(l, number);
    }
    if (t->model.len)
        link_add_match(l, " && ", "span.gen_ai.request.model", " = ", t->model);
    if (t->tool.len)
        link_add_match(l, " && ", "span.gen_ai.tool.name", " = ", t->tool);
    if (t->mcp_server.len)
        link_add_regex(l, " && ", "span.gen_ai.tool.name", "mcp__", t->mcp_server, "__.*");
    if (t->agent_type.len)
        either(l, "span.subagent_type", "span.agent_type", t->agent_type);
}

void query_traceql(struct link *l)
{
    if (l->target->session_id.len)
        link_add_match(l, "{ ", "span.session.id", " = ", l->target->session_id);
    else
        link_add_match(l, "{ ", "resource.service.name", " = ", link_service(l));
    traceql_narrow(l);
    if (l->target->errors)
        link_add(l, " && status = error");
    link_add(l, " }");
}

/* ---- LogQL ---- */

/* "mcp__server__tool" taken apart. */
static bool mcp_parts(struct slice name, struct slice *server, struct slice *tool)
{
    if (!slice_starts(name, MCP_PREFIX))
        return false;
    struct slice rest = slice_sub(name, MCP_PREFIX.len, name.len);
    size_t at = slice_find_slice(rest, SLICE_LIT("__"));
    if (at >= rest.len)
        return false;
    *server = slice_sub(rest, 0, at);
    *tool = slice_sub(rest, at + 2, rest.len);
    return true;
}

/* Events of MCP tools name only "mcp_tool"; server and tool stand in their parameters, which are JSON. */
static void logql_mcp(struct link *l, struct slice server, struct slice tool)
{
    link_add_match(l, " | ", "tool_name", "=", SLICE_LIT("mcp_tool"));
    link_add_regex(l, " | ", "tool_parameters", "(?s).*\"mcp_server_name\":\"", server, "\".*");
    if (tool.len)
        link_add_regex(l, " | ", "tool_parameters", "(?s).*\"mcp_tool_name\":\"", tool, "\".*");
}

static void logql_narrow(struct link *l)
{
    const struct deeplink_target *t = l->target;
    struct slice server, tool;
    if (t->tool_use_id.len) {
        link_add_match(l, " | ", "tool_use_id", "=", t->tool_use_id);
        return;
    }
    if (t->request_id.len) {
        link_add_match(l, " | ", "request_id", "=", t->request_id);
        return;
    }
    if (t->agent_id.len) {
        link_add_match(l, " | ", "agent_id", "=", t->agent_id);
        return;
    }
    if (t->prompt_id.len) {
        link_add_match(l, " | ", "prompt_id", "=", t->prompt_id);
        return;
    }
    if (t->model.len)
        link_add_match(l, " | ", "model", "=", t->model);
    if (mcp_parts(t->tool, &server, &tool))
        logql_mcp(l, server, tool);
    else if (t->tool.len)
        link_add_match(l, " | ", "tool_name", "=", t->tool);
    if (t->mcp_server.len)
        logql_mcp(l, t->mcp_server, SLICE_NULL);
    if (t->agent_type.len) {
        link_add_match(l, " | ", "agent_type", "=", t->agent_type);
        link_add_match(l, " or ", "agent_name", "=", t->agent_type);
    }
}

void query_logql(struct link *l)
{
    link_add_match(l, "{", "service_name", "=", link_service(l));
    link_add(l, "}");
    if (l->target->session_id.len)
        link_add_match(l, " | ", "session_id", "=", l->target->session_id);
    logql_narrow(l);
    if (l->target->errors)
        link_add(l, " | event_name=~\"api_error|api_retries_exhausted|api_refusal|internal_error\" or "
                    "success=\"false\"");
}

/* ---- PromQL ---- */

/*
 * Of one session: its running total. Its series begin with a value instead of 0, so increase() would miss the
 * first export (all of a short session), and an idle client exports nothing, so the last value is carried on.
 * Of all sessions: the increase, because their sum would fall whenever one of them ends.
 */
void query_promql_counter(struct link *l, const char *by, const char *metric)
{
    const struct deeplink_target *t = l->target;
    const char *before = "{";
    link_add(l, "sum by (");
    link_add(l, by);
    link_add(l, t->session_id.len ? ") (last_over_time(" : ") (increase(");
    link_add(l, metric);
    if (t->session_id.len) {
        link_add_match(l, before, "session_id", "=", t->session_id);
        before = ",";
    }
    if (t->model.len) {
        link_add_match(l, before, "model", "=", t->model);
        before = ",";
    }
    if (t->agent_type.len) {
        link_add_match(l, before, "agent_name", "=", t->agent_type);
        before = ",";
    }
    if (*before == ',')
        link_add(l, "}");
    link_add(l, t->session_id.len ? "[$__range]))" : "[$__rate_interval]))");
}

bool query_is_of_spans(const struct deeplink_target *t)
{
    return t->errors || (!t->session_id.len && (t->tool.len || t->mcp_server.len));
}

/* Span metrics have no session: it must not be a dimension of them. */
static void promql_span_labels(struct link *l)
{
    const struct deeplink_target *t = l->target;
    link_add_match(l, "{", "service_name", "=", link_service(l));
    if (t->model.len)
        link_add_match(l, ",", "gen_ai_request_model", "=", t->model);
    if (t->tool.len)
        link_add_match(l, ",", "gen_ai_tool_name", "=", t->tool);
    if (t->mcp_server.len)
        link_add_regex(l, ",", "gen_ai_tool_name", "mcp__", t->mcp_server, "__.*");
    if (t->errors)
        link_add(l, ",status_code=\"STATUS_CODE_ERROR\"");
    link_add(l, "}");
}

void query_promql_latency(struct link *l)
{
    link_add(l, "histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket");
    promql_span_labels(l);
    link_add(l, "[$__rate_interval])))");
}

void query_promql_calls(struct link *l)
{
    link_add(l, "sum by (status_code) (rate(traces_span_metrics_calls_total");
    promql_span_labels(l);
    link_add(l, "[$__rate_interval]))");
}
