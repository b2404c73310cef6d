/*
 * answer.h - what Grafana's HTTP API says of itself: its version, data sources and dashboards; short URLs;
 * and the text in which that is kept for a while. Pure.
 *
 * The answers come from the network and are hostile until read: what has not the form that Grafana's own have
 * counts as not said. Whoever reads bodies bounds them by ANSWER_MAX.
 */
#ifndef CT_GRAFANA_ANSWER_H
#define CT_GRAFANA_ANSWER_H

#include "deeplink.h"

#define ANSWER_MAX         ((size_t)256 * 1024)
#define ANSWER_UID_MAX     64 /* Grafana's own limit is 40 characters */
#define ANSWER_VERSION_MAX 32

/* GET paths below the root URL. */
#define ANSWER_HEALTH_PATH       "/api/health"
#define ANSWER_DATA_SOURCES_PATH "/api/datasources"
#define ANSWER_SHORT_URLS_PATH   "/api/short-urls"
/* The dashboards of deeplink_dashboard_uid(), and no other. */
#define ANSWER_DASHBOARDS_PATH                                                                               \
    "/api/search?type=dash-db&limit=100&dashboardUIDs=claude-top-session&dashboardUIDs=claude-top-fleet"     \
    "&dashboardUIDs=claude-top-red&dashboardUIDs=claude-top-cost"

struct grafana_facts {
    char version[ANSWER_VERSION_MAX]; /* "": not known */
    bool has_sources;                 /* the uids are known; "": there is no such source */
    char tempo_uid[ANSWER_UID_MAX + 1];
    char loki_uid[ANSWER_UID_MAX + 1];
    char prometheus_uid[ANSWER_UID_MAX + 1];
    char pyroscope_uid[ANSWER_UID_MAX + 1];
    bool has_dashboards;
    uint32_t lacks; /* as in struct deeplink_config */
};

/* Each fills its part. CT_ERR_FORMAT: not such an answer, facts is as before. */
enum ct_err answer_health(struct slice body, struct grafana_facts *facts);
/* Of several sources of a type: one with the usual uid (docker-otel-lgtm's, Grafana Cloud's), the default
 * one, the first. */
enum ct_err answer_data_sources(struct slice body, struct grafana_facts *facts);
enum ct_err answer_dashboards(struct slice body, struct grafana_facts *facts);

/* The body of a POST to ANSWER_SHORT_URLS_PATH for a URL below the root; CT_ERR_USAGE: it is not below. */
enum ct_err answer_short_request(const char *root_url, struct slice url, struct buf *body);
/*
 * The short URL of its answer: root_url/goto/UID, whatever host the answer names, so that an answer can lead
 * nowhere else.
 */
enum ct_err answer_short_url(struct slice body, const char *root_url, const char *org_id, struct buf *url);

/* The facts as text for a file, of the Grafana named by root_url and org_id, known since then. */
enum ct_err answer_keep(const struct grafana_facts *facts, const char *root_url, const char *org_id,
                        int64_t known_ns, struct buf *out);
/* CT_ERR_NOT_FOUND: of another Grafana. CT_ERR_FORMAT. */
enum ct_err answer_kept(struct slice text, const char *root_url, const char *org_id,
                        struct grafana_facts *facts, int64_t *known_ns);

#endif
