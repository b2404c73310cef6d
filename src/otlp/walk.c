#include "walk.h"

#include <stdio.h>

static size_t saturating_mul(size_t a, size_t b)
{
    return b && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

void walk_init(struct walk *w, const struct otlp_limits *limits)
{
    *w = (struct walk){.limits = *limits};
    if (w->limits.nesting > WALK_NESTING_MAX)
        w->limits.nesting = WALK_NESTING_MAX;
    /* What an owner may hold is bounded by its allowances, and its strings by the body. */
    for (size_t i = 0; i < WALK_OWNERS; i++)
        arena_init(&w->arenas[i], SIZE_MAX);
}

void walk_finish(struct walk *w)
{
    for (size_t i = 0; i < WALK_OWNERS; i++)
        arena_finish(&w->arenas[i]);
}

void walk_begin(struct walk *w, const struct otlp_sink *sink, struct ct_errmsg *msg)
{
    w->sink = sink;
    w->msg = msg;
    w->counts = (struct otlp_counts){0};
    w->err = CT_OK;
    w->resource = (struct otlp_resource){0};
    w->scope = (struct otlp_scope){0};
    walk_own(w, WALK_RECORD);
}

void walk_end(struct walk *w)
{
    for (size_t i = 0; i < WALK_OWNERS; i++)
        if (w->arenas[i].held > WALK_ARENA_KEEP)
            arena_finish(&w->arenas[i]);
}

void walk_own(struct walk *w, enum walk_owner owner)
{
    w->arena = &w->arenas[owner];
    arena_reset(w->arena);
    w->attributes = 0;
    w->values = 0;
}

bool walk_fail(struct walk *w, enum ct_err err, enum otlp_refusal why, const char *format, ...)
{
    if (w->err)
        return false;
    w->err = err;
    w->why = why;
    if (w->msg) {
        va_list args;
        va_start(args, format);
        vsnprintf(w->msg->text, sizeof w->msg->text, format, args);
        va_end(args);
    }
    return false;
}

bool walk_charge(struct walk *w, size_t count)
{
    if (count > w->limits.attributes - w->attributes)
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES, "more than %zu attributes on one record",
                         w->limits.attributes);
    w->attributes += count;
    return true;
}

static bool no_memory(struct walk *w)
{
    return walk_fail(w, CT_ERR_NOMEM, OTLP_REFUSED_OVERLOAD, "no memory to decode the body");
}

bool walk_array(struct walk *w, size_t count, size_t size, void **out)
{
    size_t allowed = saturating_mul(w->limits.attributes, WALK_VALUES_PER_ATTR);
    *out = NULL;
    if (count == 0)
        return true;
    if (count > allowed - w->values)
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES,
                         "more than %zu nested values, events and links on one record", allowed);
    w->values += count;
    if (count > SIZE_MAX / size)
        return no_memory(w);
    *out = arena_alloc(w->arena, count * size);
    return *out || no_memory(w);
}

bool walk_bytes(struct walk *w, size_t size, char **out)
{
    *out = arena_alloc(w->arena, size);
    return *out || no_memory(w);
}

bool walk_depth(struct walk *w, size_t depth)
{
    if (depth > w->limits.nesting)
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_NESTING, "values are nested more than %zu deep",
                         w->limits.nesting);
    return true;
}

bool walk_item(struct walk *w)
{
    if (!w->sink) {
        w->counts.items++;
        return true;
    }
    if (w->counts.items > w->sink->from && w->sink->enough && w->sink->enough(w->sink->ctx)) {
        w->err = CT_AGAIN;
        return false;
    }
    return w->counts.items++ >= w->sink->from;
}

static bool count_one(struct walk *w, size_t *counter)
{
    size_t total = w->counts.logs + w->counts.spans + w->counts.points;
    if (total >= w->limits.records)
        return walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS, "more than %zu records in one request",
                         w->limits.records);
    ++*counter;
    return true;
}

static bool taken(struct walk *w, bool ok)
{
    return ok || walk_fail(w, CT_ERR_LIMIT, OTLP_REFUSED_OVERLOAD, "the reader of the records stopped");
}

bool walk_log(struct walk *w, const struct otlp_log *log)
{
    if (!count_one(w, &w->counts.logs))
        return false;
    if (!w->sink || !w->sink->log)
        return true;
    return taken(w, w->sink->log(w->sink->ctx, &w->resource, &w->scope, log));
}

bool walk_span(struct walk *w, const struct otlp_span *span)
{
    if (!count_one(w, &w->counts.spans))
        return false;
    if (!w->sink || !w->sink->span)
        return true;
    return taken(w, w->sink->span(w->sink->ctx, &w->resource, &w->scope, span));
}

bool walk_point(struct walk *w, const struct otlp_point *point)
{
    if (!count_one(w, &w->counts.points))
        return false;
    if (!w->sink || !w->sink->point)
        return true;
    return taken(w, w->sink->point(w->sink->ctx, &w->resource, &w->scope, point));
}

enum otlp_status walk_status(int32_t code)
{
    return code == OTLP_STATUS_OK || code == OTLP_STATUS_ERROR ? (enum otlp_status)code : OTLP_STATUS_UNSET;
}

enum otlp_temporality walk_temporality(int32_t code)
{
    return code == OTLP_DELTA || code == OTLP_CUMULATIVE ? (enum otlp_temporality)code
                                                         : OTLP_TEMPORALITY_UNSPECIFIED;
}

bool walk_id(uint8_t *id, size_t len, struct slice bytes)
{
    bool any = false;
    memset(id, 0, len);
    if (bytes.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        any |= bytes.ptr[i] != 0;
    if (any)
        memcpy(id, bytes.ptr, len);
    return any;
}
