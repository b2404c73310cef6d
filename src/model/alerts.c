#include "alerts.h"

#include <stdarg.h>
#include <stdio.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define DAY_NS    (24 * 60 * MINUTE_NS)
/* An error storm ends as its window moves on, by such steps. */
#define WINDOW_STEP_NS (15 * SECOND_NS)
#define DETAIL_BYTES   60
/* Of the context, in per cent. */
#define CONTEXT_STEP 5
#define LEVEL_MAX    60

static const struct {
    const char *name, *words;
    enum health_severity severity;
} KINDS[ALERT_KIND_COUNT] = {
    [ALERT_DAY_COST] = {"day_cost", "budget of the day", HEALTH_ERROR},
    [ALERT_SESSION_COST] = {"session_cost", "budget of a session", HEALTH_ERROR},
    [ALERT_UPSTREAM] = {"upstream", "upstream away", HEALTH_ERROR},
    [ALERT_ERRORS] = {"errors", "error storm", HEALTH_ERROR},
    [ALERT_LOOP] = {"loop", "loop", HEALTH_WARNING},
    [ALERT_SILENT] = {"silent", "no telemetry", HEALTH_WARNING},
    [ALERT_CONTEXT] = {"context", "context nearly full", HEALTH_WARNING},
    [ALERT_WAITING] = {"waiting", "waits for you", HEALTH_WARNING},
};

const char *alert_kind_name(enum alert_kind kind)
{
    return KINDS[kind].name;
}

bool alert_kind_parse(struct slice name, enum alert_kind *out)
{
    for (int i = 0; i < ALERT_KIND_COUNT; i++)
        if (slice_eq_str(name, KINDS[i].name)) {
            *out = (enum alert_kind)i;
            return true;
        }
    return false;
}

const char *alert_kind_words(enum alert_kind kind)
{
    return KINDS[kind].words;
}

enum health_severity alert_severity(enum alert_kind kind)
{
    return KINDS[kind].severity;
}

void alert_limits_init(struct alert_limits *limits)
{
    *limits = (struct alert_limits){
        .errors = 10,
        .repeats = 5,
        .context_percentage = 90,
        .silent_ns = 3 * MINUTE_NS,
        .upstream_ns = 5 * MINUTE_NS,
        .waiting_ns = 10 * MINUTE_NS,
    };
}

struct finding {
    const struct alert_input *in;
    struct alerts *out;
    uint64_t limits; /* a number for them */
};

static void due_at(struct finding *f, int64_t at_ns)
{
    if (at_ns > f->in->now_ns && at_ns < INT64_MAX && (f->out->due_ns == 0 || at_ns < f->out->due_ns))
        f->out->due_ns = at_ns;
}

static void add(struct finding *f, const struct alert *alert, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct finding *f, const struct alert *alert, const char *format, ...)
{
    struct alerts *out = f->out;
    out->total++;
    size_t at = out->count;
    while (at > 0 && out->items[at - 1].kind > alert->kind)
        at--;
    if (at == ALERTS_MAX)
        return;
    size_t last = out->count < ALERTS_MAX ? out->count++ : ALERTS_MAX - 1;
    memmove(&out->items[at + 1], &out->items[at], (last - at) * sizeof out->items[0]);
    struct alert *a = &out->items[at];
    *a = *alert;
    va_list args;
    va_start(args, format);
    vsnprintf(a->text, sizeof a->text, format, args);
    va_end(args);
}

/* How many times the number has doubled since the limit. */
static int doublings(double value, double limit)
{
    int level = 0;
    for (double next = 2 * limit; limit > 0 && next <= value && level < LEVEL_MAX; next *= 2)
        level++;
    return level;
}

#define SPAN_MAX 32

