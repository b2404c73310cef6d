#include "order.h"

#include "clock.h"
#include "label.h"
#include "status.h"

/* Divides the width of the buckets that a session's burn is made of. */
#define BURN_TICK_NS (5 * NS_PER_SEC)

/* What needs a person first, then what runs, then what ran. */
static int32_t attention_rank(enum run_state state)
{
    switch (state) {
    case RUN_PERMISSION:
    case RUN_INPUT:
        return 0;
    case RUN_FAILED:
        return 1;
    case RUN_STARTING:
    case RUN_THINKING:
    case RUN_STREAMING:
    case RUN_TOOL:
    case RUN_COMPACTING:
    case RUN_RETRYING:
        return 2;
    case RUN_STALE:
    case RUN_IDLE:
        return 3;
    case RUN_ENDED:
        break;
    }
    return 4;
}

/* Within a rank: waiting ones by how long, running ones by age (they would swap places with every event if
 * newest activity counted), the others by newest activity. */
static int64_t attention_key(const struct order *o, const struct run_status *status)
{
    if (o->rank == 0)
        return -status->since_ns;
    return o->rank == 2 ? -o->session->started_ns : o->session->last_activity_ns;
}

static int64_t tokens_of(const struct counters *c)
{
    return c->input_tokens + c->output_tokens + c->cache_read_tokens + c->cache_creation_tokens;
}

void order_set(struct order *o, const struct run_status *status, enum ui_sort sort, int64_t now_ns)
{
    const struct session *s = o->session;
    int64_t tick = order_tick_ns(sort);
    now_ns -= tick ? now_ns % tick : 0; /* nobody overtakes between two ticks */
    o->rank = 0;
    o->key = 0;
    o->ticks = false;
    switch (sort) {
    case UI_SORT_ACTIVITY:
        o->rank = attention_rank(status->state);
        o->key = attention_key(o, status);
        break;
    case UI_SORT_STATE:
        o->rank = attention_rank(status->state) * 16 + (int32_t)status->state;
        break;
    case UI_SORT_NAME:
        break;
    case UI_SORT_COST:
        o->key = s->total.cost_nano_usd;
        break;
    case UI_SORT_TOKENS:
        o->key = tokens_of(&s->total);
        break;
    case UI_SORT_TIME:
        o->key = status_session_time(s, status, now_ns, &o->ticks);
        break;
    case UI_SORT_BURN:
        o->key = model_session_burn(s, now_ns).cost_nano_usd_per_hour;
        o->ticks = o->key > 0;
        break;
    case UI_SORT_COUNT:
        break;
    }
}

int64_t order_tick_ns(enum ui_sort sort)
{
    return sort == UI_SORT_TIME ? NS_PER_SEC : sort == UI_SORT_BURN ? BURN_TICK_NS : 0;
}

int order_cmp(const struct order *a, const struct order *b, enum ui_sort sort, bool inverted)
{
    int c = 0;
    if (a->rank != b->rank)
        c = a->rank < b->rank ? -1 : 1;
    else if (a->key != b->key)
        c = a->key > b->key ? -1 : 1;
    else if (sort == UI_SORT_NAME)
        c = slice_cmp(label_session(a->session), label_session(b->session));
    if (c != 0)
        return inverted ? -c : c;
    return a->session_id < b->session_id ? -1 : a->session_id > b->session_id;
}

/* Bottom-up merge sort: qsort() may allocate, and need not be stable. */
void order_sort(struct order *items, struct order *scratch, size_t count, enum ui_sort sort, bool inverted)
{
    struct order *from = items, *to = scratch;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t middle = start + run < count ? start + run : count;
            size_t end = middle + run < count ? middle + run : count;
            size_t a = start, b = middle;
            for (size_t i = start; i < end; i++) {
                bool left = a < middle && (b == end || order_cmp(&from[a], &from[b], sort, inverted) <= 0);
                to[i] = left ? from[a++] : from[b++];
            }
        }
        struct order *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
}

size_t order_place(const struct order *items, size_t count, const struct order *o, enum ui_sort sort,
                   bool inverted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_cmp(&items[middle], o, sort, inverted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
