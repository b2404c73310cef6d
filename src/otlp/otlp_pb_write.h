/*
 * otlp_pb_write.h - spans to OTLP in protobuf: the other direction of otlp_pb.h, for spans that we make.
 *
 * What is written is what otlp_pb.h reads: the same struct otlp_span, borrowed for the call. A field that is
 * 0 or empty is left out, as protobuf has it. opentelemetry-proto v1: trace.proto, common.proto,
 * resource.proto, collector/trace_service.proto. Written with nanopb's stream functions, without allocation
 * but for the growth of out.
 */
#ifndef CT_OTLP_OTLP_PB_WRITE_H
#define CT_OTLP_OTLP_PB_WRITE_H

#include "buf.h"
#include "record.h"

/*
 * Appends the span as one field of a ScopeSpans message, so that what several calls appended is the spans of
 * one. CT_ERR_LIMIT or CT_ERR_NOMEM as buf.h; out is then as it was.
 */
enum ct_err otlp_pb_write_span(const struct otlp_span *span, struct buf *out);

/*
 * Appends an ExportTraceServiceRequest with one resource and one scope; spans: what otlp_pb_write_span()
 * appended.
 */
enum ct_err otlp_pb_write_traces(const struct otlp_resource *resource, const struct otlp_scope *scope,
                                 struct slice spans, struct buf *out);

#endif
