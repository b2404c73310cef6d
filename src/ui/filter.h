/*
 * filter.h - which sessions are shown: words and key:value terms that must all hold.
 *
 *   word        the session's name, folder, title or id holds it
 *   state:S     waiting (permission or input), running (at work), or a state by its name, e.g. idle
 *   model:M     one of its models holds M
 *   tool:T      it called a tool whose name holds T
 *   agent:A     it started a sub-agent whose type holds A
 *   repo:R      its folder or title holds R
 *   id:I        its id begins with I
 *   err         something in it failed; err:E: with an error whose type or words hold E
 *   cost:N      it cost N dollars or more
 *   here        its folder is in the project of this pane (filter_context.here), or in another working tree
 *               of the same repository
 *   last        it is the session that was prompted last
 *   -TERM       the opposite
 *
 * Case aside. tool:, agent: and err: look through the session's calls, and cost one pass over those.
 */
#ifndef CT_UI_FILTER_H
#define CT_UI_FILTER_H

#include "errors.h"
#include "model.h"

#define FILTER_MAX       128 /* bytes of a filter's text */
#define FILTER_TERMS_MAX 8

enum filter_key {
    FILTER_WORD,
    FILTER_STATE,
    FILTER_MODEL,
    FILTER_TOOL,
    FILTER_AGENT,
    FILTER_REPO,
    FILTER_ID,
    FILTER_ERR,
    FILTER_COST,
    FILTER_HERE,
    FILTER_LAST,
    FILTER_KEY_COUNT
};

struct filter {
    struct filter_term {
        enum filter_key key;
        bool opposite;
        struct slice value; /* in text */
        int64_t nano_usd;   /* FILTER_COST */
    } terms[FILTER_TERMS_MAX];
    size_t count; /* 0: everything is shown */
    char text[FILTER_MAX];
};

/*
 * CT_ERR_USAGE, and msg says what is wrong: an unknown key or state, a cost that is no number, too many
 * terms; *filter is then as it was. Empty text is the empty filter.
 */
enum ct_err filter_parse(struct filter *filter, struct slice text, struct ct_errmsg *msg);

/* What terms are about that are not in the session itself. */
struct filter_context {
    int64_t now_ns;
    const struct slice *here; /* folders, as sessions name theirs, without a slash at the end */
    size_t here_count;
    uint64_t last_id; /* filter_last() */
};

/* The session that was prompted last, or else began last; 0: there is none. */
uint64_t filter_last(const struct model *model);

/* Whether the filter asks for it, so that it need not be looked for otherwise. */
bool filter_asks_last(const struct filter *filter);

bool filter_session(const struct filter *filter, const struct session *s, const struct filter_context *c);

/*
 * Terms that are about sessions and nothing else: state: repo: id: cost: here last. Whether there are any,
 * and whether those hold: what is summed over sessions is then summed over these.
 */
bool filter_narrows(const struct filter *filter);
bool filter_narrowed(const struct filter *filter, const struct session *s, const struct filter_context *c);

/*
 * The same of something else that has a name: its own key (FILTER_MODEL of a model …) and words look into the
 * name, err asks whether it failed; terms with other keys say nothing about it and let it pass.
 */
bool filter_name(const struct filter *filter, enum filter_key own, struct slice name, bool failed);

/* The same of an event; its session may be NULL. Words look into its name, its detail and its session; tool:,
 * agent: and err are about the event, other keys about its session. */
struct stream_item;
bool filter_event(const struct filter *filter, const struct stream_item *item, const struct session *s,
                  const struct filter_context *c);

/* Whether words begin a term that could be completed: the i-th way to do so, or NULL. "sta" gives "state:",
 * "state:wa" gives "state:waiting". */
const char *filter_completion(struct slice term, size_t i);

#endif
