/* The settings: grouped, each with its value and where it comes from. What they are is the application's
 * matter; here a value is chosen or typed. */
#include "dialog.h"
#include "glyph.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

#define NAME_COLS 24
#define LIST_COLS 76

void ui_show_settings(struct ui *ui, const struct ui_setting *items, size_t count)
{
    struct dialog *d = &ui->dialog;
    d->settings = items;
    d->setting_count = (int)count;
    if (count)
        dialog_open(ui, DIALOG_SETTINGS);
}

/* The setting on a line, or NULL: the heading of the group of *first. */
static const struct ui_setting *at(const struct ui *ui, int line, const struct ui_setting **first)
{
    const struct dialog *d = &ui->dialog;
    for (int i = 0; i < d->setting_count; i++) {
        *first = &d->settings[i];
        if ((i == 0 || strcmp(d->settings[i].group, d->settings[i - 1].group) != 0) && line-- == 0)
            return NULL;
        if (line-- == 0)
            return &d->settings[i];
    }
    return NULL;
}

static int count(const struct ui *ui)
{
    const struct dialog *d = &ui->dialog;
    int lines = d->setting_count;
    for (int i = 0; i < d->setting_count; i++)
        lines += i == 0 || strcmp(d->settings[i].group, d->settings[i - 1].group) != 0;
    return lines;
}

static bool selectable(const struct ui *ui, int index)
{
    const struct ui_setting *first = NULL;
    return at(ui, index, &first) != NULL;
}

static const struct ui_setting *selected(const struct ui *ui)
{
    const struct ui_setting *first = NULL;
    return at(ui, ui->dialog.cursor, &first);
}

/* --------------------------------------------------------------------------------------------- drawing */

static void draw(const struct ui *ui, struct grid *grid, struct area line, int index)
{
    const struct ui_setting *first = NULL, *item = at(ui, index, &first);
    struct pen pen = {grid, line.row, line.col, line.col + line.cols};
    if (!item) {
        if (first)
            pen_str(&pen, first->group, ROLE_HELP_TITLE);
        return;
    }
    bool changed = strcmp(item->value, item->fallback) != 0;
    pen.col += 2;
    pen_str(&pen, item->name, item->fixed ? ROLE_DIM : ROLE_TEXT);
    pen.col = line.cols > 50 ? line.col + NAME_COLS : pen.col + 1;
    if (ui->dialog.editing && index == ui->dialog.cursor) {
        /* A long text shows its end: that is where one types. */
        struct slice text = slice_make(ui->dialog.text, ui->dialog.len);
        struct text_cluster skipped;
        while ((int)text_width(text) > pen.edge - pen.col - 1 && text_next(&text, &skipped))
            ;
        pen_put(&pen, text, ROLE_FOOTER_INPUT);
        pen_str(&pen, glyph(GLYPH_CURSOR), ROLE_FOOTER_KEY);
        return;
    }
    pen_str(&pen, item->value[0] ? item->value : glyph(GLYPH_NONE),
            item->fixed ? ROLE_DIM
            : changed   ? ROLE_COST
                        : ROLE_HELP_KEY);
    if (item->fixed) {
        pen_str(&pen, "  ", ROLE_DIM);
        pen_str(&pen, item->origin, ROLE_WARNING);
    }
}

static struct slice help_of(const struct ui *ui, char *out, size_t size)
{
    const struct ui_setting *item = selected(ui);
    if (!item)
        return SLICE_NULL;
    snprintf(out, size, "%s.%s%s%s%s%s", item->help, item->choices[0] ? " One of " : "", item->choices,
             item->choices[0] ? "." : "", item->at_once ? "" : " Takes effect at the next start.",
             item->fixed ? " It is fixed for this run." : "");
    return slice_str(out);
}

#define NOTE_ROWS 3

static int note_rows(const struct ui *ui, int cols)
{
    (void)ui;
    (void)cols;
    return NOTE_ROWS + 1;
}

static void draw_note(const struct ui *ui, struct grid *grid, struct area area)
{
    char text[512];
    struct slice rest = help_of(ui, text, sizeof(text));
    for (int i = 1; i < area.rows && rest.len; i++) {
        struct slice line = i + 1 == area.rows ? rest : wrap_next(&rest, area.cols);
        grid_put(grid, area.row + i, area.col, area.cols, line, ROLE_DIM);
    }
}

