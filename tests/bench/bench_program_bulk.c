/* Large batches: the records of one recorded turn again and again, each time under ids and times of its own.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "bench_program.h"

#include "capture.h"
#include "clock.h"
#include "mem.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define CAPTURE       "tools-protobuf"
#define SESSIONS      40
#define TURNS         16 /* in one request: 832 log records, or 336 spans of the same turns after them */
#define TURN_APART_NS (3 * NS_PER_SEC)        /* a session's turns follow one another */
#define HISTORY_NS    (6 * 3600 * NS_PER_SEC) /* they began so long ago */
#define SEQUENCE_LEN  5                       /* bytes: a varint of one length for all numbers */
#define HEX_LEN       8
#define PIPELINED     2
#define LATE_S        0.25

/* ------------------------------------------------------------------------------------ protobuf, unchecked */

struct field {
    uint32_t tag;
    unsigned wire;
    uint64_t number;
    struct slice bytes; /* of wire types 1, 2 and 5 */
};

static uint64_t take_varint(struct slice *from)
{
    uint64_t value = 0;
    for (unsigned shift = 0; from->len; shift += 7) {
        uint8_t byte = (uint8_t)from->ptr[0];
        *from = slice_sub(*from, 1, from->len);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

static bool next_field(struct slice *from, struct field *f)
{
    if (!from->len)
        return false;
    uint64_t key = take_varint(from), len = 0;
    *f = (struct field){.tag = (uint32_t)(key >> 3), .wire = key & 7};
    if (f->wire == 0)
        f->number = take_varint(from);
    else
        len = f->wire == 1 ? 8 : f->wire == 5 ? 4 : take_varint(from);
    if (len > from->len)
        die("a capture is not protobuf");
    f->bytes = slice_sub(*from, 0, len);
    *from = slice_sub(*from, len, from->len);
    return true;
}

static struct slice find_field(struct slice message, uint32_t tag)
{
    struct field f;
    while (next_field(&message, &f))
        if (f.tag == tag)
            return f.bytes;
    return SLICE_NULL;
}

static void put_varint(struct buf *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        buf_append_char(out, (char)(value | 0x80));
    buf_append_char(out, (char)value);
}

static void put_field(struct buf *out, uint32_t tag, unsigned wire, struct slice bytes)
{
    put_varint(out, (uint64_t)tag << 3 | wire);
    if (wire == 2)
        put_varint(out, bytes.len);
    if (buf_append(out, bytes))
        die("no memory");
}

/* --------------------------------------------------------------------------------------------- one turn */

enum patch_kind { PATCH_SESSION, PATCH_TEXT_ID, PATCH_ID, PATCH_TIME, PATCH_SEQUENCE };

struct patch {
    uint32_t at; /* of what is replaced, in the turn's bytes */
    enum patch_kind kind;
    uint64_t value; /* TIME, SEQUENCE: as recorded, less the first one */
};

struct turn {
    struct buf resource, scope; /* fields of ResourceLogs and ScopeLogs, or the same of spans */
    struct buf records;         /* fields of the latter */
    size_t count;
    struct patch *patches;
    size_t patch_count;
};

struct bulk {
    struct turn turns[2]; /* BENCH_LOGS, BENCH_TRACES */
    uint64_t first_ns;    /* recorded */
    uint64_t start_ns;
    struct {
        uint64_t logs, spans; /* turns that were sent */
    } sessions[SESSIONS];
    uint64_t requests;
};

static void add_patch(struct turn *t, enum patch_kind kind, size_t at, uint64_t value)
{
    t->patches = mem_grow(t->patches, t->patch_count + 1, sizeof *t->patches);
    t->patches[t->patch_count++] = (struct patch){(uint32_t)at, kind, value};
}

/* A recorded attribute; a sequence number gets room for higher ones. Positions are those in the record. */
static void add_attribute(struct turn *t, struct buf *record, uint32_t tag, struct slice attribute)
{
    static const char *const ids[] = {"prompt.id", "request_id", "tool_use_id", "message.uuid",
                                      "gen_ai.tool.call.id"};
    static const char room[] = {0x18, (char)0x80, (char)0x80, (char)0x80, (char)0x80, 0};
    struct slice key = find_field(attribute, 1), value = find_field(attribute, 2);
    struct field f = {0};
    next_field(&value, &f);
    if (slice_eq_str(key, "event.sequence")) {
        struct buf made;
        buf_init(&made, SIZE_MAX);
        put_field(&made, 1, 2, key);
        put_field(&made, 2, 2, slice_make(room, sizeof room));
        put_field(record, tag, 2, buf_slice(&made));
        buf_finish(&made);
        add_patch(t, PATCH_SEQUENCE, record->len - SEQUENCE_LEN, f.number);
        return;
    }
    bool is_session = slice_eq_str(key, "session.id"), is_id = is_session;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        is_id = is_id || slice_eq_str(key, ids[i]);
    put_field(record, tag, 2, attribute);
    if (is_id && f.bytes.len > HEX_LEN)
        add_patch(t, is_session ? PATCH_SESSION : PATCH_TEXT_ID, record->len - HEX_LEN, 0);
}

static bool has_attribute(struct slice record, uint32_t tag, const char *key)
{
    struct field f;
    while (next_field(&record, &f))
        if (f.tag == tag && slice_eq_str(find_field(f.bytes, 1), key))
            return true;
    return false;
}

/* Field numbers: LogRecord and Span of opentelemetry-proto v1. */
static void add_record(struct bulk *b, struct turn *t, bool is_span, struct slice recorded)
{
    struct buf record;
    struct field f;
    size_t first = t->patch_count;
    uint64_t value;
    buf_init(&record, SIZE_MAX);
    while (next_field(&recorded, &f)) {
        bool is_time = is_span ? f.tag == 7 || f.tag == 8 : f.tag == 1 || f.tag == 11;
        bool is_id = is_span ? f.tag == 1 || f.tag == 2 || f.tag == 4 : f.tag == 9 || f.tag == 10;
        if (f.tag == (is_span ? 9 : 6)) {
            add_attribute(t, &record, f.tag, f.bytes);
            continue;
        }
        if (f.wire == 0) {
            put_varint(&record, (uint64_t)f.tag << 3);
            put_varint(&record, f.number);
            continue;
        }
        put_field(&record, f.tag, f.wire, f.bytes);
        if (is_time && f.bytes.len == 8) {
            memcpy(&value, f.bytes.ptr, 8);
            b->first_ns = !b->first_ns || value < b->first_ns ? value : b->first_ns;
            add_patch(t, PATCH_TIME, record.len - 8, value);
        } else if (is_id && f.bytes.len >= 8) {
            add_patch(t, PATCH_ID, record.len - f.bytes.len, 0);
        }
    }
    put_field(&t->records, 2, 2, buf_slice(&record));
    for (size_t i = first; i < t->patch_count; i++)
        t->patches[i].at += (uint32_t)(t->records.len - record.len);
    t->count++;
    buf_finish(&record);
}

/* What the client says before the first prompt belongs to no turn. */
static void add_body(struct bulk *b, unsigned signal, struct slice body)
{
    struct turn *t = &b->turns[signal];
    bool is_span = signal == BENCH_TRACES;
    struct slice group = find_field(body, 1), scope = find_field(group, 2);
    struct field f;
    if (!t->count) {
        put_field(&t->resource, 1, 2, find_field(group, 1));
        put_field(&t->scope, 1, 2, find_field(scope, 1));
    }
    while (next_field(&scope, &f))
        if (f.tag == 2 && (is_span || has_attribute(f.bytes, 6, "prompt.id")))
            add_record(b, t, is_span, f.bytes);
}

struct bulk *bulk_load(void)
{
    struct bulk *b = mem_alloc(sizeof *b);
    struct capture c;
    *b = (struct bulk){.start_ns = (uint64_t)(clock_wall() - HISTORY_NS)};
    for (size_t i = 0; i < 2; i++) {
        buf_init(&b->turns[i].resource, SIZE_MAX);
        buf_init(&b->turns[i].scope, SIZE_MAX);
        buf_init(&b->turns[i].records, SIZE_MAX);
    }
    capture_load(&c, CAPTURE, CAPTURE_WITHOUT_HOOKS);
    for (size_t i = 0; i < c.count; i++) {
        enum frame_signal signal = frame_signal(&c.frames[i]);
        if (signal == FRAME_LOGS || signal == FRAME_TRACES)
            add_body(b, signal == FRAME_LOGS ? BENCH_LOGS : BENCH_TRACES, c.frames[i].body);
    }
    capture_free(&c);
    if (!b->turns[BENCH_LOGS].count || !b->turns[BENCH_TRACES].count)
        die("no records in the capture");
    return b;
}

void bulk_free(struct bulk *b)
{
    for (size_t i = 0; i < 2; i++) {
        buf_finish(&b->turns[i].resource);
        buf_finish(&b->turns[i].scope);
        buf_finish(&b->turns[i].records);
        free(b->turns[i].patches);
    }
    free(b);
}

/* ------------------------------------------------------------------------------------------------ requests
 */

static void put_hex(char *at, uint64_t value)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HEX_LEN; i++)
        at[i] = digits[value >> (4 * (HEX_LEN - 1 - i)) & 15];
}

