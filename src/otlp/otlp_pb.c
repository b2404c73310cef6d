#include "otlp_pb.h"

#include "otlp_pb_read.h"

/*
 * The three signals have the same frame: request { 1: block }, block { 1: resource, 2: scope block, 3: schema
 * URL }, scope block { 1: scope, 2: record, 3: schema URL }.
 */
struct frame {
    const char *request;
    const char *block;
    const char *scope_block;
    bool (*record)(struct walk *w, struct slice message);
};

static const struct frame frames[OTLP_SIGNAL_COUNT] = {
    [OTLP_TRACES] = {"ExportTraceServiceRequest", "ResourceSpans", "ScopeSpans", pbr_span},
    [OTLP_METRICS] = {"ExportMetricsServiceRequest", "ResourceMetrics", "ScopeMetrics", pbr_metric},
    [OTLP_LOGS] = {"ExportLogsServiceRequest", "ResourceLogs", "ScopeLogs", pbr_log_record},
};

/* Resource { 1: attributes }, InstrumentationScope { 1: name, 2: version, 3: attributes }. */
struct head {
    const char *name;
    uint32_t attributes;
    struct otlp_scope *scope; /* NULL: a resource */
};

static bool count_head(struct walk *w, const struct head *head, struct slice message, size_t *count)
{
    struct pbr r;
    pbr_init(&r, w, head->name, message);
    while (pbr_next(&r)) {
        if (r.tag == head->attributes)
            *count += pbr_expect(&r, PB_WT_STRING);
        else if (head->scope && r.tag == 1)
            pbr_bytes(&r, &head->scope->name);
        else if (head->scope && r.tag == 2)
            pbr_bytes(&r, &head->scope->version);
        else if (r.tag == (head->scope ? 4 : 2))
            pbr_expect(&r, PB_WT_VARINT); /* dropped_attributes_count */
        else
            pbr_skip(&r);
    }
    return !w->err;
}

/* Reads every resource or scope of the block (field 1, one in practice) and checks the block's other fields.
 */
static bool read_head(struct walk *w, const char *block_name, struct slice block, const struct head *head,
                      struct otlp_attrs *out)
{
    struct pbr r;
    struct slice message;
    size_t count = 0, heads = 0;
    *out = (struct otlp_attrs){0};
    pbr_init(&r, w, block_name, block);
    while (pbr_next(&r)) {
        if (r.tag == 1) {
            if (pbr_bytes(&r, &message) && count_head(w, head, message, &count))
                heads++;
        } else if (r.tag == 2 || r.tag == 3) {
            pbr_expect(&r, PB_WT_STRING);
        } else {
            pbr_skip(&r);
        }
    }
    if (w->err || count == 0)
        return !w->err;

    void *room = NULL;
    struct otlp_attrs part;
    struct otlp_attr *items = NULL;
    if (heads > 1) {
        if (!walk_array(w, count, sizeof *items, &room))
            return false;
        items = room;
    }
    size_t at = 0;
    pbr_init(&r, w, block_name, block);
    while (pbr_next(&r)) {
        if (r.tag != 1) {
            pbr_skip(&r);
            continue;
        }
        size_t here = 0;
        if (!pbr_bytes(&r, &message) || !count_head(w, head, message, &here) ||
            !pbr_attrs(w, head->name, message, head->attributes, here, &part))
            return false;
        if (!items) {
            *out = part;
        } else if (part.count) {
            memcpy(items + at, part.items, part.count * sizeof *items);
            at += part.count;
        }
    }
    if (items)
        *out = (struct otlp_attrs){items, count};
    return !w->err;
}

static bool read_scope_block(struct walk *w, const struct frame *frame, struct slice block)
{
    struct pbr r;
    struct slice record;
    w->scope = (struct otlp_scope){0};
    walk_own(w, WALK_SCOPE);
    const struct head head = {"InstrumentationScope", 3, &w->scope};
    if (!read_head(w, frame->scope_block, block, &head, &w->scope.attrs))
        return false;
    pbr_init(&r, w, frame->scope_block, block);
    while (pbr_next(&r)) {
        if (r.tag != 2)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &record) && walk_item(w))
            frame->record(w, record);
    }
    return !w->err;
}

static bool read_block(struct walk *w, const struct frame *frame, struct slice block)
{
    struct pbr r;
    struct slice scope_block;
    const struct head head = {"Resource", 1, NULL};
    w->resource = (struct otlp_resource){0};
    walk_own(w, WALK_RESOURCE);
    if (!read_head(w, frame->block, block, &head, &w->resource.attrs))
        return false;
    pbr_init(&r, w, frame->block, block);
    while (pbr_next(&r)) {
        if (r.tag != 2)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &scope_block))
            read_scope_block(w, frame, scope_block);
    }
    return !w->err;
}

/* ExportProfilesServiceRequest { 1: resource_profiles, 2: dictionary }. */
static bool check_profiles(struct walk *w, struct slice body)
{
    struct pbr r;
    pbr_init(&r, w, "ExportProfilesServiceRequest", body);
    while (pbr_next(&r)) {
        if (r.tag == 1 || r.tag == 2)
            pbr_expect(&r, PB_WT_STRING);
        else
            pbr_skip(&r);
    }
    return !w->err;
}

bool otlp_pb_walk(struct walk *w, enum otlp_signal signal, struct slice body)
{
    struct pbr r;
    struct slice block;
    if (signal == OTLP_PROFILES)
        return check_profiles(w, body);
    const struct frame *frame = &frames[signal];
    pbr_init(&r, w, frame->request, body);
    while (pbr_next(&r)) {
        if (r.tag != 1)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &block))
            read_block(w, frame, block);
    }
    return !w->err;
}
