#include "collector_private.h"

#include "clock.h"
#include "frames_model.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One turn of the loop decodes for at most this long before it looks at keys and sockets again. */
#define CATCH_UP_SLICE_NS (NS_PER_MS / 2)
/* fsync = interval: at most this long after an append. */
#define KEEPER_MS 1000
/* At exit: what the tee and running requests get. */
#define STOP_GRACE_MS 1500
/* At exit: what the model may take to read what it has not read yet. */
#define LEAVE_READ_NS (INT64_C(300) * NS_PER_MS)

void collector_changed(struct collector *c)
{
    control_changed(c);
    if (c->config.on_change)
        c->config.on_change(c->config.ctx);
}

/* A session that said goodbye has no more to say. */
static void on_process_exit(void *ctx, const char *session_id)
{
    struct collector *c = ctx;
    const struct session *s = model_session(c->model, slice_str(session_id));
    if (s && !c->stopping && model_session_status(s, clock_wall()).state != RUN_ENDED)
        intake_process_exit(c, session_id);
}

static bool time_is_up(void *ctx)
{
    return clock_mono() >= *(const int64_t *)ctx;
}

/* A piece of the frame: CT_AGAIN when there is more of it. */
static enum ct_err read_piece(struct collector *c, int64_t deadline)
{
    const struct frame *frame = &c->reading;
    uint64_t errors = ingest_stats(c->ingest).decode_errors;
    if (frame->seq >= c->model_from && ingest_piece(c->ingest, frame, time_is_up, &deadline) == CT_AGAIN)
        return CT_AGAIN;
    c->in_frame = false;
    if (frame->seq >= c->own_seq && ingest_stats(c->ingest).decode_errors != errors)
        intake_unreadable(c, frame);
    process_watch_frame(c->processes, frame);
    if (frame->seq < c->own_seq) /* of this run's it is known */
        sent_spans_frame(&c->frames->sent, frame);
    return CT_OK;
}

static void catch_up(uv_idle_t *idle)
{
    struct collector *c = idle->data;
    int64_t deadline = clock_mono() + CATCH_UP_SLICE_NS;
    bool in_pieces = false;
    enum ct_err err;
    do {
        in_pieces = c->in_frame;
        err = c->in_frame ? CT_OK : journal_reader_next(c->reader, &c->reading, NULL);
        if (err == CT_OK) {
            c->in_frame = true;
            err = read_piece(c, deadline);
        }
        /* The end of a large frame ends the slice: its session is brought up to date before the next one. */
    } while ((err == CT_OK || err == CT_ERR_FORMAT) && !in_pieces && clock_mono() < deadline);
    if (err != CT_OK && err != CT_ERR_FORMAT && err != CT_AGAIN) {
        /* Caught up; or the disk could not be read, and the next append tries again. */
        uv_idle_stop(idle);
        c->behind = false;
        process_watch_settled(c->processes);
        synthesis_changed(c);
    }
    /* Here rather than in the next frame of the screen, which then has less to do. */
    if (c->config.on_change && !c->in_frame)
        (void)model_revision(c->model);
    collector_changed(c);
}

struct sync_job {
    uv_work_t work;
    struct collector *c;
    int fds[JOURNAL_SYNC_FDS_MAX + FORWARD_SYNC_FDS_MAX];
    size_t count;
    bool failed;
};

static void sync_work(uv_work_t *work)
{
    struct sync_job *job = work->data;
    job->failed = !journal_sync_fds(job->fds, job->count);
}

static void sync_done(uv_work_t *work, int status)
{
    struct sync_job *job = work->data;
    struct collector *c = job->c;
    (void)status;
    if (job->failed && c->journal)
        journal_sync_failed(c->journal);
    c->syncing = false;
    free(job);
    if (c->stopping)
        collector_part_stopped(c);
}

static void sync_start(struct collector *c)
{
    if (c->syncing || c->config.options->journal_fsync == (int)JOURNAL_FSYNC_NEVER)
        return;
    struct sync_job *job = mem_alloc(sizeof *job);
    job->count = journal_sync_take(c->journal, job->fds);
    job->count += forward_sync_take(c, job->fds + job->count);
    job->c = c;
    job->work.data = job;
    if (job->count == 0) {
        free(job);
        return;
    }
    c->syncing = true;
    if (uv_queue_work(c->config.loop, &job->work, sync_work, sync_done)) {
        sync_work(&job->work); /* no pool: better here than not at all */
        sync_done(&job->work, 0);
    }
}

static void keep_house(uv_timer_t *timer)
{
    struct collector *c = timer->data;
    c->keeper_armed = false;
    int64_t due_ns = journal_retain(c->journal, clock_wall(), clock_uptime());
    sync_start(c);
    if (due_ns) /* days: whatever comes in between arms it anew */
        uv_timer_start(timer, keep_house, (uint64_t)(due_ns / NS_PER_MS) + KEEPER_MS, 0);
}

