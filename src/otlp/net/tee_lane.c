#include "tee_internal.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>

static unsigned slot_of(const struct tee_lane *lane)
{
    return (unsigned)lane->signal - 1;
}

/* Every frame of the lane up to here was dealt with. */
static uint64_t done_of(const struct tee_lane *lane)
{
    return tee_lowest(lane->tee, lane->signal, false);
}

void tee_lane_pass(struct tee_lane *lane, uint64_t seq)
{
    struct tee *t = lane->tee;
    for (unsigned i = UPSTREAM_KIND_NONE + 1; i < UPSTREAM_KIND_COUNT; i++) {
        uint64_t *position = tee_position(t, (enum upstream_kind)i, lane->signal);
        if (t->sends[i] && seq > *position)
            *position = seq;
    }
}

static void uncount(struct tee_lane *lane, size_t bytes)
{
    lane->queued--;
    lane->queued_bytes -= bytes;
}

void tee_lane_count(struct tee_lane *lane, const struct frame *f)
{
    if (lane->queued == 0 && !lane->has_head)
        lane->oldest_wall_ns = f->wall_ns;
    if (lane->queued == 0 && !lane->reader)
        tee_lane_pass(lane,
                      f->seq - 1); /* the scout has seen all there is up to here, and nothing for this lane */
    lane->queued++;
    lane->queued_bytes += f->body.len;
    if (lane->has_head && lane->head.seq == f->seq)
        lane->head_counted = true;
    if (!lane->reader)
        lane->reader = journal_reader_open(lane->tee->journal, done_of(lane) + 1);
}

/* The head is settled, one way or another. */
static void drop_head(struct tee_lane *lane)
{
    bool ours = lane->head.source == FRAME_SYNTHESIZED;
    if (lane->head_counted)
        uncount(lane, lane->head.body.len);
    tee_lane_pass(lane, lane->head.seq);
    if (ours)
        tee_save(lane->tee);
    lane->has_head = lane->head_counted = lane->head_gone = lane->proved = false;
    lane->head_attempts = lane->breaks = lane->proved_breaks = 0;
    tee_progress(lane->tee);
}

void tee_lane_lose(struct tee_lane *lane, const struct frame *f)
{
    struct tee *t = lane->tee;
    bool is_head = lane->has_head && lane->head.seq == f->seq;
    if (is_head && lane->sending) {
        lane->head_gone = true;
        return;
    }
    t->stats.dropped++;
    if (is_head)
        drop_head(lane);
    else if (f->seq <= t->counted_upto)
        uncount(lane, f->body.len);
}

static void set_health(struct tee_lane *lane, enum tee_health health, const char *text)
{
    lane->health = health;
    lane->told_at = ++lane->tee->answers;
    snprintf(lane->text, sizeof lane->text, "%s", text);
}

static void on_timer(uv_timer_t *timer)
{
    struct tee_lane *lane = timer->data;
    lane->waiting = lane->unreadable = false;
    lane->retry_mono_ns = 0;
    tee_lane_run(lane);
    tee_changed(lane->tee);
}

