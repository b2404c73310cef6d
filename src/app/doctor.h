/*
 * doctor.h - what `claude-top doctor` looks at, and what it says of it: one line a check, with the remedy
 * where there is something to do.
 *
 * Everything that goes over the network is started at once and bounded by DOCTOR_MS together, so that it
 * never takes longer than a few seconds. Nothing is changed, and what is sent is an empty export or a
 * question.
 */
#ifndef CT_APP_DOCTOR_H
#define CT_APP_DOCTOR_H

#include "claude_settings.h"
#include "grafana_api.h"
#include "http_client.h"
#include "options.h"

#include <cjson/cJSON.h>
#include <uv.h>

/* Of everything that goes over the network. */
#define DOCTOR_MS 4000
/* Of the running collector's status, before that. */
#define DOCTOR_STATUS_MS  2000
#define DOCTOR_CONNECT_MS 2000
#define DOCTOR_CHECKS_MAX 256
#define DOCTOR_PROBES_MAX 64
#define DOCTOR_ANSWER_MAX ((size_t)256 * 1024)
#define DOCTOR_TEXT_MAX   400
/* Clocks this far apart are worth a word; this far, stores refuse what they take for the future. */
#define DOCTOR_CLOCK_WARN_NS (INT64_C(10) * 1000000000)
#define DOCTOR_CLOCK_FAIL_NS (INT64_C(300) * 1000000000)

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_check {
    const char *group; /* "ports", "receiver", "upstream", "grafana", "claude", "sessions", "system" */
    enum doctor_level level;
    char text[DOCTOR_TEXT_MAX];
    char remedy[DOCTOR_TEXT_MAX]; /* "" with DOCTOR_OK */
};

struct doctor;

/* An HTTP request under way; what comes of it. */
struct doctor_probe {
    struct doctor *d;
    struct http_client *client;
    struct http_transfer *transfer;
    void (*done)(struct doctor_probe *p, const struct http_result *r);
    const void *about; /* of whoever asks */
    char name[160];    /* for people */
    bool grpc;
    bool over;
};

struct doctor {
    const struct options *o;
    uv_loop_t loop;
    uv_timer_t timer;
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    size_t count;
    size_t dropped; /* past DOCTOR_CHECKS_MAX */
    struct doctor_probe probes[DOCTOR_PROBES_MAX];
    size_t probe_count, running;
    cJSON *status;         /* of the running collector; NULL: none runs, */
    struct ct_errmsg deaf; /* or it does not answer, because of this; "" otherwise */
    struct claude_settings settings;
    char grafana_authorization[GRAFANA_TOKEN_MAX + 16]; /* "": none */
};

/* One more line; text is cleaned. remedy: NULL with DOCTOR_OK. */
void doctor_say(struct doctor *d, const char *group, enum doctor_level level, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Starts a request. done is called once: with what came, or, when time was up, with a failure of that name.
 * headers are copied. NULL when there is no room.
 */
struct doctor_request {
    struct http_client_config client;
    const char *url;
    bool get;
    bool grpc;
    const struct frame_header *headers;
    size_t header_count;
    struct slice body; /* lives on */
};
struct doctor_probe *doctor_ask(struct doctor *d, const struct doctor_request *request,
                                void (*done)(struct doctor_probe *p, const struct http_result *r),
                                const void *about, const char *name);

/* An empty OTLP request for a signal ("logs" …), by "http/protobuf", "http/json" or "grpc", to a base URL.
 * Headers of its own come first. */
struct doctor_probe *doctor_ask_otlp(struct doctor *d, const struct http_client_config *client,
                                     const char *base, const char *signal, const char *protocol,
                                     const struct frame_header *extra, size_t extra_count,
                                     void (*done)(struct doctor_probe *p, const struct http_result *r),
                                     const void *about, const char *name);

/* True when an answer takes an export; else why not, cleaned, in why (DOCTOR_TEXT_MAX). */
bool doctor_accepts(const struct doctor_probe *p, const struct http_result *r, char *why);

/* The Date of somebody's answer against the clock here, whatever the answer; nothing is said without one. */
void doctor_clock(struct doctor *d, const char *group, const char *whose, const struct http_result *r);

/* The checks, in their order. Those that ask over the network begin here and end in their probes. */
void doctor_receiver(struct doctor *d); /* ports and the receiver by each protocol */
void doctor_upstreams(struct doctor *d);
void doctor_grafana(struct doctor *d);
void doctor_claude(struct doctor *d);   /* what Claude Code is configured to send */
void doctor_sessions(struct doctor *d); /* what the running collector knows of its telemetry */
void doctor_system(struct doctor *d);   /* disk, clock, versions, modes of files with secrets */

#endif
