/*
 * exported.h - an exporter whose requests are decoded and kept, for tests.
 *
 * Spans stay in the order in which they were sent. Attributes are text: numbers as %lld or %.9g, truth as
 * true and false, an array of texts as its first.
 */
#ifndef CT_TESTS_TRACE_EXPORTED_H
#define CT_TESTS_TRACE_EXPORTED_H

#include "arena.h"
#include "decode.h"
#include "trace_export.h"

struct exported_attr {
    struct slice key, text;
};

struct exported_link {
    struct slice type;
    struct otlp_ids ids;
};

struct exported_span {
    struct slice name;
    struct otlp_ids ids;
    uint8_t parent[SPAN_ID_LEN];
    bool has_parent;
    int32_t kind;
    int64_t start_ns, end_ns;
    enum otlp_status status;
    struct slice message;
    struct exported_attr *attrs;
    size_t attr_count;
    struct exported_link *links;
    size_t link_count;
    size_t events;
    size_t request; /* 1, 2 … */
};

struct exported {
    struct trace_config config;
    struct trace_exporter *exporter;
    struct otlp_decoder *decoder;
    struct arena arena;
    struct exported_span *spans;
    size_t count, cap;
    size_t requests, largest;         /* requests kept, and the bytes of the largest */
    size_t refuse_after;              /* requests beyond this many are not kept; SIZE_MAX: all are */
    struct slice service_name, scope; /* of the newest request */
};

void exported_open(struct exported *x);  /* config: the defaults, without delay; exporter made */
void exported_again(struct exported *x); /* as after a kill: a new exporter that is told what was kept */
void exported_close(struct exported *x);

/* One run, with both clocks at wall_ns. */
int64_t exported_run(struct exported *x, const struct model *m, int64_t wall_ns, enum trace_moment moment);

/* The span of that name; NULL: none; the first of several. */
const struct exported_span *exported_find(const struct exported *x, const char *name);
const struct exported_span *exported_span(const struct exported *x, const char *name); /* must be there */
size_t exported_named(const struct exported *x, const char *prefix);       /* how many names begin so */
const char *exported_attr(const struct exported_span *s, const char *key); /* NULL: it has none */
const struct exported_span *exported_parent(const struct exported *x, const struct exported_span *s);
const struct exported_span *exported_linked(const struct exported *x, const struct exported_span *s,
                                            const char *type);
void exported_distinct(
    const struct exported *x); /* no id twice, no parent that is not there but a session's */

#endif