/* One turn more of the session, its number the same for all signals. */
static void put_turn(const struct bulk *b, const struct turn *t, size_t session, uint64_t number,
                     struct buf *out)
{
    if (buf_append(out, buf_slice(&t->records)))
        die("no memory");
    char *base = out->data + out->len - t->records.len;
    uint64_t unique = (session + 1) << 24 | number, value;
    uint64_t start_ns = b->start_ns + number * (uint64_t)TURN_APART_NS - b->first_ns;
    for (size_t i = 0; i < t->patch_count; i++) {
        const struct patch *p = &t->patches[i];
        char *at = base + p->at;
        switch (p->kind) {
        case PATCH_SESSION:
            put_hex(at, session);
            break;
        case PATCH_TEXT_ID:
            put_hex(at, unique);
            break;
        case PATCH_ID:
            for (size_t k = 0; k < 4; k++)
                at[k] = (char)(at[k] ^ (char)(unique >> (8 * k)));
            break;
        case PATCH_TIME:
            value = p->value + start_ns;
            memcpy(at, &value, 8);
            break;
        case PATCH_SEQUENCE:
            value = p->value + number * b->turns[BENCH_LOGS].count;
            for (unsigned k = 0; k < SEQUENCE_LEN; k++)
                at[k] = (char)((value >> (7 * k) & 0x7f) | (k + 1 < SEQUENCE_LEN ? 0x80 : 0));
            break;
        }
    }
}

