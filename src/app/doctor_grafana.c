/* doctor: Grafana, the data sources that links name, and the dashboards. */
#include "answer.h"
#include "doctor.h"
#include "grafana_api.h"

#include <stdio.h>

#define URL_MAX 2048

/* Data sources as the settings have them. */
static const struct {
    const char *what, *flag, *used_for;
    size_t offset;
} sources[] = {
    {"Tempo", "tempo_uid", "traces", offsetof(struct deeplink_config, tempo_uid)},
    {"Loki", "loki_uid", "logs", offsetof(struct deeplink_config, loki_uid)},
    {"Mimir or Prometheus", "prometheus_uid", "metrics", offsetof(struct deeplink_config, prometheus_uid)},
    {"Pyroscope", "pyroscope_uid", "profiles", offsetof(struct deeplink_config, pyroscope_uid)},
};
#define SOURCE_COUNT (sizeof sources / sizeof *sources)

static void ask(struct doctor *d, const char *path,
                void (*done)(struct doctor_probe *, const struct http_result *), const void *about)
{
    char url[URL_MAX];
    struct slice root = slice_str(d->o->grafana.root_url);
    struct frame_header headers[3] = {{SLICE_LIT("Accept"), SLICE_LIT("application/json")},
                                      {SLICE_LIT("X-Grafana-Org-Id"), slice_str(d->o->grafana.org_id)},
                                      {SLICE_LIT("Authorization"), slice_str(d->grafana_authorization)}};
    while (root.len && root.ptr[root.len - 1] == '/')
        root.len--;
    snprintf(url, sizeof url, "%.*s%s", SLICE_ARG(root), path);
    struct doctor_request request = {
        .url = url, .get = true, .headers = headers, .header_count = d->grafana_authorization[0] ? 3 : 2};
    doctor_ask(d, &request, done, about, path);
}

static bool refused(const struct http_result *r)
{
    return r->status == 401 || r->status == 403;
}

static void on_health(struct doctor_probe *p, const struct http_result *r)
{
    struct grafana_facts facts = {.version = ""};
    char why[DOCTOR_TEXT_MAX];
    const char *root = p->d->o->grafana.root_url;
    if (r->status == 200 && answer_health(r->body, &facts) == CT_OK)
        doctor_say(p->d, "grafana", DOCTOR_OK, NULL, "Grafana %s at %s", facts.version, root);
    else if (r->status == 200)
        doctor_say(p->d, "grafana", DOCTOR_FAIL, "root_url in [grafana] of config.ini, with its sub-path",
                   "what answers at %s is no Grafana", root);
    else if (!doctor_accepts(p, r, why))
        doctor_say(p->d, "grafana", DOCTOR_WARN,
                   "links lead there: start it, or set root_url in [grafana] of config.ini", "%s: %s", root,
                   why);
    doctor_clock(p->d, "grafana", "Grafana", r);
}

static bool has_uid(const cJSON *list, const char *uid)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, list)
    {
        const char *own = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(e, "uid"));
        if (own && strcmp(own, uid) == 0)
            return true;
    }
    return false;
}

static void on_source_health(struct doctor_probe *p, const struct http_result *r)
{
    size_t i = (size_t)((const char *)p->about - (const char *)sources) / sizeof sources[0];
    cJSON *json = cJSON_ParseWithLength(r->body.ptr, r->body.len);
    const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "message"));
    if (r->status == 200)
        doctor_say(p->d, "grafana", DOCTOR_OK, NULL, "Grafana reaches its %s", sources[i].what);
    else if (r->status >= 400 && r->status != 404 && !refused(r))
        doctor_say(
            p->d, "grafana", DOCTOR_WARN, "test the data source in Grafana: its URL, and whether it runs",
            "Grafana does not reach its %s: %.200s", sources[i].what, message ? message : "no reason given");
    cJSON_Delete(json);
}

static void on_sources(struct doctor_probe *p, const struct http_result *r)
{
    struct doctor *d = p->d;
    struct grafana_facts facts = {.version = ""};
    if (refused(r)) {
        doctor_say(d, "grafana", DOCTOR_WARN,
                   d->grafana_authorization[0]
                       ? "the token's service account needs the role Viewer and datasources:read"
                       : "token_file in [grafana] of config.ini: a service account's token",
                   "Grafana does not tell its data sources (HTTP %d)", r->status);
        return;
    }
    if (r->status != 200 || answer_data_sources(r->body, &facts))
        return;
    cJSON *list = cJSON_ParseWithLength(r->body.ptr, r->body.len);
    const char *const found[SOURCE_COUNT] = {facts.tempo_uid, facts.loki_uid, facts.prometheus_uid,
                                             facts.pyroscope_uid};
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        const char *uid = *(const char *const *)((const char *)&d->o->grafana + sources[i].offset);
        char remedy[DOCTOR_TEXT_MAX], path[URL_MAX];
        bool there = uid[0] && has_uid(list, uid);
        const char *used = there ? uid : d->grafana_authorization[0] ? found[i] : "";
        if (there || used[0]) {
            doctor_say(d, "grafana", DOCTOR_OK, NULL, "%s is the data source %.64s", sources[i].what, used);
            snprintf(path, sizeof path, ANSWER_DATA_SOURCES_PATH "/uid/%.64s/health", used);
            ask(d, path, on_source_health, &sources[i]);
            continue;
        }
        if (found[i][0])
            snprintf(remedy, sizeof remedy, "%s = %s in [grafana] of config.ini", sources[i].flag, found[i]);
        else
            snprintf(remedy, sizeof remedy, "add one for %s in Grafana; alloy/README.md has all of them",
                     sources[i].used_for);
        doctor_say(d, "grafana", DOCTOR_WARN, remedy, "Grafana has no %s data source %.64s", sources[i].what,
                   uid);
    }
    cJSON_Delete(list);
}

static void on_dashboards(struct doctor_probe *p, const struct http_result *r)
{
    struct grafana_facts facts = {.version = ""};
    if (r->status != 200 || answer_dashboards(r->body, &facts))
        return;
    for (int kind = DEEPLINK_DASHBOARD; kind <= DEEPLINK_COST; kind++) {
        bool lacks = facts.lacks & (1u << kind);
        doctor_say(p->d, "grafana", lacks ? DOCTOR_WARN : DOCTOR_OK,
                   lacks ? "provision or import the dashboards in alloy/: alloy/README.md" : NULL,
                   "the dashboard %s is %s", deeplink_dashboard_uid((enum deeplink_kind)kind),
                   lacks ? "not there" : "there");
    }
}

void doctor_grafana(struct doctor *d)
{
    char token[GRAFANA_TOKEN_MAX];
    struct ct_errmsg msg;
    if (grafana_token_read(d->o, token, &msg))
        doctor_say(d, "grafana", DOCTOR_FAIL, "token_file in [grafana] of config.ini", "%s", msg.text);
    if (token[0])
        snprintf(d->grafana_authorization, sizeof d->grafana_authorization, "Bearer %s", token);
    ask(d, ANSWER_HEALTH_PATH, on_health, NULL);
    ask(d, ANSWER_DATA_SOURCES_PATH, on_sources, NULL);
    ask(d, ANSWER_DASHBOARDS_PATH, on_dashboards, NULL);
}
