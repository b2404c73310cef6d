/*
 * journal_private.h - what the files of this layer know of each other's journal: recover.c builds it,
 * journal.c appends and syncs, age.c says what is too old, reader.c reads.
 *
 * Invariants: segments are in order, none is empty, and their ranges do not overlap. fd, when not -1, is the
 * last segment's file. Every number in queue is above every segment's in disk mode; in memory mode the queue
 * holds the frames of all segments. next_seq is above everything ever given out.
 */
#ifndef CT_JOURNAL_PRIVATE_H
#define CT_JOURNAL_PRIVATE_H

#include "journal.h"
#include "stored.h"

struct segment {
    uint64_t first;
    uint64_t last;   /* exact, or for an old segment one less than the next one's first */
    uint64_t bytes;  /* of whole frames and the header; the file may have torn bytes behind them */
    int64_t wall_ns; /* newest arrival in it, as far as a clock can be believed; 0: not known */
    /* Retention by age (age.c) */
    bool found;        /* nothing was appended to it since journal_open() */
    bool dated;        /* uptime_ns is known */
    int64_t uptime_ns; /* when its newest frame came; for a found one by its date, possibly negative */
};

struct journal {
    struct journal_config config; /* dir is an own copy */
    int dir_fd;                   /* -1 in memory mode */
    int lock_fd;

    struct segment *segments;
    size_t count;
    size_t cap;
    uint64_t bytes; /* sum of all segments' */

    int fd; /* the newest segment, for appending */
    uint32_t salt;
    bool fd_dirty; /* written since the last fsync; the same for the folder */
    bool dir_dirty;
    int dirty_fds[JOURNAL_SYNC_FDS_MAX - 2]; /* closed segments, not yet fsynced */
    size_t dirty_count;

    struct stored_queue queue;
    struct buf scratch;
    uint64_t next_seq;
    struct journal_stats counters; /* only the counting ones are kept here */
    bool aged;                     /* journal_retain() was called */
    int64_t aged_from_ns;          /* for the first time at this uptime */
    size_t readers;
    bool retiring; /* inside on_retire */
};

static inline bool journal_in_memory(const struct journal *j)
{
    return j->dir_fd < 0;
}

/* The number behind the last one that is in a segment file. */
static inline uint64_t journal_disk_end(const struct journal *j)
{
    return !journal_in_memory(j) && j->count ? j->segments[j->count - 1].last + 1 : 0;
}

/* The oldest frame that a reader can get; 0 when there is none. */
uint64_t journal_oldest(const struct journal *j);

/* Segment 0 goes: its readers are told, then the file is removed. */
void journal_retire_oldest(struct journal *j);

/* Retention by age; as journal_retain(). */
int64_t journal_age(struct journal *j, int64_t wall_ns, int64_t uptime_ns);

/* Appends to the list of segments. */
struct segment *journal_add_segment(struct journal *j, uint64_t first);

/* Finds what is in the folder: cuts, sets aside, sets next_seq. */
enum ct_err journal_recover(struct journal *j, struct ct_errmsg *msg);

/* The highest number that the cursor file of this name holds; 0 when there is none or it is damaged. */
uint64_t cursor_highest(int dir_fd, const char *name);

#endif
