/* Spans of other services: of use only where they hang below a call of a session, which the model knows. */
#include "ingest_private.h"

void ingest_foreign_facts(struct ingest *in, const struct otlp_resource *resource,
                          const struct otlp_span *span, struct event *e)
{
    int64_t status = 0;
    e->kind = EVENT_SPAN;
    e->span_role = SPAN_ROLE_OTHER;
    e->phase = PHASE_FINISHED;
    e->name = ingest_clean(in, span->name, INGEST_NAME_MAX);
    e->detail = ingest_attr(in, resource->attrs, "service.name", INGEST_NAME_MAX);
    otlp_attr_int(span->attrs, "http.response.status_code", &status);
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    if (span->status != OTLP_STATUS_ERROR)
        return;
    e->failed = true;
    e->error_type = ingest_attr(in, span->attrs, "error.type", INGEST_NAME_MAX);
    if (e->error_type.len == 0)
        e->error_type = ingest_error_type(status);
    e->error_message = ingest_clean(in, span->status_message, INGEST_MESSAGE_MAX);
}

void foreign_span(struct ingest *in, const struct otlp_resource *resource, const struct otlp_span *span)
{
    struct event e;
    if (!span->has_parent || !span->ids.has_trace_id || !span->ids.has_span_id)
        return;
    event_init(&e, EVENT_SPAN, WITNESS_SPAN);
    ingest_span_facts(span, &e);
    memcpy(e.ids.trace_id, span->ids.trace_id, sizeof e.ids.trace_id);
    e.ids.has_trace_id = true;
    e.service_name = ingest_attr(in, resource->attrs, "service.name", INGEST_NAME_MAX);
    ingest_foreign_facts(in, resource, span, &e);
    ingest_emit(in, &e);
}
