#define _GNU_SOURCE /* mallinfo2 */
#include "test.h"

#include "h2_frames.h"
#include "h2_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static struct peer_stream *find(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static void copy(char *to, size_t cap, const uint8_t *value, size_t len)
{
    size_t n = len < cap - 1 ? len : cap - 1;
    memcpy(to, value, n);
    to[n] = '\0';
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
    struct peer_stream *s = find(session, frame->hd.stream_id);
    struct slice n = slice_make(name, name_len);
    (void)flags, (void)ctx;
    if (!s)
        return 0;
    char text[24];
    copy(text, sizeof text, value, value_len);
    if (slice_eq_str(n, ":status")) {
        s->status = atoi(text);
        if (s->status == 100)
            s->continued = true;
    } else if (slice_eq_str(n, "grpc-status")) {
        s->grpc_status = atoi(text);
    } else if (slice_eq_str(n, "content-type")) {
        copy(s->content_type, sizeof s->content_type, value, value_len);
    } else if (slice_eq_str(n, "grpc-message")) {
        copy(s->message, sizeof s->message, value, value_len);
    } else if (slice_eq_str(n, "grpc-status-details-bin")) {
        copy(s->details, sizeof s->details, value, value_len);
    } else if (slice_eq_str(n, "grpc-accept-encoding")) {
        copy(s->accept, sizeof s->accept, value, value_len);
    } else {
        size_t at = strlen(s->headers);
        snprintf(s->headers + at, sizeof s->headers - at, "%.*s=%.*s\n", (int)name_len, (const char *)name,
                 (int)value_len, (const char *)value);
    }
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct peer *p = ctx;
    struct peer_stream *s = frame->hd.stream_id ? find(session, frame->hd.stream_id) : NULL;
    bool ack = frame->hd.flags & NGHTTP2_FLAG_ACK;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (s)
            s->blocks++;
        break;
    case NGHTTP2_PING:
        p->ping_acks += ack;
        break;
    case NGHTTP2_SETTINGS:
        p->settings_acks += ack;
        break;
    case NGHTTP2_WINDOW_UPDATE:
        if (frame->hd.stream_id)
            p->stream_updates++;
        else
            p->connection_updates++;
        break;
    case NGHTTP2_GOAWAY:
        p->goaways++;
        p->goaway_code = frame->goaway.error_code;
        p->goaway_last = frame->goaway.last_stream_id;
        break;
    default:
        break;
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *ctx)
{
    struct peer_stream *s = find(session, id);
    (void)flags, (void)ctx;
    if (s)
        assert_int_equal(buf_append(&s->reply, slice_make(data, len)), CT_OK);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct peer_stream *s = find(session, id);
    (void)ctx;
    if (s) {
        s->closed = true;
        s->code = code;
    }
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    struct peer_stream *s = source->ptr;
    (void)session, (void)id, (void)ctx;
    size_t n = s->body.len - s->body_at;
    if (s->frame_max && length > s->frame_max)
        length = s->frame_max;
    if (n > length)
        n = length;
    if (!n && s->more)
        return NGHTTP2_ERR_DEFERRED;
    bool last = s->body_at + n == s->body.len && !s->more;
    if (last && (!s->end_apart || n == 0))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (n)
        memcpy(to, s->body.data + s->body_at, n);
    s->body_at += n;
    return (ssize_t)n;
}

void peer_init(struct peer *p)
{
    memset(p, 0, sizeof *p);
    host_init(&p->host);
    p->host.create = h2_create;
    buf_init(&p->sent, SIZE_MAX / 2);
}

void peer_open_window(struct peer *p, uint32_t window)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    host_open(&p->host);
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_set_peer_max_concurrent_streams(option, PEER_STREAMS_MAX);
    assert_int_equal(nghttp2_session_client_new2(&p->client, callbacks, p, option), 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    assert_int_equal(nghttp2_submit_settings(p->client, NGHTTP2_FLAG_NONE, &entry, 1), 0);
}

void peer_open(struct peer *p)
{
    peer_open_window(p, 65535);
}

void peer_finish(struct peer *p)
{
    host_finish(&p->host);
    nghttp2_session_del(p->client);
    for (size_t i = 0; i < p->count; i++) {
        buf_finish(&p->streams[i].body);
        buf_finish(&p->streams[i].reply);
    }
    buf_finish(&p->sent);
}

void peer_raw(struct peer *p, struct slice bytes)
{
    assert_int_equal(buf_append(&p->sent, bytes), CT_OK);
    host_feed(&p->host, bytes, p->cut, p->seed++);
}

