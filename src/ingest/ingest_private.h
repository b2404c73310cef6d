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
#define INGEST_ID_MAX 160
/* The member that `claude-top hook` and `claude-top statusline` add to what Claude Code said (whereabouts.h
 * of the program). */
#define INGEST_OURS "claude_top"

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

/* Room for patched JSON that is kept between frames. */
#define INGEST_JSON_KEEP ((size_t)256 * 1024)

struct cJSON;

struct ingest {
    struct otlp_decoder *decoder;
    ingest_emit_fn emit;
    void *ctx;
    struct ingest_stats stats;
    struct arena scratch;
    struct buf json; /* the patched copy of a JSON text */
    int64_t arrival_ns;
    size_t from; /* items of the frame that were read in earlier pieces */
    bool (*enough)(void *ctx);
    void *enough_ctx;
};

struct slice ingest_clean(struct ingest *in, struct slice text, size_t max);
void ingest_emit(struct ingest *in, struct event *e);

/* Parses JSON from outside, scanned first (otlp_json_scan.h); NULL when it is not sound. cJSON_Delete() it.
 */
struct cJSON *ingest_json(struct ingest *in, struct slice text);

/* An attribute's text, cleaned; ptr NULL when absent. */
struct slice ingest_attr(struct ingest *in, struct otlp_attrs attrs, const char *key, size_t max);

/* session.id, prompt.id, agent ids, trace, service name and version. False when the record names no session.
 */
bool ingest_common(struct ingest *in, const struct otlp_resource *resource, struct otlp_attrs attrs,
                   const struct otlp_ids *ids, struct event *e);

/* A span's ids and times. */
void ingest_span_facts(const struct otlp_span *span, struct event *e);

/* When it was written, or seen; 0: unknown. */
int64_t ingest_log_time(const struct otlp_log *log);

/* A record that was written at the end of what took its duration_ms. */
void ingest_finished(struct otlp_attrs attrs, struct event *e);

/* Milliseconds of an attribute as nanoseconds; -1 when absent or out of range. */
int64_t ingest_ms(struct otlp_attrs attrs, const char *key);

/* A token count into *out; left as it is when absent or out of range. */
void ingest_tokens(struct otlp_attrs attrs, const char *key, int64_t *out);

/* US dollars; left as it is when absent or out of range. */
void ingest_cost(struct otlp_attrs attrs, const char *key, int64_t *nano_usd);

/* Of senders who count cached tokens as input too: takes them out, as our counters are. */
void ingest_uncached_input(struct event_usage *usage);

/* gen_ai.response.finish_reasons, a text or an array: the model asks for tools. */
bool ingest_finish_is_tools(struct otlp_attrs attrs);

/* A tool of an MCP server gets the name that Claude Code would give it: mcp__server__tool. */
void ingest_mcp_name(struct ingest *in, struct slice server, struct event *e);

/* Token counts and reported cost of an LLM call, by Claude Code's names. */
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

/* The same number for the same input, whatever is said of it in its description; 0: there is no input. */
uint64_t ingest_input_hash(const struct cJSON *input);
/* Detail and hash of an input that came as text. */
void ingest_tool_input_text(struct ingest *in, struct slice json, struct event *e);

/* One text of a JSON object, cleaned; ptr NULL when it is not there. */
struct slice ingest_json_text(struct ingest *in, struct slice json, const char *key, size_t max);

/* Calls that the client makes for itself: naming the session, compaction. */
bool ingest_is_auxiliary(struct slice query_source);

/* Tools whose permission prompt is a question to the user. */
bool ingest_asks_user(struct slice tool_name);

/* Tools that start sub-agents. */
bool ingest_spawns_agent(struct slice tool_name);

/*
 * The producers. Which of them a record is for is decided in ingest.c, by its scope and its name. Those that
 * return bool say whether the record was theirs.
 */
void native_log(struct ingest *in, const struct otlp_resource *, const struct otlp_log *, struct slice name);
void native_span(struct ingest *in, const struct otlp_resource *, const struct otlp_span *);
bool native_metric_is(const struct otlp_scope *, const struct otlp_point *);
void native_metric(struct ingest *in, const struct otlp_resource *, const struct otlp_point *);
bool interceptor_is(const struct otlp_resource *, const struct otlp_scope *, struct otlp_attrs span);
void interceptor_span(struct ingest *in, const struct otlp_resource *, const struct otlp_span *);
void interceptor_log(struct ingest *in, const struct otlp_resource *, const struct otlp_log *,
                     struct slice name);
void codex_log(struct ingest *in, const struct otlp_resource *, const struct otlp_log *, struct slice name);
void gemini_log(struct ingest *in, const struct otlp_resource *, const struct otlp_log *, struct slice name);
bool gemini_repeats(const struct otlp_scope *);
bool genai_span_is(struct otlp_attrs span);
void genai_span(struct ingest *in, const struct otlp_resource *, const struct otlp_span *);
bool genai_log(struct ingest *in, const struct otlp_resource *, const struct otlp_log *, struct slice name);
void foreign_span(struct ingest *in, const struct otlp_resource *, const struct otlp_span *);
/* What is shown of a span that is no call: its name, its service, its failure. */
void ingest_foreign_facts(struct ingest *in, const struct otlp_resource *, const struct otlp_span *,
                          struct event *e);
enum ct_err hook_frame(struct ingest *in, const struct frame *frame);
enum ct_err statusline_frame(struct ingest *in, const struct frame *frame);

#endif
