#include "tree_text.h"

#include "mem.h"
#include "text.h"

#include <stdlib.h>

#define MS INT64_C(1000000)

static void text(struct buf *out, const char *label, struct slice value)
{
    if (value.len)
        buf_printf(out, " %s\"%.*s\"", label, SLICE_ARG(value));
}

static void number(struct buf *out, const char *label, int64_t value, int64_t unknown)
{
    if (value != unknown)
        buf_printf(out, " %s%lld", label, (long long)value);
}

static void id(struct buf *out, const char *label, bool has, const uint8_t *bytes, size_t n)
{
    char hex[33];
    if (!has)
        return;
    slice_hex(bytes, n, hex);
    buf_printf(out, " %s%s", label, hex);
}

static void counters(struct buf *out, const struct counters *c)
{
    const int64_t all[] = {c->turns,
                           c->llm_calls,
                           c->llm_errors,
                           c->llm_retries,
                           c->tool_calls,
                           c->tool_errors,
                           c->tool_rejections,
                           c->agents,
                           c->input_tokens,
                           c->output_tokens,
                           c->cache_read_tokens,
                           c->cache_creation_tokens,
                           c->cost_nano_usd,
                           c->cost_unknown,
                           c->wait_ns};
    buf_append_str(out, " [");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_printf(out, i ? " %lld" : "%lld", (long long)all[i]);
    buf_append_str(out, "]");
}

static void shape(struct buf *out, const struct node *n)
{
    buf_append_str(out, node_kind_name(n->kind));
    if (n->kind == NODE_TURN)
        buf_printf(out, " %d", n->number);
    if (n->kind == NODE_TURN && n->turn_kind != TURN_KIND_PROMPT)
        buf_printf(out, " %s", turn_kind_name(n->turn_kind));
    if (n->name.len)
        buf_printf(out, " %.*s", SLICE_ARG(n->name));
    if (n->detail.len)
        buf_printf(out, " \"%.*s\"", SLICE_ARG(text_prefix(n->detail, 40, NULL)));
    buf_printf(out, " : %s", node_state_name(n->state));
    if (n->kind == NODE_TURN && n->source.len)
        buf_printf(out, " from %.*s", SLICE_ARG(n->source));
    if (n->end_reason.len)
        buf_printf(out, " until %.*s", SLICE_ARG(n->end_reason));
    if (n->wants_tools)
        buf_append_str(out, ", wants tools");
    if (n->attempts > 1)
        buf_printf(out, ", attempts %d", n->attempts);
    if (n->background)
        buf_append_str(out, ", background");
    if (n->kind == NODE_TOOL && n->source.len)
        buf_printf(out, ", by %.*s", SLICE_ARG(n->source));
    if (n->wait_ns >= 0)
        buf_printf(out, ", waited %lld ms", (long long)(n->wait_ns / MS));
    if (n->kind == NODE_COMPACTION && n->tokens_before >= 0)
        buf_printf(out, ", %lld to %lld tokens", (long long)n->tokens_before, (long long)n->tokens_after);
    if (n->error_type.len || n->error_message.len)
        buf_printf(out, ", error %.*s: %.*s", SLICE_ARG(n->error_type),
                   SLICE_ARG(text_prefix(n->error_message, 40, NULL)));
}

static void whole(struct buf *out, const struct node *n)
{
    buf_printf(out, "%s %s", node_kind_name(n->kind), node_state_name(n->state));
    text(out, "key=", n->key);
    text(out, "name=", n->name);
    text(out, "detail=", n->detail);
    text(out, "model=", n->model);
    text(out, "source=", n->source);
    text(out, "end=", n->end_reason);
    text(out, "error_type=", n->error_type);
    text(out, "error=", n->error_message);
    number(out, "start=", n->start_ns, 0);
    number(out, "end_ns=", n->end_ns, 0);
    number(out, "duration=", n->duration_ns, -1);
    number(out, "ttft=", n->ttft_ns, -1);
    number(out, "wait=", n->wait_ns, -1);
    number(out, "last=", n->last_ns, 0);
    number(out, "before=", n->tokens_before, -1);
    number(out, "after=", n->tokens_after, -1);
    number(out, "attempts=", n->attempts, 0);
    number(out, "number=", n->number, 0);
    number(out, "kind=", n->turn_kind, TURN_KIND_NONE);
    for (size_t i = 0; i < n->attempt_count; i++)
        number(out, "attempt=", n->attempt_ns[i], 0);
    number(out, "flags=", n->wants_tools + 2 * n->background + 4 * n->redacted, 0);
    buf_printf(out, " witnesses=%u depth=%u", n->witnesses, n->depth);
    id(out, "trace=", n->has_trace_id, n->trace_id, 16);
    id(out, "span=", n->has_span_id, n->span_id, 8);
    counters(out, &n->total);
}

