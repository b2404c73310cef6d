/*
 * tee.h - forwards every OTLP frame of the journal to one upstream, unchanged, on its own time.
 *
 * A tee reads the journal behind its own durable cursor, so that nothing it does can hold up a sender, the
 * screen or another tee. Each signal is a lane of its own: one request in flight at a time, so that order is
 * kept per signal. The contract is the table in ARCHITECTURE.md, "The tee's contract".
 *
 * An upstream speaks OTLP/HTTP or OTLP/gRPC, and frames that came by the same transport leave as they came.
 * config.other says what becomes of the others:
 *   TEE_OTHER_CONVERT  they are sent too, with another framing around the same bytes (upstream_request.h).
 *                      OTLP/HTTP JSON cannot become gRPC: it is held.
 *   TEE_OTHER_HOLD     they are held: they stay in the journal until retention takes them, counted in
 *                      held_requests. They are sent when an upstream of their transport is there.
 *   TEE_OTHER_PASS     they are nothing to this tee: another one with the same name and the other transport
 * has them. The default converts, so that nothing stays behind in silence. The place in the journal is kept
 * for each transport by itself (the cursors NAME-http and NAME-grpc), so that an upstream can be added or
 * taken away, or the setting changed, and every frame is still sent, none twice. A destination without either
 * cursor was never there before: config.from says where it begins, and both cursors are written and synced at
 * once, so that neither a kill nor a power cut makes it new again.
 *
 * config.signals are those that the destination takes. Frames of the others are nothing to this tee: they are
 * neither sent, held nor counted, and a signal that is added later begins with what arrives then.
 *
 * Retried (rule 15): connection failures; HTTP 429, 502, 503, 504; gRPC CANCELLED, DEADLINE_EXCEEDED,
 * ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, and RESOURCE_EXHAUSTED with RetryInfo; with exponential
 * backoff and full jitter between backoff_first_ms and backoff_max_ms. Retry-After and RetryInfo win (between
 * backoff_first_ms and retry_after_max_ms). Everything else that is not success is counted as rejected, its
 * message kept, and the lane goes on. A populated partial success is counted. An answer whose status came
 * (grpc-status in gRPC) is final even if its body then breaks off.
 *
 * An upstream that is away is waited for without end: connections refused or timed out, names not found, and
 * every answer above. A request that by itself makes the upstream end the connection each time would block
 * its lane for ever. So when poison_after_ms have passed since the first such break, each further attempt is
 * preceded by a probe, the same request without its content: an empty export, which OTLP answers. While that
 * is not answered, the upstream is away, and the request is not sent either. When poison_attempts breaks have
 * each followed an answered probe, the request is given up: counted as rejected, with words that say so, and
 * the lane goes on. Nothing else of ours is ever sent.
 *
 * Several tees live side by side on one journal, each with its own cursors and upstream. Cursors are written
 * at most every TEE_CURSOR_SAVE_MS and at the end: after a kill the frames of that time are sent again. After
 * a frame that we made ourselves (FRAME_SYNTHESIZED) they are written at once: a span that comes twice is
 * worse than a record that does.
 * Nothing wakes the loop while there is nothing to send.
 *
 * The environment's proxy variables apply, but never to an upstream on the loopback (http_client.h). The
 * application ignores SIGPIPE.
 */
#ifndef CT_OTLP_NET_TEE_H
#define CT_OTLP_NET_TEE_H

#include "journal.h"

#include <uv.h>

struct tee;

#define TEE_CURSOR_SAVE_MS 200

#define TEE_NAME_MAX 32

enum tee_other { TEE_OTHER_CONVERT, TEE_OTHER_HOLD, TEE_OTHER_PASS };
enum tee_from { TEE_FROM_OLDEST, TEE_FROM_NOW };

#define TEE_SIGNAL(signal) (1u << (signal)) /* enum frame_signal */

