#include "answer.h"

#include "escape.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

/* A data source: its type, the uids that are usual, where its uid goes. */
struct source {
    const char *type;
    const char *usual[2];
    const char *key; /* in the kept text */
    size_t offset;
};

static const struct source sources[] = {
    {"tempo", {"tempo", "grafanacloud-traces"}, "tempo_uid", offsetof(struct grafana_facts, tempo_uid)},
    {"loki", {"loki", "grafanacloud-logs"}, "loki_uid", offsetof(struct grafana_facts, loki_uid)},
    {"prometheus",
     {"prometheus", "grafanacloud-prom"},
     "prometheus_uid",
     offsetof(struct grafana_facts, prometheus_uid)},
    {"grafana-pyroscope-datasource",
     {"pyroscope", "grafanacloud-profiles"},
     "pyroscope_uid",
     offsetof(struct grafana_facts, pyroscope_uid)},
};
#define SOURCE_COUNT (sizeof sources / sizeof *sources)

static char *uid_of(struct grafana_facts *facts, const struct source *s)
{
    return (char *)facts + s->offset;
}

static const cJSON *item(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* A text of printable ASCII without blanks, at most cap - 1 of it; "" is none. */
static bool take_word(const cJSON *value, char *out, size_t cap)
{
    const char *text = cJSON_GetStringValue(value);
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || len >= cap)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    memcpy(out, text, len + 1);
    return true;
}

static cJSON *parse(struct slice body)
{
    return body.len <= ANSWER_MAX ? cJSON_ParseWithLength(body.ptr, body.len) : NULL;
}

enum ct_err answer_health(struct slice body, struct grafana_facts *facts)
{
    cJSON *json = parse(body);
    bool good = take_word(item(json, "version"), facts->version, sizeof facts->version);
    cJSON_Delete(json);
    return good ? CT_OK : CT_ERR_FORMAT;
}

static int rank_of(const struct source *s, const char *uid, const cJSON *entry)
{
    for (size_t i = 0; i < sizeof s->usual / sizeof *s->usual; i++)
        if (strcmp(uid, s->usual[i]) == 0)
            return 3;
    return cJSON_IsTrue(item(entry, "isDefault")) ? 2 : 1;
}

enum ct_err answer_data_sources(struct slice body, struct grafana_facts *facts)
{
    cJSON *json = parse(body);
    bool good = cJSON_IsArray(json);
    int best[SOURCE_COUNT] = {0};
    for (size_t i = 0; good && i < SOURCE_COUNT; i++)
        uid_of(facts, &sources[i])[0] = '\0';
    for (const cJSON *e = good ? json->child : NULL; e; e = e->next) {
        char uid[ANSWER_UID_MAX + 1];
        const char *type = cJSON_GetStringValue(item(e, "type"));
        if (!type || !take_word(item(e, "uid"), uid, sizeof uid))
            continue;
        for (size_t i = 0; i < SOURCE_COUNT; i++) {
            if (strcmp(type, sources[i].type) != 0 || rank_of(&sources[i], uid, e) <= best[i])
                continue;
            best[i] = rank_of(&sources[i], uid, e);
            memcpy(uid_of(facts, &sources[i]), uid, sizeof uid);
        }
    }
    if (good)
        facts->has_sources = true;
    cJSON_Delete(json);
    return good ? CT_OK : CT_ERR_FORMAT;
}

#define DASHBOARD_BITS                                                                                       \
    (1u << DEEPLINK_DASHBOARD | 1u << DEEPLINK_FLEET | 1u << DEEPLINK_RED | 1u << DEEPLINK_COST)

enum ct_err answer_dashboards(struct slice body, struct grafana_facts *facts)
{
    cJSON *json = parse(body);
    bool good = cJSON_IsArray(json);
    if (good) {
        facts->lacks = DASHBOARD_BITS;
        facts->has_dashboards = true;
    }
    for (const cJSON *e = good ? json->child : NULL; e; e = e->next) {
        const char *uid = cJSON_GetStringValue(item(e, "uid"));
        for (int kind = 0; uid && kind < DEEPLINK_KIND_COUNT; kind++) {
            const char *ours = deeplink_dashboard_uid((enum deeplink_kind)kind);
            if (ours && strcmp(uid, ours) == 0)
                facts->lacks &= ~(1u << kind);
        }
    }
    cJSON_Delete(json);
    return good ? CT_OK : CT_ERR_FORMAT;
}

