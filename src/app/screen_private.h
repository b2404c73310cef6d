/*
 * screen_private.h - what screen.c and screen_follow.c share: the screen itself.
 */
#ifndef CT_APP_SCREEN_PRIVATE_H
#define CT_APP_SCREEN_PRIVATE_H

#include "grafana_api.h"
#include "screen.h"
#include "screen_links.h"
#include "screen_settings.h"
#include "screen_ui.h"
#include "terminal.h"
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
    struct {
        unsigned what;                      /* enum ui_effect: what was asked for */
        char without[DEEPLINK_URL_MAX + 2]; /* the shorter link that leaves something out; "": none */
    } shortened;                            /* while Grafana is asked for a short URL */
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

/* screen_follow.c */
void screen_copy(struct screen *s, struct slice text, const char *what); /* says what came of it */
void screen_follow_link(struct screen *s, const struct ui_data *data, const struct ui_effects *e);
void screen_list_links(struct screen *s, const struct ui_data *data, const struct ui_effects *e);

/* For ui_data.links; ctx is the screen. */
size_t screen_links_of(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                       const struct ui_link_item **items);

#endif
