/* Help: every key of the keymap, every state, every column; one column or two, and it scrolls. */
#include "glyph.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

#define HELP_LINES_MAX 400
#define HELP_KEYS      18 /* columns for the keys */
#define HELP_TWO_FROM  104

struct help_line {
    char left[64];
    struct slice right; /* a part, when all of it has no room */
    int left_role, right_role;
    enum action action; /* what a click does; ACTION_NONE: nothing */
};

struct help {
    struct help_line lines[HELP_LINES_MAX];
    int count;
    int cols;           /* for what stands at the right */
    enum action action; /* of the lines that are added now */
};

static void add_line(struct help *h, const char *left, int left_role, struct slice right, int right_role)
{
    struct help_line *line = &h->lines[h->count < HELP_LINES_MAX ? h->count++ : HELP_LINES_MAX - 1];
    snprintf(line->left, sizeof(line->left), "%s", left);
    line->left_role = left_role;
    line->right = right;
    line->right_role = right_role;
    line->action = h->action;
}

static void add(struct help *h, const char *left, int left_role, const char *right, int right_role)
{
    struct slice rest = slice_str(right);
    add_line(h, left, left_role, wrap_next(&rest, h->cols), right_role);
    while (rest.len)
        add_line(h, "", left_role, wrap_next(&rest, h->cols), right_role);
}

static void add_title(struct help *h, const char *title)
{
    if (h->count)
        add(h, "", ROLE_TEXT, "", ROLE_TEXT);
    add(h, title, ROLE_HELP_TITLE, "", ROLE_TEXT);
}

