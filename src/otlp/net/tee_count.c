/* Whose frames are whose, and how many wait: the scout, retention, and where reading begins. */
#include "tee_internal.h"

#define FIRST_LANE (FRAME_SIGNAL_NONE + 1)

enum tee_share tee_share_of(struct tee *t, const struct frame *f, struct tee_lane **lane)
{
    enum upstream_kind kind = upstream_kind_of(f);
    enum frame_signal signal = frame_signal(f);
    if ((!t->sends[kind] && !t->holds[kind]) || !tee_takes(t, signal))
        return TEE_NONE;
    if (f->seq <= *tee_position(t, kind, signal))
        return TEE_NONE;
    *lane = &t->lanes[signal];
    return t->sends[kind] ? TEE_DUE : TEE_HELD;
}

uint64_t tee_lowest(struct tee *t, enum frame_signal signal, bool held)
{
    uint64_t lowest = UINT64_MAX;
    for (unsigned i = UPSTREAM_KIND_NONE + 1; i < UPSTREAM_KIND_COUNT; i++) {
        enum upstream_kind kind = (enum upstream_kind)i;
        uint64_t position = *tee_position(t, kind, signal);
        if ((t->sends[kind] || (held && t->holds[kind])) && position < lowest)
            lowest = position;
    }
    return lowest;
}

void tee_open_readers(struct tee *t)
{
    uint64_t last = journal_stats(t->journal).last_seq, from = last;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        if (!tee_takes(t, (enum frame_signal)i)) {
            tee_lane_pass(&t->lanes[i], last);
            continue;
        }
        uint64_t lowest = tee_lowest(t, (enum frame_signal)i, true);
        if (lowest < from)
            from = lowest;
    }
    t->scout = journal_reader_open(t->journal, from + 1);
    t->counted_upto = from;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        if (!tee_takes(t, lane->signal))
            continue;
        uint64_t lowest = tee_lowest(t, lane->signal, false);
        if (lowest > from)
            lane->reader = journal_reader_open(t->journal, lowest + 1);
    }
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

bool tee_scan(struct tee *t)
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
        struct tee_lane *lane;
        switch (tee_share_of(t, &f, &lane)) {
        case TEE_DUE:
            tee_lane_count(lane, &f);
            tee_changed(t);
            break;
        case TEE_HELD:
            t->stats.held_requests++;
            tee_changed(t);
            break;
        case TEE_NONE:
            break;
        }
    }
    return true;
}

void tee_retire(struct tee *t, uint64_t first, uint64_t last)
{
    uint64_t from = last + 1;
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        if (!tee_takes(t, (enum frame_signal)i))
            continue;
        uint64_t lost_from = tee_lowest(t, (enum frame_signal)i, true) + 1;
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
        struct tee_lane *lane;
        enum tee_share share = tee_share_of(t, &f, &lane);
        if (share == TEE_DUE)
            tee_lane_lose(lane, &f);
        else if (share == TEE_HELD && f.seq <= t->counted_upto && t->stats.held_requests)
            t->stats.held_requests--;
    }
    journal_reader_close(reader);
    for (unsigned i = FIRST_LANE; i < FRAME_SIGNAL_COUNT; i++) {
        struct tee_lane *lane = &t->lanes[i];
        tee_lane_pass(lane, last);
    }
    tee_progress(t);
    tee_changed(t);
}
