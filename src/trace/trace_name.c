/* Names of spans, as people read them in a list of traces. */
#include "text.h"
#include "trace_private.h"

#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 512

static struct slice print(struct trace_draft *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct slice print(struct trace_draft *d, const char *format, ...)
{
    char text[NAME_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    while (len > 0 && len == sizeof text - 1 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
        len--; /* not half a character */
    struct slice kept = arena_dup(d->arena, slice_make(text, len));
    return kept.ptr ? kept : SLICE_LIT("?");
}

static struct slice shortened(struct slice text)
{
    return text_prefix(text, TRACE_NAME_COLUMNS, NULL);
}

static struct slice after_last(struct slice text, char c)
{
    size_t from = text.len;
    while (from > 0 && text.ptr[from - 1] != c)
        from--;
    return from < text.len ? slice_sub(text, from, text.len) : text;
}

static struct slice first_word(struct slice text)
{
    text = slice_trim(text);
    return slice_sub(text, 0, slice_find(text, ' '));
}

static struct slice host_of(struct slice url)
{
    size_t scheme = slice_find_slice(url, SLICE_LIT("://"));
    struct slice rest = scheme < url.len ? slice_sub(url, scheme + 3, url.len) : url;
    return slice_sub(rest, 0, slice_find(rest, '/'));
}

struct slice name_of_session(struct trace_draft *d, const struct session *s)
{
    if (s->native || !s->other_agent)
        return SLICE_LIT("Claude Code Session");
    return print(d, "%.*s Session", SLICE_ARG(s->service_name.len ? s->service_name : SLICE_LIT("Agent")));
}

static struct slice name_of_turn(struct trace_draft *d, const struct node *n)
{
    if (!d->words.prompts || n->detail.len == 0)
        return print(d, "Turn #%d", n->number);
    return print(d, "Turn #%d: %.*s", n->number, SLICE_ARG(shortened(n->detail)));
}

static struct slice name_of_llm(struct trace_draft *d, const struct node *n)
{
    struct slice model = n->model.len ? n->model : SLICE_LIT("unknown model");
    if (n->wants_tools)
        return print(d, "LLM Call: %.*s \xe2\x86\x92 tools", SLICE_ARG(model));
    if (n->total.input_tokens == 0 && n->total.output_tokens == 0)
        return print(d, "LLM Call: %.*s", SLICE_ARG(model));
    return print(d, "LLM Call: %.*s (%lld\xe2\x86\x92%lld tokens)", SLICE_ARG(model),
                 (long long)n->total.input_tokens, (long long)n->total.output_tokens);
}

enum look { LOOK_WHOLE, LOOK_BASENAME, LOOK_WORD, LOOK_HOST, LOOK_QUOTED };

static const struct {
    const char *tool;
    const char *says;
    enum look look;
} tools[] = {
    {"Read", "Read file", LOOK_BASENAME},
    {"Write", "Write file", LOOK_BASENAME},
    {"Edit", "Edit file", LOOK_BASENAME},
    {"MultiEdit", "Edit file", LOOK_BASENAME},
    {"NotebookEdit", "Edit notebook", LOOK_BASENAME},
    {"Bash", "Execute command", LOOK_WORD},
    {"Grep", "Search code", LOOK_QUOTED},
    {"Glob", "Find files", LOOK_QUOTED},
    {"WebFetch", "Fetch URL", LOOK_HOST},
    {"WebSearch", "Search web", LOOK_QUOTED},
    {"Task", "Spawn subagent", LOOK_WHOLE},
    {"Agent", "Spawn subagent", LOOK_WHOLE},
    {"Skill", "Use skill", LOOK_WHOLE},
};

/* mcp__SERVER__TOOL is SERVER/TOOL. */
static bool name_of_mcp(struct trace_draft *d, struct slice name, struct slice *out)
{
    static const char prefix[] = "mcp__";
    if (!slice_starts(name, SLICE_LIT(prefix)))
        return false;
    struct slice rest = slice_sub(name, sizeof prefix - 1, name.len);
    size_t gap = slice_find_slice(rest, SLICE_LIT("__"));
    if (gap >= rest.len)
        return false;
    struct slice tool = slice_sub(rest, gap + 2, rest.len);
    *out = print(d, "Tool: %.*s/%.*s", SLICE_ARG(slice_sub(rest, 0, gap)), SLICE_ARG(tool));
    return true;
}

static struct slice name_of_tool(struct trace_draft *d, const struct node *n)
{
    struct slice detail = d->words.tools ? n->detail : SLICE_NULL, mcp;
    struct slice name = n->name.len ? n->name : SLICE_LIT("unknown");
    if (name_of_mcp(d, name, &mcp))
        return mcp;
    for (size_t i = 0; i < sizeof tools / sizeof *tools && detail.len; i++) {
        if (!slice_eq_str(name, tools[i].tool))
            continue;
        switch (tools[i].look) {
        case LOOK_BASENAME:
            detail = after_last(detail, '/');
            break;
        case LOOK_WORD:
            detail = first_word(detail);
            break;
        case LOOK_HOST:
            detail = host_of(detail);
            break;
        case LOOK_QUOTED:
            return print(d, "Tool: %s \"%.*s\"", tools[i].says, SLICE_ARG(shortened(detail)));
        case LOOK_WHOLE:
            break;
        }
        return print(d, "Tool: %s %.*s", tools[i].says, SLICE_ARG(shortened(detail)));
    }
    return print(d, "Tool: %.*s", SLICE_ARG(name));
}

static struct slice labelled(struct trace_draft *d, const char *label, struct slice name)
{
    return name.len ? print(d, "%s: %.*s", label, SLICE_ARG(shortened(name))) : slice_str(label);
}

struct slice name_of_node(struct trace_draft *d, const struct node *n)
{
    switch (n->kind) {
    case NODE_TURN:
        return name_of_turn(d, n);
    case NODE_LLM:
        return name_of_llm(d, n);
    case NODE_TOOL:
        return name_of_tool(d, n);
    case NODE_AGENT:
        return labelled(d, "Subagent", d->words.tools ? n->name : SLICE_NULL);
    case NODE_COMPACTION:
        return SLICE_LIT("Compaction");
    case NODE_HOOK:
        return labelled(d, "Hook", n->name);
    case NODE_PERMISSION:
        return labelled(d, "Permission", n->name);
    case NODE_EVENT:
        if (slice_eq_str(n->name, "prompt")) /* typed into a running turn */
            return labelled(d, "Prompt", d->words.prompts ? n->detail : SLICE_NULL);
        break;
    case NODE_SPAN:
        break;
    }
    return labelled(d, "Notification", n->name);
}

struct slice name_of_permission(struct trace_draft *d, const struct node *tool)
{
    const char *result = tool->state == NODE_REJECTED                             ? " (denied)"
                         : tool->state == NODE_DONE || tool->state == NODE_FAILED ? " (approved)"
                                                                                  : "";
    return print(d, "Permission: %.*s%s", SLICE_ARG(tool->name), result);
}
