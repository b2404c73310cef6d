/* "flow" of the status: what came in, what went out, what was lost. */
#include "status_json_private.h"

void status_json_flow(cJSON *root, const struct flow *f, int64_t now_ns)
{
    cJSON *flow = cJSON_AddObjectToObject(root, "flow");
    cJSON *o = cJSON_AddObjectToObject(flow, "received");
    add_int(o, "requests", (int64_t)f->received.requests);
    add_int(o, "bytes", (int64_t)f->received.bytes);
    add_int(o, "spans", (int64_t)f->received.spans);
    add_int(o, "logs", (int64_t)f->received.logs);
    add_int(o, "metric_points", (int64_t)f->received.metric_points);
    add_int(o, "hooks", (int64_t)f->received.hooks);
    o = cJSON_AddObjectToObject(flow, "refused");
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        if (f->refused[i])
            add_int(o, otlp_refusal_name((enum otlp_refusal)i), (int64_t)f->refused[i]);
    add_int(flow, "decode_errors", (int64_t)f->decode_errors);
    add_int(flow, "connections_open", (int64_t)f->connections_open);
    status_json_forwarding(flow, f, now_ns);
    add_int(flow, "retries", (int64_t)f->tee.retries);
    add_int(flow, "upstream_rejected", (int64_t)f->tee.rejected);
    add_int(flow, "dropped", (int64_t)f->tee.dropped);
    if (!f->has_journal) {
        cJSON_AddNullToObject(flow, "journal");
        return;
    }
    const struct journal_stats *j = &f->journal;
    o = cJSON_AddObjectToObject(flow, "journal");
    add_int(o, "bytes", (int64_t)j->bytes);
    add_int(o, "segments", (int64_t)j->segments);
    add_int(o, "first_seq", (int64_t)j->first_seq);
    add_int(o, "last_seq", (int64_t)j->last_seq);
    add_int(o, "retired_frames", (int64_t)j->retired_frames);
    add_int(o, "torn_bytes", (int64_t)j->torn_bytes);
    add_int(o, "corrupt_segments", (int64_t)j->corrupt_segments);
    add_int(o, "damaged_frames", (int64_t)j->damaged_frames);
    add_int(o, "unsaved_frames", (int64_t)j->unsaved_frames);
    add_int(o, "io_errors", (int64_t)j->io_errors);
}
