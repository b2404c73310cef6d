/* The collector's tees: one for each upstream that is given, and what they add up to. */
#include "collector_private.h"

#include "options_value.h"

#include <stdio.h>
#include <stdlib.h>

/* Both tees go to the same destination: a transport that is added or taken away goes on where it was (tee.h).
 */
static const char destination[] = "upstream";

/* One more than the tee takes, so that it says so. */
#define HEADERS_MAX 33

static void on_change(void *ctx)
{
    struct collector *c = ctx;
    if (c->config.on_change)
        c->config.on_change(c->config.ctx);
}

static const char *or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static enum ct_err open_tee(struct collector *c, const struct tee_config *shared, const char *http,
                            const char *grpc, struct ct_errmsg *msg)
{
    struct tee_config config = *shared;
    struct tee *tee;
    config.upstream_http = http;
    config.upstream_grpc = grpc;
    enum ct_err err = tee_create(c->config.loop, c->journal, &config, &tee, msg);
    if (err)
        return err;
    struct collector_tee *t = &c->tees[c->tee_count++];
    t->tee = tee;
    t->protocol = grpc ? "grpc" : "http";
    struct slice host;
    unsigned port;
    if (option_split_url(slice_str(grpc ? grpc : http), &host, &port)) {
        bool v6 = slice_find(host, ':') < host.len;
        snprintf(t->address, sizeof t->address, "%s%.*s%s:%u", v6 ? "[" : "", SLICE_ARG(host), v6 ? "]" : "",
                 port);
    }
    return CT_OK;
}

enum ct_err forward_open(struct collector *c, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    const char *http = or_null(o->upstream_http), *grpc = or_null(o->upstream_grpc);
    const char *own[3] = {NULL}, *headers[HEADERS_MAX + 1];
    size_t owns = 0;
    if (!http && !grpc)
        return CT_OK;
    if (c->addresses.http[0])
        own[owns++] = c->addresses.http;
    if (c->addresses.grpc[0])
        own[owns++] = c->addresses.grpc;
    struct slice list = slice_str(o->upstream_headers);
    char *room = malloc(list.len + 1);
    if (!room)
        return ct_fail(msg, CT_ERR_NOMEM, "out of memory");
    option_list_split(list, room, headers, HEADERS_MAX);

    struct tee_config config;
    tee_config_init(&config);
    config.name = destination;
    config.other = http && grpc ? TEE_OTHER_PASS : o->upstream_convert ? TEE_OTHER_CONVERT : TEE_OTHER_HOLD;
    config.state_dir = o->journal_mode == JOURNAL_MODE_DISK ? o->state_dir : NULL;
    config.connect_timeout_ms = o->upstream_connect_timeout_ms;
    config.request_timeout_ms = o->upstream_request_timeout_ms;
    config.backoff_first_ms = o->upstream_backoff_first_ms;
    config.backoff_max_ms = o->upstream_backoff_max_ms;
    config.retry_after_max_ms = o->upstream_retry_after_max_ms;
    config.connection_age_ms = o->upstream_connection_age_ms;
    config.response_bytes_max = o->upstream_response_bytes_max;
    config.headers = headers;
    config.own_addresses = own;
    config.ca_file = or_null(o->upstream_ca);
    config.cert_file = or_null(o->upstream_cert);
    config.key_file = or_null(o->upstream_key);
    config.on_change = on_change;
    config.ctx = c;
    enum ct_err err = http ? open_tee(c, &config, http, NULL, msg) : CT_OK;
    if (!err && grpc)
        err = open_tee(c, &config, NULL, grpc, msg);
    free(room);
    return err;
}

void forward_appended(struct collector *c)
{
    for (size_t i = 0; i < c->tee_count; i++)
        tee_notify(c->tees[i].tee);
}

void forward_retired(struct collector *c, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < c->tee_count; i++)
        tee_retire(c->tees[i].tee, first, last);
}

void forward_stop(struct collector *c, uint32_t grace_ms, void (*done)(void *ctx), void *ctx)
{
    for (size_t i = 0; i < c->tee_count; i++)
        tee_stop(c->tees[i].tee, grace_ms, done, ctx);
}

void forward_destroy(struct collector *c)
{
    while (c->tee_count)
        tee_destroy(c->tees[--c->tee_count].tee);
}

/* What is wrong comes before what is well. */
static int urgency(enum tee_health health)
{
    switch (health) {
    case TEE_RETRYING:
        return 3;
    case TEE_REJECTING:
        return 2;
    case TEE_OK:
        return 1;
    case TEE_IDLE:
        break;
    }
    return 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static void add(struct tee_stats *sum, const struct tee_stats *s)
{
    if (urgency(s->health) > urgency(sum->health) || (!sum->last_error[0] && s->last_error[0])) {
        memcpy(sum->last_error, s->last_error, sizeof sum->last_error);
        sum->last_status = s->last_status;
        sum->last_grpc_status = s->last_grpc_status;
    }
    if (urgency(s->health) > urgency(sum->health))
        sum->health = s->health;
    sum->forwarded_requests += s->forwarded_requests;
    sum->forwarded_bytes += s->forwarded_bytes;
    sum->queued_requests += s->queued_requests;
    sum->queued_bytes += s->queued_bytes;
    sum->queued_oldest_wall_ns = earlier(sum->queued_oldest_wall_ns, s->queued_oldest_wall_ns);
    sum->held_requests += s->held_requests;
    sum->retries += s->retries;
    sum->rejected += s->rejected;
    sum->partial_successes += s->partial_successes;
    sum->rejected_records += s->rejected_records;
    sum->dropped += s->dropped;
    sum->cursor_failures += s->cursor_failures;
    sum->next_retry_mono_ns = earlier(sum->next_retry_mono_ns, s->next_retry_mono_ns);
}

void forward_flow(const struct collector *c, struct flow *out)
{
    out->has_upstream = c->tee_count > 0;
    out->upstream_count = c->tee_count;
    out->tee = (struct tee_stats){.last_grpc_status = -1};
    for (size_t i = 0; i < c->tee_count; i++) {
        const struct collector_tee *t = &c->tees[i];
        out->upstreams[i] =
            (struct flow_upstream){.protocol = t->protocol, .address = t->address, .tee = tee_stats(t->tee)};
        add(&out->tee, &out->upstreams[i].tee);
    }
}