/* ------------------------------------------------------------------------------------------------ keys */

static void set(struct ui_effects *effects, const struct ui_setting *item, struct slice value)
{
    if (value.len >= sizeof(effects->value))
        value.len = sizeof(effects->value) - 1;
    effects->what |= UI_SET;
    effects->setting = item->name;
    if (value.len)
        memcpy(effects->value, value.ptr, value.len);
    effects->value[value.len] = '\0';
}

/* The by-th choice from the current one, around the ends. */
static struct slice neighbour(const struct ui_setting *item, int by)
{
    struct slice choices[64], rest = slice_str(item->choices);
    int n = 0, now = 0;
    while (rest.len && n < 64) {
        struct slice choice = slice_sub(rest, 0, slice_find(rest, '|'));
        rest = slice_sub(rest, choice.len + 1, rest.len);
        if (slice_eq_str(choice, item->value))
            now = n;
        choices[n++] = choice;
    }
    return n ? choices[(now + by + n) % n] : SLICE_NULL;
}

static void begin_edit(struct ui *ui, const struct ui_setting *item)
{
    struct dialog *d = &ui->dialog;
    d->len = strlen(item->value) < sizeof(d->text) ? strlen(item->value) : 0;
    memcpy(d->text, item->value, d->len);
    d->editing = true;
}

static void change(struct ui *ui, const struct ui_setting *item, int by, bool typed,
                   struct ui_effects *effects)
{
    if (item->choices[0])
        set(effects, item, neighbour(item, by));
    else if (typed && strcmp(item->name, "columns") == 0)
        dialog_open(ui, DIALOG_COLUMNS);
    else if (typed)
        begin_edit(ui, item);
}

static void act(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects)
{
    const struct ui_setting *item = selected(ui);
    (void)data;
    if (!item)
        return;
    if (item->fixed) {
        char words[UI_MESSAGE_MAX];
        snprintf(words, sizeof(words), "%s is fixed for this run: %s", item->name, item->origin);
        ui_say(ui, UI_WARNING, words);
        return;
    }
    switch (action) {
    case ACTION_SETTING_CHANGE:
        change(ui, item, 1, true, effects);
        break;
    case ACTION_SETTING_NEXT:
        change(ui, item, 1, false, effects);
        break;
    case ACTION_SETTING_PREVIOUS:
        change(ui, item, -1, false, effects);
        break;
    case ACTION_SETTING_RESET:
        set(effects, item, slice_str(item->fallback));
        break;
    default:
        break;
    }
}

static void type(struct dialog *d, uint32_t code)
{
    char bytes[4];
    if (code < ' ' || code >= KEYCODE_UP)
        return;
    size_t n = text_encode(code, bytes);
    if (d->len + n >= sizeof(d->text) || !text_is_clean(slice_make(bytes, n)))
        return;
    memcpy(d->text + d->len, bytes, n);
    d->len += n;
}

void dialog_edit_key(struct ui *ui, const struct ui_data *data, const struct key *key,
                     struct ui_effects *effects)
{
    struct dialog *d = &ui->dialog;
    const struct ui_setting *item = selected(ui);
    (void)data;
    switch (keymap_lookup(&ui->keymap, CONTEXT_EDIT, key)) {
    case ACTION_EDIT_ACCEPT:
        d->editing = false;
        if (item)
            set(effects, item, slice_trim(slice_make(d->text, d->len)));
        break;
    case ACTION_EDIT_CANCEL:
        d->editing = false;
        break;
    case ACTION_EDIT_ERASE:
        while (d->len > 0 && ((uint8_t)d->text[--d->len] & 0xc0) == 0x80)
            ;
        break;
    case ACTION_EDIT_CLEAR:
        d->len = 0;
        break;
    default:
        type(d, key->code);
        break;
    }
}

const struct dialog_look dialog_settings = {
    .context = CONTEXT_SETTINGS,
    .title = "Settings",
    .cols = LIST_COLS,
    .count = count,
    .selectable = selectable,
    .draw = draw,
    .note_rows = note_rows,
    .draw_note = draw_note,
    .act = act,
    .click = ACTION_SETTING_CHANGE,
};
