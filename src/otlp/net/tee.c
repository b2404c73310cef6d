#include "tee_internal.h"

#include "clock.h"
#include "log.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_LANE (FRAME_SIGNAL_NONE + 1)

void tee_config_init(struct tee_config *config)
{
    *config = (struct tee_config){
        .connect_timeout_ms = 5000,
        .request_timeout_ms = 30000,
        .backoff_first_ms = 500,
        .backoff_max_ms = 30000,
        .retry_after_max_ms = 300000,
        .connection_age_ms = 300000,
        .poison_attempts = 20,
        .poison_after_ms = 900000,
        .response_bytes_max = (size_t)4 * 1024 * 1024,
        .signals = TEE_SIGNAL(FRAME_TRACES) | TEE_SIGNAL(FRAME_METRICS) | TEE_SIGNAL(FRAME_LOGS) |
                   TEE_SIGNAL(FRAME_PROFILES),
    };
}

uint64_t tee_random(struct tee *t)
{
    /* xorshift64*: spreads retries, keeps no secret. */
    t->random ^= t->random >> 12;
    t->random ^= t->random << 25;
    t->random ^= t->random >> 27;
    return t->random * UINT64_C(0x2545f4914f6cdd1d);
}

static void note_saving(struct tee *t, bool failed, const struct ct_errmsg *msg)
{
    if (failed) {
        t->stats.cursor_failures++;
        if (!t->save_failing)
            log_warn("the place in the journal cannot be kept, frames may be forwarded twice: %s", msg->text);
    }
    t->save_failing = failed;
}

static void save_cursors(struct tee *t)
{
    struct ct_errmsg msg = {{0}};
    bool failed = false;
    for (unsigned i = 0; i < TEE_CURSORS; i++) {
        struct tee_cursor *c = &t->cursors[i];
        if (!c->moves || memcmp(c->saved, c->cursor.done, sizeof c->saved) == 0)
            continue;
        if (cursor_save(&c->cursor, &msg))
            failed = true;
        else
            memcpy(c->saved, c->cursor.done, sizeof c->saved);
    }
    note_saving(t, failed, &msg);
    if (failed)
        tee_changed(t);
}

size_t tee_sync_take(struct tee *t, int fds[TEE_SYNC_FDS_MAX])
{
    size_t n = 0;
    for (unsigned i = 0; i < TEE_CURSORS; i++)
        n += cursor_sync_take(&t->cursors[i].cursor, fds + n);
    return n;
}

void tee_save(struct tee *t)
{
    if (t->keeps && !t->closing)
        save_cursors(t);
}

static void on_save_timer(uv_timer_t *timer)
{
    save_cursors(timer->data);
}

void tee_progress(struct tee *t)
{
    if (t->keeps && !t->closing && !uv_is_active((uv_handle_t *)&t->save_timer))
        uv_timer_start(&t->save_timer, on_save_timer, TEE_CURSOR_SAVE_MS, 0);
}

static void on_handle_closed(struct tee *t)
{
    if (--t->handles)
        return;
    void (*done)(void *) = t->done;
    void *ctx = t->done_ctx;
    t->done = NULL;
    done(ctx); /* may destroy t */
}

static void on_closed(uv_handle_t *handle)
{
    struct tee_lane *lane = handle->data;
    on_handle_closed(lane->tee);
}

static void on_tee_handle_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static void on_upstream_closed(void *ctx)
{
    on_handle_closed(ctx);
}

static void finish(struct tee *t)
{
    if (t->closing)
        return;
    t->closing = true;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        tee_lane_halt(lane);
        uv_close((uv_handle_t *)&lane->timer, on_closed);
        t->handles++;
    }
    journal_reader_close(t->scout);
    t->scout = NULL;
    save_cursors(t);
    uv_close((uv_handle_t *)&t->pump, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->scan_timer, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->save_timer, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->grace_timer, on_tee_handle_closed);
    t->handles += 5;
    upstream_close(t->upstream, on_upstream_closed, t);
    t->upstream = NULL;
}

static void on_grace_timer(uv_timer_t *timer)
{
    finish(timer->data);
}

static bool at_rest(struct tee *t)
{
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        if (!tee_lane_at_rest(lane, t->stop_mono_ns))
            return false;
    }
    return true;
}

static void on_pump(uv_idle_t *pump)
{
    struct tee *t = pump->data;
    t->woken = false;
    bool more = tee_scan(t);
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        more |= tee_lane_run(lane);
    }
    if (t->changed) {
        t->changed = false;
        if (t->on_change)
            t->on_change(t->ctx);
    }
    if (t->stopping && !more && at_rest(t)) {
        finish(t);
        return;
    }
    if (!more && !t->woken && !t->changed)
        uv_idle_stop(pump);
}

