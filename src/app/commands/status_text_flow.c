/* The flow of a status for people: what is wrong, what came and went, who sent it. */
#include "status_text.h"

#include <stdio.h>
#include <string.h>

#define CLIENTS_SHOWN 5
#define CLIENT_COLS   38
#define VIA_COLS      16

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const cJSON *first(const cJSON *o, const char *key)
{
    const cJSON *list = member(o, key);
    return list ? list->child : NULL;
}

static void begin(struct buf *out)
{
    buf_append_str(out, "! ");
}

/* "1 request", "12.4k requests" */
static void put_count(struct buf *out, int64_t n, const char *one, const char *many)
{
    char text[FORMAT_MAX];
    buf_printf(out, "%s %s", format_count_wide(n, text), n == 1 ? one : many);
}

static void put_requests(struct buf *out, int64_t n)
{
    put_count(out, n, "request", "requests");
}

static void put_bytes(struct buf *out, int64_t n)
{
    char text[FORMAT_MAX];
    buf_printf(out, "%sB", format_count_wide(n, text));
}

static void lost(const cJSON *flow, const cJSON *journal, struct buf *out)
{
    int64_t dropped = status_number(flow, "dropped"), memory = status_number(journal, "unsaved_dropped");
    int64_t unsaved = status_number(journal, "unsaved_frames");
    if (dropped) {
        begin(out);
        put_requests(out, dropped);
        buf_append_str(out, " lost: the journal was full or damaged before an upstream had them "
                            "(journal.max_bytes, journal.max_age)\n");
    }
    if (memory) {
        begin(out);
        put_requests(out, memory);
        buf_append_str(out, " lost: the disk refused them, and there were too many to keep in memory\n");
    }
    if (unsaved) {
        begin(out);
        put_requests(out, unsaved);
        buf_append_str(out, " (");
        put_bytes(out, status_number(journal, "unsaved_bytes"));
        buf_append_str(out, ") only in memory: the disk refuses them; make room on it\n");
    }
}

static void upstream(const cJSON *u, struct buf *out)
{
    const char *health = status_string(u, "health"), *words = status_string(u, "last_error");
    const cJSON *queued = member(u, "queued");
    bool retrying = strcmp(health, "retrying") == 0;
    int64_t rejected = status_number(u, "rejected"), partial = status_number(u, "partial_successes");
    int64_t held = status_number(u, "held");
    if (!retrying && !rejected && !partial && !held)
        return;
    begin(out);
    const char *name = status_string(u, "name");
    buf_printf(out, "upstream %s%s%s %s: ", strcmp(name, "upstream") == 0 ? "" : name,
               strcmp(name, "upstream") == 0 ? "" : " ", status_string(u, "protocol"),
               status_string(u, "address"));
    const char *between = "";
    if (retrying) {
        char age[FORMAT_MAX];
        put_requests(out, status_number(queued, "requests"));
        buf_append_str(out, " (");
        put_bytes(out, status_number(queued, "bytes"));
        buf_printf(out, ") waiting, the oldest for %s",
                   format_age(status_number(queued, "oldest_seconds") * INT64_C(1000000000), age));
        between = "; ";
    }
    if (rejected) {
        buf_append_str(out, between);
        put_requests(out, rejected);
        buf_append_str(out, " refused by it for good");
        between = "; ";
    }
    if (partial) {
        buf_append_str(out, between);
        put_requests(out, partial);
        buf_append_str(out, " taken in part, ");
        put_count(out, status_number(u, "rejected_records"), "record", "records");
        buf_append_str(out, " not");
        between = "; ";
    }
    if (held) {
        buf_append_str(out, between);
        put_requests(out, held);
        buf_append_str(out, " held for an upstream of the other transport");
        between = "; ";
    }
    if (!words[0] && (rejected || partial))
        words = status_string(u, "last_refusal");
    if (words[0])
        buf_printf(out, ": %s", words);
    buf_append_char(out, '\n');
}

static const char *settings_of(const cJSON *flow, const char *limit)
{
    for (const cJSON *l = first(flow, "limits"); l; l = l->next)
        if (strcmp(status_string(l, "limit"), limit) == 0)
            return status_string(l, "settings");
    return "";
}

static void refused(const cJSON *flow, struct buf *out)
{
    const cJSON *reasons = first(flow, "refused");
    int64_t sum = 0;
    for (const cJSON *r = reasons; r; r = r->next)
        sum += (int64_t)r->valuedouble;
    if (!sum)
        return;
    begin(out);
    put_requests(out, sum);
    buf_append_str(out, " refused:");
    for (const cJSON *r = reasons; r; r = r->next) {
        char n[FORMAT_MAX];
        const char *settings = settings_of(flow, r->string);
        buf_printf(out, "%s %s %s", r == reasons ? "" : ",", format_count_wide((int64_t)r->valuedouble, n),
                   r->string);
        if (settings[0])
            buf_printf(out, " (%s)", settings);
    }
    buf_append_char(out, '\n');
}

/* One line for a counter that is not zero. */
static void counter(const cJSON *o, const char *key, const char *one, const char *many, const char *words,
                    struct buf *out)
{
    int64_t n = status_number(o, key);
    if (!n)
        return;
    begin(out);
    put_count(out, n, one, many);
    buf_printf(out, " %s\n", words);
}

