/* themes: what the themes look like, on a piece of the demo; and whether a file is one. */
#include "commands.h"
#include "contrast.h"
#include "dump.h"
#include "frames_model.h"
#include "frames_source.h"
#include "grid.h"
#include "local_day.h"
#include "theme_list.h"
#include "ui.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEMO_AT_NS (INT64_C(53) * 1000000000) /* a moment with something of everything */
#define COLS_USUAL 80
#define COLS_MIN   40
#define COLS_MAX   120
#define NAME_COLS  15 /* of the longest built-in one and a blank */
#define ROLE_COLS  17 /* of the longest role and a blank */

/* What is shown of the demo. */
struct piece {
    enum ui_view_id view;
    int rows;
    const char *keys;
};

static const struct piece IN_LIST[] = {{UI_VIEW_TREE, 10, ""}};
static const struct piece ALONE[] = {
    {UI_VIEW_TREE, 16, "/why is<Enter>"},
    {UI_VIEW_WATERFALL, 7, ""},
    {UI_VIEW_RED, 12, ""},
};

struct sample {
    const struct options *options;
    struct frames_model frames;
    int64_t now_ns;
    int cols;
    bool ascii;
    enum color_depth depth;
    struct buf out;
};

/* ------------------------------------------------------------------------------------------- the terminal */

static bool is_plain(const char *term)
{
    return !term || strcmp(term, "dumb") == 0;
}

/* What standard output can show: as on the screen, but without asking the terminal. */
static enum color_depth choose_depth(const struct options *o)
{
    const char *term = env_get(&env_process, "TERM"), *colorterm = env_get(&env_process, "COLORTERM");
    switch ((enum color_choice)o->color) {
    case COLOR_CHOICE_TRUE:
        return DEPTH_TRUE;
    case COLOR_CHOICE_256:
        return DEPTH_256;
    case COLOR_CHOICE_16:
        return DEPTH_16;
    case COLOR_CHOICE_MONO:
        return DEPTH_MONO;
    case COLOR_CHOICE_AUTO:
        break;
    }
    if (env_get(&env_process, "NO_COLOR") || is_plain(term))
        return DEPTH_MONO;
    if (colorterm && (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0))
        return DEPTH_TRUE;
    return strstr(term, "256") ? DEPTH_256 : strstr(term, "direct") ? DEPTH_TRUE : DEPTH_16;
}

static int choose_cols(void)
{
    struct winsize ws = {0};
    int cols = ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 ? ws.ws_col : COLS_USUAL;
    return cols < COLS_MIN ? COLS_MIN : cols > COLS_MAX ? COLS_MAX : cols;
}

static bool choose_ascii(const struct options *o)
{
    const char *codeset = nl_langinfo(CODESET);
    bool utf8 = strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
    return o->ascii == ASCII_ON || (o->ascii == ASCII_AUTO && !utf8);
}

/* Where a theme leaves them to the terminal. */
static const struct color PAPER_LIGHT = {COLOR_RGB, 255, 255, 255},
                          PAPER_DARK = {COLOR_RGB, 0x15, 0x18, 0x1d},
                          INK_LIGHT = {COLOR_RGB, 0xdf, 0xe3, 0xe9};

/* ---------------------------------------------------------------------------------------------- the sample
 */

static enum ct_err open_sample(struct sample *s, const struct options *o, struct ct_errmsg *msg)
{
    char path[REPLAY_PATH_MAX];
    struct frames_source *source;
    struct frame frame;
    enum ct_err err = replay_find_demo(path, msg);
    err = err ? err : frames_source_open(path, &source, msg);
    if (err)
        return err;
    *s = (struct sample){
        .options = o, .cols = choose_cols(), .ascii = choose_ascii(o), .depth = choose_depth(o)};
    buf_init(&s->out, DUMP_BYTES_MAX);
    frames_model_init(&s->frames, o, 0);
    while (frames_source_next(source, &frame)) {
        s->now_ns = s->now_ns ? s->now_ns : frame.wall_ns + DEMO_AT_NS;
        if (frame.wall_ns >= s->now_ns)
            break;
        frames_model_add(&s->frames, &frame);
    }
    frames_source_close(source);
    return CT_OK;
}

static void close_sample(struct sample *s)
{
    frames_model_finish(&s->frames);
    buf_finish(&s->out);
}

