/* What few readers want to know of a node or a session: read from its facts, not kept. */
#include "model_private.h"

void model_node_more(const struct node *n, struct node_more *out)
{
    const struct entry *e = as_entry(n);
    const struct entry *llm = n->kind == NODE_TOOL ? asked_by(e->view) : NULL;
    int64_t status = facts_number(e->view, FACT_HTTP_STATUS);
    *out = (struct node_more){
        .identity = e->made ? SLICE_NULL : e->key,
        .asked_by = llm && llm->visible && llm->pub.kind == NODE_LLM ? &llm->pub : NULL,
        .decided_ns = n->kind == NODE_TOOL ? e->decided_ns : 0,
        .http_status = status > 0 ? (int32_t)status : 0,
        .auxiliary = e->view->auxiliary,
        .has_profile_id = e->view->has_profile_id,
    };
    memcpy(out->profile_id, e->view->profile_id, sizeof out->profile_id);
}

const struct node *model_session_settled(const struct session *s, uint64_t *thaws)
{
    const struct session_entry *e = (const struct session_entry *)s;
    *thaws = e->thaws;
    return e->frozen.last_child;
}

bool model_session_tools_told(const struct session *s)
{
    return ((const struct session_entry *)s)->tools_told;
}
