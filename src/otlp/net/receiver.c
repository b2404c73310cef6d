#include "receiver_internal.h"

#include "clock.h"
#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void count_refusal(void *connection, enum otlp_refusal why)
{
    receiver_count_refusal(((struct connection *)connection)->r, why);
}

static void blame(void *connection, enum otlp_refusal why, const struct exchange *x)
{
    const struct connection *c = connection;
    receiver_blame(c->r, why, x, c->local);
}

/* IMF-fixdate (RFC 9110, 5.6.7); strftime would write the locale's names. */
static void write_date(char *out)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)(clock_wall() / NS_PER_SEC);
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&now, &tm))
        snprintf(out, RECEIVER_DATE_MAX, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday,
                 tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

uint64_t receiver_now(struct receiver *r)
{
    uint64_t now = uv_now(r->loop);
    if (now / 1000 != r->date_second || !r->date[0]) {
        r->date_second = now / 1000;
        write_date(r->date);
    }
    return now;
}

struct receiver *receiver_create(uv_loop_t *loop, const struct receiver_config *config)
{
    struct receiver *r = mem_alloc(sizeof(*r));
    r->loop = loop;
    r->config = *config;
    r->budget = budget_make(config->limits.budget_bytes, config->limits.body_bytes);
    r->env = (struct core_env){
        .limits = &r->config.limits,
        .budget = &r->budget,
        .date = r->date,
        .admit = connection_admit,
        .request = receiver_request_arrived,
        .refused = count_refusal,
        .blamed = blame,
    };
    r->input = mem_alloc(CORE_FEED_MAX);
    admission_init(&r->admission, NULL, NULL, NULL);
    r->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    r->users = 1;
    r->handles = 2;
    uv_timer_init(loop, &r->retry);
    uv_timer_init(loop, &r->grace);
    r->retry.data = r->grace.data = r;
    return r;
}

enum ct_err receiver_secure(struct receiver *r, const struct receiver_security *security,
                            struct ct_errmsg *warning, struct ct_errmsg *msg)
{
    const struct tls_files files = {security->tls_cert, security->tls_key, security->tls_client_ca};
    struct admission admission;
    warning->text[0] = '\0';
    bool tls = files.cert && files.cert[0];
    if (!tls && ((files.key && files.key[0]) || (files.client_ca && files.client_ca[0])))
        return ct_fail(msg, CT_ERR_USAGE,
                       "tls_key and tls_client_ca do nothing without a certificate: set tls_cert, too");
    enum ct_err err = admission_init(&admission, security->allowed_hosts, security->token, msg);
    if (!err && tls)
        err = tls_context_create(&files, &r->tls, warning, msg);
    if (err) {
        admission_finish(&admission);
        return err;
    }
    admission_finish(&r->admission);
    r->admission = admission;
    r->loopback_without_token = security->loopback_without_token;
    r->allow_unauthenticated = security->allow_unauthenticated;
    r->client_certificates = tls && files.client_ca && files.client_ca[0];
    return CT_OK;
}

void receiver_release(struct receiver *r)
{
    if (--r->users)
        return;
    tls_context_destroy(r->tls);
    admission_finish(&r->admission);
    if (r->reserve_fd >= 0)
        close(r->reserve_fd);
    free(r->input);
    free(r);
}

void receiver_destroy(struct receiver *r)
{
    if (r)
        receiver_release(r);
}

void receiver_count_refusal(struct receiver *r, enum otlp_refusal why)
{
    if ((unsigned)why < OTLP_REFUSAL_COUNT)
        r->stats.refused[why]++;
}

struct receiver_stats receiver_stats(const struct receiver *r)
{
    struct receiver_stats stats = r->stats;
    stats.body_bytes_held = r->budget.used;
    return stats;
}

void receiver_handle_closed(struct receiver *r)
{
    if (--r->handles)
        return;
    void (*done)(void *) = r->done;
    r->done = NULL;
    if (done)
        done(r->done_ctx);
}

static void timer_closed(uv_handle_t *handle)
{
    receiver_handle_closed(handle->data);
}

void receiver_connections_gone(struct receiver *r)
{
    if (!uv_is_closing((uv_handle_t *)&r->grace)) {
        uv_close((uv_handle_t *)&r->grace, timer_closed);
        uv_close((uv_handle_t *)&r->retry, timer_closed);
    }
}

static void grace_over(uv_timer_t *timer)
{
    struct receiver *r = timer->data;
    for (struct connection *c = r->connections; c; c = c->next)
        connection_close(c);
    receiver_connections_gone(r);
}

void receiver_stop(struct receiver *r, uint32_t grace_ms, void (*done)(void *ctx), void *ctx)
{
    if (r->stopping)
        return;
    r->stopping = true;
    r->done = done;
    r->done_ctx = ctx;
    listener_close_all(r);
    uint64_t now = receiver_now(r);
    for (struct connection *c = r->connections; c; c = c->next) {
        if (c->closing)
            continue;
        core_goaway(c->core, now);
        connection_pump(c);
    }
    uv_timer_start(&r->grace, grace_over, r->connections ? grace_ms : 0, 0);
}
