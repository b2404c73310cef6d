/*
 * respond.h - the bodies that an OTLP/HTTP sender gets back (OTLP specification, "OTLP/HTTP Response").
 *
 * Success is an empty Export<Signal>ServiceResponse: no bytes, or {}. A failure is a google.rpc.Status in the
 * request's own encoding. Messages are cleaned here (text.h) and cut to RESPOND_MESSAGE_MAX, so that they may
 * quote what the sender wrote.
 */
#ifndef CT_OTLP_RESPOND_H
#define CT_OTLP_RESPOND_H

#include "buf.h"
#include "decode.h"

#define RESPOND_MESSAGE_MAX 512

/* The encoding to answer in: protobuf for application/x-protobuf and for gRPC, JSON for everything else, as
 * people can read it. */
enum otlp_encoding respond_encoding(struct slice content_type);

/* "application/x-protobuf" or "application/json". */
const char *respond_content_type(enum otlp_encoding encoding);

/* The body of a full success. Static. */
struct slice respond_success(enum otlp_encoding encoding);

/* Appends a google.rpc.Status whose code follows from the HTTP status. */
enum ct_err respond_status(enum otlp_encoding encoding, int http_status, struct slice message,
                           struct buf *out);

/* Appends a success with partial_success set: records that were rejected, or 0 and a warning. */
enum ct_err respond_partial(enum otlp_encoding encoding, enum otlp_signal signal, int64_t rejected,
                            struct slice message, struct buf *out);

/* The google.rpc.Code (also the grpc-status) that goes with an HTTP status; 0 for 2xx. */
int respond_grpc_code(int http_status);

/*
 * The words of the 404 for that path, cleaned, into out (cap bytes): which paths there are, and for "/" that
 * OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT is used as it stands and needs its path. Returns out.
 */
const char *respond_wrong_path(struct slice path, char *out, size_t cap);

#endif