struct tee_config {
    const char *name; /* of the destination: its cursors are NAME-http and NAME-grpc (TEE_NAME_MAX) */
    /* The base URL of the one or the other, e.g. "http://127.0.0.1:14318"; the frame's path is appended. */
    const char *upstream_http;
    const char *upstream_grpc;
    enum tee_other other;
    enum tee_from from;    /* of a destination that was never there before */
    uint32_t signals;      /* TEE_SIGNAL() of each that it takes */
    const char *state_dir; /* where the cursors are kept; NULL: not kept */
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms; /* whole request; a hanging upstream is a connection failure after it */
    uint32_t backoff_first_ms;
    uint32_t backoff_max_ms;
    uint32_t retry_after_max_ms;
    uint32_t connection_age_ms; /* a new connection, and a new look at DNS, after this */
    uint32_t poison_attempts;   /* 0: a request is never given up */
    uint32_t poison_after_ms;
    size_t response_bytes_max; /* 4 MiB (rule 16) */
    /* Added to every request in place of the sender's headers of that name: "Name: value", ended by NULL. */
    const char *const *headers;
    /* "HOST:PORT" where this program listens, ended by NULL: an upstream there would be a loop. Names are
       looked up whenever a connection is made: one that leads here is a failed connection. */
    const char *const *own_addresses;
    const char *ca_file;          /* PEM files for https, NULL: the system's CAs, and no client certificate */
    const char *cert_file;        /* of the client */
    const char *key_file;         /* NULL: in cert_file */
    void (*on_change)(void *ctx); /* something in the stats changed; once per turn of the loop; may be NULL */
    void *ctx;
};

void tee_config_init(struct tee_config *config); /* defaults; name and upstream are NULL */

enum tee_health {
    TEE_IDLE,      /* nothing sent yet */
    TEE_OK,        /* the last request was taken */
    TEE_RETRYING,  /* the upstream is away or asks to wait */
    TEE_REJECTING, /* the last request was refused for good */
};

struct tee_stats {
    enum tee_health health;
    uint64_t forwarded_requests;
    uint64_t forwarded_bytes;
    uint64_t queued_requests; /* frames for this tee in the journal behind the cursor, the one in flight
                                 included */
    uint64_t queued_bytes;
    int64_t queued_oldest_wall_ns; /* 0: nothing queued */
    uint64_t held_requests;        /* in the journal, waiting for an upstream that takes their kind */
    uint64_t retries;
    uint64_t rejected;          /* refused for good by the upstream */
    uint64_t partial_successes; /* taken with rejected records or a warning */
    uint64_t rejected_records;  /* as the partial successes counted them */
    uint64_t dropped;           /* lost before they could be sent: to retention, or damaged on disk */
    uint64_t
        cursor_failures;  /* times that the cursor could not be written: what came since may be sent twice */
    int last_status;      /* HTTP status of the last answer; 0: none */
    int last_grpc_status; /* grpc-status of the last answer, or what it stood for; -1: none */
    char last_error[256]; /* cleaned text of the last failure or refusal; "" when all is well */
    /* Cleaned text of the last request that was refused for good or taken in part; kept when all is well
       again. "": none was. */
    char last_refusal[256];
    int64_t next_retry_mono_ns; /* 0: not waiting */
};

/*
 * CT_ERR_USAGE when the name, the URL or another setting is of no use, or when the upstream is one of
 * own_addresses; msg says so. The strings of the configuration are copied. Sending begins with the loop. The
 * journal must outlive the tee.
 */
enum ct_err tee_create(uv_loop_t *loop, struct journal *journal, const struct tee_config *config,
                       struct tee **out, struct ct_errmsg *msg);

/* Frames were appended. Cheap (reading them is left to the loop's next turn); call it after every append. */
void tee_notify(struct tee *t);

/*
 * From journal_config.on_retire: counts what is lost. A frame that is in flight is counted only if this
 * attempt fails.
 */
void tee_retire(struct tee *t, uint64_t first, uint64_t last);

/*
 * Exact, but for what the loop has not come to yet: frames of this turn, and after a start the backlog, which
 * is counted in slices.
 */
struct tee_stats tee_stats(const struct tee *t);

/* Descriptors of the cursors that were saved since the last call, for journal_sync_fds(); also after
 * tee_stop(). */
#define TEE_SYNC_FDS_MAX 4
size_t tee_sync_take(struct tee *t, int fds[TEE_SYNC_FDS_MAX]);

/*
 * Tries to send what is queued for at most grace_ms (not waiting for retries that are due later), saves the
 * cursor, then calls done (once). tee_destroy() is legal only after that, also within done.
 */
void tee_stop(struct tee *t, uint32_t grace_ms, void (*done)(void *ctx), void *ctx);
void tee_destroy(struct tee *t);

#endif
