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

void derive_windows(struct session_entry *s, struct entry *e)
{
    const struct node *p = &e->pub;
    bool llm = p->kind == NODE_LLM;
    if (e->kept || (!llm && p->kind != NODE_TOOL))
        return;
    struct fleet_share fleet = {0};
    struct red_share red[2] = {{.duration_ns = -1, .ttft_ns = -1}, {.duration_ns = -1, .ttft_ns = -1}};
    if (e->visible && (p->state == NODE_DONE || p->state == NODE_FAILED)) {
        const struct facts *f = e->view;
        struct slice names[2] = {llm ? p->model : p->name, llm ? s->pub.session_id : mcp_server(p->name)};
        enum red_kind kinds[2] = {llm ? RED_LLM : RED_TOOL, llm ? RED_SESSION : RED_MCP};
        int64_t time_ns = p->end_ns ? p->end_ns : p->start_ns;
        for (int i = 0; i < 2; i++) {
            red[i] = (struct red_share){.time_ns = time_ns,
                                        .duration_ns = p->duration_ns,
                                        .ttft_ns = p->ttft_ns,
                                        .retries = llm && p->attempts > 1 ? p->attempts - 1 : 0,
                                        .failed = p->state == NODE_FAILED};
            if (names[i].len)
                red_series_for(&s->model->red, kinds[i], names[i], &e->red_share[i], &red[i]);
        }
        fleet = (struct fleet_share){
            .counted = llm,
            .time_ns = time_ns,
            .tokens = known(facts_number(f, FACT_INPUT)) + known(facts_number(f, FACT_OUTPUT)) +
                      known(facts_number(f, FACT_CACHE_READ)) + known(facts_number(f, FACT_CACHE_CREATION)),
            .cost_nano_usd = known(e->cost_nano_usd),
            .cost_estimated = e->cost_estimated,
            .duration_ns = p->duration_ns,
            .failed = p->state == NODE_FAILED,
        };
    }
    for (int i = 0; i < 2; i++)
        red_update(&e->red_share[i], &red[i]);
    if (fleet.counted && !s->burn)
        s->burn = session_alloc(s, sizeof *s->burn);
    fleet_update(&s->model->fleet, s->burn, &e->fleet_share, &fleet);
}
