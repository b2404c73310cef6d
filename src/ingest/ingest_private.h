/*
 * ingest_private.h - what the producers of src/ingest share.
 *
 * A producer fills a struct event from one record and hands it to ingest_emit(). Text goes through
 * ingest_clean(), which lives in the scratch arena until the next record.
 */
#ifndef CT_INGEST_INGEST_PRIVATE_H
#define CT_INGEST_INGEST_PRIVATE_H

#include "arena.h"
#include "clock.h"
#include "ingest.h"

/* Bytes kept of a text, by what it is: the model holds it for as long as the session. */
#define INGEST_ID_MAX      160
#define INGEST_NAME_MAX    128
#define INGEST_DETAIL_MAX  600
#define INGEST_MESSAGE_MAX 400
/* Hook calls carry whole tool results; what is larger is counted as a decode error and not looked at. */
#define INGEST_HOOK_MAX (16u * 1024u * 1024u)

/* A status line has about 1500 bytes. */
#define INGEST_STATUSLINE_MAX (256u * 1024u)

/* Attempts of one request whose times are kept. */
#define INGEST_ATTEMPTS_MAX 32

/* Values in one hook call or attribute that is JSON. */
#define INGEST_JSON_NODES 200000

struct cJSON;

struct ingest {
    struct otlp_decoder *decoder;
    ingest_emit_fn emit;
    void *ctx;
    struct ingest_stats stats;
    struct arena scratch;
    struct buf json; /* the patched copy of a JSON text */
    int64_t arrival_ns;
};

struct slice ingest_clean(struct ingest *in, struct slice text, size_t max);
void ingest_emit(struct ingest *in, struct event *e);

/* Parses JSON from outside, scanned first (otlp_json_scan.h); NULL when it is not sound. cJSON_Delete() it.
 */
struct cJSON *ingest_json(struct ingest *in, struct slice text);

/* An attribute's text, cleaned; ptr NULL when absent. */
struct slice ingest_attr(struct ingest *in, struct otlp_attrs attrs, const char *key, size_t max);

/* session.id, prompt.id, agent ids, service name and version. False when the record names no session. */
bool ingest_common(struct ingest *in, const struct otlp_resource *resource, struct otlp_attrs attrs,
                   const struct otlp_ids *ids, struct event *e);

/* Milliseconds of an attribute as nanoseconds; -1 when absent or out of range. */
int64_t ingest_ms(struct otlp_attrs attrs, const char *key);

/* Token counts and reported cost of an LLM call. */
void ingest_usage(struct otlp_attrs attrs, struct event_usage *usage);

/* error.type by HTTP status; "" for 0 and 2xx. */
struct slice ingest_error_type(int64_t status);

/* What the text of a prompt says that the turn is; TURN_KIND_NONE: nothing special. */
enum turn_kind ingest_turn_kind(struct slice text);

/* Prompt text and the turn's kind, or redacted when the client withholds it. The XML of the client's own
 * notifications becomes its summary. */
void ingest_prompt(struct ingest *in, struct slice raw, struct event *e);

/* What a tool was asked to do, in few words: the command, path, pattern, address or description of its input.
 */
struct slice ingest_tool_detail(struct ingest *in, const struct cJSON *input);
struct slice ingest_tool_detail_text(struct ingest *in, struct slice json);

/* One text of a JSON object, cleaned; ptr NULL when it is not there. */
struct slice ingest_json_text(struct ingest *in, struct slice json, const char *key, size_t max);

/* Calls that the client makes for itself: naming the session, compaction. */
bool ingest_is_auxiliary(struct slice query_source);

/* Tools whose permission prompt is a question to the user. */
bool ingest_asks_user(struct slice tool_name);

/* Tools that start sub-agents. */
bool ingest_spawns_agent(struct slice tool_name);

bool native_log(struct ingest *in, const struct otlp_resource *, const struct otlp_scope *,
                const struct otlp_log *);
bool native_span(struct ingest *in, const struct otlp_resource *, const struct otlp_scope *,
                 const struct otlp_span *);
enum ct_err hook_frame(struct ingest *in, const struct frame *frame);
enum ct_err statusline_frame(struct ingest *in, const struct frame *frame);

#endif
