#include "deeplink.h"

#include "clock.h"
#include "deeplink_private.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * Grafana reads numbers of 8, 15 and 19 digits as dates, so a bound must have 13: the year 2001 and later.
 * The upper end needs no clamp: the largest int64 of nanoseconds has 13 digits in milliseconds too.
 */
#define RANGE_MS_MIN INT64_C(1000000000000)

/* A kind, and what its link is without when it would be too long (NULL: it has nothing to leave out). */
struct kind_info {
    const char *name;
    const char *title;
    const char *second; /* LINK_SINGLE */
};

static const struct kind_info kinds[DEEPLINK_KIND_COUNT] = {
    [DEEPLINK_TEMPO] = {"tempo", "Trace", NULL},
    [DEEPLINK_LOKI] = {"loki", "Logs", NULL},
    [DEEPLINK_MIMIR] = {"mimir", "Metrics", "without cost and exemplars: the link would be too long"},
    [DEEPLINK_PROFILES] = {"profiles", "Profiles", NULL},
    [DEEPLINK_SPLIT] = {"split", "Trace and logs", "without the logs: the link would be too long"},
    [DEEPLINK_DASHBOARD] = {"dashboard", "Dashboard", NULL},
    [DEEPLINK_FLEET] = {"fleet", "Dashboard: all sessions", NULL},
    [DEEPLINK_RED] = {"red", "Dashboard: rate, errors, duration", NULL},
    [DEEPLINK_COST] = {"cost", "Dashboard: cost and tokens", NULL},
    [DEEPLINK_DRILLDOWN] = {"drilldown", "Drilldown: traces", NULL},
    [DEEPLINK_DRILLDOWN_LOGS] = {"drilldown_logs", "Drilldown: logs", NULL},
    [DEEPLINK_DRILLDOWN_METRICS] = {"drilldown_metrics", "Drilldown: metrics", NULL},
    [DEEPLINK_DRILLDOWN_PROFILES] = {"drilldown_profiles", "Drilldown: profiles", NULL},
};

void deeplink_config_init(struct deeplink_config *config)
{
    *config = (struct deeplink_config){
        .root_url = "http://localhost:3000",
        .org_id = "1",
        .tempo_uid = "tempo",
        .loki_uid = "loki",
        .prometheus_uid = "prometheus",
        .pyroscope_uid = "pyroscope",
        .service_name = "claude-code",
        .version = "",
    };
}

const char *deeplink_kind_name(enum deeplink_kind kind)
{
    return (unsigned)kind < DEEPLINK_KIND_COUNT ? kinds[kind].name : "";
}

const char *deeplink_kind_title(enum deeplink_kind kind)
{
    return (unsigned)kind < DEEPLINK_KIND_COUNT ? kinds[kind].title : "";
}

static bool same_name(const char *given, const char *name)
{
    for (; *given && (*given == *name || (*given == '-' && *name == '_')); given++)
        name++;
    return !*given && !*name;
}

