/* "flow" of the status: what came in, what went out, what was lost. */
#include "status_json_private.h"

#include <string.h>

/* Which settings of [limits] stand behind a reason for refusing; NULL: it is no limit. */
static const char *const limit_settings[OTLP_REFUSAL_COUNT] = {
    [OTLP_REFUSED_HEADERS] = "limits.header_bytes, limits.header_count",
    [OTLP_REFUSED_BODY_SIZE] = "limits.body_bytes",
    [OTLP_REFUSED_INFLATED] = "limits.inflated_bytes, limits.inflate_ratio",
    [OTLP_REFUSED_NESTING] = "limits.nesting",
    [OTLP_REFUSED_RECORDS] = "limits.records, limits.json_nodes",
    [OTLP_REFUSED_ATTRIBUTES] = "limits.attributes",
    [OTLP_REFUSED_OVERLOAD] = "limits.budget_bytes",
    [OTLP_REFUSED_CONNECTIONS] = "limits.connections",
    [OTLP_REFUSED_TIMEOUT] = "limits.header_ms, limits.idle_ms, limits.total_ms",
    [OTLP_REFUSED_FLOOD] = "",
};

static void add_count(cJSON *o, const char *key, uint64_t value)
{
    add_int(o, key, (int64_t)value);
}

static void add_refused(cJSON *o, const uint64_t *refused)
{
    cJSON *reasons = cJSON_AddObjectToObject(o, "refused");
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        if (refused[i])
            add_count(reasons, otlp_refusal_name((enum otlp_refusal)i), refused[i]);
}

static void add_client_counts(cJSON *o, const struct client_counts *c)
{
    add_count(o, "requests", c->requests);
    add_count(o, "bytes", c->bytes);
    add_count(o, "spans", c->spans);
    add_count(o, "logs", c->logs);
    add_count(o, "metric_points", c->metric_points);
    add_count(o, "hooks", c->hooks);
    add_count(o, "profiles", c->profiles);
    add_refused(o, c->refused);
    add_count(o, "decode_errors", c->decode_errors);
}

static cJSON *client_json(const struct client *c)
{
    static const struct {
        enum client_compression bit;
        const char *name;
    } compressions[] = {{CLIENT_PLAIN, "none"},
                        {CLIENT_GZIP, "gzip"},
                        {CLIENT_ZSTD, "zstd"},
                        {CLIENT_OTHER_COMPRESSION, "other"}};
    cJSON *o = cJSON_CreateObject();
    add_text_or_null(o, "user_agent", slice_str(c->name));
    cJSON_AddStringToObject(o, "transport", client_transport_name(c->transport));
    cJSON_AddStringToObject(o, "encoding", client_encoding_name(c->encoding));
    cJSON_AddBoolToObject(o, "local", c->local);
    cJSON *list = cJSON_AddArrayToObject(o, "compression");
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++)
        if (c->compressions & (unsigned)compressions[i].bit)
            cJSON_AddItemToArray(list, cJSON_CreateString(compressions[i].name));
    add_time(o, "first_seen", c->first_ns);
    add_time(o, "last_seen", c->last_ns);
    add_client_counts(o, &c->counts);
    return o;
}

static int by_requests(const void *a, const void *b)
{
    const struct client *x = *(const struct client *const *)a, *y = *(const struct client *const *)b;
    if (x->counts.requests != y->counts.requests)
        return x->counts.requests > y->counts.requests ? -1 : 1;
    uint64_t rx = client_refused_total(&x->counts), ry = client_refused_total(&y->counts);
    if (rx != ry)
        return rx > ry ? -1 : 1;
    if (x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns ? -1 : 1;
    return (x > y) - (x < y);
}

static void add_clients(cJSON *flow, const struct clients *t)
{
    if (!t) {
        cJSON_AddNullToObject(flow, "clients");
        cJSON_AddNullToObject(flow, "clients_other");
        return;
    }
    const struct client *rows[CLIENTS_MAX];
    for (size_t i = 0; i < t->count; i++)
        rows[i] = &t->rows[i];
    qsort(rows, t->count, sizeof *rows, by_requests);
    cJSON *list = cJSON_AddArrayToObject(flow, "clients");
    for (size_t i = 0; i < t->count; i++)
        cJSON_AddItemToArray(list, client_json(rows[i]));
    cJSON *other = cJSON_AddObjectToObject(flow, "clients_other");
    add_count(other, "clients", t->folded);
    add_client_counts(other, &t->other);
}

static void add_limit(cJSON *list, const char *name, const char *settings, uint64_t hits)
{
    if (!hits)
        return;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "limit", name);
    add_text_or_null(o, "settings", slice_str(settings));
    add_count(o, "hits", hits);
    cJSON_AddItemToArray(list, o);
}

