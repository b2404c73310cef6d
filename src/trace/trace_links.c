/*
 * Links between spans of a session: a tool to the LLM call that asked for it (produced_by_llm), an LLM call
 * to the tools whose results it was given (consumes_tool_result), a sub-agent to the call that started it
 * (parent_task), and, in a session that has both, a span of ours to the client's own (native_span).
 */
#include "trace_private.h"

/* Siblings looked at for one link. */
#define WALK_MAX 512

static bool is_main_llm(const struct node *n)
{
    struct node_more more;
    if (n->kind != NODE_LLM)
        return false;
    model_node_more(n, &more);
    return !more.auxiliary;
}

static struct otlp_span_link *add(struct trace_draft *d, const char *type)
{
    if (d->link_count == TRACE_LINKS_MAX)
        return NULL;
    struct otlp_attr *attrs = arena_alloc(d->arena, 2 * sizeof *attrs);
    if (!attrs)
        return NULL;
    struct otlp_span_link *link = &d->links[d->link_count++];
    attrs[0] =
        (struct otlp_attr){SLICE_LIT("link.type"), {.type = OTLP_VALUE_STRING, .str = slice_str(type)}};
    *link = (struct otlp_span_link){.attrs = {attrs, 1}};
    return link;
}

static struct otlp_span_link *to_node(struct trace_draft *d, const char *type, const struct node *to)
{
    struct otlp_span_link *link = add(d, type);
    if (!link)
        return NULL;
    trace_id_of_session(to->session, link->ids.trace_id);
    trace_span_of_node(to, link->ids.span_id);
    link->ids.has_trace_id = link->ids.has_span_id = true;
    return link;
}

/* Where nobody says it: the newest response before it in the same conversation. */
static const struct node *likely_asker(const struct node *tool)
{
    const struct node *n = tool->prev;
    for (int i = 0; n && i < WALK_MAX; n = n->prev, i++)
        if (is_main_llm(n) && n->state != NODE_FAILED)
            return n;
    return NULL;
}

static void produced_by(struct trace_draft *d, const struct node *tool)
{
    struct node_more more;
    model_node_more(tool, &more);
    const struct node *llm = more.asked_by ? more.asked_by : likely_asker(tool);
    if (llm && is_exported_kind(llm))
        to_node(d, "produced_by_llm", llm);
}

/* A request is given the results of what the response before it asked for. */
static void consumes(struct trace_draft *d, const struct node *llm)
{
    const struct node *n = llm->prev;
    if (!is_main_llm(llm))
        return;
    for (int i = 0; n && i < WALK_MAX; n = n->prev, i++) {
        if (is_main_llm(n) && n->state != NODE_FAILED)
            return;
        bool over = n->state == NODE_DONE || n->state == NODE_FAILED || n->state == NODE_REJECTED;
        if (n->kind != NODE_TOOL || !over)
            continue;
        struct otlp_span_link *link = to_node(d, "consumes_tool_result", n);
        if (!link || n->key.len == 0)
            continue;
        struct otlp_attr *attrs = (struct otlp_attr *)link->attrs.items;
        attrs[1] =
            (struct otlp_attr){SLICE_LIT("gen_ai.tool.call.id"), {.type = OTLP_VALUE_STRING, .str = n->key}};
        link->attrs.count = 2;
    }
}

static void native(struct trace_draft *d, const struct node *n)
{
    struct otlp_span_link *link = n->has_trace_id && n->has_span_id ? add(d, "native_span") : NULL;
    if (!link)
        return;
    memcpy(link->ids.trace_id, n->trace_id, sizeof link->ids.trace_id);
    memcpy(link->ids.span_id, n->span_id, sizeof link->ids.span_id);
    link->ids.has_trace_id = link->ids.has_span_id = true;
}

void links_of_node(struct trace_draft *d, const struct node *n)
{
    native(d, n);
    if (n->kind == NODE_TOOL)
        produced_by(d, n);
    else if (n->kind == NODE_LLM)
        consumes(d, n);
    else if (n->kind == NODE_AGENT && n->parent && n->parent->kind == NODE_TOOL &&
             is_exported_kind(n->parent))
        to_node(d, "parent_task", n->parent);
}
