/* How facts from several witnesses become one: by rank, and the same whatever their order. */
#include "model_private.h"

uint8_t merge_rank(const struct event *e)
{
    return (uint8_t)(1 + e->witness * 4 + e->phase);
}

bool merge_text(struct entry *n, enum ranked field, uint8_t rank, struct slice *slot, struct slice value)
{
    if (value.len == 0 || rank < n->rank[field])
        return false;
    if (rank == n->rank[field] && slice_cmp(value, *slot) >= 0)
        return false;
    n->rank[field] = rank;
    if (!slice_eq(*slot, value))
        *slot = session_keep((struct session_entry *)n->pub.session, value);
    return true;
}

bool merge_time(struct entry *n, enum ranked field, uint8_t rank, int64_t *slot, int64_t value,
                int64_t unknown)
{
    if (value <= unknown || rank < n->rank[field])
        return false;
    if (rank == n->rank[field] && value <= *slot)
        return false;
    n->rank[field] = rank;
    if (*slot == value)
        return false;
    *slot = value;
    return true;
}

/* Token counts and costs: log events know both, spans only tokens. */
static void merge_usage(struct entry *n, const struct event *e)
{
    static const uint8_t trust[] = {
        [WITNESS_NONE] = 1, [WITNESS_METRIC] = 1, [WITNESS_HOOK] = 2, [WITNESS_SPAN] = 3, [WITNESS_LOG] = 4};
    uint8_t rank = trust[e->witness];
    const int64_t from[] = {e->usage.input_tokens, e->usage.output_tokens, e->usage.cache_read_tokens,
                            e->usage.cache_creation_tokens, e->usage.cost_nano_usd};
    int64_t *to[] = {&n->usage.input_tokens, &n->usage.output_tokens, &n->usage.cache_read_tokens,
                     &n->usage.cache_creation_tokens, &n->usage.cost_nano_usd};
    bool any = false;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        if (from[i] < 0)
            continue;
        any = true;
        if (*to[i] < 0 || rank > n->rank[RANKED_USAGE] || (rank == n->rank[RANKED_USAGE] && from[i] > *to[i]))
            *to[i] = from[i];
    }
    if (any && rank > n->rank[RANKED_USAGE])
        n->rank[RANKED_USAGE] = rank;
}

/* Everything that means the same for every kind of node. */
void merge_common(struct entry *n, const struct event *e)
{
    uint8_t rank = merge_rank(e);
    n->pub.witnesses |= 1u << e->witness;
    merge_text(n, RANKED_NAME, rank, &n->pub.name, e->name);
    merge_text(n, RANKED_DETAIL, rank, &n->pub.detail, e->detail);
    merge_text(n, RANKED_MODEL, rank, &n->pub.model, e->model);
    merge_text(n, RANKED_SOURCE, rank, &n->pub.source, e->source);
    if (e->error_type.len || e->error_message.len) {
        uint8_t before = n->rank[RANKED_ERROR];
        merge_text(n, RANKED_ERROR, rank, &n->pub.error_type, e->error_type);
        n->rank[RANKED_ERROR] = before;
        merge_text(n, RANKED_ERROR, rank, &n->pub.error_message, e->error_message);
        if (rank > n->rank[RANKED_ERROR])
            n->rank[RANKED_ERROR] = rank;
    }
    merge_time(n, RANKED_END, rank, &n->pub.end_ns, e->end_ns, 0);
    merge_time(n, RANKED_DURATION, rank, &n->pub.duration_ns, e->duration_ns, -1);
    merge_time(n, RANKED_TTFT, rank, &n->pub.ttft_ns, e->ttft_ns, -1);
    if (merge_time(n, RANKED_START, rank, &n->pub.start_ns, e->start_ns, 0))
        tree_reorder(n);
    if (e->attempts > n->pub.attempts)
        n->pub.attempts = e->attempts;
    n->pub.wants_tools |= e->wants_tools;
    n->pub.background |= e->background;
    n->pub.redacted |= e->redacted;
    n->failed |= e->failed;
    n->interrupted |= e->interrupted;
    n->finished |= e->phase == PHASE_FINISHED;
    n->started |= e->phase == PHASE_STARTED;
    n->accepted |= e->decision == DECISION_ACCEPTED;
    n->rejected |= e->decision == DECISION_REJECTED;
    if (e->ids.has_trace_id && !n->pub.has_trace_id) {
        memcpy(n->pub.trace_id, e->ids.trace_id, sizeof n->pub.trace_id);
        n->pub.has_trace_id = true;
    }
    merge_usage(n, e);
}
