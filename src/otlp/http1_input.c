#include "http1_head.h"
#include "http1_private.h"
#include "respond.h"

void http1_enter_drain(struct http1 *h, uint64_t now)
{
    if (h->phase == PHASE_DEAD)
        return;
    h->phase = PHASE_DRAIN;
    h->quiet_ms = now;
    buf_finish(&h->in);
}

/* Answers for the handler and closes. */
static void refuse(struct http1 *h, const struct http1_fault *fault, uint64_t now)
{
    h->core.env->refused(h->core.ctx, fault->why);
    if (h->x && h->x->header_count && h->core.env->blamed)
        h->core.env->blamed(h->core.ctx, fault->why, h->x);
    struct slice content_type = h->x ? exchange_header(h->x, "Content-Type") : SLICE_NULL;
    enum otlp_encoding encoding = respond_encoding(content_type);
    int status = fault->status ? fault->status : otlp_refusal_status(fault->why);

    struct buf body;
    buf_init(&body, 2 * RESPOND_MESSAGE_MAX + 64);
    bool said = respond_status(encoding, status, slice_str(fault->message), &body) == CT_OK;
    struct exchange_reply reply = {
        .status = status,
        .content_type = said ? respond_content_type(encoding) : NULL,
        .body = said ? buf_slice(&body) : SLICE_NULL,
        .retry_after_s = fault->why == OTLP_REFUSED_OVERLOAD ? CORE_RETRY_AFTER_S : 0,
        .allow = fault->why == OTLP_REFUSED_METHOD ? "POST" : NULL,
        .challenge = fault->why == OTLP_REFUSED_UNAUTHORIZED ? CORE_CHALLENGE : NULL,
    };
    h->keep_alive = false;
    http1_mark_output(h, now);
    if (http1_write_reply(&h->out, &reply, http1_mode(h)))
        http1_die(h);
    buf_finish(&body);
    exchange_destroy(h->x);
    h->x = NULL;
    http1_enter_drain(h, now);
}

void http1_refuse(struct http1 *h, enum otlp_refusal why, const char *message, uint64_t now)
{
    refuse(h, &(struct http1_fault){.why = why, .message = message}, now);
}

static void refuse_body(struct http1 *h, enum ct_err err, uint64_t now)
{
    if (err == CT_ERR_LIMIT)
        http1_refuse(h, OTLP_REFUSED_BODY_SIZE, "body too large", now);
    else
        http1_refuse(h, OTLP_REFUSED_OVERLOAD, "too much in flight, try again", now);
}

static void hand_out(struct http1 *h)
{
    h->phase = PHASE_HANDED;
    h->had_one = true;
    h->x->state = EXCHANGE_HANDED;
    h->core.env->request(h->core.ctx, h->x);
}

/* What the limits and the expectation say, before any of the body is read. */
static bool admit(struct http1 *h, const struct http1_head *head, struct http1_fault *fault)
{
    const struct otlp_limits *limits = h->core.env->limits;
    const struct budget *budget = h->core.env->budget;
    if (!exchange_head_allowed(h->x, &fault->why, &fault->message))
        return false;
    if (head->framing == HTTP1_LENGTH && head->length > limits->body_bytes) {
        *fault = (struct http1_fault){.why = OTLP_REFUSED_BODY_SIZE, .message = "body too large"};
        return false;
    }
    if (head->framing == HTTP1_LENGTH && !budget_has_room(budget, head->length, head->length)) {
        *fault =
            (struct http1_fault){.why = OTLP_REFUSED_OVERLOAD, .message = "too much in flight, try again"};
        return false;
    }
    return true;
}

static void finish_head(struct http1 *h, uint64_t now)
{
    struct exchange *x = h->x;
    struct http1_head head;
    struct http1_fault fault = {0};
    bool sound = http1_head_parse(buf_slice(&x->head), h->core.env->limits, &head, &fault);
    h->is_1_0 = head.is_1_0;
    h->head_only = slice_eq_str(head.method, "HEAD");
    if (exchange_set_headers(x, head.fields.headers, head.fields.header_count)) {
        http1_die(h);
        return;
    }
    x->method = head.method;
    x->host = head.host;
    exchange_set_target(x, head.fields.target);
    if (!sound || !admit(h, &head, &fault)) {
        refuse(h, &fault, now);
        return;
    }
    h->keep_alive = head.fields.keep_alive;
    h->moved_ms = now;
    h->left = head.length;
    x->expected = (size_t)head.length;
    if (head.framing == HTTP1_CHUNKED) {
        http1_chunks_init(&h->chunks, x->body_max, h->core.env->limits->header_bytes);
        h->phase = PHASE_CHUNKED;
    } else if (head.framing == HTTP1_LENGTH && head.length) {
        h->phase = PHASE_LENGTH;
    } else {
        hand_out(h);
        return;
    }
    if (head.expect_continue) {
        http1_mark_output(h, now);
        if (http1_write_continue(&h->out))
            http1_die(h);
    }
}

