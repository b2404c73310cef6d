/*
 * How much of a turn of the loop goes to senders, and whose turn it is.
 *
 * Whoever may not read now is simply not read from: the socket stays readable, and the loop comes back at
 * once.
 */
#include "receiver_internal.h"

static void begin_round(struct receiver *r)
{
    if (r->turn_owed == 0)
        r->turn_round++;
}

bool receiver_turn_may_read(struct connection *c)
{
    struct receiver *r = c->r;
    uint64_t now = uv_now(r->loop); /* the same for all that one turn of the loop brings */
    if (now != r->turn_ms) {
        r->turn_ms = now;
        r->turn_ns = 0;
        begin_round(r);
    }
    bool served = c->turn_round == r->turn_round;
    if (r->turn_ns >= RECEIVER_TURN_NS) {
        if (!served && !c->turn_owed) {
            c->turn_owed = true;
            r->turn_owed++;
        }
        return false;
    }
    if (served && r->turn_owed)
        return false;
    c->turn_round = r->turn_round;
    receiver_turn_leave(c);
    return true;
}

void receiver_turn_spent(struct receiver *r, int64_t ns)
{
    r->turn_ns += ns;
}

void receiver_turn_leave(struct connection *c)
{
    if (c->turn_owed)
        c->r->turn_owed--;
    c->turn_owed = false;
}
