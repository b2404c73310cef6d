/*
 * evict.h - which sessions go when the budget of bytes bites, and the summaries that remain of them.
 */
#ifndef CT_MODEL_EVICT_H
#define CT_MODEL_EVICT_H

#include "event.h"

#include <stdbool.h>

struct model;
struct session_entry;

/* Lists of sessions that may go, first ones first, and, last, that of the summaries. */
#define EVICTION_SORTS 3
struct eviction_list {
    struct session_entry *oldest, *newest;
};

void eviction_heard(struct session_entry *s); /* after each event: puts it in its place among the others */
void eviction_leave(struct session_entry *s);
/* False when the session to keep is over the budget alone. */
bool eviction_make_room(struct model *m, const struct session_entry *keep);
/* Whether the event is to be applied: late ones of a session that was given up are not, but counted. */
bool eviction_admits(struct session_entry *s, const struct event *e);
void eviction_add_gone(struct session_entry *s); /* its sums go on from those of its summary */

#endif
