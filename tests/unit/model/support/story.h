/*
 * story.h - events as a session would cause them, for tests of the model.
 *
 * Times are milliseconds after STORY_START. A maker fills an event; story_tell() applies it at its time
 * (arrival is the same unless set). Ids are plain words: a trace or span id is its word, padded with NULs.
 */
#ifndef CT_TESTS_MODEL_STORY_H
#define CT_TESTS_MODEL_STORY_H

#include "model.h"

#define STORY_START   (INT64_C(1795352400) * 1000000000) /* a whole quarter of an hour */
#define STORY_MS      INT64_C(1000000)
#define STORY_AT(ms)  (STORY_START + (int64_t)(ms)*STORY_MS)
#define STORY_SESSION "session-1"

struct story {
    struct model *model;
};

void story_open(struct story *s);
void story_open_with(struct story *s, size_t max_bytes);
void story_open_mode(struct story *s, enum turn_mode mode);
void story_close(struct story *s);
void story_tell(struct story *s, struct event e);
const struct session *story_session(const struct story *s); /* STORY_SESSION */

/* Any of the texts may be NULL: the witness does not say. */
struct event story_event(enum event_kind kind, enum witness w, int64_t ms);
struct event story_prompt(enum witness w, int64_t ms, const char *prompt, const char *text);
struct event story_stop(int64_t ms, const char *prompt); /* the hook's */
struct event story_turn_span(int64_t from, int64_t to, const char *trace, const char *text);
struct event story_llm_log(int64_t end, int64_t ms, const char *prompt, const char *request);
struct event story_llm_span(int64_t from, int64_t to, const char *trace, const char *request);
struct event story_tool_start(int64_t ms, const char *prompt, const char *tool,
                              const char *id); /* PreToolUse */
struct event story_tool_end(int64_t ms, int64_t took, const char *prompt, const char *tool, const char *id);
struct event story_tool_log(int64_t end, int64_t took, const char *prompt, const char *tool, const char *id);
struct event story_decision(int64_t ms, const char *prompt, const char *tool, const char *id, enum decision d,
                            const char *source);
struct event story_agent_start(int64_t ms, const char *prompt, const char *agent, const char *type);
struct event story_agent_stop(int64_t ms, const char *prompt, const char *agent, const char *type);
struct event story_ask(int64_t ms, const char *prompt, const char *tool); /* PermissionRequest */

/* Changes to an event on its way. */
struct event with_trace(struct event e, const char *trace);
struct event with_span(struct event e, const char *span, const char *parent);
struct event with_agent(struct event e, const char *agent, const char *parent_agent);
struct event with_usage(struct event e, int64_t in, int64_t out, int64_t nano_usd);
struct event in_session(struct event e, const char *session_id);
struct event failing(struct event e, const char *type, const char *message);

/* The node of that kind and key, anywhere; NULL when there is none. */
const struct node *story_find(const struct story *s, enum node_kind kind, const char *key);
/* As story_find(), but it must be there. */
const struct node *story_node(const struct story *s, enum node_kind kind, const char *key);
const struct node *story_turn(const struct story *s, int number); /* must be there */

struct run_status story_status(const struct story *s, int64_t ms);

/* What a session does at that time, since when, and who says so. */
#define assert_status(at, state_, since, words)                                                              \
    do {                                                                                                     \
        struct run_status st_ = story_status(&s, at);                                                        \
        if (st_.state != (state_))                                                                           \
            fail_msg("%s (%s), not %s", run_state_name(st_.state), st_.evidence, run_state_name(state_));    \
        assert_int_equal((st_.since_ns - STORY_START) / STORY_MS, since);                                    \
        assert_string_equal(st_.evidence, words);                                                            \
    } while (0)

#define assert_child_of(child, parent_)                                                                      \
    do {                                                                                                     \
        const struct node *c_ = (child), *p_ = (parent_);                                                    \
        if (c_->parent != p_)                                                                                \
            fail_msg("%s %.*s is not a child of %s %.*s", node_kind_name(c_->kind), SLICE_ARG(c_->key),      \
                     p_ ? node_kind_name(p_->kind) : "the session", SLICE_ARG(p_ ? p_->key : SLICE_NULL));   \
    } while (0)

#endif
