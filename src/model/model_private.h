/*
 * model_private.h - what the files of src/model share. Nobody else includes it.
 *
 * Two halves, so that the outcome cannot depend on the order of what arrives:
 *   - facts (apply.c, facts.c): every event is joined into the facts of the one thing that it is about. The
 *     join is commutative, associative and idempotent; nothing is decided here.
 *   - the tree (settle.c and what it calls): a pure function of all facts of a session, computed anew when a
 *     reader asks after a change, but for what cannot have changed (freeze.c). Which trace is which prompt,
 * which call hangs where, states, sums: all here.
 */
#ifndef CT_MODEL_MODEL_PRIVATE_H
#define CT_MODEL_MODEL_PRIVATE_H

#include "arena.h"
#include "burn.h"
#include "census.h"
#include "evict.h"
#include "fleet.h"
#include "freeze.h"
#include "histogram.h"
#include "map.h"
#include "model.h"
#include "red.h"
#include "signs.h"
#include "stream.h"

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
/* The client tells of a background task this soon after it was done. */
#define NOTIFIED_NS (INT64_C(1) * 1000000000)
/* Hooks are stamped when they arrive, everything else where it happens: the clocks may be this far apart. */
#define CLOCK_SLACK_NS (INT64_C(1) * 1000000000)

/* Fields that several witnesses may set; the best one wins (facts.c). */
enum fact {
    FACT_NAME,
    FACT_DETAIL,
    FACT_MODEL,
    FACT_SOURCE,
    FACT_ERROR_TYPE,
    FACT_ERROR_MESSAGE,
    FACT_AGENT_TYPE,
    FACT_TEXTS,
    FACT_START = FACT_TEXTS,
    FACT_END,
    FACT_DURATION,
    FACT_TTFT,
    FACT_WAIT,
    FACT_INPUT,
    FACT_OUTPUT,
    FACT_CACHE_READ,
    FACT_CACHE_CREATION,
    FACT_CACHE_CREATION_1H,
    FACT_COST,
    FACT_TOKENS_BEFORE,
    FACT_TOKENS_AFTER,
    FACT_HTTP_STATUS,
    FACT_COUNT
};

/* A fact that gives way to every other witness's. */
#define RANK_LEAST   1
#define RANK_MOST    UINT8_MAX
#define FACT_NUMBERS (FACT_COUNT - FACT_TEXTS)

struct entry;
struct span_ref;
struct delay;
struct said;

/* What the earliest witness that spoke of it said: an agent's prompt.id, say, is only right at first. */
struct link {
    const struct slice *to; /* the key of an entry or a span_ref; NULL: nobody said */
    int64_t ns;
};

/* All that is known of one thing. A number below zero is unknown; so are first_ns, end and start times of 0.
 */
struct facts {
    struct slice texts[FACT_TEXTS];
    int64_t numbers[FACT_NUMBERS]; /* by enum fact, less FACT_TEXTS */
    uint8_t rank[FACT_COUNT];      /* 0: unknown */
    int64_t detail_ns;             /* of the record that gave the detail */
    int64_t first_ns, last_ns;     /* oldest and newest word of it */
    int64_t heard_ns;              /* newest arrival of one */
    int64_t restarted_ns;          /* newest start, of what may end and start again */
    int64_t decided_ns;            /* TOOL: oldest word that the decision was made */
    struct link agent;             /* the agent that made this call; for an AGENT its parent agent */
    struct link trace, prompt;     /* turns */
    struct link parent_span;       /* struct span_ref: what it ran in */
    struct link spawner;           /* AGENT: the tool call that started it */
    struct link llm;               /* TOOL: the request that asked for it */
    struct link llm_span;          /* struct span_ref: a span of that request */
    uint32_t witnesses;            /* bits as in pub.witnesses */
    uint8_t span_id[8];            /* its own; turns: see turn_part */
    bool has_span_id;
    bool has_profile_id;
    uint8_t profile_id[8];  /* of the profile of one of its spans */
    uint64_t input_hash[2]; /* TOOL: by the hooks, and by everybody else; 0: unknown */
    int32_t attempts;
    const int64_t *attempt_ns; /* LLM: when each began, attempt_count of them */
    size_t attempt_count;
    bool known; /* more than a mention as somebody's parent */
    bool finished;
    bool failed;
    bool accepted, rejected;
    bool confirmed; /* TURN: a prompt, a span or an end was seen. AGENT: it completed */
    bool wants_tools, background, redacted, interrupted, spawns_agent, auxiliary, asks_user, no_turn;
    uint32_t finished_by; /* witnesses that said so, bits as in witnesses */
    enum turn_kind turn_kind;
};

