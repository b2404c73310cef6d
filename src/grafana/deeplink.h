/*
 * deeplink.h - Grafana Explore URLs for a session, turn or call. Pure string building.
 *
 * The facts about Explore's URL format and the reasons for each query stand in docs/grafana-links.md. The
 * rules that are easy to get wrong are tested in tests/unit/grafana: three-letter pane ids, every range bound
 * and data source a JSON string, three layers of encoding (query-language literal, JSON string,
 * percent-encoding with %20).
 *
 * Ids in a target come from the network and may hold any bytes; the URL is printable ASCII all the same.
 */
#ifndef CT_GRAFANA_DEEPLINK_H
#define CT_GRAFANA_DEEPLINK_H

#include "buf.h"

/* All strings are borrowed and outlive the calls that use them. */
struct deeplink_config {
    const char *root_url;  /* "http://localhost:3000"; a sub-path is kept, slashes at its end do not matter */
    const char *org_id;    /* "1" */
    const char *tempo_uid; /* data source uids; docker-otel-lgtm's names by default */
    const char *loki_uid;
    const char *prometheus_uid;
    const char *pyroscope_uid;
    const char *service_name; /* "claude-code" */
};

void deeplink_config_init(struct deeplink_config *config);

enum deeplink_kind { DEEPLINK_TEMPO, DEEPLINK_LOKI, DEEPLINK_MIMIR, DEEPLINK_PROFILES, DEEPLINK_KIND_COUNT };

const char *deeplink_kind_name(enum deeplink_kind kind); /* "tempo", "loki", "mimir", "profiles" */
bool deeplink_kind_parse(const char *name, enum deeplink_kind *out);

/*
 * What the link is about. Times are event times. from_ns 0: unknown, the range begins
 * DEEPLINK_DEFAULT_RANGE_NS before its end. to_ns 0: live, the range ends at "now". An empty session_id
 * widens every query to the service.
 *
 * The Loki query is narrowed by the most specific of tool_use_id, request_id and prompt_id, and by that one
 * alone: events of a background sub-agent carry the id of a later prompt, so asking for two at once would
 * lose them.
 */
struct deeplink_target {
    struct slice session_id;
    struct slice trace_id;    /* 32 hex digits; anything else: search by session.id */
    struct slice span_id;     /* 16 hex digits: the span to focus in that trace; anything else: none */
    struct slice request_id;  /* LLM call; or empty */
    struct slice tool_use_id; /* tool call; or empty */
    struct slice prompt_id;   /* turn; or empty */
    struct slice model;       /* narrows the Mimir queries; or empty */
    int64_t from_ns;
    int64_t to_ns;
};

/* Margin on both sides of the range: exporters and stores lag behind. */
#define DEEPLINK_MARGIN_NS        (INT64_C(60) * 1000000000)
#define DEEPLINK_DEFAULT_RANGE_NS (INT64_C(3600) * 1000000000)

/* VTE ignores longer OSC 8 hyperlinks, and proxies begin to refuse request lines. Ordinary links have 500 to
 * 1700. */
#define DEEPLINK_URL_MAX 2083

/*
 * Appends the URL. CT_ERR_USAGE: the root URL is not http(s)://host, or holds characters that no URL has.
 * CT_ERR_LIMIT: it would be longer than DEEPLINK_URL_MAX, or than out can hold. After an error out is as
 * before.
 */
enum ct_err deeplink_build(const struct deeplink_config *config, enum deeplink_kind kind,
                           const struct deeplink_target *target, struct buf *out);

#endif