/* The view as on the screen, without its last line: there are no keys to press here. */
static void draw_piece(struct sample *s, const struct theme *theme, const struct piece *piece)
{
    struct ui_data data = {.source = SLICE_LIT("demo")};
    struct slice keys = slice_str(piece->keys);
    struct grid grid;
    struct key key;
    frames_model_fill(&s->frames, &data);
    data.now_ns = s->now_ns;
    data.day_start_ns = local_day_start(data.now_ns);
    struct ui *ui = ui_create(&(struct ui_config){.ascii = s->ascii, .view = piece->view});
    grid_init(&grid, s->cols, piece->rows + 1);
    ui_draw(ui, &data, &grid);
    while (key_script_next(&keys, &key)) {
        ui_key(ui, &data, &key);
        ui_draw(ui, &data, &grid);
    }
    grid.rows--;
    dump_ansi(&grid, theme, s->depth, &s->out);
    grid.rows++;
    ui_destroy(ui);
    grid_finish(&grid);
}

/* Every role by its name, as it looks. */
static void draw_roles(struct sample *s, const struct theme *theme)
{
    struct grid grid;
    int each = s->cols / ROLE_COLS, rows = (ROLE_COUNT + each - 1) / each;
    grid_init(&grid, s->cols, rows);
    grid_fill(&grid, 0, 0, rows, s->cols, ROLE_TEXT);
    for (int i = 0; i < ROLE_COUNT; i++)
        grid_put(&grid, i % rows, 1 + i / rows * ROLE_COLS, ROLE_COLS - 1, slice_str(role_name((enum role)i)),
                 i);
    dump_ansi(&grid, theme, s->depth, &s->out);
    grid_finish(&grid);
}

static bool has_colours(const struct theme *theme)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (theme->roles[i].fg.kind >= COLOR_INDEX || theme->roles[i].bg.kind >= COLOR_INDEX)
            return true;
    return false;
}

/* With the paper and ink that it is made for in place of the terminal's own, which may be the other kind. */
static struct theme on_its_paper(const struct theme *theme)
{
    struct theme on = *theme;
    const struct color paper = theme->light ? PAPER_LIGHT : PAPER_DARK;
    const struct color ink = theme->light ? PAPER_DARK : INK_LIGHT;
    if (!has_colours(theme))
        return on;
    on.roles[ROLE_TEXT].bg.kind =
        on.roles[ROLE_TEXT].bg.kind == COLOR_KEEP ? COLOR_DEFAULT : on.roles[ROLE_TEXT].bg.kind;
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct style *s = &on.roles[i];
        s->fg = s->fg.kind == COLOR_DEFAULT ? ink : s->fg;
        s->bg = s->bg.kind == COLOR_DEFAULT ? paper : s->bg;
    }
    return on;
}

static void put_heading(struct sample *s, const char *name, const char *about)
{
    buf_printf(&s->out, "%s%s%s  %s\n", s->depth == DEPTH_MONO ? "" : "\033[1m", name,
               s->depth == DEPTH_MONO ? "" : "\033[0m", about);
}

static enum ct_err write_out(struct buf *out, struct ct_errmsg *msg)
{
    if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout))
        return ct_fail(msg, CT_ERR_IO, "the themes could not be written");
    return CT_OK;
}

/* ------------------------------------------------------------------------------------------------ the list
 */

static const char *about(const struct theme_list *t, int index)
{
    if (index == THEME_LIST_AUTO)
        return "dark or light, as the terminal is";
    if (index < THEME_LIST_BUILTIN + THEME_BUILTIN_COUNT)
        return theme_builtin_about(index - THEME_LIST_BUILTIN);
    return t->paths[index];
}

static void say_bad(const struct theme_list *t)
{
    for (int i = 0; i < t->bad_count; i++)
        fprintf(stderr, "claude-top: %s\n", t->bad[i]);
}

static enum ct_err list_names(const struct theme_list *t, struct ct_errmsg *msg)
{
    struct buf out;
    buf_init(&out, DUMP_BYTES_MAX);
    for (int i = 0; i < t->count; i++)
        buf_printf(&out, "%-*s%s\n", NAME_COLS, t->values[i], about(t, i));
    enum ct_err err = write_out(&out, msg);
    buf_finish(&out);
    return err;
}

