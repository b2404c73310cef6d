#include "screen_links.h"

#include "label.h"
#include "status_json.h"

#include <stdio.h>

#define ARENA_MAX ((size_t)UI_LINKS_MAX * (DEEPLINK_URL_MAX + 64))

void screen_links_init(struct screen_links *l)
{
    *l = (struct screen_links){.count = 0};
    arena_init(&l->arena, ARENA_MAX);
}

void screen_links_finish(struct screen_links *l)
{
    arena_finish(&l->arena);
}

/* What each kind is called. Kinds that are not named here are shown by their name. */
static const struct {
    const char *name, *title, *help;
    bool trace; /* it shows a trace: there must be one */
} KINDS[] = {
    {"tempo", "Trace", "in Tempo", true},
    {"loki", "Logs", "in Loki", false},
    {"mimir", "Metrics", "in Mimir, with exemplars", false},
    {"profiles", "Profiles", "in Pyroscope", false},
};

static void name_kind(const char *name, struct ui_link_item *item, bool *trace)
{
    *item = (struct ui_link_item){.name = name, .title = name, .help = "", .why = "", .url = ""};
    *trace = false;
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i].name, name) == 0) {
            item->title = KINDS[i].title;
            item->help = KINDS[i].help;
            *trace = KINDS[i].trace;
        }
}

static const char *why_not(enum ct_err err)
{
    return err == CT_ERR_USAGE   ? "no Grafana is configured: set root_url in [grafana]"
           : err == CT_ERR_LIMIT ? "the link would be too long"
                                 : "no link can be made";
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

enum ct_err screen_links_fill(struct screen_links *l, const struct deeplink_config *grafana,
                              const struct ui_data *data, uint64_t session_id, uint64_t node_id)
{
    const struct session *s = model_session_by_id(data->model, session_id);
    const struct node *n = node_id ? model_node_by_id(data->model, node_id) : NULL;
    struct link_ids ids;
    struct deeplink_target target;
    l->count = 0;
    if (!s)
        return CT_ERR_NOT_FOUND;
    struct run_status status = model_session_status(s, data->now_ns);
    status_link_target(s, n, &status, &ids, &target);
    arena_reset(&l->arena);
    describe(l, s, n);
    for (int kind = 0; kind < DEEPLINK_KIND_COUNT && l->count < UI_LINKS_MAX; kind++) {
        struct ui_link_item *item = &l->items[l->count++];
        struct buf url;
        bool trace;
        name_kind(deeplink_kind_name((enum deeplink_kind)kind), item, &trace);
        if (trace && !is_traced(s, n)) {
            item->why = "no trace known: this session sends none";
            continue;
        }
        buf_init(&url, DEEPLINK_URL_MAX + 2);
        enum ct_err err = deeplink_build(grafana, (enum deeplink_kind)kind, &target, &url);
        const char *kept = err ? NULL : arena_dup(&l->arena, buf_slice(&url)).ptr;
        if (kept)
            item->url = kept;
        else
            item->why = why_not(err);
        buf_finish(&url);
    }
    return CT_OK;
}

const struct ui_link_item *screen_links_find(const struct screen_links *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].name, name) == 0)
            return &l->items[i];
    return NULL;
}
