/*
 * fuzz_model.h - what holds for a model whatever was fed to it.
 *
 * The tree is a tree (links agree, nothing is its own ancestor, no deeper than DEPTH_MAX), totals are the sum
 * of what is below, a call counts once and under its own kind, text is clean, ids find what they name.
 */
#ifndef CT_TESTS_FUZZ_MODEL_H
#define CT_TESTS_FUZZ_MODEL_H

#include "fuzz.h"
#include "model.h"
#include "text.h"

#define FUZZ_DEPTH_MAX  64
#define FUZZ_MODELS_MAX 16

static inline void fuzz_counters_add(struct counters *to, const struct counters *from, int64_t sign)
{
    to->turns += sign * from->turns;
    to->llm_calls += sign * from->llm_calls;
    to->llm_errors += sign * from->llm_errors;
    to->llm_retries += sign * from->llm_retries;
    to->tool_calls += sign * from->tool_calls;
    to->tool_errors += sign * from->tool_errors;
    to->tool_rejections += sign * from->tool_rejections;
    to->agents += sign * from->agents;
    to->input_tokens += sign * from->input_tokens;
    to->output_tokens += sign * from->output_tokens;
    to->cache_read_tokens += sign * from->cache_read_tokens;
    to->cache_creation_tokens += sign * from->cache_creation_tokens;
    to->cost_nano_usd += sign * from->cost_nano_usd;
    to->cost_unknown += sign * from->cost_unknown;
    to->cost_estimated += sign * from->cost_estimated;
    to->cost_estimated_nano_usd += sign * from->cost_estimated_nano_usd;
    to->wait_ns += sign * from->wait_ns;
}

static inline bool fuzz_counters_equal(const struct counters *a, const struct counters *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* sixty-four-bit members only: no padding */
}

static inline void fuzz_clean(struct slice s)
{
    fuzz_check(s.len == 0 || s.ptr);
    fuzz_check(text_is_clean(s));
}

/* own: what the node itself adds to its total. */
static inline void fuzz_check_own(const struct node *n, const struct counters *own)
{
    bool llm = n->kind == NODE_LLM, tool = n->kind == NODE_TOOL;
    fuzz_check(own->turns == 0 || (own->turns == 1 && n->kind == NODE_TURN));
    fuzz_check(own->llm_calls == 0 || (own->llm_calls == 1 && llm));
    fuzz_check(own->llm_errors >= 0 && own->llm_errors <= own->llm_calls);
    fuzz_check(own->llm_retries >= 0 && (own->llm_retries == 0 || llm));
    fuzz_check(own->tool_calls == 0 || (own->tool_calls == 1 && tool));
    fuzz_check(own->tool_errors >= 0 && own->tool_rejections >= 0);
    fuzz_check(own->tool_errors + own->tool_rejections <= own->tool_calls);
    fuzz_check(own->agents == 0 || (own->agents == 1 && n->kind == NODE_AGENT));
    fuzz_check(own->input_tokens >= 0 && own->output_tokens >= 0 && own->cache_read_tokens >= 0 &&
               own->cache_creation_tokens >= 0 && own->cost_nano_usd >= 0);
    fuzz_check(llm || (own->input_tokens == 0 && own->output_tokens == 0 && own->cache_read_tokens == 0 &&
                       own->cache_creation_tokens == 0 && own->cost_nano_usd == 0 && own->cost_unknown == 0));
    fuzz_check(own->cost_estimated >= 0 && own->cost_estimated + own->cost_unknown <= llm);
    fuzz_check(own->cost_estimated_nano_usd == (own->cost_estimated ? own->cost_nano_usd : 0));
    fuzz_check(own->cost_unknown >= 0 && own->cost_unknown <= 1 && own->wait_ns >= 0);
}

