/*
 * Things that share no id but are one: the nearest in time of a kind, one to one.
 *
 * A guest is shown as its host. Both are taken in a fixed order and what each prefers is looked up in sorted
 * arrays, so that the outcome depends on the facts alone.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Candidates looked at on either side of a guest: more in one window is no honest sender's. */
#define MATCH_WALK 32
/* Who lost its favourite to a better match tries the next one, this often. */
#define MATCH_ROUNDS 8
/* From the announcement of a compaction to its end. */
#define COMPACTION_MAX_NS (INT64_C(600) * 1000000000)

void match_join(struct entry *host, struct entry *guest)
{
    guest->same_as = host;
    struct entry **at = &host->guests;
    while (*at && slice_cmp((*at)->key, guest->key) < 0)
        at = &(*at)->next_guest;
    guest->next_guest = *at;
    *at = guest;
}

static int by_match_time(const struct entry *a, const struct entry *b)
{
    if (a->match_ns != b->match_ns)
        return a->match_ns < b->match_ns ? -1 : 1;
    return slice_cmp(a->key, b->key);
}

static int64_t gap(const struct entry *a, const struct entry *b)
{
    return a->match_ns > b->match_ns ? a->match_ns - b->match_ns : b->match_ns - a->match_ns;
}

static bool suits_better(const struct entry *to, const struct entry *candidate, const struct entry *best)
{
    if (!best || gap(to, candidate) != gap(to, best))
        return !best || gap(to, candidate) < gap(to, best);
    return slice_cmp(candidate->key, best->key) < 0;
}

static void consider(const struct match *how, struct entry *guest, struct entry *host)
{
    if (!host->taken && gap(guest, host) < how->window_ns && how->fits(host, guest) &&
        suits_better(guest, host, guest->best))
        guest->best = host;
}

static void find_best(const struct match *how, struct entry **hosts, size_t count, struct entry *guest)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (hosts[mid]->match_ns < guest->match_ns)
            low = mid + 1;
        else
            high = mid;
    }
    guest->best = NULL;
    for (size_t i = low; i < count && i < low + MATCH_WALK; i++)
        consider(how, guest, hosts[i]);
    for (size_t i = low; i > 0 && i + MATCH_WALK > low; i--)
        consider(how, guest, hosts[i - 1]);
}

void match_nearest(struct model *m, const struct match *how, struct entry **hosts, size_t host_count,
                   struct entry **guests, size_t guest_count)
{
    if (host_count == 0 || guest_count == 0)
        return;
    sort_entries(m, hosts, host_count, by_match_time);
    sort_entries(m, guests, guest_count, by_match_time);
    for (size_t i = 0; i < host_count; i++)
        hosts[i]->taken = false;
    for (int round = 0; round < MATCH_ROUNDS && guest_count > 0; round++) {
        for (size_t i = 0; i < host_count; i++)
            hosts[i]->best = NULL;
        for (size_t i = 0; i < guest_count; i++) {
            struct entry *guest = guests[i];
            find_best(how, hosts, host_count, guest);
            if (guest->best && suits_better(guest->best, guest, guest->best->best))
                guest->best->best = guest;
        }
        size_t left = 0;
        for (size_t i = 0; i < guest_count; i++) {
            struct entry *guest = guests[i], *host = guest->best;
            if (host && host->best == guest) {
                host->taken = true;
                match_join(host, guest);
            } else if (host) {
                guests[left++] = guest;
            }
        }
        if (left == guest_count)
            return;
        guest_count = left;
    }
}

/* A failed request without an id, once in the log and once as a span: the same model at the same instant. */
static bool same_request(const struct entry *host, const struct entry *guest)
{
    return host->f.failed == guest->f.failed &&
           slice_eq(host->f.texts[FACT_MODEL], guest->f.texts[FACT_MODEL]);
}

