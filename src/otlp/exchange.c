#include "exchange.h"

#include "core.h"

#include <stdlib.h>

/* The first allocation of a body of unknown or large size. */
#define BODY_FIRST_CAP ((size_t)16 * 1024)
/* Bodies announced up to this size are allocated whole with their first byte. */
#define BODY_WHOLE_MAX ((size_t)64 * 1024)

struct exchange *exchange_create(struct core *core, const struct otlp_limits *limits, struct budget *budget,
                                 enum exchange_transport transport)
{
    struct exchange *x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    x->transport = transport;
    x->core = core;
    x->budget = budget;
    x->body_max = limits->body_bytes;
    buf_init(&x->head, limits->header_bytes);
    buf_init(&x->body, 0);
    return x;
}

void exchange_destroy(struct exchange *x)
{
    if (!x)
        return;
    budget_give(x->budget, x->charged + x->head_charged);
    buf_finish(&x->body);
    buf_finish(&x->head);
    free(x->headers);
    free(x);
}

enum ct_err exchange_set_headers(struct exchange *x, const struct http_header *headers, size_t count)
{
    if (count > EXCHANGE_HEADERS_MAX)
        return CT_ERR_LIMIT;
    struct http_header *copy = malloc((count ? count : 1) * sizeof(*copy));
    if (!copy)
        return CT_ERR_NOMEM;
    if (count)
        memcpy(copy, headers, count * sizeof(*copy));
    free(x->headers);
    x->headers = copy;
    x->header_count = count;
    return CT_OK;
}

void exchange_set_target(struct exchange *x, struct slice target)
{
    if (target.len && target.ptr[0] != '/') {
        size_t scheme = slice_find_slice(target, SLICE_LIT("://"));
        if (scheme < target.len) {
            struct slice rest = slice_sub(target, scheme + 3, target.len);
            size_t end = 0;
            while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
                end++;
            x->authority = slice_sub(rest, 0, end);
            target = slice_sub(rest, end, rest.len);
        }
    }
    size_t mark = slice_find(target, '?');
    x->path = mark ? slice_sub(target, 0, mark) : SLICE_LIT("/");
    x->query = mark < target.len ? slice_sub(target, mark + 1, target.len) : SLICE_LIT("");
}

/* What to allocate so that need bytes fit: whole when announced and small, else doubling, never past the
 * bound. */
static size_t body_cap(const struct exchange *x, size_t need)
{
    size_t bound = x->expected && x->expected < x->body_max ? x->expected : x->body_max;
    if (x->expected && bound <= BODY_WHOLE_MAX)
        return bound;
    size_t cap = x->body.cap ? x->body.cap : BODY_FIRST_CAP;
    while (cap < need)
        cap = cap > bound / 2 ? bound : cap * 2;
    return cap < bound ? cap : bound;
}

enum ct_err exchange_body_append(struct exchange *x, struct slice bytes)
{
    if (bytes.len > x->body_max - x->body.len)
        return CT_ERR_LIMIT;
    size_t need = x->body.len + bytes.len;
    if (need > x->body.cap) {
        size_t cap = body_cap(x, need);
        if (cap < need)
            return CT_ERR_LIMIT;
        size_t more = cap - x->charged;
        if (!budget_take(x->budget, more, cap))
            return CT_ERR_NOMEM;
        x->body.max = cap;
        if (buf_reserve(&x->body, cap - x->body.len)) {
            budget_give(x->budget, more);
            return CT_ERR_NOMEM;
        }
        x->charged = cap;
    }
    return buf_append(&x->body, bytes);
}

bool exchange_charge_head(struct exchange *x)
{
    size_t held = x->head.cap + x->header_count * sizeof(*x->headers);
    if (x->head_charged || !budget_take(x->budget, held, held))
        return false;
    x->head_charged = held;
    return true;
}

struct slice exchange_header(const struct exchange *x, const char *name)
{
    struct slice wanted = slice_str(name);
    for (size_t i = 0; i < x->header_count; i++)
        if (slice_eq_nocase(x->headers[i].name, wanted))
            return x->headers[i].value;
    return SLICE_NULL;
}

