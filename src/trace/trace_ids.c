#include "trace_ids.h"

#include "map.h"

/* "claude-top trace id", "claude-top span id" and so on, as numbers: never to be changed. */
static const uint64_t trace_keys[2][2] = {{UINT64_C(0x636c617564652d74), UINT64_C(0x6f70207472616365)},
                                          {UINT64_C(0x2069640068696768), UINT64_C(0x6c6f770074726163)}};
static const uint64_t span_key[2] = {UINT64_C(0x636c617564652d74), UINT64_C(0x6f70207370616e20)};

#define UUID_TEXT_LEN 36

enum part { PART_SELF, PART_PERMISSION, PART_SESSION };

static void put_u64(uint64_t value, uint8_t *out)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static bool is_zero(const uint8_t *id, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= id[i];
    return any == 0;
}

/* 8-4-4-4-12 hex digits. */
static bool uuid_bytes(struct slice text, uint8_t out[TRACE_ID_LEN])
{
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    char hex[2 * TRACE_ID_LEN];
    size_t from = 0, n = 0;
    if (text.len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < sizeof groups; i++) {
        if (i && text.ptr[from++] != '-')
            return false;
        memcpy(hex + n, text.ptr + from, groups[i]);
        n += groups[i];
        from += groups[i];
    }
    return slice_unhex(slice_make(hex, sizeof hex), out, TRACE_ID_LEN);
}

void trace_id_of_session(const struct session *s, uint8_t out[TRACE_ID_LEN])
{
    if (uuid_bytes(s->session_id, out) && !is_zero(out, TRACE_ID_LEN))
        return;
    put_u64(map_hash(trace_keys[0], s->session_id), out);
    put_u64(map_hash(trace_keys[1], s->session_id), out + 8);
    if (is_zero(out, TRACE_ID_LEN))
        out[TRACE_ID_LEN - 1] = 1;
}

static void span_id(const struct session *s, uint64_t thing, enum part part, uint8_t out[SPAN_ID_LEN])
{
    uint8_t seed[24];
    put_u64(map_hash(span_key, s->session_id), seed);
    put_u64(thing, seed + 8);
    put_u64(part, seed + 16);
    put_u64(map_hash(span_key, slice_make(seed, sizeof seed)), out);
    if (is_zero(out, SPAN_ID_LEN))
        out[SPAN_ID_LEN - 1] = 1;
}

void trace_span_of_session(const struct session *s, uint8_t out[SPAN_ID_LEN])
{
    span_id(s, 0, PART_SESSION, out);
}

/* What was inferred has no name of its own: it is known by what it hangs from and when it began. */
static uint64_t inferred(const struct node *n)
{
    uint8_t seed[32];
    put_u64(n->parent ? (uint64_t)n->parent->kind : 0, seed);
    put_u64((uint64_t)n->kind, seed + 8);
    put_u64((uint64_t)n->start_ns, seed + 16);
    put_u64(map_hash(span_key, n->name), seed + 24);
    return map_hash(span_key, slice_make(seed, sizeof seed));
}

static uint64_t thing_of(const struct node *n)
{
    struct node_more more;
    model_node_more(n, &more);
    return more.identity.len ? map_hash(span_key, more.identity) : inferred(n);
}

void trace_span_of_node(const struct node *n, uint8_t out[SPAN_ID_LEN])
{
    span_id(n->session, thing_of(n), PART_SELF, out);
}

void trace_span_of_permission(const struct node *tool, uint8_t out[SPAN_ID_LEN])
{
    span_id(tool->session, thing_of(tool), PART_PERMISSION, out);
}

const char *trace_synthesize_name(enum trace_synthesize mode)
{
    static const char *const names[] = {[TRACE_SYNTHESIZE_AUTO] = "auto",
                                        [TRACE_SYNTHESIZE_ALWAYS] = "always",
                                        [TRACE_SYNTHESIZE_NEVER] = "never"};
    return names[mode];
}

bool trace_is_synthesized(enum trace_synthesize mode, const struct session *s)
{
    if (mode == TRACE_SYNTHESIZE_NEVER || !s->real)
        return false;
    return mode == TRACE_SYNTHESIZE_ALWAYS || (!s->has_spans && model_session_traces(s, NULL, 0) == 0);
}

bool trace_has_begun(const struct trace_known *known, const struct session *s)
{
    uint8_t id[SPAN_ID_LEN];
    if (!known->sent || !trace_is_synthesized(known->synthesize, s))
        return false;
    trace_span_of_session(s, id);
    bool begun = id_set_has(known->sent, id);
    for (const struct node *n = s->first_child; n && !begun; n = n->next) {
        trace_span_of_node(n, id);
        begun = id_set_has(known->sent, id);
    }
    return begun;
}

bool trace_link_ids(const struct trace_known *known, const struct session *s, const struct node *n,
                    struct trace_link_ids *out)
{
    *out = (struct trace_link_ids){.synthesized = false};
    if (n && n->has_trace_id) {
        memcpy(out->trace_id, n->trace_id, TRACE_ID_LEN);
        out->has_span_id = n->has_span_id;
        if (n->has_span_id)
            memcpy(out->span_id, n->span_id, SPAN_ID_LEN);
        out->sent = true;
        return true;
    }
    if (!trace_is_synthesized(known->synthesize, s))
        return false;
    out->synthesized = true;
    out->has_span_id = true;
    trace_id_of_session(s, out->trace_id);
    if (n)
        trace_span_of_node(n, out->span_id);
    else
        trace_span_of_session(s, out->span_id);
    out->sent = known->sent && id_set_has(known->sent, out->span_id);
    return true;
}
