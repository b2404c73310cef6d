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
    status_link_target(s, n, &status, l->synthesize, &ids, &target);
    arena_reset(&l->arena);
    describe(l, s, n);
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    size_t count = deeplink_list(grafana, &target, &l->arena, entries);
    for (size_t i = 0; i < count; i++) {
        const struct deeplink_entry *e = &entries[i];
        l->items[l->count++] = (struct ui_link_item){.name = deeplink_kind_name(e->kind),
                                                     .title = e->title,
                                                     .help = e->left_out ? e->left_out : where(e->kind),
                                                     .why = e->why_not ? e->why_not : "",
                                                     .url = e->url ? e->url : ""};
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
