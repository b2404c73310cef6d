/*
 * fixture.h - sessions, turns and calls made by hand, for drawing without a model behind.
 *
 * A fixture stands in for the model: it defines the model_* queries that the screen asks, over structs that a
 * scenario fills. Programs that use it link the ui library without the model's.
 */
#ifndef CT_TESTS_UNIT_UI_FIXTURE_H
#define CT_TESTS_UNIT_UI_FIXTURE_H

#include "clock.h"
#include "ui.h"

/* 2026-11-22T14:00:00Z, the "now" of every scenario. */
#define FIXTURE_NOW INT64_C(1795356000000000000)

#define SEC  NS_PER_SEC
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)

struct fixture_session {
    struct session pub; /* first */
    struct run_status status;
    struct burn_rate burn;
    struct session_health health;
    struct session_signs signs;
    struct fixture_session *link;
};

struct fixture_node {
    struct node pub; /* first */
    struct counters self;
    struct fixture_node *link;
};

struct model {
    uint64_t generation, revised, revision;
    const struct session *newest_change;
    uint64_t next_id;
    struct session *first, *last;
    struct fixture_session *sessions;
    struct fixture_node *nodes;
    struct fleet fleet;
    struct model_stats stats;
    struct node **by_id; /* index id - 1 */
    size_t by_id_cap;
    struct stream stream;
    struct red_row red[32];
    size_t red_count;
    struct health_item health[32];
    size_t health_count;
};

struct fixture {
    struct model model;
    struct ui_data data;
};

void fixture_init(struct fixture *f);
void fixture_finish(struct fixture *f);

/* Strings are borrowed and may be NULL. */
struct session *fixture_session(struct fixture *f, const char *id, const char *title, const char *cwd);
void fixture_state(struct session *s, enum run_state state, int64_t ago_ns, const struct node *node);

/* Appended after its siblings; starts ago_ns before now. parent NULL: hangs from the session. */
struct node *fixture_node(struct fixture *f, struct session *s, struct node *parent, enum node_kind kind,
                          enum node_state state, int64_t ago_ns);
struct node *fixture_turn(struct fixture *f, struct session *s, int number, const char *prompt,
                          enum node_state state, int64_t ago_ns, int64_t duration_ns);
/* tokens in thousands where that reads well: input, output, cache; cost in cents */
struct node *fixture_llm(struct fixture *f, struct session *s, struct node *parent, const char *model,
                         bool tools, int64_t ago_ns, int64_t duration_ns, int64_t in, int64_t out,
                         int64_t cache, double cents);
struct node *fixture_tool(struct fixture *f, struct session *s, struct node *parent, const char *name,
                          const char *detail, enum node_state state, int64_t ago_ns, int64_t duration_ns);

/* An event of the stream, ago_ns before now. */
void fixture_event(struct fixture *f, const struct session *s, enum event_kind kind, enum witness witness,
                   const char *name, const char *detail, const char *key, int64_t ago_ns);

/* Sums the totals, sets depths, newest times and models; raises the generation. After every change. */
void fixture_settle(struct fixture *f);

struct scenario {
    const char *name;
    void (*build)(struct fixture *f);
};

extern const struct scenario SCENARIOS[];
const struct scenario *scenario_find(const char *name); /* NULL: no such */

/* Shows the list that the effects ask for, of a few links or settings. */
void fixture_answer(struct ui *ui, const struct ui_effects *effects);

/* Gives the ui a script of keys: names of key_parse() with blanks between; "text:abc" types abc. Returns the
 * effects of the last key. */
struct ui_effects fixture_keys(struct ui *ui, const struct fixture *f, const char *script);

#endif
