/*
 * tee_internal.h - what tee.c (life, counting, statistics) and tee_lane.c (reading, sending, waiting) share.
 *
 * Positions. cursor.done[signal] says how far a lane has come: every frame of that signal with seq <= done
 * was dealt with. Each lane reads the journal by itself; its head is the frame that it sends or will send
 * next, and head's bytes belong to the lane's reader, which therefore stands still until the head is settled.
 *
 * Counting. One more reader, the scout, runs ahead over every new frame and counts it for its lane unless the
 * lane was there first (seq <= done). So a lane's queue is exact at every moment that the scout has nothing
 * left to read, and a lane never has to wait for the scout. counted_upto is the newest seq that the scout has
 * seen.
 *
 * Work. The pump, an idle handle that runs only while there is something to read, gives each reader a slice
 * of each turn of the loop. Everything else happens in answers and timers.
 */
#ifndef CT_OTLP_NET_TEE_INTERNAL_H
#define CT_OTLP_NET_TEE_INTERNAL_H

#include "tee.h"

#include "cursor.h"
#include "upstream.h"

/* What one reader may read in one turn of the loop, at least one frame: a long backlog must not block it. */
#define TEE_TURN_FRAMES 64
#define TEE_TURN_BYTES  ((size_t)1024 * 1024)

struct tee_lane {
    struct tee *tee;
    enum frame_signal signal; /* also the index in cursor.done, and one above the upstream's slot */
    struct journal_reader *reader;

    struct frame head;
    bool has_head;
    bool head_counted;      /* by the scout */
    bool head_gone;         /* retention has taken it while it was in flight: there is no second attempt */
    uint32_t head_attempts; /* so far */

    bool sending;
    bool waiting;    /* the timer runs */
    bool unreadable; /* and until then the journal is not asked again */
    uv_timer_t timer;
    int64_t retry_mono_ns;
    uint32_t failures; /* in a row */

    uint64_t queued; /* as counted by the scout; not yet settled */
    uint64_t queued_bytes;
    int64_t oldest_wall_ns; /* of the oldest queued frame, or of one before it while the next is looked for */

    enum tee_health health;
    uint64_t told_at; /* order of the last answers among the lanes */
    char text[sizeof((struct tee_stats *)NULL)->last_error];
};

struct tee {
    uv_loop_t *loop;
    struct journal *journal;
    void (*on_change)(void *ctx); /* may be NULL */
    void *ctx;
    struct upstream_policy policy;
    const struct upstream_ops *ops; /* outlives the upstream itself: frames are counted to the end */
    struct upstream *upstream;
    struct cursor cursor;

    struct tee_lane lanes[FRAME_SIGNAL_COUNT]; /* by signal; the first is not used */
    struct journal_reader *scout;
    bool scout_damaged;    /* it has met damage whose extent its next call tells */
    uv_timer_t scan_timer; /* runs when the journal could not be read */
    uint64_t counted_upto;

    uv_idle_t pump;
    bool woken;   /* something asked for one more turn of the pump */
    bool changed; /* on_change is due */

    uv_timer_t save_timer; /* runs while the cursor has progress that is not saved */
    bool save_failing;

    uv_timer_t grace_timer;
    bool stopping;
    bool closing; /* handles are being closed; nothing is sent any more */
    int64_t stop_mono_ns;
    size_t handles;
    void (*done)(void *ctx);
    void *done_ctx;

    uint64_t random;        /* state of the jitter's generator, never 0 */
    uint64_t answers;       /* numbers told_at */
    struct tee_stats stats; /* counters only; the rest is put together by tee_stats() */
};

/* A slice of a turn. */
struct tee_slice {
    size_t frames;
    size_t bytes;
};

static inline bool tee_slice_left(const struct tee_slice *s)
{
    return s->frames < TEE_TURN_FRAMES && s->bytes < TEE_TURN_BYTES;
}

static inline void tee_slice_take(struct tee_slice *s, const struct frame *f)
{
    s->frames++;
    s->bytes += f->body.len;
}

/* tee.c */
void tee_wake(struct tee *t);     /* runs the pump in the next turn */
void tee_changed(struct tee *t);  /* on_change in the next turn */
void tee_progress(struct tee *t); /* the cursor has moved: saved in a while */
uint64_t tee_random(struct tee *t);
struct tee_lane *tee_lane_of(struct tee *t, const struct frame *f); /* NULL: not for this tee */

/* tee_lane.c */
void tee_lane_init(struct tee_lane *lane, struct tee *t, enum frame_signal signal);

/* Looks for the next head and sends it if it may. True when the slice ended before the journal did. */
bool tee_lane_run(struct tee_lane *lane);

/* The scout has met f, which is the lane's and not yet settled. */
void tee_lane_count(struct tee_lane *lane, const struct frame *f);

/* f, the lane's and not yet settled, is about to go. */
void tee_lane_lose(struct tee_lane *lane, const struct frame *f);

/* Moves the lane's position forward; never back. */
void tee_lane_pass(struct tee_lane *lane, uint64_t seq);

/* True when nothing more will happen in the lane before mono_ns. */
bool tee_lane_at_rest(const struct tee_lane *lane, int64_t mono_ns);

/* Ends what runs, without an outcome. */
void tee_lane_halt(struct tee_lane *lane);

#endif
