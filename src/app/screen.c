#include "screen.h"

#include "clock.h"
#include "grafana_api.h"
#include "mem.h"
#include "opener.h"
#include "screen_links.h"
#include "screen_settings.h"
#include "screen_ui.h"
#include "synthesis.h"
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct screen {
    struct screen_config config;
    struct terminal *terminal;
    struct ui *ui;
    struct grid grid;
    struct theme_list themes;
    enum term_paper paper; /* what `auto` goes by */
    struct screen_place place;
    struct screen_settings settings; /* config.options is its copy */
    struct grafana_api *grafana;
    struct screen_links links; /* of the list that the ui shows */
    struct screen_links link;  /* of one key press */
    struct screen_links shown; /* of the row whose details are drawn */
    bool mouse;
    bool dirty;
    bool answers; /* the next frame is a key's */
    int64_t drawn_mono_ns;
    int64_t answered_mono_ns; /* a key */

    uv_poll_t poll;
    uv_prepare_t between; /* a turn of the loop that does not sleep: keys before what the sockets bring */
    uv_timer_t frame;     /* the next frame, or the next tick of an age */
    uv_timer_t escape;    /* a lone ESC */
    uv_signal_t signals[4];
    unsigned handles;
    bool stopped;
    void (*stop_done)(void *ctx);
    void *stop_ctx;
};

static const int watched[] = {SIGWINCH, SIGCONT, SIGTSTP, SIGHUP};

static void draw(struct screen *s);
static void on_poll(uv_poll_t *poll, int status, int events);

static void quit(struct screen *s)
{
    s->config.quit(s->config.ctx);
}

/* Drawing asks Grafana nothing: by what it said last. */
static size_t links_of(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                       const struct ui_link_item **items)
{
    struct screen *s = ctx;
    struct ui_effects row = {.session_id = session_id, .node_id = node_id};
    *items = s->shown.items;
    if (screen_links_fill(&s->shown, grafana_api_links(s->grafana), data, &row))
        return 0;
    return s->shown.count;
}

static void fill(struct screen *s, struct ui_data *data)
{
    *data = (struct ui_data){.links = links_of, .links_ctx = s};
    s->config.fill(s->config.ctx, data);
    screen_place_fill(&s->place, s->config.options, data);
}

static void on_frame(uv_timer_t *timer)
{
    draw(timer->data);
}

static void schedule(struct screen *s, int64_t delay_ns)
{
    if (s->stopped)
        return;
    uint64_t ms = delay_ns <= 0 ? 0 : (uint64_t)((delay_ns + NS_PER_MS - 1) / NS_PER_MS);
    uv_timer_start(&s->frame, on_frame, ms, 0);
}

static void listen_for(struct screen *s)
{
    int events = UV_READABLE | (terminal_wants_write(s->terminal) ? UV_WRITABLE : 0);
    uv_poll_start(&s->poll, events, on_poll);
}

static void call_for_attention(struct screen *s)
{
    struct ui_notice notice;
    char text[UI_NOTICE_MAX + 32];
    if (!ui_take_notice(s->ui, &notice))
        return;
    if (notice.bell)
        terminal_bell(s->terminal);
    if (notice.count == 0)
        return;
    if (notice.count > 1)
        snprintf(text, sizeof text, "%s, and %d more", notice.text, notice.count - 1);
    else
        snprintf(text, sizeof text, "%s", notice.text);
    terminal_notify(s->terminal, text);
}

static void draw(struct screen *s)
{
    struct ui_data data;
    fill(s, &data);
    s->drawn_mono_ns = clock_mono();
    if (s->answers)
        s->answered_mono_ns = s->drawn_mono_ns;
    s->dirty = s->answers = false;
    ui_draw(s->ui, &data, &s->grid);
    terminal_title(s->terminal, ui_window_title(s->ui));
    call_for_attention(s);
    enum ct_err err = terminal_present(s->terminal, &s->grid, ui_theme(s->ui));
    if (err == CT_ERR_IO) {
        quit(s);
        return;
    }
    listen_for(s);
    int64_t wake = ui_wake_ns(s->ui), due = model_due_ns(data.model);
    if (due > 0 && (wake == 0 || due < wake))
        wake = due;
    if (wake > 0) {
        int64_t delay = wake - data.now_ns;
        schedule(s, delay > SCREEN_FRAME_MS * NS_PER_MS ? delay : SCREEN_FRAME_MS * NS_PER_MS);
    }
}

