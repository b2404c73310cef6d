/*
 * screen_links.h - the links of a row for the screen's menu and keys: which kinds there are is src/grafana's
 * matter, here each gets its URL or the reason why it has none.
 */
#ifndef CT_APP_SCREEN_LINKS_H
#define CT_APP_SCREEN_LINKS_H

#include "arena.h"
#include "deeplink.h"
#include "trace_ids.h"
#include "ui.h"

struct screen_links {
    struct ui_link_item items[UI_LINKS_MAX];
    size_t count;
    char about[96]; /* what they are of, for people */
    struct arena arena;
    enum trace_synthesize synthesize; /* which sessions have traces of ours */
};

void screen_links_init(struct screen_links *l, enum trace_synthesize synthesize);
void screen_links_finish(struct screen_links *l);

/* All links of what the effects name: a session, a node in it, a row of the RED table. CT_ERR_NOT_FOUND when
 * it is gone. */
enum ct_err screen_links_fill(struct screen_links *l, const struct deeplink_config *grafana,
                              const struct ui_data *data, const struct ui_effects *asked);

/* By kind; NULL when there is no such kind. */
const struct ui_link_item *screen_links_find(const struct screen_links *l, const char *name);

#endif
