/* LogRecord: opentelemetry/proto/logs/v1/logs.proto. */
#include "otlp_pb_read.h"

bool pbr_log_record(struct walk *w, struct slice message)
{
    struct otlp_log log = {0};
    struct pbr r;
    struct slice bytes;
    size_t attributes = 0;
    walk_own(w, WALK_RECORD);
    pbr_init(&r, w, "LogRecord", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            pbr_fixed64(&r, &log.time_ns);
            break;
        case 2:
            pbr_int32(&r, &log.severity_number);
            break;
        case 3:
            pbr_bytes(&r, &log.severity_text);
            break;
        case 5:
            if (pbr_bytes(&r, &bytes))
                pbr_value(w, bytes, 1, &log.body);
            break;
        case 6:
            attributes += pbr_expect(&r, PB_WT_STRING);
            break;
        case 7: /* dropped_attributes_count */
            pbr_expect(&r, PB_WT_VARINT);
            break;
        case 8:
            pbr_fixed32(&r, &log.flags);
            break;
        case 9:
            pbr_id(&r, log.ids.trace_id, OTLP_TRACE_ID_LEN, &log.ids.has_trace_id);
            break;
        case 10:
            pbr_id(&r, log.ids.span_id, OTLP_SPAN_ID_LEN, &log.ids.has_span_id);
            break;
        case 11:
            pbr_fixed64(&r, &log.observed_time_ns);
            break;
        case 12:
            pbr_bytes(&r, &log.event_name);
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err && pbr_attrs(w, "LogRecord", message, 6, attributes, &log.attrs) && walk_log(w, &log);
}
