/* What the session reports. Callbacks get the core as user_data and leave marks for h2_settle(). */
#include "h2_private.h"

#include <stdlib.h>

static struct h2_stream *find(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* The stream whose request is still being received, or NULL. */
static struct h2_stream *receiving(nghttp2_session *session, int32_t id)
{
    struct h2_stream *s = find(session, id);
    return s && s->x && s->x->state == EXCHANGE_RECEIVING ? s : NULL;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct h2 *h = ctx;
    (void)session;
    h->block = (struct h2_block){0};
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST || h2_request_begin(h, frame->hd.stream_id))
        return 0;
    h2_owe(h, OTLP_REFUSED_OVERLOAD);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
    (void)session;
    (void)frame;
    (void)flags;
    h2_request_field(ctx, slice_make(name, name_len), slice_make(value, value_len));
    return 0;
}

/* By default the library would drop the field and let the request pass. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                             void *ctx)
{
    (void)session, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len, (void)flags,
        (void)ctx;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *ctx)
{
    struct h2_stream *s = receiving(session, id);
    (void)flags;
    (void)ctx;
    if (s)
        h2_request_data(s, slice_make(data, len));
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct h2 *h = ctx;
    bool end_stream = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    struct h2_stream *s = receiving(session, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (s && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            h2_request_head(s, end_stream);
        else if (s && end_stream)
            h2_request_end(s);
        break;
    case NGHTTP2_DATA:
        if (s && end_stream)
            h2_request_end(s);
        break;
    case NGHTTP2_SETTINGS:
        h->greeted = true;
        h->quiet_ms = h->now;
        break;
    case NGHTTP2_PING:
        h->quiet_ms = h->now;
        if (frame->hd.flags & NGHTTP2_FLAG_ACK && h->leaving)
            h->noticed = true;
        break;
    default:
        break;
    }
    return 0;
}

static void count_reset(struct h2 *h)
{
    if (!h2_guard_reset(&h->guard, h->now)) {
        h->trip = true;
        h->trip_why = OTLP_REFUSED_FLOOD;
    }
}

/* grpc-go says GOAWAY with the id of a stream of its own (1) whenever it closes. The session ends the
 * connection for it, as the peer does; nothing that it sent is refused. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *ctx)
{
    struct h2 *h = ctx;
    (void)session, (void)error;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h->farewell = true;
    return 0;
}

/* What the session itself objects to shows in what it sends. */
static void judge_error(struct h2 *h, uint32_t error_code)
{
    switch (error_code) {
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
        h2_owe(h, OTLP_REFUSED_MALFORMED);
        break;
    case NGHTTP2_REFUSED_STREAM: /* past H2_STREAMS_MAX: such a stream is never reported as closed */
        h2_owe(h, OTLP_REFUSED_OVERLOAD);
        count_reset(h);
        break;
    default: /* ours, counted where it arose */
        break;
    }
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct h2 *h = ctx;
    int32_t id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        judge_error(h, frame->rst_stream.error_code);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        if (!h->farewell)
            judge_error(h, frame->goaway.error_code);
        if (frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM && !h->trip) /* the library's own limits */
            h2_owe(h, OTLP_REFUSED_FLOOD);
        /* Behind the notice, as PINGs overtake: its acknowledgement says that the notice was read. */
        if (h->leaving && !h->left)
            nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL);
    }
    /* Answered before its end: the rest of the request is of no use (RFC 9113, 8.1). */
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
        nghttp2_session_get_stream_remote_close(session, id) == 0)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *ctx)
{
    struct h2 *h = ctx;
    (void)error_code;
    struct h2_stream *s = find(session, id);
    if (!s)
        return 0;
    if (!s->answered)
        count_reset(h);
    if (h->complete == s)
        h->complete = NULL;
    if (h->block.stream == s)
        h->block.stream = NULL;
    h->quiet_ms = h->now;
    s->closed = true;
    h->closed_count++;
    return 0;
}

static int set_callbacks(nghttp2_session **session, struct h2 *h)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    if (nghttp2_session_callbacks_new(&callbacks))
        return -1;
    if (nghttp2_option_new(&option)) {
        nghttp2_session_callbacks_del(callbacks);
        return -1;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_settings(option, 32);
    int rv = nghttp2_session_server_new2(session, callbacks, h, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return rv;
}

nghttp2_session *h2_session_create(struct h2 *h)
{
    nghttp2_session *session;
    if (set_callbacks(&session, h))
        return NULL;
    size_t header_bytes = h->core.env->limits->header_bytes;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         header_bytes < UINT32_MAX ? (uint32_t)header_bytes : UINT32_MAX},
        /* Priorities are state that a peer could make us keep; nothing here needs them. */
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings)) ||
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, H2_CONNECTION_WINDOW)) {
        nghttp2_session_del(session);
        return NULL;
    }
    return session;
}

void h2_stream_free(struct h2_stream *s)
{
    struct h2 *h = s->h;
    if (s->prev)
        s->prev->next = s->next;
    else
        h->streams = s->next;
    if (s->next)
        s->next->prev = s->prev;
    buf_finish(&s->out);
    free(s);
}

static struct h2_stream *next_closed(struct h2 *h)
{
    struct h2_stream *s = h->closed_count ? h->streams : NULL;
    while (s && !s->closed)
        s = s->next;
    return s;
}

void h2_abandon(struct h2_stream *s)
{
    struct exchange *x = s->x;
    s->x = NULL;
    if (x)
        exchange_abandon(x);
}

/* A callback of h2_abandon() may end other exchanges, but frees no stream: only this function and destroy do.
 */
static void reap(struct h2 *h)
{
    struct h2_stream *s;
    while ((s = next_closed(h)) != NULL) {
        h2_abandon(s);
        h->closed_count--;
        h2_stream_free(s);
    }
}

void h2_owe(struct h2 *h, enum otlp_refusal why)
{
    h->owed[why]++;
    h->owes = true;
}

void h2_report(struct h2 *h)
{
    if (!h->owes)
        return;
    h->owes = false;
    for (size_t i = 0; i < OTLP_REFUSAL_COUNT; i++)
        for (; h->owed[i]; h->owed[i]--)
            h->core.env->refused(h->core.ctx, (enum otlp_refusal)i);
}

void h2_settle(struct h2 *h)
{
    if (h->settling)
        return;
    h->settling = true;
    if (h->trip && h->phase == H2_OPEN) {
        h2_owe(h, h->trip_why);
        h2_end(h, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    if (h->noticed)
        h2_leave(h);
    reap(h);
    h2_report(h);
    /* The session is done: it has said GOAWAY, or the peer has and nothing is left to answer. */
    if (h->phase == H2_OPEN && !nghttp2_session_want_read(h->session) &&
        !nghttp2_session_want_write(h->session)) {
        h->phase = H2_DRAIN;
        h->quiet_ms = h->now;
    }
    if (h->phase != H2_OPEN)
        for (struct h2_stream *s = h->streams; s; s = s->next)
            h2_abandon(s);
    h->settling = false;
}

void h2_end(struct h2 *h, uint32_t error_code)
{
    if (h->phase != H2_OPEN)
        return;
    h->phase = H2_DRAIN;
    h->quiet_ms = h->now;
    if (nghttp2_session_terminate_session(h->session, error_code))
        h->phase = H2_DEAD;
}

void h2_die(struct h2 *h)
{
    h->phase = H2_DEAD;
}