void status_text_problems(const cJSON *flow, struct buf *out)
{
    const cJSON *journal = member(flow, "journal");
    lost(flow, journal, out);
    for (const cJSON *u = first(flow, "upstreams"); u; u = u->next)
        upstream(u, out);
    refused(flow, out);
    counter(flow, "decode_errors", "request", "requests", "accepted, but not understood", out);
    counter(journal, "corrupt_segments", "segment", "segments", "of the journal set aside as corrupt", out);
    counter(journal, "damaged_frames", "frame", "frames", "of the journal found damaged", out);
    counter(journal, "io_errors", "write", "writes", "that the disk refused", out);
    for (const cJSON *l = first(flow, "limits"); l; l = l->next) {
        if (strcmp(status_string(l, "limit"), "model") != 0)
            continue;
        begin(out);
        put_count(out, status_number(l, "hits"), "session or event", "sessions and events");
        buf_printf(out, " not shown, for want of memory (%s)\n", status_string(l, "settings"));
    }
}

static void client_line(const cJSON *c, struct buf *out)
{
    char requests[FORMAT_MAX], bytes[FORMAT_MAX], spans[FORMAT_MAX], logs[FORMAT_MAX], points[FORMAT_MAX],
        hooks[FORMAT_MAX], no[FORMAT_MAX], via[64];
    const char *name = status_string(c, "user_agent");
    int64_t refusals = 0;
    for (const cJSON *r = first(c, "refused"); r; r = r->next)
        refusals += (int64_t)r->valuedouble;
    snprintf(via, sizeof via, "%s%s %s", cJSON_IsTrue(member(c, "local")) ? "local " : "",
             status_string(c, "transport"), status_string(c, "encoding"));
    status_text_put(out, name[0] ? name : "(without a name)", CLIENT_COLS);
    buf_append_str(out, "  ");
    status_text_put(out, via, VIA_COLS);
    buf_printf(out, " %5s %5s %5s %5s %6s %5s %7s\n",
               format_count_wide(status_number(c, "requests"), requests),
               format_count_wide(status_number(c, "bytes"), bytes),
               format_count_wide(status_number(c, "spans"), spans),
               format_count_wide(status_number(c, "logs"), logs),
               format_count_wide(status_number(c, "metric_points"), points),
               format_count_wide(status_number(c, "hooks"), hooks), format_count_wide(refusals, no));
}

/* Traces that we make of sessions: whether, of how many, what was sent and what waits. */
static void synthesis(const cJSON *flow, struct buf *out)
{
    const cJSON *state = member(flow, "synthesis"), *sums = member(flow, "synthesized");
    int64_t native = status_number(state, "native"), stopped = status_number(state, "stopped");
    if (!cJSON_IsObject(state))
        return;
    buf_append_str(out, "traces ");
    if (!cJSON_IsTrue(member(state, "on"))) {
        const char *why = status_string(state, "off_because");
        buf_printf(out, "are not made of sessions: %s\n",
                   strcmp(why, "setting") == 0 ? "synthesize = never" : "no upstream takes traces");
        return;
    }
    buf_append_str(out, "made of ");
    put_count(out, status_number(state, "sessions"), "session", "sessions");
    buf_printf(out, " (synthesize = %s): ", status_string(state, "mode"));
    put_count(out, status_number(sums, "spans"), "span", "spans");
    buf_append_str(out, " sent, ");
    put_count(out, status_number(sums, "pending"), "turn or call", "turns and calls");
    buf_append_str(out, " waiting for what may still come");
    if (native) {
        buf_append_str(out, "; not of ");
        put_count(out, native, "session that sends its own", "sessions that send their own");
    }
    if (stopped) {
        buf_append_str(out, "; stopped in ");
        put_count(out, stopped, "session that began to", "sessions that began to");
    }
    buf_append_char(out, '\n');
}

void status_text_flow(const cJSON *flow, struct buf *out)
{
    const cJSON *received = member(flow, "received"), *forwarded = member(flow, "forwarded");
    const cJSON *clients = member(flow, "clients");
    int count = cJSON_GetArraySize(clients);
    if (!status_number(received, "requests") && !count)
        return;
    buf_append_str(out, "\nreceived ");
    put_requests(out, status_number(received, "requests"));
    buf_append_str(out, " (");
    put_bytes(out, status_number(received, "bytes"));
    buf_append_char(out, ')');
    if (cJSON_IsObject(member(flow, "upstream"))) {
        buf_append_str(out, ", forwarded ");
        put_requests(out, status_number(forwarded, "requests"));
        buf_append_str(out, " (");
        put_bytes(out, status_number(forwarded, "bytes"));
        buf_append_str(out, "), ");
        put_requests(out, status_number(member(flow, "queued"), "requests"));
        buf_append_str(out, " waiting");
    }
    buf_append_str(out, ", ");
    put_count(out, status_number(flow, "connections_open"), "connection", "connections");
    buf_append_str(out, " open\n");
    synthesis(flow, out);
    if (!count)
        return;
    status_text_put(out, "CLIENT", CLIENT_COLS);
    buf_append_str(out, "  ");
    status_text_put(out, "VIA", VIA_COLS);
    buf_append_str(out, "   REQ BYTES SPANS  LOGS POINTS HOOKS REFUSED\n");
    int shown = 0;
    for (const cJSON *c = clients->child; c && shown < CLIENTS_SHOWN; c = c->next, shown++)
        client_line(c, out);
    int64_t more = (count > CLIENTS_SHOWN ? count - CLIENTS_SHOWN : 0) +
                   status_number(member(flow, "clients_other"), "clients");
    if (more)
        buf_printf(out, "and %lld more: claude-top status --json\n", (long long)more);
}