static inline uint64_t fuzz_check_nodes(const struct model *m, const struct session *s,
                                        const struct node *parent, const struct node *first,
                                        const struct node *last, struct counters *sum)
{
    uint64_t count = 0;
    const struct node *before = NULL;
    uint32_t depth = parent ? parent->depth + 1 : 0;
    fuzz_check(depth <= FUZZ_DEPTH_MAX);
    for (const struct node *n = first; n; before = n, n = n->next) {
        struct counters own = n->total, below = {0};
        fuzz_check(n->prev == before && n->parent == parent && n->session == s && n->depth == depth);
        fuzz_check(!before || before->start_ns <= n->start_ns);
        fuzz_check(model_node_by_id(m, n->id) == n);
        fuzz_check(n->kind <= NODE_SPAN && n->state <= NODE_INTERRUPTED);
        fuzz_check(n->duration_ns >= -1 && n->ttft_ns >= -1 && n->wait_ns >= -1 && n->attempts >= 0);
        fuzz_clean(n->name);
        fuzz_clean(n->detail);
        fuzz_clean(n->model);
        fuzz_clean(n->source);
        fuzz_clean(n->end_reason);
        fuzz_clean(n->error_type);
        fuzz_clean(n->error_message);
        count += 1 + fuzz_check_nodes(m, s, n, n->first_child, n->last_child, &below);
        fuzz_counters_add(&own, &below, -1);
        fuzz_check_own(n, &own);
        fuzz_counters_add(sum, &n->total, 1);
    }
    fuzz_check(last == before);
    return count;
}

static inline void fuzz_check_model(const struct model *m, int64_t now_ns)
{
    struct counters all = {0};
    uint64_t sessions = 0, nodes = 0;
    int64_t real = 0;
    const struct session *before = NULL;
    for (const struct session *s = model_sessions(m); s; before = s, s = s->next) {
        struct counters sum = s->gone;
        struct slice models[FUZZ_MODELS_MAX];
        uint8_t traces[FUZZ_MODELS_MAX][16];
        fuzz_check(s->prev == before && model_session(m, s->session_id) == s);
        fuzz_check(model_session_by_id(m, s->id) == s);
        fuzz_clean(s->session_id);
        fuzz_clean(s->service_name);
        fuzz_clean(s->service_version);
        fuzz_clean(s->title);
        fuzz_clean(s->cwd);
        fuzz_clean(s->model);
        fuzz_clean(s->model_name);
        fuzz_clean(s->branch);
        fuzz_clean(s->start_source);
        struct burn_rate burn = model_session_burn(s, now_ns);
        fuzz_check(burn.tokens_per_min >= 0 && burn.cost_nano_usd_per_hour >= 0);
        size_t n = model_session_models(s, models, FUZZ_MODELS_MAX);
        for (size_t i = 0; i < n && i < FUZZ_MODELS_MAX; i++)
            fuzz_clean(models[i]);
        model_session_traces(s, traces, FUZZ_MODELS_MAX);
        nodes += fuzz_check_nodes(m, s, NULL, s->first_child, s->last_child, &sum);
        fuzz_check(fuzz_counters_equal(&sum, &s->total));
        struct run_status status = model_session_status(s, now_ns);
        fuzz_check(status.state <= RUN_STALE && (!status.node || status.node->session == s));
        sessions++;
        real += s->real;
        if (s->real)
            fuzz_counters_add(&all, &s->total, 1);
    }
    struct model_stats stats = model_stats(m); /* looking at the tree may have made nodes */
    fuzz_check(sessions == stats.sessions && nodes <= stats.nodes);
    struct fleet fleet;
    model_fleet(m, now_ns, 0, &fleet);
    fuzz_check(fleet.sessions == real);
    if (stats.evicted_sessions == 0)
        fuzz_check(fuzz_counters_equal(&fleet.total, &all));
    fuzz_check(fleet.cost_today_nano_usd >= 0 && fleet.tokens_per_min >= 0 && fleet.llm_per_min >= 0);
    struct red_row rows[FUZZ_MODELS_MAX];
    size_t n = model_red(m, now_ns, 0, rows, FUZZ_MODELS_MAX);
    for (size_t i = 0; i < n && i < FUZZ_MODELS_MAX; i++) {
        fuzz_check(rows[i].count >= rows[i].errors && rows[i].errors >= 0);
        fuzz_clean(rows[i].name);
    }
}

#endif
