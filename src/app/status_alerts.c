/* The part of the status that says what somebody should know of now. */
#include "status_json_private.h"

static size_t upstreams_of(const struct flow *f, int64_t now_ns, struct alert_upstream *out)
{
    for (size_t i = 0; i < f->upstream_count; i++) {
        const struct tee_stats *t = &f->upstreams[i].tee;
        int64_t oldest = t->queued_oldest_wall_ns;
        bool away = t->health == TEE_RETRYING && oldest > 0 && oldest < now_ns;
        out[i] = (struct alert_upstream){
            .name = slice_str(f->upstreams[i].name),
            .away_ns = away ? now_ns - oldest : 0,
            .queued = t->queued_requests,
        };
    }
    return f->upstream_count;
}

static cJSON *alert_json(const struct status_source *source, const struct alert *a)
{
    const struct session *s = model_session_by_id(source->model, a->session_id);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", alert_kind_name(a->kind));
    cJSON_AddStringToObject(o, "severity", health_severity_name(alert_severity(a->kind)));
    add_text_or_null(o, "session_id", s ? s->session_id : SLICE_NULL);
    add_text_or_null(o, "upstream", slice_str(a->name));
    add_time(o, "since", a->since_ns);
    cJSON_AddNumberToObject(o, "value", a->value);
    cJSON_AddNumberToObject(o, "limit", a->limit);
    cJSON_AddStringToObject(o, "message", a->text);
    return o;
}

void status_json_alerts(cJSON *root, const struct status_source *source)
{
    struct alert_limits built_in;
    struct alert_upstream upstreams[FLOW_UPSTREAMS_MAX];
    struct alerts *alerts = mem_alloc(sizeof *alerts);
    struct fleet fleet;
    alert_limits_init(&built_in);
    model_fleet(source->model, source->now_ns, source->day_start_ns, &fleet);
    struct alert_input in = {
        .model = source->model,
        .limits = source->alerts ? source->alerts : &built_in,
        .now_ns = source->now_ns,
        .day_start_ns = source->day_start_ns,
        .fleet = &fleet,
        .upstreams = upstreams,
        .upstream_count = upstreams_of(source->flow, source->now_ns, upstreams),
    };
    alerts_find(&in, alerts);
    cJSON *list = cJSON_AddArrayToObject(root, "alerts");
    for (size_t i = 0; i < alerts->count; i++)
        cJSON_AddItemToArray(list, alert_json(source, &alerts->items[i]));
    free(alerts);
}
