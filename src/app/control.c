/*
 * The collector's own port: HTTP on the user's Unix socket.
 *
 *   GET /status          schema 1 of `status --json`; ?window=1m, 5m, 15m or all is that of its "red"
 *   GET /frames?from=N   every frame from sequence number N on, then live: length (u32, little-endian) and
 *                        message (proto/frame.proto) of each. from=0 begins with the oldest, from=new with
 *                        the next one. With &flow=1 what the collector tells of itself (flow_wire.h) stands
 *                        between them, first of all and after changes, with CONTROL_FLOW_BIT in its length
 *   GET /flow            that line by itself
 *   POST /summary        a few figures for a status line (summary.h)
 *   POST /hand-over      the owner of the ports gives them to whoever takes them next; 409 says why not
 *
 * A viewer that does not read holds up nobody: each stream has its own journal reader and stops at the high
 * mark.
 */
#include "clock.h"
#include "collector_private.h"
#include "flow_wire.h"
#include "local_day.h"
#include "mem.h"
#include "status_json.h"
#include "summary.h"
#include "synthesis.h"

#include <stdio.h>
#include <stdlib.h>

/* One turn of the loop feeds a stream at most this many frames; the rest follows in its next turn. */
#define STREAM_SLICE 64

/* What the collector tells of itself is at most so old; nothing is told while nothing changes. */
#define TELL_MS 500

struct control_stream {
    struct collector *c;
    struct receiver_request *request;
    struct journal_reader *reader;
    bool flow;        /* is told of the collector itself */
    bool flow_due;    /* again */
    struct buf frame; /* the one that the peer had no room for yet; empty: none */
    uv_idle_t more;   /* active while the journal has more for it */
    struct control_stream *next, **link;
    bool closed;
};

static void stream_free(uv_handle_t *handle)
{
    struct control_stream *s = handle->data;
    buf_finish(&s->frame);
    struct collector *c = s->c;
    free(s);
    if (--c->handles == 0 && c->stopping)
        collector_part_stopped(c);
}

static void stream_close(struct control_stream *s)
{
    if (s->closed)
        return;
    s->closed = true;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    journal_reader_close(s->reader);
    uv_close((uv_handle_t *)&s->more, stream_free);
}

static enum ct_err encode(struct control_stream *s, const struct frame *frame)
{
    static const char room[4];
    buf_clear(&s->frame);
    enum ct_err err = buf_append(&s->frame, slice_make(room, sizeof room));
    if (!err)
        err = frame_encode(frame, &s->frame);
    if (err) {
        buf_clear(&s->frame);
        return err;
    }
    size_t len = s->frame.len - sizeof room;
    for (size_t i = 0; i < sizeof room; i++)
        s->frame.data[i] = (char)(len >> (8 * i) & 0xff);
    return CT_OK;
}

static char *flow_line(struct collector *c)
{
    struct flow flow;
    collector_flow(c, &flow);
    struct status_source source = {
        .model = c->model, .now_ns = clock_wall(), .flow = &flow, .catching_up = c->behind};
    return flow_wire_write(&source, &c->addresses, c->config.options, c->handing_over);
}

static void encode_flow(struct control_stream *s)
{
    char *line = flow_line(s->c);
    size_t len = strlen(line);
    uint32_t mark = (uint32_t)len | CONTROL_FLOW_BIT;
    char head[4];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = (char)(mark >> (8 * i) & 0xff);
    s->flow_due = false;
    buf_clear(&s->frame);
    if (buf_append(&s->frame, slice_make(head, sizeof head)) || buf_append(&s->frame, slice_make(line, len)))
        buf_clear(&s->frame);
    free(line);
}

/* CT_OK: there may be more; CT_AGAIN: the peer is full, on_drain goes on; CT_END: caught up. */
static enum ct_err stream_step(struct control_stream *s)
{
    if (s->frame.len == 0 && s->flow_due)
        encode_flow(s);
    if (s->frame.len == 0) {
        struct frame frame;
        enum ct_err err = journal_reader_next(s->reader, &frame, NULL);
        if (err == CT_ERR_FORMAT)
            return CT_OK;
        if (err || encode(s, &frame))
            return err ? CT_END : CT_OK;
    }
    enum ct_err err = receiver_stream_write(s->request, buf_slice(&s->frame));
    if (err)
        return err == CT_AGAIN ? CT_AGAIN : CT_END;
    buf_clear(&s->frame);
    return CT_OK;
}

static void stream_run(uv_idle_t *idle)
{
    struct control_stream *s = idle->data;
    enum ct_err err = CT_OK;
    for (int i = 0; i < STREAM_SLICE && err == CT_OK; i++)
        err = stream_step(s);
    if (err)
        uv_idle_stop(idle);
}

static void stream_wake(void *ctx)
{
    struct control_stream *s = ctx;
    if (!s->closed)
        uv_idle_start(&s->more, stream_run);
}

static void stream_gone(void *ctx)
{
    stream_close(ctx);
}

void control_appended(struct collector *c)
{
    for (struct control_stream *s = c->streams; s; s = s->next)
        stream_wake(s);
}

static void tell_flow(uv_timer_t *timer)
{
    struct collector *c = timer->data;
    for (struct control_stream *s = c->streams; s; s = s->next) {
        s->flow_due = s->flow;
        if (s->flow)
            stream_wake(s);
    }
}