void collector_keep_house(struct collector *c)
{
    if (c->keeper_armed || c->stopping)
        return;
    c->keeper_armed = true;
    uv_timer_start(&c->keeper, keep_house, KEEPER_MS, 0);
}

void collector_appended(struct collector *c)
{
    if (c->stopping)
        return;
    if (!c->behind) {
        c->behind = true;
        uv_idle_start(&c->catch_up, catch_up);
    }
    collector_keep_house(c);
    forward_appended(c);
    control_appended(c);
}

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    struct collector *c = ctx;
    (void)j;
    forward_retired(c, first, last);
    synthesis_retired(c);
}

static enum ct_err open_journal(struct collector *c, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    struct journal_config config;
    journal_config_init(&config);
    config.dir = o->journal_mode == JOURNAL_MODE_DISK ? o->state_dir : NULL;
    config.max_bytes = o->journal_max_bytes;
    config.segment_bytes = o->journal_segment_bytes;
    config.max_age_ns = o->journal_max_age_ns;
    config.fsync = (enum journal_fsync)o->journal_fsync;
    config.on_retire = on_retire;
    config.ctx = c;
    enum ct_err err = journal_open(&config, &c->journal, msg);
    if (!err) {
        c->reader = journal_reader_open(c->journal, 0);
        c->own_seq = journal_stats(c->journal).last_seq + 1;
        /* A journal that does not reach so far is another one; what comes twice counts once. */
        c->model_from = c->config.model_from <= c->own_seq ? c->config.model_from : 0;
    }
    return err;
}

/* Sockets handed over by systemd or launchd's wrapper (sd_listen_fds(3)) take the place of the HTTP address.
 */
static int inherited_sockets(void)
{
    const char *pid = env_get(&env_process, "LISTEN_PID"), *fds = env_get(&env_process, "LISTEN_FDS");
    uint64_t owner, count;
    if (!pid || !fds || !slice_to_u64(slice_str(pid), &owner) || !slice_to_u64(slice_str(fds), &count))
        return 0;
    return owner == (uint64_t)getpid() && count <= 16 ? (int)count : 0;
}

#define LISTEN_FDS_START 3

static void keep_own(struct collector *c, const char *address)
{
    if (address[0] && c->own_count < COLLECTOR_OWN_MAX)
        snprintf(c->own[c->own_count++], sizeof c->own[0], "%s", address);
}

static enum ct_err open_receiver(struct collector *c, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    struct receiver_config config = {
        .limits = o->limits, .handler = intake_request, .refused = intake_refused, .ctx = c};
    c->receiver = receiver_create(c->config.loop, &config);
    enum ct_err err = collector_secure(c, msg);
    if (!err)
        err = receiver_listen_unix(c->receiver, o->socket, msg);
    int inherited = inherited_sockets();
    c->inherited = inherited > 0;
    for (int i = 0; i < inherited && !err; i++) {
        char bound[RECEIVER_ADDR_MAX];
        err = receiver_listen_fd(c->receiver, LISTEN_FDS_START + i, bound, msg);
        if (err)
            break;
        keep_own(c, bound);
        if (c->addresses.http[0] == '\0')
            memcpy(c->addresses.http, bound, sizeof bound);
    }
    if (!err && !inherited && o->http[0])
        err = receiver_listen(c->receiver, o->http, c->addresses.http, msg);
    if (!err && !inherited && o->grpc[0])
        err = receiver_listen(c->receiver, o->grpc, c->addresses.grpc, msg);
    if (!inherited) {
        keep_own(c, c->addresses.http);
        keep_own(c, c->addresses.grpc);
    }
    c->addresses.socket = o->socket;
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    struct collector *c = handle->data;
    c->handles--;
    collector_part_stopped(c);
}

static void stop_part_ctx(void *ctx)
{
    struct collector *c = ctx;
    c->stop_waits--;
    collector_part_stopped(c);
}

void collector_part_stopped(struct collector *c)
{
    if (c->stop_waits == 0 && c->handles == 0 && !c->syncing && c->stop_done) {
        void (*done)(void *) = c->stop_done;
        c->stop_done = NULL;
        done(c->stop_ctx);
    }
}

/* What came last may be the end of a turn, which becomes spans only if it is read. */
static void read_on(struct collector *c)
{
    int64_t deadline = clock_mono() + LEAVE_READ_NS;
    if (c->in_frame) /* whoever goes on with the model begins with the next frame */
        read_piece(c, INT64_MAX);
    while (c->synthesis && c->behind && clock_mono() < deadline)
        catch_up(&c->catch_up);
    synthesis_leave(c);
}

