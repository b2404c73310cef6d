/*
 * screen_links.h - the links of a row for the screen's menu and keys: which kinds there are is src/grafana's
 * matter, here each gets its URL or the reason why it has none. One that is too long, or leaves something out
 * so as not to be, can be asked for whole, for Grafana to keep behind a short URL.
 */
#ifndef CT_APP_SCREEN_LINKS_H
#define CT_APP_SCREEN_LINKS_H

#include "arena.h"
#include "deeplink.h"
#include "trace_ids.h"
#include "ui.h"

struct screen_links {
    struct ui_link_item items[UI_LINKS_MAX];
    bool too_long[UI_LINKS_MAX]; /* of each: the whole link does not fit */
    size_t count;
    char about[96]; /* what they are of, for people */
    struct arena arena;
};

void screen_links_init(struct screen_links *l);
void screen_links_finish(struct screen_links *l);

/* What links are made with. */
struct link_source {
    const struct deeplink_config *grafana;
    bool shortens; /* Grafana can be asked for short URLs */
    struct trace_known traces;
    const struct ui_data *data;
};

/* All links of what the effects name: a session, a node in it, a row of the RED table. CT_ERR_NOT_FOUND when
 * it is gone. */
enum ct_err screen_links_fill(struct screen_links *l, const struct link_source *source,
                              const struct ui_effects *asked);

/* The one of the kind that the effects name, whole, up to DEEPLINK_LONG_MAX bytes. */
enum ct_err screen_links_whole(const struct link_source *source, const struct ui_effects *asked,
                               struct buf *out);

/* By kind; NULL when there is no such kind. */
const struct ui_link_item *screen_links_find(const struct screen_links *l, const char *name);
bool screen_links_too_long(const struct screen_links *l, const struct ui_link_item *item);

#endif