void screen_changed(struct screen *s)
{
    if (s->dirty || s->stopped)
        return;
    s->dirty = true;
    schedule(s, s->drawn_mono_ns + SCREEN_FRAME_MS * NS_PER_MS - clock_mono());
}

void screen_receives(struct screen *s, bool receives)
{
    s->config.receives = receives;
}

/* A key is answered at once (read_keys()), and keys that repeat faster than a screen can follow by frames of
 * their own pace. */
static void answer(struct screen *s)
{
    if (s->stopped)
        return;
    s->dirty = s->answers = true;
    schedule(s, s->answered_mono_ns + SCREEN_KEY_MS * NS_PER_MS - clock_mono());
}

void screen_say(struct screen *s, enum ui_severity severity, const char *text)
{
    ui_say(s->ui, severity, text);
    screen_changed(s);
}

static void copy(struct screen *s, struct slice text, const char *what)
{
    char words[UI_MESSAGE_MAX];
    enum ct_err err = terminal_copy(s->terminal, text);
    if (err == CT_ERR_LIMIT)
        snprintf(words, sizeof words, "not copied: %zu bytes, a terminal takes %u at most", text.len,
                 TERMINAL_COPY_MAX);
    else if (err)
        snprintf(words, sizeof words, "this terminal has no clipboard: %.*s", SLICE_ARG(text));
    else
        snprintf(words, sizeof words, "copied %s", what);
    screen_say(s, err ? UI_WARNING : UI_INFO, words);
}

static void open_url(struct screen *s, const char *url)
{
    struct ct_errmsg msg;
    if (opener_open(&env_process, url, &msg) == CT_OK) {
        screen_say(s, UI_INFO, "opened in the browser");
        return;
    }
    /* No browser here (ssh, a server): the terminal can open or copy it. */
    char words[UI_MESSAGE_MAX];
    bool copied = terminal_copy(s->terminal, slice_str(url)) == CT_OK;
    snprintf(words, sizeof words, "%s%.*s", copied ? "copied: " : "",
             SLICE_ARG(slice_sub(slice_str(url), 0, 120)));
    terminal_link(s->terminal, url);
    screen_say(s, UI_INFO, words);
}

/* As Grafana says, where it lets us ask. */
static const struct deeplink_config *grafana_links(struct screen *s)
{
    grafana_api_refresh(s->grafana);
    return grafana_api_links(s->grafana);
}

static void follow_link(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    screen_links_fill(&s->link, grafana_links(s), data, e);
    const struct ui_link_item *item = screen_links_find(&s->link, e->link);
    if (!item)
        screen_say(s, UI_WARNING, "no link: the session is gone");
    else if (item->url[0] == '\0')
        screen_say(s, UI_WARNING, item->why);
    else if (e->what & UI_COPY_LINK)
        copy(s, slice_str(item->url), "the link");
    else if (e->what & UI_SHOW_LINK)
        terminal_link(s->terminal, item->url);
    else
        open_url(s, item->url);
}

static void list_links(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    if (screen_links_fill(&s->links, grafana_links(s), data, e) == CT_OK)
        ui_show_links(s->ui, s->links.about, s->links.items, s->links.count);
}

/* ------------------------------------------------------------------------------------------ settings */

static void list_settings(struct screen *s, bool opened)
{
    screen_settings_list(&s->settings, opened);
    ui_show_settings(s->ui, s->settings.items, s->settings.count);
}

static bool theme_is_auto(const struct screen *s)
{
    return ui_theme(s->ui) == &s->themes.list[THEME_LIST_AUTO];
}

