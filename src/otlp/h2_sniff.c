#include "h2_sniff.h"

#include "h2.h"
#include "h2_frames.h"
#include "http1.h"

#include <stdlib.h>

/* Exchanges belong to the inner core and never come by here. */
struct sniff {
    struct core core;
    struct core *inner;
    size_t matched; /* bytes of the preface that came and were not passed on; with undecided */
    bool undecided;
    bool dead; /* no memory for the HTTP/2 core */
};

static struct core *inner(struct core *core)
{
    return ((struct sniff *)core)->inner;
}

static void decide(struct sniff *s, bool http2, uint64_t now)
{
    s->undecided = false;
    if (http2) {
        struct core *h2 = h2_create(s->core.env, s->core.ctx, now);
        if (!h2) {
            s->dead = true;
            return;
        }
        core_destroy(s->inner);
        s->inner = h2;
    }
    if (s->matched)
        core_feed(s->inner, slice_make(H2_PREFACE, s->matched), now);
}

static void sniff_feed(struct core *core, struct slice bytes, uint64_t now)
{
    struct sniff *s = (struct sniff *)core;
    while (s->undecided && bytes.len) {
        bool fits = bytes.ptr[0] == H2_PREFACE[s->matched];
        if (fits) {
            s->matched++;
            bytes = slice_sub(bytes, 1, bytes.len);
        }
        if (!fits || s->matched == H2_PREFACE_BYTES)
            decide(s, fits, now);
    }
    if (bytes.len && !s->dead)
        core_feed(s->inner, bytes, now);
}

static void sniff_eof(struct core *core, uint64_t now)
{
    struct sniff *s = (struct sniff *)core;
    if (s->undecided)
        decide(s, false, now);
    core_eof(s->inner, now);
}

static bool sniff_wants_input(const struct core *core)
{
    const struct sniff *s = (const struct sniff *)core;
    return !s->dead && core_wants_input(s->inner);
}

static enum ct_err sniff_output(struct core *core, struct buf *to)
{
    return core_output(inner(core), to);
}

static void sniff_sent(struct core *core, size_t n, uint64_t now)
{
    core_sent(inner(core), n, now);
}

static enum core_state sniff_state(const struct core *core)
{
    const struct sniff *s = (const struct sniff *)core;
    return s->dead ? CORE_DEAD : core_state(s->inner);
}

/* While undecided the HTTP/1 core waits for its first byte: header_ms from accept. */
static uint64_t sniff_deadline(const struct core *core)
{
    return core_deadline(((const struct sniff *)core)->inner);
}

static void sniff_expire(struct core *core, uint64_t now)
{
    struct sniff *s = (struct sniff *)core;
    uint64_t due = sniff_deadline(core);
    if (s->undecided && s->matched && due && now >= due)
        core->env->refused(core->ctx, OTLP_REFUSED_TIMEOUT);
    core_expire(s->inner, now);
}

static void sniff_goaway(struct core *core, uint64_t now)
{
    core_goaway(inner(core), now);
}

static void sniff_destroy(struct core *core)
{
    core_destroy(inner(core));
    free(core);
}

static const struct core_ops ops = {
    .feed = sniff_feed,
    .eof = sniff_eof,
    .wants_input = sniff_wants_input,
    .output = sniff_output,
    .sent = sniff_sent,
    .state = sniff_state,
    .deadline = sniff_deadline,
    .expire = sniff_expire,
    .goaway = sniff_goaway,
    .destroy = sniff_destroy,
};

struct core *h2_sniff_create(const struct core_env *env, void *ctx, uint64_t now)
{
    struct sniff *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->core = (struct core){.ops = &ops, .env = env, .ctx = ctx};
    s->undecided = true;
    s->inner = http1_create(env, ctx, now);
    if (!s->inner) {
        free(s);
        return NULL;
    }
    return &s->core;
}
