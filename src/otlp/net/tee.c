#include "tee_internal.h"

#include "clock.h"
#include "log.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(FRAME_SIGNAL_COUNT <= CURSOR_LANES, "the cursor holds a position for each signal");

#define FIRST_LANE (FRAME_SIGNAL_NONE + 1)

void tee_config_init(struct tee_config *config)
{
    *config = (struct tee_config){
        .connect_timeout_ms = 5000,
        .request_timeout_ms = 30000,
        .backoff_first_ms = 500,
        .backoff_max_ms = 30000,
        .retry_after_max_ms = 300000,
        .response_bytes_max = (size_t)4 * 1024 * 1024,
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

/*
 * A lane that is as far as the scout gets its reader when the scout meets its first frame. One that is
 * further than another, which may have been blocked for long, does not wait for the scout to catch up.
 */
static void open_readers(struct tee *t)
{
    uint64_t last = journal_stats(t->journal).last_seq, from = last;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        /* A position beyond the end is another journal's: this one was emptied and the cursor was not. */
        if (t->cursor.done[lane->signal] > last)
            t->cursor.done[lane->signal] = last;
        if (t->cursor.done[lane->signal] < from)
            from = t->cursor.done[lane->signal];
    }
    t->scout = journal_reader_open(t->journal, from + 1);
    t->counted_upto = from;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        if (t->cursor.done[lane->signal] > from)
            lane->reader = journal_reader_open(t->journal, t->cursor.done[lane->signal] + 1);
    }
}

struct tee_lane *tee_lane_of(struct tee *t, const struct frame *f)
{
    enum frame_signal signal = frame_signal(f);
    if (signal == FRAME_SIGNAL_NONE || !t->ops->accepts(f))
        return NULL;
    return &t->lanes[signal];
}

static void save_cursor(struct tee *t)
{
    struct ct_errmsg msg = {{0}};
    if (cursor_save(&t->cursor, &msg)) {
        t->stats.cursor_failures++;
        if (!t->save_failing)
            log_warn("the place in the journal cannot be kept, frames may be forwarded twice: %s", msg.text);
        t->save_failing = true;
        tee_changed(t);
    } else {
        t->save_failing = false;
    }
}

static void on_save_timer(uv_timer_t *timer)
{
    save_cursor(timer->data);
}

void tee_progress(struct tee *t)
{
    if (t->cursor.path && !t->closing && !uv_is_active((uv_handle_t *)&t->save_timer))
        uv_timer_start(&t->save_timer, on_save_timer, TEE_CURSOR_SAVE_MS, 0);
}

/*
 * The next frame, with what turned out to be lost to damage on the way added to stats.dropped. A reader says
 * that bytes are damaged first (CT_ERR_FORMAT) and how many frames that were with its next call; *damaged
 * keeps the first for the second. Numbers from limit on are not counted.
 */
static enum ct_err read_counting(struct tee *t, struct journal_reader *reader, uint64_t limit, bool *damaged,
                                 struct frame *f)
{
    uint64_t before = journal_reader_position(reader);
    enum ct_err err = journal_reader_next(reader, f, NULL);
    uint64_t after = err ? journal_reader_position(reader) : f->seq;
    if (after > limit)
        after = limit;
    if ((*damaged || err == CT_ERR_FORMAT) && after > before) {
        t->stats.dropped += after - before;
        tee_changed(t);
    }
    *damaged = err == CT_ERR_FORMAT || (*damaged && err != CT_OK && err != CT_END);
    return err;
}

static void on_scan_timer(uv_timer_t *timer)
{
    tee_wake(timer->data);
}

