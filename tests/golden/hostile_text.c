#include "hostile_text.h"

#include "buf.h"
#include "mem.h"
#include "sinks.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * cJSON holds neither NUL nor every byte that we want to send: first marks are put where the text goes, then
 * the printed JSON gets the text in their place. Attributes may hold JSON themselves: the text in there is
 * escaped once more.
 */
#define MARK       "@@hostile@@"
#define MARK_INNER "@@hostile-inner@@"

/* Longer texts go behind an id, so that cutting it leaves it what it is. */
#define ID_PREFIX_MAX 24
#define ROOM_MAX      ((size_t)1 << 30)

enum treatment { KEEP, BEFORE, BEHIND, ID, TOOL_NAME, QUERY_SOURCE, NESTED };

/* Keys of hooks, of attributes and of the JSON inside attributes. */
static const struct {
    const char *key;
    enum treatment treatment;
} KEYS[] = {
    {"session_id", ID},
    {"session.id", ID},
    {"gen_ai.conversation.id", ID},
    {"prompt_id", ID},
    {"prompt.id", ID},
    {"request_id", ID},
    {"tool_use_id", ID},
    {"agent_id", ID},
    {"agentId", ID},
    {"parent_agent_id", ID},
    {"prompt", BEFORE},
    {"user_prompt", BEFORE},
    {"command_name", BEFORE},
    {"cwd", BEFORE},
    {"message", BEFORE},
    {"error", BEFORE},
    {"last_assistant_message", BEFORE},
    {"agent_type", BEFORE},
    {"model", BEFORE},
    {"final_model", BEFORE},
    {"error_type", BEFORE},
    {"error.type", BEFORE},
    {"full_command", BEFORE},
    {"file_path", BEFORE},
    {"skill_name", BEFORE},
    {"service.name", BEFORE},
    {"service.version", BEFORE},
    {"trigger", BEFORE},
    {"title", BEFORE},
    {"mcp_server_name", BEFORE},
    {"mcp_tool_name", BEFORE},
    {"source", BEHIND},
    {"reason", BEHIND},
    {"hook_name", BEHIND},
    {"tool_name", TOOL_NAME},
    {"query_source", QUERY_SOURCE},
    {"tool_input", NESTED},
    {"tool_parameters", NESTED},
    {"response", NESTED},
};

struct marking {
    size_t text_len;
    bool inner;     /* in the JSON of an attribute */
    bool any_key;   /* in a tool's input: every string */
    size_t strings; /* out */
};

static void walk(cJSON *item, const char *key, struct marking *m);

static void set(cJSON *item, const char *format, const char *mark, struct marking *m)
{
    struct buf text;
    buf_init(&text, ROOM_MAX);
    if (strcmp(format, "before") == 0)
        buf_printf(&text, "%s%s", mark, item->valuestring);
    else
        buf_printf(&text, "%s%s", item->valuestring, mark);
    if (!cJSON_SetValuestring(item, buf_cstr(&text)))
        abort();
    buf_finish(&text);
    m->strings++;
}

static void nested(cJSON *item, struct marking *m)
{
    cJSON *inner = item->valuestring[0] == '{' ? cJSON_Parse(item->valuestring) : NULL;
    if (!inner)
        return;
    struct marking deeper = {.text_len = m->text_len, .inner = true, .any_key = true};
    walk(inner, "", &deeper);
    char *text = cJSON_PrintUnformatted(inner);
    if (!cJSON_SetValuestring(item, text))
        abort();
    cJSON_free(text);
    cJSON_Delete(inner);
    m->strings += deeper.strings;
}

static enum treatment treatment_of(const char *key, const struct marking *m)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (strcmp(KEYS[i].key, key) == 0)
            return KEYS[i].treatment;
    return m->any_key ? BEFORE : KEEP;
}

static void change(cJSON *item, const char *key, struct marking *m)
{
    const char *mark = m->inner ? MARK_INNER : MARK, *value = item->valuestring;
    switch (treatment_of(key, m)) {
    case KEEP:
        return;
    case BEFORE:
        set(item, "before", mark, m);
        return;
    case BEHIND:
        set(item, "behind", mark, m);
        return;
    case ID:
        set(item, m->text_len <= ID_PREFIX_MAX ? "before" : "behind", mark, m);
        return;
    case TOOL_NAME:
        /* These names say what kind of call it is. */
        if (strcmp(value, "Agent") == 0 || strcmp(value, "Task") == 0 || strcmp(value, "mcp_tool") == 0)
            return;
        set(item, strncmp(value, "mcp__", 5) == 0 ? "behind" : "before", mark, m);
        return;
    case QUERY_SOURCE:
        if (strcmp(value, "generate_session_title") != 0)
            set(item, "before", mark, m);
        return;
    case NESTED:
        nested(item, m);
        return;
    }
}

