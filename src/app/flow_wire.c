#include "flow_wire.h"

#include "status_json_private.h"
#include "text.h"
#include "version.h"

#include <stdio.h>

/* ---------------------------------------------------------------------------------------------- writing */

char *flow_wire_write(const struct status_source *source, const struct collector_addresses *addresses,
                      const struct options *options, bool handing_over)
{
    struct model_stats stats = model_stats(source->model);
    bool on_disk = options->journal_mode == JOURNAL_MODE_DISK;
    cJSON *root = cJSON_CreateObject();
    add_int(root, "schema", 1);
    cJSON_AddNumberToObject(root, "at_ms", (double)(source->now_ns / NS_PER_MS));
    cJSON_AddStringToObject(root, "version", CT_VERSION);
    cJSON_AddBoolToObject(root, "catching_up", source->catching_up);
    cJSON_AddBoolToObject(root, "handing_over", handing_over);
    cJSON *o = cJSON_AddObjectToObject(root, "listening");
    add_text_or_null(o, "http", slice_str(addresses->http));
    add_text_or_null(o, "grpc", slice_str(addresses->grpc));
    add_text_or_null(root, "state_dir", on_disk ? slice_str(options->state_dir) : SLICE_NULL);
    o = cJSON_AddObjectToObject(root, "model");
    add_int(o, "bytes", (int64_t)stats.bytes);
    add_int(o, "max_bytes", (int64_t)options->model_max_bytes);
    add_int(o, "evicted_sessions", (int64_t)stats.evicted_sessions);
    status_json_flow(root, source, &stats);
    char *printed = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    char *out = mem_alloc(strlen(printed) + 2);
    snprintf(out, strlen(printed) + 2, "%s\n", printed);
    cJSON_free(printed);
    return out;
}

/* ---------------------------------------------------------------------------------------------- reading */

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = member(o, key);
    return cJSON_IsNumber(v) && v->valuedouble > 0 ? v->valuedouble : 0;
}

/* Exact to 2^53, as all numbers of JSON. */
static uint64_t count(const cJSON *o, const char *key)
{
    double v = number(o, key);
    return v < 9e15 ? (uint64_t)v : (uint64_t)INT64_C(9000000000000000);
}

static int64_t seconds(const cJSON *o, const char *key)
{
    double v = number(o, key);
    return v < 9e9 ? (int64_t)(v * 1e9) : INT64_MAX / 2;
}

static void take_text(const cJSON *o, const char *key, char *out, size_t size)
{
    const char *text = cJSON_GetStringValue(member(o, key));
    text_clean(slice_str(text ? text : ""), out, size);
}

/* The index of a name; 0 when it is none of them. */
static int choice(const cJSON *o, const char *key, const char *(*name)(int), int end)
{
    const char *text = cJSON_GetStringValue(member(o, key));
    for (int i = 0; text && i < end; i++)
        if (strcmp(text, name(i)) == 0)
            return i;
    return 0;
}

static const char *transport(int i)
{
    return client_transport_name((enum client_transport)i);
}

static const char *encoding(int i)
{
    return client_encoding_name((enum client_encoding)i);
}

static const char *health(int i)
{
    return status_health_word((enum tee_health)i);
}

static void take_refused(const cJSON *o, uint64_t *out)
{
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        out[i] = count(o, otlp_refusal_name((enum otlp_refusal)i));
}

static void take_client(const cJSON *o, struct client *c)
{
    *c = (struct client){
        .transport = (enum client_transport)choice(o, "transport", transport, CLIENT_GRPC + 1),
        .encoding = (enum client_encoding)choice(o, "encoding", encoding, CLIENT_UNKNOWN + 1),
        .counts = {.requests = count(o, "requests"),
                   .bytes = count(o, "bytes"),
                   .spans = count(o, "spans"),
                   .logs = count(o, "logs"),
                   .metric_points = count(o, "metric_points"),
                   .hooks = count(o, "hooks")},
    };
    const char *last = cJSON_GetStringValue(member(o, "last_seen"));
    take_text(o, "user_agent", c->name, sizeof c->name);
    take_refused(member(o, "refused"), c->counts.refused);
    clock_parse_rfc3339(slice_str(last ? last : ""), &c->last_ns);
}

static void take_tee(const cJSON *o, int64_t at_ns, struct tee_stats *t)
{
    const cJSON *forwarded = member(o, "forwarded"), *queued = member(o, "queued");
    int64_t oldest = seconds(queued, "oldest_seconds");
    *t = (struct tee_stats){
        .health = (enum tee_health)choice(o, "health", health, TEE_REJECTING + 1),
        .forwarded_requests = count(forwarded, "requests"),
        .forwarded_bytes = count(forwarded, "bytes"),
        .queued_requests = count(queued, "requests"),
        .queued_bytes = count(queued, "bytes"),
        .queued_oldest_wall_ns = oldest && oldest < at_ns ? at_ns - oldest : 0,
        .held_requests = count(o, "held"),
        .retries = count(o, "retries"),
        .rejected = count(o, "rejected"),
        .dropped = count(o, "dropped"),
    };
    take_text(o, "last_error", t->last_error, sizeof t->last_error);
}

