/* URLs of dashboards and of Grafana's Drilldown apps: query parameters instead of JSON. */
#include "deeplink_private.h"
#include "escape.h"

static const char *const dashboards[DEEPLINK_KIND_COUNT] = {
    [DEEPLINK_DASHBOARD] = "claude-top-session",
    [DEEPLINK_FLEET] = "claude-top-fleet",
    [DEEPLINK_RED] = "claude-top-red",
    [DEEPLINK_COST] = "claude-top-cost",
};

const char *deeplink_dashboard_uid(enum deeplink_kind kind)
{
    return (unsigned)kind < DEEPLINK_KIND_COUNT ? dashboards[kind] : NULL;
}

struct url {
    struct link *l;
    struct buf *out;
    bool asked; /* there is a question mark already */
};

static void add(struct url *u, const char *text)
{
    if (!u->l->err)
        u->l->err = buf_append_str(u->out, text);
}

static void add_escaped(struct url *u, struct slice text)
{
    if (!u->l->err)
        u->l->err = escape_percent(text, u->out);
}

static void add_parameter(struct url *u, const char *name, struct slice value)
{
    add(u, u->asked ? "&" : "?");
    u->asked = true;
    add(u, name);
    add(u, "=");
    add_escaped(u, value);
}

static void add_variable(struct url *u, const char *name, struct slice value)
{
    if (value.len)
        add_parameter(u, name, value);
}

static void add_range(struct url *u)
{
    add_parameter(u, "from", slice_str(u->l->range.from));
    add_parameter(u, "to", slice_str(u->l->range.to));
}

/*
 * Filters are key|operator|value in one parameter, with a label behind a comma. The apps put values into
 * queries without care, so only such go there as need none: those of ids and names that Claude Code makes.
 */
static bool is_plain(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!word && (c == '\0' || !strchr("-_.:/ @+", c)))
            return false;
    }
    return true;
}

static void add_filter(struct url *u, const char *parameter, const char *key, struct slice value,
                       bool with_label)
{
    if (!value.len)
        return;
    if (!is_plain(value)) {
        u->l->err = u->l->err ? u->l->err : CT_ERR_UNSUPPORTED;
        return;
    }
    add(u, u->asked ? "&" : "?");
    u->asked = true;
    add(u, parameter);
    add(u, "=");
    add_escaped(u, slice_str(key));
    add(u, "%7C%3D%7C");
    add_escaped(u, value);
    if (with_label) {
        add(u, "%2C");
        add_escaped(u, value);
    }
}

static void need_source(struct url *u, const char *uid)
{
    if (!uid[0] && !u->l->err)
        u->l->err = CT_ERR_NOT_FOUND;
}

static void dashboard(struct url *u, enum deeplink_kind kind)
{
    const struct deeplink_target *t = u->l->target;
    if (kind == DEEPLINK_DASHBOARD && !t->session_id.len)
        kind = DEEPLINK_FLEET;
    if (u->l->config->lacks & (1u << kind) && !u->l->err)
        u->l->err = CT_ERR_NOT_FOUND;
    add(u, "/d/");
    add(u, dashboards[kind]);
    add_parameter(u, "orgId", slice_str(u->l->config->org_id));
    add_range(u);
    if (kind == DEEPLINK_DASHBOARD)
        add_parameter(u, "var-session_id", t->session_id);
    add_variable(u, "var-model", t->model);
    add_variable(u, "var-tool", t->tool);
}

static void drilldown_traces(struct url *u)
{
    const struct deeplink_target *t = u->l->target;
    need_source(u, u->l->config->tempo_uid);
    add(u, "/a/grafana-exploretraces-app/explore");
    add_parameter(u, "var-ds", slice_str(u->l->config->tempo_uid));
    add_range(u);
    add_parameter(u, "var-primarySignal", SLICE_LIT("true")); /* all spans, not the roots alone */
    if (t->session_id.len)
        add_filter(u, "var-filters", "span.session.id", t->session_id, false);
    else
        add_filter(u, "var-filters", "resource.service.name", link_service(u->l), false);
    add_filter(u, "var-filters", "span.gen_ai.tool.call.id", t->tool_use_id, false);
    if (!t->tool_use_id.len) {
        add_filter(u, "var-filters", "span.gen_ai.request.model", t->model, false);
        add_filter(u, "var-filters", "span.gen_ai.tool.name", t->tool, false);
    }
    add_parameter(u, "var-metric", t->errors ? SLICE_LIT("errors") : SLICE_LIT("rate"));
    add_parameter(u, "actionView", SLICE_LIT("traceList"));
}