static size_t varint_len(uint64_t value)
{
    size_t len = 1;
    while (value >>= 7)
        len++;
    return len;
}

size_t bulk_request(struct bulk *b, struct buf *out)
{
    uint64_t n = b->requests++, round = n / SESSIONS;
    size_t session = n % SESSIONS;
    bool is_spans = round % 2;
    const struct turn *t = &b->turns[is_spans ? BENCH_TRACES : BENCH_LOGS];
    uint64_t *number = is_spans ? &b->sessions[session].spans : &b->sessions[session].logs;
    size_t scope = t->scope.len + TURNS * t->records.len;
    size_t group = t->resource.len + 1 + varint_len(scope) + scope;
    buf_printf(out,
               "POST /v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
               "User-Agent: OTel-OTLP-Exporter-JavaScript/0.208.0\r\nContent-Length: %zu\r\n\r\n",
               is_spans ? "traces" : "logs", 1 + varint_len(group) + group);
    put_varint(out, 1 << 3 | 2);
    put_varint(out, group);
    buf_append(out, buf_slice(&t->resource));
    put_varint(out, 2 << 3 | 2);
    put_varint(out, scope);
    buf_append(out, buf_slice(&t->scope));
    for (size_t i = 0; i < TURNS; i++)
        put_turn(b, t, session, (*number)++, out);
    return TURNS * t->count;
}

