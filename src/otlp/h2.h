/*
 * h2.h - the HTTP/2 server core (RFC 9113, prior knowledge), for OTLP/gRPC and for OTLP/HTTP over HTTP/2.
 *
 * Frames, HPACK and flow control are libnghttp2's; what a request is and what is refused is decided here. A
 * stream whose content type is application/grpc is handed out as EXCHANGE_GRPC with exactly one message in
 * its body, all others as EXCHANGE_HTTP2. Exchanges of one connection are handed out as they become complete,
 * any number at a time up to H2_STREAMS_MAX, and may be answered in any order.
 *
 * gRPC (rules 11 to 14 of the OTLP transport): a failure is a trailers-only answer with grpc-status,
 * grpc-message and, where the reply has a retry_after_s, RetryInfo in grpc-status-details-bin; the status
 * follows from the HTTP status by grpc_code(). Refused here: unknown methods (UNIMPLEMENTED), an unknown
 * grpc-encoding (UNIMPLEMENTED), a compressed message without grpc-encoding (INTERNAL), no message, two, or
 * half of one (INVALID_ARGUMENT), a message above otlp_limits.body_bytes (RESOURCE_EXHAUSTED), a used-up
 * budget (UNAVAILABLE). A request below the OTLP services with another content type gets HTTP 415.
 *
 * An exchange whose grpc-timeout has passed is answered DEADLINE_EXCEEDED and orphaned.
 *
 * Deadlines (otlp_limits.h): header_ms for the preface and SETTINGS, and for each header block; idle_ms since
 * the last byte and total_ms since the first one of a body; idle_ms for output that does not move, and for a
 * response that the peer's window holds back (zero-window stall); keepalive_ms without a stream or a PING.
 *
 * Floods: h2_guard.h.
 */
#ifndef CT_OTLP_H2_H
#define CT_OTLP_H2_H

#include "core.h"

/* Requests open at once: memory for their heads, which the byte budget is charged for once they are whole. */
#define H2_STREAMS_MAX 128
/* What the peer may send ahead: bodies are taken as they come and bounded by the byte budget, so large
   windows cost nothing and spare round trips. */
#define H2_STREAM_WINDOW     (1024 * 1024)
#define H2_CONNECTION_WINDOW (4 * 1024 * 1024)
/* A header block that decodes to this many times otlp_limits.header_bytes is a bomb: the connection ends. A
   smaller excess costs only its own stream. */
#define H2_HEADER_BOMB_RATIO 4
/* Moved to the host at once: a slow reader's responses stay in their streams. */
#define H2_OUT_PIECE ((size_t)128 * 1024)
/* Nothing more is read while so much is not taken by the peer. */
#define H2_OUT_HIGH ((size_t)64 * 1024)
/* Nor while so many frames wait in the session: refusals and acknowledgements that the peer does not read. */
#define H2_QUEUE_HIGH 512
/* Goodbye: how long the peer has to acknowledge the notice before the final GOAWAY goes. */
#define H2_NOTICE_MS 500

/* NULL when there is no memory. The bytes fed begin with the client's preface. now: see core.h. */
struct core *h2_create(const struct core_env *env, void *ctx, uint64_t now);

#endif
