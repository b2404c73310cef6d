/*
 * flow.h - what went in and out, counted since the start: the "flow" of `status --json` and the screen's
 * header.
 */
#ifndef CT_APP_FLOW_H
#define CT_APP_FLOW_H

#include "clients.h"
#include "journal.h"
#include "options.h"
#include "otlp_limits.h"
#include "tee.h"

#define FLOW_UPSTREAMS_MAX (2 * OPTIONS_DESTINATIONS_MAX) /* one for each transport */

struct flow_upstream {
    const char *name;     /* of the destination; "upstream" is that of [upstream] */
    uint32_t signals;     /* as in struct tee_config */
    const char *protocol; /* "http", "grpc" */
    const char *address;  /* "HOST:PORT"; the collector's */
    struct tee_stats tee;
    int64_t next_retry_ns; /* from now; -1: none is due */
};

struct flow {
    struct {
        uint64_t requests; /* accepted ones, hooks included */
        uint64_t bytes;    /* of their bodies, as sent */
        uint64_t spans;
        uint64_t logs;
        uint64_t metric_points;
        uint64_t hooks; /* status lines included */
        uint64_t status_lines;
        uint64_t profiles; /* requests */
    } received;
    struct {
        uint64_t spans;
        uint64_t logs;
        uint64_t metric_points;
    } foreign; /* of senders that no producer knows */
    uint64_t refused[OTLP_REFUSAL_COUNT];
    uint64_t decode_errors; /* accepted frames that the model could not read */
    uint64_t connections_open;
    uint64_t connections_total; /* since the start, those refused left out */
    uint64_t budget_used;       /* bytes of bodies that are held now (otlp_limits.budget_bytes) */
    uint64_t budget_max;
    const struct clients *clients; /* the collector's; NULL in a viewer and a replay */
    const char *synthesize;        /* the setting; NULL: this process makes no traces in any case */
    bool synthesizes; /* traces of sessions are made (trace_export.h); the sums below since the start */
    struct {
        uint64_t requests;
        uint64_t spans;
        uint64_t bytes;
        uint64_t refused;   /* could not be kept, and are made again */
        uint64_t forgotten; /* sent spans that are no longer remembered as such */
        uint64_t pending;   /* over, and waiting for what may still come of them */
        uint64_t sessions;  /* that get a trace, now */
        uint64_t native;    /* that send spans themselves and so get none, now */
        uint64_t stopped;   /* of which something was sent before they did */
    } synthesized;
    bool has_upstream;
    struct tee_stats
        tee; /* all upstreams together: sums, the oldest, and the words of the one that is worst off */
    struct flow_upstream upstreams[FLOW_UPSTREAMS_MAX];
    size_t upstream_count;
    size_t worst; /* index of the one whose words those are */
    bool has_journal;
    struct journal_stats journal;
    uint64_t model_behind; /* requests of the journal that the model has not read to the end */
};

uint64_t flow_refused_total(const struct flow *f);

#endif