static void drilldown_logs(struct url *u)
{
    const struct deeplink_target *t = u->l->target;
    struct slice service = link_service(u->l);
    need_source(u, u->l->config->loki_uid);
    add(u, "/a/grafana-lokiexplore-app/explore/service/");
    add_escaped(u, service);
    add(u, "/logs");
    add_parameter(u, "var-ds", slice_str(u->l->config->loki_uid));
    add_range(u);
    add_filter(u, "var-filters", "service_name", service, false);
    add_filter(u, "var-metadata", "session_id", t->session_id, true);
    if (t->tool_use_id.len)
        add_filter(u, "var-metadata", "tool_use_id", t->tool_use_id, true);
    else if (t->request_id.len)
        add_filter(u, "var-metadata", "request_id", t->request_id, true);
    else if (t->prompt_id.len)
        add_filter(u, "var-metadata", "prompt_id", t->prompt_id, true);
    else
        add_filter(u, "var-metadata", "model", t->model, true);
}

static void drilldown_metrics(struct url *u)
{
    const struct deeplink_target *t = u->l->target;
    need_source(u, u->l->config->prometheus_uid);
    add(u, "/a/grafana-metricsdrilldown-app/drilldown");
    if (query_is_of_spans(t)) {
        add_parameter(u, "metric", SLICE_LIT("traces_span_metrics_calls_total"));
        add_parameter(u, "var-ds", slice_str(u->l->config->prometheus_uid));
        add_range(u);
        add_filter(u, "var-filters", "service_name", link_service(u->l), false);
        add_filter(u, "var-filters", "gen_ai_request_model", t->model, false);
        add_filter(u, "var-filters", "gen_ai_tool_name", t->tool, false);
        return;
    }
    add_parameter(u, "metric", SLICE_LIT("claude_code_token_usage_tokens_total"));
    add_parameter(u, "var-ds", slice_str(u->l->config->prometheus_uid));
    add_range(u);
    add_filter(u, "var-filters", "session_id", t->session_id, false);
    add_filter(u, "var-filters", "model", t->model, false);
}

static void drilldown_profiles(struct url *u)
{
    need_source(u, u->l->config->pyroscope_uid);
    add(u, "/a/grafana-pyroscope-app/explore");
    add_parameter(u, "explorationType", SLICE_LIT("flame-graph"));
    add_parameter(u, "var-dataSource", slice_str(u->l->config->pyroscope_uid));
    add_parameter(u, "var-serviceName", link_profile_service(u->l));
    add_parameter(u, "var-profileMetricId", SLICE_LIT("process_cpu:cpu:nanoseconds:cpu:nanoseconds"));
    add_range(u);
}

enum ct_err app_path(struct link *l, enum deeplink_kind kind, struct buf *out)
{
    struct url u = {.l = l, .out = out};
    switch (kind) {
    case DEEPLINK_DASHBOARD:
    case DEEPLINK_FLEET:
    case DEEPLINK_RED:
    case DEEPLINK_COST:
        dashboard(&u, kind);
        return l->err;
    case DEEPLINK_DRILLDOWN:
        drilldown_traces(&u);
        break;
    case DEEPLINK_DRILLDOWN_LOGS:
        drilldown_logs(&u);
        break;
    case DEEPLINK_DRILLDOWN_METRICS:
        drilldown_metrics(&u);
        break;
    case DEEPLINK_DRILLDOWN_PROFILES:
        drilldown_profiles(&u);
        break;
    default:
        return CT_ERR_USAGE;
    }
    add_parameter(&u, "orgId", slice_str(l->config->org_id));
    return l->err;
}