/* How a turn is known: see turn.c. */
enum turn_proof {
    TURN_PROMPT, /* by its prompt id */
    TURN_TRACE,  /* by its trace id */
    TURN_HOOK,   /* old clients: a prompt of a hook without any id */
    TURN_RECORD, /* old clients: a prompt of a log event without any id */
    TURN_QUIET,  /* by silence: quiet.c */
    TURN_END     /* a stop that names no turn: it ends the one that ran then */
};

struct turn_part {
    enum turn_proof kind;
    struct link proof; /* PROMPT: its trace; TRACE: its prompt; the prompt's own record says both */
    struct link hint;  /* TRACE: the prompt that a call of it names */
    bool has_span, has_hook_prompt, has_log_prompt;
    /* Newest stop and newest failure, by the clock of hooks (ours) and by the sender's; 0: none. */
    int64_t stop_ns[2], failure_ns[2];
    struct said *said; /* its prompts, by all witnesses: said.c */
    size_t said_count;
    int64_t gave_up_ns; /* newest word that no further attempt follows */
    int64_t span_start_ns;
    int64_t streaming_ns; /* newest display of response text */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    bool has_span_id;
    struct entry *next_new; /* session_entry.new_traces */
};

struct entry {
    struct node pub;  /* first: a struct node * of ours is a struct entry * */
    struct slice key; /* in the session's index: type and id; also what orders equals */
    struct facts f;
    struct turn_part *turn; /* TURN only */

    /* Everything below is written by settling. */
    struct entry *same_as; /* shown as that one; NULL: shown itself */
    struct entry *guests;  /* those that are shown as this one */
    struct entry *next_guest;
    const struct facts *view; /* facts of it and its guests; points to f when there are none */
    struct facts *joined;     /* room for that */
    int64_t match_ns;         /* match_nearest() */
    struct entry *best;       /* the counterpart that suits it best so far */
    int64_t decided_ns;       /* TOOL: it was allowed or refused; 0: not known */
    int64_t permission_ns;    /* TOOL: a permission prompt was shown; 0: none */
    const char *permission_evidence;
    int64_t newest_call_ns;    /* TURN, AGENT: start of the newest call right below */
    struct entry *newest_call; /* TURN, AGENT: the last right below to start, not auxiliary */
    struct entry *newest_compaction;
    size_t open_tools;        /* TURN, AGENT: right below, without a result */
    size_t logged_calls;      /* TURN: right below, known from log events */
    struct turn_part *parts;  /* TURN: what all its entries say of its prompt and its end */
    int64_t own_last_ns;      /* TURN: newest word of it or of what is right below */
    struct entry *newest_llm; /* TURN, AGENT: right below, not auxiliary */
    struct entry *made_for;   /* made: hangs from that one; NULL: by its facts */
    int64_t quiet_end_ns;     /* TURN_QUIET: silence ended it; 0: open */
    int64_t quiet_due_ns;     /* TURN, open: when silence will have; 0: not by itself */
    bool rested;              /* TURN: that ended it, and the next prompt will be a better reason */
    bool made;                /* by settling, which alone knows whether it is there */
    bool frozen;              /* freeze.c */
    bool tied;                /* not frozen, but something that is points to it */
    bool visible, visited;
    bool changed;  /* touched since the last settle */
    bool kept;     /* a leaf whose own fields are as they were */
    bool alone;    /* neither a guest nor a host at the last settle */
    bool lent;     /* others' records added to its own fields: a wait span, a tool that an answer asked for */
    bool taken;    /* match_nearest(), likely_spawner(): has its counterpart */
    bool notified; /* TURN: begins as a task in the background is done */
    bool by_time;  /* its turn was found by time alone */
    bool closed;   /* what is still open below it was cut off … */
    bool unheard;  /* … by nothing but silence */
    bool finished, accepted, rejected;
    int64_t cost_nano_usd; /* LLM: reported, else estimated; -1: unknown */
    bool cost_estimated;
    struct fleet_share fleet_share;
    struct red_share red_share[2];
    int64_t failure_ns; /* counted in the session's failures with this time; 0: not */
};

