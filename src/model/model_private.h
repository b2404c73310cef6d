/*
 * model_private.h - what the files of src/model share. Nobody else includes it.
 *
 * Every node is an entry: the public struct node plus the facts that it was folded from. Facts are merged by
 * rank (witness, then phase), so that the outcome does not depend on the order of arrival; derived fields
 * (state, parent, totals) are recomputed from the facts when one changes.
 */
#ifndef CT_MODEL_MODEL_PRIVATE_H
#define CT_MODEL_MODEL_PRIVATE_H

#include "arena.h"
#include "fleet.h"
#include "map.h"
#include "model.h"
#include "red.h"

/* Deeper trees than any agent builds are hostile: a node that would go below hangs from the session instead.
 */
#define TREE_DEPTH_MAX 64
/* Witnesses of one prompt that share no id are the same prompt when they are this close. */
#define TURN_MATCH_NS (INT64_C(1500) * 1000000)
/* A tool result without an id (old clients) belongs to a hook's tool call of the same name that ended this
 * close. */
#define TOOL_MATCH_NS (INT64_C(2) * 1000000000)
/* The two witnesses of a failed request that got no id are this close. */
#define LLM_MATCH_NS (INT64_C(100) * 1000000)
/* A session of log events only, whose client never says that a turn ended: quiet for this long is the end. */
#define QUIET_END_NS (INT64_C(10) * 1000000000)
/* Records of the end itself may carry a later stamp than the hook that announced it. */
#define NS_SLACK (INT64_C(5) * 1000000000)

/* Fields that several witnesses may set, each with the rank of the one that did. */
enum ranked {
    RANKED_NAME,
    RANKED_DETAIL,
    RANKED_MODEL,
    RANKED_SOURCE,
    RANKED_ERROR,
    RANKED_START,
    RANKED_END,
    RANKED_DURATION,
    RANKED_TTFT,
    RANKED_WAIT,
    RANKED_USAGE,
    RANKED_OUTCOME,
    RANKED_END_REASON,
    RANKED_COUNT
};

struct span_ref;

/* What a turn's own span said. Kept apart from its prompt's facts: which prompt a trace belongs to may
 * change. */
struct turn_span {
    bool known;
    int64_t start_ns, end_ns;
    struct slice detail;
    uint8_t span_id[8];
    bool has_span_id;
    bool redacted;
};

struct entry {
    struct node pub; /* first: a struct node * of ours is a struct entry * */
    uint8_t rank[RANKED_COUNT];

    /* Where it belongs, as far as witnesses said. */
    struct slice prompt_id;
    struct slice agent_id;   /* the agent that made this call; for an AGENT node the parent agent */
    struct slice spawn_tool; /* AGENT: tool_use_id of the call that started it */
    uint8_t parent_span[8];
    bool has_parent_span;
    struct span_ref *waits_for; /* in the waiter list of that span */
    struct entry *next_waiter;

    /* Facts that the state is computed from. */
    bool started, finished, failed, rejected, accepted, interrupted;
    bool confirmed;    /* TURN: a prompt or its span was seen, not only a call of it. AGENT: it completed */
    bool idless;       /* built from records without an id of their own (old clients) */
    bool by_time;      /* its turn was found by time alone */
    bool spawns_agent; /* TOOL: starts a sub-agent */
    bool failed_turn;  /* TURN: the client said that it failed */
    bool weak_trace; /* TURN: that its prompt and its trace are one turn is a guess, given up for evidence */
    struct turn_span span; /* TURN */
    int64_t prompt_ns;     /* TURN: the prompt was submitted, by its best witness */
    int64_t prompt_end_ns; /* TURN: its stop was announced */
    struct slice prompt_text;
    uint32_t prompt_witnesses; /* TURN: who told of the prompt itself; bits as in pub.witnesses */
    struct entry *merged_into; /* TOOL: it turned out to be this one */
    struct slice request_id;   /* TOOL: of the LLM call that asked for it */
    int64_t permission_ns;     /* TOOL: a permission prompt was shown; 0: none known */
    int64_t streaming_ns;      /* TURN: newest display of response text */
    int64_t model_ns;          /* TURN, AGENT: start of the call whose model it shows */
    struct event_usage usage;

    /* Open calls of the session, newest first; see state.c. */
    struct entry *open_next, *open_prev;
    bool is_open;

    struct counters self; /* its own share of pub.total */

    /* What was added to the fleet and RED windows, so that it can be taken back. */
    struct fleet_share fleet_share;
    struct red_share red_share;
};

/* A span id that something hangs from or belongs to. */
struct span_ref {
    uint8_t id[8];
    struct entry *owner; /* the node that this span is a part of; NULL: not known yet */
    uint8_t parent[8];
    bool has_parent;
    bool is_wait;
    int64_t wait_ns; /* is_wait: the human's own time; -1: none */
    enum decision decision;
    struct entry *waiters;        /* entries to be placed again when owner is known */
    struct span_ref *child_waits; /* wait spans that came before their tool */
    struct span_ref *next_wait;
};

struct name_list {
    struct slice *items;
    int64_t *first_ns;
    size_t count, cap;
};