static void take_upstreams(const cJSON *flow, struct flow_wire *w)
{
    const cJSON *o, *worst = member(flow, "upstream");
    const char *worst_name = cJSON_GetStringValue(member(worst, "name"));
    struct flow *f = &w->flow;
    take_tee(flow, w->at_ns, &f->tee);
    f->tee.rejected = count(flow, "upstream_rejected");
    f->tee.health = (enum tee_health)choice(worst, "health", health, TEE_REJECTING + 1);
    f->has_upstream = cJSON_IsObject(worst);
    cJSON_ArrayForEach(o, member(flow, "upstreams"))
    {
        if (f->upstream_count == FLOW_UPSTREAMS_MAX)
            break;
        struct flow_wire_upstream *text = &w->upstreams[f->upstream_count];
        struct flow_upstream *u = &f->upstreams[f->upstream_count];
        const char *protocol = cJSON_GetStringValue(member(o, "protocol"));
        take_text(o, "name", text->name, sizeof text->name);
        take_text(o, "address", text->address, sizeof text->address);
        *u = (struct flow_upstream){.name = text->name,
                                    .address = text->address,
                                    .protocol = protocol && strcmp(protocol, "grpc") == 0 ? "grpc" : "http",
                                    .next_retry_ns = cJSON_IsNumber(member(o, "next_retry_seconds"))
                                                         ? seconds(o, "next_retry_seconds")
                                                         : -1};
        take_tee(o, w->at_ns, &u->tee);
        if (worst_name && strcmp(worst_name, text->name) == 0 && u->tee.health == f->tee.health)
            f->worst = f->upstream_count;
        f->upstream_count++;
    }
    f->has_upstream = f->has_upstream && f->upstream_count > 0;
}

static void take_flow(const cJSON *flow, struct flow_wire *w)
{
    const cJSON *received = member(flow, "received"), *budget = member(flow, "budget"), *o;
    const cJSON *journal = member(flow, "journal");
    w->flow = (struct flow){
        .received = {.requests = count(received, "requests"),
                     .bytes = count(received, "bytes"),
                     .spans = count(received, "spans"),
                     .logs = count(received, "logs"),
                     .metric_points = count(received, "metric_points"),
                     .hooks = count(received, "hooks"),
                     .status_lines = count(received, "status_lines"),
                     .profiles = count(received, "profiles")},
        .decode_errors = count(flow, "decode_errors"),
        .connections_open = count(flow, "connections_open"),
        .connections_total = count(flow, "connections_total"),
        .budget_used = count(budget, "used_bytes"),
        .budget_max = count(budget, "max_bytes"),
        .clients = &w->clients,
        .has_journal = true,
        .journal = {.bytes = count(journal, "bytes"),
                    .segments = count(journal, "segments"),
                    .first_seq = count(journal, "first_seq"),
                    .last_seq = count(journal, "last_seq"),
                    .damaged_frames = count(journal, "damaged_frames"),
                    .unsaved_frames = count(journal, "unsaved_frames"),
                    .unsaved_dropped = count(journal, "unsaved_dropped"),
                    .io_errors = count(journal, "io_errors")},
    };
    take_refused(member(flow, "refused"), w->flow.refused);
    w->flow.synthesizes = cJSON_IsObject(member(flow, "synthesized"));
    w->clients.count = 0;
    cJSON_ArrayForEach(o, member(flow, "clients"))
    {
        if (w->clients.count == CLIENTS_MAX)
            break;
        take_client(o, &w->clients.rows[w->clients.count++]);
    }
    take_upstreams(flow, w);
}

bool flow_wire_read(struct slice json, struct flow_wire *w)
{
    cJSON *root = cJSON_ParseWithLength(json.ptr ? json.ptr : "", json.len);
    const cJSON *flow = member(root, "flow"), *model = member(root, "model");
    const cJSON *listening = member(root, "listening");
    bool ok = cJSON_IsObject(flow) && cJSON_IsObject(member(flow, "journal"));
    if (ok) {
        double at_ms = number(root, "at_ms");
        w->at_ns = at_ms < 9e12 ? (int64_t)at_ms * NS_PER_MS : 0;
        w->catching_up = cJSON_IsTrue(member(root, "catching_up"));
        w->handing_over = cJSON_IsTrue(member(root, "handing_over"));
        w->model_bytes = count(model, "bytes");
        w->model_bytes_max = count(model, "max_bytes");
        w->model_evicted = count(model, "evicted_sessions");
        take_text(listening, "http", w->http, sizeof w->http);
        take_text(listening, "grpc", w->grpc, sizeof w->grpc);
        take_text(root, "state_dir", w->state_dir, sizeof w->state_dir);
        take_flow(flow, w);
    }
    cJSON_Delete(root);
    return ok;
}

const struct ui_flow *flow_wire_screen(const struct flow_wire *w, struct flow_screen *out,
                                       const struct model *model, const struct options *options,
                                       int64_t now_ns)
{
    int64_t age = now_ns > w->at_ns ? now_ns - w->at_ns : 0;
    flow_screen_fill(out, &w->flow, model, options, now_ns);
    out->shown.on_disk = w->state_dir[0] != '\0';
    out->shown.model_bytes = w->model_bytes;
    out->shown.model_bytes_max = w->model_bytes_max;
    out->shown.model_evicted = w->model_evicted;
    for (size_t i = 0; i < out->shown.upstream_count; i++) {
        int64_t *next = &out->upstreams[i].next_attempt_ns;
        *next = *next < 0 ? -1 : *next > age ? *next - age : 0;
    }
    return &out->shown;
}