/* A span id that something hangs from or belongs to. */
struct span_ref {
    struct slice key;
    struct entry *owner;     /* the node that this span is a part of; NULL: not known */
    struct span_ref *parent; /* of a wait span: the tool's */
    bool is_wait;
    int64_t wait_ns; /* the human's own time; -1: none */
    struct slice source;
    bool accepted, rejected;
    int64_t start_ns, end_ns; /* 0: unknown */
    struct link trace;
    struct span_ref *next_wait; /* all wait spans of the session */
    bool tied;                  /* something frozen points to it */
};

/* A permission prompt on the screen; which tool it is about is found when settling. */
struct ask {
    struct ask *next;
    int64_t ns;
    struct slice tool; /* "" when the witness does not say */
    struct slice detail;
    bool notified;          /* by the notification, seconds after the prompt */
    const struct entry *of; /* which tool that is; NULL: none fits */
};

struct model_use {
    struct slice name;
    int64_t first_ns;
};

/* A text of which the newest word counts. */
struct newest {
    int64_t ns;
};

/* When the client said what it said of its session (report.c). */
struct report {
    struct newest model, model_name, branch, start_source;
    struct slice model_id;
    int64_t cost_ns;
};

struct session_entry {
    struct session pub; /* first */
    struct model *model;
    struct arena arena;
    struct map index; /* type byte and id -> entry, span_ref, model_use … */

    struct entry **all; /* what is not frozen, live of them; in canonical order after a settle */
    struct entry *
        *made; /* every entry in order of making: the low half of a node's id, less 1 and ids_gone */
    size_t live, count, cap;
    struct frozen frozen;
    bool thaw;            /* something frozen was touched */
    uint64_t thaws;       /* how often what was frozen no longer was */
    struct entry **turns; /* those that are shown, by start */
    size_t turn_count, turn_cap;
    struct entry **spawners; /* tool calls that start agents */
    size_t spawner_count, spawner_cap;
    struct model_use **models;
    size_t model_count, model_cap;
    struct entry **traces; /* TRACE turns, oldest first after a settle */
    size_t trace_count, trace_cap;
    struct span_ref *waits;
    struct ask *asks;
    bool idless; /* it has entries that may turn out to be another one */
    bool tools_told, tools_withheld;
    bool saw_logs_without_sequence;
    struct entry *new_traces; /* not known to orphan.c yet */
    size_t foreign_count;
    struct metrics_part *metrics; /* NULL: none came */
    struct delay *delay;          /* health.c */
    struct sequence_run *runs;    /* newest first */
    size_t run_count;
    int64_t lost_given_up;
    int64_t gap_arrival_ns; /* newest arrival that left a gap */

    size_t sort; /* of model.eviction, if it is in one */
    bool sorted;
    struct session_entry *older, *newer; /* in that */
    uint64_t summary_bytes;              /* its part of the model's */
    uint64_t ids_gone;                   /* of its nodes' ids, those that its summaries used up */
    struct slice cut_turn;               /* key of the newest turn that a summary counted; "" for others */

    bool dirty;
    struct session_entry *dirty_next, *dirty_prev;
    struct session_entry *changed_after; /* in the list of changes; NULL: it is the newest */
    struct census_share census;
    uint64_t bytes_counted; /* in model->bytes */

    int64_t ended_ns;     /* newest SessionEnd, or the end of its process; 0: none */
    bool killed;          /* the latter: it did not say goodbye */
    int64_t last_hook_ns; /* newest hook that is not one */
    struct burn *burn;    /* NULL until its first LLM call ended */
    struct signs signs;
    enum witness ended_by;
    bool saw_stop;      /* its hooks include Stop: one that is missing means something */
    bool saw_tool_ends; /* they include those of a tool's end */
    int64_t input_wanted_ns;
    int64_t compacting_ns, compacted_ns; /* newest start and end of a compaction */
    struct report report;
    struct newest cwd, title, service_name, service_version, parent_session;

