/* What few readers want to know of a node or a session: read from its facts, not kept. */
#include "model_private.h"

static const struct node *asked_by(const struct facts *f)
{
    const struct entry *llm = link_entry(&f->llm);
    if (!llm && f->llm_span.to)
        llm = link_span(&f->llm_span)->owner;
    while (llm && llm->same_as)
        llm = llm->same_as;
    return llm && llm->visible && llm->pub.kind == NODE_LLM ? &llm->pub : NULL;
}

void model_node_more(const struct node *n, struct node_more *out)
{
    const struct entry *e = as_entry(n);
    int64_t status = facts_number(e->view, FACT_HTTP_STATUS);
    *out = (struct node_more){
        .identity = e->made ? SLICE_NULL : e->key,
        .asked_by = n->kind == NODE_TOOL ? asked_by(e->view) : NULL,
        .decided_ns = n->kind == NODE_TOOL ? e->decided_ns : 0,
        .http_status = status > 0 ? (int32_t)status : 0,
        .auxiliary = e->view->auxiliary,
    };
}

bool model_session_tools_told(const struct session *s)
{
    return ((const struct session_entry *)s)->tools_told;
}