/* The terminal said something of its paper. */
static void take_paper(struct screen *s)
{
    enum term_paper paper = terminal_paper(s->terminal);
    if (paper == TERM_PAPER_UNKNOWN || paper == s->paper)
        return;
    s->paper = paper;
    theme_list_paper(&s->themes, paper == TERM_PAPER_LIGHT);
    if (theme_is_auto(s))
        answer(s);
}

static void use_theme(struct screen *s, const char *value)
{
    struct ct_errmsg msg;
    ui_set_theme(s->ui, theme_list_find(&s->themes, value, &msg));
    if (theme_is_auto(s))
        terminal_ask_paper(s->terminal);
    terminal_repaint(s->terminal);
}

/* The key T: the ui has gone over to the next theme already. It is kept like what the settings screen sets.
 */
static void keep_theme(struct screen *s)
{
    struct ct_errmsg msg;
    char words[UI_MESSAGE_MAX];
    bool used;
    int index = (int)(ui_theme(s->ui) - s->themes.list);
    const char *value = s->themes.values[index];
    screen_settings_close(&s->settings);
    enum ct_err err = screen_settings_set(&s->settings, "theme", value, &used, &msg);
    if (theme_is_auto(s))
        terminal_ask_paper(s->terminal);
    if (err)
        snprintf(words, sizeof words, "theme %.40s, for this run: %.90s", value, msg.text);
    else
        snprintf(words, sizeof words, "theme %.40s, kept in config.ini", value);
    screen_say(s, UI_INFO, words);
}

/* What the terminal and the ui were told when they were made. The rest is read when it is used. */
static void use_setting(struct screen *s, const char *name)
{
    const struct options *o = s->config.options;
    struct ct_errmsg msg;
    if (strcmp(name, "theme") == 0) {
        use_theme(s, o->theme);
    } else if (strcmp(name, "sort") == 0) {
        ui_set_sort(s->ui, (enum ui_sort)o->sort);
    } else if (strcmp(name, "columns") == 0) {
        ui_set_columns(s->ui, o->columns, &msg); /* it was looked at before */
    } else if (strcmp(name, "mouse") == 0) {
        s->mouse = o->mouse;
        terminal_mouse(s->terminal, s->mouse);
    }
}

static void set_setting(struct screen *s, const struct ui_effects *e)
{
    struct ct_errmsg msg;
    char words[UI_MESSAGE_MAX];
    bool used, listed = ui_shows_settings(s->ui);
    if (!listed)
        screen_settings_close(&s->settings);
    enum ct_err err = screen_settings_set(&s->settings, e->setting, e->value, &used, &msg);
    if (used)
        use_setting(s, e->setting);
    if (listed)
        list_settings(s, false);
    snprintf(words, sizeof words, "%s is kept in %s", e->setting, s->config.options->config);
    screen_say(s, err ? UI_WARNING : UI_INFO, err ? msg.text : words);
}

static void suspend(struct screen *s)
{
    if (s->config.receives) {
        screen_say(s, UI_WARNING,
                   "not suspended: Claude Code would wait for a stopped receiver (claude-top serve runs "
                   "without a screen)");
        return;
    }
    terminal_suspend(s->terminal);
    raise(SIGSTOP); /* SIGTSTP is ours now; SIGCONT brings us back in on_signal() */
}

static void carry_out(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    if (e->what & UI_REPAINT)
        terminal_repaint(s->terminal);
    if (e->what & UI_TOGGLE_MOUSE) {
        s->mouse = !s->mouse;
        terminal_mouse(s->terminal, s->mouse);
        screen_say(s, UI_INFO,
                   s->mouse ? "the mouse is ours" : "the mouse is the terminal's: M takes it back");
    }
    if (e->what & (UI_OPEN_LINK | UI_COPY_LINK | UI_SHOW_LINK))
        follow_link(s, data, e);
    if (e->what & UI_LIST_LINKS)
        list_links(s, data, e);
    if (e->what & UI_LIST_SETTINGS)
        list_settings(s, true);
    if (e->what & UI_SET)
        set_setting(s, e);
    if (e->what & UI_KEEP_THEME)
        keep_theme(s);
    if (e->what & UI_COPY_TEXT)
        copy(s, slice_str(e->copy), e->copy);
    if (e->what & (UI_REDRAW | UI_REPAINT))
        answer(s);
    if (e->what & UI_SUSPEND)
        suspend(s);
    if (e->what & UI_QUIT)
        quit(s);
}

