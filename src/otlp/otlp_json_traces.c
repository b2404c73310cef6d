/* Span, Span.Event, Span.Link, Status: opentelemetry/proto/trace/v1/trace.proto, in its JSON mapping. */
#include "otlp_json_read.h"

static const struct jsr_name kinds[] = {
    {"INTERNAL", 1}, {"SERVER", 2}, {"CLIENT", 3}, {"PRODUCER", 4}, {"CONSUMER", 5},
};

static const struct jsr_name statuses[] = {{"OK", OTLP_STATUS_OK}, {"ERROR", OTLP_STATUS_ERROR}};

static bool read_event(struct walk *w, const cJSON *item, struct otlp_span_event *event)
{
    enum { TIME, NAME, ATTRIBUTES };
    static const char *const keys[] = {[TIME] = "timeUnixNano", [NAME] = "name", [ATTRIBUTES] = "attributes"};
    uint32_t seen = 0;
    *event = (struct otlp_span_event){0};
    if (!jsr_object(w, item, "an event"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case TIME:
            jsr_u64(w, m, &event->time_ns);
            break;
        case NAME:
            jsr_text(w, m, &event->name);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &event->attrs);
            break;
        default:
            break;
        }
    }
    return !w->err;
}

static bool read_link(struct walk *w, const cJSON *item, struct otlp_span_link *link)
{
    enum { TRACE_ID, SPAN_ID, ATTRIBUTES };
    static const char *const keys[] = {
        [TRACE_ID] = "traceId", [SPAN_ID] = "spanId", [ATTRIBUTES] = "attributes"};
    uint32_t seen = 0;
    *link = (struct otlp_span_link){0};
    if (!jsr_object(w, item, "a link"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case TRACE_ID:
            jsr_id(w, m, link->ids.trace_id, OTLP_TRACE_ID_LEN, &link->ids.has_trace_id);
            break;
        case SPAN_ID:
            jsr_id(w, m, link->ids.span_id, OTLP_SPAN_ID_LEN, &link->ids.has_span_id);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &link->attrs);
            break;
        default:
            break;
        }
    }
    return !w->err;
}

static bool read_events(struct walk *w, const cJSON *item, struct otlp_span *span)
{
    void *room;
    if (!jsr_array(w, item, &span->event_count) ||
        !walk_array(w, span->event_count, sizeof(struct otlp_span_event), &room))
        return false;
    struct otlp_span_event *events = room;
    span->events = events;
    for (const cJSON *c = item->child; c; c = c->next)
        if (!read_event(w, c, events++))
            return false;
    return true;
}

static bool read_links(struct walk *w, const cJSON *item, struct otlp_span *span)
{
    void *room;
    if (!jsr_array(w, item, &span->link_count) ||
        !walk_array(w, span->link_count, sizeof(struct otlp_span_link), &room))
        return false;
    struct otlp_span_link *links = room;
    span->links = links;
    for (const cJSON *c = item->child; c; c = c->next)
        if (!read_link(w, c, links++))
            return false;
    return true;
}

static bool read_status(struct walk *w, const cJSON *item, struct otlp_span *span)
{
    enum { CODE, MESSAGE };
    static const char *const keys[] = {[CODE] = "code", [MESSAGE] = "message"};
    uint32_t seen = 0;
    int32_t code = 0;
    if (!jsr_object(w, item, "status"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case CODE:
            jsr_enum(w, m, "STATUS_CODE_", statuses, JSR_COUNT(statuses), &code);
            break;
        case MESSAGE:
            jsr_text(w, m, &span->status_message);
            break;
        default:
            break;
        }
    }
    span->status = walk_status(code);
    return !w->err;
}

bool jsr_span(struct walk *w, const cJSON *item)
{
    enum {
        TRACE_ID,
        SPAN_ID,
        PARENT,
        TRACE_STATE,
        NAME,
        KIND,
        START,
        END,
        ATTRIBUTES,
        EVENTS,
        LINKS,
        STATUS,
        FLAGS
    };
    static const char *const keys[] = {
        [TRACE_ID] = "traceId",
        [SPAN_ID] = "spanId",
        [PARENT] = "parentSpanId",
        [TRACE_STATE] = "traceState",
        [NAME] = "name",
        [KIND] = "kind",
        [START] = "startTimeUnixNano",
        [END] = "endTimeUnixNano",
        [ATTRIBUTES] = "attributes",
        [EVENTS] = "events",
        [LINKS] = "links",
        [STATUS] = "status",
        [FLAGS] = "flags",
    };
    struct otlp_span span = {0};
    uint32_t seen = 0;
    walk_own(w, WALK_RECORD);
    if (!jsr_object(w, item, "a span"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case TRACE_ID:
            jsr_id(w, m, span.ids.trace_id, OTLP_TRACE_ID_LEN, &span.ids.has_trace_id);
            break;
        case SPAN_ID:
            jsr_id(w, m, span.ids.span_id, OTLP_SPAN_ID_LEN, &span.ids.has_span_id);
            break;
        case PARENT:
            jsr_id(w, m, span.parent_span_id, OTLP_SPAN_ID_LEN, &span.has_parent);
            break;
        case TRACE_STATE:
            jsr_text(w, m, &span.trace_state);
            break;
        case NAME:
            jsr_text(w, m, &span.name);
            break;
        case KIND:
            jsr_enum(w, m, "SPAN_KIND_", kinds, JSR_COUNT(kinds), &span.kind);
            break;
        case START:
            jsr_u64(w, m, &span.start_ns);
            break;
        case END:
            jsr_u64(w, m, &span.end_ns);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &span.attrs);
            break;
        case EVENTS:
            read_events(w, m, &span);
            break;
        case LINKS:
            read_links(w, m, &span);
            break;
        case STATUS:
            read_status(w, m, &span);
            break;
        case FLAGS:
            jsr_u32(w, m, &span.flags);
            break;
        default:
            break;
        }
    }
    return !w->err && walk_span(w, &span);
}
