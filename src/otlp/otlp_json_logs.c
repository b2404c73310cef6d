/* LogRecord: opentelemetry/proto/logs/v1/logs.proto, in its JSON mapping. */
#include "otlp_json_read.h"

static const struct jsr_name severities[] = {
    {"TRACE", 1},   {"TRACE2", 2},  {"TRACE3", 3}, {"TRACE4", 4},  {"DEBUG", 5},   {"DEBUG2", 6},
    {"DEBUG3", 7},  {"DEBUG4", 8},  {"INFO", 9},   {"INFO2", 10},  {"INFO3", 11},  {"INFO4", 12},
    {"WARN", 13},   {"WARN2", 14},  {"WARN3", 15}, {"WARN4", 16},  {"ERROR", 17},  {"ERROR2", 18},
    {"ERROR3", 19}, {"ERROR4", 20}, {"FATAL", 21}, {"FATAL2", 22}, {"FATAL3", 23}, {"FATAL4", 24},
};

bool jsr_log_record(struct walk *w, const cJSON *item)
{
    enum { TIME, OBSERVED, SEVERITY, SEVERITY_TEXT, EVENT_NAME, BODY, ATTRIBUTES, TRACE_ID, SPAN_ID, FLAGS };
    static const char *const keys[] = {
        [TIME] = "timeUnixNano",       [OBSERVED] = "observedTimeUnixNano",
        [SEVERITY] = "severityNumber", [SEVERITY_TEXT] = "severityText",
        [EVENT_NAME] = "eventName",    [BODY] = "body",
        [ATTRIBUTES] = "attributes",   [TRACE_ID] = "traceId",
        [SPAN_ID] = "spanId",          [FLAGS] = "flags",
    };
    struct otlp_log log = {0};
    uint32_t seen = 0;
    walk_own(w, WALK_RECORD);
    if (!jsr_object(w, item, "a log record"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case TIME:
            jsr_u64(w, m, &log.time_ns);
            break;
        case OBSERVED:
            jsr_u64(w, m, &log.observed_time_ns);
            break;
        case SEVERITY:
            jsr_enum(w, m, "SEVERITY_NUMBER_", severities, JSR_COUNT(severities), &log.severity_number);
            break;
        case SEVERITY_TEXT:
            jsr_text(w, m, &log.severity_text);
            break;
        case EVENT_NAME:
            jsr_text(w, m, &log.event_name);
            break;
        case BODY:
            jsr_value(w, m, 1, &log.body);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &log.attrs);
            break;
        case TRACE_ID:
            jsr_id(w, m, log.ids.trace_id, OTLP_TRACE_ID_LEN, &log.ids.has_trace_id);
            break;
        case SPAN_ID:
            jsr_id(w, m, log.ids.span_id, OTLP_SPAN_ID_LEN, &log.ids.has_span_id);
            break;
        case FLAGS:
            jsr_u32(w, m, &log.flags);
            break;
        default:
            break;
        }
    }
    return !w->err && walk_log(w, &log);
}
