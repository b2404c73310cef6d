/*
 * pane_private.h - what pane.c and pane_data.c share: one pane and what it shows.
 */
#ifndef CT_APP_PANE_PRIVATE_H
#define CT_APP_PANE_PRIVATE_H

#include "collector.h"
#include "feed.h"
#include "flow_wire.h"
#include "frames_model.h"
#include "screen.h"

enum pane_role {
    PANE_ALONE,  /* nobody receives, as far as is known */
    PANE_VIEWER, /* follows the collector in another process */
    PANE_OWNER,  /* receives itself */
};

struct pane {
    const struct options *options;
    uv_loop_t loop;
    enum pane_role role;
    struct frames_model frames; /* what is shown, whoever receives it */
    uint64_t next_seq;          /* of the journal that the frames come from: the first that is not in it */
    struct collector *collector;
    struct feed *feed;
    struct flow_wire *wire; /* what the collector in the other process said last */
    bool wired;             /* it did */
    struct screen *screen;
    uv_signal_t signals[2];
    uv_timer_t retry;

    bool quitting;
    bool wants_ports;  /* try to receive, at the top of the loop */
    bool handing_over; /* the collector here stops for another process */
    bool handed_over;  /* it has */
    bool sent_for;     /* the ports were asked for, and are waited for */
    int64_t alone_ns;  /* monotonic: since when */
    int64_t yields_ns; /* monotonic: until then the ports are left to who asked for them */
    struct flow flow;  /* of the collector here */
    struct flow_screen flow_screen;
};

/* pane_data.c: everything that a frame shows. */
void pane_fill(void *ctx, struct ui_data *data);

/* By the settings here, or by what the collector in the other process makes. */
struct trace_known pane_traces(void *ctx);

#endif
