/* How facts from several witnesses become one: by rank, and the same whatever their order. */
#include "model_private.h"

void facts_init(struct facts *f)
{
    *f = (struct facts){0};
    for (size_t i = 0; i < FACT_NUMBERS; i++)
        f->numbers[i] = -1;
}

uint8_t facts_rank(const struct event *e)
{
    return (uint8_t)(1 + e->witness * 4 + e->phase);
}

/* Among equals the older record wins (the first prompt of a turn is its prompt), then the smaller text. */
static bool text_wins(const struct facts *f, enum fact field, uint8_t rank, int64_t ns, struct slice value)
{
    if (value.len == 0 || rank != f->rank[field])
        return value.len > 0 && rank > f->rank[field];
    if (field == FACT_DETAIL && ns != f->detail_ns)
        return ns < f->detail_ns;
    return slice_cmp(value, f->texts[field]) < 0;
}

void facts_text(struct session_entry *s, struct facts *f, enum fact field, uint8_t rank, int64_t ns,
                struct slice value)
{
    if (!text_wins(f, field, rank, ns, value))
        return;
    f->rank[field] = rank;
    if (!slice_eq(f->texts[field], value))
        f->texts[field] = session_keep(s, value);
    if (field == FACT_DETAIL)
        f->detail_ns = ns;
}

/* Among equals the earlier start wins, else the greater number. */
void facts_set(struct facts *f, enum fact field, uint8_t rank, int64_t value)
{
    int64_t *slot = &f->numbers[field - FACT_TEXTS];
    bool is_time = field == FACT_START || field == FACT_END;
    if (value < (is_time ? 1 : 0) || rank < f->rank[field])
        return;
    if (rank == f->rank[field] && (field == FACT_START ? value >= *slot : value <= *slot))
        return;
    f->rank[field] = rank;
    *slot = value;
}

void facts_link(struct link *link, const struct slice *to, int64_t ns)
{
    if (!to)
        return;
    bool wins = !link->to || ns < link->ns || (ns == link->ns && slice_cmp(*to, *link->to) < 0);
    if (wins)
        *link = (struct link){to, ns};
}

static void earliest(int64_t *slot, int64_t ns)
{
    if (ns > 0 && (*slot == 0 || ns < *slot))
        *slot = ns;
}

static void newest(int64_t *slot, int64_t ns)
{
    if (ns > *slot)
        *slot = ns;
}

void facts_heard(struct facts *f, const struct event *e)
{
    earliest(&f->first_ns, e->start_ns > 0 ? e->start_ns : e->time_ns);
    newest(&f->last_ns, e->time_ns);
    newest(&f->heard_ns, e->arrival_ns);
    f->witnesses |= 1u << e->witness;
}

/* Token counts and costs: log events know both, spans only tokens. */
static void usage(struct facts *f, const struct event *e)
{
    static const uint8_t trust[] = {[WITNESS_NONE] = 1, [WITNESS_METRIC] = 1, [WITNESS_STATUS] = 1,
                                    [WITNESS_HOOK] = 2, [WITNESS_SPAN] = 3,   [WITNESS_LOG] = 4};
    uint8_t rank = trust[e->witness];
    facts_set(f, FACT_INPUT, rank, e->usage.input_tokens);
    facts_set(f, FACT_OUTPUT, rank, e->usage.output_tokens);
    facts_set(f, FACT_CACHE_READ, rank, e->usage.cache_read_tokens);
    facts_set(f, FACT_CACHE_CREATION, rank, e->usage.cache_creation_tokens);
    facts_set(f, FACT_CACHE_CREATION_1H, rank, e->usage.cache_creation_1h_tokens);
    facts_set(f, FACT_COST, rank, e->usage.cost_nano_usd);
}

/* Of the profiles of several of its spans, always the same one. */
static void take_profile(struct facts *f, const uint8_t id[8])
{
    if (!f->has_profile_id || memcmp(id, f->profile_id, 8) < 0)
        memcpy(f->profile_id, id, 8);
    f->has_profile_id = true;
}

void facts_event(struct session_entry *s, struct facts *f, const struct event *e)
{
    uint8_t rank = facts_rank(e);
    facts_heard(f, e);
    facts_text(s, f, FACT_NAME, e->vague_name ? RANK_LEAST : rank, e->time_ns, e->name);
    facts_text(s, f, FACT_DETAIL, rank, e->time_ns, e->detail);
    facts_text(s, f, FACT_MODEL, rank, e->time_ns, e->model);
    facts_text(s, f, FACT_SOURCE, rank, e->time_ns, e->source);
    facts_text(s, f, FACT_ERROR_TYPE, rank, e->time_ns, e->error_type);
    /* A hook has the error as it was; what the others say of it is cut, or only of what sort it was. */
    facts_text(s, f, FACT_ERROR_MESSAGE, e->witness == WITNESS_HOOK ? RANK_MOST : rank, e->time_ns,
               e->error_message);
    facts_text(s, f, FACT_AGENT_TYPE, rank, e->time_ns, e->agent_type);
    facts_set(f, FACT_START, rank, e->start_ns);
    facts_set(f, FACT_END, rank, e->end_ns);
    facts_set(f, FACT_DURATION, rank, e->duration_ns);
    facts_set(f, FACT_TTFT, rank, e->ttft_ns);
    facts_set(f, FACT_WAIT, rank, e->wait_ns);
    facts_set(f, FACT_TOKENS_BEFORE, rank, e->tokens_before);
    facts_set(f, FACT_TOKENS_AFTER, rank, e->tokens_after);
    facts_set(f, FACT_HTTP_STATUS, rank, e->http_status > 0 ? e->http_status : -1);
    usage(f, e);
    if (e->attempts > f->attempts)
        f->attempts = e->attempts;
    if (e->phase == PHASE_STARTED)
        newest(&f->restarted_ns, e->time_ns);
    if (e->decision != DECISION_UNKNOWN)
        earliest(&f->decided_ns, e->time_ns);
    f->known = true;
    f->finished |= e->phase == PHASE_FINISHED;
    if (e->phase == PHASE_FINISHED)
        f->finished_by |= 1u << e->witness;
    if (e->turn_kind > f->turn_kind)
        f->turn_kind = e->turn_kind;
    f->failed |= e->failed;
    f->accepted |= e->decision == DECISION_ACCEPTED;
    f->rejected |= e->decision == DECISION_REJECTED;
    f->wants_tools |= e->wants_tools;
    f->background |= e->background;
    f->redacted |= e->redacted;
    f->interrupted |= e->interrupted;
    f->spawns_agent |= e->spawns_agent;
    f->auxiliary |= e->auxiliary;
    f->asks_user |= e->asks_user;
    f->no_turn |= e->no_turn;
    if (e->ids.has_profile_id)
        take_profile(f, e->ids.profile_id);
    uint64_t *hash = &f->input_hash[e->witness != WITNESS_HOOK];
    *hash = e->input_hash > *hash ? e->input_hash : *hash;
}

