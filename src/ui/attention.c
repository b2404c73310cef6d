#include "attention.h"

#include "clock.h"
#include "glyph.h"
#include "label.h"

#include <stdio.h>

/* Reasons: the two kinds of waiting, then the alerts. */
#define REASON_ALERTS 2
/* Of what is said of a call in a notification. */
#define CALL_COLS 60
#define NAME_COLS 40

void attention_init(struct attention *a, const struct ui_attention *config)
{
    *a = (struct attention){0};
    if (config)
        a->config = *config;
    if (a->config.again_ns <= 0)
        a->config.again_ns = UI_NOTIFY_AGAIN_NS;
    if (a->config.limits)
        a->limits = *a->config.limits;
    else
        alert_limits_init(&a->limits);
    a->config.limits = NULL; /* whose it is need not live on */
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a: a few names of the user's own */
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
    return hash;
}

uint64_t attention_key(const struct alert *alert)
{
    return alert->session_id ? alert->session_id : hash_name(alert->name);
}

struct slice attention_about(const struct alert *alert, const struct model *model)
{
    const struct session *s = alert->session_id ? model_session_by_id(model, alert->session_id) : NULL;
    return s ? label_session(s) : slice_str(alert->name);
}

/* ------------------------------------------------------------------------------------------- silences */

static struct silence *find_silence(const struct attention *a, const struct alert *alert)
{
    for (size_t i = 0; i < a->silence_count; i++) {
        const struct silence *s = &a->silences[i];
        if (s->kind == alert->kind && s->key == attention_key(alert))
            return (struct silence *)s;
    }
    return NULL;
}

static void drop_silence(struct attention *a, struct silence *s)
{
    size_t at = (size_t)(s - a->silences);
    a->silence_count--;
    memmove(s, s + 1, (a->silence_count - at) * sizeof *s);
}

static void count_loud(struct attention *a, int64_t now_ns)
{
    bool all = a->silent_until_ns > now_ns;
    a->loud = 0;
    a->worst = HEALTH_INFO;
    for (size_t i = 0; i < a->found.count; i++) {
        enum health_severity severity = alert_severity(a->found.items[i].kind);
        a->silenced[i] = all || find_silence(a, &a->found.items[i]) != NULL;
        if (a->silenced[i])
            continue;
        a->loud++;
        a->worst = severity > a->worst ? severity : a->worst;
    }
}

void attention_silence(struct attention *a, const struct alert *alert, enum silence_mode mode)
{
    struct silence *s = find_silence(a, alert);
    enum silence_mode before = s ? s->mode : SILENCE_NONE;
    if (s)
        drop_silence(a, s);
    if (before != mode) {
        if (a->silence_count == ATTENTION_SILENCES_MAX)
            drop_silence(a, &a->silences[0]);
        a->silences[a->silence_count++] = (struct silence){
            .mode = mode,
            .kind = alert->kind,
            .key = attention_key(alert),
            .level = alert->level,
            .node_id = alert->node_id,
            .seen = true,
        };
    }
    count_loud(a, a->looked_ns);
}

enum silence_mode attention_silence_of(const struct attention *a, const struct alert *alert)
{
    const struct silence *s = find_silence(a, alert);
    return s ? s->mode : SILENCE_NONE;
}

void attention_silence_all(struct attention *a, int64_t now_ns)
{
    a->silent_until_ns = a->silent_until_ns > now_ns ? 0 : now_ns + ATTENTION_HOUR_NS;
    count_loud(a, now_ns);
}

/* A loop goes on with another call each time; a wait for another call is another wait. */
static bool is_another(const struct silence *s, const struct alert *alert)
{
    return alert->level > s->level || (alert->kind == ALERT_WAITING && alert->node_id != s->node_id);
}