void peer_run(struct peer *p)
{
    for (bool moved = true; moved && !p->broken;) {
        const uint8_t *bytes;
        ssize_t n;
        moved = false;
        while ((n = nghttp2_session_mem_send(p->client, &bytes)) > 0) {
            peer_raw(p, slice_make(bytes, (size_t)n));
            moved = true;
        }
        host_pump(&p->host);
        struct slice rest = slice_sub(buf_slice(&p->host.out), p->read, p->host.out.len);
        if (rest.len) {
            p->broken = nghttp2_session_mem_recv(p->client, (const uint8_t *)rest.ptr, rest.len) < 0;
            p->read = p->host.out.len;
            moved = true;
        }
    }
}

struct peer_stream *peer_post(struct peer *p, const char *path, const char *content_type,
                              const struct peer_header *extra, struct slice body)
{
    struct peer_header all[160] = {
        {":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "localhost:4317"}};
    size_t count = 4;
    if (content_type)
        all[count++] = (struct peer_header){"content-type", content_type};
    for (; extra && extra->name; extra++) {
        if (strcmp(extra->name, ":method") == 0)
            all[0] = *extra;
        else
            all[count++] = *extra;
        assert_true(count < 160);
    }
    nghttp2_nv nv[160];
    for (size_t i = 0; i < count; i++)
        nv[i] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)all[i].name,
                             .namelen = strlen(all[i].name),
                             .value = (uint8_t *)(uintptr_t)all[i].value,
                             .valuelen = strlen(all[i].value)};
    assert_true(p->count < PEER_STREAMS_MAX);
    struct peer_stream *s = &p->streams[p->count++];
    *s = (struct peer_stream){.grpc_status = -1};
    buf_init(&s->body, SIZE_MAX / 2);
    buf_init(&s->reply, SIZE_MAX / 2);
    assert_int_equal(buf_append(&s->body, body), CT_OK);
    nghttp2_data_provider provider = {.source = {.ptr = s}, .read_callback = read_body};
    s->id = nghttp2_submit_request(p->client, NULL, nv, count, body.ptr ? &provider : NULL, s);
    assert_true(s->id > 0);
    return s;
}

struct peer_stream *peer_call_raw(struct peer *p, const char *path, const struct peer_header *extra,
                                  struct slice body)
{
    struct peer_header all[64] = {{"te", "trailers"}};
    size_t count = 1;
    for (; extra && extra->name; extra++)
        all[count++] = *extra;
    return peer_post(p, path, "application/grpc", all, body);
}

struct peer_stream *peer_call(struct peer *p, const char *path, const struct peer_header *extra,
                              struct slice message)
{
    uint8_t prefix[GRPC_PREFIX_BYTES];
    grpc_prefix_write((uint32_t)message.len, prefix);
    struct peer_stream *s = peer_call_raw(p, path, extra, slice_make(prefix, sizeof prefix));
    assert_int_equal(buf_append(&s->body, message), CT_OK);
    return s;
}

void peer_keep_open(struct peer_stream *s)
{
    s->more = true;
}

void peer_add(struct peer *p, struct peer_stream *s, struct slice bytes, bool end)
{
    assert_int_equal(buf_append(&s->body, bytes), CT_OK);
    s->more = !end;
    nghttp2_session_resume_data(p->client, s->id);
    peer_run(p);
}

void peer_frame(struct buf *out, uint8_t type, uint8_t flags, int32_t id, struct slice payload)
{
    const uint8_t head[H2_FRAME_HEAD_BYTES] = {
        (uint8_t)(payload.len >> 16), (uint8_t)(payload.len >> 8), (uint8_t)payload.len, type,       flags,
        (uint8_t)(id >> 24),          (uint8_t)(id >> 16),         (uint8_t)(id >> 8),   (uint8_t)id};
    assert_int_equal(buf_append(out, slice_make(head, sizeof head)), CT_OK);
    assert_int_equal(buf_append(out, payload), CT_OK);
}

void peer_greeting(struct buf *out)
{
    assert_int_equal(buf_append_str(out, H2_PREFACE), CT_OK);
    peer_frame(out, NGHTTP2_SETTINGS, 0, 0, SLICE_LIT(""));
}

/* A literal without indexing, name and value spelt out (RFC 7541, 6.2.2); shorter than 127 each. */
static void literal(struct buf *out, const char *name, const char *value)
{
    buf_append_char(out, 0);
    buf_append_char(out, (char)strlen(name));
    buf_append_str(out, name);
    buf_append_char(out, (char)strlen(value));
    assert_int_equal(buf_append_str(out, value), CT_OK);
}

void peer_block(struct buf *out)
{
    literal(out, ":method", "POST");
    literal(out, ":scheme", "http");
    literal(out, ":path", PEER_LOGS);
    literal(out, ":authority", "localhost:4317");
    literal(out, "content-type", "application/grpc");
}