void tee_wake(struct tee *t)
{
    t->woken = true;
    if (!t->closing)
        uv_idle_start(&t->pump, on_pump);
}

void tee_changed(struct tee *t)
{
    t->changed = true;
    tee_wake(t);
}

void tee_notify(struct tee *t)
{
    tee_wake(t);
}

/* What is wrong comes before what is well, and among equals the newest first. */
static bool tells_more(const struct tee_lane *a, const struct tee_lane *b)
{
    if (!b || (a->text[0] != '\0') != (b->text[0] != '\0'))
        return !b || a->text[0] != '\0';
    if ((a->health == TEE_RETRYING) != (b->health == TEE_RETRYING))
        return a->health == TEE_RETRYING;
    return a->told_at > b->told_at;
}

struct tee_stats tee_stats(const struct tee *t)
{
    struct tee_stats s = t->stats;
    const struct tee_lane *teller = NULL;
    bool retrying = false, rejecting = false;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        const struct tee_lane *lane = &t->lanes[i];
        retrying |= lane->health == TEE_RETRYING;
        rejecting |= lane->health == TEE_REJECTING;
        s.queued_requests += lane->queued;
        s.queued_bytes += lane->queued_bytes;
        if (lane->queued && (!s.queued_oldest_wall_ns || lane->oldest_wall_ns < s.queued_oldest_wall_ns))
            s.queued_oldest_wall_ns = lane->oldest_wall_ns;
        if (lane->retry_mono_ns && (!s.next_retry_mono_ns || lane->retry_mono_ns < s.next_retry_mono_ns))
            s.next_retry_mono_ns = lane->retry_mono_ns;
        if (tells_more(lane, teller))
            teller = lane;
    }
    if (retrying)
        s.health = TEE_RETRYING;
    else if (rejecting)
        s.health = TEE_REJECTING;
    else
        s.health = t->answers ? TEE_OK : TEE_IDLE;
    snprintf(s.last_error, sizeof s.last_error, "%s", teller->text);
    return s;
}

static void seed_random(struct tee *t)
{
    if (uv_random(NULL, NULL, &t->random, sizeof t->random, 0, NULL))
        t->random = (uint64_t)clock_mono();
    if (!t->random)
        t->random = 1;
}

/* Which kinds of frames are sent and which are held, and whose positions move. */
static void share_out(struct tee *t, enum upstream_protocol protocol, enum tee_other other)
{
    for (unsigned i = UPSTREAM_KIND_NONE + 1; i < UPSTREAM_KIND_COUNT; i++) {
        enum upstream_kind kind = (enum upstream_kind)i;
        enum upstream_fit fit = upstream_fit(protocol, kind);
        bool own = kind == UPSTREAM_KIND_GRPC ? protocol == UPSTREAM_PROTOCOL_GRPC
                                              : protocol == UPSTREAM_PROTOCOL_HTTP;
        t->sends[kind] =
            fit == UPSTREAM_FIT_NATIVE || (fit == UPSTREAM_FIT_CONVERTED && other == TEE_OTHER_CONVERT);
        t->holds[kind] = !own && !t->sends[kind] && other != TEE_OTHER_PASS;
    }
    t->cursors[UPSTREAM_PROTOCOL_HTTP].moves = t->sends[UPSTREAM_KIND_HTTP_PROTOBUF];
    t->cursors[UPSTREAM_PROTOCOL_GRPC].moves = t->sends[UPSTREAM_KIND_GRPC];
}

static void close_cursors(struct tee *t)
{
    for (unsigned i = 0; i < TEE_CURSORS; i++)
        cursor_finish(&t->cursors[i].cursor);
}

/*
 * Where each position stands at first. A position beyond the end is another journal's: this one was emptied
 * and the cursor was not.
 */
static void place_cursors(struct tee *t, enum tee_from from)
{
    uint64_t last = journal_stats(t->journal).last_seq;
    bool is_new = true, failed = false;
    struct ct_errmsg msg = {{0}};
    for (unsigned c = 0; c < TEE_CURSORS; c++)
        is_new = is_new && !t->cursors[c].cursor.found;
    for (unsigned c = 0; c < TEE_CURSORS; c++) {
        uint64_t *done = t->cursors[c].cursor.done;
        memcpy(t->cursors[c].saved, done, sizeof t->cursors[c].saved);
        for (unsigned i = 0; i < CURSOR_LANES; i++) {
            if (done[i] > last || (is_new && from == TEE_FROM_NOW))
                done[i] = last;
        }
        if (!is_new)
            continue;
        if (cursor_save(&t->cursors[c].cursor, &msg))
            failed = true;
        else
            memcpy(t->cursors[c].saved, done, sizeof t->cursors[c].saved);
    }
    note_saving(t, failed, &msg);
    int fds[TEE_SYNC_FDS_MAX];
    journal_sync_fds(fds, tee_sync_take(t, fds));
}

