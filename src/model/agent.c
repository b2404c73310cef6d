/* Sub-agents: known by what they call, announced and ended by records of their own. */
#include "model_private.h"

struct entry *agent_get(struct session_entry *s, struct slice agent_id)
{
    struct entry *n = session_index_get(s, INDEX_AGENT, agent_id);
    if (n)
        return n;
    n = session_new_entry(s, NODE_AGENT);
    n->pub.key = session_keep(s, agent_id);
    session_index_put(s, INDEX_AGENT, agent_id, n);
    return n;
}

/* What a call says about the agent that made it. */
static void agent_learn(struct session_entry *s, const struct event *e)
{
    struct entry *agent = agent_get(s, e->ids.agent_id);
    bool placed = agent->pub.parent != NULL && as_entry(agent->pub.parent)->pub.kind == NODE_TOOL;
    if (e->ids.prompt_id.len && agent->prompt_id.len == 0)
        agent->prompt_id = session_keep(s, e->ids.prompt_id);
    if (e->ids.parent_agent_id.len && agent->agent_id.len == 0)
        agent->agent_id = session_keep(s, e->ids.parent_agent_id);
    if (e->ids.has_trace_id && !agent->pub.has_trace_id) {
        memcpy(agent->pub.trace_id, e->ids.trace_id, 16);
        agent->pub.has_trace_id = true;
    }
    if (e->ids.has_parent_span_id && !agent->has_parent_span) {
        memcpy(agent->parent_span, e->ids.parent_span_id, 8);
        agent->has_parent_span = true;
        placed = false;
    }
    agent->pub.witnesses |= 1u << e->witness;
    call_guess_start(agent, e);
    if (!placed)
        place(agent);
    call_refresh(agent);
}

void agent_apply(struct session_entry *s, const struct event *e)
{
    /* A stop without a type is the end of a compaction, not of an agent. */
    if (e->phase == PHASE_FINISHED && e->name.len == 0 && e->ids.tool_use_id.len == 0 &&
        !session_index_get(s, INDEX_AGENT, e->ids.agent_id))
        return;
    struct entry *n = agent_get(s, e->ids.agent_id);
    merge_common(n, e);
    if (e->ids.tool_use_id.len && n->spawn_tool.len == 0)
        n->spawn_tool = session_keep(s, e->ids.tool_use_id);
    if (e->witness == WITNESS_LOG && e->phase == PHASE_FINISHED)
        n->confirmed = true;
    agent_learn(s, e);
    place(n);
    call_refresh(n);
    tree_note_time(n, e->time_ns);
}

/* Calls of an agent also tell where the agent belongs. */
void call_learn_agent(struct session_entry *s, const struct event *e)
{
    if (e->ids.agent_id.len && (e->kind == EVENT_LLM || e->kind == EVENT_TOOL))
        agent_learn(s, e);
}
