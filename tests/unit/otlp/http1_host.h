/*
 * http1_host.h - a host for the HTTP cores in tests: its own clock, a transcript of what the core said, and
 * input cut in any way.
 */
#ifndef CT_TESTS_OTLP_HTTP1_HOST_H
#define CT_TESTS_OTLP_HTTP1_HOST_H

#include "http1.h"

#define HOST_HELD_MAX 160

struct host {
    struct otlp_limits limits;
    struct budget budget;
    struct core_env env;
    struct core *(*create)(const struct core_env *env, void *ctx, uint64_t now); /* NULL: http1_create */
    struct core *core;
    uint64_t now;
    struct buf log; /* one line for every request and refusal; bodies in full */
    struct buf out; /* everything that was sent */
    size_t requests;
    unsigned refused[OTLP_REFUSAL_COUNT];
    bool hold;    /* requests are kept in held; else answered at once with 200 and "ok" */
    bool stalled; /* the peer takes nothing: output is taken from the core, never sent */
    struct buf stuck;
    struct exchange *held[HOST_HELD_MAX];
    size_t held_count;
};

void host_init(struct host *h); /* default limits, which may be changed before host_open() */
void host_open(struct host *h);
void host_finish(struct host *h);

enum host_cut { HOST_WHOLE, HOST_BYTES, HOST_RANDOM };

/* Feeds all of bytes, sending output after every piece. seed is for HOST_RANDOM. */
void host_feed(struct host *h, struct slice bytes, enum host_cut cut, unsigned seed);
void host_feed_str(struct host *h, const char *text);
void host_eof(struct host *h);
void host_pump(struct host *h);
void host_unstall(struct host *h); /* the peer reads what waited, and from now on */

/* Another connection of the same limits and byte budget has its request answered. */
void host_serves_others(const struct host *h);

/* Ends held request i with 200 and that text. */
void host_answer(struct host *h, size_t i, const char *text);

/* Moves the clock to the deadline, checks that it is in ms from now, and expires. */
void host_expire_after(struct host *h, uint64_t ms);

/* The status of response n (0: the first) in out, 100 included; 0 when there is none. */
int host_status(const struct host *h, size_t n);

bool host_said(const struct host *h, const char *text); /* text occurs in out */

#endif
