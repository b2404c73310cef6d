/*
 * record.h - one OTLP record, whatever its encoding.
 *
 * Everything here is borrowed: slices point into the request body or into the decoder's scratch arena and are
 * valid only inside the sink's call. Text is as the sender wrote it, not cleaned. Both decoders (otlp_pb.h,
 * otlp_json.h) give the same records for the same data.
 *
 * Field tables: opentelemetry-proto v1, common.proto, resource.proto, logs.proto, trace.proto, metrics.proto.
 */
#ifndef CT_OTLP_RECORD_H
#define CT_OTLP_RECORD_H

#include "slice.h"

enum otlp_signal { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS, OTLP_PROFILES, OTLP_SIGNAL_COUNT };

enum otlp_value_type {
    OTLP_VALUE_NONE = 0,
    OTLP_VALUE_STRING,
    OTLP_VALUE_BOOL,
    OTLP_VALUE_INT,
    OTLP_VALUE_DOUBLE,
    OTLP_VALUE_BYTES,
    OTLP_VALUE_ARRAY,
    OTLP_VALUE_KVLIST,
};

struct otlp_attr;

/* AnyValue. Nesting deeper than otlp_limits.nesting is a decode failure. */
struct otlp_value {
    enum otlp_value_type type;
    union {
        struct slice str; /* STRING, BYTES */
        bool boolean;
        int64_t integer;
        double number;
        struct {
            const struct otlp_value *items;
            size_t count;
        } array;
        struct {
            const struct otlp_attr *items;
            size_t count;
        } kvlist;
    };
};

struct otlp_attr {
    struct slice key;
    struct otlp_value value;
};

struct otlp_attrs {
    const struct otlp_attr *items;
    size_t count;
};

struct otlp_resource {
    struct otlp_attrs attrs;
};

struct otlp_scope {
    struct slice name;
    struct slice version;
    struct otlp_attrs attrs;
};

#define OTLP_TRACE_ID_LEN 16
#define OTLP_SPAN_ID_LEN  8

/* An id that is absent, of the wrong length, not hex (JSON) or all zero: has_… is false, the bytes are zero.
 */
struct otlp_ids {
    uint8_t trace_id[OTLP_TRACE_ID_LEN];
    uint8_t span_id[OTLP_SPAN_ID_LEN];
    bool has_trace_id;
    bool has_span_id;
};

struct otlp_log {
    uint64_t time_ns;          /* 0: unknown */
    uint64_t observed_time_ns; /* 0: unknown */
    int32_t severity_number;
    struct slice severity_text;
    struct slice event_name; /* the proto field; often empty, see the attribute event.name */
    struct otlp_value body;
    struct otlp_attrs attrs;
    struct otlp_ids ids;
    uint32_t flags;
};

struct otlp_span_event {
    uint64_t time_ns;
    struct slice name;
    struct otlp_attrs attrs;
};

struct otlp_span_link {
    struct otlp_ids ids;
    struct otlp_attrs attrs;
};

enum otlp_status { OTLP_STATUS_UNSET = 0, OTLP_STATUS_OK = 1, OTLP_STATUS_ERROR = 2 };

struct otlp_span {
    struct otlp_ids ids;
    uint8_t parent_span_id[OTLP_SPAN_ID_LEN];
    bool has_parent;
    struct slice trace_state;
    struct slice name;
    int32_t kind;
    uint64_t start_ns;
    uint64_t end_ns;
    struct otlp_attrs attrs;
    const struct otlp_span_event *events;
    size_t event_count;
    const struct otlp_span_link *links;
    size_t link_count;
    enum otlp_status status;
    struct slice status_message;
    uint32_t flags;
};

enum otlp_metric_type {
    OTLP_METRIC_NONE = 0,
    OTLP_METRIC_GAUGE,
    OTLP_METRIC_SUM,
    OTLP_METRIC_HISTOGRAM,
    OTLP_METRIC_EXP_HISTOGRAM,
    OTLP_METRIC_SUMMARY,
};

enum otlp_temporality { OTLP_TEMPORALITY_UNSPECIFIED = 0, OTLP_DELTA = 1, OTLP_CUMULATIVE = 2 };

/* One data point with its metric's description. Histograms and summaries carry count and sum only. */
struct otlp_point {
    struct slice metric_name;
    struct slice unit;
    enum otlp_metric_type type;
    enum otlp_temporality temporality;
    bool monotonic;
    uint64_t start_ns;
    uint64_t time_ns;
    bool is_int;
    int64_t integer; /* is_int */
    double number;   /* the value in either case (gauge, sum); histograms: the sum */
    uint64_t count;  /* histograms and summaries */
    struct otlp_attrs attrs;
    uint32_t flags;
};

/*
 * Where decoded records go; any function may be NULL. A record's resource comes before it however the fields
 * were ordered in the message. Returning false stops the decode with CT_ERR_LIMIT.
 *
 * A body in protobuf can be read in pieces: enough is asked between two items (log records, spans, metrics),
 * and true stops the decode with CT_AGAIN; the next piece, of the same body, begins behind the items of the
 * last one (otlp_counts). Every piece has an item at least. A body in JSON is one piece.
 */
struct otlp_sink {
    void *ctx;
    size_t from; /* items that are passed over, 0 for all of the body */
    bool (*enough)(void *ctx);
    bool (*log)(void *ctx, const struct otlp_resource *, const struct otlp_scope *, const struct otlp_log *);
    bool (*span)(void *ctx, const struct otlp_resource *, const struct otlp_scope *,
                 const struct otlp_span *);
    bool (*point)(void *ctx, const struct otlp_resource *, const struct otlp_scope *,
                  const struct otlp_point *);
};

/* The attribute of that key, or NULL. The first one wins. */
const struct otlp_value *otlp_attr_get(struct otlp_attrs attrs, const char *key);

/* Text of a string attribute; ptr NULL when it is absent or of another type. */
struct slice otlp_attr_text(struct otlp_attrs attrs, const char *key);

/* Numbers, also where the sender wrote them as text (older clients do). False when absent or not a number. */
bool otlp_attr_int(struct otlp_attrs attrs, const char *key, int64_t *out);
bool otlp_attr_double(struct otlp_attrs attrs, const char *key, double *out);
/* true/false, also as the strings "true" and "false". */
bool otlp_attr_bool(struct otlp_attrs attrs, const char *key, bool *out);

#endif
