/*
 * ui_flow.h - what the flow view shows: who sends, what is kept, where it goes, what was lost. Plain values
 * that the application fills in; all text is clean (text.h) and borrowed for the call.
 */
#ifndef CT_UI_UI_FLOW_H
#define CT_UI_UI_FLOW_H

#include "slice.h"

struct ui_flow_client {
    struct slice name;      /* user agent; empty: it does not say */
    struct slice transport; /* "grpc", "http1", "http2" */
    struct slice encoding;  /* "protobuf", "json", "hook" */
    uint64_t requests, bytes, spans, logs, metric_points, hooks, refused;
    int64_t last_ns; /* wall clock */
};

struct ui_flow_reason {
    struct slice name; /* as in the status: "too_large" … */
    uint64_t count;
};

struct ui_flow_upstream {
    struct slice name, protocol, address;
    int state; /* enum ui_upstream_state */
    uint64_t sent, sent_bytes, queued, queued_bytes, held, retries, rejected, dropped;
    int64_t oldest_ns;       /* age of the oldest that waits; 0: none */
    int64_t next_attempt_ns; /* from now; -1: none is due */
    struct slice error;      /* the upstream's words; empty: all is well */
};

struct ui_flow {
    const struct ui_flow_client *clients; /* most requests first */
    size_t client_count;
    const struct ui_flow_reason *refused; /* those that occurred */
    size_t refused_count;
    const struct ui_flow_upstream *upstreams;
    size_t upstream_count;
    uint64_t connections, connections_total;
    uint64_t budget_used, budget_max; /* bytes of bodies held now */
    bool on_disk;                     /* else the journal is in memory */
    uint64_t journal_bytes, journal_segments;
    uint64_t unsaved, unsaved_dropped, damaged, io_errors;
    uint64_t model_bytes, model_bytes_max, model_evicted;
    uint64_t model_behind; /* requests that are kept and not read yet */
    int64_t lost_events;   /* gaps in the senders' numbering; -1: unknown */
};

#endif
