/*
 * grpc.h - what gRPC adds to HTTP/2 (gRPC over HTTP/2, PROTOCOL-HTTP2.md), without I/O.
 *
 * A request is one message here: the OTLP services are unary. A message is one flag byte, four bytes of
 * length (big endian) and the payload, in any number of DATA frames.
 */
#ifndef CT_OTLP_GRPC_H
#define CT_OTLP_GRPC_H

#include "buf.h"
#include "decode.h"

#define GRPC_PREFIX_BYTES 5

/* google.rpc.Code, which grpc-status carries; the ones in use. */
enum grpc_code {
    GRPC_OK = 0,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
};

/*
 * The one place that turns what a handler answers (an HTTP status) into a grpc-status. It differs from
 * respond_grpc_code() in 404: a path that nothing is received at is a method that is not implemented.
 */
int grpc_code(int http_status);

/* application/grpc in any form; whether we speak that form is grpc_content_type_spoken(). */
bool grpc_content_type(struct slice content_type);

/* application/grpc or application/grpc+proto, case aside, parameters ignored. */
bool grpc_content_type_spoken(struct slice content_type);

/* Below the packages of the OTLP services: only gRPC has business there. */
bool grpc_path(struct slice path);

/* One of the OTLP methods (rule 11). */
bool grpc_method_parse(struct slice path, enum otlp_signal *out);

/* The compressions of this build, as grpc-accept-encoding lists them. */
const char *grpc_accept_encoding(void);

/*
 * A grpc-timeout: 1 to 8 digits and a unit of H M S m u n, in ms, rounded up. False when it is not one.
 */
bool grpc_timeout_parse(struct slice value, uint64_t *ms);

/* Follows a request's only message through bytes cut anywhere. Zeroed: at its start. */
struct grpc_reader {
    uint8_t prefix[GRPC_PREFIX_BYTES];
    size_t have;   /* bytes of prefix */
    uint64_t left; /* of the payload; meaningful once the prefix is there */
};

enum grpc_reading {
    GRPC_READ_MORE,   /* not yet whole */
    GRPC_READ_WHOLE,  /* ends exactly here */
    GRPC_READ_FLAG,   /* the flag byte is neither 0 nor 1 */
    GRPC_READ_SECOND, /* something follows the message */
};

enum grpc_reading grpc_reader_take(struct grpc_reader *r, struct slice bytes);

static inline bool grpc_reader_has_prefix(const struct grpc_reader *r)
{
    return r->have == GRPC_PREFIX_BYTES;
}

/* Both only once the prefix is there. */
bool grpc_reader_compressed(const struct grpc_reader *r);
uint32_t grpc_reader_length(const struct grpc_reader *r);

/* Splits a whole message, as an exchange's body holds it. False unless it is exactly one. */
bool grpc_message_parse(struct slice message, bool *compressed, struct slice *payload);

/* Writes the prefix of an uncompressed message. */
void grpc_prefix_write(uint32_t length, uint8_t out[GRPC_PREFIX_BYTES]);

/* Appends text as a grpc-message: cleaned (text.h), cut to RESPOND_MESSAGE_MAX, percent-encoded. */
enum ct_err grpc_message_encode(struct slice text, struct buf *out);

/* Appends the value of grpc-status-details-bin: a google.rpc.Status with RetryInfo, base64 without padding.
 */
enum ct_err grpc_retry_details(int code, struct slice message, uint32_t retry_after_s, struct buf *out);

#endif
