/*
 * The collector's tees: one for each destination and transport that is given, and what they add up to. Each
 * has cursors, connections and time of its own; what one does is no other one's matter.
 */
#include "collector_private.h"

#include "clock.h"
#include "options_value.h"

#include <stdio.h>
#include <stdlib.h>

/* The first destination's name, and what the names of the others' cursors begin with. */
static const char first_name[] = "upstream";

_Static_assert(sizeof first_name + 1 + OPTION_UPSTREAM_NAME_MAX <= TEE_NAME_MAX,
               "cursors of every destination");

/* One more than the tee takes, so that it says so. */
#define HEADERS_MAX 33

static void on_change(void *ctx)
{
    struct collector *c = ctx;
    collector_keep_house(c);
    collector_changed(c);
}

static const char *or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static enum ct_err open_tee(struct collector *c, const char *name, const struct tee_config *shared,
                            const char *http, const char *grpc, struct ct_errmsg *msg)
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
    t->name = name;
    t->signals = config.signals;
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

/* The setting counts from traces on, in the order of enum frame_signal. */
static uint32_t signals_of(const struct upstream_options *u)
{
    _Static_assert(FRAME_METRICS == FRAME_TRACES + 1 && FRAME_LOGS == FRAME_TRACES + 2 &&
                       FRAME_PROFILES == FRAME_TRACES + 3,
                   "as in the table of options");
    return (uint32_t)u->signals << FRAME_TRACES;
}

static enum tee_from from_of(const struct upstream_options *u, bool first)
{
    if (u->from == UPSTREAM_FROM_AUTO)
        return first ? TEE_FROM_OLDEST : TEE_FROM_NOW;
    return u->from == UPSTREAM_FROM_NOW ? TEE_FROM_NOW : TEE_FROM_OLDEST;
}

/* name: NULL for [upstream]. */
static enum ct_err open_destination(struct collector *c, const char *name, const struct upstream_options *u,
                                    const char *const *own, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    const char *http = or_null(u->http), *grpc = or_null(u->grpc), *headers[HEADERS_MAX + 1];
    char cursors[TEE_NAME_MAX + 1];
    if (!http && !grpc)
        return CT_OK;
    struct slice list = slice_str(u->headers);
    char *room = malloc(list.len + 1);
    if (!room)
        return ct_fail(msg, CT_ERR_NOMEM, "out of memory");
    option_list_split(list, room, headers, HEADERS_MAX);
    snprintf(cursors, sizeof cursors, "%s%s%s", first_name, name ? "-" : "", name ? name : "");

    struct tee_config config;
    tee_config_init(&config);
    config.name = cursors;
    config.other = http && grpc ? TEE_OTHER_PASS : u->convert ? TEE_OTHER_CONVERT : TEE_OTHER_HOLD;
    config.from = from_of(u, !name);
    config.signals = signals_of(u);
    config.state_dir = o->journal_mode == JOURNAL_MODE_DISK ? o->state_dir : NULL;
    config.connect_timeout_ms = u->connect_timeout_ms;
    config.request_timeout_ms = u->request_timeout_ms;
    config.backoff_first_ms = u->backoff_first_ms;
    config.backoff_max_ms = u->backoff_max_ms;
    config.retry_after_max_ms = u->retry_after_max_ms;
    config.connection_age_ms = u->connection_age_ms;
    config.poison_attempts = u->poison_attempts;
    config.poison_after_ms = u->poison_after_ms;
    config.response_bytes_max = u->response_bytes_max;
    config.headers = headers;
    config.own_addresses = own;
    config.ca_file = or_null(u->ca);
    config.cert_file = or_null(u->cert);
    config.key_file = or_null(u->key);
    config.on_change = on_change;
    config.ctx = c;
    struct ct_errmsg words = {{0}};
    const char *shown = name ? name : first_name;
    enum ct_err err = http ? open_tee(c, shown, &config, http, NULL, &words) : CT_OK;
    if (!err && grpc)
        err = open_tee(c, shown, &config, NULL, grpc, &words);
    free(room);
    if (err)
        return ct_fail(msg, err, "%s%s%s%s", name ? "[upstream " : "", name ? name : "", name ? "]: " : "",
                       words.text);
    return CT_OK;
}

enum ct_err forward_open(struct collector *c, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    const char *own[COLLECTOR_OWN_MAX + 1] = {NULL};
    for (size_t i = 0; i < c->own_count; i++)
        own[i] = c->own[i];
    enum ct_err err = open_destination(c, NULL, &o->upstream, own, msg);
    for (size_t i = 0; i < o->upstream_count && !err; i++)
        err = open_destination(c, o->upstreams[i]->name, &o->upstreams[i]->set, own, msg);
    return err;
}

bool forward_takes(const struct collector *c, enum frame_signal signal)
{
    for (size_t i = 0; i < c->tee_count; i++) {
        if (c->tees[i].signals & TEE_SIGNAL(signal))
            return true;
    }
    return false;
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

size_t forward_sync_take(struct collector *c, int fds[FORWARD_SYNC_FDS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < c->tee_count; i++)
        n += tee_sync_take(c->tees[i].tee, fds + n);
    return n;
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

/* True when s has the words now. */
static bool add(struct tee_stats *sum, const struct tee_stats *s)
{
    bool tells =
        urgency(s->health) > urgency(sum->health) ||
        (urgency(s->health) == urgency(sum->health) && !sum->last_error[0] && s->last_error[0] != '\0');
    if (tells) {
        memcpy(sum->last_error, s->last_error, sizeof sum->last_error);
        sum->last_status = s->last_status;
        sum->last_grpc_status = s->last_grpc_status;
    }
    if (!sum->last_refusal[0])
        memcpy(sum->last_refusal, s->last_refusal, sizeof sum->last_refusal);
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
    return tells;
}

void forward_flow(const struct collector *c, struct flow *out)
{
    out->has_upstream = c->tee_count > 0;
    out->upstream_count = c->tee_count;
    out->tee = (struct tee_stats){.last_grpc_status = -1};
    int64_t now_ns = clock_mono();
    for (size_t i = 0; i < c->tee_count; i++) {
        const struct collector_tee *t = &c->tees[i];
        struct flow_upstream *u = &out->upstreams[i];
        *u = (struct flow_upstream){.name = t->name,
                                    .signals = t->signals,
                                    .protocol = t->protocol,
                                    .address = t->address,
                                    .tee = tee_stats(t->tee),
                                    .next_retry_ns = -1};
        if (u->tee.next_retry_mono_ns)
            u->next_retry_ns = u->tee.next_retry_mono_ns > now_ns ? u->tee.next_retry_mono_ns - now_ns : 0;
        if (add(&out->tee, &u->tee))
            out->worst = i;
    }
}
