/*
 * collector.h - receiver, journal, tee and model on one loop: everything but the screen.
 *
 * A request is checked, appended to the journal and acknowledged; only then the model's own journal reader
 * decodes it, a bounded slice per turn of the loop, so that neither a burst nor the history of a restart
 * holds up a key press or the next request.
 */
#ifndef CT_APP_COLLECTOR_H
#define CT_APP_COLLECTOR_H

#include "flow.h"
#include "model.h"
#include "options.h"
#include "receiver.h"

struct collector;
struct frames_model;

struct collector_config {
    uv_loop_t *loop;
    const struct options *options; /* borrowed; lives longer */
    void (*on_change)(void *ctx);  /* the model or the flow changed; may come often */
    /* Somebody of this user wants the ports (POST /hand-over): stop, soon. NULL: they are not given away. */
    void (*on_hand_over)(void *ctx);
    struct frames_model
        *frames;         /* borrowed, goes on after the collector; NULL: it makes a model of its own */
    uint64_t model_from; /* frames of the journal before this number are in that model already */
    void *ctx;
};

struct collector_addresses {
    char http[RECEIVER_ADDR_MAX]; /* "" when it does not listen there */
    char grpc[RECEIVER_ADDR_MAX];
    const char *socket;
};

/*
 * Opens the state folder and every socket. On failure nothing is left open and msg says what to do;
 * CT_ERR_BUSY when a port, the socket or the state folder is held by another process.
 */
enum ct_err collector_create(const struct collector_config *config, struct collector **out,
                             struct ct_errmsg *msg);

const struct collector_addresses *collector_addresses(const struct collector *c);
const struct model *collector_model(const struct collector *c);
uint64_t collector_model_position(const struct collector *c); /* the number of the next frame that it reads */
void collector_flow(const struct collector *c, struct flow *out);

/*
 * Stops receiving, gives the tee and running requests a moment, then calls done once. collector_destroy() is
 * legal only after that.
 */
void collector_stop(struct collector *c, void (*done)(void *ctx), void *ctx);
void collector_destroy(struct collector *c);

#endif
