/* Metric and its data points: opentelemetry/proto/metrics/v1/metrics.proto. */
#include "otlp_pb_read.h"

/* Each kind of data point numbers its fields in its own way. The message of a metric's data is { 1: points,
 * 2: aggregation_temporality, 3: is_monotonic }, as far as the kind has them. */
struct kind {
    enum otlp_metric_type type;
    const char *name;
    const char *point_name;
    uint32_t attributes;
    bool (*field)(struct pbr *r,
                  struct otlp_point *point); /* fields but start (2), time (3) and attributes */
    uint32_t data_fields;                    /* how many fields the data message has */
};

static bool number_field(struct pbr *r, struct otlp_point *point)
{
    uint64_t bits;
    switch (r->tag) {
    case 4:
        point->is_int = false; /* of the oneof the last wins */
        point->integer = 0;
        return pbr_double(r, &point->number);
    case 5: /* exemplars */
        return pbr_expect(r, PB_WT_STRING);
    case 6:
        if (!pbr_fixed64(r, &bits))
            return false;
        point->is_int = true;
        point->integer = (int64_t)bits;
        point->number = (double)point->integer;
        return true;
    case 8:
        return pbr_uint32(r, &point->flags);
    default:
        return pbr_skip(r);
    }
}

static bool histogram_field(struct pbr *r, struct otlp_point *point)
{
    switch (r->tag) {
    case 4:
        return pbr_fixed64(r, &point->count);
    case 5:
        return pbr_double(r, &point->number);
    case 6: /* bucket_counts */
    case 7: /* explicit_bounds */
        return pbr_expect_fixed64s(r);
    case 8: /* exemplars */
        return pbr_expect(r, PB_WT_STRING);
    case 10:
        return pbr_uint32(r, &point->flags);
    case 11: /* min */
    case 12: /* max */
        return pbr_expect(r, PB_WT_64BIT);
    default:
        return pbr_skip(r);
    }
}

static bool exp_histogram_field(struct pbr *r, struct otlp_point *point)
{
    switch (r->tag) {
    case 4:
        return pbr_fixed64(r, &point->count);
    case 5:
        return pbr_double(r, &point->number);
    case 6: /* scale, a zigzag varint */
        return pbr_expect(r, PB_WT_VARINT);
    case 7:  /* zero_count */
    case 12: /* min */
    case 13: /* max */
    case 14: /* zero_threshold */
        return pbr_expect(r, PB_WT_64BIT);
    case 8:  /* positive */
    case 9:  /* negative */
    case 11: /* exemplars */
        return pbr_expect(r, PB_WT_STRING);
    case 10:
        return pbr_uint32(r, &point->flags);
    default:
        return pbr_skip(r);
    }
}

static bool summary_field(struct pbr *r, struct otlp_point *point)
{
    switch (r->tag) {
    case 4:
        return pbr_fixed64(r, &point->count);
    case 5:
        return pbr_double(r, &point->number);
    case 6: /* quantile_values */
        return pbr_expect(r, PB_WT_STRING);
    case 8:
        return pbr_uint32(r, &point->flags);
    default:
        return pbr_skip(r);
    }
}

/* By the field of Metric's oneof. */
static const struct kind *kind_of(uint32_t tag)
{
    static const struct kind gauge = {OTLP_METRIC_GAUGE, "Gauge", "NumberDataPoint", 7, number_field, 1};
    static const struct kind sum = {OTLP_METRIC_SUM, "Sum", "NumberDataPoint", 7, number_field, 3};
    static const struct kind histogram = {
        OTLP_METRIC_HISTOGRAM, "Histogram", "HistogramDataPoint", 9, histogram_field, 2};
    static const struct kind exp_histogram = {OTLP_METRIC_EXP_HISTOGRAM,
                                              "ExponentialHistogram",
                                              "ExponentialHistogramDataPoint",
                                              1,
                                              exp_histogram_field,
                                              2};
    static const struct kind summary = {OTLP_METRIC_SUMMARY, "Summary", "SummaryDataPoint", 7,
                                        summary_field,       1};
    switch (tag) {
    case 5:
        return &gauge;
    case 7:
        return &sum;
    case 9:
        return &histogram;
    case 10:
        return &exp_histogram;
    case 11:
        return &summary;
    default:
        return NULL;
    }
}

static bool read_point(struct walk *w, const struct kind *kind, struct slice message,
                       const struct otlp_point *metric)
{
    struct otlp_point point = *metric;
    struct pbr r;
    size_t attributes = 0;
    walk_own(w, WALK_RECORD);
    pbr_init(&r, w, kind->point_name, message);
    while (pbr_next(&r)) {
        if (r.tag == kind->attributes)
            attributes += pbr_expect(&r, PB_WT_STRING);
        else if (r.tag == 2)
            pbr_fixed64(&r, &point.start_ns);
        else if (r.tag == 3)
            pbr_fixed64(&r, &point.time_ns);
        else
            kind->field(&r, &point);
    }
    return !w->err && pbr_attrs(w, kind->point_name, message, kind->attributes, attributes, &point.attrs) &&
           walk_point(w, &point);
}

/* What the data message says about all its points. */
static bool read_data_head(struct walk *w, const struct kind *kind, struct slice message,
                           struct otlp_point *metric)
{
    struct pbr r;
    int32_t temporality;
    pbr_init(&r, w, kind->name, message);
    while (pbr_next(&r)) {
        if (r.tag == 1) {
            pbr_expect(&r, PB_WT_STRING);
        } else if (r.tag == 2 && kind->data_fields >= 2) {
            if (pbr_int32(&r, &temporality))
                metric->temporality = walk_temporality(temporality);
        } else if (r.tag == 3 && kind->data_fields >= 3) {
            pbr_boolean(&r, &metric->monotonic);
        } else {
            pbr_skip(&r);
        }
    }
    return !w->err;
}

static bool read_points(struct walk *w, const struct kind *kind, struct slice message,
                        const struct otlp_point *metric)
{
    struct pbr r;
    struct slice point;
    pbr_init(&r, w, kind->name, message);
    while (pbr_next(&r)) {
        if (r.tag != 1)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &point))
            read_point(w, kind, point, metric);
    }
    return !w->err;
}

bool pbr_metric(struct walk *w, struct slice message)
{
    struct otlp_point metric = {0};
    const struct kind *kind = NULL;
    uint32_t data_tag = 0;
    struct pbr r;
    struct slice data;
    pbr_init(&r, w, "Metric", message);
    while (pbr_next(&r)) {
        const struct kind *here = kind_of(r.tag);
        if (here) {
            if (r.tag != data_tag) {
                metric.temporality = OTLP_TEMPORALITY_UNSPECIFIED;
                metric.monotonic = false;
            }
            kind = here;
            data_tag = r.tag;
            if (pbr_bytes(&r, &data))
                read_data_head(w, kind, data, &metric);
        } else if (r.tag == 1) {
            pbr_bytes(&r, &metric.metric_name);
        } else if (r.tag == 3) {
            pbr_bytes(&r, &metric.unit);
        } else if (r.tag == 2 || r.tag == 12) { /* description, metadata */
            pbr_expect(&r, PB_WT_STRING);
        } else {
            pbr_skip(&r);
        }
    }
    if (w->err || !kind)
        return !w->err;
    metric.type = kind->type;
    pbr_init(&r, w, "Metric", message);
    while (pbr_next(&r)) {
        if (r.tag != data_tag)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &data))
            read_points(w, kind, data, &metric);
    }
    return !w->err;
}
