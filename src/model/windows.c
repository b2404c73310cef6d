/* An entry's share of the time windows: the fleet's, its session's burn rate, and the RED series. */
#include "model_private.h"

static int64_t known(int64_t value)
{
    return value > 0 ? value : 0;
}

/* "mcp__server__tool" → "server"; "" for other tools. */
static struct slice mcp_server(struct slice tool)
{
    if (!slice_starts(tool, SLICE_LIT("mcp__")))
        return SLICE_NULL;
    struct slice rest = slice_sub(tool, 5, tool.len);
    return slice_sub(rest, 0, slice_find_slice(rest, SLICE_LIT("__")));
}

size_t windows_red(const struct session_entry *s, const struct entry *e, struct window_series *out,
                   struct red_share *share)
{
    const struct node *p = &e->pub;
    bool ended = e->visible && (p->state == NODE_DONE || p->state == NODE_FAILED);
    size_t count = 0;
    *share = (struct red_share){.time_ns = p->end_ns ? p->end_ns : p->start_ns,
                                .duration_ns = p->duration_ns,
                                .ttft_ns = p->kind == NODE_LLM ? p->ttft_ns : -1,
                                .retries = p->kind == NODE_LLM && p->attempts > 1 ? p->attempts - 1 : 0,
                                .failed = p->state == NODE_FAILED};
    if (ended && p->kind == NODE_LLM) {
        out[count++] = (struct window_series){RED_LLM, p->model};
        out[count++] = (struct window_series){RED_SESSION, s->pub.session_id};
    } else if (ended && p->kind == NODE_TOOL) {
        out[count++] = (struct window_series){RED_TOOL, p->name};
        out[count++] = (struct window_series){RED_MCP, mcp_server(p->name)};
    } else if (ended && p->kind == NODE_AGENT && p->total.agents > 0) {
        share->time_ns = p->end_ns ? p->end_ns : p->last_ns;
        out[count++] = (struct window_series){RED_AGENT, p->name};
    }
    return count;
}

static void share_red(struct session_entry *s, struct entry *e)
{
    struct window_series series[WINDOW_SERIES_MAX];
    struct red_share share;
    size_t count = windows_red(s, e, series, &share);
    for (size_t i = 0; i < WINDOW_SERIES_MAX; i++) {
        struct red_share now = share;
        if (i < count && series[i].name.len)
            red_series_for(&s->model->red, series[i].kind, series[i].name, &e->red_share[i], &now);
        red_update(&e->red_share[i], &now);
    }
}

static void share_fleet(struct session_entry *s, struct entry *e)
{
    const struct node *p = &e->pub;
    struct fleet_share fleet = {0};
    if (e->visible && (p->state == NODE_DONE || p->state == NODE_FAILED)) {
        const struct facts *f = e->view;
        fleet = (struct fleet_share){
            .counted = true,
            .time_ns = p->end_ns ? p->end_ns : p->start_ns,
            .tokens = known(facts_number(f, FACT_INPUT)) + known(facts_number(f, FACT_OUTPUT)) +
                      known(facts_number(f, FACT_CACHE_CREATION)),
            .cost_nano_usd = known(e->cost_nano_usd),
            .cost_estimated = e->cost_estimated,
            .duration_ns = p->duration_ns,
            .failed = p->state == NODE_FAILED,
        };
        if (!s->burn)
            s->burn = session_alloc(s, sizeof *s->burn);
    }
    fleet_update(&s->model->fleet, s->burn, &e->fleet_share, &fleet);
}

void derive_windows(struct session_entry *s, struct entry *e)
{
    enum node_kind kind = e->pub.kind;
    if (e->kept || (kind != NODE_LLM && kind != NODE_TOOL && kind != NODE_AGENT))
        return;
    share_red(s, e);
    signs_share(s, e);
    if (kind == NODE_LLM)
        share_fleet(s, e);
}
