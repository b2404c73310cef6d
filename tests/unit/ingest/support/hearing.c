#include "test.h"

#include "hearing.h"

static struct slice keep(struct hearing *h, struct slice text)
{
    if (!text.ptr)
        return text;
    struct slice copy = arena_dup(&h->kept, text);
    assert_non_null(copy.ptr);
    return copy;
}

static void on_event(void *ctx, const struct event *event)
{
    struct hearing *h = ctx;
    h->total++;
    if (h->count == HEARING_MAX)
        return;
    struct event *e = &h->events[h->count++];
    *e = *event;
    struct slice *const texts[] = {&e->ids.session_id,
                                   &e->ids.prompt_id,
                                   &e->ids.request_id,
                                   &e->ids.tool_use_id,
                                   &e->ids.agent_id,
                                   &e->ids.parent_agent_id,
                                   &e->service_name,
                                   &e->service_version,
                                   &e->name,
                                   &e->detail,
                                   &e->model,
                                   &e->query_source,
                                   &e->error_type,
                                   &e->error_message,
                                   &e->source,
                                   &e->agent_type,
                                   &e->cwd,
                                   &e->title,
                                   &e->parent_session_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(h, *texts[i]);
}

void hearing_open(struct hearing *h)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    *h = (struct hearing){0};
    arena_init(&h->kept, 64u << 20);
    buf_init(&h->body, 64u << 20);
    h->ingest = ingest_create(&limits, on_event, h);
}

void hearing_close(struct hearing *h)
{
    ingest_destroy(h->ingest);
    arena_finish(&h->kept);
    buf_finish(&h->body);
}

enum ct_err hear_body(struct hearing *h, enum frame_source source, const char *path, struct slice body)
{
    const struct frame_header json = {SLICE_LIT("Content-Type"), SLICE_LIT("application/json")};
    const struct frame frame = {.wall_ns = HEARING_ARRIVAL,
                                .source = source,
                                .method = SLICE_LIT("POST"),
                                .path = slice_str(path),
                                .headers = &json,
                                .header_count = 1,
                                .body = body};
    h->count = h->total = 0;
    return ingest_frame(h->ingest, &frame);
}

#define RESOURCE                                                                                             \
    "\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"claude-code\"}"    \
    "}" ATTR("service.version", "2.1.330") "]}"
#define IDS "\"traceId\":\"01010101010101010101010101010101\",\"spanId\":\"0202020202020202\""

enum ct_err hear_log(struct hearing *h, const char *name, const char *attributes)
{
    buf_clear(&h->body);
    assert_int_equal(buf_printf(&h->body,
                                "{\"resourceLogs\":[{" RESOURCE ",\"scopeLogs\":[{\"logRecords\":[{"
                                "\"timeUnixNano\":\"%lld\"," IDS ",\"attributes\":["
                                "{\"key\":\"session.id\",\"value\":{\"stringValue\":\"s1\"}}" ATTR(
                                    "event.name", "%s") "%s]}]}]}]}",
                                (long long)HEARING_TIME, name, attributes),
                     CT_OK);
    return hear_body(h, FRAME_OTLP_HTTP, "/v1/logs", buf_slice(&h->body));
}

enum ct_err hear_span(struct hearing *h, const char *name, int status, const char *attributes)
{
    buf_clear(&h->body);
    assert_int_equal(
        buf_printf(&h->body,
                   "{\"resourceSpans\":[{" RESOURCE ",\"scopeSpans\":[{\"spans\":[{" IDS
                   ",\"parentSpanId\":\"0303030303030303\",\"name\":\"%s\",\"startTimeUnixNano\":\"%lld\","
                   "\"endTimeUnixNano\":\"%lld\",\"status\":{\"code\":%d},\"attributes\":["
                   "{\"key\":\"session.id\",\"value\":{\"stringValue\":\"s1\"}}%s]}]}]}]}",
                   name, (long long)(HEARING_TIME - 500 * HEARING_MS), (long long)HEARING_TIME, status,
                   attributes),
        CT_OK);
    return hear_body(h, FRAME_OTLP_HTTP, "/v1/traces", buf_slice(&h->body));
}

enum ct_err hear_hook(struct hearing *h, const char *name, const char *fields)
{
    buf_clear(&h->body);
    assert_int_equal(buf_printf(&h->body,
                                "{\"session_id\":\"s1\",\"cwd\":\"/srv/project\",\"prompt_id\":\"p1\","
                                "\"hook_event_name\":\"%s\"%s}",
                                name, fields),
                     CT_OK);
    return hear_body(h, FRAME_HOOK, "/hooks", buf_slice(&h->body));
}

const struct event *heard(const struct hearing *h)
{
    assert_int_equal(h->count, 1);
    return &h->events[0];
}