    /* Written by settling. */
    bool ended;
    bool silent;              /* what is open will not be heard of again, as far as anybody can tell */
    int64_t silent_ns;        /* when that will be so; 0: it is */
    int64_t due_ns;           /* something changes then by itself; 0: nothing */
    struct entry *newest_llm; /* of the main conversation */
    struct entry *waiting_call, *running_call, *running_agent;
    struct ask *pending_ask; /* newest one that no tool fits */
    struct run_status status;
    const struct node *open_turn; /* the status is about this, and silence would mean something; or NULL */
};

/* Processes that wrote to one session; the oldest is given up. */
#define SEQUENCE_RUNS_MAX 16
/* Gaps in the numbers of one process that late records may still close; the oldest becomes a loss for good.
 */
#define SEQUENCE_GAPS_MAX 32
/* Spans of other services in one session. */
#define FOREIGN_SPANS_MAX 1000
/* Sessions of one trace that spans of other services are looked for in: honest senders have one or two. */
#define TRACE_SESSIONS_MAX 16
/* Events that wait for the session of their trace, all traces together. */
#define ORPHANS_MAX    4096
#define ORPHAN_KEY_MAX 176

/* Both witnesses are stamped by one clock; what ended this close to the export may be in it or not. */
#define METRIC_EDGE_NS (INT64_C(2) * 1000000000)

/* What is compared between events and metrics: cost and the four types of tokens. */
#define METRICS_COMPARED 5

struct metrics_part {
    struct session_metrics pub;
    int64_t first_ns;        /* start of the oldest point */
    int64_t last_arrival_ns; /* of the newest export */
    size_t series_count;
    uint64_t refused; /* points of series beyond the limit */
    bool saw_delta, saw_cumulative;
    bool cost_unknown;               /* of a call that was not a failure */
    int64_t least[METRICS_COMPARED]; /* of the calls: what the newest export must have counted … */
    int64_t most[METRICS_COMPARED];  /* … and may have */
};

struct model_clock {
    int64_t now_ns;        /* newest arrival, or what model_advance() was told */
    int64_t due_ns;        /* earliest of all sessions; 0: none */
    int64_t orphan_due_ns; /* what nobody claimed is shown then; 0: nothing waits */
    struct model *model;
};

struct model {
    struct model_config config;
    struct map sessions; /* session id -> session_entry */
    struct map sessions_by_id;
    uint64_t numbers; /* sessions ever made: the high half of their ids */
    struct session_entry *first, *last;
    struct session_entry *dirty;
    struct eviction_list eviction[EVICTION_SORTS + 1];
    uint64_t summary_bytes;    /* of bytes, what summaries hold */
    struct model_clock *clock; /* owned */
    struct model_changes changes;
    struct census *census; /* owned */
    uint64_t generation;
    uint64_t bytes;
    struct model_stats stats;
    struct counters evicted;
    struct map tombstones;
    struct tombstone *oldest_tombstone, *newest_tombstone;
    size_t tombstone_count;
    struct map traces; /* trace id -> trace_record */
    struct orphan *oldest_orphan, *newest_orphan;
    size_t orphan_count;
    int64_t evicted_lost; /* lost events of evicted sessions */
    struct fleet_windows fleet;
    struct red_table red;
    struct stream stream;
    struct entry **scratch; /* settle's room for sorting */
    size_t scratch_cap;
};

static inline struct entry *link_entry(const struct link *link)
{
    return link->to ? (struct entry *)((char *)(uintptr_t)link->to - offsetof(struct entry, key)) : NULL;
}

static inline struct span_ref *link_span(const struct link *link)
{
    return link->to ? (struct span_ref *)((char *)(uintptr_t)link->to - offsetof(struct span_ref, key))
                    : NULL;
}

static inline struct entry *as_entry(const struct node *n)
{
    return (struct entry *)n;
}

/* What a thing is shown as. */
static inline struct entry *entry_root(struct entry *e)
{
    while (e->same_as)
        e = e->same_as;
    return e;
}

static inline int64_t facts_number(const struct facts *f, enum fact field)
{
    return f->rank[field] ? f->numbers[field - FACT_TEXTS] : -1;
}

