/*
 * clients.h - what each client sent and what it was told, counted since the start.
 *
 * A client is a product with its version, as its User-Agent names itself, on one transport, in one encoding.
 * The table has CLIENTS_MAX rows. When it is full, the row that was not heard of for longest is added to
 * `other` and its place given to the newcomer: sums stay right whatever senders call themselves, and clients
 * that keep talking keep their rows. Nothing is allocated and nothing takes longer than a look at each row.
 */
#ifndef CT_APP_CLIENTS_H
#define CT_APP_CLIENTS_H

#include "otlp_limits.h"
#include "slice.h"

#include <stdbool.h>

#define CLIENTS_MAX 64
/* Bytes of a name that count; longer ones are cut. */
#define CLIENT_NAME_MAX 96

enum client_transport { CLIENT_HTTP1, CLIENT_HTTP2, CLIENT_GRPC };
enum client_encoding { CLIENT_PROTOBUF, CLIENT_JSON, CLIENT_HOOK, CLIENT_UNKNOWN };

/* Compressions seen, as bits of client.compressions. */
enum client_compression {
    CLIENT_PLAIN = 1,
    CLIENT_GZIP = 2,
    CLIENT_ZSTD = 4,
    CLIENT_OTHER_COMPRESSION = 8, /* refused */
};

struct client_counts {
    uint64_t requests; /* accepted ones, hooks included */
    uint64_t bytes;    /* of their bodies, as sent */
    uint64_t spans;
    uint64_t logs;
    uint64_t metric_points;
    uint64_t profiles; /* requests */
    uint64_t hooks;
    uint64_t refused[OTLP_REFUSAL_COUNT]; /* requests turned away, by reason */
    uint64_t decode_errors;               /* accepted, but not understood */
};

struct client {
    char name[CLIENT_NAME_MAX + 4]; /* cleaned; "" when it does not say */
    enum client_transport transport;
    enum client_encoding encoding;
    bool local; /* over the Unix socket */
    unsigned compressions;
    int64_t first_ns; /* wall clock */
    int64_t last_ns;
    struct client_counts counts;

    /* The table's own: the name as sent, by which it is found again. */
    char raw[CLIENT_NAME_MAX];
    size_t raw_len;
};

struct clients {
    struct client rows[CLIENTS_MAX];
    size_t count;
    size_t latest;              /* the row that was asked for last */
    struct client_counts other; /* of rows that made room */
    uint64_t folded;            /* how many did */
};

struct client_key {
    struct slice user_agent; /* of any length, from the network */
    enum client_transport transport;
    enum client_encoding encoding;
    bool local;
};

/* All zero is an empty table. */

/* The row of that client, made where there is none; valid until the next call. */
struct client *clients_row(struct clients *t, const struct client_key *key, int64_t now_ns);

/*
 * A frame was accepted, but cannot be read: of what is left of it only name and encoding are known. Counts
 * for the client of that name that was heard of last, or as other.
 */
void clients_decode_error(struct clients *t, struct slice user_agent, enum client_encoding encoding);

/* Bit of one Content-Encoding or grpc-encoding; absent or "identity" is CLIENT_PLAIN. */
enum client_compression client_compression_of(struct slice encoding);

const char *client_transport_name(enum client_transport transport); /* "http1", "http2", "grpc" */
const char *client_encoding_name(enum client_encoding encoding); /* "protobuf", "json", "hook", "unknown" */

/*
 * The product and version that a User-Agent begins with: up to the blank behind the first '/', and without
 * comments in parentheses. "OTel OTLP Exporter Go/1.44.0 (linux)" is "OTel OTLP Exporter Go/1.44.0".
 */
struct slice client_product(struct slice user_agent);

uint64_t client_refused_total(const struct client_counts *c);

#endif
