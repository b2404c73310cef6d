/*
 * frame.h - one thing that arrived: an OTLP request of any signal and encoding, or a hook call.
 *
 * A frame holds the body bytes exactly as received (still compressed) and the end-to-end headers in the order
 * and spelling of the sender. It is the unit of the journal, of recordings, of the tee and of what viewers
 * get. On disk and on the socket it is the protobuf message ct.journal.v1.Frame (proto/frame.proto), written
 * with protobuf-c and read with nanopb; docs/journal.md describes the envelope around it.
 */
#ifndef CT_JOURNAL_FRAME_H
#define CT_JOURNAL_FRAME_H

#include "buf.h"
#include "errors.h"
#include "slice.h"

enum frame_source {
    FRAME_SOURCE_UNKNOWN = 0,
    FRAME_OTLP_HTTP = 1,  /* path is the URL path; body as it came, Content-Encoding in the headers */
    FRAME_OTLP_GRPC = 2,  /* path is the method path; body is the message with its 5-byte prefix */
    FRAME_HOOK = 3,       /* body is Claude Code's hook JSON */
    FRAME_STATUSLINE = 4, /* body is Claude Code's status line JSON */
    FRAME_SYNTHESIZED =
        5, /* an OTLP/HTTP request in protobuf that we made: forwarded, never read as telemetry */
};

/* What a frame carries; derived from source and path, the same for every transport. */
enum frame_signal {
    FRAME_SIGNAL_NONE = 0, /* hooks and status lines: never forwarded */
    FRAME_TRACES,
    FRAME_METRICS,
    FRAME_LOGS,
    FRAME_PROFILES,
    FRAME_SIGNAL_COUNT
};

#define FRAME_HEADERS_MAX 128                   /* more are refused when writing and reading */
#define FRAME_BYTES_MAX   (80u * 1024u * 1024u) /* an encoded frame; above the receiver's largest body */

struct frame_header {
    struct slice name;
    struct slice value;
};

struct frame {
    uint64_t seq;    /* 1, 2, 3 … in one journal; 0: not yet appended */
    int64_t wall_ns; /* arrival, Unix epoch */
    int64_t mono_ns; /* arrival, monotonic clock of the receiving process; only differences mean anything */
    enum frame_source source;
    struct slice method;                /* "POST" */
    struct slice path;                  /* without the query string */
    const struct frame_header *headers; /* end-to-end headers only (RFC 9110, 7.6.1) */
    size_t header_count;
    struct slice body;
};

enum frame_signal frame_signal(const struct frame *f);
const char *frame_signal_name(enum frame_signal signal); /* "traces" … */

/* The first header of that name, case aside; a slice with ptr NULL when absent. */
struct slice frame_header_get(const struct frame *f, const char *name);

/* Appends the encoded message (without envelope). CT_ERR_LIMIT past FRAME_BYTES_MAX or FRAME_HEADERS_MAX. */
enum ct_err frame_encode(const struct frame *f, struct buf *out);

/*
 * Decodes one message. The slices in *out point into bytes; headers go to headers[FRAME_HEADERS_MAX], which
 * out->headers then points to. CT_ERR_FORMAT for anything that is not a whole frame.
 */
enum ct_err frame_decode(struct slice bytes, struct frame *out, struct frame_header *headers);

#endif
