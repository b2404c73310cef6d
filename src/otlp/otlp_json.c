#include "otlp_json.h"

#include "otlp_json_read.h"
#include "otlp_json_scan.h"

/* Brackets around the outermost AnyValue, that of an exemplar's attribute, with room to spare for unknown
 * members. */
#define FRAME_DEPTH 32

/* An AnyValue within a kvlist is four brackets deeper: { "kvlistValue": { "values": [ { "value": { … */
#define VALUE_DEPTH 4

_Static_assert(FRAME_DEPTH + VALUE_DEPTH * WALK_NESTING_MAX <= OTLP_JSON_DEPTH_MAX,
               "cJSON can parse what is allowed");

/* The members that the frames of the signals have, from the outside in. */
struct frame {
    const char *blocks[1];
    const char *block[2];
    const char *scope_block[2];
    bool (*record)(struct walk *w, const cJSON *item);
};

static const struct frame frames[OTLP_SIGNAL_COUNT] = {
    [OTLP_TRACES] = {{"resourceSpans"}, {"resource", "scopeSpans"}, {"scope", "spans"}, jsr_span},
    [OTLP_METRICS] = {{"resourceMetrics"}, {"resource", "scopeMetrics"}, {"scope", "metrics"}, jsr_metric},
    [OTLP_LOGS] = {{"resourceLogs"}, {"resource", "scopeLogs"}, {"scope", "logRecords"}, jsr_log_record},
};

static bool read_resource(struct walk *w, const cJSON *item)
{
    static const char *const keys[] = {"attributes"};
    uint32_t seen = 0;
    if (!jsr_object(w, item, "resource"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next)
        if (jsr_key(keys, JSR_COUNT(keys), m, &seen) == 0)
            jsr_attrs(w, m, &w->resource.attrs);
    return !w->err;
}

static bool read_scope(struct walk *w, const cJSON *item)
{
    enum { NAME, VERSION, ATTRIBUTES };
    static const char *const keys[] = {[NAME] = "name", [VERSION] = "version", [ATTRIBUTES] = "attributes"};
    uint32_t seen = 0;
    if (!jsr_object(w, item, "scope"))
        return false;
    for (const cJSON *m = item->child; m && !w->err; m = m->next) {
        switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) {
        case NAME:
            jsr_text(w, m, &w->scope.name);
            break;
        case VERSION:
            jsr_text(w, m, &w->scope.version);
            break;
        case ATTRIBUTES:
            jsr_attrs(w, m, &w->scope.attrs);
            break;
        default:
            break;
        }
    }
    return !w->err;
}

/* The members of a block: its resource or scope, and the array of what belongs to it. NULL where absent. */
static bool split(struct walk *w, const cJSON *item, const char *const *keys, const cJSON **head,
                  const cJSON **array)
{
    uint32_t seen = 0;
    size_t count;
    *head = *array = NULL;
    if (!jsr_object(w, item, keys[1]))
        return false;
    for (const cJSON *m = item->child; m; m = m->next) {
        int key = jsr_key(keys, 2, m, &seen);
        if (key == 0)
            *head = m;
        else if (key == 1)
            *array = m;
    }
    return !*array || jsr_array(w, *array, &count);
}

static bool read_scope_block(struct walk *w, const struct frame *frame, const cJSON *item)
{
    const cJSON *scope, *records;
    w->scope = (struct otlp_scope){0};
    walk_own(w, WALK_SCOPE);
    if (!split(w, item, frame->scope_block, &scope, &records) || (scope && !read_scope(w, scope)))
        return false;
    for (const cJSON *c = records ? records->child : NULL; c; c = c->next)
        if (!frame->record(w, c))
            return false;
    return true;
}

static bool read_block(struct walk *w, const struct frame *frame, const cJSON *item)
{
    const cJSON *resource, *scope_blocks;
    w->resource = (struct otlp_resource){0};
    walk_own(w, WALK_RESOURCE);
    if (!split(w, item, frame->block, &resource, &scope_blocks) || (resource && !read_resource(w, resource)))
        return false;
    for (const cJSON *c = scope_blocks ? scope_blocks->child : NULL; c; c = c->next)
        if (!read_scope_block(w, frame, c))
            return false;
    return true;
}

static bool read_request(struct walk *w, const struct frame *frame, const cJSON *root)
{
    uint32_t seen = 0;
    size_t count;
    for (const cJSON *m = root->child; m; m = m->next) {
        if (jsr_key(frame->blocks, 1, m, &seen) != 0)
            continue;
        if (!jsr_array(w, m, &count))
            return false;
        for (const cJSON *c = m->child; c; c = c->next)
            if (!read_block(w, frame, c))
                return false;
    }
    return true;
}

static bool scan(struct walk *w, struct slice body, struct buf *patches, struct slice *text)
{
    struct json_scan s = {
        .max_depth = FRAME_DEPTH + VALUE_DEPTH * w->limits.nesting,
        .max_nodes = w->limits.json_nodes,
    };
    switch (json_scan_run(&s, body, patches)) {
    case JSON_SOUND:
        *text = s.patched ? buf_slice(patches) : body;
        return true;
    case JSON_DEPTH:
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_NESTING, "JSON is nested more than %zu deep",
                         s.max_depth);
    case JSON_NODES:
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS,
                         "more than %zu values in one JSON body (json_nodes)", s.max_nodes);
    case JSON_NO_MEMORY:
        return walk_fail(w, CT_ERR_NOMEM, OTLP_REFUSED_OVERLOAD, "no memory to decode the body");
    default:
        return walk_malformed(w, "not JSON at byte %zu", s.at);
    }
}

bool otlp_json_walk(struct walk *w, enum otlp_signal signal, struct slice body, struct buf *patches,
                    struct json_tree *tree)
{
    struct slice text = SLICE_NULL;
    if (!scan(w, body, patches, &text))
        return false;
    size_t first = 0;
    while (memchr(" \n\r\t", text.ptr[first], 4))
        first++;
    if (text.ptr[first] != '{')
        return walk_malformed(w, "the request is not a JSON object");
    if (signal == OTLP_PROFILES)
        return true;

    if (json_tree_parse(tree, text, w->limits.json_nodes))
        read_request(w, &frames[signal], tree->root);
    else /* the scan has found it sound */
        walk_fail(w, CT_ERR_NOMEM, OTLP_REFUSED_OVERLOAD, "no memory to decode the body");
    json_tree_clear(tree);
    return !w->err;
}