static void take(struct slice *in, size_t n)
{
    *in = slice_sub(*in, n, in->len);
}

static void step_idle(struct http1 *h, struct slice *in, uint64_t now)
{
    char c = in->ptr[0];
    if ((c == '\r' || c == '\n') && ++h->blanks <= HTTP1_BLANK_MAX) {
        take(in, 1);
        return;
    }
    h->is_1_0 = h->head_only = false;
    if (!http1_is_token(c)) {
        http1_refuse(h, OTLP_REFUSED_MALFORMED, "not HTTP", now);
        return;
    }
    h->x = exchange_create(&h->core, h->core.env->limits, h->core.env->budget, EXCHANGE_HTTP1);
    if (!h->x) {
        http1_die(h);
        return;
    }
    h->phase = PHASE_HEAD;
    h->first_ms = now;
    h->line_start = 0;
    h->blanks = 0;
}

static void step_head(struct http1 *h, struct slice *in, uint64_t now)
{
    struct buf *head = &h->x->head;
    size_t newline = slice_find(*in, '\n');
    size_t n = newline < in->len ? newline + 1 : in->len;
    if (n > head->max - head->len) {
        http1_refuse(h, OTLP_REFUSED_HEADERS, "headers too large", now);
        return;
    }
    if (buf_append(head, slice_sub(*in, 0, n))) {
        http1_die(h);
        return;
    }
    bool line_ends = newline < in->len;
    take(in, n);
    if (!line_ends)
        return;
    size_t line = head->len - h->line_start;
    if (line < 2 || head->data[head->len - 2] != '\r')
        http1_refuse(h, OTLP_REFUSED_SMUGGLING, "a line that does not end in CR LF", now);
    else if (line == 2)
        finish_head(h, now);
    else
        h->line_start = head->len;
}

static void step_length(struct http1 *h, struct slice *in, uint64_t now)
{
    size_t n = h->left < in->len ? (size_t)h->left : in->len;
    enum ct_err err = exchange_body_append(h->x, slice_sub(*in, 0, n));
    if (err) {
        refuse_body(h, err, now);
        return;
    }
    take(in, n);
    h->left -= n;
    h->moved_ms = now;
    if (!h->left)
        hand_out(h);
}

static void step_chunked(struct http1 *h, struct slice *in, uint64_t now)
{
    struct slice data;
    struct http1_fault fault;
    enum ct_err err = http1_chunks_next(&h->chunks, in, &data, &fault);
    h->moved_ms = now;
    if (err && err != CT_END) {
        refuse(h, &fault, now);
        return;
    }
    if (data.len) {
        enum ct_err full = exchange_body_append(h->x, data);
        if (full) {
            refuse_body(h, full, now);
            return;
        }
    }
    if (err == CT_END)
        hand_out(h);
}

void http1_run(struct http1 *h, struct slice *in, uint64_t now)
{
    h->running = true;
    for (;;) {
        if (h->phase == PHASE_DRAIN || h->phase == PHASE_DEAD)
            *in = SLICE_NULL;
        if (h->phase == PHASE_IDLE && h->goaway)
            http1_enter_drain(h, now);
        if (!in->len || h->phase == PHASE_HANDED || h->phase == PHASE_STREAM)
            break;
        if (h->phase == PHASE_IDLE && http1_unsent(h) >= HTTP1_OUT_HIGH)
            break;
        if (h->phase == PHASE_IDLE)
            step_idle(h, in, now);
        else if (h->phase == PHASE_HEAD)
            step_head(h, in, now);
        else if (h->phase == PHASE_LENGTH)
            step_length(h, in, now);
        else if (h->phase == PHASE_CHUNKED)
            step_chunked(h, in, now);
    }
    h->running = false;
    if (h->eof && !in->len) {
        if (h->phase == PHASE_IDLE)
            http1_enter_drain(h, now);
        else if (h->phase < PHASE_HANDED)
            http1_die(h); /* gone in the middle of a request */
    }
}

void http1_resume(struct http1 *h, uint64_t now)
{
    if (h->running)
        return;
    struct slice rest = buf_slice(&h->in);
    http1_run(h, &rest, now);
    if (h->phase == PHASE_DRAIN || h->phase == PHASE_DEAD)
        return; /* in is finished or will be */
    buf_consume(&h->in, h->in.len - rest.len);
    if (!h->in.len && h->in.cap > KEEP_CAP)
        buf_finish(&h->in);
}