static void on_escape(uv_timer_t *timer);

static void read_keys(struct screen *s)
{
    struct key key;
    enum ct_err err;
    struct ui_data data;
    fill(s, &data);
    while (!s->stopped && (err = terminal_read(s->terminal, clock_mono(), &key)) == CT_OK) {
        struct ui_effects effects = ui_key(s->ui, &data, &key);
        carry_out(s, &data, &effects);
    }
    if (s->stopped)
        return;
    take_paper(s);
    if (err == CT_END) {
        quit(s);
        return;
    }
    if (terminal_escape_pending(s->terminal))
        uv_timer_start(&s->escape, on_escape, TERMINAL_ESCAPE_MS, 0);
    if (s->answers && clock_mono() - s->answered_mono_ns >= SCREEN_KEY_MS * NS_PER_MS)
        draw(s);
}

static void on_escape(uv_timer_t *timer)
{
    struct screen *s = timer->data;
    terminal_escape_timeout(s->terminal);
    read_keys(s);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct screen *s = poll->data;
    if (status < 0) {
        quit(s);
        return;
    }
    if (events & UV_WRITABLE) {
        if (terminal_write(s->terminal))
            screen_changed(s);
        listen_for(s);
    }
    if (events & UV_READABLE)
        read_keys(s);
}

/* Of a loop at work: a key need not wait until all that the sockets have is read. */
static void on_between(uv_prepare_t *between)
{
    struct screen *s = between->data;
    if (uv_backend_timeout(s->config.loop) == 0 && terminal_has_input(s->terminal))
        read_keys(s);
}

