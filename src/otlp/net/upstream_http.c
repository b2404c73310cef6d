#include "upstream.h"

#include "clock.h"
#include "http_client.h"
#include "mem.h"
#include "partial_success.h"
#include "text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct slot {
    struct http_transfer *transfer;
    bool json; /* the request's encoding */
    upstream_answer_fn fn;
    void *ctx;
};

struct upstream_http {
    struct upstream base;
    struct http_client *client;
    CURLU *url;
    char *base_path; /* without a slash at its end; owned */
    struct upstream_http_config config;
    struct slot *slots;
};

/*
 * Headers of one hop (RFC 9110, 7.6.1; rule 18). The receiver has removed them already; a frame from anywhere
 * else must not be able to change the framing of our requests.
 */
static bool is_hop_by_hop(struct slice name)
{
    static const char *const names[] = {"connection", "keep-alive",     "transfer-encoding",
                                        "te",         "trailer",        "upgrade",
                                        "host",       "content-length", "http2-settings"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_eq_nocase(name, slice_str(names[i])))
            return true;
    }
    return name.len >= 6 && slice_eq_nocase(slice_sub(name, 0, 6), SLICE_LIT("proxy-"));
}

static bool http_accepts(const struct frame *f)
{
    return f->source == FRAME_OTLP_HTTP && frame_signal(f) != FRAME_SIGNAL_NONE;
}

static bool is_media_type(struct slice value, const char *type)
{
    return slice_eq_nocase(slice_trim(slice_sub(value, 0, slice_find(value, ';'))), slice_str(type));
}

/* Sets *json when the type is one of OTLP's two. An answer without a type is in the request's. */
static bool answer_encoding(struct slice content_type, bool request_json, bool *json)
{
    *json = content_type.ptr ? is_media_type(content_type, "application/json") : request_json;
    return !content_type.ptr || *json || is_media_type(content_type, "application/x-protobuf");
}

/* text = words and the message behind it, cleaned. */
static void set_text(struct upstream_answer *answer, const char *words, struct slice message)
{
    char clean[UPSTREAM_TEXT_MAX];
    text_clean(message, clean, sizeof clean);
    /* Both parts are clean; cleaning their joint again cuts it to size after a whole character. */
    char joint[2 * UPSTREAM_TEXT_MAX];
    snprintf(joint, sizeof joint, "%s%s%s", words, clean[0] && words[0] ? ": " : "", clean);
    text_clean(slice_str(joint), answer->text, sizeof answer->text);
}

static void read_taken(struct upstream_answer *answer, const struct http_result *r, bool request_json)
{
    bool json;
    if (!answer_encoding(r->content_type, request_json, &json))
        return; /* not OTLP's words; the status says that it was taken */
    struct partial_success partial;
    char words[64];
    if (r->truncated || partial_success_parse(json, r->body, &partial)) {
        snprintf(words, sizeof words, "HTTP %d, but the answer could not be read", answer->status);
        set_text(answer, words, SLICE_NULL);
        return;
    }
    answer->partial = partial.populated;
    answer->rejected_records = partial.rejected;
    if (!partial.populated)
        return;
    if (partial.rejected)
        snprintf(words, sizeof words, "partial success, %llu rejected", (unsigned long long)partial.rejected);
    else
        snprintf(words, sizeof words, "warning");
    set_text(answer, words, slice_str(partial.message));
}

static void read_failure(struct upstream_answer *answer, const struct http_result *r, bool request_json)
{
    if (!answer->status) {
        set_text(answer, "", slice_str(r->failure));
        return;
    }
    char words[32], message[PARTIAL_SUCCESS_MESSAGE_MAX] = "";
    snprintf(words, sizeof words, "HTTP %d", answer->status);
    bool json;
    if (answer_encoding(r->content_type, request_json, &json)) {
        /* When it is no Status the number alone has to do. */
        (void)partial_success_status_message(json, r->body, message, sizeof message);
        set_text(answer, words, slice_str(message));
    } else {
        /* A plain text ("404 page not found") says more than the number; a page of markup does not. */
        bool plain = is_media_type(r->content_type, "text/plain");
        set_text(answer, words, plain ? slice_sub(r->body, 0, slice_find(r->body, '\n')) : SLICE_NULL);
    }
}

static void on_result(void *ctx, const struct http_result *r)
{
    struct slot *slot = ctx;
    struct upstream_answer answer = {
        .outcome = upstream_outcome_of_http(r->status), .status = r->status, .wait_ns = -1};
    if (answer.outcome == UPSTREAM_TAKEN) {
        read_taken(&answer, r, slot->json);
    } else {
        read_failure(&answer, r, slot->json);
        int64_t wait_ns;
        if (r->retry_after.ptr && upstream_retry_after_parse(r->retry_after, clock_wall(), &wait_ns))
            answer.wait_ns = wait_ns;
    }
    slot->fn(slot->ctx, &answer);
}