static void wait_for_retry(struct tee_lane *lane, const struct upstream_answer *answer)
{
    struct tee *t = lane->tee;
    if (lane->failures < UINT32_MAX)
        lane->failures++;
    int64_t wait_ns = upstream_policy_wait(&t->policy, lane->failures, answer->wait_ns, tee_random(t));
    char text[256], wait[UPSTREAM_WAIT_TEXT_MAX];
    snprintf(text, sizeof text, "%s, retrying in %s", answer->text, upstream_wait_text(wait_ns, wait));
    set_health(lane, TEE_RETRYING, text);
    if (lane->head_gone) {
        t->stats.dropped++;
        drop_head(lane);
    }
    lane->waiting = true;
    lane->retry_mono_ns = clock_mono() + wait_ns;
    uv_update_time(t->loop); /* a stale clock would make the wait shorter than was asked for */
    uv_timer_start(&lane->timer, on_timer, (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
}

static void keep_refusal(struct tee *t, const char *text)
{
    snprintf(t->stats.last_refusal, sizeof t->stats.last_refusal, "%s", text);
}

/* The head is refused, by the upstream or by us. */
static void refuse(struct tee_lane *lane, const char *text)
{
    lane->tee->stats.rejected++;
    keep_refusal(lane->tee, text);
    lane->failures = 0;
    set_health(lane, TEE_REJECTING, text);
    drop_head(lane);
}

/* Counts an attempt that settled nothing. True when the head is given up. */
static bool give_up(struct tee_lane *lane, const struct upstream_answer *answer)
{
    const struct tee *t = lane->tee;
    bool proved = lane->proved;
    lane->proved = false;
    if (!answer->broke || lane->head_gone)
        return false;
    int64_t now = clock_mono();
    if (lane->breaks == 0)
        lane->first_break_mono_ns = now;
    lane->breaks++;
    lane->proved_breaks += proved;
    if (t->poison_attempts == 0 || lane->proved_breaks < t->poison_attempts)
        return false;
    char text[sizeof lane->text], time[UPSTREAM_WAIT_TEXT_MAX];
    snprintf(text, sizeof text,
             "given up: %.100s, %" PRIu32 " times in %s, while empty requests were answered", answer->text,
             lane->breaks, upstream_wait_text(now - lane->first_break_mono_ns, time));
    refuse(lane, text);
    return true;
}

static void settle(struct tee_lane *lane, const struct upstream_answer *answer)
{
    struct tee *t = lane->tee;
    if (answer->status) {
        t->stats.last_status = answer->status;
        t->stats.last_grpc_status = answer->grpc_status;
    }
    switch (answer->outcome) {
    case UPSTREAM_TAKEN:
        t->stats.forwarded_requests++;
        t->stats.forwarded_bytes += lane->head.body.len;
        if (answer->partial) {
            keep_refusal(t, answer->text);
            t->stats.partial_successes++;
            t->stats.rejected_records += answer->rejected_records;
        }
        lane->failures = 0;
        set_health(lane, TEE_OK, answer->text);
        drop_head(lane);
        break;
    case UPSTREAM_REFUSED:
        refuse(lane, answer->text);
        break;
    case UPSTREAM_RETRY:
        if (!give_up(lane, answer))
            wait_for_retry(lane, answer);
        break;
    }
    tee_changed(t);
}

static void on_answer(void *ctx, const struct upstream_answer *answer)
{
    struct tee_lane *lane = ctx;
    lane->sending = false;
    settle(lane, answer);
    tee_lane_run(lane); /* at once; where the slice ends, the pump goes on */
}

static void on_probe_answer(void *ctx, const struct upstream_answer *answer)
{
    struct tee_lane *lane = ctx;
    lane->sending = false;
    lane->proved = answer->outcome != UPSTREAM_RETRY;
    if (!lane->proved) {
        wait_for_retry(lane, answer);
    } else if (lane->head_gone) {
        lane->tee->stats.dropped++;
        drop_head(lane);
    }
    tee_changed(lane->tee);
    tee_lane_run(lane);
}

/* Whether the upstream is away, or this request alone is what it cannot bear, is asked first. */
static bool wants_probe(const struct tee_lane *lane)
{
    const struct tee *t = lane->tee;
    return t->poison_attempts && lane->breaks && !lane->proved &&
           clock_mono() - lane->first_break_mono_ns >= t->poison_after_ns;
}

/* Finds the next head. True when the slice ended before the journal did. */
static bool seek(struct tee_lane *lane, struct tee_slice *slice)
{
    struct tee *t = lane->tee;
    while (!lane->has_head) {
        if (!tee_slice_left(slice))
            return true;
        enum ct_err err = journal_reader_next(lane->reader, &lane->head, NULL);
        uint64_t next = journal_reader_position(lane->reader);
        if (err == CT_END) {
            tee_lane_pass(lane, next ? next - 1 : 0);
            if (lane->queued && next && t->counted_upto >= next - 1) {
                /* The scout read frames that have become unreadable since. */
                t->stats.dropped += lane->queued;
                lane->queued = lane->queued_bytes = 0;
                tee_changed(t);
            }
            return false;
        }
        if (err == CT_ERR_FORMAT) { /* the scout counts what is damaged */
            slice->frames++;
            continue;
        }
        if (err) { /* the disk or the memory is at fault; nothing is lost by waiting */
            struct upstream_answer answer = {
                .grpc_status = -1, .wait_ns = -1, .text = "the journal cannot be read"};
            lane->unreadable = true;
            wait_for_retry(lane, &answer);
            return false;
        }
        tee_slice_take(slice, &lane->head);
        struct tee_lane *whose;
        if (tee_share_of(t, &lane->head, &whose) != TEE_DUE || whose != lane) {
            tee_lane_pass(lane, lane->head.seq);
            continue;
        }
        lane->has_head = true;
        lane->head_counted = lane->head.seq <= t->counted_upto;
        lane->head_gone = false;
        lane->head_attempts = 0;
        lane->oldest_wall_ns = lane->head.wall_ns;
        tee_lane_pass(lane, lane->head.seq - 1);
    }
    return false;
}

bool tee_lane_run(struct tee_lane *lane)
{
    struct tee *t = lane->tee;
    struct tee_slice slice = {0};
    while (lane->reader && !lane->sending && !t->closing) {
        if (!lane->has_head && !lane->unreadable && seek(lane, &slice))
            return true;
        if (!lane->has_head || lane->waiting)
            return false;
        struct upstream_answer failed = {.outcome = UPSTREAM_REFUSED, .grpc_status = -1, .wait_ns = -1};
        bool probe = wants_probe(lane);
        enum ct_err err =
            probe
                ? upstream_probe(t->upstream, slot_of(lane), &lane->head, on_probe_answer, lane, failed.text)
                : upstream_send(t->upstream, slot_of(lane), &lane->head, on_answer, lane, failed.text);
        if (!err) {
            lane->sending = true;
            if (!probe && lane->head_attempts++)
                t->stats.retries++;
        } else {
            if (err == CT_ERR_NOMEM)
                failed.outcome = UPSTREAM_RETRY;
            settle(lane, &failed);
        }
    }
    return false;
}

bool tee_lane_at_rest(const struct tee_lane *lane, int64_t mono_ns)
{
    if (lane->sending)
        return false;
    return lane->waiting ? lane->retry_mono_ns > mono_ns : !lane->has_head;
}

void tee_lane_halt(struct tee_lane *lane)
{
    struct tee *t = lane->tee;
    upstream_cancel(t->upstream, slot_of(lane));
    lane->sending = lane->waiting = false;
    lane->retry_mono_ns = 0;
    if (lane->head_gone) {
        t->stats.dropped++;
        drop_head(lane);
    }
    lane->has_head = false; /* it stays in the journal */
    journal_reader_close(lane->reader);
    lane->reader = NULL;
    uv_timer_stop(&lane->timer);
}

void tee_lane_init(struct tee_lane *lane, struct tee *t, enum frame_signal signal)
{
    lane->tee = t;
    lane->signal = signal;
    uv_timer_init(t->loop, &lane->timer);
    lane->timer.data = lane;
}
