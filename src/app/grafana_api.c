#include "grafana_api.h"

#include "clock.h"
#include "file_io.h"
#include "http_client.h"
#include "mem.h"
#include "options_table.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

#define FAILURE_MAX 256
#define URL_MAX     2048
#define CACHE_FILE  "grafana.json"

enum step { STEP_HEALTH, STEP_SOURCES, STEP_DASHBOARDS, STEP_COUNT };

static const char *const step_paths[STEP_COUNT] = {
    [STEP_HEALTH] = ANSWER_HEALTH_PATH,
    [STEP_SOURCES] = ANSWER_DATA_SOURCES_PATH,
    [STEP_DASHBOARDS] = ANSWER_DASHBOARDS_PATH,
};

struct grafana_api {
    const struct options *o;
    void (*on_change)(void *ctx);
    void *ctx;
    struct deeplink_config links;
    struct grafana_facts facts;
    int64_t known_ns;       /* 0: never */
    char root_url[URL_MAX]; /* of whom the facts are */
    char failure[FAILURE_MAX];

    struct http_client *client; /* NULL: there is no token */
    struct http_transfer *asking, *shortening;
    char authorization[GRAFANA_TOKEN_MAX + 16];
    enum step step;
    struct grafana_facts fresh;
    bool busy;

    struct buf short_body;
    void (*short_fn)(void *ctx, const char *url, const char *why);
    void *short_ctx;

    void (*closed)(void *ctx);
    void *closed_ctx;
};

enum ct_err grafana_token_read(const struct options *o, char out[GRAFANA_TOKEN_MAX], struct ct_errmsg *msg)
{
    out[0] = '\0';
    if (o->grafana_token_file[0])
        return file_read_line(o->grafana_token_file, out, GRAFANA_TOKEN_MAX, msg);
    if (strlen(o->grafana_token) >= GRAFANA_TOKEN_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "Grafana's token is longer than %d bytes", GRAFANA_TOKEN_MAX - 1);
    snprintf(out, GRAFANA_TOKEN_MAX, "%s", o->grafana_token);
    return CT_OK;
}

/* ---- what is known ---- */

static bool is_built_in(const struct options *o, const char *flag)
{
    return o->sources[option_index(option_by_flag(slice_str(flag)))].origin == ORIGIN_BUILT_IN;
}

static void take_uid(const struct options *o, const char *flag, const char *found, const char **uid)
{
    if (is_built_in(o, flag))
        *uid = found;
}

/* The settings, and what Grafana says where they say nothing. */
static void set_links(struct grafana_api *a)
{
    const struct options *o = a->o;
    a->links = o->grafana;
    if (a->facts.version[0] && is_built_in(o, "grafana-version"))
        a->links.version = a->facts.version;
    if (a->facts.has_sources) {
        take_uid(o, "grafana-tempo-uid", a->facts.tempo_uid, &a->links.tempo_uid);
        take_uid(o, "grafana-loki-uid", a->facts.loki_uid, &a->links.loki_uid);
        take_uid(o, "grafana-prometheus-uid", a->facts.prometheus_uid, &a->links.prometheus_uid);
        take_uid(o, "grafana-pyroscope-uid", a->facts.pyroscope_uid, &a->links.pyroscope_uid);
    }
    if (a->facts.has_dashboards)
        a->links.lacks = a->facts.lacks;
}

static void cache_path(const struct grafana_api *a, char *out, size_t cap)
{
    snprintf(out, cap, "%s/" CACHE_FILE, a->o->state_dir);
}

static void cache_read(struct grafana_api *a)
{
    char path[URL_MAX];
    struct buf text;
    struct grafana_facts facts;
    int64_t known_ns;
    cache_path(a, path, sizeof path);
    buf_init(&text, ANSWER_MAX);
    if (file_read(path, &text, NULL) == CT_OK &&
        answer_kept(buf_slice(&text), a->o->grafana.root_url, a->o->grafana.org_id, &facts, &known_ns) ==
            CT_OK) {
        a->facts = facts;
        a->known_ns = known_ns;
    }
    buf_finish(&text);
}

