/*
 * deeplink.h - Grafana URLs for a session, turn or call. Pure string building.
 *
 * Facts about Explore's URL format stand in docs/grafana-links.md; the rules that are easy to get wrong are tested
 * in tests/unit/grafana: three-letter pane ids, every range bound and datasource a JSON string, three layers of
 * encoding (query-language literal, JSON string, percent-encoding with %20).
 */
#ifndef CT_GRAFANA_DEEPLINK_H
#define CT_GRAFANA_DEEPLINK_H

#include "buf.h"

struct deeplink_config {
    const char *root_url;  /* "http://localhost:3000", a sub-path is kept */
    const char *org_id;    /* "1" */
    const char *tempo_uid; /* data source uids; docker-otel-lgtm's names by default */
    const char *loki_uid;
    const char *prometheus_uid;
    const char *pyroscope_uid;
    const char *service_name; /* "claude-code" */
};

void deeplink_config_init(struct deeplink_config *config);

enum deeplink_kind { DEEPLINK_TEMPO, DEEPLINK_LOKI, DEEPLINK_MIMIR, DEEPLINK_PROFILES, DEEPLINK_KIND_COUNT };

const char *deeplink_kind_name(enum deeplink_kind kind);                /* "tempo" … */
bool deeplink_kind_parse(const char *name, enum deeplink_kind *out);

/* What the link is about. Times are event times; to_ns 0 means live: the range ends at "now". */
struct deeplink_target {
    struct slice session_id;
    struct slice trace_id; /* 32 hex digits, or empty: search by session.id */
    struct slice span_id;  /* 16 hex digits: focus, or empty */
    struct slice request_id;  /* LLM call: narrows the Loki query; or empty */
    struct slice tool_use_id; /* tool call: likewise */
    struct slice prompt_id;   /* turn: likewise */
    struct slice model;       /* Mimir: narrows by model; or empty */
    int64_t from_ns;
    int64_t to_ns;
};

/* Margin on both sides of the range: exporters and stores lag behind. */
#define DEEPLINK_MARGIN_NS (INT64_C(60) * 1000000000)

/* Appends the URL. CT_ERR_USAGE when the root URL is not http(s)://host. */
enum ct_err deeplink_build(const struct deeplink_config *config, enum deeplink_kind kind,
                           const struct deeplink_target *target, struct buf *out);

#endif
