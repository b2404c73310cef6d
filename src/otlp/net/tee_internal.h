/*
 * tee_internal.h - what tee.c (life, counting, statistics) and tee_lane.c (reading, sending, waiting) share.
 *
 * Positions. Each kind of frame (upstream_kind) and signal has one, in the cursor of its transport: every
 * such frame with seq <= position was dealt with. A lane sends the kinds in sends[] of its signal, in the
 * journal's order; their positions move together, but may begin apart when the settings were changed. A lane
 * reads the journal from the lowest of them; its head is the frame that it sends or will send next, and
 * head's bytes belong to the lane's reader, which therefore stands still until the head is settled. Frames of
 * the kinds in holds[] are counted where they are behind their position, which this tee does not move.
 *
 * Counting. One more reader, the scout, runs ahead over every new frame and counts it for its lane unless the
 * lane was there first (seq <= position). So a lane's queue is exact at every moment that the scout has
 * nothing left to read, and a lane never has to wait for the scout. counted_upto is the newest seq that the
 * scout has seen.
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
    enum frame_signal signal; /* one above the upstream's slot */
    struct journal_reader *reader;

    struct frame head;
    bool has_head;
    bool head_counted;      /* by the scout */
    bool head_gone;         /* retention has taken it while it was in flight: there is no second attempt */
    uint32_t head_attempts; /* so far */

    /* How often the head has made the upstream end the connection, */
    uint32_t breaks;
    uint32_t proved_breaks; /* of those, right after an answered probe */
    int64_t first_break_mono_ns;
    bool proved; /* a probe was answered, and nothing was sent since */

    bool sending;    /* the head, or a probe for it */
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

/* One for each transport, by enum upstream_protocol. */
#define TEE_CURSORS 2
_Static_assert(TEE_CURSORS *CURSOR_SYNC_FDS_MAX <= TEE_SYNC_FDS_MAX, "a call takes what all cursors have");

struct tee_cursor {
    struct cursor cursor;
    bool moves; /* this tee sends such frames, and saves their positions */
    uint64_t saved[CURSOR_LANES];
};

struct tee {
    uv_loop_t *loop;
    struct journal *journal;
    void (*on_change)(void *ctx); /* may be NULL */
    void *ctx;
    struct upstream_policy policy;
    struct upstream *upstream;
    uint32_t poison_attempts;
    int64_t poison_after_ns;
    uint32_t signals; /* those that are taken; the lanes of the others do nothing */
    bool sends[UPSTREAM_KIND_COUNT];
    bool holds[UPSTREAM_KIND_COUNT];
    struct tee_cursor cursors[TEE_CURSORS];
    bool keeps; /* the cursors, on disk */

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

static inline bool tee_takes(const struct tee *t, enum frame_signal signal)
{
    return (t->signals & TEE_SIGNAL(signal)) != 0;
}

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

/*
 * Protobuf and gRPC frames have the lanes of their cursor that are numbered like their signal; JSON, which
 * one kind of upstream takes and the other does not, has the next ones.
 */
static inline uint64_t *tee_position(struct tee *t, enum upstream_kind kind, enum frame_signal signal)
{
    _Static_assert(2 * (FRAME_SIGNAL_COUNT - 1) <= CURSOR_LANES,
                   "a cursor holds two positions for each signal");
    bool grpc = kind == UPSTREAM_KIND_GRPC;
    unsigned at = (unsigned)signal;
    if (kind == UPSTREAM_KIND_HTTP_OTHER)
        at = (at + FRAME_SIGNAL_COUNT - 1) % CURSOR_LANES;
    return &t->cursors[grpc ? UPSTREAM_PROTOCOL_GRPC : UPSTREAM_PROTOCOL_HTTP].cursor.done[at];
}

/* tee_count.c */
enum tee_share {
    TEE_NONE, /* not for this tee, or settled */
    TEE_DUE,  /* the lane has it before it */
    TEE_HELD, /* counted */
};
enum tee_share tee_share_of(struct tee *t, const struct frame *f,
                            struct tee_lane **lane); /* lane: of TEE_DUE */

/* The lowest position of the frames that the lane, of a signal that is taken, sends; with held, also of those
 * that are held. */
uint64_t tee_lowest(struct tee *t, enum frame_signal signal, bool held);

/*
 * Where reading begins. A lane that is as far as the scout gets its reader when the scout meets its first
 * frame. One that is further than another, which may have been blocked for long, does not wait for the scout
 * to catch up.
 */
void tee_open_readers(struct tee *t);

/* Counts new frames for their lanes. True when the slice ended before the journal did. */
bool tee_scan(struct tee *t);

/* tee.c */
void tee_wake(struct tee *t);     /* runs the pump in the next turn */
void tee_changed(struct tee *t);  /* on_change in the next turn */
void tee_progress(struct tee *t); /* the cursor has moved: saved in a while */
void tee_save(struct tee *t);     /* saved now */
uint64_t tee_random(struct tee *t);

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
