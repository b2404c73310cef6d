/*
 * screen.h - the terminal, the ui and the loop between them.
 *
 * A frame is drawn at most every SCREEN_FRAME_MS and only when something changed or an age on the screen
 * ticks; a key is answered with a frame of its own, at once, or SCREEN_KEY_MS after the last
 * key's. Nothing
 * is drawn inside a network callback, and nothing wakes the loop when nothing happens.
 */
#ifndef CT_APP_SCREEN_H
#define CT_APP_SCREEN_H

#include "options.h"
#include "trace_ids.h"
#include "ui.h"

#include <uv.h>

#define SCREEN_FRAME_MS 33
#define SCREEN_KEY_MS   4

struct screen;

struct screen_config {
    uv_loop_t *loop;
    const struct options *options;                 /* borrowed; lives longer */
    void (*fill)(void *ctx, struct ui_data *data); /* what to show now; the data is borrowed for the frame */
    struct trace_known (*traces)(void *ctx);       /* what is known of our own traces now */
    void (*quit)(void *ctx);                       /* the user, or the end of the terminal, asks to leave */
    void *ctx;
    bool receives; /* this process receives: it must not be stopped by job control, senders would wait for it
                    */
};

/* CT_ERR_NOT_FOUND without a terminal, CT_ERR_UNSUPPORTED when it cannot show a screen. */
enum ct_err screen_create(const struct screen_config *config, struct screen **out, struct ct_errmsg *msg);

/* Something that is shown may have changed. Cheap. */
void screen_changed(struct screen *s);

/* This process begins or ends to receive, as in screen_config. */
void screen_receives(struct screen *s, bool receives);

/* A line over the footer. */
void screen_say(struct screen *s, enum ui_severity severity, const char *text);

/* Gives the terminal back at once; done (may be NULL) is called when the loop holds nothing of it. Then
 * screen_destroy().
 */
void screen_stop(struct screen *s, void (*done)(void *ctx), void *ctx);
void screen_destroy(struct screen *s);

#endif
