#include "screen_links.h"

#include "label.h"
#include "status_json.h"

#include <stdio.h>

#define ARENA_MAX ((size_t)DEEPLINK_KIND_COUNT * (DEEPLINK_URL_MAX + 64))
_Static_assert((int)DEEPLINK_KIND_COUNT <= UI_LINKS_MAX, "raise UI_LINKS_MAX");

void screen_links_init(struct screen_links *l, enum trace_synthesize synthesize)
{
    *l = (struct screen_links){.synthesize = synthesize};
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

/* Somebody traced it, as far as we know. */
static bool is_traced(const struct session *s, const struct node *n)
{
    return s->has_spans || (n && n->has_trace_id);
}

static void add(struct screen_links *l, const struct deeplink_entry *e, bool traced)
{
    if (l->count == UI_LINKS_MAX)
        return;
    struct ui_link_item *item = &l->items[l->count++];
    *item = (struct ui_link_item){deeplink_kind_name(e->kind), e->title, "", "", ""};
    if (!traced && wants_trace(e->kind)) {
        item->why = "no trace known: this session sends none";
    } else if (!e->url) {
        item->why = e->why_not;
    } else {
        item->url = e->url;
        item->help = e->left_out ? e->left_out : where(e->kind);
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

enum ct_err screen_links_fill(struct screen_links *l, const struct deeplink_config *grafana,
                              const struct ui_data *data, const struct ui_effects *asked)
{
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    const struct session *s = model_session_by_id(data->model, asked->session_id);
    const struct node *n = asked->node_id ? model_node_by_id(data->model, asked->node_id) : NULL;
    bool red = asked->red_name[0] != '\0';
    struct link_ids ids;
    struct deeplink_target target = {.from_ns = 0};
    l->count = 0;
    if (!s && !red)
        return CT_ERR_NOT_FOUND;
    if (s) {
        struct run_status status = model_session_status(s, data->now_ns);
        status_link_target(s, n, &status, l->synthesize, &ids, &target);
        describe(l, s, n);
    }
    if (red) {
        narrow(&target, asked);
        snprintf(l->about, sizeof l->about, "%.70s%s", asked->red_name,
                 s ? ", this session" : ", all sessions");
    }
    arena_reset(&l->arena);
    size_t count = deeplink_list(grafana, &target, &l->arena, entries);
    for (size_t i = 0; i < count; i++)
        add(l, &entries[i], !s || l->synthesize != TRACE_SYNTHESIZE_NEVER || is_traced(s, n));
    return CT_OK;
}

const struct ui_link_item *screen_links_find(const struct screen_links *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0)
            return &l->items[i];
    return NULL;
}
