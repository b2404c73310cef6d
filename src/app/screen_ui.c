#include "screen_ui.h"

#include "columns.h"
#include "filter.h"
#include "keys.h"
#include "options_table.h"

/* Returns which one to start with; `auto` when the one that is asked for is none, and odd says why. */
static int choose_theme(const struct options *o, struct theme_list *themes, struct ct_errmsg *odd)
{
    struct ct_errmsg why;
    int index = theme_list_find(themes, o->theme, &why);
    if (index < 0)
        ct_fail(odd, CT_ERR_USAGE, "%.450s; using the default theme", why.text);
    return index < 0 ? THEME_LIST_AUTO : index;
}

static const char *folder_of(const struct options *o)
{
    return o->cwd[0] ? o->cwd : ".";
}

enum ct_err screen_place_init(struct screen_place *place, const struct options *o, struct ct_errmsg *msg)
{
    struct ct_errmsg ignored;
    place->sessions = 0;
    project_init(&place->project);
    enum ct_err err = project_find(&place->project, folder_of(o), env_get(&env_process, "HOME"),
                                   o->cwd[0] ? msg : &ignored);
    return o->cwd[0] ? err : CT_OK;
}

void screen_place_finish(struct screen_place *place)
{
    project_finish(&place->project);
}

void screen_place_fill(struct screen_place *place, const struct options *o, struct ui_data *data)
{
    struct ct_errmsg ignored;
    uint64_t sessions = model_stats(data->model).sessions;
    if (sessions != place->sessions)
        project_find(&place->project, folder_of(o), env_get(&env_process, "HOME"), &ignored);
    place->sessions = sessions;
    data->here = place->project.folders;
    data->here_count = place->project.count;
}

/* What the flags narrow the sessions to, as it could be typed after f. */
static void make_filter(const struct options *o, struct buf *out)
{
    size_t row = option_index(option_by_flag(SLICE_LIT("session")));
    bool last = strcmp(o->session, "last") == 0, all = strcmp(o->session, "all") == 0;
    if (o->sources[row].origin != ORIGIN_BUILT_IN && !all && o->session[0])
        buf_printf(out, "%s%s ", last ? "" : "id:", o->session);
    if (o->cwd[0])
        buf_append_str(out, "here ");
    buf_append_str(out, o->filter);
    while (out->len && out->data[out->len - 1] == ' ')
        out->len--;
}

enum ct_err screen_ui_create(const struct options *o, bool ascii, struct theme_list *themes, struct ui **out,
                             struct ct_errmsg *odd, struct ct_errmsg *msg)
{
    struct keymap keymap;
    struct filter filter;
    struct column_set columns;
    struct buf text;
    buf_init(&text, 4096);
    make_filter(o, &text);
    enum ct_err err = filter_parse(&filter, buf_slice(&text), msg);
    buf_finish(&text);
    if (err)
        return err;
    if (keys_read(o, &keymap, msg))
        return CT_ERR_USAGE;
    odd->text[0] = '\0';
    struct ui_config config = {
        .ascii = ascii,
        .keymap = &keymap,
        .themes = themes->list,
        .theme = choose_theme(o, themes, odd),
        .sort = (enum ui_sort)o->sort,
        .columns = o->columns,
        .view = (enum ui_view_id)o->view,
        .filter = slice_str(filter.text),
        .attention = {.limits = &o->alerts,
                      .bell = (enum ui_when)o->attention_bell,
                      .notify = (enum ui_when)o->attention_notify,
                      .again_ns = o->attention_again_ns,
                      .no_highlight = !o->attention_highlight,
                      .no_title = !o->attention_title},
    };
    config.theme_count = themes->count;
    if (!odd->text[0])
        columns_parse(&columns, slice_str(o->columns), odd);
    *out = ui_create(&config);
    return CT_OK;
}
