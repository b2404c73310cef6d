/* Between the protocol core and the socket: plain text goes through, TLS is taken off and put on. */
#include "receiver_internal.h"

void connection_wire_init(struct connection *c)
{
    c->wire = c->r->tls && !c->local ? WIRE_UNDECIDED : WIRE_PLAIN;
    buf_init(&c->sealed, SIZE_MAX / 2);
}

void connection_wire_finish(struct connection *c)
{
    tls_destroy(c->tls);
    buf_finish(&c->sealed);
}

static bool take_plain(void *ctx, struct slice bytes)
{
    struct connection *c = ctx;
    core_feed(c->core, bytes, receiver_now(c->r));
    return !c->closing;
}

static void fail(struct connection *c, enum otlp_refusal why)
{
    receiver_count_refusal(c->r, why);
    c->wire = WIRE_FAILED;
    c->failed_ms = receiver_now(c->r);
}

/* A session is made when it is needed: who only connects costs nothing. */
static void decide(struct connection *c, unsigned char first)
{
    if (first != TLS_FIRST_BYTE) {
        c->wire = WIRE_REFUSED;
        return;
    }
    c->tls = tls_create(c->r->tls);
    c->wire = WIRE_TLS;
    if (!c->tls)
        fail(c, OTLP_REFUSED_OVERLOAD);
}

static void feed_tls(struct connection *c, struct slice bytes)
{
    enum tls_state before = tls_state(c->tls);
    tls_feed(c->tls, bytes, take_plain, c);
    enum tls_state after = tls_state(c->tls);
    if (c->closing || after == before)
        return;
    if (after == TLS_FAILED)
        fail(c, OTLP_REFUSED_TLS);
    else if (after == TLS_ENDED)
        core_eof(c->core, receiver_now(c->r));
}

void connection_wire_feed(struct connection *c, struct slice bytes)
{
    if (c->wire == WIRE_UNDECIDED)
        decide(c, (unsigned char)bytes.ptr[0]);
    if (c->wire == WIRE_TLS)
        feed_tls(c, bytes);
    else if (c->wire != WIRE_FAILED)
        take_plain(c, bytes);
}

/* Output of the core, unless some is still there. */
static bool refill(struct connection *c)
{
    if (c->out_sent < c->out.len)
        return true;
    if (c->out.cap > CONNECTION_WRITE_MAX)
        buf_finish(&c->out);
    buf_clear(&c->out);
    c->out_sent = 0;
    return core_output(c->core, &c->out) == CT_OK;
}

static struct slice next_plain(const struct connection *c)
{
    return slice_sub(slice_sub(buf_slice(&c->out), c->out_sent, c->out.len), 0, CONNECTION_WRITE_MAX);
}

static bool seal(struct connection *c)
{
    if (c->sealed.cap > 2 * CONNECTION_WRITE_MAX)
        buf_finish(&c->sealed);
    buf_clear(&c->sealed);
    c->sealed_sent = 0;
    enum tls_state state = tls_state(c->tls);
    if (!c->half_closed && (state == TLS_OPEN || state == TLS_ENDED)) {
        if (!refill(c))
            return false;
        struct slice plain = next_plain(c);
        c->sealed_plain = plain.len;
        if (tls_write(c->tls, plain))
            return false;
    }
    return tls_output(c->tls, &c->sealed) == CT_OK;
}

bool connection_wire_next(struct connection *c, struct slice *piece)
{
    *piece = SLICE_LIT("");
    if (!c->tls) {
        if (c->wire == WIRE_FAILED || c->wire == WIRE_UNDECIDED)
            return true;
        if (!refill(c))
            return false;
        *piece = next_plain(c);
        return true;
    }
    if (c->sealed_sent == c->sealed.len && !seal(c))
        return false;
    *piece =
        slice_sub(slice_sub(buf_slice(&c->sealed), c->sealed_sent, c->sealed.len), 0, CONNECTION_WRITE_MAX);
    return true;
}

void connection_wire_sent(struct connection *c, size_t n)
{
    if (c->tls) {
        c->sealed_sent += n;
        if (c->sealed_sent < c->sealed.len)
            return;
        n = c->sealed_plain;
        c->sealed_plain = 0;
    }
    if (!n)
        return;
    c->out_sent += n;
    core_sent(c->core, n, receiver_now(c->r));
}

void connection_wire_end(struct connection *c)
{
    if (c->wire == WIRE_TLS)
        tls_end(c->tls);
}

void connection_wire_broken(struct connection *c, enum otlp_refusal why)
{
    if (c->wire == WIRE_FAILED)
        connection_close(c);
    else if (c->wire == WIRE_TLS && tls_state(c->tls) == TLS_HANDSHAKE)
        receiver_count_refusal(c->r, why);
}

bool connection_wire_wants_input(const struct connection *c)
{
    if (c->wire == WIRE_FAILED)
        return true;
    return core_wants_input(c->core) && (!c->tls || tls_pending(c->tls) < TLS_OUT_HIGH);
}