struct session_entry {
    struct session pub; /* first */
    struct model *model;
    struct arena arena;
    struct map index; /* prefix byte + key -> entry or span_ref */
    struct entry *open;
    struct entry *last_turn; /* by start time */
    uint64_t bytes_counted;  /* of arena.held in model->bytes */

    bool ended;
    int64_t ended_ns;
    struct slice end_reason;
    int64_t input_wanted_ns;       /* newest idle notification */
    int64_t compacting_ns;         /* newest compaction start, 0: none open */
    int64_t compacted_ns;          /* newest compaction end */
    int64_t pending_permission_ns; /* a permission prompt whose tool is not known yet */
    struct slice pending_permission_tool;
    struct slice pending_permission_detail;
    uint8_t cwd_rank, title_rank;
    int64_t cwd_ns, title_ns, model_ns;
    struct name_list models;
    struct name_list traces; /* 16-byte slices */
};

struct model {
    struct model_config config;
    struct map sessions; /* session id -> session_entry */
    struct map nodes;    /* node id bytes -> entry */
    struct map sessions_by_id;
    struct session_entry *first, *last;
    uint64_t next_id;
    uint64_t generation;
    uint64_t bytes;
    struct model_stats stats;
    struct counters evicted;
    struct fleet_windows fleet;
    struct red_table red;
    uint64_t seed;
};

static inline struct entry *as_entry(const struct node *n)
{
    return (struct entry *)n;
}

/* session.c */
struct session_entry *session_get(struct model *m, struct slice session_id); /* made when new */
void session_evict(struct model *m, struct session_entry *s);
void session_touch(struct session_entry *s, const struct event *e);
void session_account(struct session_entry *s);                         /* memory it holds now */
struct slice session_keep(struct session_entry *s, struct slice text); /* a copy in the session's arena */
void *session_index_get(const struct session_entry *s, char type, struct slice key);
void session_index_put(struct session_entry *s, char type, struct slice key, void *value);
struct entry *session_new_entry(struct session_entry *s, enum node_kind kind);
void name_list_add(struct session_entry *s, struct name_list *list, struct slice name, int64_t ns);

/* Index key types. */
#define INDEX_PROMPT  'p'
#define INDEX_TRACE   't'
#define INDEX_REQUEST 'r'
#define INDEX_TOOL    'u'
#define INDEX_AGENT   'a'
#define INDEX_SPAN    's'
#define INDEX_OTHER   'o'

/* merge.c */
uint8_t merge_rank(const struct event *e);
bool merge_text(struct entry *n, enum ranked field, uint8_t rank, struct slice *slot, struct slice value);
bool merge_time(struct entry *n, enum ranked field, uint8_t rank, int64_t *slot, int64_t value,
                int64_t unknown);
void merge_common(struct entry *n, const struct event *e);

/* tree.c */
void tree_link(struct entry *n,
               struct entry *parent); /* under parent (NULL: the session), in order of start */
void tree_unlink(struct entry *n);    /* totals are taken off the old ancestors */
void tree_reorder(struct entry *n);   /* after its start changed */
void tree_set_self(struct entry *n, const struct counters *self);
void tree_note_time(struct entry *n, int64_t ns); /* raises last_ns up to the session */
bool tree_is_below(const struct entry *n, const struct entry *ancestor); /* or the same */
void counters_add(struct counters *to, const struct counters *from, int sign);

/* place.c */
void place(struct entry *n); /* puts a call or agent where its facts say */
void place_waiters(struct session_entry *s, struct span_ref *ref);
struct span_ref *span_ref_get(struct session_entry *s, const uint8_t id[8]); /* made when new */
void span_ref_own(struct session_entry *s, const uint8_t id[8], struct entry *owner);
struct entry *place_turn_at(struct session_entry *s, int64_t ns); /* by time; NULL: before the first */

/* turn.c: which turn something belongs to */
struct entry *turn_get(struct session_entry *s, const struct event *e);

/* turn_facts.c: what is known of a turn */
void turn_apply(struct session_entry *s, const struct event *e);
void turn_derive(struct entry *turn);                          /* its public fields from its facts */
void turn_refresh(struct entry *turn);                         /* its state, and that of what it left open */
void turn_unlist(struct session_entry *s, struct entry *turn); /* out of the tree and the numbering */

/* call.c */
void llm_apply(struct session_entry *s, const struct event *e);
void tool_apply(struct session_entry *s, const struct event *e);
void agent_apply(struct session_entry *s, const struct event *e);
void permission_apply(struct session_entry *s, const struct event *e);
void notice_apply(struct session_entry *s, const struct event *e);
void call_learn_agent(struct session_entry *s, const struct event *e);
void span_apply(struct session_entry *s, const struct event *e);
void call_refresh(struct entry *n); /* state, own counters, windows */
void call_remember_place(struct entry *n, const struct event *e);
void call_guess_start(struct entry *n, const struct event *e);
/* A key for records of clients that give no ids: the record's own content. */
struct slice call_content_key(const struct event *e, char *out, size_t cap);
struct entry *agent_get(struct session_entry *s, struct slice agent_id);
void tool_took_wait(struct entry *tool, const struct span_ref *wait);

/* state.c */
void open_add(struct session_entry *s, struct entry *n);
void open_remove(struct session_entry *s, struct entry *n);

#endif
