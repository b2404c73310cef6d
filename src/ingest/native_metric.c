/* Claude Code's own counters: held beside what its events say, never counted into a total. */
#include "ingest_private.h"

#include <math.h>

/* Larger than any session's; a double above it is no count any more. */
#define METRIC_VALUE_MAX 1e15

static enum metric by_type(struct slice type, const char *const *types, const enum metric *metrics, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_str(type, types[i]))
            return metrics[i];
    return METRIC_OTHER;
}

static enum metric token_metric(struct slice type)
{
    static const char *const types[] = {"input", "output", "cacheRead", "cacheCreation"};
    static const enum metric metrics[] = {METRIC_INPUT, METRIC_OUTPUT, METRIC_CACHE_READ,
                                          METRIC_CACHE_CREATION};
    return by_type(type, types, metrics, 4);
}

static enum metric line_metric(struct slice type)
{
    static const char *const types[] = {"added", "removed"};
    static const enum metric metrics[] = {METRIC_LINES_ADDED, METRIC_LINES_REMOVED};
    return by_type(type, types, metrics, 2);
}

static enum metric time_metric(struct slice type)
{
    static const char *const types[] = {"cli", "user"};
    static const enum metric metrics[] = {METRIC_ACTIVE_CLI, METRIC_ACTIVE_USER};
    return by_type(type, types, metrics, 2);
}

static enum metric edit_metric(struct slice decision)
{
    static const char *const decisions[] = {"accept", "reject"};
    static const enum metric metrics[] = {METRIC_EDITS_ACCEPTED, METRIC_EDITS_REJECTED};
    return by_type(decision, decisions, metrics, 2);
}

static enum metric commits(struct slice unused)
{
    (void)unused;
    return METRIC_COMMITS;
}

static enum metric pull_requests(struct slice unused)
{
    (void)unused;
    return METRIC_PULL_REQUESTS;
}

static enum metric cost(struct slice unused)
{
    (void)unused;
    return METRIC_COST;
}

static const struct {
    const char *name; /* without "claude_code." */
    const char *key;  /* the attribute that tells its kinds apart */
    enum metric (*metric)(struct slice value);
    double unit; /* of the model, in one of the client's */
} metrics[] = {
    {"token.usage", "type", token_metric, 1},
    {"cost.usage", "", cost, 1e9},
    {"lines_of_code.count", "type", line_metric, 1},
    {"active_time.total", "type", time_metric, 1e9},
    {"commit.count", "", commits, 1},
    {"pull_request.count", "", pull_requests, 1},
    {"code_edit_tool.decision", "decision", edit_metric, 1},
};

/* FNV-1a. It tells the series of one session apart; who makes two collide confuses his own counters. */
static uint64_t hash(uint64_t h, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.ptr[i]) * UINT64_C(1099511628211);
    return (h ^ s.len) * UINT64_C(1099511628211);
}

#define HASH_START UINT64_C(14695981039346656037)

/* Whatever the order of its attributes. */
static uint64_t series(const struct otlp_point *point)
{
    uint64_t sum = hash(HASH_START, point->metric_name);
    for (size_t i = 0; i < point->attrs.count; i++) {
        const struct otlp_attr *a = &point->attrs.items[i];
        uint64_t h = hash(HASH_START, a->key);
        if (a->value.type == OTLP_VALUE_STRING)
            h = hash(h, a->value.str);
        else if (a->value.type == OTLP_VALUE_INT)
            h = hash(h, slice_make(&a->value.integer, sizeof a->value.integer));
        else if (a->value.type == OTLP_VALUE_BOOL)
            h = hash(h, a->value.boolean ? SLICE_LIT("true") : SLICE_LIT("false"));
        sum += h;
    }
    return sum;
}

static void classify(const struct otlp_point *point, struct event *e)
{
    struct slice name = slice_sub(point->metric_name, sizeof "claude_code." - 1, point->metric_name.len);
    bool counts = point->type == OTLP_METRIC_SUM && point->monotonic && point->number >= 0 &&
                  (point->temporality == OTLP_DELTA || point->temporality == OTLP_CUMULATIVE);
    for (size_t i = 0; counts && i < sizeof metrics / sizeof *metrics; i++) {
        double value = point->number * metrics[i].unit;
        if (!slice_eq_str(name, metrics[i].name) || !(value <= METRIC_VALUE_MAX))
            continue;
        e->metric = metrics[i].metric(otlp_attr_text(point->attrs, metrics[i].key));
        e->metric_value = llround(value);
        return;
    }
}

bool native_metric_is(const struct otlp_scope *scope, const struct otlp_point *point)
{
    return slice_starts(point->metric_name, SLICE_LIT("claude_code.")) ||
           slice_starts(scope->name, SLICE_LIT("com.anthropic.claude_code"));
}

void native_metric(struct ingest *in, const struct otlp_resource *resource, const struct otlp_point *point)
{
    static const struct otlp_ids none;
    struct event e;
    event_init(&e, EVENT_METRIC, WITNESS_METRIC);
    if (!ingest_common(in, resource, point->attrs, &none, &e))
        return;
    e.native = true;
    e.time_ns = point->time_ns <= INT64_MAX ? (int64_t)point->time_ns : 0;
    e.start_ns =
        point->start_ns <= INT64_MAX && (int64_t)point->start_ns <= e.time_ns ? (int64_t)point->start_ns : 0;
    e.cumulative = point->temporality == OTLP_CUMULATIVE;
    e.metric_series = series(point);
    classify(point, &e);
    ingest_emit(in, &e);
}