/* "45s", "12m", "1h 05m": what of it ticks is whole minutes, so that nobody has to be woken more often. */
static const char *span(int64_t ns, char out[SPAN_MAX])
{
    long long minutes = ns / MINUTE_NS;
    if (minutes == 0)
        snprintf(out, SPAN_MAX, "%llds", (long long)(ns / SECOND_NS));
    else if (minutes < 60)
        snprintf(out, SPAN_MAX, "%lldm", minutes);
    else
        snprintf(out, SPAN_MAX, "%lldh %02lldm", minutes / 60, minutes % 60);
    return out;
}

/* True when it has lasted for longer than the limit; otherwise, and when its minutes tick, it is due later.
 */
static bool lasted(struct finding *f, int64_t since_ns, int64_t limit_ns)
{
    int64_t age = f->in->now_ns - since_ns;
    if (limit_ns <= 0 || since_ns <= 0)
        return false;
    if (age < limit_ns) {
        due_at(f, since_ns + limit_ns);
        return false;
    }
    due_at(f, since_ns + (age / MINUTE_NS + 1) * MINUTE_NS);
    return true;
}

static struct alert lasting(enum alert_kind kind, int64_t age_ns, int64_t limit_ns)
{
    double age = (double)age_ns / 1e9, limit = (double)limit_ns / 1e9;
    return (struct alert){.kind = kind, .value = age, .limit = limit, .level = doublings(age, limit)};
}

