/*
 * trace_export.h - which parts of which sessions are due as spans, and their requests.
 *
 * Pure: no I/O, the clock is an argument. A session that sends no spans of its own (trace_ids.h) becomes one
 * trace: Claude Code Session → Turn #N → LLM Call, Tool, Subagent, with the names, kinds, attributes and
 * links of docs/traces.md. A request is an ExportTraceServiceRequest of one session in protobuf, at most
 * TRACE_REQUEST_MAX bytes.
 *
 * When. A turn is due config.delay_ns after it was first seen to have ended, with all calls in it that are
 * over: by then the client has sent what it knows of them (Claude Code exports logs every 5 seconds). What is
 * over later (agents in the background) and calls of no turn are due the same time after they were seen to be
 * over. The session's own span is due that long after its end, and at the latest when it was silent for
 * LIVE_WITHIN_NS, or, with a turn still open, for WAITING_WITHIN_NS: then the open turn goes with it. A span
 * is sent once. What is learnt of it later is not: backends would show both.
 *
 * Once. emit() is given each request and keeps it, in one step, where nothing that happens afterwards can
 * take it away; only then its spans count as sent. Whoever has kept requests of an earlier process tells them
 * with trace_exporter_sent() before the first run. So a process can end at any moment between two steps: what
 * was kept is not made again, what was not kept is. A turn whose calls were all sent before is not sent
 * either: it is one that was known by another name then.
 *
 * What people said leaves only where the client's own telemetry says it, too (config.content AUTO): hooks
 * have prompts and commands in any case, also where the client was told to withhold them.
 */
#ifndef CT_TRACE_TRACE_EXPORT_H
#define CT_TRACE_TRACE_EXPORT_H

#include "errors.h"
#include "trace_ids.h"

#define TRACE_SCOPE_NAME "claude-top"

#define TRACE_DELAY_NS    (INT64_C(10) * 1000000000) /* the default: twice the client's own interval */
#define TRACE_REQUEST_MAX ((size_t)1 << 20)          /* a collector takes 4 MiB by gRPC */
#define TRACE_RUN_MAX     ((size_t)4 << 20)          /* of one run: the next goes on */

/* As choices of --synthesize-content. */
enum trace_content { TRACE_CONTENT_AUTO, TRACE_CONTENT_ALWAYS, TRACE_CONTENT_NEVER };

struct trace_request {
    struct slice body; /* borrowed */
    size_t spans;
};

struct trace_config {
    enum trace_synthesize synthesize;
    enum trace_content content;
    int64_t delay_ns;
    const char *version; /* of this program; borrowed, lives longer */
    /* False: it could not be kept, and is made again by a later run. */
    bool (*emit)(void *ctx, const struct trace_request *request);
    void *ctx;
    struct id_set *sent; /* ids of sent spans are added to it and looked up in it; borrowed. NULL: its own */
};

struct trace_stats {
    uint64_t requests;
    uint64_t spans;
    uint64_t bytes;
    uint64_t refused;   /* requests that could not be kept */
    uint64_t forgotten; /* sent spans that are no longer remembered as such (id_set.h) */
    uint64_t pending;   /* things that are over and wait for their time, at the last run */
    uint64_t sessions;  /* that get a trace, at the last run */
    uint64_t native;    /* real ones that send spans themselves and so get none, likewise */
    uint64_t stopped;   /* of which something was sent before they did */
};

struct trace_exporter;

struct trace_exporter *trace_exporter_create(const struct trace_config *config);
void trace_exporter_destroy(struct trace_exporter *x); /* NULL is fine */

/* A span of that id was sent by an earlier process. */
void trace_exporter_sent(struct trace_exporter *x, const uint8_t span_id[SPAN_ID_LEN]);

/* Everything that the model knows now was sent by an earlier process at its end (TRACE_LAST). */
void trace_exporter_sent_all(struct trace_exporter *x, const struct model *m);

enum trace_moment {
    TRACE_NOW,     /* what is due */
    TRACE_LEAVING, /* the process ends and another goes on later: what is over, due or not */
    TRACE_LAST     /* and nobody goes on: everything as it is */
};

/*
 * Emits what is due. wall_ns: for what is about silence; mono_ns: for delays. Returns when to run again
 * although nothing arrives, as mono_ns; 0: no need; mono_ns itself: at once, there is more than one run's
 * share.
 */
int64_t trace_exporter_run(struct trace_exporter *x, const struct model *m, int64_t wall_ns, int64_t mono_ns,
                           enum trace_moment moment);

/*
 * The ids of what was sent of the sessions that began before since_ns, in parts of at most TRACE_REQUEST_MAX
 * bytes: SPAN_ID_LEN bytes each, one behind the other. For when the requests that they were sent in go. False
 * when keep() returned false, which ends it.
 */
bool trace_exporter_remember(struct trace_exporter *x, const struct model *m, int64_t since_ns,
                             bool (*keep)(void *ctx, struct slice ids), void *ctx);

struct trace_stats trace_exporter_stats(const struct trace_exporter *x);

#endif