static inline int64_t facts_time(const struct facts *f, enum fact field)
{
    return f->rank[field] ? f->numbers[field - FACT_TEXTS] : 0;
}

/* facts.c */
void facts_init(struct facts *f);
uint8_t facts_rank(const struct event *e);
void facts_text(struct session_entry *s, struct facts *f, enum fact field, uint8_t rank, int64_t ns,
                struct slice value);
void facts_set(struct facts *f, enum fact field, uint8_t rank, int64_t value);
void facts_link(struct link *link, const struct slice *to, int64_t ns);
void facts_attempts(struct session_entry *s, struct facts *f, const struct event *e);
void facts_span(struct facts *f, const uint8_t id[8]);
void facts_heard(struct facts *f, const struct event *e);
void facts_event(struct session_entry *s, struct facts *f,
                 const struct event *e); /* what means the same for all */
void facts_join(struct facts *to, const struct facts *from);
/* The newest word wins; the greater text among words of one time. */
void facts_newest(struct session_entry *s, struct newest *n, struct slice *slot, int64_t ns,
                  struct slice value);

/* apply.c: events to facts */
void session_ended(struct session_entry *s, const struct event *e);
void apply_event(struct session_entry *s, const struct event *e);

/* apply_turn.c */
struct entry *turn_by_prompt(struct session_entry *s, struct slice prompt_id); /* made when new */
/* NULL when its ids name none. */
struct entry *turn_by_trace(struct session_entry *s, const struct event_ids *ids);
void turn_apply(struct session_entry *s, const struct event *e);
void turn_mention(struct session_entry *s,
                  const struct event *e); /* any record that names a prompt or a trace */

/* session.c */
struct session_entry *session_get(struct model *m, const struct event *e); /* made when new; NULL: refused */
void session_remove(struct model *m, struct session_entry *s);             /* what it counted stays counted */
void session_arena_init(struct session_entry *s, size_t chunk);
void session_free_parts(struct session_entry *s); /* all but itself */
void session_take_back(struct session_entry *s);  /* as if it had never been */
void session_touch(struct session_entry *s, const struct event *e);
void session_account(struct session_entry *s); /* memory it holds now */
void session_finish_tombstones(struct model *m);
void *session_alloc(struct session_entry *s, size_t size);
struct slice session_keep(struct session_entry *s, struct slice text);

/* Index key types. */
#define INDEX_PROMPT  'p'
#define INDEX_TRACE   't'
#define INDEX_REQUEST 'r'
#define INDEX_TOOL    'u'
#define INDEX_AGENT   'a'
#define INDEX_SPAN    's'
#define INDEX_CONTENT 'c' /* records of clients that give no ids: the record itself */
#define INDEX_MODEL   'm'
#define INDEX_ASK     'q'
#define INDEX_FOREIGN 'f'
#define INDEX_SERIES  'x'
#define INDEX_SAID    'y'
#define INDEX_MADE    'z' /* by settling */

void *session_index_get(const struct session_entry *s, char type, struct slice id);
struct slice session_index_put(struct session_entry *s, char type, struct slice id,
                               void *value); /* the key */
struct entry *session_entry_get(struct session_entry *s, enum node_kind kind, char type, struct slice id);
struct span_ref *session_span_get(struct session_entry *s, const uint8_t id[8]);
void session_span_own(struct session_entry *s, const uint8_t id[8], struct entry *owner);

/* settle.c: facts to the tree */
void settle_model(const struct model *m); /* every session that changed */
void settle_session(struct session_entry *s);
void settle_mark(struct session_entry *s);
void settle_revise(struct session_entry *s); /* to the head of the list of changes */
/*
 * An entry that only settling knows of: made when new, shown after this settle. Its facts are empty. parent:
 * what it hangs from, or NULL.
 */
struct entry *settle_make(struct session_entry *s, enum node_kind kind, struct slice key,
                          struct entry *parent);

/* quiet.c */
void quiet_settle(struct session_entry *s);

/* placeholder.c: tools of which only the wait for a permission is known */
void placeholders_settle(struct session_entry *s);

/* said.c: prompts typed into a running turn */
void said_add(struct session_entry *s, struct entry *turn, const struct event *e);
void said_settle(struct session_entry *s);

