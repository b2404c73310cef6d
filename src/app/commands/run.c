/* The plain command: collector and screen in one process, or one more viewer of a collector that runs
 * already. */
#include "clock.h"
#include "collector.h"
#include "commands.h"
#include "flow_screen.h"
#include "screen.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct run {
    const struct options *options;
    uv_loop_t loop;
    struct collector *collector;
    struct screen *screen;
    uv_signal_t signals[2];
    bool quitting;
    struct flow flow;
    struct flow_screen flow_screen;
};

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

static void fill(void *ctx, struct ui_data *data)
{
    struct run *r = ctx;
    const struct collector_addresses *a = collector_addresses(r->collector);
    collector_flow(r->collector, &r->flow);
    const struct flow *f = &r->flow;
    data->model = collector_model(r->collector);
    data->now_ns = clock_wall();
    data->day_start_ns = command_day_start(data->now_ns);
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
    data->flow = flow_screen_fill(&r->flow_screen, f, data->model, r->options, data->now_ns);
    data->unsaved = f->journal.unsaved_frames;
    data->http_address = slice_str(a->http);
    data->grpc_address = slice_str(a->grpc);
    data->version = SLICE_LIT(CT_VERSION);
}

static void on_change(void *ctx)
{
    struct run *r = ctx;
    if (r->screen)
        screen_changed(r->screen);
}

static void on_stopped(void *ctx)
{
    struct run *r = ctx;
    uv_close((uv_handle_t *)&r->signals[0], NULL);
    uv_close((uv_handle_t *)&r->signals[1], NULL);
}

static void quit(void *ctx)
{
    struct run *r = ctx;
    if (r->quitting)
        return;
    r->quitting = true;
    if (r->screen)
        screen_stop(r->screen, NULL, NULL);
    collector_stop(r->collector, on_stopped, r);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    quit(handle->data);
}

static enum exit_code collect_and_show(const struct options *o)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct run r = {.options = o};
    struct ct_errmsg msg;
    uv_loop_init(&r.loop);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&r.loop, &r.signals[i]);
        r.signals[i].data = &r;
        uv_signal_start(&r.signals[i], on_signal, numbers[i]);
    }
    struct collector_config config = {.loop = &r.loop, .options = o, .on_change = on_change, .ctx = &r};
    log_set_sink(command_log, NULL, LOG_LEVEL_WARN);
    enum ct_err err = collector_create(&config, &r.collector, &msg);
    log_set_sink(NULL, NULL, LOG_LEVEL_WARN); /* from here on the terminal is the screen's */
    if (!err) {
        struct screen_config screen = {
            .loop = &r.loop, .options = o, .fill = fill, .quit = quit, .ctx = &r, .receives = true};
        err = screen_create(&screen, &r.screen, &msg);
        if (err)
            quit(&r);
    } else {
        on_stopped(&r);
    }
    uv_run(&r.loop, UV_RUN_DEFAULT);
    screen_destroy(r.screen);
    collector_destroy(r.collector);
    uv_loop_close(&r.loop);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}

enum exit_code command_run(const struct options *o)
{
    struct ct_errmsg msg;
    enum exit_code code;
    if (o->once || o->json || !isatty(STDOUT_FILENO))
        return command_status(o);
    enum ct_err err = viewer_show(o, &code, &msg);
    if (err == CT_OK)
        return code;
    if (err != CT_ERR_NOT_FOUND)
        return command_fail(err, &msg);
    return collect_and_show(o);
}
