#include "view.h"

#include "keymap.h"
#include "ui_private.h"

static const struct view VIEWS[UI_VIEW_COUNT] = {
    [UI_VIEW_TREE] = {.name = "tree",
                      .context = CONTEXT_TREE,
                      .shows_nodes = true,
                      .draw = tree_draw,
                      .move = tree_move,
                      .click = tree_click},
    [UI_VIEW_WATERFALL] = {.name = "waterfall",
                           .context = CONTEXT_WATERFALL,
                           .shows_nodes = true,
                           .draw = waterfall_draw,
                           .move = waterfall_move,
                           .find = waterfall_find},
    [UI_VIEW_RED] = {.name = "red",
                     .context = CONTEXT_RED,
                     .draw = red_draw,
                     .move = red_move,
                     .enter = red_enter,
                     .target = red_target,
                     .find = red_find,
                     .click = red_click},
    [UI_VIEW_EVENTS] = {.name = "events",
                        .context = CONTEXT_EVENTS,
                        .draw = events_draw,
                        .move = events_move,
                        .enter = events_enter,
                        .target = events_target,
                        .find = events_find,
                        .click = events_click},
    [UI_VIEW_DETAIL] = {.name = "detail",
                        .context = CONTEXT_DETAIL,
                        .draw = detail_draw,
                        .move = detail_move,
                        .find = detail_find},
    [UI_VIEW_ALERTS] = {.name = "alerts",
                        .context = CONTEXT_ALERTS,
                        .draw = alerts_draw,
                        .move = alerts_move,
                        .enter = alerts_enter,
                        .target = alerts_target,
                        .find = alerts_search,
                        .click = alerts_click},
    [UI_VIEW_FLOW] =
        {.name = "flow", .context = CONTEXT_FLOW, .draw = flow_draw, .move = flow_move, .find = flow_find},
};

const struct view *view_of(enum ui_view_id id)
{
    return &VIEWS[id];
}

int view_find(struct slice name)
{
    for (int i = 0; i < UI_VIEW_COUNT; i++)
        if (slice_eq_str(name, VIEWS[i].name))
            return i;
    return -1;
}
