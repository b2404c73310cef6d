/*
 * collector_private.h - what collector.c, intake.c and control.c share.
 */
#ifndef CT_APP_COLLECTOR_PRIVATE_H
#define CT_APP_COLLECTOR_PRIVATE_H

#include "clients.h"
#include "collector.h"
#include "decode.h"
#include "frames_model.h"
#include "grafana_api.h"
#include "ingest.h"
#include "process_watch.h"

struct control_stream;
struct synthesis;

/* "[V6]:PORT", or as much of a long host name as people need to know it again. */
#define COLLECTOR_ADDRESS_MAX 128

#define COLLECTOR_OWN_MAX 18 /* both addresses and the sockets of LISTEN_FDS */

struct collector_tee {
    struct tee *tee;
    const char *name; /* of the destination */
    uint32_t signals;
    const char *protocol;
    char address[COLLECTOR_ADDRESS_MAX];
};

struct collector {
    struct collector_config config;
    struct collector_addresses addresses;
    char own[COLLECTOR_OWN_MAX][RECEIVER_ADDR_MAX]; /* where it listens by TCP, inherited sockets included */
    size_t own_count;
    struct journal *journal;
    struct journal_reader *reader; /* the model's */
    struct frame reading;          /* the reader's last frame, while in_frame */
    bool in_frame;                 /* the model has read a part of it */
    struct collector_tee tees[FLOW_UPSTREAMS_MAX];
    size_t tee_count;
    struct receiver *receiver;
    struct otlp_decoder *checker; /* checks before the acknowledgement */
    struct ingest *ingest;
    struct model *model;
    struct frames_model *frames; /* ours, or what config.frames brought */
    struct frames_model own_frames;
    uint64_t model_from; /* older frames are in the model already */
    bool handing_over;   /* somebody asked for the ports */
    bool inherited;      /* the sockets are the service manager's */
    struct control_stream *streams;
    struct process_watch *processes;
    struct grafana_api *grafana; /* NULL: nobody has asked for links yet */
    struct synthesis *synthesis; /* NULL: no traces are made */

    uv_idle_t catch_up; /* active while the model is behind the journal */
    uv_timer_t teller;  /* one shot after a change: viewers are told of it */
    uv_timer_t keeper;  /* one shot after an append or progress of a tee: fsync and retention */
    bool keeper_armed;
    bool syncing;
    bool behind;
    bool disk_refuses; /* the last append stayed in memory: said once */
    unsigned handles;  /* uv handles that are not closed yet */

    struct {
        uint64_t requests, bytes, spans, logs, metric_points, hooks, status_lines, profiles;
    } received;

    struct clients clients;
    uint64_t own_seq; /* the first frame of this run: what is older was counted when it came */

    bool stopping;
    unsigned stop_waits;
    void (*stop_done)(void *ctx);
    void *stop_ctx;
};

/* While stopping: something was closed; the last one calls done. */
void collector_part_stopped(struct collector *c);

/* Something that is shown changed: the model or the flow. */
void collector_changed(struct collector *c);

/* A frame was appended: wakes its readers. */
void collector_appended(struct collector *c);

/* Soon: fsync of what was written, retention. */
void collector_keep_house(struct collector *c);

/* secure.c: host names, token and TLS, before the receiver listens. */
enum ct_err collector_secure(struct collector *c, struct ct_errmsg *msg);

/* intake.c: OTLP and hooks from the TCP ports. */
void intake_request(void *ctx, struct receiver_request *request);
void intake_process_exit(struct collector *c, const char *session_id); /* a client's process is gone */
void intake_refused(void *ctx, enum otlp_refusal why, const struct receiver_sender *sender);
void intake_unreadable(struct collector *c, const struct frame *frame); /* the model could not read it */

/* forward.c: the tees, opened when it is known where we listen */
enum ct_err forward_open(struct collector *c, struct ct_errmsg *msg);
void forward_appended(struct collector *c);
void forward_retired(struct collector *c, uint64_t first, uint64_t last);
void forward_stop(struct collector *c, uint32_t grace_ms, void (*done)(void *ctx),
                  void *ctx); /* done: of each */
void forward_destroy(struct collector *c);

/* The cursors that were saved since the last call, for journal_sync_fds(). */
#define FORWARD_SYNC_FDS_MAX (FLOW_UPSTREAMS_MAX * TEE_SYNC_FDS_MAX)
size_t forward_sync_take(struct collector *c, int fds[FORWARD_SYNC_FDS_MAX]);
void forward_flow(const struct collector *c, struct flow *out);
bool forward_takes(const struct collector *c, enum frame_signal signal); /* some destination */

/*
 * synthesis.c: traces of sessions that send none, into the journal as frames of their own, which the tees
 * forward. The frames are also what a later process knows the sent spans by.
 */
void synthesis_open(struct collector *c);    /* when the tees are; nothing to do: c->synthesis stays NULL */
void synthesis_changed(struct collector *c); /* the model has read all there is */
void synthesis_retired(struct collector *c); /* frames of the journal have gone */
void synthesis_leave(struct collector *c);   /* the last moment at which frames can be appended */
void synthesis_stop(struct collector *c);    /* closes its handle (c->handles) */
void synthesis_destroy(struct collector *c);
void synthesis_flow(const struct collector *c, struct flow *out);

/* control.c: status and frames over the Unix socket. */
void control_request(struct collector *c, struct receiver_request *request);
void control_appended(struct collector *c);
void control_changed(struct collector *c);
void control_stop(struct collector *c);

#endif