/* ------------------------------------------------------------------------------------------------- sender
 */

struct bulk_connection {
    int fd;
    struct buf out;
    size_t sent;
    struct buf in;
    uint64_t records[PIPELINED]; /* of the requests that are not answered, oldest first */
    size_t waiting;
};

static void take_answers(struct bulk_connection *c, struct bulk_counters *counters)
{
    static const char length[] = "Content-Length: ", good[] = "HTTP/1.1 200";
    char block[4096];
    ssize_t n = recv(c->fd, block, sizeof block, 0);
    if (n == 0)
        die("the server closed a connection");
    if (n < 0)
        return;
    buf_append(&c->in, slice_make(block, (size_t)n));
    for (;;) {
        struct slice all = buf_slice(&c->in);
        size_t head = slice_find_slice(all, SLICE_LIT("\r\n\r\n"));
        size_t at = slice_find_slice(all, SLICE_LIT(length));
        if (head >= all.len)
            return;
        if (!slice_starts(all, SLICE_LIT(good)) || at > head || !c->waiting)
            die("a large request was refused");
        size_t whole = head + 4 + strtoul(all.ptr + at + sizeof length - 1, NULL, 10);
        if (whole > all.len)
            return;
        buf_consume(&c->in, whole);
        atomic_fetch_add(&counters->records, c->records[0]);
        atomic_fetch_add(&counters->requests, 1);
        memmove(c->records, c->records + 1, (PIPELINED - 1) * sizeof *c->records);
        c->waiting--;
    }
}

static void send_some(struct bulk_connection *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        c->sent += (size_t)n;
    }
    buf_clear(&c->out);
    c->sent = 0;
}

struct bulk_counters *bulk_counters_create(void)
{
    void *shared =
        mmap(NULL, sizeof(struct bulk_counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        die("no shared memory");
    return shared;
}

void bulk_send(struct bulk *b, unsigned port, size_t connections, double per_second,
               struct bulk_counters *counters)
{
    struct bulk_connection c[CONNECTIONS_MAX] = {0};
    struct pollfd fds[CONNECTIONS_MAX];
    for (size_t i = 0; i < connections; i++) {
        c[i].fd = dial(port);
        buf_init(&c[i].out, SIZE_MAX);
        buf_init(&c[i].in, SIZE_MAX);
    }
    double sent = 0;
    size_t first = 0;
    int64_t began = clock_mono();
    for (;;) {
        double due = per_second > 0 ? (double)(clock_mono() - began) / 1e9 * per_second : 0;
        first = (first + 1) % connections;
        for (size_t k = 0; k < connections; k++) {
            size_t i = (first + k) % connections; /* by turns: one that never asks anything is closed */
            bool wants = !c[i].out.len && c[i].waiting < PIPELINED;
            if (wants && (per_second <= 0 || sent < due)) {
                c[i].records[c[i].waiting] = bulk_request(b, &c[i].out);
                sent += (double)c[i].records[c[i].waiting++];
            }
            send_some(&c[i]);
            fds[i] =
                (struct pollfd){.fd = c[i].fd, .events = (short)(c[i].out.len ? POLLIN | POLLOUT : POLLIN)};
        }
        /* What the program could not take in time is not caught up with. */
        if (per_second > 0 && due - sent > per_second * LATE_S)
            began += (int64_t)((due - sent) / per_second * 1e9);
        if (poll(fds, connections, 1) < 0)
            die("cannot wait");
        for (size_t i = 0; i < connections; i++)
            if (fds[i].revents)
                take_answers(&c[i], counters);
    }
}