void control_changed(struct collector *c)
{
    bool wanted = false;
    for (struct control_stream *s = c->streams; s && !wanted; s = s->next)
        wanted = s->flow;
    if (wanted && !c->stopping && !uv_is_active((uv_handle_t *)&c->teller))
        uv_timer_start(&c->teller, tell_flow, TELL_MS, 0);
}

void control_stop(struct collector *c)
{
    while (c->streams) {
        struct control_stream *s = c->streams;
        struct receiver_request *request = s->request;
        while (stream_step(s) == CT_OK) /* what is there is still told, as far as there is room */
            ;
        stream_close(s);
        receiver_stream_end(request);
    }
}

static void send_frames(struct collector *c, struct receiver_request *request, struct slice query)
{
    uint64_t from = 0;
    size_t first = slice_find(query, '&');
    struct slice start = slice_sub(query, 0, first);
    if (slice_eq_str(start, "from=new"))
        from = journal_stats(c->journal).last_seq + 1;
    else if (slice_starts(start, SLICE_LIT("from=")))
        slice_to_u64(slice_sub(start, 5, start.len), &from);
    struct control_stream *s = mem_alloc(sizeof *s);
    s->c = c;
    s->request = request;
    s->flow = s->flow_due = slice_eq_str(slice_sub(query, first, query.len), "&flow=1");
    buf_init(&s->frame, FRAME_BYTES_MAX + 4);
    if (receiver_stream_begin(request, "application/octet-stream", stream_wake, stream_gone, s)) {
        free(s); /* the viewer has gone already */
        return;
    }
    s->reader = journal_reader_open(c->journal, from);
    uv_idle_init(c->config.loop, &s->more);
    s->more.data = s;
    c->handles++;
    s->next = c->streams;
    s->link = &c->streams;
    if (s->next)
        s->next->link = &s->next;
    c->streams = s;
    stream_wake(s);
}

/* Grafana is asked when somebody first looks. */
static const struct deeplink_config *links(struct collector *c)
{
    if (!c->grafana)
        c->grafana = grafana_api_create(c->config.loop, c->config.options, NULL, NULL);
    grafana_api_refresh(c->grafana);
    return grafana_api_links(c->grafana);
}

static void send_status(struct collector *c, struct receiver_request *request, struct slice query)
{
    struct flow flow;
    collector_flow(c, &flow);
    struct status_source source = {
        .model = c->model,
        .now_ns = clock_wall(),
        .flow = &flow,
        .links = links(c),
        .alerts = &c->config.options->alerts,
        .catching_up = c->behind,
        .traces = {synthesis_mode(c->config.options, true), &c->frames->sent.ids},
    };
    source.day_start_ns = local_day_start(source.now_ns);
    if (slice_starts(query, SLICE_LIT("window=")))
        red_window_parse(slice_sub(query, 7, query.len), &source.red_window);
    char *json = status_json(&source);
    receiver_reply(request, &(struct receiver_reply){
                                .status = 200, .content_type = "application/json", .body = slice_str(json)});
    free(json);
}

static void hand_over(struct collector *c, struct receiver_request *request)
{
    struct receiver_reply reply = {
        .status = 200, .content_type = "application/json", .body = SLICE_LIT("{}\n")};
    const char *why = c->inherited ? "its sockets are those of the service manager"
                      : !c->config.on_hand_over || c->stopping ? "it is about to end"
                                                               : NULL;
    char words[128];
    if (why) {
        snprintf(words, sizeof words, "{\"error\": \"%s\"}\n", why);
        reply = (struct receiver_reply){
            .status = 409, .content_type = "application/json", .body = slice_str(words)};
    }
    receiver_reply(request, &reply);
    if (why)
        return;
    c->handing_over = true; /* those that only wait for the ports leave them to who asked */
    for (struct control_stream *s = c->streams; s; s = s->next) {
        s->flow_due = s->flow;
        if (s->flow)
            stream_step(s);
    }
    c->config.on_hand_over(c->config.ctx);
}

static void send_summary(struct collector *c, struct receiver_request *request, struct slice asked)
{
    struct flow flow;
    int64_t now_ns = clock_wall();
    collector_flow(c, &flow);
    char *text = summary_json(c->model, &flow, now_ns, local_day_start(now_ns), asked);
    receiver_reply(request, &(struct receiver_reply){
                                .status = 200, .content_type = "application/json", .body = slice_str(text)});
    free(text);
}

static void send_flow(struct collector *c, struct receiver_request *request)
{
    char *line = flow_line(c);
    receiver_reply(request, &(struct receiver_reply){
                                .status = 200, .content_type = "application/json", .body = slice_str(line)});
    free(line);
}

void control_request(struct collector *c, struct receiver_request *request)
{
    const struct receiver_view *view = receiver_request_view(request);
    if (slice_eq_str(view->path, "/hand-over") && slice_eq_str(view->method, "POST"))
        hand_over(c, request);
    else if (slice_eq_str(view->path, "/summary") && slice_eq_str(view->method, "POST"))
        send_summary(c, request, view->body);
    else if (!slice_eq_str(view->method, "GET"))
        receiver_reply(request, &(struct receiver_reply){.status = 405, .allow = "GET"});
    else if (slice_eq_str(view->path, "/status"))
        send_status(c, request, view->query);
    else if (slice_eq_str(view->path, "/flow"))
        send_flow(c, request);
    else if (slice_eq_str(view->path, "/frames"))
        send_frames(c, request, view->query);
    else
        receiver_reply(request, &(struct receiver_reply){.status = 404});
}
