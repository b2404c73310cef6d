/*
 * deeplink.h - Grafana URLs for sessions, turns, calls, rows of the RED table and errors. Pure string
 * building.
 *
 * The facts about Grafana's URL formats and the reasons for each query stand in docs/grafana-links.md. The
 * rules that are easy to get wrong are tested in tests/unit/grafana: three-letter pane ids, every range bound
 * and data source a JSON string, three layers of encoding (query-language literal, JSON string,
 * percent-encoding with %20).
 *
 * Ids in a target come from the network and may hold any bytes; the URL is printable ASCII all the same.
 */
#ifndef CT_GRAFANA_DEEPLINK_H
#define CT_GRAFANA_DEEPLINK_H

#include "arena.h"
#include "buf.h"

enum deeplink_kind {
    DEEPLINK_TEMPO,     /* the trace, or a search for it */
    DEEPLINK_LOKI,      /* the log lines */
    DEEPLINK_MIMIR,     /* tokens and cost, latency with exemplars */
    DEEPLINK_PROFILES,  /* CPU profiles of the time, or of the span */
    DEEPLINK_SPLIT,     /* the trace on the left, the log lines on the right */
    DEEPLINK_DASHBOARD, /* the dashboard of the session; without one that of all of them */
    DEEPLINK_FLEET,     /* dashboards of all sessions: */
    DEEPLINK_RED,
    DEEPLINK_COST,
    DEEPLINK_DRILLDOWN, /* Grafana's Drilldown apps: Traces, */
    DEEPLINK_DRILLDOWN_LOGS,
    DEEPLINK_DRILLDOWN_METRICS,
    DEEPLINK_DRILLDOWN_PROFILES,
    DEEPLINK_KIND_COUNT
};

/* "tempo", "drilldown_logs" …: what `claude-top link` and the JSON call it. */
const char *deeplink_kind_name(enum deeplink_kind kind);
/* For people: "Trace", "Drilldown: logs" … */
const char *deeplink_kind_title(enum deeplink_kind kind);
/* By its name; '-' may stand for '_'. */
bool deeplink_kind_parse(const char *name, enum deeplink_kind *out);

/* All strings are borrowed and outlive the calls that use them; none is NULL. */
struct deeplink_config {
    const char *root_url;  /* "http://localhost:3000"; a sub-path is kept, slashes at its end do not matter */
    const char *org_id;    /* "1" */
    const char *tempo_uid; /* data source uids; docker-otel-lgtm's names by default. "": there is none */
    const char *loki_uid;
    const char *prometheus_uid;
    const char *pyroscope_uid;
    const char *service_name; /* "claude-code" */
    const char *version;      /* Grafana's, "12.1.0"; "": unknown, taken for a current one */
    /* Kinds of which Grafana is known to lack the dashboard: bit 1 << kind, of DEEPLINK_DASHBOARD (that of a
     * session) to DEEPLINK_COST. */
    uint32_t lacks;
};

void deeplink_config_init(struct deeplink_config *config);

/* The uid of the dashboard that alloy/ provisions for a kind; DEEPLINK_DASHBOARD: that of one session. NULL
 * for other kinds. */
const char *deeplink_dashboard_uid(enum deeplink_kind kind);

/*
 * What the link is about. Times are event times. from_ns 0: unknown, the range begins
 * DEEPLINK_DEFAULT_RANGE_NS before its end. to_ns 0: live, the range ends at "now". An empty session_id
 * widens every query to the service. Everything else may be empty, and narrows the queries that know it:
 *
 * Of the ids the most specific alone is asked for (tool_use_id, request_id, agent_id, prompt_id): events of a
 * background sub-agent carry the id of a later prompt, so asking for two at once would lose them. model,
 * tool, mcp_server and agent_type, of a row of the RED table, narrow what none of these ids does. errors asks
 * for failures only.
 */
struct deeplink_target {
    struct slice session_id;
    struct slice service_name; /* as its sender says; empty: as configured */
    struct slice trace_id;     /* 32 hex digits; anything else: search */
    struct slice span_id;      /* 16 hex digits: the span to focus in that trace; anything else: none */
    struct slice request_id;   /* LLM call */
    struct slice tool_use_id;  /* tool call */
    struct slice agent_id;     /* sub-agent */
    struct slice prompt_id;    /* turn */
    int64_t turn_number;       /* turn, where its trace is not known; 0: none */
    struct slice model;
    struct slice tool; /* its name: "Bash", "mcp__server__tool" */
    struct slice mcp_server;
    struct slice agent_type;
    struct slice profile_id;      /* the span's pyroscope.profile.id: 16 hex digits; anything else: none */
    struct slice profile_service; /* whose profile that is; empty: service_name */
    bool errors;
    int64_t from_ns;
    int64_t to_ns;
};

/* Margin on both sides of the range: exporters and stores lag behind. */
#define DEEPLINK_MARGIN_NS        (INT64_C(60) * 1000000000)
#define DEEPLINK_DEFAULT_RANGE_NS (INT64_C(3600) * 1000000000)

/* VTE ignores longer OSC 8 hyperlinks, and proxies begin to refuse request lines. Ordinary links have 200 to
 * 1900. */
#define DEEPLINK_URL_MAX 2083

/* What Grafana is asked to keep behind a short URL, at most. */
#define DEEPLINK_LONG_MAX 16384

/*
 * Appends the URL. One that would be longer than DEEPLINK_URL_MAX is made shorter by leaving out what can be
 * left out; deeplink_make() says in *left_out what, in a few words, or NULL.
 *
 * CT_ERR_USAGE: the root URL is not http(s)://host, or holds characters that no URL has. CT_ERR_LIMIT: too
 * long all the same, or for out. CT_ERR_NOT_FOUND: there is no such data source or dashboard.
 * CT_ERR_UNSUPPORTED: this kind cannot express the target. After an error out is as before.
 */
enum ct_err deeplink_build(const struct deeplink_config *config, enum deeplink_kind kind,
                           const struct deeplink_target *target, struct buf *out);
enum ct_err deeplink_make(const struct deeplink_config *config, enum deeplink_kind kind,
                          const struct deeplink_target *target, struct buf *out, const char **left_out);

/* The whole of it, up to DEEPLINK_LONG_MAX bytes: for a short URL (answer.h). */
enum ct_err deeplink_build_long(const struct deeplink_config *config, enum deeplink_kind kind,
                                const struct deeplink_target *target, struct buf *out);

/* Why deeplink_make() said so, in a few words for people; static. */
const char *deeplink_why_not(enum ct_err err, enum deeplink_kind kind);

/* One line of a menu. */
struct deeplink_entry {
    enum deeplink_kind kind;
    const char *title;    /* static */
    const char *url;      /* in the arena; NULL: there is none, */
    const char *why_not;  /* because of this (static); else NULL */
    enum ct_err err;      /* likewise; CT_ERR_LIMIT: it is too long, but deeplink_build_long() may make it */
    const char *left_out; /* what the URL leaves out to be short enough; NULL: nothing */
};

/*
 * Every kind that applies to the target, in the order of the menu, with its URL or the reason why it has
 * none. Returns how many of out were filled; 0 when the arena is full.
 */
size_t deeplink_list(const struct deeplink_config *config, const struct deeplink_target *target,
                     struct arena *arena, struct deeplink_entry out[DEEPLINK_KIND_COUNT]);

#endif