void collector_stop(struct collector *c, void (*done)(void *ctx), void *ctx)
{
    read_on(c);
    c->stopping = true;
    c->stop_done = done;
    c->stop_ctx = ctx;
    control_stop(c);
    uv_idle_stop(&c->catch_up);
    uv_timer_stop(&c->keeper);
    uv_timer_stop(&c->teller);
    uv_close((uv_handle_t *)&c->catch_up, on_closed);
    uv_close((uv_handle_t *)&c->keeper, on_closed);
    uv_close((uv_handle_t *)&c->teller, on_closed);
    synthesis_stop(c);
    c->stop_waits = 3u + (c->receiver != NULL) + (unsigned)c->tee_count;
    if (c->receiver)
        receiver_stop(c->receiver, STOP_GRACE_MS, stop_part_ctx, c);
    forward_stop(c, STOP_GRACE_MS, stop_part_ctx, c);
    process_watch_stop(c->processes, stop_part_ctx, c);
    c->processes = NULL;
    grafana_api_close(c->grafana, stop_part_ctx, c);
    c->grafana = NULL;
    stop_part_ctx(c);
}

void collector_destroy(struct collector *c)
{
    if (!c)
        return;
    receiver_destroy(c->receiver);
    if (c->config.options->journal_fsync != (int)JOURNAL_FSYNC_NEVER) {
        int fds[FORWARD_SYNC_FDS_MAX];
        journal_sync_fds(fds, forward_sync_take(c, fds));
    }
    forward_destroy(c);
    journal_reader_close(c->reader);
    journal_close(c->journal);
    synthesis_destroy(c);
    otlp_decoder_destroy(c->checker);
    if (c->frames == &c->own_frames)
        frames_model_finish(&c->own_frames);
    free(c);
}

static void half_open_stopped(void *ctx)
{
    *(bool *)ctx = true;
}

/* What was opened before the failure is closed on the loop. */
static void undo(struct collector *c)
{
    bool stopped = false;
    collector_stop(c, half_open_stopped, &stopped);
    while (!stopped && uv_run(c->config.loop, UV_RUN_ONCE))
        ;
    collector_destroy(c);
}

enum ct_err collector_create(const struct collector_config *config, struct collector **out,
                             struct ct_errmsg *msg)
{
    const struct options *o = config->options;
    *out = NULL;
    enum ct_err err = CT_OK;
    if (o->journal_mode == JOURNAL_MODE_DISK)
        err = paths_make_private_dir(o->state_dir, msg);
    if (!err)
        err = paths_check_socket(o->socket, msg);
    if (err)
        return err;
    struct collector *c = mem_alloc(sizeof *c);
    c->config = *config;
    c->frames = config->frames;
    if (!c->frames) {
        uint64_t seed = 0;
        uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
        frames_model_init(&c->own_frames, o, seed);
        c->frames = &c->own_frames;
    }
    c->model = c->frames->model;
    c->ingest = c->frames->ingest;
    c->checker = otlp_decoder_create(&o->limits);
    uv_idle_init(config->loop, &c->catch_up);
    uv_timer_init(config->loop, &c->keeper);
    uv_timer_init(config->loop, &c->teller);
    c->catch_up.data = c->keeper.data = c->teller.data = c;
    c->handles = 3;
    c->processes = process_watch_create(config->loop, on_process_exit, c);
    err = open_journal(c, msg);
    if (!err)
        err = open_receiver(c, msg);
    if (!err)
        err = forward_open(c, msg);
    if (err) {
        undo(c);
        return err;
    }
    synthesis_open(c);
    journal_retain(c->journal, clock_wall(), clock_uptime());
    collector_appended(c); /* the history */
    *out = c;
    return CT_OK;
}

const struct collector_addresses *collector_addresses(const struct collector *c)
{
    return &c->addresses;
}

uint64_t collector_model_position(const struct collector *c)
{
    return journal_reader_position(c->reader);
}

const struct model *collector_model(const struct collector *c)
{
    return c->model;
}

uint64_t flow_refused_total(const struct flow *f)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < OTLP_REFUSAL_COUNT; i++)
        sum += f->refused[i];
    return sum;
}

void collector_flow(const struct collector *c, struct flow *out)
{
    struct receiver_stats receiver = receiver_stats(c->receiver);
    struct ingest_stats ingest = ingest_stats(c->ingest);
    *out = (struct flow){
        .received = {c->received.requests, c->received.bytes, c->received.spans, c->received.logs,
                     c->received.metric_points, c->received.hooks, c->received.status_lines,
                     c->received.profiles},
        .foreign = {ingest.foreign_spans, ingest.foreign_logs, ingest.foreign_points},
        .decode_errors = ingest.decode_errors,
        .connections_open = receiver.connections_open,
        .connections_total = receiver.connections_total,
        .budget_used = receiver.body_bytes_held,
        .budget_max = c->config.options->limits.budget_bytes,
        .clients = &c->clients,
        .has_journal = true,
        .journal = journal_stats(c->journal),
    };
    uint64_t next = journal_reader_position(c->reader) - c->in_frame;
    out->model_behind = next <= out->journal.last_seq ? out->journal.last_seq + 1 - next : 0;
    memcpy(out->refused, receiver.refused, sizeof out->refused);
    forward_flow(c, out);
    synthesis_flow(c, out);
}