/* The base URL with path behind its own path; curl_free() it. */
static char *build_url(struct upstream_http *u, struct slice path)
{
    size_t size = strlen(u->base_path) + path.len + 2;
    char *full = malloc(size), *url = NULL;
    if (!full)
        return NULL;
    snprintf(full, size, "%s%s%.*s", u->base_path, slice_starts(path, SLICE_LIT("/")) ? "" : "/",
             SLICE_ARG(path));
    if (curl_url_set(u->url, CURLUPART_PATH, full, 0) || curl_url_get(u->url, CURLUPART_URL, &url, 0))
        url = NULL;
    free(full);
    return url;
}

static enum ct_err http_send(struct upstream *base, unsigned index, const struct frame *f,
                             upstream_answer_fn fn, void *ctx, char *words)
{
    struct upstream_http *u = (struct upstream_http *)base;
    struct slot *slot = &u->slots[index];
    struct frame_header headers[FRAME_HEADERS_MAX];
    struct http_request request = {
        .headers = headers,
        .body = f->body,
        .connect_timeout_ms = u->config.connect_timeout_ms,
        .timeout_ms = u->config.request_timeout_ms,
        .response_bytes_max = u->config.response_bytes_max,
    };
    for (size_t i = 0; i < f->header_count && request.header_count < FRAME_HEADERS_MAX; i++) {
        if (!is_hop_by_hop(f->headers[i].name))
            headers[request.header_count++] = f->headers[i];
    }
    char *url = build_url(u, f->path);
    if (!url)
        return CT_ERR_NOMEM;
    request.url = url;
    slot->json = is_media_type(frame_header_get(f, "content-type"), "application/json");
    slot->fn = fn;
    slot->ctx = ctx;
    enum ct_err err = http_transfer_start(slot->transfer, &request, on_result, slot);
    curl_free(url);
    snprintf(words, UPSTREAM_TEXT_MAX, "%s",
             err == CT_ERR_FORMAT ? "not sent: a header that HTTP cannot carry" : "not sent: out of memory");
    return err;
}

static void http_cancel(struct upstream *base, unsigned index)
{
    struct upstream_http *u = (struct upstream_http *)base;
    http_transfer_cancel(u->slots[index].transfer);
}

static void http_close(struct upstream *base, void (*done)(void *ctx), void *ctx)
{
    struct upstream_http *u = (struct upstream_http *)base;
    struct http_client *client = u->client;
    for (unsigned i = 0; i < u->config.slots; i++)
        http_transfer_destroy(u->slots[i].transfer);
    free(u->slots);
    free(u->base_path);
    curl_url_cleanup(u->url);
    free(u);
    http_client_close(client, done, ctx);
}

static const struct upstream_ops http_ops = {http_accepts, http_send, http_cancel, http_close};

/* Takes the base URL apart; false unless it is a whole http or https URL. */
static bool parse_url(struct upstream_http *u, const char *base_url)
{
    char *scheme = NULL, *path = NULL;
    u->url = curl_url();
    bool ok = u->url && !curl_url_set(u->url, CURLUPART_URL, base_url, 0) &&
              !curl_url_get(u->url, CURLUPART_SCHEME, &scheme, 0) &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
              !curl_url_get(u->url, CURLUPART_PATH, &path, 0);
    if (ok) {
        struct slice trimmed = slice_str(path);
        while (trimmed.len && trimmed.ptr[trimmed.len - 1] == '/')
            trimmed.len--;
        u->base_path = mem_strdup(trimmed);
        curl_url_set(u->url, CURLUPART_FRAGMENT, NULL, 0);
    }
    curl_free(scheme);
    curl_free(path);
    return ok;
}

enum ct_err upstream_http_create(uv_loop_t *loop, const struct upstream_http_config *config,
                                 struct upstream **out, struct ct_errmsg *msg)
{
    struct upstream_http *u = mem_alloc(sizeof *u);
    enum ct_err err;
    *out = NULL;
    u->base.ops = &http_ops;
    u->config = *config;
    u->config.base_url = NULL; /* the caller's */
    if (!config->base_url || !parse_url(u, config->base_url)) {
        char shown[128];
        text_clean(slice_str(config->base_url), shown, sizeof shown);
        err = ct_fail(msg, CT_ERR_USAGE,
                      "\"%s\" is no upstream: it takes a URL such as http://127.0.0.1:14318", shown);
        goto free_url;
    }
    err = http_client_create(loop, &u->client, msg);
    if (err)
        goto free_url;
    u->slots = mem_array(config->slots, sizeof *u->slots);
    for (unsigned i = 0; i < config->slots; i++)
        u->slots[i].transfer = http_transfer_create(u->client);
    *out = &u->base;
    return CT_OK;

free_url:
    curl_url_cleanup(u->url);
    free(u->base_path);
    free(u);
    return err;
}