/* Without a state folder (nothing is kept on disk) it is asked again next time. */
static void cache_write(const struct grafana_api *a)
{
    char path[URL_MAX];
    struct buf text;
    cache_path(a, path, sizeof path);
    buf_init(&text, ANSWER_MAX);
    if (a->o->journal_mode == JOURNAL_MODE_DISK &&
        answer_keep(&a->facts, a->o->grafana.root_url, a->o->grafana.org_id, a->known_ns, &text) == CT_OK)
        file_write(path, buf_slice(&text), 0600, NULL);
    buf_finish(&text);
}

static bool is_old(const struct grafana_api *a)
{
    int64_t age = clock_wall() - a->known_ns;
    return a->known_ns == 0 || age < 0 || age >= a->o->grafana_cache_ns;
}

/* ---- asking ---- */

static void changed(struct grafana_api *a)
{
    if (a->on_change)
        a->on_change(a->ctx);
}

static void fail(struct grafana_api *a, const struct http_result *r)
{
    char words[FAILURE_MAX - 64];
    text_clean(slice_str(r->failure ? r->failure : ""), words, sizeof words);
    if (r->status == 401 || r->status == 403)
        snprintf(a->failure, sizeof a->failure,
                 "Grafana refuses the token (%d): it needs the role Viewer and datasources:read", r->status);
    else if (r->status == 200)
        snprintf(a->failure, sizeof a->failure, "what answers to %s below %s is no Grafana",
                 step_paths[a->step], a->o->grafana.root_url);
    else if (r->status)
        snprintf(a->failure, sizeof a->failure, "Grafana answers %d to %s", r->status, step_paths[a->step]);
    else
        snprintf(a->failure, sizeof a->failure, "no answer from Grafana: %s", words);
}

static enum ct_err send_request(struct grafana_api *a, struct http_transfer *t, bool get, const char *path,
                                struct slice body, http_result_fn fn)
{
    char url[URL_MAX];
    struct slice root = slice_str(a->o->grafana.root_url);
    const struct frame_header headers[] = {
        {SLICE_LIT("Accept"), SLICE_LIT("application/json")},
        {SLICE_LIT("X-Grafana-Org-Id"), slice_str(a->o->grafana.org_id)},
        {SLICE_LIT("Authorization"), slice_str(a->authorization)},
        {SLICE_LIT("Content-Type"), SLICE_LIT("application/json")},
    };
    while (root.len && root.ptr[root.len - 1] == '/')
        root.len--;
    if (snprintf(url, sizeof url, "%.*s%s", SLICE_ARG(root), path) >= (int)sizeof url)
        return CT_ERR_LIMIT;
    struct http_request request = {.url = url,
                                   .headers = headers,
                                   .header_count = get ? 3 : 4,
                                   .get = get,
                                   .body = body,
                                   .connect_timeout_ms = GRAFANA_API_CONNECT_MS,
                                   .timeout_ms = GRAFANA_API_REQUEST_MS,
                                   .response_bytes_max = ANSWER_MAX};
    return http_transfer_start(t, &request, fn, a);
}

static void on_answer(void *ctx, const struct http_result *r);

static void ask(struct grafana_api *a)
{
    a->busy = send_request(a, a->asking, true, step_paths[a->step], SLICE_NULL, on_answer) == CT_OK;
}

/* A part that could not be had is left as the settings have it; the others count. */
static void on_answer(void *ctx, const struct http_result *r)
{
    struct grafana_api *a = ctx;
    enum ct_err err = CT_ERR_FORMAT;
    if (r->status == 200 && !r->truncated)
        err = a->step == STEP_HEALTH    ? answer_health(r->body, &a->fresh)
              : a->step == STEP_SOURCES ? answer_data_sources(r->body, &a->fresh)
                                        : answer_dashboards(r->body, &a->fresh);
    if (err && !a->failure[0])
        fail(a, r);
    if (r->status && ++a->step < STEP_COUNT) {
        ask(a);
        if (a->busy)
            return;
    }
    a->busy = false;
    if (a->fresh.version[0] || a->fresh.has_sources || a->fresh.has_dashboards) {
        a->facts = a->fresh;
        a->known_ns = clock_wall();
        set_links(a);
        cache_write(a);
    }
    changed(a);
}

/* The settings may name another Grafana than before. */
static void look_again(struct grafana_api *a)
{
    if (strcmp(a->root_url, a->o->grafana.root_url) != 0) {
        snprintf(a->root_url, sizeof a->root_url, "%s", a->o->grafana.root_url);
        a->facts = (struct grafana_facts){.version = ""};
        a->known_ns = 0;
        if (a->client)
            cache_read(a);
    }
    set_links(a);
}