static enum ct_err open_cursors(struct tee *t, const struct tee_config *config, struct ct_errmsg *msg)
{
    static const char *const transports[TEE_CURSORS] = {
        [UPSTREAM_PROTOCOL_HTTP] = "http",
        [UPSTREAM_PROTOCOL_GRPC] = "grpc",
    };
    for (unsigned i = 0; i < TEE_CURSORS; i++) {
        struct tee_cursor *c = &t->cursors[i];
        char name[TEE_NAME_MAX + 8];
        snprintf(name, sizeof name, "%s-%s", config->name, transports[i]);
        enum ct_err err = cursor_open(&c->cursor, config->state_dir, name, msg);
        if (err)
            return err;
    }
    return CT_OK;
}

static enum ct_err connect_upstream(struct tee *t, const struct tee_config *config, struct ct_errmsg *msg)
{
    struct upstream_config upstream = {
        .protocol = config->upstream_grpc ? UPSTREAM_PROTOCOL_GRPC : UPSTREAM_PROTOCOL_HTTP,
        .base_url = config->upstream_grpc ? config->upstream_grpc : config->upstream_http,
        .slots = FRAME_SIGNAL_COUNT - 1,
        .connect_timeout_ms = config->connect_timeout_ms,
        .request_timeout_ms = config->request_timeout_ms,
        .connection_age_ms = config->connection_age_ms,
        .response_bytes_max = config->response_bytes_max,
        .headers = config->headers,
        .own_addresses = config->own_addresses,
        .ca_file = config->ca_file,
        .cert_file = config->cert_file,
        .key_file = config->key_file,
    };
    return upstream_create(t->loop, &upstream, &t->upstream, msg);
}

enum ct_err tee_create(uv_loop_t *loop, struct journal *journal, const struct tee_config *config,
                       struct tee **out, struct ct_errmsg *msg)
{
    *out = NULL;
    if (!config->name || strlen(config->name) > TEE_NAME_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "a tee needs a name of at most %d bytes", TEE_NAME_MAX);
    if (!config->upstream_http == !config->upstream_grpc)
        return ct_fail(msg, CT_ERR_USAGE, "a tee needs one upstream URL");
    struct tee *t = mem_alloc(sizeof *t);
    t->loop = loop;
    t->journal = journal;
    t->on_change = config->on_change;
    t->ctx = config->ctx;
    t->keeps = config->state_dir != NULL;
    t->stats.last_grpc_status = -1;
    t->policy = (struct upstream_policy){config->backoff_first_ms, config->backoff_max_ms,
                                         config->retry_after_max_ms};
    t->signals = config->signals;
    t->poison_attempts = config->poison_attempts;
    t->poison_after_ns = config->poison_after_ms * NS_PER_MS;
    seed_random(t);
    share_out(t, config->upstream_grpc ? UPSTREAM_PROTOCOL_GRPC : UPSTREAM_PROTOCOL_HTTP, config->other);
    enum ct_err err = open_cursors(t, config, msg);
    if (!err)
        err = connect_upstream(t, config, msg);
    if (err) {
        close_cursors(t);
        free(t);
        return err;
    }
    place_cursors(t, config->from);
    uv_idle_init(loop, &t->pump);
    uv_timer_init(loop, &t->scan_timer);
    uv_timer_init(loop, &t->save_timer);
    uv_timer_init(loop, &t->grace_timer);
    t->pump.data = t->scan_timer.data = t->save_timer.data = t->grace_timer.data = t;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++)
        tee_lane_init(&t->lanes[i], t, (enum frame_signal)i);
    tee_open_readers(t);
    tee_wake(t);
    *out = t;
    return CT_OK;
}

void tee_stop(struct tee *t, uint32_t grace_ms, void (*done)(void *ctx), void *ctx)
{
    t->stopping = true;
    t->done = done;
    t->done_ctx = ctx;
    t->stop_mono_ns = clock_mono() + grace_ms * NS_PER_MS;
    uv_update_time(t->loop);
    uv_timer_start(&t->grace_timer, on_grace_timer, grace_ms, 0);
    tee_wake(t);
}

void tee_destroy(struct tee *t)
{
    if (!t)
        return;
    close_cursors(t);
    free(t);
}
