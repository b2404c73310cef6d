#include "test.h"

#include "story.h"

void story_open_with(struct story *s, size_t max_bytes)
{
    struct model_config config;
    model_config_init(&config);
    config.max_bytes = max_bytes;
    s->model = model_create(&config);
}

void story_open_mode(struct story *s, enum turn_mode mode)
{
    struct model_config config;
    model_config_init(&config);
    config.turn_mode = mode;
    s->model = model_create(&config);
}

void story_open(struct story *s)
{
    story_open_with(s, MODEL_MAX_BYTES_DEFAULT);
}

void story_close(struct story *s)
{
    model_destroy(s->model);
}

void story_tell(struct story *s, struct event e)
{
    model_apply(s->model, &e);
}

const struct session *story_session(const struct story *s)
{
    const struct session *session = model_session(s->model, SLICE_LIT(STORY_SESSION));
    assert_non_null(session);
    return session;
}

struct event story_event(enum event_kind kind, enum witness w, int64_t ms)
{
    struct event e;
    event_init(&e, kind, w);
    e.ids.session_id = SLICE_LIT(STORY_SESSION);
    e.time_ns = e.arrival_ns = STORY_AT(ms);
    return e;
}

static void word(uint8_t *out, size_t n, const char *text)
{
    memset(out, 0, n);
    memcpy(out, text, strlen(text) < n ? strlen(text) : n);
}

struct event with_trace(struct event e, const char *trace)
{
    word(e.ids.trace_id, 16, trace);
    e.ids.has_trace_id = true;
    return e;
}

struct event with_span(struct event e, const char *span, const char *parent)
{
    if (span)
        word(e.ids.span_id, 8, span);
    if (parent)
        word(e.ids.parent_span_id, 8, parent);
    e.ids.has_span_id = span != NULL;
    e.ids.has_parent_span_id = parent != NULL;
    return e;
}

struct event with_agent(struct event e, const char *agent, const char *parent_agent)
{
    e.ids.agent_id = slice_str(agent);
    e.ids.parent_agent_id = slice_str(parent_agent);
    return e;
}

struct event with_usage(struct event e, int64_t in, int64_t out, int64_t nano_usd)
{
    e.usage.input_tokens = in;
    e.usage.output_tokens = out;
    e.usage.cost_nano_usd = nano_usd;
    return e;
}

struct event in_session(struct event e, const char *session_id)
{
    e.ids.session_id = slice_str(session_id);
    return e;
}

struct event failing(struct event e, const char *type, const char *message)
{
    e.failed = true;
    e.error_type = slice_str(type);
    e.error_message = slice_str(message);
    return e;
}

struct event story_prompt(enum witness w, int64_t ms, const char *prompt, const char *text)
{
    struct event e = story_event(EVENT_PROMPT, w, ms);
    e.phase = PHASE_STARTED;
    e.ids.prompt_id = slice_str(prompt);
    e.detail = slice_str(text);
    return e;
}

struct event story_stop(int64_t ms, const char *prompt)
{
    struct event e = story_event(EVENT_TURN, WITNESS_HOOK, ms);
    e.phase = PHASE_FINISHED;
    e.end_ns = e.time_ns;
    e.source = SLICE_LIT("stop_hook");
    e.ids.prompt_id = slice_str(prompt);
    return e;
}

static struct event span(struct event e, int64_t from, int64_t to)
{
    e.start_ns = STORY_AT(from);
    e.end_ns = STORY_AT(to);
    e.duration_ns = e.end_ns - e.start_ns;
    e.phase = PHASE_FINISHED;
    return e;
}

struct event story_turn_span(int64_t from, int64_t to, const char *trace, const char *text)
{
    struct event e = span(story_event(EVENT_TURN, WITNESS_SPAN, to), from, to);
    e.span_role = SPAN_ROLE_TURN;
    e.detail = slice_str(text);
    return with_trace(e, trace);
}