bool exchange_head_allowed(const struct exchange *x, enum otlp_refusal *why, const char **message)
{
    const struct core_env *env = x->core->env;
    if (exchange_header(x, "Origin").ptr || exchange_header(x, "Sec-Fetch-Site").ptr) {
        *why = OTLP_REFUSED_ORIGIN;
        *message = "requests from web pages are refused";
        return false;
    }
    return !env->admit || env->admit(x->core->ctx, x, why, message);
}

/* Adds what one Connection header names; returns how many there are now. */
static size_t hop_names(struct slice list, struct slice *names, size_t count)
{
    while (list.len && count < EXCHANGE_HOP_NAMES_MAX) {
        size_t comma = slice_find(list, ',');
        struct slice name = slice_trim(slice_sub(list, 0, comma));
        if (name.len)
            names[count++] = name;
        list = slice_sub(list, comma + 1, list.len);
    }
    return count;
}

static bool is_named(struct slice name, const struct slice *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq_nocase(name, names[i]))
            return true;
    return false;
}

static bool is_hop_by_hop(struct slice name)
{
    static const char *const names[] = {
        "connection", "keep-alive", "transfer-encoding", "te",     "trailer",
        "upgrade",    "host",       "content-length",    "expect", "http2-settings"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (slice_eq_nocase(name, slice_str(names[i])))
            return true;
    return slice_eq_nocase(slice_sub(name, 0, 6), SLICE_LIT("proxy-"));
}

size_t exchange_end_to_end(const struct exchange *x, struct http_header *out)
{
    struct slice names[EXCHANGE_HOP_NAMES_MAX];
    size_t n = 0, named = 0;
    for (size_t i = 0; i < x->header_count; i++)
        if (slice_eq_nocase(x->headers[i].name, SLICE_LIT("connection")))
            named = hop_names(x->headers[i].value, names, named);
    for (size_t i = 0; i < x->header_count; i++) {
        struct slice name = x->headers[i].name;
        if (!is_hop_by_hop(name) && !is_named(name, names, named))
            out[n++] = x->headers[i];
    }
    return n;
}

void exchange_abandon(struct exchange *x)
{
    x->core = NULL;
    if (x->state == EXCHANGE_HANDED)
        return;
    if (x->state == EXCHANGE_STREAMING && x->on_close)
        x->on_close(x->stream_ctx);
    exchange_destroy(x);
}

void exchange_respond(struct exchange *x, const struct exchange_reply *reply, uint64_t now)
{
    if (x->core)
        x->core->ops->respond(x->core, x, reply, now);
    exchange_destroy(x);
}

enum ct_err exchange_stream_begin(struct exchange *x, const char *content_type, void (*on_drain)(void *ctx),
                                  void (*on_close)(void *ctx), void *ctx, uint64_t now)
{
    if (!x->core) {
        exchange_destroy(x);
        return CT_END;
    }
    x->on_drain = on_drain;
    x->on_close = on_close;
    x->stream_ctx = ctx;
    x->state = EXCHANGE_STREAMING;
    x->core->ops->stream_begin(x->core, x, content_type, now);
    return CT_OK;
}

enum ct_err exchange_stream_write(struct exchange *x, struct slice bytes, uint64_t now)
{
    if (!x->core)
        return CT_END;
    if (exchange_stream_pending(x) >= EXCHANGE_STREAM_HIGH) {
        x->wants_drain = true;
        return CT_AGAIN;
    }
    enum ct_err err = bytes.len ? x->core->ops->stream_write(x->core, x, bytes, now) : CT_OK;
    if (exchange_stream_pending(x) > EXCHANGE_STREAM_LOW)
        x->wants_drain = true;
    return err;
}

size_t exchange_stream_pending(const struct exchange *x)
{
    return x->core ? x->core->ops->stream_pending(x->core, x) : 0;
}

void exchange_stream_end(struct exchange *x, uint64_t now)
{
    if (x->core)
        x->core->ops->stream_end(x->core, x, now);
    exchange_destroy(x);
}
