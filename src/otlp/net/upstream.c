#include "upstream_private.h"

#include "clock.h"
#include "mem.h"
#include "partial_success.h"
#include "text.h"
#include "upstream_target.h"

#include <stdio.h>
#include <stdlib.h>

struct slot {
    struct upstream *upstream;
    struct http_transfer *transfer;
    bool json; /* the request's encoding */
    uint8_t prefix[GRPC_PREFIX_BYTES];
    upstream_answer_fn fn;
    void *ctx;
};

struct upstream {
    enum upstream_protocol protocol;
    struct http_client *client;
    struct upstream_target target;
    struct upstream_added added;
    struct inflater inflater; /* of gRPC's answers */
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms;
    size_t response_bytes_max;
    struct slot *slots;
    unsigned slot_count;
};

bool upstream_is_media_type(struct slice value, const char *type)
{
    return slice_eq_nocase(slice_trim(slice_sub(value, 0, slice_find(value, ';'))), slice_str(type));
}

void upstream_set_text(struct upstream_answer *answer, const char *words, struct slice message)
{
    char clean[UPSTREAM_TEXT_MAX];
    text_clean(message, clean, sizeof clean);
    /* Both parts are clean; cleaning their joint again cuts it to size after a whole character. */
    char joint[2 * UPSTREAM_TEXT_MAX];
    snprintf(joint, sizeof joint, "%s%s%s", words, clean[0] && words[0] ? ": " : "", clean);
    text_clean(slice_str(joint), answer->text, sizeof answer->text);
}

void upstream_set_partial(struct upstream_answer *answer, bool json, struct slice body,
                          const char *unreadable)
{
    struct partial_success partial;
    char words[64];
    if (partial_success_parse(json, body, &partial)) {
        upstream_set_text(answer, unreadable, SLICE_NULL);
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
    upstream_set_text(answer, words, slice_str(partial.message));
}

static void on_result(void *ctx, const struct http_result *r)
{
    struct slot *slot = ctx;
    struct upstream *u = slot->upstream;
    struct upstream_answer answer = {.status = r->status, .grpc_status = -1, .wait_ns = -1};
    if (u->protocol == UPSTREAM_PROTOCOL_HTTP)
        upstream_http_read(r, slot->json, clock_wall(), &answer);
    else
        upstream_grpc_read(r, &u->inflater, clock_wall(), &answer);
    slot->fn(slot->ctx, &answer);
}

enum ct_err upstream_send(struct upstream *u, unsigned index, const struct frame *f, upstream_answer_fn fn,
                          void *ctx, char *words)
{
    struct slot *slot = &u->slots[index];
    struct upstream_request made;
    const char *why = "not sent";
    enum ct_err err = upstream_request_make(&made, u->protocol, f, &u->added, &why);
    if (err) {
        snprintf(words, UPSTREAM_TEXT_MAX, "%s", why);
        return err;
    }
    struct http_request request = {
        .headers = made.headers,
        .header_count = made.header_count,
        /* The frame outlives the call, the request that was made of it does not. */
        .head = slice_make(slot->prefix, made.head.len),
        .body = made.body,
        .connect_timeout_ms = u->connect_timeout_ms,
        .timeout_ms = u->request_timeout_ms,
        .response_bytes_max = u->response_bytes_max,
    };
    memcpy(slot->prefix, made.prefix, sizeof slot->prefix);
    char *url = upstream_target_url(&u->target, made.path);
    if (!url) {
        snprintf(words, UPSTREAM_TEXT_MAX, "not sent: out of memory");
        return CT_ERR_NOMEM;
    }
    request.url = url;
    slot->json = upstream_kind_of(f) == UPSTREAM_KIND_HTTP_OTHER &&
                 upstream_is_media_type(frame_header_get(f, "content-type"), "application/json");
    slot->fn = fn;
    slot->ctx = ctx;
    err = http_transfer_start(slot->transfer, &request, on_result, slot);
    curl_free(url);
    snprintf(words, UPSTREAM_TEXT_MAX, "%s",
             err == CT_ERR_FORMAT ? "not sent: a header that HTTP cannot carry" : "not sent: out of memory");
    return err;
}

enum ct_err upstream_probe(struct upstream *u, unsigned index, const struct frame *f, upstream_answer_fn fn,
                           void *ctx, char *words)
{
    struct frame_header headers[FRAME_HEADERS_MAX];
    struct frame probe;
    upstream_request_empty(f, &probe, headers);
    return upstream_send(u, index, &probe, fn, ctx,
                         words); /* its body is a literal, its headers are copied */
}

void upstream_cancel(struct upstream *u, unsigned index)
{
    http_transfer_cancel(u->slots[index].transfer);
}

static void release(struct upstream *u)
{
    upstream_target_finish(&u->target);
    upstream_added_finish(&u->added);
    inflater_finish(&u->inflater);
    free(u->slots);
    free(u);
}

void upstream_close(struct upstream *u, void (*done)(void *ctx), void *ctx)
{
    struct http_client *client = u->client;
    for (unsigned i = 0; i < u->slot_count; i++)
        http_transfer_destroy(u->slots[i].transfer);
    release(u);
    http_client_close(client, done, ctx);
}

static bool is_own(void *ctx, const struct sockaddr *address)
{
    return upstream_target_is_own(ctx, address);
}

enum ct_err upstream_create(uv_loop_t *loop, const struct upstream_config *config, struct upstream **out,
                            struct ct_errmsg *msg)
{
    struct otlp_limits limits;
    struct upstream *u = mem_alloc(sizeof *u);
    *out = NULL;
    u->protocol = config->protocol;
    u->connect_timeout_ms = config->connect_timeout_ms;
    u->request_timeout_ms = config->request_timeout_ms;
    u->response_bytes_max = config->response_bytes_max;
    otlp_limits_init(&limits);
    limits.inflated_bytes = config->response_bytes_max;
    inflater_init(&u->inflater, &limits);
    enum ct_err err = upstream_target_init(&u->target, config->base_url, config->own_addresses, msg);
    if (!err)
        err = upstream_added_init(&u->added, config->headers, msg);
    struct http_client_config client = {
        .http2 = config->protocol == UPSTREAM_PROTOCOL_GRPC,
        .direct = u->target.loopback,
        .connection_age_ms = config->connection_age_ms,
        .ca_file = config->ca_file,
        .cert_file = config->cert_file,
        .key_file = config->key_file,
        .is_own = is_own,
        .ctx = &u->target,
    };
    if (!err)
        err = http_client_create(loop, &client, &u->client, msg);
    if (err) {
        release(u);
        return err;
    }
    u->slots = mem_array(config->slots, sizeof *u->slots);
    u->slot_count = config->slots;
    for (unsigned i = 0; i < config->slots; i++)
        u->slots[i] = (struct slot){.upstream = u, .transfer = http_transfer_create(u->client)};
    *out = u;
    return CT_OK;
}
