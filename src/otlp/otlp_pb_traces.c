/* Span, Span.Event, Span.Link, Status: opentelemetry/proto/trace/v1/trace.proto. */
#include "otlp_pb_read.h"

static bool read_event(struct walk *w, struct slice message, struct otlp_span_event *event)
{
    struct pbr r;
    size_t attributes = 0;
    *event = (struct otlp_span_event){0};
    pbr_init(&r, w, "Span.Event", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            pbr_fixed64(&r, &event->time_ns);
            break;
        case 2:
            pbr_bytes(&r, &event->name);
            break;
        case 3:
            attributes += pbr_expect(&r, PB_WT_STRING);
            break;
        case 4: /* dropped_attributes_count */
            pbr_expect(&r, PB_WT_VARINT);
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err && pbr_attrs(w, "Span.Event", message, 3, attributes, &event->attrs);
}

static bool read_link(struct walk *w, struct slice message, struct otlp_span_link *link)
{
    struct pbr r;
    size_t attributes = 0;
    *link = (struct otlp_span_link){0};
    pbr_init(&r, w, "Span.Link", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            pbr_id(&r, link->ids.trace_id, OTLP_TRACE_ID_LEN, &link->ids.has_trace_id);
            break;
        case 2:
            pbr_id(&r, link->ids.span_id, OTLP_SPAN_ID_LEN, &link->ids.has_span_id);
            break;
        case 3: /* trace_state */
            pbr_expect(&r, PB_WT_STRING);
            break;
        case 4:
            attributes += pbr_expect(&r, PB_WT_STRING);
            break;
        case 5: /* dropped_attributes_count */
            pbr_expect(&r, PB_WT_VARINT);
            break;
        case 6: /* flags */
            pbr_expect(&r, PB_WT_32BIT);
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err && pbr_attrs(w, "Span.Link", message, 4, attributes, &link->attrs);
}

static bool read_status(struct walk *w, struct slice message, struct otlp_span *span)
{
    struct pbr r;
    int32_t code;
    pbr_init(&r, w, "Status", message);
    while (pbr_next(&r)) {
        if (r.tag == 2)
            pbr_bytes(&r, &span->status_message);
        else if (r.tag != 3)
            pbr_skip(&r);
        else if (pbr_int32(&r, &code))
            span->status = walk_status(code);
    }
    return !w->err;
}

/* The events (field 11) and links (field 13), whose numbers the first pass has counted. */
static bool read_children(struct walk *w, struct slice message, struct otlp_span *span)
{
    struct pbr r;
    struct slice bytes;
    void *room;
    if (span->event_count + span->link_count == 0)
        return true;
    if (!walk_array(w, span->event_count, sizeof(struct otlp_span_event), &room))
        return false;
    struct otlp_span_event *events = room;
    if (!walk_array(w, span->link_count, sizeof(struct otlp_span_link), &room))
        return false;
    struct otlp_span_link *links = room;
    span->events = events;
    span->links = links;
    pbr_init(&r, w, "Span", message);
    while (pbr_next(&r)) {
        if (r.tag != 11 && r.tag != 13) {
            pbr_skip(&r);
            continue;
        }
        if (!pbr_bytes(&r, &bytes))
            break;
        if (r.tag == 11)
            read_event(w, bytes, events++);
        else
            read_link(w, bytes, links++);
    }
    return !w->err;
}

bool pbr_span(struct walk *w, struct slice message)
{
    struct otlp_span span = {0};
    struct pbr r;
    struct slice bytes;
    size_t attributes = 0;
    walk_own(w, WALK_RECORD);
    pbr_init(&r, w, "Span", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            pbr_id(&r, span.ids.trace_id, OTLP_TRACE_ID_LEN, &span.ids.has_trace_id);
            break;
        case 2:
            pbr_id(&r, span.ids.span_id, OTLP_SPAN_ID_LEN, &span.ids.has_span_id);
            break;
        case 3:
            pbr_bytes(&r, &span.trace_state);
            break;
        case 4:
            pbr_id(&r, span.parent_span_id, OTLP_SPAN_ID_LEN, &span.has_parent);
            break;
        case 5:
            pbr_bytes(&r, &span.name);
            break;
        case 6:
            pbr_int32(&r, &span.kind);
            break;
        case 7:
            pbr_fixed64(&r, &span.start_ns);
            break;
        case 8:
            pbr_fixed64(&r, &span.end_ns);
            break;
        case 9:
            attributes += pbr_expect(&r, PB_WT_STRING);
            break;
        case 10: /* dropped_attributes_count */
        case 12: /* dropped_events_count */
        case 14: /* dropped_links_count */
            pbr_expect(&r, PB_WT_VARINT);
            break;
        case 11:
            span.event_count += pbr_expect(&r, PB_WT_STRING);
            break;
        case 13:
            span.link_count += pbr_expect(&r, PB_WT_STRING);
            break;
        case 15:
            if (pbr_bytes(&r, &bytes))
                read_status(w, bytes, &span);
            break;
        case 16:
            pbr_fixed32(&r, &span.flags);
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err && pbr_attrs(w, "Span", message, 9, attributes, &span.attrs) &&
           read_children(w, message, &span) && walk_span(w, &span);
}
