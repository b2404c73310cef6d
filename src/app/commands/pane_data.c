/* What a pane shows: the model, and the flow of whichever process receives. */
#include "clock.h"
#include "commands.h"
#include "local_day.h"
#include "pane_private.h"
#include "synthesis.h"
#include "version.h"

/* The destination that is worst off, with what waits for it; what is lost and held is of all of them. */
static struct ui_upstream upstream_shown(const struct flow *f, int64_t now_ns)
{
    const char *name = f->upstreams[f->worst].name;
    bool several = false, holds[2] = {false};
    struct ui_upstream up = {
        .state = f->has_upstream ? flow_screen_state(f->tee.health) : UI_UPSTREAM_NONE,
        .dropped = f->tee.dropped,
        .held = f->tee.held_requests,
        .oldest_ns = f->tee.queued_oldest_wall_ns ? now_ns - f->tee.queued_oldest_wall_ns : 0,
    };
    for (size_t i = 0; i < f->upstream_count; i++) {
        const struct flow_upstream *u = &f->upstreams[i];
        bool shown = strcmp(u->name, name) == 0;
        several |= !shown;
        up.queued += shown ? u->tee.queued_requests : 0;
        up.rejected += shown ? u->tee.rejected : 0;
        holds[strcmp(u->protocol, "grpc") == 0] |= u->tee.held_requests > 0;
    }
    if (several)
        up.name = slice_str(name);
    if (holds[0] != holds[1]) /* an HTTP upstream holds what wants a gRPC one */
        up.held_for = holds[0] ? SLICE_LIT("gRPC") : SLICE_LIT("HTTP");
    return up;
}

static void fill_flow(const struct flow *f, struct ui_data *data)
{
    data->upstream = upstream_shown(f, data->now_ns);
    data->received = (struct ui_received){
        .requests = f->received.requests,
        .bytes = f->received.bytes,
        .spans = f->received.spans,
        .logs = f->received.logs,
        .metric_points = f->received.metric_points,
        .hooks = f->received.hooks,
        .refused = flow_refused_total(f),
        .decode_errors = f->decode_errors,
    };
    data->unsaved = f->journal.unsaved_frames;
}

struct trace_known pane_traces(void *ctx)
{
    const struct pane *p = ctx;
    struct trace_known known = {synthesis_mode(p->options, p->collector != NULL), &p->frames.sent.ids};
    if (!p->collector && p->wired && !p->wire->flow.synthesizes)
        known.synthesize = TRACE_SYNTHESIZE_NEVER;
    return known;
}

void pane_fill(void *ctx, struct ui_data *data)
{
    struct pane *p = ctx;
    frames_model_fill(&p->frames, data);
    data->now_ns = clock_wall();
    data->day_start_ns = local_day_start(data->now_ns);
    if (p->collector) {
        const struct collector_addresses *a = collector_addresses(p->collector);
        collector_flow(p->collector, &p->flow);
        fill_flow(&p->flow, data);
        data->flow = flow_screen_fill(&p->flow_screen, &p->flow, data->model, p->options, data->now_ns);
        data->http_address = slice_str(a->http);
        data->grpc_address = slice_str(a->grpc);
    } else if (p->role == PANE_VIEWER) {
        data->source = SLICE_LIT("attached");
        if (p->wired) {
            fill_flow(&p->wire->flow, data);
            data->flow = flow_wire_screen(p->wire, &p->flow_screen, data->model, p->options, data->now_ns);
            data->http_address = slice_str(p->wire->http);
            data->grpc_address = slice_str(p->wire->grpc);
        }
    } else {
        data->source = SLICE_LIT("no collector");
        data->adrift = true;
    }
}