static bool same_tool(const struct entry *host, const struct entry *guest)
{
    return slice_eq(host->f.texts[FACT_NAME], guest->f.texts[FACT_NAME]);
}

static bool has_witness(const struct entry *e, enum witness w)
{
    return (e->f.witnesses & 1u << w) != 0;
}

static int64_t end_of(const struct entry *e)
{
    int64_t end = facts_time(&e->f, FACT_END);
    return end ? end : e->f.last_ns;
}

static int64_t start_of(const struct entry *e)
{
    int64_t start = facts_time(&e->f, FACT_START);
    return start ? start : e->f.first_ns;
}

struct pools {
    struct entry **hosts, **guests;
    size_t host_count, guest_count;
};

static void match_requests(struct session_entry *s, struct pools *p)
{
    p->host_count = p->guest_count = 0;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        if (e->pub.kind != NODE_LLM || e->key.ptr[0] != INDEX_CONTENT)
            continue;
        e->match_ns = end_of(e);
        if (has_witness(e, WITNESS_LOG))
            p->hosts[p->host_count++] = e;
        else
            p->guests[p->guest_count++] = e;
    }
    match_nearest(s->model, &(struct match){LLM_MATCH_NS, same_request}, p->hosts, p->host_count, p->guests,
                  p->guest_count);
}

/* Old clients' results carry no id, their hooks do: the same name ended at the same time is the same call,
 * and if its end never came, the one that began then. */
static void match_tools(struct session_entry *s, struct pools *p, bool ended)
{
    p->host_count = p->guest_count = 0;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        if (e->pub.kind != NODE_TOOL || e->same_as)
            continue;
        bool idless = e->key.ptr[0] == INDEX_CONTENT;
        if (idless) {
            e->match_ns = ended ? end_of(e) : start_of(e);
            p->guests[p->guest_count++] = e;
        } else if (!e->guests && e->f.known && e->f.finished == ended && !has_witness(e, WITNESS_LOG)) {
            e->match_ns = ended ? end_of(e) : start_of(e);
            p->hosts[p->host_count++] = e;
        }
    }
    match_nearest(s->model, &(struct match){TOOL_MATCH_NS, same_tool}, p->hosts, p->host_count, p->guests,
                  p->guest_count);
}

static int by_last_word(const struct entry *a, const struct entry *b)
{
    if (a->f.last_ns != b->f.last_ns)
        return a->f.last_ns < b->f.last_ns ? -1 : 1;
    return slice_cmp(a->key, b->key);
}

/* A compaction is announced, ended and recorded by three records without ids: one of each, in a row. */
static void match_compactions(struct session_entry *s, struct pools *p)
{
    p->host_count = 0;
    for (size_t i = 0; i < s->live; i++)
        if (s->all[i]->pub.kind == NODE_COMPACTION)
            p->hosts[p->host_count++] = s->all[i];
    sort_entries(s->model, p->hosts, p->host_count, by_last_word);
    struct entry *open = NULL;
    bool ended = false, recorded = false;
    for (size_t i = 0; i < p->host_count; i++) {
        struct entry *e = p->hosts[i];
        bool record = has_witness(e, WITNESS_LOG), end = !record && e->f.finished;
        int64_t since = record ? start_of(e) : e->f.last_ns - COMPACTION_MAX_NS;
        bool same = open && (record ? !recorded : end && !ended) && open->f.last_ns + CLOCK_SLACK_NS >= since;
        if (same) {
            match_join(open, e);
        } else {
            open = e;
            ended = recorded = false;
        }
        ended |= end;
        recorded |= record;
    }
}

void match_calls(struct session_entry *s)
{
    if (!s->idless)
        return;
    struct pools p = {mem_array(s->live, sizeof *p.hosts), mem_array(s->live, sizeof *p.guests), 0, 0};
    match_requests(s, &p);
    match_tools(s, &p, true);
    match_tools(s, &p, false);
    match_compactions(s, &p);
    free(p.hosts);
    free(p.guests);
}
