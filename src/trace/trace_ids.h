/*
 * trace_ids.h - the ids of synthesised spans, known before anything is sent.
 *
 * They depend on the session's id and on what the thing itself is called (prompt id, request id, tool_use_id,
 * agent id), so that they are the same after a restart, in a viewer and in a replay, and a span that is sent
 * twice is the same span. The trace id of a session whose id is a UUID is that UUID; of any other it is a
 * hash. Span ids are hashes. A hash is SipHash-1-3 with the keys in trace_ids.c, which never change: links
 * that were made once would lead nowhere.
 *
 * One trace holds the whole session. None of these ids is ever all zero.
 */
#ifndef CT_TRACE_TRACE_IDS_H
#define CT_TRACE_TRACE_IDS_H

#include "id_set.h"
#include "model.h"

#define TRACE_ID_LEN 16
#define SPAN_ID_LEN  8

void trace_id_of_session(const struct session *s, uint8_t out[TRACE_ID_LEN]);
void trace_span_of_session(const struct session *s, uint8_t out[SPAN_ID_LEN]);
void trace_span_of_node(const struct node *n, uint8_t out[SPAN_ID_LEN]);
void trace_span_of_permission(const struct node *tool, uint8_t out[SPAN_ID_LEN]); /* the wait before it */

/* Whether sessions get a trace of ours. As choices of --synthesize (options_rows_trace.h). */
enum trace_synthesize {
    TRACE_SYNTHESIZE_AUTO, /* those that send no spans themselves */
    TRACE_SYNTHESIZE_ALWAYS,
    TRACE_SYNTHESIZE_NEVER
};

const char *trace_synthesize_name(enum trace_synthesize mode); /* "auto" … */

/*
 * AUTO: something of the session is known and it sends no spans: neither did one come, nor does a log record
 * name a trace, which shows that it sends them elsewhere.
 */
bool trace_is_synthesized(enum trace_synthesize mode, const struct session *s);

/* What is known of our own traces. */
struct trace_known {
    enum trace_synthesize synthesize;
    const struct id_set *sent; /* spans that were made and kept for the upstreams; NULL: none */
};

/*
 * What a link to a node leads to: its own ids where its sender gave it some, else those of its synthesised
 * span where the session gets one. n NULL: the session. False, and zeros, where there is neither.
 */
struct trace_link_ids {
    uint8_t trace_id[TRACE_ID_LEN];
    uint8_t span_id[SPAN_ID_LEN];
    bool has_span_id;
    bool synthesized;
    bool sent; /* that span was sent, by its sender or by us; before, the ids lead nowhere */
};
bool trace_link_ids(const struct trace_known *known, const struct session *s, const struct node *n,
                    struct trace_link_ids *out);

/* Some span of the session's synthesised trace was sent. Looks at what hangs from the session. */
bool trace_has_begun(const struct trace_known *known, const struct session *s);

#endif