struct event story_llm_log(int64_t end, int64_t ms, const char *prompt, const char *request)
{
    struct event e = span(story_event(EVENT_LLM, WITNESS_LOG, end), end - ms, end);
    e.ids.prompt_id = slice_str(prompt);
    e.ids.request_id = slice_str(request);
    e.model = SLICE_LIT("opus");
    return e;
}

struct event story_llm_span(int64_t from, int64_t to, const char *trace, const char *request)
{
    struct event e = span(story_event(EVENT_LLM, WITNESS_SPAN, to), from, to);
    e.span_role = SPAN_ROLE_LLM;
    e.ids.request_id = slice_str(request);
    e.model = SLICE_LIT("opus");
    return with_trace(e, trace);
}

static struct event tool(enum witness w, int64_t ms, const char *prompt, const char *name, const char *id)
{
    struct event e = story_event(EVENT_TOOL, w, ms);
    e.ids.prompt_id = slice_str(prompt);
    e.ids.tool_use_id = slice_str(id);
    e.name = slice_str(name);
    e.spawns_agent = slice_eq_str(e.name, "Agent");
    return e;
}

struct event story_tool_start(int64_t ms, const char *prompt, const char *name, const char *id)
{
    struct event e = tool(WITNESS_HOOK, ms, prompt, name, id);
    e.phase = PHASE_STARTED;
    e.start_ns = e.time_ns;
    return e;
}

struct event story_tool_end(int64_t ms, int64_t took, const char *prompt, const char *name, const char *id)
{
    return span(tool(WITNESS_HOOK, ms, prompt, name, id), ms - took, ms);
}

struct event story_tool_log(int64_t end, int64_t took, const char *prompt, const char *name, const char *id)
{
    return span(tool(WITNESS_LOG, end, prompt, name, id), end - took, end);
}

struct event story_decision(int64_t ms, const char *prompt, const char *name, const char *id, enum decision d,
                            const char *source)
{
    struct event e = tool(WITNESS_LOG, ms, prompt, name, id);
    e.phase = PHASE_DECIDED;
    e.decision = d;
    e.source = slice_str(source);
    return e;
}

struct event story_agent_start(int64_t ms, const char *prompt, const char *agent, const char *type)
{
    struct event e = with_agent(story_event(EVENT_AGENT, WITNESS_HOOK, ms), agent, NULL);
    e.phase = PHASE_STARTED;
    e.start_ns = e.time_ns;
    e.ids.prompt_id = slice_str(prompt);
    e.name = slice_str(type);
    return e;
}

struct event story_agent_stop(int64_t ms, const char *prompt, const char *agent, const char *type)
{
    struct event e = story_agent_start(ms, prompt, agent, type);
    e.phase = PHASE_FINISHED;
    e.start_ns = 0;
    e.end_ns = e.time_ns;
    return e;
}

struct event story_ask(int64_t ms, const char *prompt, const char *name)
{
    struct event e = story_event(EVENT_PERMISSION, WITNESS_HOOK, ms);
    e.ids.prompt_id = slice_str(prompt);
    e.name = slice_str(name);
    return e;
}

static const struct node *find(const struct node *n, enum node_kind kind, struct slice key, int number)
{
    for (; n; n = n->next) {
        if (n->kind == kind && (number ? n->number == number : slice_eq(n->key, key)))
            return n;
        const struct node *below = find(n->first_child, kind, key, number);
        if (below)
            return below;
    }
    return NULL;
}

const struct node *story_find(const struct story *s, enum node_kind kind, const char *key)
{
    return find(story_session(s)->first_child, kind, slice_str(key), 0);
}

const struct node *story_node(const struct story *s, enum node_kind kind, const char *key)
{
    const struct node *n = story_find(s, kind, key);
    if (!n)
        fail_msg("there is no %s %s", node_kind_name(kind), key);
    return n;
}

const struct node *story_turn(const struct story *s, int number)
{
    const struct node *n = find(story_session(s)->first_child, NODE_TURN, SLICE_NULL, number);
    if (!n)
        fail_msg("there is no turn %d", number);
    return n;
}

struct run_status story_status(const struct story *s, int64_t ms)
{
    return model_session_status(story_session(s), STORY_AT(ms));
}
