/* When traces are made of sessions, and where they go: see collector_private.h and trace_export.h. */
#include "synthesis.h"
#include "clock.h"
#include "collector_private.h"
#include "log.h"
#include "mem.h"
#include "trace_export.h"
#include "version.h"

#include <stdlib.h>

/* After something came; what became due meanwhile waits that long. */
#define LOOK_MS 1000
/* More than one run's share is due: the loop does something else in between. */
#define CONTINUE_MS 1

struct synthesis {
    struct collector *c;
    struct trace_exporter *exporter;
    uv_timer_t timer;
    int64_t due_ns; /* when the timer is due, monotonic; 0: it does not run */
    bool retired;   /* frames of the journal went since the timer was due last */
    bool refused;   /* the last request could not be kept: said once */
};

static bool keep(struct synthesis *y, struct slice path, struct slice body)
{
    static const struct frame_header headers[] = {
        {SLICE_LIT("Content-Type"), SLICE_LIT("application/x-protobuf")},
        {SLICE_LIT("User-Agent"), SLICE_LIT("claude-top/" CT_VERSION)}};
    struct frame frame = {.wall_ns = clock_wall(),
                          .mono_ns = clock_mono(),
                          .source = FRAME_SYNTHESIZED,
                          .method = SLICE_LIT("POST"),
                          .path = path,
                          .headers = headers,
                          .header_count = sizeof headers / sizeof *headers,
                          .body = body};
    struct ct_errmsg msg = {"the journal could not be written"};
    enum ct_err err = journal_append(y->c->journal, &frame, &msg);
    bool kept = err == CT_OK || err == CT_ERR_IO;
    if (!kept && !y->refused)
        log_warn("traces of sessions wait: %s", msg.text);
    y->refused = !kept;
    return kept;
}

static bool on_request(void *ctx, const struct trace_request *request)
{
    return keep(ctx, SLICE_LIT("/v1/traces"), request->body);
}

static bool on_sent_ids(void *ctx, struct slice ids)
{
    return keep(ctx, SLICE_LIT(SENT_SPANS_PATH), ids);
}

/* Retention took frames: sessions that reach further back than what is left may have lost theirs. */
static void carry_on(struct synthesis *y)
{
    struct collector *c = y->c;
    struct journal_reader *reader = journal_reader_open(c->journal, 0);
    struct frame oldest;
    if (journal_reader_next(reader, &oldest, NULL) == CT_OK &&
        !trace_exporter_remember(y->exporter, c->model, oldest.wall_ns, on_sent_ids, y))
        y->retired = true;
    journal_reader_close(reader);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct synthesis *y, int64_t due_ns)
{
    int64_t now = clock_mono();
    if (y->due_ns && y->due_ns <= due_ns)
        return;
    y->due_ns = due_ns;
    uv_update_time(y->c->config.loop);
    uv_timer_start(&y->timer, on_timer,
                   due_ns > now ? (uint64_t)((due_ns - now) / NS_PER_MS) + 1 : CONTINUE_MS, 0);
}

static void run(struct synthesis *y, enum trace_moment moment)
{
    struct collector *c = y->c;
    uint64_t requests = trace_exporter_stats(y->exporter).requests;
    int64_t mono = clock_mono();
    int64_t due = trace_exporter_run(y->exporter, c->model, clock_wall(), mono, moment);
    if (trace_exporter_stats(y->exporter).requests != requests)
        collector_appended(c);
    if (due && moment == TRACE_NOW)
        arm(y, due);
}

static void on_timer(uv_timer_t *timer)
{
    struct synthesis *y = timer->data;
    y->due_ns = 0;
    if (y->c->behind) /* it is asked for again when the model has read all */
        return;
    if (y->retired) {
        y->retired = false;
        carry_on(y);
    }
    run(y, TRACE_NOW);
}

void synthesis_retired(struct collector *c)
{
    if (!c->synthesis || c->stopping)
        return;
    c->synthesis->retired = true;
    arm(c->synthesis, clock_mono() + LOOK_MS * NS_PER_MS);
}

static bool takes_traces(const struct upstream_options *u)
{
    return (u->http[0] || u->grpc[0]) && (u->signals & 1); /* the first of the row's choices */
}

enum trace_synthesize synthesis_mode(const struct options *o, bool collects)
{
    bool taken = takes_traces(&o->upstream);
    for (size_t i = 0; i < o->upstream_count; i++)
        taken |= takes_traces(&o->upstreams[i]->set);
    return taken || !collects ? (enum trace_synthesize)o->synthesize : TRACE_SYNTHESIZE_NEVER;
}

void synthesis_open(struct collector *c)
{
    const struct options *o = c->config.options;
    if (synthesis_mode(o, true) == TRACE_SYNTHESIZE_NEVER)
        return;
    struct synthesis *y = mem_alloc(sizeof *y);
    const struct trace_config config = {.synthesize = (enum trace_synthesize)o->synthesize,
                                        .content = (enum trace_content)o->synthesize_content,
                                        .delay_ns = o->synthesize_delay_ns,
                                        .version = CT_VERSION,
                                        .emit = on_request,
                                        .ctx = y,
                                        .sent = &c->frames->sent.ids};
    y->c = c;
    y->exporter = trace_exporter_create(&config);
    /* A viewer that became the collector: without a journal on disk nothing else says what was sent. */
    if (c->frames != &c->own_frames && o->journal_mode != JOURNAL_MODE_DISK)
        trace_exporter_sent_all(y->exporter, c->model);
    uv_timer_init(c->config.loop, &y->timer);
    y->timer.data = y;
    c->handles++;
    c->synthesis = y;
}

void synthesis_changed(struct collector *c)
{
    if (c->synthesis && !c->stopping)
        arm(c->synthesis, clock_mono() + LOOK_MS * NS_PER_MS);
}

void synthesis_leave(struct collector *c)
{
    if (c->synthesis && !c->behind)
        run(c->synthesis, c->config.options->journal_mode == JOURNAL_MODE_DISK ? TRACE_LEAVING : TRACE_LAST);
}

static void on_closed(uv_handle_t *handle)
{
    struct synthesis *y = handle->data;
    y->c->handles--;
    collector_part_stopped(y->c);
}

void synthesis_stop(struct collector *c)
{
    if (c->synthesis)
        uv_close((uv_handle_t *)&c->synthesis->timer, on_closed);
}

void synthesis_destroy(struct collector *c)
{
    if (!c->synthesis)
        return;
    trace_exporter_destroy(c->synthesis->exporter);
    free(c->synthesis);
    c->synthesis = NULL;
}

void synthesis_flow(const struct collector *c, struct flow *out)
{
    out->synthesizes = c->synthesis != NULL;
    out->synthesize = trace_synthesize_name((enum trace_synthesize)c->config.options->synthesize);
    if (!c->synthesis)
        return;
    struct trace_stats stats = trace_exporter_stats(c->synthesis->exporter);
    out->synthesized.requests = stats.requests;
    out->synthesized.spans = stats.spans;
    out->synthesized.bytes = stats.bytes;
    out->synthesized.refused = stats.refused;
    out->synthesized.forgotten = stats.forgotten;
    out->synthesized.pending = stats.pending;
    out->synthesized.sessions = stats.sessions;
    out->synthesized.native = stats.native;
    out->synthesized.stopped = stats.stopped;
}