void grafana_api_refresh(struct grafana_api *a)
{
    if (a->busy)
        return;
    look_again(a);
    if (!a->client || !is_old(a))
        return;
    a->step = STEP_HEALTH;
    a->fresh = (struct grafana_facts){.version = ""};
    a->failure[0] = '\0';
    ask(a);
}

struct grafana_api *grafana_api_create(uv_loop_t *loop, const struct options *o, void (*on_change)(void *ctx),
                                       void *ctx)
{
    struct grafana_api *a = mem_alloc(sizeof *a);
    struct http_client_config config = {.connection_age_ms = 60000};
    char token[GRAFANA_TOKEN_MAX];
    struct ct_errmsg msg;
    *a = (struct grafana_api){.o = o, .on_change = on_change, .ctx = ctx};
    buf_init(&a->short_body, DEEPLINK_LONG_MAX + 64);
    set_links(a);
    if (grafana_token_read(o, token, &msg)) {
        snprintf(a->failure, sizeof a->failure, "%.*s", FAILURE_MAX - 1, msg.text);
        return a;
    }
    if (!token[0])
        return a;
    snprintf(a->authorization, sizeof a->authorization, "Bearer %s", token);
    memset(token, 0, sizeof token);
    if (http_client_create(loop, &config, &a->client, &msg)) {
        a->client = NULL;
        return a;
    }
    a->asking = http_transfer_create(a->client);
    a->shortening = http_transfer_create(a->client);
    grafana_api_refresh(a);
    return a;
}

const struct deeplink_config *grafana_api_links(const struct grafana_api *a)
{
    return &a->links;
}

bool grafana_api_busy(const struct grafana_api *a)
{
    return a->busy || a->short_fn;
}

const char *grafana_api_failure(const struct grafana_api *a)
{
    return a->failure;
}

/* ---- short URLs ---- */

static void on_short(void *ctx, const struct http_result *r)
{
    struct grafana_api *a = ctx;
    void (*fn)(void *, const char *, const char *) = a->short_fn;
    struct buf url;
    buf_init(&url, URL_MAX);
    a->short_fn = NULL;
    enum ct_err err = CT_ERR_FORMAT;
    if (r->status == 200 && !r->truncated)
        err = answer_short_url(r->body, a->o->grafana.root_url, a->o->grafana.org_id, &url);
    fn(a->short_ctx, err ? NULL : buf_cstr(&url), err ? "Grafana made no short URL" : "");
    buf_finish(&url);
}

bool grafana_api_shortens(const struct grafana_api *a)
{
    return a->client != NULL;
}

enum ct_err grafana_api_shorten(struct grafana_api *a, struct slice url,
                                void (*fn)(void *ctx, const char *url, const char *why), void *ctx)
{
    if (!a->client)
        return CT_ERR_UNSUPPORTED;
    if (a->short_fn)
        return CT_ERR_BUSY;
    buf_clear(&a->short_body);
    enum ct_err err = answer_short_request(a->o->grafana.root_url, url, &a->short_body);
    if (!err)
        err = send_request(a, a->shortening, false, ANSWER_SHORT_URLS_PATH, buf_slice(&a->short_body),
                           on_short);
    if (!err) {
        a->short_fn = fn;
        a->short_ctx = ctx;
    }
    return err;
}

static void on_time(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

void grafana_api_wait(uv_loop_t *loop, const struct grafana_api *a, uint64_t ms)
{
    bool over = false;
    uv_timer_t timer;
    uv_timer_init(loop, &timer);
    timer.data = &over;
    uv_timer_start(&timer, on_time, ms, 0);
    while (!over && grafana_api_busy(a))
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

static void on_closed(void *ctx)
{
    struct grafana_api *a = ctx;
    if (a->closed)
        a->closed(a->closed_ctx);
    buf_finish(&a->short_body);
    free(a);
}

void grafana_api_close(struct grafana_api *a, void (*done)(void *ctx), void *ctx)
{
    if (!a) {
        if (done)
            done(ctx);
        return;
    }
    a->closed = done;
    a->closed_ctx = ctx;
    memset(a->authorization, 0, sizeof a->authorization);
    if (!a->client) {
        on_closed(a);
        return;
    }
    http_transfer_destroy(a->asking);
    http_transfer_destroy(a->shortening);
    http_client_close(a->client, on_closed, a);
}
