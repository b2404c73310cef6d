/*
 * feed.h - the other end of control.c: asks a running collector for its status, or follows its frames.
 */
#ifndef CT_APP_FEED_H
#define CT_APP_FEED_H

#include "buf.h"
#include "frame.h"

#include <uv.h>

/* What a status answer may hold. */
#define FEED_STATUS_MAX (512u * 1024u * 1024u)

/*
 * GET target over the Unix socket, waiting for the whole answer, which is appended to body. CT_ERR_NOT_FOUND
 * when nobody listens on the socket.
 */
enum ct_err feed_get(const char *socket, const char *target, struct buf *body, struct ct_errmsg *msg);
/* The same, for at most ms; CT_ERR_IO when that is over. */
enum ct_err feed_get_within(const char *socket, const char *target, long ms, struct buf *body,
                            struct ct_errmsg *msg);

struct feed;

/* Every frame in order; the frame lives until the function returns. */
typedef void (*feed_frame_fn)(void *ctx, const struct frame *frame);

/* The stream ended: NULL when the collector closed it, else what went wrong. Called once, unless feed_stop()
 * came first. */
typedef void (*feed_end_fn)(void *ctx, const char *why);

/* What the collector tells of itself (flow_wire.h), at the beginning and after changes. */
typedef void (*feed_flow_fn)(void *ctx, struct slice json);

#define FEED_FROM_NEW UINT64_MAX

struct feed_config {
    const char *socket;
    uint64_t from; /* a sequence number, 0 for the oldest, or FEED_FROM_NEW */
    feed_frame_fn on_frame;
    feed_flow_fn on_flow; /* NULL: not asked for; collectors of earlier versions do not tell */
    feed_end_fn on_end;
    void *ctx;
};

/* config is copied. CT_ERR_NOT_FOUND when nobody listens. The callbacks may call feed_stop(). */
enum ct_err feed_start(uv_loop_t *loop, const struct feed_config *config, struct feed **out,
                       struct ct_errmsg *msg);

/* Closes and frees; done (may be NULL) is called when the loop holds nothing of it any more. */
void feed_stop(struct feed *f, void (*done)(void *ctx), void *ctx);

#endif