static void nodes(struct buf *out, const struct node *first, enum tree_detail detail)
{
    int depth = 1;
    for (const struct node *n = first; n;) {
        buf_printf(out, "%*s", 2 * depth, "");
        detail == TREE_WHOLE ? whole(out, n) : shape(out, n);
        buf_append_char(out, '\n');
        if (n->first_child) {
            n = n->first_child;
            depth++;
            continue;
        }
        while (n && !n->next) {
            n = n->parent;
            depth--;
        }
        n = n ? n->next : NULL;
    }
}

static void session_whole(struct buf *out, const struct session *s, int64_t now_ns)
{
    struct slice models[64];
    uint8_t traces[64][16];
    struct run_status status = model_session_status(s, now_ns);
    buf_printf(out, "session %.*s %s since=%lld evidence=\"%s\" witness=%d", SLICE_ARG(s->session_id),
               run_state_name(status.state), (long long)status.since_ns, status.evidence,
               (int)status.witness);
    if (status.node)
        buf_printf(out, " about=%s/%.*s", node_kind_name(status.node->kind), SLICE_ARG(status.node->key));
    text(out, "service=", s->service_name);
    text(out, "version=", s->service_version);
    text(out, "title=", s->title);
    text(out, "cwd=", s->cwd);
    text(out, "model=", s->model);
    buf_printf(out, " started=%lld activity=%lld arrival=%lld flags=%d%d%d%d%d%d", (long long)s->started_ns,
               (long long)s->last_activity_ns, (long long)s->last_arrival_ns, s->real, s->announced,
               s->has_spans, s->has_logs, s->has_hooks, s->redacted);
    size_t count = model_session_models(s, models, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        text(out, "uses=", models[i]);
    count = model_session_traces(s, traces, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        id(out, "trace=", true, traces[i], 16);
    counters(out, &s->total);
}

static void session_shape(struct buf *out, const struct session *s, int64_t now_ns)
{
    const struct counters *c = &s->total;
    struct run_status status = model_session_status(s, now_ns);
    buf_printf(out, "session %.4s : %s (%s)\n", s->session_id.ptr, run_state_name(status.state),
               status.evidence);
    buf_printf(out,
               "  %lld turns, %lld llm (%lld failed, %lld retries), %lld tools (%lld failed, %lld rejected), "
               "%lld agents",
               (long long)c->turns, (long long)c->llm_calls, (long long)c->llm_errors,
               (long long)c->llm_retries, (long long)c->tool_calls, (long long)c->tool_errors,
               (long long)c->tool_rejections, (long long)c->agents);
}

static int by_id(const void *a, const void *b)
{
    return slice_cmp((*(const struct session *const *)a)->session_id,
                     (*(const struct session *const *)b)->session_id);
}

void tree_text(struct buf *out, const struct model *m, int64_t now_ns, enum tree_detail detail)
{
    size_t count = 0;
    for (const struct session *s = model_sessions(m); s; s = s->next)
        count++;
    const struct session **all = mem_array(count + 1, sizeof *all);
    count = 0;
    for (const struct session *s = model_sessions(m); s; s = s->next)
        if (s->real || detail == TREE_WHOLE)
            all[count++] = s;
    qsort(all, count, sizeof *all, by_id);
    for (size_t i = 0; i < count; i++) {
        detail == TREE_WHOLE ? session_whole(out, all[i], now_ns) : session_shape(out, all[i], now_ns);
        buf_append_char(out, '\n');
        nodes(out, all[i]->first_child, detail);
    }
    free(all);
}
