/*
 * status.h - the state column: a glyph, a word, a role, and how long it has been so.
 */
#ifndef CT_UI_STATUS_H
#define CT_UI_STATUS_H

#include "glyph.h"
#include "model.h"
#include "theme.h"

/* Table rows; no two states share a glyph and a word. */
struct status_look {
    enum glyph glyph;
    enum role role;
    const char *word;
    const char *brief; /* at most six columns (calls, which show no age: seven), for narrow screens */
};

const struct status_look *status_of_run(enum run_state state);
const struct status_look *status_of_node(enum node_state state);

/* What one row's state column says. */
struct status {
    const struct status_look *look;
    struct slice word;   /* instead of the look's; empty: the look's */
    struct slice detail; /* follows the word when there is room */
    int64_t since_ns;    /* its age is shown; 0: not */
    bool rests;    /* nothing goes on: it may stay so for hours, and nobody has to be woken for its age */
    int64_t count; /* attempts, shown as "×3"; 0: not */
};

/* n NULL: the session's row. run is that session's model_session_status(). */
struct status status_make(const struct session *s, const struct node *n, const struct run_status *run);

/* From a session's start to its last event, or to now while it is at work (*ticks). -1: unknown. */
int64_t status_session_time(const struct session *s, const struct run_status *run, int64_t now_ns,
                            bool *ticks);

/* Nothing goes on in it. A question to the user is not rest: the work stands still until the answer. */
bool status_rests(const struct run_status *run);

/*
 * What is open is timed up to then: now, or for a session at rest its last word, and for a silent one the
 * moment at which it was taken for silent. What is open there may be so for ever, and its time stands.
 */
int64_t status_clock(const struct session *s, const struct run_status *run, int64_t now_ns);

/*
 * The age of a state, and when its words change (format_age()). What is told in minutes or more is as of the
 * last whole minute of the clock, so that a screen full of sessions that wait changes once a minute, not once
 * for each of them.
 */
int64_t status_age(int64_t now_ns, int64_t since_ns, int64_t *next_ns);

/*
 * Since when something rests, into out (FORMAT_MAX), and when that reads differently: an age of up to two
 * minutes; then the time of the day, which stays; after 24 hours the days, as of the last whole hour. So an
 * idle screen is still. day_start_ns: the beginning of this local day; 0: unknown, then status_age().
 */
const char *status_since(int64_t now_ns, int64_t day_start_ns, int64_t since_ns, char *out, int64_t *next_ns);

/* Whether that is an age, which goes with "for" and "ago", or a time. */
bool status_since_is_age(int64_t now_ns, int64_t day_start_ns, int64_t since_ns);

/* Time from since to now; -1 when since is unknown, 0 when it lies ahead. */
static inline int64_t status_elapsed(int64_t now_ns, int64_t since_ns)
{
    if (since_ns <= 0 || now_ns <= 0)
        return -1;
    return now_ns > since_ns ? now_ns - since_ns : 0;
}

#endif