/* The more of them a witness knows, the better. */
static bool better_attempts(const struct facts *f, const int64_t *ns, size_t count)
{
    if (count != f->attempt_count)
        return count > f->attempt_count;
    return count > 0 && memcmp(ns, f->attempt_ns, count * sizeof *ns) < 0;
}

void facts_attempts(struct session_entry *s, struct facts *f, const struct event *e)
{
    if (!better_attempts(f, e->attempt_ns, e->attempt_count))
        return;
    int64_t *kept = session_alloc(s, e->attempt_count * sizeof *kept);
    memcpy(kept, e->attempt_ns, e->attempt_count * sizeof *kept);
    f->attempt_ns = kept;
    f->attempt_count = e->attempt_count;
}

/* Of several that claim to be its own span, always the same one. */
void facts_span(struct facts *f, const uint8_t id[8])
{
    if (!f->has_span_id || memcmp(id, f->span_id, 8) < 0)
        memcpy(f->span_id, id, 8);
    f->has_span_id = true;
}

static void join_link(struct link *to, const struct link *from)
{
    facts_link(to, from->to, from->ns);
}

void facts_join(struct facts *to, const struct facts *from)
{
    for (int i = 0; i < FACT_TEXTS; i++) {
        enum fact field = (enum fact)i;
        if (!text_wins(to, field, from->rank[i], from->detail_ns, from->texts[i]))
            continue;
        to->texts[i] = from->texts[i];
        to->rank[i] = from->rank[i];
        if (field == FACT_DETAIL)
            to->detail_ns = from->detail_ns;
    }
    for (int i = FACT_TEXTS; i < FACT_COUNT; i++)
        if (from->rank[i])
            facts_set(to, (enum fact)i, from->rank[i], from->numbers[i - FACT_TEXTS]);
    earliest(&to->first_ns, from->first_ns);
    earliest(&to->decided_ns, from->decided_ns);
    newest(&to->last_ns, from->last_ns);
    newest(&to->heard_ns, from->heard_ns);
    newest(&to->restarted_ns, from->restarted_ns);
    join_link(&to->agent, &from->agent);
    join_link(&to->trace, &from->trace);
    join_link(&to->prompt, &from->prompt);
    join_link(&to->parent_span, &from->parent_span);
    join_link(&to->spawner, &from->spawner);
    join_link(&to->llm, &from->llm);
    join_link(&to->llm_span, &from->llm_span);
    to->witnesses |= from->witnesses;
    if (from->has_span_id)
        facts_span(to, from->span_id);
    if (from->has_profile_id)
        take_profile(to, from->profile_id);
    if (better_attempts(to, from->attempt_ns, from->attempt_count)) {
        to->attempt_ns = from->attempt_ns;
        to->attempt_count = from->attempt_count;
    }
    if (from->attempts > to->attempts)
        to->attempts = from->attempts;
    to->known |= from->known;
    to->finished |= from->finished;
    to->failed |= from->failed;
    to->accepted |= from->accepted;
    to->rejected |= from->rejected;
    to->confirmed |= from->confirmed;
    to->wants_tools |= from->wants_tools;
    to->background |= from->background;
    to->redacted |= from->redacted;
    to->interrupted |= from->interrupted;
    to->spawns_agent |= from->spawns_agent;
    to->auxiliary |= from->auxiliary;
    to->asks_user |= from->asks_user;
    to->finished_by |= from->finished_by;
    if (from->turn_kind > to->turn_kind)
        to->turn_kind = from->turn_kind;
    to->no_turn |= from->no_turn;
    for (size_t i = 0; i < 2; i++)
        if (from->input_hash[i] > to->input_hash[i])
            to->input_hash[i] = from->input_hash[i];
}

void facts_newest(struct session_entry *s, struct newest *n, struct slice *slot, int64_t ns,
                  struct slice value)
{
    if (value.len == 0 || ns < n->ns || (ns == n->ns && slice_cmp(value, *slot) <= 0))
        return;
    n->ns = ns;
    if (!slice_eq(*slot, value))
        *slot = session_keep(s, value);
}
