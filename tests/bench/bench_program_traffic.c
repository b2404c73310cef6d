/* Recorded requests, ready to be sent again and again under new session ids. */
#include "bench_program.h"

#include "capture.h"
#include "mem.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* A session id is a UUID: its last group takes the number of the round, so that nothing changes its length.
 */
#define ID_BYTES   36
#define TAIL_BYTES 12

static void find_ids(struct recorded_request *r, const struct capture *c)
{
    const cJSON *sessions = cJSON_GetObjectItem(c->expected, "sessions");
    struct slice whole = buf_slice(&r->bytes);
    for (const cJSON *s = sessions->child; s; s = s->next) {
        struct slice id = slice_str(cJSON_GetStringValue(cJSON_GetObjectItem(s, "session_id")));
        if (id.len != ID_BYTES)
            continue;
        for (size_t at = 0;;) {
            struct slice rest = slice_sub(whole, at, whole.len);
            size_t found = slice_find_slice(rest, id);
            if (found >= rest.len)
                break;
            r->ids = mem_grow(r->ids, r->id_count + 1, sizeof *r->ids);
            r->ids[r->id_count++] = (uint32_t)(at + found);
            at += found + ID_BYTES;
        }
    }
}

static unsigned signal_of(const struct frame *f)
{
    switch (frame_signal(f)) {
    case FRAME_TRACES:
        return BENCH_TRACES;
    case FRAME_METRICS:
        return BENCH_METRICS;
    default:
        return BENCH_LOGS;
    }
}

static void put_head(struct buf *out, const struct frame *f)
{
    buf_printf(out, "POST %.*s HTTP/1.1\r\nHost: 127.0.0.1\r\n", SLICE_ARG(f->path));
    for (size_t i = 0; i < f->header_count; i++) {
        const struct frame_header *h = &f->headers[i];
        static const char *const ours[] = {"host", "connection", "content-length", "transfer-encoding"};
        bool skip = false;
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            skip = skip || slice_eq_nocase(h->name, slice_str(ours[k]));
        if (!skip)
            buf_printf(out, "%.*s: %.*s\r\n", SLICE_ARG(h->name), SLICE_ARG(h->value));
    }
    buf_printf(out, "Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n", f->body.len);
}

static void add(struct traffic *t, const struct capture *c, const struct frame *f)
{
    t->requests = mem_grow(t->requests, t->count + 1, sizeof *t->requests);
    struct recorded_request *r = &t->requests[t->count++];
    *r = (struct recorded_request){.body_len = f->body.len, .signal = signal_of(f)};
    snprintf(r->path, sizeof r->path, "%.*s", SLICE_ARG(f->path));
    buf_init(&r->bytes, SIZE_MAX);
    if (t->transport == TRANSPORT_HTTP)
        put_head(&r->bytes, f);
    if (buf_append(&r->bytes, f->body))
        die("no memory");
    t->body_bytes += f->body.len;
    find_ids(r, c);
}

static bool is_wanted(const struct traffic *t, const struct frame *f, const char *type)
{
    struct slice content = frame_header_get(f, "content-type");
    if (t->transport == TRANSPORT_GRPC)
        return f->source == FRAME_OTLP_GRPC && f->body.len > 0 && f->body.ptr[0] == 0;
    return f->source == FRAME_OTLP_HTTP && frame_header_get(f, "content-encoding").len == 0 &&
           slice_find_slice(content, slice_str(type)) < content.len;
}

void traffic_load(struct traffic *t, enum transport transport, const char *type)
{
    char **names = capture_names();
    *t = (struct traffic){.transport = transport};
    for (char **name = names; *name; name++) {
        struct capture c;
        capture_load(&c, *name, CAPTURE_WITHOUT_HOOKS);
        size_t before = t->count;
        for (size_t i = 0; i < c.count; i++) {
            struct slice content = frame_header_get(&c.frames[i], "content-type");
            if (!is_wanted(t, &c.frames[i], type))
                continue;
            add(t, &c, &c.frames[i]);
            t->json += slice_find_slice(content, SLICE_LIT("json")) < content.len;
        }
        if (t->count > before)
            t->sessions += (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(c.expected, "sessions"));
        capture_free(&c);
    }
    capture_names_free(names);
    if (!t->count)
        die("no captures");
}

void traffic_free(struct traffic *t)
{
    for (size_t i = 0; i < t->count; i++) {
        buf_finish(&t->requests[i].bytes);
        free(t->requests[i].ids);
    }
    free(t->requests);
}

size_t traffic_request(const struct traffic *t, uint64_t n, struct buf *out)
{
    const struct recorded_request *r = &t->requests[n % t->count];
    char tail[TAIL_BYTES + 1];
    snprintf(tail, sizeof tail, "%012llx", (unsigned long long)(n / t->count) & 0xffffffffffff);
    buf_clear(out);
    if (buf_append(out, buf_slice(&r->bytes)))
        die("no memory");
    for (size_t i = 0; i < r->id_count; i++)
        memcpy(out->data + r->ids[i] + ID_BYTES - TAIL_BYTES, tail, TAIL_BYTES);
    return r->body_len;
}

uint64_t traffic_sessions(const struct traffic *t, uint64_t n)
{
    return (n + t->count - 1) / t->count * t->sessions;
}
