/*
 * grpc_trailers.h - what a gRPC upstream says in its trailers (gRPC over HTTP/2, PROTOCOL-HTTP2.md,
 * "Responses"): grpc-status, grpc-message, grpc-status-details-bin.
 *
 * Pure functions; input is whatever a peer sent.
 */
#ifndef CT_OTLP_NET_GRPC_TRAILERS_H
#define CT_OTLP_NET_GRPC_TRAILERS_H

#include "partial_success.h"

struct grpc_trailers {
    bool has_status; /* false: there was no grpc-status, and code follows from the HTTP status */
    int code;        /* google.rpc.Code; one that is no number reads as UNKNOWN */
    char message[PARTIAL_SUCCESS_MESSAGE_MAX]; /* percent-decoded, cut to size, not cleaned; where there is no
                                                  grpc-message, that of the details */
    struct partial_success_retry retry;        /* RetryInfo, from the details */
};

/* Values that were absent have ptr NULL. */
void grpc_trailers_read(int http_status, struct slice status, struct slice message, struct slice details,
                        struct grpc_trailers *out);

/* Decodes %XX; anything else stays as it is. At most cap - 1 bytes and a NUL; returns the length. */
size_t grpc_percent_decode(struct slice in, char *out, size_t cap);

/*
 * Decodes standard base64 with or without its padding, as gRPC asks of receivers of binary metadata. Of a
 * value that was sent twice (joined by commas) the first counts. False when it is not base64 or larger than
 * cap.
 */
bool grpc_base64_decode(struct slice in, uint8_t *out, size_t cap, size_t *len);

#endif
