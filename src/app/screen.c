#include "screen.h"

#include "clock.h"
#include "deeplink.h"
#include "mem.h"
#include "opener.h"
#include "status_json.h"
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
    struct theme themes[THEME_BUILTIN_COUNT + 1];
    bool mouse;
    bool dirty;
    int64_t drawn_mono_ns;

    uv_poll_t poll;
    uv_timer_t frame;  /* the next frame, or the next tick of an age */
    uv_timer_t escape; /* a lone ESC */
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

static void fill(struct screen *s, struct ui_data *data)
{
    *data = (struct ui_data){0};
    s->config.fill(s->config.ctx, data);
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

static void draw(struct screen *s)
{
    struct ui_data data;
    fill(s, &data);
    s->dirty = false;
    s->drawn_mono_ns = clock_mono();
    ui_draw(s->ui, &data, &s->grid);
    terminal_title(s->terminal, ui_window_title(s->ui));
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

void screen_say(struct screen *s, enum ui_severity severity, const char *text)
{
    ui_say(s->ui, severity, text);
    screen_changed(s);
}

static enum ct_err build_link(struct screen *s, const struct ui_data *data, const struct ui_effects *e,
                              struct buf *url)
{
    static const enum deeplink_kind kinds[] = {
        [UI_LINK_TEMPO] = DEEPLINK_TEMPO, [UI_LINK_LOKI] = DEEPLINK_LOKI, [UI_LINK_MIMIR] = DEEPLINK_MIMIR};
    const struct session *session = model_session_by_id(data->model, e->session_id);
    const struct node *node = e->node_id ? model_node_by_id(data->model, e->node_id) : NULL;
    if (!session)
        return CT_ERR_NOT_FOUND;
    struct run_status status = model_session_status(session, data->now_ns);
    struct link_ids ids;
    struct deeplink_target target;
    status_link_target(session, node, &status, &ids, &target);
    return deeplink_build(&s->config.options->grafana, kinds[e->link], &target, url);
}

static void copy(struct screen *s, struct slice text, const char *what)
{
    char words[UI_MESSAGE_MAX];
    enum ct_err err = terminal_copy(s->terminal, text);
    if (err)
        snprintf(words, sizeof words, "this terminal has no clipboard: %.*s", SLICE_ARG(text));
    else
        snprintf(words, sizeof words, "copied %s", what);
    screen_say(s, err ? UI_WARNING : UI_INFO, words);
}

static void open_link(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    struct buf url;
    struct ct_errmsg msg;
    buf_init(&url, DEEPLINK_URL_MAX + 2);
    enum ct_err err = build_link(s, data, e, &url);
    const char *text = err ? NULL : buf_cstr(&url);
    if (!text) {
        screen_say(s, UI_ERROR, "no link: check grafana-url in config.ini");
    } else if (e->what & UI_COPY_LINK) {
        copy(s, buf_slice(&url), "the link");
    } else if (opener_open(&env_process, text, &msg) == CT_OK) {
        screen_say(s, UI_INFO, "opened in the browser");
    } else {
        /* No browser here (ssh, a server): the terminal can open or copy it. */
        bool copied = terminal_copy(s->terminal, buf_slice(&url)) == CT_OK;
        char words[UI_MESSAGE_MAX];
        snprintf(words, sizeof words, "%s%.*s", copied ? "copied: " : "",
                 SLICE_ARG(slice_sub(buf_slice(&url), 0, 120)));
        terminal_link(s->terminal, text);
        screen_say(s, UI_INFO, words);
    }
    buf_finish(&url);
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
    if (e->what & (UI_OPEN_LINK | UI_COPY_LINK))
        open_link(s, data, e);
    if (e->what & UI_COPY_TEXT)
        copy(s, slice_str(e->copy), e->copy);
    if (e->what & (UI_REDRAW | UI_REPAINT))
        screen_changed(s);
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
    if (err == CT_END) {
        quit(s);
        return;
    }
    if (terminal_escape_pending(s->terminal))
        uv_timer_start(&s->escape, on_escape, TERMINAL_ESCAPE_MS, 0);
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

/* The built-in themes and, where asked for, one from a file; returns which one to start with, or -1. */
static int load_themes(struct screen *s, int *count, struct ct_errmsg *msg)
{
    const char *name = s->config.options->theme;
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++)
        theme_builtin(&s->themes[i], i);
    *count = THEME_BUILTIN_COUNT;
    int index = theme_builtin_find(slice_str(name));
    if (index >= 0)
        return index;
    struct arena arena;
    struct paths paths;
    arena_init(&arena, 1u << 16);
    enum ct_err err = paths_find(&env_process, &arena, &paths, msg);
    if (!err) {
        char path[4096];
        bool is_path = strchr(name, '/') != NULL;
        snprintf(path, sizeof path, is_path ? "%s%s%s" : "%s/themes/%s.ini", is_path ? "" : paths.config_dir,
                 name, "");
        err = theme_load(&s->themes[*count], path, msg);
    }
    arena_finish(&arena);
    if (err)
        return -1;
    return (*count)++;
}

static enum ct_err make_ui(struct screen *s, struct ct_errmsg *msg)
{
    const struct options *o = s->config.options;
    struct keymap keymap;
    int count;
    keymap_init(&keymap);
    for (size_t i = 0; i < o->binding_count; i++) {
        enum ct_err err =
            keymap_bind(&keymap, slice_str(o->bindings[i].action), slice_str(o->bindings[i].keys), msg);
        if (err)
            return err;
    }
    if (keymap_check(&keymap, msg))
        return CT_ERR_USAGE;
    int theme = load_themes(s, &count, msg);
    struct ui_config config = {
        .ascii = terminal_ascii(s->terminal),
        .keymap = &keymap,
        .themes = s->themes,
        .theme_count = count,
        .theme = theme >= 0 ? theme : 0,
        .sort = (enum ui_sort)o->sort,
    };
    s->ui = ui_create(&config);
    if (theme < 0)
        ui_say(s->ui, UI_WARNING, msg->text);
    return CT_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct screen *s = handle->data;
    if (--s->handles == 0 && s->stop_done)
        s->stop_done(s->stop_ctx);
}

void screen_stop(struct screen *s, void (*done)(void *ctx), void *ctx)
{
    s->stopped = true;
    s->stop_done = done;
    s->stop_ctx = ctx;
    uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    uv_close((uv_handle_t *)&s->frame, on_closed);
    uv_close((uv_handle_t *)&s->escape, on_closed);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        uv_close((uv_handle_t *)&s->signals[i], on_closed);
    terminal_close(s->terminal);
    s->terminal = NULL;
}

void screen_destroy(struct screen *s)
{
    if (!s)
        return;
    terminal_close(s->terminal);
    ui_destroy(s->ui);
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
    s->mouse = o->mouse;
    struct terminal_config terminal = {
        .term = env_get(&env_process, "TERM"),
        .colorterm = env_get(&env_process, "COLORTERM"),
        .no_color = env_get(&env_process, "NO_COLOR") != NULL,
        .color = colors[o->color],
        .ascii = asciis[o->ascii],
        .mouse = o->mouse,
    };
    enum ct_err err = terminal_open(&terminal, &s->terminal, msg);
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
    s->poll.data = s->frame.data = s->escape.data = s;
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        uv_signal_init(config->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, watched[i]);
    }
    s->handles = 3 + sizeof watched / sizeof *watched;
    listen_for(s);
    screen_changed(s);
    *out = s;
    return CT_OK;
}