static enum ct_err show_all(const struct options *o, const struct theme_list *t, struct ct_errmsg *msg)
{
    struct sample s;
    enum ct_err err = open_sample(&s, o, msg);
    if (err)
        return err;
    for (int i = THEME_LIST_BUILTIN; i < t->count; i++) {
        struct theme theme = on_its_paper(&t->list[i]);
        put_heading(&s, t->values[i], about(t, i));
        draw_piece(&s, &theme, &IN_LIST[0]);
        buf_append_char(&s.out, '\n');
    }
    buf_printf(&s.out,
               "%s is %s. Take one with --theme NAME, theme = NAME in config.ini, or T on the screen.\n",
               t->values[THEME_LIST_AUTO], about(t, THEME_LIST_AUTO));
    err = write_out(&s.out, msg);
    close_sample(&s);
    return err;
}

static enum ct_err show_one(const struct options *o, const struct theme_list *t, int index,
                            struct ct_errmsg *msg)
{
    struct sample s;
    enum ct_err err = open_sample(&s, o, msg);
    if (err)
        return err;
    struct theme theme = on_its_paper(&t->list[index]);
    put_heading(&s, t->values[index], about(t, index));
    for (size_t i = 0; i < sizeof ALONE / sizeof ALONE[0]; i++) {
        draw_piece(&s, &theme, &ALONE[i]);
        buf_append_char(&s.out, '\n');
    }
    draw_roles(&s, &theme);
    err = write_out(&s.out, msg);
    close_sample(&s);
    return err;
}

/* ------------------------------------------------------------------------------------------------- --check
 */

static const char *where(int flags)
{
    return flags & CELL_MATCH      ? " as a search hit"
           : flags & CELL_SELECTED ? " on the selected row"
           : flags                 ? " on the row of a session that waits"
                                   : "";
}

static const struct color BLACK = {COLOR_RGB, 0, 0, 0}, WHITE = {COLOR_RGB, 255, 255, 255};

/* The worst of a role, in truecolour and in 256 colours, on the theme's own paper or the usual one. */
static void find_poor(const struct theme *theme, struct contrast_finding worst[ROLE_COUNT])
{
    memset(worst, 0, ROLE_COUNT * sizeof *worst);
    for (int depth = DEPTH_256; depth <= DEPTH_TRUE; depth++) {
        struct contrast_finding found[ROLE_COUNT * 8];
        size_t count = contrast_find(theme, theme->light ? BLACK : WHITE, theme->light ? WHITE : BLACK,
                                     (enum color_depth)depth, 1, found, ROLE_COUNT * 8);
        for (size_t i = 0; i < count; i++) {
            struct contrast_finding *w = &worst[found[i].role];
            if (w->least <= 0 || found[i].ratio < w->ratio)
                *w = found[i];
        }
    }
}

static enum exit_code check(const char *path)
{
    struct theme theme;
    struct ct_errmsg msg;
    struct contrast_finding worst[ROLE_COUNT];
    int poor = 0;
    enum ct_err err = theme_load(&theme, path, &msg);
    if (err)
        return command_fail(err, &msg);
    find_poor(&theme, worst);
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (worst[i].least <= 0)
            continue;
        printf("%s: warning: %s has a contrast of %.1f%s, %.1f is wanted: make it %s\n", path,
               role_name((enum role)i), worst[i].ratio, where(worst[i].flags), worst[i].least,
               theme.light ? "darker" : "lighter");
        poor++;
    }
    printf("%s: ok, a theme for %s terminals%s\n", path, theme.light ? "light" : "dark",
           poor ? "; what the warnings name is hard to read" : "");
    return fflush(stdout) ? EXIT_CODE_FAILURE : EXIT_CODE_OK;
}

enum exit_code command_themes(const struct options *o)
{
    struct theme_list themes;
    struct ct_errmsg msg;
    enum ct_err err = CT_OK;
    if (o->check[0] && o->arg_count > 0)
        return command_fail(ct_fail(&msg, CT_ERR_USAGE,
                                    "--check FILE looks at that file alone: leave %.80s away", o->args[0]),
                            &msg);
    if (o->check[0])
        return check(o->check);
    theme_list_init(&themes, NULL);
    if (o->arg_count > 0) {
        int index = theme_list_find(&themes, o->args[0], &msg);
        err = index < 0 ? CT_ERR_NOT_FOUND : show_one(o, &themes, index, &msg);
    } else {
        say_bad(&themes);
        bool plain = o->color == COLOR_CHOICE_AUTO && !isatty(STDOUT_FILENO);
        err = plain ? list_names(&themes, &msg) : show_all(o, &themes, &msg);
    }
    theme_list_finish(&themes);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}
