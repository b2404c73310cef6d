/*
 * Prompts that were typed into a running turn. They carry its prompt id and open no turn of their own: each
 * is shown as an event inside it. A prompt has up to two witnesses, a hook and a log event.
 */
#include "mem.h"
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>

/* Records looked at for one hook: more at one time are no person's. */
#define SAID_WALK 32

struct said {
    struct said *next;
    int64_t ns;
    enum witness witness;
    struct slice text;  /* "" when it was withheld */
    struct slice shown; /* the text, or that of the other witness */
    bool paired;
};

void said_add(struct session_entry *s, struct entry *turn, const struct event *e)
{
    char key[320];
    struct slice text = slice_sub(e->detail, 0, 200);
    int n = snprintf(key, sizeof key, "%llx:%d:%lld:%.*s", (unsigned long long)turn->pub.id, (int)e->witness,
                     (long long)e->time_ns, SLICE_ARG(text));
    struct slice id = slice_make(key, (size_t)n);
    if (session_index_get(s, INDEX_SAID, id))
        return;
    struct said *said = session_alloc(s, sizeof *said);
    *said = (struct said){.next = turn->turn->said, .ns = e->time_ns, .witness = e->witness};
    said->text = session_keep(s, e->detail);
    turn->turn->said = said;
    turn->turn->said_count++;
    session_index_put(s, INDEX_SAID, id, said);
}

static int by_time(const void *a, const void *b)
{
    const struct said *x = *(struct said *const *)a, *y = *(struct said *const *)b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    if (x->witness != y->witness)
        return x->witness < y->witness ? -1 : 1;
    return slice_cmp(x->text, y->text);
}

static size_t gather(struct said **out, const struct turn_part *part)
{
    size_t count = 0;
    for (struct said *x = part->said; x; x = x->next) {
        x->paired = false;
        x->shown = x->text;
        out[count++] = x;
    }
    return count;
}

/* The record that the hook is the other witness of, or NULL. */
static struct said *record_of(struct said **all, size_t count, size_t hook)
{
    const struct said *h = all[hook];
    struct said *best = NULL;
    int64_t best_gap = TURN_MATCH_NS;
    size_t from = hook > SAID_WALK ? hook - SAID_WALK : 0;
    for (size_t i = from; i < count && i < hook + SAID_WALK; i++) {
        struct said *x = all[i];
        int64_t gap = x->ns > h->ns ? x->ns - h->ns : h->ns - x->ns;
        bool same = x->text.len == 0 || h->text.len == 0 || slice_eq(x->text, h->text);
        if (x->witness == WITNESS_HOOK || x->paired || !same || gap >= best_gap)
            continue;
        best = x;
        best_gap = gap;
    }
    return best;
}

static void show(struct session_entry *s, struct entry *turn, const struct said *x)
{
    char key[64];
    int n = snprintf(key, sizeof key, "said:%llx:%d:%lld", (unsigned long long)turn->pub.id, (int)x->witness,
                     (long long)x->ns);
    struct entry *e = settle_make(s, NODE_EVENT, slice_make(key, (size_t)n), turn);
    struct facts *f = &e->f;
    f->finished = true;
    f->first_ns = f->last_ns = x->ns;
    f->witnesses = 1u << x->witness;
    f->redacted = x->shown.len == 0;
    facts_text(s, f, FACT_NAME, RANK_LEAST, x->ns, SLICE_LIT("prompt"));
    facts_text(s, f, FACT_DETAIL, RANK_LEAST, x->ns, x->shown);
}

static void settle_turn(struct session_entry *s, struct entry *turn)
{
    size_t count = turn->turn->said_count;
    for (const struct entry *g = turn->guests; g; g = g->next_guest)
        count += g->turn->said_count;
    if (count < 2)
        return;
    struct said **all = mem_array(count, sizeof(struct said *));
    size_t n = gather(all, turn->turn);
    for (const struct entry *g = turn->guests; g; g = g->next_guest)
        n += gather(all + n, g->turn);
    qsort(all, n, sizeof(struct said *), by_time);
    for (size_t i = 0; i < n; i++) {
        struct said *record = all[i]->witness == WITNESS_HOOK ? record_of(all, n, i) : NULL;
        if (!record)
            continue;
        all[i]->paired = record->paired = true;
        if (record->text.len == 0)
            record->shown = all[i]->text;
    }
    bool own = true; /* the first is the turn's own prompt */
    for (size_t i = 0; i < n; i++) {
        if (all[i]->witness == WITNESS_HOOK && all[i]->paired)
            continue;
        if (!own)
            show(s, turn, all[i]);
        own = false;
    }
    free(all);
}

void said_settle(struct session_entry *s)
{
    for (size_t i = s->frozen.turns; i < s->turn_count; i++)
        settle_turn(s, s->turns[i]);
}