static struct slice without_slashes(const char *root_url)
{
    struct slice root = slice_str(root_url);
    while (root.len && root.ptr[root.len - 1] == '/')
        root.len--;
    return root;
}

enum ct_err answer_short_request(const char *root_url, struct slice url, struct buf *body)
{
    struct slice root = without_slashes(root_url);
    if (!slice_starts(url, root) || url.len <= root.len + 1 || url.ptr[root.len] != '/')
        return CT_ERR_USAGE;
    /* A URL that was made here has nothing in it that JSON would have to escape. */
    return buf_printf(body, "{\"path\":\"%.*s\"}", SLICE_ARG(slice_sub(url, root.len + 1, url.len)));
}

static bool is_short_uid(const char *uid)
{
    return uid[strspn(uid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

enum ct_err answer_short_url(struct slice body, const char *root_url, const char *org_id, struct buf *url)
{
    cJSON *json = parse(body);
    char uid[ANSWER_UID_MAX + 1];
    enum ct_err err = CT_ERR_FORMAT;
    if (take_word(item(json, "uid"), uid, sizeof uid) && is_short_uid(uid))
        err = buf_printf(url, "%.*s/goto/%s?orgId=", SLICE_ARG(without_slashes(root_url)), uid);
    if (!err)
        err = escape_percent(slice_str(org_id), url);
    cJSON_Delete(json);
    return err;
}

enum ct_err answer_keep(const struct grafana_facts *facts, const char *root_url, const char *org_id,
                        int64_t known_ns, struct buf *out)
{
    char time[32];
    cJSON *json = cJSON_CreateObject();
    snprintf(time, sizeof time, "%" PRId64, known_ns);
    cJSON_AddStringToObject(json, "root_url", root_url);
    cJSON_AddStringToObject(json, "org_id", org_id);
    cJSON_AddStringToObject(json, "known_ns", time);
    cJSON_AddStringToObject(json, "version", facts->version);
    cJSON_AddBoolToObject(json, "has_sources", facts->has_sources);
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        cJSON_AddStringToObject(json, sources[i].key, (const char *)facts + sources[i].offset);
    cJSON_AddBoolToObject(json, "has_dashboards", facts->has_dashboards);
    cJSON_AddNumberToObject(json, "lacks", (double)facts->lacks);
    char *text = cJSON_Print(json);
    enum ct_err err = text ? buf_printf(out, "%s\n", text) : CT_ERR_NOMEM;
    cJSON_free(text);
    cJSON_Delete(json);
    return err;
}

static bool same(const cJSON *value, const char *text)
{
    const char *own = cJSON_GetStringValue(value);
    return own && strcmp(own, text) == 0;
}

enum ct_err answer_kept(struct slice text, const char *root_url, const char *org_id,
                        struct grafana_facts *facts, int64_t *known_ns)
{
    cJSON *json = parse(text);
    struct grafana_facts f = {.version = ""};
    const char *time = cJSON_GetStringValue(item(json, "known_ns"));
    enum ct_err err = CT_OK;
    if (!cJSON_IsObject(json) || !time || !slice_to_i64(slice_str(time), known_ns))
        err = CT_ERR_FORMAT;
    else if (!same(item(json, "root_url"), root_url) || !same(item(json, "org_id"), org_id))
        err = CT_ERR_NOT_FOUND;
    if (!err) {
        const cJSON *lacks = item(json, "lacks");
        take_word(item(json, "version"), f.version, sizeof f.version);
        f.has_sources = cJSON_IsTrue(item(json, "has_sources"));
        for (size_t i = 0; i < SOURCE_COUNT; i++)
            take_word(item(json, sources[i].key), uid_of(&f, &sources[i]), ANSWER_UID_MAX + 1);
        f.has_dashboards = cJSON_IsTrue(item(json, "has_dashboards"));
        if (cJSON_IsNumber(lacks) && lacks->valuedouble >= 0 && lacks->valuedouble <= UINT32_MAX)
            f.lacks = (uint32_t)lacks->valuedouble & DASHBOARD_BITS;
        *facts = f;
    }
    cJSON_Delete(json);
    return err;
}