/* Cut after a whole character. */
static struct slice brief(struct slice text)
{
    size_t len = text.len < DETAIL_BYTES ? text.len : DETAIL_BYTES;
    while (len > 0 && len < text.len && ((uint8_t)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return slice_sub(text, 0, len);
}

static void find_day_cost(struct finding *f)
{
    const struct fleet *fleet = f->in->fleet;
    double limit = f->in->limits->day_usd, spent = (double)fleet->cost_today_nano_usd / 1e9;
    if (limit <= 0 || spent < limit)
        return;
    struct alert a = {
        .kind = ALERT_DAY_COST, .value = spent, .limit = limit, .level = doublings(spent, limit)};
    add(f, &a, "%s$%.2f of $%.2f today", fleet->cost_today_is_estimate ? "~" : "", spent, limit);
    due_at(f, f->in->day_start_ns + DAY_NS);
}

static void find_upstreams(struct finding *f)
{
    char age[SPAN_MAX];
    for (size_t i = 0; i < f->in->upstream_count; i++) {
        const struct alert_upstream *u = &f->in->upstreams[i];
        int64_t since = f->in->now_ns - u->away_ns, limit = f->in->limits->upstream_ns;
        if (u->away_ns <= 0 || !lasted(f, since, limit))
            continue;
        struct alert a = lasting(ALERT_UPSTREAM, u->away_ns, limit);
        a.since_ns = since;
        struct slice name =
            slice_sub(u->name, 0, u->name.len < ALERT_NAME_MAX ? u->name.len : ALERT_NAME_MAX - 1);
        memcpy(a.name, name.len ? name.ptr : "", name.len);
        add(f, &a, "%llu request%s wait%s, the oldest for %s", (unsigned long long)u->queued,
            u->queued == 1 ? "" : "s", u->queued == 1 ? "s" : "", span(u->away_ns, age));
    }
}

static void find_session_cost(struct finding *f, const struct session *s)
{
    double limit = f->in->limits->session_usd, spent = (double)s->total.cost_nano_usd / 1e9;
    if (limit <= 0 || spent < limit)
        return;
    struct alert a = {.kind = ALERT_SESSION_COST,
                      .session_id = s->id,
                      .value = spent,
                      .limit = limit,
                      .level = doublings(spent, limit)};
    add(f, &a, "%s%s$%.2f of $%.2f in this session", s->total.cost_unknown ? "at least " : "",
        s->total.cost_estimated ? "~" : "", spent, limit);
}

static void find_errors(struct finding *f, const struct session *s, const struct session_signs *signs)
{
    int64_t limit = f->in->limits->errors;
    if (limit <= 0 || signs->failures < limit)
        return;
    struct alert a = {.kind = ALERT_ERRORS,
                      .session_id = s->id,
                      .value = (double)signs->failures,
                      .limit = (double)limit,
                      .level = doublings((double)signs->failures, (double)limit)};
    add(f, &a, "%lld failed call%s in %lld minutes (limit %lld)", (long long)signs->failures,
        signs->failures == 1 ? "" : "s", (long long)(FAILURES_NS / MINUTE_NS), (long long)limit);
    due_at(f, (f->in->now_ns / WINDOW_STEP_NS + 1) * WINDOW_STEP_NS);
}

static void find_loop(struct finding *f, const struct session *s, const struct session_signs *signs)
{
    int64_t limit = f->in->limits->repeats;
    const struct node *n = signs->repeated;
    if (limit <= 0 || !n || signs->repeats < limit)
        return;
    struct slice what = brief(n->detail);
    struct alert a = {.kind = ALERT_LOOP,
                      .session_id = s->id,
                      .node_id = n->id,
                      .value = (double)signs->repeats,
                      .limit = (double)limit,
                      .level = doublings((double)signs->repeats, (double)limit)};
    add(f, &a, "%.*s %lld times in a row with the same input%s%.*s%s", SLICE_ARG(brief(n->name)),
        (long long)signs->repeats, what.len ? ": " : "", SLICE_ARG(what),
        what.len < n->detail.len ? "…" : "");
}

static void find_silence(struct finding *f, const struct session *s, const struct session_signs *signs)
{
    int64_t limit = f->in->limits->silent_ns, now = f->in->now_ns;
    char age[SPAN_MAX];
    if (limit <= 0 || !s->native || now - s->last_arrival_ns >= LIVE_WITHIN_NS)
        return;
    /* Hooks come, so that it is alive; what it reports by telemetry does not. */
    if (signs->owed_since_ns && signs->telemetry_ns && lasted(f, signs->owed_since_ns, limit)) {
        struct alert a = lasting(ALERT_SILENT, now - signs->owed_since_ns, limit);
        a.session_id = s->id;
        a.since_ns = signs->owed_since_ns;
        add(f, &a, "hooks come, but no telemetry for %s", span(now - signs->telemetry_ns, age));
        return;
    }
    int64_t most = limit > STALE_AFTER_NS ? limit : STALE_AFTER_NS;
    if (signs->at_work && lasted(f, s->last_arrival_ns, most)) {
        struct alert a = lasting(ALERT_SILENT, now - s->last_arrival_ns, most);
        a.session_id = s->id;
        a.since_ns = s->last_arrival_ns;
        add(f, &a, "a turn is open, and not a word for %s", span(now - s->last_arrival_ns, age));
        due_at(f, s->last_arrival_ns + LIVE_WITHIN_NS);
    }
}

static void find_context(struct finding *f, const struct session *s)
{
    double limit = f->in->limits->context_percentage, used = s->context.used_percentage;
    const struct session_context *c = &s->context;
    if (limit <= 0 || c->reported_ns == 0 || used < limit)
        return;
    struct alert a = {.kind = ALERT_CONTEXT,
                      .session_id = s->id,
                      .since_ns = c->reported_ns,
                      .value = used,
                      .limit = limit,
                      .level = (int)((used - limit) / CONTEXT_STEP)};
    if (c->used_tokens >= 0 && c->window_tokens > 0)
        add(f, &a, "%.0f%% full: %lldk of %lldk tokens", used, (long long)(c->used_tokens / 1000),
            (long long)(c->window_tokens / 1000));
    else
        add(f, &a, "%.0f%% full (limit %.0f%%)", used, limit);
}

/* asked: something stands still until the answer; else it is merely the user's turn, which is worth no alarm.
 */
static void find_waiting(struct finding *f, const struct session *s, const struct run_status *status,
                         bool asked)
{
    struct alerts *out = f->out;
    const struct node *n = status->node;
    int64_t limit = f->in->limits->waiting_ns;
    char age[SPAN_MAX];
    if (out->waiting_count < ALERTS_WAITING_MAX)
        out->waiting[out->waiting_count++] =
            (struct alert_waiting){s->id, n ? n->id : 0, status->since_ns, status->state};
    if (!asked || !lasted(f, status->since_ns, limit))
        return;
    struct alert a = lasting(ALERT_WAITING, f->in->now_ns - status->since_ns, limit);
    a.session_id = s->id;
    a.node_id = n ? n->id : 0;
    a.since_ns = status->since_ns;
    struct slice tool = n && n->kind == NODE_TOOL ? brief(n->name) : SLICE_NULL;
    add(f, &a, "for %s, for your %s%s%.*s", span(f->in->now_ns - status->since_ns, age),
        status->state == RUN_PERMISSION ? "permission" : "answer", tool.len ? ": " : "", SLICE_ARG(tool));
}

static void find_session(struct finding *f, const struct session *s)
{
    int64_t silence = f->in->now_ns - s->last_arrival_ns;
    struct session_signs signs;
    if ((!s->real && !s->announced) || silence >= WAITING_WITHIN_NS)
        return;
    struct run_status status = model_session_status(s, f->in->now_ns);
    if (status.state == RUN_ENDED)
        return;
    bool waits = status.state == RUN_PERMISSION ||
                 (status.state == RUN_INPUT && status.node && status.node->kind == NODE_TOOL);
    bool live = silence < LIVE_WITHIN_NS;
    if (waits || (live && status.state == RUN_INPUT))
        find_waiting(f, s, &status, waits);
    if (!live)
        return;
    model_session_signs(s, f->in->now_ns, &signs);
    find_session_cost(f, s);
    find_errors(f, s, &signs);
    find_loop(f, s, &signs);
    find_silence(f, s, &signs);
    find_context(f, s);
}

/*
 * In most sessions there is nothing to be found until they change or some time has come; they are passed
 * over. Without anything found and without a time that is due, time alone brings nothing.
 */
static void look_at(struct finding *f, const struct session *s)
{
    struct alerts *out = f->out;
    struct alerts_calm *calm = (struct alerts_calm *)&s->calm;
    int64_t now = f->in->now_ns, due = out->due_ns;
    if (calm->revision == s->revision && calm->limits == f->limits && now >= calm->from_ns &&
        now < calm->until_ns) {
        due_at(f, calm->until_ns);
        return;
    }
    uint64_t total = out->total;
    size_t waiting = out->waiting_count;
    out->due_ns = 0;
    find_session(f, s);
    bool found = out->total != total || out->waiting_count != waiting || waiting == ALERTS_WAITING_MAX;
    int64_t own = out->due_ns;
    *calm = (struct alerts_calm){found ? 0 : s->revision, f->limits, now, own ? own : INT64_MAX};
    out->due_ns = due;
    due_at(f, own);
}

static uint64_t number_of(const struct alert_limits *limits)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a: settings that hardly ever change */
    for (size_t i = 0; i < sizeof *limits; i++)
        hash = (hash ^ ((const uint8_t *)limits)[i]) * UINT64_C(1099511628211);
    return hash;
}

void alerts_find(const struct alert_input *in, struct alerts *out)
{
    struct finding f = {in, out, number_of(in->limits)};
    (void)model_revision(in->model); /* all is settled from here on */
    out->count = out->waiting_count = 0;
    out->total = 0;
    out->newest_arrival_ns = out->due_ns = 0;
    find_day_cost(&f);
    find_upstreams(&f);
    for (const struct session *s = model_sessions(in->model); s; s = s->next) {
        if (s->last_arrival_ns > out->newest_arrival_ns)
            out->newest_arrival_ns = s->last_arrival_ns;
        look_at(&f, s);
    }
    /* What is said of a session goes when nobody has heard of it for that long. */
    for (size_t i = 0; i < out->count; i++) {
        const struct session *s = model_session_by_id(in->model, out->items[i].session_id);
        if (s)
            due_at(&f, s->last_arrival_ns + LIVE_WITHIN_NS);
    }
}
