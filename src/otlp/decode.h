/*
 * decode.h - a request body to records: decompression, then protobuf or JSON.
 *
 * Does no I/O. One decoder is reused for all requests of a thread: its inflate buffer and scratch arena stay
 * warm, so that the protobuf path allocates nothing per field.
 */
#ifndef CT_OTLP_DECODE_H
#define CT_OTLP_DECODE_H

#include "errors.h"
#include "otlp_limits.h"
#include "record.h"

enum otlp_encoding { OTLP_PROTOBUF, OTLP_JSON };
enum otlp_compression { OTLP_IDENTITY, OTLP_GZIP, OTLP_ZSTD };

struct otlp_decoder;

struct otlp_decoder *otlp_decoder_create(const struct otlp_limits *limits); /* limits are copied */
void otlp_decoder_destroy(struct otlp_decoder *d);                          /* NULL is fine */

struct otlp_counts {
    size_t logs;
    size_t spans;
    size_t points;
    size_t
        items; /* log records, spans and metrics up to here, those of earlier pieces included; of protobuf */
};

/*
 * Feeds every record of body to sink (NULL: only checks and counts). counts, why and msg may be NULL. The
 * outcome is CT_OK, or the error, with *why set to the refusal that fits and msg to what is wrong:
 *   CT_ERR_FORMAT       BAD_GZIP, DECODE
 *   CT_ERR_LIMIT        INFLATED, NESTING, ATTRIBUTES, RECORDS, OVERLOAD (a sink returned false)
 *   CT_ERR_NOMEM        OVERLOAD
 *   CT_AGAIN            none: the sink has enough (struct otlp_sink)
 *   CT_ERR_UNSUPPORTED  ENCODING (zstd, where it is not compiled in)
 * ATTRIBUTES also bounds nested values, events and links, at 64 times as many; RECORDS also bounds
 * json_nodes. Records before the fault have already reached the sink and are counted: run with a NULL sink
 * first where all or nothing matters. An empty protobuf body is an empty request; an empty JSON body is not
 * JSON. What each encoding accepts stands in otlp_pb.h and otlp_json.h, what decompression does in body.h.
 */
enum ct_err otlp_decode(struct otlp_decoder *d, enum otlp_signal signal, enum otlp_encoding encoding,
                        enum otlp_compression compression, struct slice body, const struct otlp_sink *sink,
                        struct otlp_counts *counts, enum otlp_refusal *why, struct ct_errmsg *msg);

/*
 * From a Content-Encoding or grpc-encoding value, case aside: "gzip", "x-gzip", "zstd" where it is compiled
 * in; "" and "identity" are OTLP_IDENTITY. False when unknown.
 */
bool otlp_compression_parse(struct slice value, enum otlp_compression *out);

/* application/json or application/x-protobuf, case aside, parameters ignored; false for anything else. */
bool otlp_encoding_parse(struct slice content_type, enum otlp_encoding *out);

/* "/v1/traces" and so on, or a gRPC method path; false when neither. */
bool otlp_signal_parse(struct slice path, enum otlp_signal *out);

#endif