/* Counts new frames for their lanes. True when the slice ended before the journal did. */
static bool scan(struct tee *t)
{
    struct tee_slice slice = {0};
    struct frame f;
    while (tee_slice_left(&slice)) {
        enum ct_err err = read_counting(t, t->scout, UINT64_MAX, &t->scout_damaged, &f);
        uint64_t next = journal_reader_position(t->scout);
        if (next && next - 1 > t->counted_upto)
            t->counted_upto = next - 1;
        if (err == CT_ERR_FORMAT) {
            slice.frames++;
            continue;
        }
        if (err == CT_END) {
            for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
                struct tee_lane *lane = &t->lanes[i];
                if (!lane->reader && !lane->queued)
                    tee_lane_pass(lane, t->counted_upto);
            }
            return false;
        }
        if (err) { /* the disk or the memory is at fault; nothing is lost by waiting */
            uv_timer_start(&t->scan_timer, on_scan_timer, t->policy.backoff_max_ms, 0);
            return false;
        }
        tee_slice_take(&slice, &f);
        struct tee_lane *lane = tee_lane_of(t, &f);
        if (lane && f.seq > t->cursor.done[lane->signal]) {
            tee_lane_count(lane, &f);
            tee_changed(t);
        }
    }
    return true;
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
    save_cursor(t);
    uv_close((uv_handle_t *)&t->pump, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->scan_timer, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->save_timer, on_tee_handle_closed);
    uv_close((uv_handle_t *)&t->grace_timer, on_tee_handle_closed);
    t->handles += 5;
    t->ops->close(t->upstream, on_upstream_closed, t);
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
    bool more = scan(t);
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

void tee_retire(struct tee *t, uint64_t first, uint64_t last)
{
    uint64_t from = last + 1;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        uint64_t lost_from = t->cursor.done[lane->signal] + 1;
        if (lost_from < first)
            lost_from = first;
        if (lost_from < from)
            from = lost_from;
    }
    if (from > last)
        return;
    struct journal_reader *reader = journal_reader_open(t->journal, from);
    bool damaged = false;
    uint64_t limit = last + 1;
    if (t->scout && journal_reader_position(t->scout) <= last)
        t->scout_damaged = false; /* what it was about to count is counted here */
    while (journal_reader_position(reader) <= last) {
        struct frame f;
        /* What the scout has passed, it has counted. */
        bool known = journal_reader_position(reader) <= t->counted_upto;
        uint64_t dropped = t->stats.dropped;
        enum ct_err err = read_counting(t, reader, limit, &damaged, &f);
        if (known)
            t->stats.dropped = dropped;
        if (err == CT_ERR_FORMAT)
            continue;
        if (err || f.seq > last)
            break;
        struct tee_lane *lane = tee_lane_of(t, &f);
        if (lane && f.seq > t->cursor.done[lane->signal])
            tee_lane_lose(lane, &f);
    }
    journal_reader_close(reader);
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        tee_lane_pass(lane, last);
    }
    tee_progress(t);
    tee_changed(t);
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

enum ct_err tee_create(uv_loop_t *loop, struct journal *journal, const struct tee_config *config,
                       struct tee **out, struct ct_errmsg *msg)
{
    *out = NULL;
    if (!config->name || !config->upstream_http)
        return ct_fail(msg, CT_ERR_USAGE, "a tee needs a name and an upstream URL");
    struct tee *t = mem_alloc(sizeof *t);
    t->loop = loop;
    t->journal = journal;
    t->on_change = config->on_change;
    t->ctx = config->ctx;
    t->policy = (struct upstream_policy){config->backoff_first_ms, config->backoff_max_ms,
                                         config->retry_after_max_ms};
    seed_random(t);
    enum ct_err err = cursor_open(&t->cursor, config->state_dir, config->name, msg);
    if (err)
        goto free_tee;
    struct upstream_http_config http = {
        .base_url = config->upstream_http,
        .slots = FRAME_SIGNAL_COUNT - 1,
        .connect_timeout_ms = config->connect_timeout_ms,
        .request_timeout_ms = config->request_timeout_ms,
        .response_bytes_max = config->response_bytes_max,
    };
    err = upstream_http_create(loop, &http, &t->upstream, msg);
    if (err)
        goto finish_cursor;
    t->ops = t->upstream->ops;
    uv_idle_init(loop, &t->pump);
    uv_timer_init(loop, &t->scan_timer);
    uv_timer_init(loop, &t->save_timer);
    uv_timer_init(loop, &t->grace_timer);
    t->pump.data = t->scan_timer.data = t->save_timer.data = t->grace_timer.data = t;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++)
        tee_lane_init(&t->lanes[i], t, (enum frame_signal)i);
    open_readers(t);
    tee_wake(t);
    *out = t;
    return CT_OK;

finish_cursor:
    cursor_finish(&t->cursor);
free_tee:
    free(t);
    return err;
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
    cursor_finish(&t->cursor);
    free(t);
}