static void add_limits(cJSON *flow, const struct flow *f, const struct model_stats *model)
{
    cJSON *list = cJSON_AddArrayToObject(flow, "limits");
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        if (limit_settings[i])
            add_limit(list, otlp_refusal_name((enum otlp_refusal)i), limit_settings[i], f->refused[i]);
    add_limit(list, "journal", "journal.max_bytes, journal.max_age", f->tee.dropped);
    add_limit(list, "unsaved", "", f->journal.unsaved_dropped);
    add_limit(list, "model", "model.max_bytes", model->evicted_sessions + model->refused_events);
    add_limit(list, "foreign_spans", "", model->refused_spans);
    add_limit(list, "clients", "", f->clients ? f->clients->folded : 0);
}

static void add_journal(cJSON *flow, const struct journal_stats *j)
{
    cJSON *o = cJSON_AddObjectToObject(flow, "journal");
    add_count(o, "bytes", j->bytes);
    add_count(o, "segments", j->segments);
    add_count(o, "first_seq", j->first_seq);
    add_count(o, "last_seq", j->last_seq);
    add_count(o, "retired_frames", j->retired_frames);
    add_count(o, "torn_bytes", j->torn_bytes);
    add_count(o, "corrupt_segments", j->corrupt_segments);
    add_count(o, "damaged_frames", j->damaged_frames);
    add_count(o, "unsaved_frames", j->unsaved_frames);
    add_count(o, "unsaved_bytes", j->unsaved_bytes);
    add_count(o, "unsaved_dropped", j->unsaved_dropped);
    add_count(o, "io_errors", j->io_errors);
}

static void add_synthesized(cJSON *flow, const struct flow *f)
{
    if (!f->synthesizes) {
        cJSON_AddNullToObject(flow, "synthesized");
        return;
    }
    cJSON *o = cJSON_AddObjectToObject(flow, "synthesized");
    add_count(o, "requests", f->synthesized.requests);
    add_count(o, "spans", f->synthesized.spans);
    add_count(o, "bytes", f->synthesized.bytes);
    add_count(o, "pending", f->synthesized.pending);
    add_count(o, "refused", f->synthesized.refused);
    add_count(o, "forgotten", f->synthesized.forgotten);
}

/* Whether there are any, and if not why not. */
static void add_synthesis(cJSON *flow, const struct flow *f)
{
    if (!f->synthesize) {
        cJSON_AddNullToObject(flow, "synthesis");
        return;
    }
    bool asked_for = strcmp(f->synthesize, "never") != 0;
    cJSON *o = cJSON_AddObjectToObject(flow, "synthesis");
    cJSON_AddStringToObject(o, "mode", f->synthesize);
    cJSON_AddBoolToObject(o, "on", f->synthesizes);
    if (f->synthesizes)
        cJSON_AddNullToObject(o, "off_because");
    else
        cJSON_AddStringToObject(o, "off_because", asked_for ? "no_upstream" : "setting");
    add_count(o, "sessions", f->synthesized.sessions);
    add_count(o, "native", f->synthesized.native);
    add_count(o, "stopped", f->synthesized.stopped);
}

void status_json_flow(cJSON *root, const struct status_source *source, const struct model_stats *model)
{
    const struct flow *f = source->flow;
    cJSON *flow = cJSON_AddObjectToObject(root, "flow");
    cJSON *o = cJSON_AddObjectToObject(flow, "received");
    add_count(o, "requests", f->received.requests);
    add_count(o, "bytes", f->received.bytes);
    add_count(o, "spans", f->received.spans);
    add_count(o, "logs", f->received.logs);
    add_count(o, "metric_points", f->received.metric_points);
    add_count(o, "hooks", f->received.hooks);
    add_count(o, "status_lines", f->received.status_lines);
    add_count(o, "profiles", f->received.profiles);
    add_refused(flow, f->refused);
    add_count(flow, "decode_errors", f->decode_errors);
    o = cJSON_AddObjectToObject(flow, "foreign");
    add_count(o, "spans", f->foreign.spans);
    add_count(o, "logs", f->foreign.logs);
    add_count(o, "metric_points", f->foreign.metric_points);
    cJSON_AddNumberToObject(flow, "lost_events", (double)model_lost_events(source->model));
    add_count(flow, "connections_open", f->connections_open);
    add_count(flow, "connections_total", f->connections_total);
    o = cJSON_AddObjectToObject(flow, "budget");
    add_count(o, "used_bytes", f->budget_used);
    add_count(o, "max_bytes", f->budget_max);
    add_synthesized(flow, f);
    add_synthesis(flow, f);
    status_json_forwarding(flow, f, source->now_ns);
    add_count(flow, "retries", f->tee.retries);
    add_count(flow, "upstream_rejected", f->tee.rejected);
    add_count(flow, "dropped", f->tee.dropped);
    if (f->has_journal)
        add_journal(flow, &f->journal);
    else
        cJSON_AddNullToObject(flow, "journal");
    add_count(flow, "model_behind", f->model_behind);
    add_limits(flow, f, model);
    add_clients(flow, f->clients);
}
