#include "clients.h"

#include "decode.h"
#include "text.h"

struct slice client_product(struct slice user_agent)
{
    size_t i = 0, end = user_agent.len;
    bool version = false;
    for (; i < end; i++) {
        char ch = user_agent.ptr[i];
        if (ch == '(' || (version && (ch == ' ' || ch == '\t')))
            break;
        version |= ch == '/';
        if (i == CLIENT_NAME_MAX)
            break;
    }
    while (i && (user_agent.ptr[i - 1] == ' ' || user_agent.ptr[i - 1] == '\t'))
        i--;
    return slice_sub(user_agent, 0, i);
}

static bool is_row(const struct client *row, struct slice product, const struct client_key *key)
{
    return row->transport == key->transport && row->encoding == key->encoding && row->local == key->local &&
           slice_eq(slice_make(row->raw, row->raw_len), product);
}

static void fold(struct client_counts *sum, const struct client_counts *c)
{
    sum->requests += c->requests;
    sum->bytes += c->bytes;
    sum->spans += c->spans;
    sum->logs += c->logs;
    sum->metric_points += c->metric_points;
    sum->profiles += c->profiles;
    sum->hooks += c->hooks;
    sum->decode_errors += c->decode_errors;
    for (size_t i = 0; i < OTLP_REFUSAL_COUNT; i++)
        sum->refused[i] += c->refused[i];
}

/* An empty place, or that of the row that was not heard of for longest. */
static size_t make_room(struct clients *t)
{
    if (t->count < CLIENTS_MAX)
        return t->count++;
    size_t oldest = 0;
    for (size_t i = 1; i < CLIENTS_MAX; i++)
        if (t->rows[i].last_ns < t->rows[oldest].last_ns)
            oldest = i;
    fold(&t->other, &t->rows[oldest].counts);
    t->folded++;
    return oldest;
}

struct client *clients_row(struct clients *t, const struct client_key *key, int64_t now_ns)
{
    struct slice product = client_product(key->user_agent);
    size_t at = t->latest;
    if (at >= t->count || !is_row(&t->rows[at], product, key))
        for (at = 0; at < t->count && !is_row(&t->rows[at], product, key);)
            at++;
    if (at == t->count) {
        at = make_room(t);
        struct client *row = &t->rows[at];
        *row = (struct client){.transport = key->transport,
                               .encoding = key->encoding,
                               .local = key->local,
                               .first_ns = now_ns,
                               .raw_len = product.len};
        if (product.len)
            memcpy(row->raw, product.ptr, product.len);
        text_clean(product, row->name, sizeof row->name);
    }
    t->latest = at;
    t->rows[at].last_ns = now_ns;
    return &t->rows[at];
}

void clients_decode_error(struct clients *t, struct slice user_agent, enum client_encoding encoding)
{
    struct slice product = client_product(user_agent);
    struct client *latest = NULL;
    for (size_t i = 0; i < t->count; i++) {
        struct client *row = &t->rows[i];
        if (row->encoding == encoding && slice_eq(slice_make(row->raw, row->raw_len), product) &&
            (!latest || row->last_ns > latest->last_ns))
            latest = row;
    }
    if (latest)
        latest->counts.decode_errors++;
    else
        t->other.decode_errors++;
}

enum client_compression client_compression_of(struct slice encoding)
{
    static const enum client_compression bits[] = {
        [OTLP_IDENTITY] = CLIENT_PLAIN, [OTLP_GZIP] = CLIENT_GZIP, [OTLP_ZSTD] = CLIENT_ZSTD};
    enum otlp_compression compression;
    return otlp_compression_parse(encoding, &compression) ? bits[compression] : CLIENT_OTHER_COMPRESSION;
}

const char *client_transport_name(enum client_transport transport)
{
    static const char *const names[] = {
        [CLIENT_HTTP1] = "http1", [CLIENT_HTTP2] = "http2", [CLIENT_GRPC] = "grpc"};
    return names[transport];
}

const char *client_encoding_name(enum client_encoding encoding)
{
    static const char *const names[] = {[CLIENT_PROTOBUF] = "protobuf",
                                        [CLIENT_JSON] = "json",
                                        [CLIENT_HOOK] = "hook",
                                        [CLIENT_UNKNOWN] = "unknown"};
    return names[encoding];
}

uint64_t client_refused_total(const struct client_counts *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < OTLP_REFUSAL_COUNT; i++)
        sum += c->refused[i];
    return sum;
}
