#include "label.h"

#include "format.h"
#include "glyph.h"
#include "rows.h"

#include <stdio.h>

#define SHORT_ID 8

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct slice label_basename(struct slice path)
{
    while (path.len > 1 && (path.ptr[path.len - 1] == '/' || path.ptr[path.len - 1] == '\\'))
        path.len--;
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\')
        start--;
    return start < path.len ? slice_sub(path, start, path.len) : path;
}

/* The first bytes of an id, whole characters. */
static struct slice short_id(struct slice id)
{
    return text_prefix(id, SHORT_ID, NULL);
}

struct slice label_session(const struct session *s)
{
    if (s->title.len)
        return s->title;
    if (s->cwd.len)
        return label_basename(s->cwd);
    return s->session_id.len ? short_id(s->session_id) : SLICE_LIT("session");
}

/* Drops "-20251101", "@20251101" and "[1m]" from the end. */
static struct slice without_date(struct slice name)
{
    name.len = slice_find(name, '[');
    if (name.len < 9)
        return name;
    size_t at = name.len - 9;
    if (name.ptr[at] != '-' && name.ptr[at] != '@')
        return name;
    for (size_t i = at + 1; i < name.len; i++)
        if (!is_digit(name.ptr[i]))
            return name;
    name.len = at;
    return name;
}

struct slice label_model(struct slice name)
{
    /* Bedrock and Vertex write us.anthropic.claude-opus-4-5-20251101-v1:0 and the like. */
    size_t at = slice_find_slice(name, SLICE_LIT("claude-"));
    struct slice rest = name;
    if (at < name.len)
        rest = slice_sub(name, at + 7, name.len);
    size_t version = slice_find_slice(rest, SLICE_LIT("-v1:"));
    rest.len = version < rest.len ? version : rest.len;
    struct slice label = without_date(rest);
    return label.len ? label : name;
}

struct slice label_model_family(struct slice name)
{
    static const char *const FAMILIES[] = {"opus", "sonnet", "haiku"};
    struct slice model = label_model(name);
    for (size_t i = 0; i < sizeof(FAMILIES) / sizeof(FAMILIES[0]); i++) {
        size_t at = slice_find_slice(model, slice_str(FAMILIES[i]));
        if (at < model.len)
            return slice_sub(model, at, strlen(FAMILIES[i]));
    }
    return model;
}

/* ---------------------------------------------------------------------------------------------- pieces */

static void add(struct label *l, struct slice text, enum role role)
{
    if (text.len == 0 || l->count == LABEL_PIECES_MAX)
        return;
    l->pieces[l->count].text = text;
    l->pieces[l->count].role = role;
    l->count++;
}

static void add_str(struct label *l, const char *text, enum role role)
{
    add(l, slice_str(text), role);
}

/* "#12 ", made up in the scratch. */
static void add_number(struct label *l, int32_t number, enum role role)
{
    int room = (int)(sizeof(l->scratch) - l->used);
    int n = snprintf(l->scratch + l->used, (size_t)room, "#%d ", (int)number);
    if (n <= 0 || n >= room)
        return;
    add(l, slice_make(l->scratch + l->used, (size_t)n), role);
    l->used += (size_t)n;
}

static void add_error(struct label *l, const struct node *n)
{
    if (n->state != NODE_FAILED || n->error_message.len == 0)
        return;
    add_str(l, "  ", ROLE_TEXT);
    add(l, n->error_message, ROLE_STATE_FAILED);
}

static void add_place(struct label *l, struct slice text)
{
    if (text.len == 0)
        return;
    add_str(l, "  ", ROLE_TEXT);
    add(l, text, ROLE_DETAIL);
}

static void build_session(struct label *l, const struct session *s)
{
    struct slice name = label_session(s);
    add(l, name, ROLE_SESSION);
    if (s->title.len && s->cwd.len && !slice_eq(label_basename(s->cwd), name))
        add_place(l, label_basename(s->cwd));
    add_place(l, s->branch);
    if (s->title.len == 0 && s->cwd.len) /* two sessions of one folder look alike otherwise */
        add_place(l, short_id(s->session_id));
    if (s->summary)
        add_str(l, "  its calls are no longer kept", ROLE_DETAIL);
    else if (s->gone_until_ns)
        add_str(l, "  its earlier calls are no longer kept", ROLE_DETAIL);
}

static void build_turn(struct label *l, const struct node *n)
{
    if (n->number <= 0) {
        add_str(l, "background calls", ROLE_DETAIL);
        return;
    }
    add_number(l, n->number, ROLE_DETAIL);
    if (n->detail.len)
        add(l, n->detail, ROLE_TURN);
    else
        add_str(l, n->redacted || n->session->redacted ? "prompt withheld" : "prompt not seen", ROLE_DETAIL);
}

