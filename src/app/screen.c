#include "clock.h"
#include "mem.h"
#include "screen_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int watched[] = {SIGWINCH, SIGCONT, SIGTSTP, SIGHUP};

static void draw(struct screen *s);
static void on_poll(uv_poll_t *poll, int status, int events);

static void quit(struct screen *s)
{
    s->config.quit(s->config.ctx);
}

static void fill(struct screen *s, struct ui_data *data)
{
    *data = (struct ui_data){.links = screen_links_of, .links_ctx = s};
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
        screen_follow_link(s, data, e);
    if (e->what & UI_LIST_LINKS)
        screen_list_links(s, data, e);
    if (e->what & UI_LIST_SETTINGS)
        list_settings(s, true);
    if (e->what & UI_SET)
        set_setting(s, e);
    if (e->what & UI_KEEP_THEME)
        keep_theme(s);
    if (e->what & UI_COPY_TEXT)
        screen_copy(s, slice_str(e->copy), e->copy);
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
    screen_links_init(&s->links);
    screen_links_init(&s->link);
    screen_links_init(&s->shown);
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
