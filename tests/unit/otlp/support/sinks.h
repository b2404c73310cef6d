/*
 * sinks.h - sinks that write the records that they get into a buffer.
 *
 * dump_sink() gives one line a record with every field of record.h in it: two decodes gave the same records
 * exactly when their dumps are equal. pb_sink() and json_sink() write an OTLP request with one block a
 * record, which decodes to the same dump. json_sink_finish() completes the latter.
 */
#ifndef CT_TESTS_OTLP_SINKS_H
#define CT_TESTS_OTLP_SINKS_H

#include "buf.h"
#include "decode.h"

struct otlp_sink dump_sink(struct buf *out);
struct otlp_sink pb_sink(struct buf *out);
struct otlp_sink json_sink(struct buf *out);

/* Closes the brackets; without a record the request is {}. */
void json_sink_finish(struct buf *out);

/* Decodes body into a dump. */
enum ct_err decode_dump(struct otlp_decoder *d, enum otlp_signal signal, enum otlp_encoding encoding,
                        struct slice body, struct buf *dump, enum otlp_refusal *why, struct ct_errmsg *msg);

#endif