static bool says_nothing(struct slice query_source)
{
    static const char *const PLAIN[] = {"", "main", "subagent", "agent", "repl_main_thread", "sdk"};
    for (size_t i = 0; i < sizeof(PLAIN) / sizeof(PLAIN[0]); i++)
        if (slice_eq_str(query_source, PLAIN[i]))
            return true;
    return slice_starts(query_source, SLICE_LIT("agent:")) ||
           slice_starts(query_source, SLICE_LIT("repl_main_thread"));
}

static void build_llm(struct label *l, const struct node *n)
{
    add_str(l, "LLM", ROLE_CALL);
    if (n->model.len) {
        add_str(l, " ", ROLE_CALL);
        add(l, label_model_family(n->model), ROLE_CALL);
    }
    if (n->wants_tools) {
        add_str(l, " ", ROLE_CALL);
        add_str(l, glyph(GLYPH_ARROW), ROLE_DETAIL);
        add_str(l, " tools", ROLE_DETAIL);
    }
    if (!says_nothing(n->name)) {
        add_str(l, " ", ROLE_CALL);
        add(l, n->name, ROLE_DETAIL);
    }
    add_error(l, n);
}

/* "mcp__github__create_issue" is github/create_issue. */
static void add_tool_name(struct label *l, struct slice name, enum role role)
{
    struct slice rest = slice_sub(name, 5, name.len);
    size_t split = slice_find_slice(rest, SLICE_LIT("__"));
    if (!slice_starts(name, SLICE_LIT("mcp__")) || split == rest.len || split + 2 == rest.len) {
        add(l, name.len ? name : SLICE_LIT("tool"), role);
        return;
    }
    add(l, slice_sub(rest, 0, split), role);
    add_str(l, "/", role);
    add(l, slice_sub(rest, split + 2, rest.len), role);
}

/* Paths in the session's own folder are shown from there. */
static struct slice without_cwd(struct slice detail, const struct session *s)
{
    struct slice cwd = s->cwd;
    if (cwd.len > 1 && detail.len > cwd.len + 1 && slice_starts(detail, cwd) && detail.ptr[cwd.len] == '/')
        return slice_sub(detail, cwd.len + 1, detail.len);
    return detail;
}

static void add_detail(struct label *l, struct slice detail, enum role role)
{
    if (detail.len == 0)
        return;
    add_str(l, " ", role);
    add(l, detail, role);
}

static void build_tool(struct label *l, const struct session *s, const struct node *n)
{
    const struct node *agent = rows_agent(n);
    add_tool_name(l, n->name, agent ? ROLE_AGENT : ROLE_CALL);
    struct slice detail = without_cwd(n->detail, s);
    if (agent && detail.len == 0)
        detail = agent->detail;
    add_detail(l, detail, agent ? ROLE_TURN : ROLE_DETAIL);
    if (agent && agent->name.len && !slice_eq(agent->name, detail)) {
        add_str(l, "  ", ROLE_TEXT);
        add(l, agent->name, ROLE_DETAIL);
    }
    add_error(l, n);
}

static void build_other(struct label *l, const struct node *n, const char *what, enum role role)
{
    add_str(l, what, role);
    add_detail(l, n->name, ROLE_CALL);
    add_detail(l, n->source, ROLE_DETAIL);
    add_detail(l, n->detail, ROLE_DETAIL);
    add_error(l, n);
}

void label_build(struct label *l, const struct session *s, const struct node *n)
{
    l->count = 0;
    l->used = 0;
    if (!n) {
        build_session(l, s);
        return;
    }
    switch (n->kind) {
    case NODE_TURN:
        build_turn(l, n);
        break;
    case NODE_LLM:
        build_llm(l, n);
        break;
    case NODE_TOOL:
        build_tool(l, s, n);
        break;
    case NODE_AGENT:
        add(l, n->name.len ? n->name : SLICE_LIT("agent"), ROLE_AGENT);
        add_detail(l, n->detail, ROLE_TURN);
        add_error(l, n);
        break;
    case NODE_PERMISSION:
        build_other(l, n, "permission", ROLE_CALL);
        break;
    case NODE_COMPACTION:
        build_other(l, n, "compaction", ROLE_CALL);
        break;
    case NODE_HOOK:
        build_other(l, n, "hook", ROLE_CALL);
        break;
    case NODE_EVENT:
        add(l, n->name.len ? n->name : SLICE_LIT("event"), ROLE_DETAIL);
        add_detail(l, n->detail, ROLE_DETAIL);
        break;
    case NODE_SPAN:
        add(l, n->name.len ? n->name : SLICE_LIT("span"), ROLE_CALL);
        add_detail(l, n->detail, ROLE_DETAIL);
        add_error(l, n);
        break;
    }
}

double label_limit_percentage(const struct session_limit *limit, int64_t now_ns)
{
    return limit->resets_ns > 0 && limit->resets_ns <= now_ns ? -1 : limit->used_percentage;
}

unsigned label_cost_marks(const struct counters *c)
{
    return (c->cost_unknown > 0 ? COST_AT_LEAST : 0) | (c->cost_estimated > 0 ? COST_ESTIMATE : 0);
}