static void add_action(struct help *h, const struct keymap *map, enum action action)
{
    char keys[64] = "", name[KEY_NAME_MAX];
    struct key key;
    size_t used = 0;
    for (int i = 0; keymap_key(map, action, i, &key) && used + KEY_NAME_MAX + 2 < sizeof(keys); i++)
        used +=
            (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", i ? "  " : "", key_name(&key, name));
    h->action = action;
    add(h, used ? keys : "no key", used ? ROLE_HELP_KEY : ROLE_DIM, action_info(action)->help, ROLE_TEXT);
    h->action = ACTION_NONE;
}

static void add_keys(struct help *h, const struct keymap *map)
{
    for (int g = 0; g < GROUP_COUNT; g++) {
        add_title(h, key_group_name((enum key_group)g));
        for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
            if (action_info((enum action)a)->group == (enum key_group)g)
                add_action(h, map, (enum action)a);
    }
    add_title(h, "Mouse");
    add(h, "click", ROLE_HELP_KEY, "select; on a column title: sort; on a hint below: its key", ROLE_TEXT);
    add(h, "", ROLE_HELP_KEY, "here, on a line above: what it says", ROLE_TEXT);
    add(h, "", ROLE_HELP_KEY, "on the header: the view that has more of it; on the other pane: keys go there",
        ROLE_TEXT);
    add(h, "double click", ROLE_HELP_KEY, "expand or fold; in RED, events and lists: Enter", ROLE_TEXT);
    add(h, "wheel", ROLE_HELP_KEY, "move what is under the mouse", ROLE_TEXT);
}

static void add_state(struct help *h, const struct status_look *look, const char *help)
{
    char text[64];
    snprintf(text, sizeof(text), "%s %s", glyph(look->glyph), look->word);
    add(h, text, (int)look->role, help, ROLE_TEXT);
}

static void add_states(struct help *h)
{
    add_title(h, "States");
    add_state(h, status_of_run(RUN_PERMISSION), "a tool waits for your permission");
    add_state(h, status_of_run(RUN_INPUT), "the session waits for your answer");
    add_state(h, status_of_run(RUN_FAILED), "ended in an error");
    add_state(h, status_of_run(RUN_STARTING), "no prompt yet");
    add_state(h, status_of_run(RUN_THINKING), "the model is at work");
    add_state(h, status_of_run(RUN_STREAMING), "the answer is being written");
    add_state(h, status_of_run(RUN_TOOL), "a tool runs: its name, its work");
    add_state(h, status_of_run(RUN_COMPACTING), "the conversation is being shortened");
    add_state(h, status_of_run(RUN_IDLE), "nothing is asked of you");
    add_state(h, status_of_run(RUN_STALE), "an open turn, long without a word");
    add_state(h, status_of_run(RUN_ENDED), "the session is over");
    add_state(h, status_of_node(NODE_DONE), "a call or turn that ended well");
    add_state(h, status_of_node(NODE_REJECTED), "you, or a rule, said no");
    add_state(h, status_of_node(NODE_INTERRUPTED), "its turn ended without it");
}

static void add_header(struct help *h)
{
    char mark[32];
    add_title(h, "Header");
    snprintf(mark, sizeof(mark), "%s 2 telemetry", glyph(GLYPH_ALARM));
    add(h, mark, ROLE_WARNING, "something is lost, missing or disagrees: the flow view says what", ROLE_TEXT);
    add(h, "context 83%", ROLE_WARNING, "the fullest context of a live session, when it is nearly full",
        ROLE_TEXT);
    add(h, "5h 42%  7d 13%", ROLE_HELP_KEY, "of the plan's limits used, as the newest status line says",
        ROLE_TEXT);
    snprintf(mark, sizeof(mark), "%s ok", glyph(GLYPH_LINK));
    add(h, mark, ROLE_STATE_RUNNING, "how the upstream that is worst off does", ROLE_TEXT);
}

static void add_columns(struct help *h)
{
    add_title(h, "Columns");
    for (int c = COLUMN_STATE; c < COLUMN_COUNT; c++)
        add(h, column_info((enum column)c)->title, ROLE_HELP_KEY, column_info((enum column)c)->help,
            ROLE_TEXT);
}

static int keys_cols(int width)
{
    return width < 48 ? width * 2 / 5 : HELP_KEYS;
}

static void draw_line(struct grid *grid, int row, int col, int width, const struct help_line *line)
{
    int keys = keys_cols(width);
    bool title = line->right.len == 0;
    grid_put(grid, row, col, title ? width : keys, slice_str(line->left), line->left_role);
    grid_put(grid, row, col + keys + 1, width - keys - 1, line->right, line->right_role);
}

void help_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row, int rows)
{
    struct help keys, legend;
    bool two = grid->cols >= HELP_TWO_FROM;
    int width = two ? (grid->cols - 5) / 2 : grid->cols - 3;
    width = width > 76 ? 76 : width;
    keys.count = legend.count = 0;
    keys.action = legend.action = ACTION_NONE;
    keys.cols = legend.cols = width - keys_cols(width) - 1;
    (void)data;
    add_keys(&keys, &ui->keymap);
    add_states(&legend);
    add_header(&legend);
    add_columns(&legend);
    int all = two ? (keys.count > legend.count ? keys.count : legend.count) : keys.count + 1 + legend.count;
    ui->help_lines = all + 1;
    if (ui->help_top > all + 1 - rows)
        ui->help_top = all + 1 > rows ? all + 1 - rows : 0;
    ui->help_cols = 2 + width;
    for (int i = 0; i < rows && row + i < GRID_ROWS_MAX; i++) {
        int at = ui->help_top + i - 1; /* one empty line above */
        bool is_key = at >= 0 && at < keys.count;
        ui->help_actions[row + i] = (uint8_t)(is_key ? keys.lines[at].action : ACTION_NONE);
        if (is_key)
            draw_line(grid, row + i, 2, width, &keys.lines[at]);
        if (two && at >= 0 && at < legend.count)
            draw_line(grid, row + i, 2 + width + 2, width, &legend.lines[at]);
        else if (!two && at > keys.count && at - keys.count - 1 < legend.count)
            draw_line(grid, row + i, 2, width, &legend.lines[at - keys.count - 1]);
    }
}
