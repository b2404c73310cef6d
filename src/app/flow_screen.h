/* flow_screen.h - the counts of flow.h as the screen's flow view shows them. */
#ifndef CT_APP_FLOW_SCREEN_H
#define CT_APP_FLOW_SCREEN_H

#include "flow.h"
#include "model.h"
#include "options.h"
#include "ui.h"

/* Room for one screen's worth; what is filled in borrows from flow and from here. */
struct flow_screen {
    struct ui_flow shown;
    struct ui_flow_client clients[CLIENTS_MAX];
    struct ui_flow_reason refused[OTLP_REFUSAL_COUNT];
    struct ui_flow_upstream upstreams[FLOW_UPSTREAMS_MAX];
};

/* How an upstream stands, in the screen's terms. */
enum ui_upstream_state flow_screen_state(enum tee_health health);

const struct ui_flow *flow_screen_fill(struct flow_screen *out, const struct flow *flow,
                                       const struct model *model, const struct options *options,
                                       int64_t now_ns);

#endif