bool deeplink_kind_parse(const char *name, enum deeplink_kind *out)
{
    for (int i = 0; name && i < DEEPLINK_KIND_COUNT; i++) {
        if (same_name(name, kinds[i].name)) {
            *out = (enum deeplink_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- range and root ---- */

static void bound_set(char *bound, int64_t ms)
{
    snprintf(bound, RANGE_TEXT_MAX, "%" PRId64, ms < RANGE_MS_MIN ? RANGE_MS_MIN : ms);
}

static void range_set(struct range *range, const struct deeplink_target *target)
{
    const int64_t margin = DEEPLINK_MARGIN_NS / NS_PER_MS;
    const bool live = target->to_ns <= 0;
    int64_t from = target->from_ns / NS_PER_MS;
    int64_t to = target->to_ns / NS_PER_MS;

    if (target->from_ns <= 0)
        from = to - DEEPLINK_DEFAULT_RANGE_NS / NS_PER_MS;
    if (live && target->from_ns <= 0)
        snprintf(range->from, RANGE_TEXT_MAX, "now-%" PRId64 "s", DEEPLINK_DEFAULT_RANGE_NS / NS_PER_SEC);
    else
        bound_set(range->from, from - margin);
    if (live)
        snprintf(range->to, RANGE_TEXT_MAX, "now");
    else
        bound_set(range->to, (to < from ? from : to) + margin);
}

/*
 * True for http(s)://host… without query or fragment, made of characters that a URL may hold; *root is then
 * without slashes at its end. The URL is handed to terminals and programs, so nothing else gets through.
 */
static bool root_is_sound(struct slice *root)
{
    size_t scheme = 0;
    if (slice_eq_nocase(slice_sub(*root, 0, 7), SLICE_LIT("http://")))
        scheme = 7;
    else if (slice_eq_nocase(slice_sub(*root, 0, 8), SLICE_LIT("https://")))
        scheme = 8;
    else
        return false;
    for (size_t i = 0; i < root->len; i++) {
        unsigned char c = (unsigned char)root->ptr[i];
        if (c <= 0x20 || c >= 0x7f || strchr("?#\"'<>\\^`{|}", c))
            return false;
    }
    if (root->len == scheme || strchr("/:@", root->ptr[scheme]))
        return false;
    while (root->ptr[root->len - 1] == '/')
        root->len--;
    return true;
}

/* ---- the URL ---- */

static enum ct_err build(const struct deeplink_config *config, enum deeplink_kind kind,
                         const struct deeplink_target *target, enum link_size size, size_t max,
                         struct buf *out)
{
    struct slice root = slice_str(config->root_url);
    struct link l = {.config = config, .target = target, .size = size};
    struct buf url;
    if (!root_is_sound(&root) || (unsigned)kind >= DEEPLINK_KIND_COUNT)
        return CT_ERR_USAGE;
    buf_init(&l.text, max);
    buf_init(&url, max);
    range_set(&l.range, target);
    enum ct_err err = buf_append(&url, root);
    if (!err)
        err = kind <= DEEPLINK_SPLIT ? explore_path(&l, kind, &url) : app_path(&l, kind, &url);
    if (!err)
        err = buf_append(out, buf_slice(&url));
    buf_finish(&l.text);
    buf_finish(&url);
    return err;
}

enum ct_err deeplink_make(const struct deeplink_config *config, enum deeplink_kind kind,
                          const struct deeplink_target *target, struct buf *out, const char **left_out)
{
    const char *none;
    enum ct_err err = CT_ERR_LIMIT;
    if (!left_out)
        left_out = &none;
    *left_out = NULL;
    for (int size = LINK_WHOLE; size < LINK_SIZE_COUNT && err == CT_ERR_LIMIT; size++) {
        if (size == LINK_SINGLE && !kinds[kind].second)
            break;
        err = build(config, kind, target, (enum link_size)size, DEEPLINK_URL_MAX, out);
        if (!err && size == LINK_SINGLE)
            *left_out = kinds[kind].second;
    }
    return err;
}

enum ct_err deeplink_build(const struct deeplink_config *config, enum deeplink_kind kind,
                           const struct deeplink_target *target, struct buf *out)
{
    return deeplink_make(config, kind, target, out, NULL);
}

enum ct_err deeplink_build_long(const struct deeplink_config *config, enum deeplink_kind kind,
                                const struct deeplink_target *target, struct buf *out)
{
    return build(config, kind, target, LINK_WHOLE, DEEPLINK_LONG_MAX, out);
}

const char *deeplink_why_not(enum ct_err err, enum deeplink_kind kind)
{
    switch (err) {
    case CT_ERR_USAGE:
        return "root_url in config.ini's [grafana] is no URL of a Grafana";
    case CT_ERR_LIMIT:
        return "longer than terminals and proxies take: its ids are too long";
    case CT_ERR_UNSUPPORTED:
        return "its ids hold characters that Drilldown cannot search for";
    case CT_ERR_NOT_FOUND:
        return deeplink_dashboard_uid(kind)
                   ? "Grafana does not have this dashboard: alloy/README.md says how it gets it"
                   : "Grafana has no data source for it";
    default:
        return "out of memory";
    }
}

/* ---- the menu ---- */

static bool applies(enum deeplink_kind kind, const struct deeplink_target *target)
{
    /* Without a session the session's dashboard is the fleet's. */
    return kind != DEEPLINK_DASHBOARD || target->session_id.len > 0;
}

size_t deeplink_list(const struct deeplink_config *config, const struct deeplink_target *target,
                     struct arena *arena, struct deeplink_entry out[DEEPLINK_KIND_COUNT])
{
    size_t count = 0;
    struct buf url;
    buf_init(&url, DEEPLINK_URL_MAX);
    for (int i = 0; i < DEEPLINK_KIND_COUNT; i++) {
        enum deeplink_kind kind = (enum deeplink_kind)i;
        struct deeplink_entry *e = &out[count];
        if (!applies(kind, target))
            continue;
        *e = (struct deeplink_entry){.kind = kind, .title = kinds[i].title};
        buf_clear(&url);
        enum ct_err err = deeplink_make(config, kind, target, &url, &e->left_out);
        e->err = err;
        if (err)
            e->why_not = deeplink_why_not(err, kind);
        else
            e->url = arena_dup(arena, buf_slice(&url)).ptr;
        if (!err && !e->url) {
            count = 0;
            break;
        }
        count++;
    }
    buf_finish(&url);
    return count;
}
