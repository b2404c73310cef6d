/*
 * upstream_request.h - from a frame to what is sent upstream: which headers go, which are added, and what a
 * frame of the other transport becomes.
 *
 * Pure functions over borrowed bytes. "Unchanged" (rule 18): the body's bytes and every end-to-end header in
 * its order and spelling. Converting changes the framing only: an uncompressed gRPC message is an OTLP/HTTP
 * protobuf body, and the message's compression flag with its grpc-encoding is a Content-Encoding. OTLP/HTTP
 * JSON has no counterpart in gRPC.
 */
#ifndef CT_OTLP_NET_UPSTREAM_REQUEST_H
#define CT_OTLP_NET_UPSTREAM_REQUEST_H

#include "errors.h"
#include "frame.h"
#include "grpc.h"

enum upstream_protocol { UPSTREAM_PROTOCOL_HTTP, UPSTREAM_PROTOCOL_GRPC };

/* Frames that are forwarded, by what can be made of them. */
enum upstream_kind {
    UPSTREAM_KIND_NONE, /* hooks, status lines, unknown paths: never forwarded */
    UPSTREAM_KIND_HTTP_PROTOBUF,
    UPSTREAM_KIND_HTTP_OTHER, /* JSON */
    UPSTREAM_KIND_GRPC,
    UPSTREAM_KIND_COUNT
};

enum upstream_kind upstream_kind_of(const struct frame *f);

enum upstream_fit {
    UPSTREAM_FIT_NATIVE,    /* leaves as it came */
    UPSTREAM_FIT_CONVERTED, /* can be converted */
    UPSTREAM_FIT_NONE,
};

enum upstream_fit upstream_fit(enum upstream_protocol protocol, enum upstream_kind kind);

/* Headers that the user adds to every request, in place of the sender's of the same name. */
#define UPSTREAM_ADDED_MAX 32

struct upstream_added {
    struct frame_header list[UPSTREAM_ADDED_MAX]; /* into text */
    size_t count;
    char *text[UPSTREAM_ADDED_MAX]; /* owned */
};

/*
 * lines: "Name: value", ended by NULL; NULL is no header. CT_ERR_USAGE, with the reason but never the value
 * in msg, for what is no header, more than UPSTREAM_ADDED_MAX, and names that would change the framing or the
 * meaning of the body (Content-*, Transfer-Encoding, Host, grpc-* …). To be finished in any case.
 */
enum ct_err upstream_added_init(struct upstream_added *a, const char *const *lines, struct ct_errmsg *msg);
void upstream_added_finish(struct upstream_added *a);

/*
 * out = f without content: an empty body in f's encoding, and f's headers but for those of its body.
 * headers: FRAME_HEADERS_MAX; out borrows from it and from f.
 */
void upstream_request_empty(const struct frame *f, struct frame *out, struct frame_header *headers);

/* te, the body's type and its encoding are ours. */
#define UPSTREAM_HEADERS_MAX (FRAME_HEADERS_MAX + UPSTREAM_ADDED_MAX + 3)

struct upstream_request {
    struct slice path;
    struct frame_header headers[UPSTREAM_HEADERS_MAX];
    size_t header_count;
    struct slice head; /* before the body; empty, or points to prefix */
    struct slice body;
    uint8_t prefix[GRPC_PREFIX_BYTES];
};

/*
 * The request that f becomes; it borrows from f, from a and from itself. CT_ERR_FORMAT, with why in words (a
 * literal), for a frame that this protocol cannot carry although its kind fits.
 */
enum ct_err upstream_request_make(struct upstream_request *r, enum upstream_protocol protocol,
                                  const struct frame *f, const struct upstream_added *a, const char **words);

#endif
