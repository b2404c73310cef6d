#include "view.h"

#include "keymap.h"
#include "ui_private.h"

static const struct view VIEWS[UI_VIEW_COUNT] = {
    [UI_VIEW_TREE] = {"tree", CONTEXT_TREE, true, tree_draw, tree_move, tree_click},
    [UI_VIEW_WATERFALL] = {"waterfall", CONTEXT_WATERFALL, true, waterfall_draw, waterfall_move, NULL},
    [UI_VIEW_DETAIL] = {"detail", CONTEXT_DETAIL, false, detail_draw, detail_move, NULL},
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
