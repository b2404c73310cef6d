#include "stream.h"

#include "mem.h"
#include "text.h"

#include <stdlib.h>

void stream_finish(struct stream *s)
{
    free(s->items);
    *s = (struct stream){0};
}

/* Cuts at a character: the text is clean, and stays so. */
static void take(char *out, size_t size, struct slice text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len > 0 && len < text.len && ((uint8_t)text.ptr[len] & 0xc0) == 0x80)
        len--;
    if (len)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static struct slice best_key(const struct event_ids *ids)
{
    const struct slice keys[] = {ids->tool_use_id, ids->request_id, ids->agent_id, ids->prompt_id};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].len)
            return keys[i];
    return SLICE_NULL;
}

static struct slice best_name(const struct event *e)
{
    if (e->kind == EVENT_LLM && e->model.len)
        return e->model;
    return e->name.len ? e->name : e->kind == EVENT_LLM ? e->query_source : e->record;
}

void stream_add(struct stream *s, const struct event *e)
{
    if (!s->items)
        s->items = mem_array(STREAM_ITEMS_MAX, sizeof *s->items);
    struct stream_item *item = &s->items[s->last++ % STREAM_ITEMS_MAX];
    item->number = s->last;
    item->time_ns = e->time_ns;
    item->arrival_ns = e->arrival_ns;
    item->kind = (uint8_t)e->kind;
    item->witness = (uint8_t)e->witness;
    item->phase = (uint8_t)e->phase;
    item->failed = e->failed;
    take(item->session_id, sizeof item->session_id, e->ids.session_id);
    take(item->key, sizeof item->key, best_key(&e->ids));
    take(item->name, sizeof item->name, best_name(e));
    take(item->detail, sizeof item->detail, e->failed && e->error_message.len ? e->error_message : e->detail);
}

const struct stream_item *stream_item(const struct stream *s, uint64_t number)
{
    if (number == 0 || number > s->last || s->last - number >= STREAM_ITEMS_MAX)
        return NULL;
    return &s->items[(number - 1) % STREAM_ITEMS_MAX];
}

const char *event_kind_name(enum event_kind kind)
{
    static const char *const NAMES[] = {
        [EVENT_STARTUP] = "other", [EVENT_SESSION] = "session",
        [EVENT_PROMPT] = "prompt", [EVENT_TURN] = "turn",
        [EVENT_LLM] = "llm",       [EVENT_TOOL] = "tool",
        [EVENT_AGENT] = "agent",   [EVENT_PERMISSION] = "permission",
        [EVENT_NOTICE] = "notice", [EVENT_COMPACTION] = "compaction",
        [EVENT_SPAN] = "span",     [EVENT_METRIC] = "metric",
    };
    return (size_t)kind < sizeof NAMES / sizeof *NAMES && NAMES[kind] ? NAMES[kind] : "event";
}

const char *witness_name(enum witness witness)
{
    static const char *const NAMES[] = {[WITNESS_NONE] = "?",
                                        [WITNESS_METRIC] = "metric",
                                        [WITNESS_HOOK] = "hook",
                                        [WITNESS_LOG] = "log",
                                        [WITNESS_SPAN] = "span"};
    return (size_t)witness < sizeof NAMES / sizeof *NAMES ? NAMES[witness] : "?";
}
