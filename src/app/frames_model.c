#include "frames_model.h"

#include "version.h"

#include <stdio.h>

static void on_event(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

void prices_open(const struct options *o, struct price_list *prices)
{
    struct ct_errmsg msg;
    if (price_list_load(prices, o->prices, o->prices_asked_for, &msg))
        fprintf(stderr, "claude-top: %s: only the built-in prices count\n", msg.text);
}

void frames_model_config(const struct options *o, struct model_config *config)
{
    model_config_init(config);
    config->max_bytes = o->model_max_bytes;
    config->turn_mode = (enum turn_mode)o->turn_boundary_mode;
    config->turn_idle_end_ns = o->turn_idle_end_ns;
    config->session_id_policy = (enum session_id_policy)o->session_id_policy;
    config->session_id_wait_ns = o->session_id_buffer_max_ns;
    config->session_id_waiting_max = o->session_id_buffer_max_spans;
}

void frames_model_init(struct frames_model *m, const struct options *o, uint64_t hash_seed)
{
    struct model_config config;
    frames_model_config(o, &config);
    config.hash_seed = hash_seed;
    *m = (struct frames_model){0};
    prices_open(o, &m->prices);
    config.prices = &m->prices.table;
    m->model = model_create(&config);
    sent_spans_init(&m->sent);
    m->ingest = ingest_create(&o->limits, on_event, m->model);
}

void frames_model_finish(struct frames_model *m)
{
    ingest_destroy(m->ingest);
    model_destroy(m->model);
    price_list_finish(&m->prices);
    sent_spans_finish(&m->sent);
}

void frames_model_add(struct frames_model *m, const struct frame *frame)
{
    ingest_frame(m->ingest, frame);
    sent_spans_frame(&m->sent, frame);
    m->requests++;
    m->bytes += frame->body.len;
    if (frame->wall_ns > m->last_wall_ns)
        m->last_wall_ns = frame->wall_ns;
}

void frames_model_flow(const struct frames_model *m, struct flow *out)
{
    struct ingest_stats stats = ingest_stats(m->ingest);
    *out = (struct flow){
        .received = {m->requests, m->bytes, stats.spans, stats.logs, stats.metric_points, stats.hooks,
                     stats.status_lines, stats.profiles},
        .foreign = {stats.foreign_spans, stats.foreign_logs, stats.foreign_points},
        .decode_errors = stats.decode_errors,
    };
}

void frames_model_fill(const struct frames_model *m, struct ui_data *data)
{
    struct ingest_stats stats = ingest_stats(m->ingest);
    data->model = m->model;
    data->version = SLICE_LIT(CT_VERSION);
    data->received = (struct ui_received){
        .requests = m->requests,
        .bytes = m->bytes,
        .spans = stats.spans,
        .logs = stats.logs,
        .metric_points = stats.metric_points,
        .hooks = stats.hooks,
        .decode_errors = stats.decode_errors,
    };
}
