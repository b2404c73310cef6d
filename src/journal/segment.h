/*
 * segment.h - the bytes of one segment file: its header, the envelope of a frame, and a scanner that survives
 * damage. docs/journal.md has the layout byte by byte.
 *
 *   file   = header frame*
 *   header = magic[8] version:u32 salt:u32 crc32(the 16 bytes before):u32
 *   frame  = length:u32 crc32(salt, length, payload):u32 payload[length]      (all little-endian)
 *
 * The salt is random per segment. A frame's body may itself hold a journal (whoever can reach the port
 * chooses it), and a file system may give a file blocks of an older one after a power cut: without the salt,
 * looking for the next whole frame behind damage could take such bytes for frames.
 *
 * The scanner works on a file descriptor by pread, never by mmap (a mapped file that is cut raises SIGBUS),
 * or on bytes in memory. It holds no lock and changes nothing.
 */
#ifndef CT_JOURNAL_SEGMENT_H
#define CT_JOURNAL_SEGMENT_H

#include "frame.h"

#define SEGMENT_HEADER_BYTES   20u
#define SEGMENT_ENVELOPE_BYTES 8u
#define SEGMENT_ROOM           (SEGMENT_HEADER_BYTES + SEGMENT_ENVELOPE_BYTES)
#define SEGMENT_VERSION        1u

/* How much one pread asks for; small frames are then read many at a time. */
#define SEGMENT_READ_AHEAD (256u * 1024u)

/* A scanner's buffer above this size is given back when a smaller one does. */
#define SEGMENT_BUFFER_KEPT (1024u * 1024u)

/*
 * Behind damage that hides where the next frame starts, at most this many bytes are searched for it (one
 * frame of the largest size), and at most this many bytes of look-alikes are checksummed, so that crafted
 * bodies cannot make the search quadratic. Past either limit the rest of the segment is given up.
 */
#define SEGMENT_SEARCH_BYTES_MAX (FRAME_BYTES_MAX + SEGMENT_ENVELOPE_BYTES)
#define SEGMENT_SEARCH_CHECK_MAX (64u * 1024u * 1024u)

/*
 * A place that the device cannot give (EIO) is asked for this often, one try for each call of segment_next().
 * After that the block of SEGMENT_BLOCK_BYTES is taken to hold zeros: the frames in it are damage, those
 * behind it go on.
 */
#define SEGMENT_IO_TRIES    3u
#define SEGMENT_BLOCK_BYTES 4096u

/* Writes the header to out[SEGMENT_HEADER_BYTES]. */
void segment_header_write(char *out, uint32_t salt);

/* CT_ERR_FORMAT: not a segment, or damaged; CT_ERR_UNSUPPORTED: one of a later version. */
enum ct_err segment_header_read(struct slice bytes, uint32_t *salt);

/* Fills the SEGMENT_ENVELOPE_BYTES before payload, which the caller keeps free. */
void segment_seal(char *payload, size_t len, uint32_t salt);

enum segment_damage {
    SEGMENT_UNREADABLE, /* bytes that are no frame; a whole one follows, or the end */
    SEGMENT_CUT_SHORT,  /* the bytes end before the frame does: a torn tail, if offset has come to limit */
    SEGMENT_GIVEN_UP,   /* no whole frame was found within the limits above: the rest is passed over unseen */
    SEGMENT_FOREIGN,    /* a whole frame, but not one that belongs here (its seq, or its encoding) */
};

struct segment_scanner {
    int fd;              /* borrowed; -1: memory is read instead */
    struct slice memory; /* borrowed */
    uint32_t salt;
    uint64_t offset;  /* where the next envelope starts */
    uint64_t limit;   /* nothing at or behind it is looked at; may grow between calls */
    uint64_t seq_min; /* frames outside of [seq_min, seq_max] count as damaged */
    uint64_t seq_max;

    /* After CT_ERR_FORMAT */
    uint64_t damaged_at; /* where the unreadable bytes start; they end at offset */
    enum segment_damage damage;

    uint64_t failing_at; /* the offset at which reading failed last, and how often in a row */
    unsigned failures;
    bool lost_blocks; /* at least one block was given up */

    char *data; /* owned window over the file: bytes [data_at, data_at + data_len) */
    size_t cap;
    uint64_t data_at;
    size_t data_len;
};

/* Over a file whose first limit bytes are a segment with a sound header. */
void segment_scanner_init(struct segment_scanner *s, int fd, uint32_t salt, uint64_t limit);

/* Over a segment in memory, header included. */
void segment_scanner_init_memory(struct segment_scanner *s, struct slice bytes, uint32_t salt);
void segment_scanner_finish(struct segment_scanner *s);

/*
 * CT_OK: the next frame; its bytes live until the next call, its headers are in headers[FRAME_HEADERS_MAX].
 * CT_END: offset has come to limit. CT_ERR_FORMAT: unreadable bytes were passed over; the next call goes on
 * at the first whole frame behind them, found by the damaged frame's length where that leads to one, else by
 * searching. CT_ERR_IO, CT_ERR_NOMEM: nothing moved, try again; a block that stays
 * unreadable becomes damage after SEGMENT_IO_TRIES.
 */
enum ct_err segment_next(struct segment_scanner *s, struct frame *out, struct frame_header *headers);

#endif
