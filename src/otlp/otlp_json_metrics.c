/* Metric and its data points: opentelemetry/proto/metrics/v1/metrics.proto, in its JSON mapping. */
#include "otlp_json_read.h"

static const struct jsr_name temporalities[] = {{"DELTA", OTLP_DELTA}, {"CUMULATIVE", OTLP_CUMULATIVE}};

/* Data points of every kind: the members that one kind lacks are unknown to it, see members_of(). */
enum point_member { START, TIME, ATTRIBUTES, FLAGS, AS_DOUBLE, AS_INT, COUNT, SUM, POINT_MEMBERS };

static const char *const point_keys[POINT_MEMBERS] = {
    [START] = "startTimeUnixNano", [TIME] = "timeUnixNano", [ATTRIBUTES] = "attributes", [FLAGS] = "flags",
    [AS_DOUBLE] = "asDouble",      [AS_INT] = "asInt",      [COUNT] = "count",           [SUM] = "sum",
};

/* A seen mask that hides the members which the kind does not have. */
static uint32_t foreign_members(enum otlp_metric_type type)
{
    bool number = type == OTLP_METRIC_GAUGE || type == OTLP_METRIC_SUM;
    return number ? 1u << COUNT | 1u << SUM : 1u << AS_DOUBLE | 1u << AS_INT;
}

static bool read_point(struct walk *w, const cJSON *item, const struct otlp_point *metric)
{
    struct otlp_point point = *metric;
    uint32_t seen = foreign_members(metric->type);
    walk_own(w, WALK_RECORD);
    if (!jsr_object(w, item, "a data point"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(point_keys, POINT_MEMBERS, m, &seen)) {
        case START:
            jsr_u64(w, m, &point.start_ns);
            break;
        case TIME:
            jsr_u64(w, m, &point.time_ns);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &point.attrs);
            break;
        case FLAGS:
            jsr_u32(w, m, &point.flags);
            break;
        case AS_DOUBLE:
            seen |= 1u << AS_INT; /* the two are one oneof */
            jsr_double(w, m, &point.number);
            break;
        case AS_INT:
            seen |= 1u << AS_DOUBLE;
            if (jsr_i64(w, m, &point.integer)) {
                point.is_int = true;
                point.number = (double)point.integer;
            }
            break;
        case COUNT:
            jsr_u64(w, m, &point.count);
            break;
        case SUM:
            jsr_double(w, m, &point.number);
            break;
        default:
            break;
        }
    }
    return !w->err && walk_point(w, &point);
}

/* A gauge, sum and so on: its description first, then its points. */
static bool read_data(struct walk *w, const cJSON *item, struct otlp_point *metric)
{
    enum { POINTS, TEMPORALITY, MONOTONIC };
    static const char *const keys[] = {
        [POINTS] = "dataPoints", [TEMPORALITY] = "aggregationTemporality", [MONOTONIC] = "isMonotonic"};
    uint32_t seen = 0;
    int32_t temporality = 0;
    size_t count;
    const cJSON *points = NULL;
    if (metric->type == OTLP_METRIC_GAUGE || metric->type == OTLP_METRIC_SUMMARY)
        seen |= 1u << TEMPORALITY;
    if (metric->type != OTLP_METRIC_SUM)
        seen |= 1u << MONOTONIC;
    if (!jsr_object(w, item, "a metric's data"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case POINTS:
            if (jsr_array(w, m, &count))
                points = m;
            break;
        case TEMPORALITY:
            if (jsr_enum(w, m, "AGGREGATION_TEMPORALITY_", temporalities, JSR_COUNT(temporalities),
                         &temporality))
                metric->temporality = walk_temporality(temporality);
            break;
        case MONOTONIC:
            jsr_boolean(w, m, &metric->monotonic);
            break;
        default:
            break;
        }
    }
    for (const cJSON *c = points ? points->child : NULL; c && !w->err; c = c->next)
        read_point(w, c, metric);
    return !w->err;
}

bool jsr_metric(struct walk *w, const cJSON *item)
{
    enum { GAUGE = OTLP_METRIC_GAUGE, LAST_KIND = OTLP_METRIC_SUMMARY, NAME, UNIT };
    static const char *const keys[] = {
        [OTLP_METRIC_NONE] = "",
        [OTLP_METRIC_GAUGE] = "gauge",
        [OTLP_METRIC_SUM] = "sum",
        [OTLP_METRIC_HISTOGRAM] = "histogram",
        [OTLP_METRIC_EXP_HISTOGRAM] = "exponentialHistogram",
        [OTLP_METRIC_SUMMARY] = "summary",
        [NAME] = "name",
        [UNIT] = "unit",
    };
    struct otlp_point metric = {0};
    uint32_t seen = 1u << OTLP_METRIC_NONE;
    const cJSON *data = NULL;
    if (!jsr_object(w, item, "a metric"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        int key = jsr_key(keys, JSR_COUNT(keys), m, &seen);
        if (key == NAME) {
            jsr_text(w, m, &metric.metric_name);
        } else if (key == UNIT) {
            jsr_text(w, m, &metric.unit);
        } else if (key >= GAUGE && key <= LAST_KIND && !data) {
            data = m;
            metric.type = (enum otlp_metric_type)key;
        }
    }
    return !w->err && (!data || read_data(w, data, &metric));
}