/* Silences until a change end with it. */
static void review_silences(struct attention *a)
{
    for (size_t i = 0; i < a->silence_count; i++)
        a->silences[i].seen = false;
    for (size_t i = 0; i < a->found.count; i++) {
        struct silence *s = find_silence(a, &a->found.items[i]);
        if (s)
            s->seen = s->mode == SILENCE_THIS || !is_another(s, &a->found.items[i]);
    }
    for (size_t i = a->silence_count; i-- > 0;)
        if (a->silences[i].mode == SILENCE_CHANGE && !a->silences[i].seen)
            drop_silence(a, &a->silences[i]);
}

/* -------------------------------------------------------------------------------------------- telling */

static struct told *told_of(struct attention *a, uint64_t key, int reason)
{
    struct told *room = NULL;
    for (size_t i = 0; i < ATTENTION_TOLD_MAX; i++) {
        struct told *t = &a->told[i];
        if (t->key == key && t->reason == reason)
            return t;
        bool free = t->key == 0;
        bool better = !room || (room->key && (free || t->told_ns < room->told_ns));
        if (better && (free || t->seen < a->look - 1))
            room = t;
    }
    if (room)
        *room = (struct told){.key = key, .reason = reason};
    return room;
}

struct reason {
    uint64_t key;
    int reason;
    int64_t since_ns;
    bool waits;   /* of a session for the human */
    bool history; /* it began before this program did */
    bool silenced;
};

/* True when somebody is to be called now. */
static bool is_new(struct attention *a, const struct reason *r, int64_t now_ns, int64_t *due_ns)
{
    struct told *t = told_of(a, r->key ? r->key : 1, r->reason);
    if (!t)
        return false;
    bool stood = t->seen == a->look - 1 && t->seen > 0;
    if (!stood || (r->waits && t->since_ns != r->since_ns))
        t->pending = !r->history;
    t->seen = a->look;
    t->since_ns = r->since_ns;
    if (!t->pending || r->silenced)
        return false;
    if (t->told_ns && now_ns < t->told_ns + a->config.again_ns) {
        int64_t at = t->told_ns + a->config.again_ns;
        *due_ns = *due_ns == 0 || at < *due_ns ? at : *due_ns;
        return false;
    }
    t->pending = false;
    t->told_ns = now_ns;
    return true;
}

static void say(struct attention *a, bool waits, const char *text)
{
    bool bell = a->config.bell == UI_WHEN_ALL || (waits && a->config.bell == UI_WHEN_WAITING);
    bool desktop = a->config.notify == UI_WHEN_ALL || (waits && a->config.notify == UI_WHEN_WAITING);
    struct ui_notice *n = &a->notice;
    n->bell |= bell;
    if (!desktop)
        return;
    if (n->count++ == 0)
        text_clean(slice_str(text), n->text, sizeof n->text);
}

static void tell_waiting(struct attention *a, const struct ui_data *data, const struct alert_waiting *w)
{
    char text[UI_NOTICE_MAX];
    const struct session *s = model_session_by_id(data->model, w->session_id);
    const struct node *n = model_node_by_id(data->model, w->node_id);
    bool tool = n && n->kind == NODE_TOOL;
    if (!s)
        return;
    struct slice name = text_prefix(label_session(s), NAME_COLS, NULL);
    struct slice what = tool ? n->name : SLICE_NULL;
    struct slice detail = tool ? text_prefix(n->detail, CALL_COLS, NULL) : SLICE_NULL;
    snprintf(text, sizeof text, "%.*s waits for your %s%s%.*s%s%.*s", SLICE_ARG(name),
             w->state == RUN_PERMISSION ? "permission" : "answer", what.len ? ": " : "",
             SLICE_ARG(text_prefix(what, NAME_COLS, NULL)), detail.len ? " " : "", SLICE_ARG(detail));
    say(a, true, text);
}

static void tell_alert(struct attention *a, const struct ui_data *data, const struct alert *alert)
{
    char text[UI_NOTICE_MAX];
    struct slice about = text_prefix(attention_about(alert, data->model), NAME_COLS, NULL);
    snprintf(text, sizeof text, "%.*s%s%s: %s", SLICE_ARG(about), about.len ? ": " : "",
             alert_kind_words(alert->kind), alert->text);
    say(a, false, text);
}