/* sort.c */
typedef int (*entry_cmp_fn)(const struct entry *a, const struct entry *b);
/* Merges the runs that are already in order: linear for what is nearly sorted, as telemetry is. */
void sort_entries(struct model *m, struct entry **items, size_t count, entry_cmp_fn cmp);
int entry_cmp(const struct entry *a, const struct entry *b); /* by start, kind, key: total */

/* match.c: things that share no id but are one */
struct match {
    int64_t window_ns;
    bool (*fits)(const struct entry *host, const struct entry *guest);
};
/* Pairs each guest with the nearest host by match_ns, one to one; both arrays get sorted. */
void match_nearest(struct model *m, const struct match *how, struct entry **hosts, size_t host_count,
                   struct entry **guests, size_t guest_count);
void match_calls(struct session_entry *s);
void entry_view(struct entry *e);                         /* joins its guests' facts */
void match_join(struct entry *host, struct entry *guest); /* guest is shown as host */

/* turn.c */
void turns_settle(struct session_entry *s);
void turn_show(struct session_entry *s, struct entry *turn); /* among s->turns */
void turns_number(struct session_entry *s);
struct entry *turn_at(const struct session_entry *s, int64_t ns); /* NULL: before the first */
void turns_notified(struct session_entry *s); /* marks those that a background agent's end caused */
struct entry *turn_of(const struct session_entry *s, struct entry *call);

/* place.c */
struct entry *asked_by(const struct facts *tool); /* the request whose answer asked for it, or NULL */
void place_all(struct session_entry *s);
/* Children, depth, cycles; preorder has room for all. Returns how many there are. */
size_t place_link(struct session_entry *s, struct entry **preorder);

/* derive.c */
void derive_facts(struct entry *e);          /* public fields that need no tree */
int64_t ask_until(const struct entry *tool); /* a permission prompt later than this is about another one */
void derive_waits(struct session_entry *s);  /* decisions and permission prompts, to their tools */
/* report.c */
void report_init(struct session *s);
void report_apply(struct session_entry *s, const struct event *e);

/* windows.c */
void derive_windows(struct session_entry *s, struct entry *e); /* its share of the windows */
/* As what a call that ended counts in the RED table: at most WINDOW_SERIES_MAX, none for others. */
#define WINDOW_SERIES_MAX 2
struct window_series {
    enum red_kind kind;
    struct slice name;
};
size_t windows_red(const struct session_entry *s, const struct entry *e, struct window_series *out,
                   struct red_share *share);

/* cost.c */
void derive_cost(struct entry *e);

/* turn_end.c */
void turn_state(const struct session_entry *s, struct entry *turn); /* when and how it ended, if it did */
bool call_is_retried(const struct entry *turn); /* its newest request failed, and another try may follow */

/* tree.c */
void derive_tree(struct session_entry *s, struct entry **preorder, size_t count); /* states and sums */
/* state.c */
void state_settle(struct session_entry *s); /* what it does, silence aside */
const char *ask_evidence(const struct ask *ask);

/* orphan.c: events that know their trace, but not their session */
void orphan_apply(struct model *m, const struct event *e);
void orphan_adopt(struct session_entry *s); /* after each event: traces that are new to it */
void orphan_leave(struct session_entry *s); /* before it is evicted */
void orphan_advance(struct model *m);       /* what the model's clock makes due */
void orphan_finish(struct model *m);

/* foreign.c: spans of other services below a call */
void foreign_apply(struct session_entry *s, const struct event *e);
void foreign_settle(struct session_entry *s);

/* metrics.c: the client's counters */
void metrics_apply(struct session_entry *s, const struct event *e);
void metrics_settle(struct session_entry *s);
enum metrics_verdict metrics_compare(const struct session_entry *s);

/* sequence.c: lost log events */
void sequence_apply(struct session_entry *s, const struct event *e);
int64_t sequence_lost(const struct session_entry *s);
bool sequence_from_start(const struct session_entry *s); /* the first event of a process was seen */

/* health.c */
void delay_apply(struct session_entry *s, const struct event *e);

void counters_add(struct counters *to, const struct counters *from, int sign);

#endif