static void walk(cJSON *item, const char *key, struct marking *m)
{
    if (cJSON_IsString(item)) {
        change(item, key, m);
        return;
    }
    /* An attribute: {"key": …, "value": {"stringValue": …}}. */
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "key"));
    cJSON *value = cJSON_GetObjectItemCaseSensitive(item, "value");
    if (name && cJSON_IsObject(value)) {
        cJSON *string = cJSON_GetObjectItemCaseSensitive(value, "stringValue");
        if (cJSON_IsString(string))
            change(string, name, m);
        return;
    }
    bool outside = m->any_key;
    m->any_key = m->any_key || (cJSON_IsObject(item) && strcmp(key, "tool_input") == 0);
    for (cJSON *child = item->child; child; child = child->next)
        walk(child, child->string ? child->string : "", m);
    m->any_key = outside;
}

/* ------------------------------------------------------------------------------------------ the text itself
 */

static void escape(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_append_char(out, (char)c);
    }
}

/* in with every mark replaced by what stands for it, appended to out. */
static void replace(struct slice in, struct slice mark, struct slice by, struct buf *out)
{
    while (in.len) {
        size_t at = slice_find_slice(in, mark);
        if (buf_append(out, slice_sub(in, 0, at)) || (at < in.len && buf_append(out, by)))
            abort();
        in = slice_sub(in, at + mark.len, in.len);
    }
}

static void replace_both(struct slice in, struct slice outer, struct slice inner, struct buf *out)
{
    struct buf half;
    buf_init(&half, ROOM_MAX);
    replace(in, SLICE_LIT(MARK), outer, &half);
    replace(buf_slice(&half), SLICE_LIT(MARK_INNER), inner, out);
    buf_finish(&half);
}

/* Two bytes over and over: nothing else in a request looks like it, and it is as long as what it stands for.
 */
static void fill_stand_in(struct buf *out, size_t len, char first, char second)
{
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, i % 2 ? second : first);
}

/* JSON with stand-ins of the right length, written anew in protobuf; then the text takes their place. */
static void write_protobuf(const struct frame *f, struct slice marked, struct slice text,
                           struct slice escaped, struct buf *out)
{
    struct buf outer, inner, json, body, half;
    struct otlp_limits limits;
    enum otlp_signal signal;
    struct buf *all[] = {&outer, &inner, &json, &body, &half};
    for (size_t i = 0; i < 5; i++)
        buf_init(all[i], ROOM_MAX);
    fill_stand_in(&outer, text.len, '~', '\x01');
    fill_stand_in(&inner, escaped.len, '~', '\x02');
    struct buf outer_json;
    buf_init(&outer_json, ROOM_MAX);
    escape(buf_slice(&outer), &outer_json);
    struct buf inner_json;
    buf_init(&inner_json, ROOM_MAX);
    escape(buf_slice(&inner), &inner_json);
    replace_both(marked, buf_slice(&outer_json), buf_slice(&inner_json), &json);

    otlp_limits_init(&limits);
    struct otlp_decoder *decoder = otlp_decoder_create(&limits);
    struct otlp_sink sink = pb_sink(&body);
    if (!otlp_signal_parse(f->path, &signal) ||
        otlp_decode(decoder, signal, OTLP_JSON, OTLP_IDENTITY, buf_slice(&json), &sink, NULL, NULL, NULL))
        abort();
    replace(buf_slice(&body), buf_slice(&outer), text, &half);
    replace(buf_slice(&half), buf_slice(&inner), escaped, out);
    otlp_decoder_destroy(decoder);
    buf_finish(&outer_json);
    buf_finish(&inner_json);
    for (size_t i = 0; i < 5; i++)
        buf_finish(all[i]);
}

void hostile_make(struct hostile_frames *h, const struct capture *c, struct slice text,
                  enum otlp_encoding encoding)
{
    static const struct frame_header protobuf = {{"Content-Type", 12}, {"application/x-protobuf", 22}};
    struct buf once, twice;
    buf_init(&once, ROOM_MAX);
    buf_init(&twice, ROOM_MAX);
    escape(text, &once);
    escape(buf_slice(&once), &twice);
    *h = (struct hostile_frames){.frames = mem_array(c->count, sizeof *h->frames),
                                 .bodies = mem_array(c->count, sizeof *h->bodies),
                                 .count = c->count};
    for (size_t i = 0; i < c->count; i++) {
        struct frame *f = &h->frames[i];
        struct marking m = {.text_len = text.len};
        struct buf body;
        buf_init(&body, ROOM_MAX);
        *f = c->frames[i];
        cJSON *json = cJSON_ParseWithLength(f->body.ptr, f->body.len);
        if (!json || text.len < HOSTILE_MIN)
            abort();
        walk(json, "", &m);
        char *marked = cJSON_PrintUnformatted(json);
        if (encoding == OTLP_PROTOBUF && f->source == FRAME_OTLP_HTTP) {
            write_protobuf(f, slice_str(marked), text, buf_slice(&once), &body);
            f->headers = &protobuf;
            f->header_count = 1;
        } else {
            replace_both(slice_str(marked), buf_slice(&once), buf_slice(&twice), &body);
        }
        cJSON_free(marked);
        cJSON_Delete(json);
        h->strings += m.strings;
        h->bodies[i] = body.data; /* owned from here on */
        f->body = buf_slice(&body);
    }
    buf_finish(&once);
    buf_finish(&twice);
}

void hostile_free(struct hostile_frames *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->bodies[i]);
    free(h->bodies);
    free(h->frames);
}