static int64_t tell(struct attention *a, const struct ui_data *data)
{
    const struct alerts *f = &a->found;
    bool only_history = f->newest_arrival_ns < a->begin_ns;
    int64_t due = 0;
    a->look++;
    for (size_t i = 0; i < f->waiting_count; i++) {
        const struct alert_waiting *w = &f->waiting[i];
        struct reason r = {.key = w->session_id,
                           .reason = w->state == RUN_PERMISSION ? 0 : 1,
                           .since_ns = w->since_ns,
                           .waits = true,
                           .history = only_history || w->since_ns < a->begin_ns};
        if (is_new(a, &r, data->now_ns, &due))
            tell_waiting(a, data, w);
    }
    for (size_t i = 0; i < f->count; i++) {
        const struct alert *alert = &f->items[i];
        bool old = alert->since_ns > 0 && alert->since_ns < a->begin_ns;
        struct reason r = {.key = attention_key(alert),
                           .reason = REASON_ALERTS + (int)alert->kind,
                           .history = old || (alert->kind != ALERT_UPSTREAM && only_history),
                           .silenced = a->silenced[i]};
        if (is_new(a, &r, data->now_ns, &due))
            tell_alert(a, data, alert);
    }
    return due;
}

/* --------------------------------------------------------------------------------------------- looking */

static size_t upstreams_of(const struct ui_data *data, struct alert_upstream *out, size_t max, uint64_t *sum)
{
    size_t count = data->flow ? data->flow->upstream_count : 0;
    count = count < max ? count : max;
    *sum = count;
    for (size_t i = 0; i < count; i++) {
        const struct ui_flow_upstream *u = &data->flow->upstreams[i];
        bool away = u->state == UI_UPSTREAM_RETRYING && u->oldest_ns > 0;
        out[i] = (struct alert_upstream){
            .name = u->name, .away_ns = away ? u->oldest_ns : 0, .queued = away ? u->queued : 0};
        *sum = *sum * 31 + out[i].queued * 2 + away;
    }
    return count;
}

#define UPSTREAMS_MAX 32

int64_t attention_update(struct attention *a, const struct ui_data *data, const struct fleet *fleet)
{
    struct alert_upstream upstreams[UPSTREAMS_MAX];
    uint64_t sum;
    size_t count = upstreams_of(data, upstreams, UPSTREAMS_MAX, &sum);
    uint64_t generation = model_generation(data->model);
    if (a->begin_ns == 0)
        a->begin_ns = data->now_ns;
    bool same = a->looked_ns && a->generation == generation && a->upstreams == sum &&
                a->day_start_ns == data->day_start_ns && data->now_ns >= a->looked_ns &&
                (a->due_ns == 0 || data->now_ns < a->due_ns);
    if (same)
        return a->due_ns;
    struct alert_input in = {
        .model = data->model,
        .limits = &a->limits,
        .now_ns = data->now_ns,
        .day_start_ns = data->day_start_ns,
        .fleet = fleet,
        .upstreams = upstreams,
        .upstream_count = count,
    };
    alerts_find(&in, &a->found);
    a->generation = generation;
    a->upstreams = sum;
    a->looked_ns = data->now_ns;
    a->day_start_ns = data->day_start_ns;
    a->due_ns = a->found.due_ns;
    if (a->silent_until_ns > data->now_ns) {
        if (a->due_ns == 0 || a->silent_until_ns < a->due_ns)
            a->due_ns = a->silent_until_ns;
    } else {
        a->silent_until_ns = 0;
    }
    review_silences(a);
    count_loud(a, data->now_ns);
    int64_t due = tell(a, data);
    if (due && (a->due_ns == 0 || due < a->due_ns))
        a->due_ns = due;
    return a->due_ns;
}
