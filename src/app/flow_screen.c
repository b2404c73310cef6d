#include "flow_screen.h"

enum ui_upstream_state flow_screen_state(enum tee_health health)
{
    static const enum ui_upstream_state states[] = {
        [TEE_IDLE] = UI_UPSTREAM_OK,
        [TEE_OK] = UI_UPSTREAM_OK,
        [TEE_RETRYING] = UI_UPSTREAM_RETRYING,
        [TEE_REJECTING] = UI_UPSTREAM_REJECTING,
    };
    return states[health];
}

/* Most requests first; the table is short. */
static void add_client(struct flow_screen *s, const struct client *c)
{
    size_t at = s->shown.client_count++;
    for (; at > 0 && s->clients[at - 1].requests < c->counts.requests; at--)
        s->clients[at] = s->clients[at - 1];
    s->clients[at] = (struct ui_flow_client){
        .name = slice_str(c->name),
        .transport = slice_str(client_transport_name(c->transport)),
        .encoding = slice_str(client_encoding_name(c->encoding)),
        .requests = c->counts.requests,
        .bytes = c->counts.bytes,
        .spans = c->counts.spans,
        .logs = c->counts.logs,
        .metric_points = c->counts.metric_points,
        .hooks = c->counts.hooks,
        .refused = client_refused_total(&c->counts),
        .last_ns = c->last_ns,
    };
}

static void add_upstream(struct flow_screen *s, const struct flow_upstream *u, int64_t now_ns)
{
    s->upstreams[s->shown.upstream_count++] = (struct ui_flow_upstream){
        .name = slice_str(u->name),
        .protocol = slice_str(u->protocol),
        .address = slice_str(u->address),
        .state = (int)flow_screen_state(u->tee.health),
        .sent = u->tee.forwarded_requests,
        .sent_bytes = u->tee.forwarded_bytes,
        .queued = u->tee.queued_requests,
        .queued_bytes = u->tee.queued_bytes,
        .held = u->tee.held_requests,
        .retries = u->tee.retries,
        .rejected = u->tee.rejected,
        .dropped = u->tee.dropped,
        .oldest_ns = u->tee.queued_oldest_wall_ns ? now_ns - u->tee.queued_oldest_wall_ns : 0,
        .next_attempt_ns = u->next_retry_ns,
        .error = slice_str(u->tee.last_error),
    };
}

const struct ui_flow *flow_screen_fill(struct flow_screen *s, const struct flow *f, const struct model *model,
                                       const struct options *options, int64_t now_ns)
{
    struct model_stats stats = model_stats(model);
    s->shown = (struct ui_flow){
        .clients = s->clients,
        .refused = s->refused,
        .upstreams = s->upstreams,
        .connections = f->connections_open,
        .connections_total = f->connections_total,
        .budget_used = f->budget_used,
        .budget_max = f->budget_max,
        .on_disk = options->journal_mode == JOURNAL_MODE_DISK,
        .journal_bytes = f->journal.bytes,
        .journal_segments = f->journal.segments,
        .unsaved = f->journal.unsaved_frames,
        .unsaved_dropped = f->journal.unsaved_dropped,
        .damaged = f->journal.damaged_frames,
        .io_errors = f->journal.io_errors,
        .model_bytes = stats.bytes,
        .model_bytes_max = options->model_max_bytes,
        .model_evicted = stats.evicted_sessions,
        .model_behind = f->model_behind,
        .lost_events = -1,
    };
    for (size_t i = 0; f->clients && i < f->clients->count; i++)
        add_client(s, &f->clients->rows[i]);
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        if (f->refused[i])
            s->refused[s->shown.refused_count++] =
                (struct ui_flow_reason){slice_str(otlp_refusal_name((enum otlp_refusal)i)), f->refused[i]};
    for (size_t i = 0; i < f->upstream_count; i++)
        add_upstream(s, &f->upstreams[i], now_ns);
    return &s->shown;
}
