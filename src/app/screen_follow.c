/* Links on the screen: listed, opened, copied, and asked of Grafana where they are too long. */
#include "opener.h"
#include "screen_private.h"

#include <stdio.h>

void screen_copy(struct screen *s, struct slice text, const char *what)
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

static struct link_source source_of(const struct screen *s, const struct ui_data *data,
                                    const struct deeplink_config *grafana)
{
    return (struct link_source){grafana, grafana_api_shortens(s->grafana), s->config.traces(s->config.ctx),
                                data};
}

static void use_url(struct screen *s, const char *url, unsigned what)
{
    if (what & UI_COPY_LINK)
        screen_copy(s, slice_str(url), "the link");
    else if (what & UI_SHOW_LINK)
        terminal_link(s->terminal, url);
    else
        open_url(s, url);
}

/* Grafana's answer, some time later: without a short one, what the link leaves out is left out. */
static void on_short(void *ctx, const char *url, const char *why)
{
    struct screen *s = ctx;
    if (url || s->shortened.without[0])
        use_url(s, url ? url : s->shortened.without, s->shortened.what);
    else
        screen_say(s, UI_WARNING, why);
}

/* False: a short URL cannot be asked for now. */
static bool shorten(struct screen *s, const struct link_source *source, const struct ui_effects *e,
                    const struct ui_link_item *item)
{
    struct buf whole;
    buf_init(&whole, DEEPLINK_LONG_MAX);
    enum ct_err err = screen_links_whole(source, e, &whole);
    if (!err)
        err = grafana_api_shorten(s->grafana, buf_slice(&whole), on_short, s);
    buf_finish(&whole);
    if (err)
        return false;
    s->shortened.what = e->what;
    snprintf(s->shortened.without, sizeof s->shortened.without, "%s", item->url);
    screen_say(s, UI_INFO, "Grafana is asked for a short link");
    return true;
}

void screen_follow_link(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    struct link_source source = source_of(s, data, grafana_links(s));
    screen_links_fill(&s->link, &source, e);
    const struct ui_link_item *item = screen_links_find(&s->link, e->link);
    bool used = e->what & (UI_OPEN_LINK | UI_COPY_LINK);
    if (!item)
        screen_say(s, UI_WARNING, "no link: the session is gone");
    else if (item->url[0] == '\0' && !item->asks)
        screen_say(s, UI_WARNING, item->why);
    else if (used && screen_links_too_long(&s->link, item) && shorten(s, &source, e, item))
        return;
    else if (item->url[0])
        use_url(s, item->url, e->what);
    else
        screen_say(s, UI_WARNING, "Grafana has not answered yet: try again");
}

void screen_list_links(struct screen *s, const struct ui_data *data, const struct ui_effects *e)
{
    struct link_source source = source_of(s, data, grafana_links(s));
    if (screen_links_fill(&s->links, &source, e) == CT_OK)
        ui_show_links(s->ui, s->links.about, s->links.items, s->links.count);
}

/* Drawing asks Grafana nothing: by what it said last. */
size_t screen_links_of(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                       const struct ui_link_item **items)
{
    struct screen *s = ctx;
    struct ui_effects row = {.session_id = session_id, .node_id = node_id};
    *items = s->shown.items;
    struct link_source source = source_of(s, data, grafana_api_links(s->grafana));
    if (screen_links_fill(&s->shown, &source, &row))
        return 0;
    return s->shown.count;
}