static void take_size(struct screen *s)
{
    int rows, cols;
    terminal_size(s->terminal, &rows, &cols);
    grid_resize(&s->grid, cols, rows);
    screen_changed(s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct screen *s = handle->data;
    struct ct_errmsg msg;
    switch (number) {
    case SIGWINCH:
        if (terminal_resized(s->terminal))
            take_size(s);
        break;
    case SIGCONT:
        if (terminal_resume(s->terminal, &msg)) {
            quit(s);
            return;
        }
        terminal_resized(s->terminal);
        take_size(s);
        break;
    case SIGTSTP:
        suspend(s);
        break;
    default:
        quit(s);
        break;
    }
}

static enum ct_err make_ui(struct screen *s, struct ct_errmsg *msg)
{
    struct ct_errmsg odd;
    enum ct_err err =
        screen_ui_create(s->config.options, terminal_ascii(s->terminal), &s->themes, &s->ui, &odd, msg);
    if (err)
        return err;
    s->settings.themes = theme_list_choices(&s->themes);
    if (theme_is_auto(s))
        terminal_ask_paper(s->terminal);
    if (odd.text[0])
        ui_say(s->ui, UI_WARNING, odd.text);
    return CT_OK;
}

static void part_closed(void *ctx)
{
    struct screen *s = ctx;
    if (--s->handles == 0 && s->stop_done)
        s->stop_done(s->stop_ctx);
}

static void on_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

void screen_stop(struct screen *s, void (*done)(void *ctx), void *ctx)
{
    s->stopped = true;
    s->stop_done = done;
    s->stop_ctx = ctx;
    uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    uv_close((uv_handle_t *)&s->between, on_closed);
    uv_close((uv_handle_t *)&s->frame, on_closed);
    uv_close((uv_handle_t *)&s->escape, on_closed);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        uv_close((uv_handle_t *)&s->signals[i], on_closed);
    grafana_api_close(s->grafana, part_closed, s);
    s->grafana = NULL;
    terminal_close(s->terminal);
    s->terminal = NULL;
}

void screen_destroy(struct screen *s)
{
    if (!s)
        return;
    terminal_close(s->terminal);
    ui_destroy(s->ui);
    theme_list_finish(&s->themes);
    screen_place_finish(&s->place);
    screen_settings_finish(&s->settings);
    screen_links_finish(&s->links);
    screen_links_finish(&s->link);
    screen_links_finish(&s->shown);
    grid_finish(&s->grid);
    free(s);
}

enum ct_err screen_create(const struct screen_config *config, struct screen **out, struct ct_errmsg *msg)
{
    static const enum terminal_color colors[] = {
        [COLOR_CHOICE_AUTO] = TERMINAL_COLOR_AUTO, [COLOR_CHOICE_TRUE] = TERMINAL_COLOR_TRUE,
        [COLOR_CHOICE_256] = TERMINAL_COLOR_256,   [COLOR_CHOICE_16] = TERMINAL_COLOR_16,
        [COLOR_CHOICE_MONO] = TERMINAL_COLOR_MONO,
    };
    static const enum terminal_ascii asciis[] = {
        [ASCII_AUTO] = TERMINAL_ASCII_AUTO, [ASCII_ON] = TERMINAL_ASCII_ON, [ASCII_OFF] = TERMINAL_ASCII_OFF};
    const struct options *o = config->options;
    struct screen *s = mem_alloc(sizeof *s);
    s->config = *config;
    screen_settings_init(&s->settings, o, "");
    enum trace_synthesize synthesize = synthesis_mode(config->options, config->receives);
    screen_links_init(&s->links, synthesize);
    screen_links_init(&s->link, synthesize);
    screen_links_init(&s->shown, synthesize);
    s->config.options = &s->settings.own;
    s->mouse = o->mouse;
    s->paper = term_paper_variable(env_get(&env_process, "COLORFGBG"));
    theme_list_init(&s->themes, NULL);
    theme_list_paper(&s->themes, s->paper == TERM_PAPER_LIGHT);
    struct terminal_config terminal = {
        .term = env_get(&env_process, "TERM"),
        .colorterm = env_get(&env_process, "COLORTERM"),
        .no_color = env_get(&env_process, "NO_COLOR") != NULL,
        .color = colors[o->color],
        .ascii = asciis[o->ascii],
        .mouse = o->mouse,
        .notify = (enum term_notify)o->attention_notify_by,
        .notify_env = {.term = env_get(&env_process, "TERM"),
                       .term_program = env_get(&env_process, "TERM_PROGRAM"),
                       .vte_version = env_get(&env_process, "VTE_VERSION"),
                       .tmux = env_get(&env_process, "TMUX")},
    };
    enum ct_err err = screen_place_init(&s->place, o, msg);
    if (!err)
        err = terminal_open(&terminal, &s->terminal, msg);
    if (!err)
        err = make_ui(s, msg);
    if (err) {
        terminal_close(s->terminal);
        s->terminal = NULL;
        screen_destroy(s);
        return err;
    }
    int rows, cols;
    terminal_size(s->terminal, &rows, &cols);
    grid_init(&s->grid, cols, rows);
    uv_poll_init(config->loop, &s->poll, terminal_fd(s->terminal));
    uv_timer_init(config->loop, &s->frame);
    uv_timer_init(config->loop, &s->escape);
    s->poll.data = s->between.data = s->frame.data = s->escape.data = s;
    uv_prepare_init(config->loop, &s->between);
    uv_prepare_start(&s->between, on_between);
    uv_unref((uv_handle_t *)&s->between);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        uv_signal_init(config->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, watched[i]);
    }
    s->grafana = grafana_api_create(config->loop, s->config.options, NULL, NULL);
    s->handles = 5 + sizeof watched / sizeof *watched;
    listen_for(s);
    screen_changed(s);
    *out = s;
    return CT_OK;
}
