#include "screen_links.h"

#include "label.h"
#include "status_json.h"

#include <stdio.h>

#define ARENA_MAX ((size_t)DEEPLINK_KIND_COUNT * (DEEPLINK_URL_MAX + 64))
_Static_assert((int)DEEPLINK_KIND_COUNT <= UI_LINKS_MAX, "raise UI_LINKS_MAX");

void screen_links_init(struct screen_links *l)
{
    *l = (struct screen_links){.count = 0};
    arena_init(&l->arena, ARENA_MAX);
}

void screen_links_finish(struct screen_links *l)
{
    arena_finish(&l->arena);
}

/* Where a kind leads, beside its title. */
static const char *where(enum deeplink_kind kind)
{
    switch (kind) {
    case DEEPLINK_TEMPO:
        return "in Tempo";
    case DEEPLINK_LOKI:
        return "in Loki";
    case DEEPLINK_MIMIR:
        return "in Mimir, with exemplars";
    case DEEPLINK_PROFILES:
        return "in Pyroscope";
    default:
        return "";
    }
}

/* These show a trace, and so there must be one. */
static bool wants_trace(enum deeplink_kind kind)
{
    return kind == DEEPLINK_TEMPO || kind == DEEPLINK_SPLIT || kind == DEEPLINK_DRILLDOWN;
}

static void describe(struct screen_links *l, const struct session *s, const struct node *n)
{
    struct label label;
    size_t used = 0;
    label_build(&label, s, n);
    l->about[0] = '\0';
    for (int i = 0; i < label.count && used + 1 < sizeof l->about; i++)
        used += (size_t)snprintf(l->about + used, sizeof l->about - used, "%.*s",
                                 SLICE_ARG(text_prefix(label.pieces[i].text, 60, NULL)));
}

/* What stands in the way of links that show a trace, and what is to be said of them. */
struct tracing {
    const char *why;  /* there is none; NULL: there is */
    const char *help; /* NULL: nothing special */
};

static struct tracing tracing_of(const struct session *s, const struct node *n, const struct link_ids *ids,
                                 const struct trace_known *known)
{
    struct tracing t = {NULL, NULL};
    bool traced = s->has_spans || (n && n->has_trace_id) || model_session_traces(s, NULL, 0) > 0;
    if (ids->unbegun)
        t.why = "no trace yet: it is sent when its first turn is over";
    else if (ids->unsent && n)
        t.help = "in Tempo, without this: it is sent when its turn is over";
    else if (!traced && !trace_is_synthesized(known->synthesize, s))
        t.why = "no trace known: this session sends none";
    return t;
}

static void add(struct screen_links *l, const struct link_source *source, const struct deeplink_entry *e,
                const struct tracing *tracing)
{
    if (l->count == UI_LINKS_MAX)
        return;
    bool too_long = e->url ? e->left_out != NULL : e->err == CT_ERR_LIMIT;
    struct ui_link_item *item = &l->items[l->count];
    l->too_long[l->count++] = too_long;
    *item = (struct ui_link_item){deeplink_kind_name(e->kind), e->title, "", "", "", false};
    if (tracing->why && wants_trace(e->kind)) {
        item->why = tracing->why;
    } else if (!e->url && too_long && source->shortens) {
        item->help = "too long: Grafana is asked for a short one";
        item->asks = true;
    } else if (!e->url) {
        item->why = e->why_not;
    } else {
        item->url = e->url;
        item->help = e->left_out && !source->shortens             ? e->left_out
                     : tracing->help && e->kind == DEEPLINK_TEMPO ? tracing->help
                                                                  : where(e->kind);
    }
}

/* What a row of the RED table is of. */
static void narrow(struct deeplink_target *target, const struct ui_effects *asked)
{
    struct slice name = slice_str(asked->red_name);
    if (asked->red_kind == RED_LLM)
        target->model = name;
    else if (asked->red_kind == RED_TOOL)
        target->tool = name;
    else if (asked->red_kind == RED_MCP)
        target->mcp_server = name;
    else if (asked->red_kind == RED_AGENT)
        target->agent_type = name;
}

/* What a link is of; ids is where the target's are. */
struct subject {
    const struct session *session; /* NULL: of all sessions */
    const struct node *node;
    struct link_ids ids;
    struct deeplink_target target;
    struct tracing tracing;
};

static enum ct_err find(const struct link_source *source, const struct ui_effects *asked, struct subject *of)
{
    const struct model *m = source->data->model;
    const struct session *s = model_session_by_id(m, asked->session_id);
    *of = (struct subject){.session = s, .node = asked->node_id ? model_node_by_id(m, asked->node_id) : NULL};
    if (!s && !asked->red_name[0])
        return CT_ERR_NOT_FOUND;
    if (s) {
        struct run_status status = model_session_status(s, source->data->now_ns);
        status_link_target(s, of->node, &status, &source->traces, &of->ids, &of->target);
        of->tracing = tracing_of(s, of->node, &of->ids, &source->traces);
    }
    if (asked->red_name[0])
        narrow(&of->target, asked);
    return CT_OK;
}

enum ct_err screen_links_fill(struct screen_links *l, const struct link_source *source,
                              const struct ui_effects *asked)
{
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    struct subject of;
    l->count = 0;
    if (find(source, asked, &of))
        return CT_ERR_NOT_FOUND;
    if (asked->red_name[0])
        snprintf(l->about, sizeof l->about, "%.70s%s", asked->red_name,
                 of.session ? ", this session" : ", all sessions");
    else
        describe(l, of.session, of.node);
    arena_reset(&l->arena);
    size_t count = deeplink_list(source->grafana, &of.target, &l->arena, entries);
    for (size_t i = 0; i < count; i++)
        add(l, source, &entries[i], &of.tracing);
    return CT_OK;
}

enum ct_err screen_links_whole(const struct link_source *source, const struct ui_effects *asked,
                               struct buf *out)
{
    struct subject of;
    enum deeplink_kind kind;
    if (find(source, asked, &of) || !deeplink_kind_parse(asked->link, &kind))
        return CT_ERR_NOT_FOUND;
    return deeplink_build_long(source->grafana, kind, &of.target, out);
}

const struct ui_link_item *screen_links_find(const struct screen_links *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0)
            return &l->items[i];
    return NULL;
}

bool screen_links_too_long(const struct screen_links *l, const struct ui_link_item *item)
{
    return l->too_long[item - l->items];
}
