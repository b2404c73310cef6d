/*
 * h2_peer.h - an HTTP/2 client for tests of the core: a libnghttp2 client session against a host
 * (http1_host.h), with the client's bytes cut in any way and recorded.
 */
#ifndef CT_TESTS_OTLP_H2_PEER_H
#define CT_TESTS_OTLP_H2_PEER_H

#include "grpc.h"
#include "h2.h"
#include "http1_host.h"

#include <nghttp2/nghttp2.h>

#define PEER_STREAMS_MAX 512

#define PEER_LOGS "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

struct peer_stream {
    int32_t id;
    struct buf body; /* of the request: what is still to be sent */
    size_t body_at;
    bool end_apart;   /* END_STREAM comes on a DATA frame of its own */
    bool more;        /* the body goes on: see peer_add() */
    size_t frame_max; /* DATA frames carry at most this much; 0: as the session likes */

    int status;
    int grpc_status; /* -1: none came */
    char content_type[64];
    char message[512]; /* grpc-message as it came */
    char details[1024];
    char accept[64];    /* grpc-accept-encoding */
    char headers[1024]; /* all others, "name=value\n" */
    unsigned blocks;    /* header blocks: 1 is trailers-only */
    bool continued;     /* 100 */
    struct buf reply;
    bool closed;
    uint32_t code; /* of the end */
};

struct peer {
    struct host host;
    nghttp2_session *client;
    struct buf sent; /* everything that was fed to the host */
    size_t read;     /* of host.out */
    struct peer_stream streams[PEER_STREAMS_MAX];
    size_t count;
    enum host_cut cut;
    unsigned seed;
    bool broken; /* the core's bytes made no sense to the client */
    unsigned goaways;
    uint32_t goaway_code;
    int32_t goaway_last;
    unsigned ping_acks, settings_acks;
    unsigned stream_updates, connection_updates; /* WINDOW_UPDATE frames that came */
};

void peer_init(struct peer *p); /* p->host may be changed before peer_open() */
void peer_open(struct peer *p);
/* With that window for responses (SETTINGS_INITIAL_WINDOW_SIZE). */
void peer_open_window(struct peer *p, uint32_t window);
void peer_finish(struct peer *p);

/* Moves bytes both ways until nothing moves. */
void peer_run(struct peer *p);
/* Feeds bytes that no client session would send. */
void peer_raw(struct peer *p, struct slice bytes);

struct peer_header {
    const char *name;
    const char *value;
};

/* Submits a POST of that content type. extra ends with a NULL name, and may replace :method. */
struct peer_stream *peer_post(struct peer *p, const char *path, const char *content_type,
                              const struct peer_header *extra, struct slice body);
/* A gRPC call: the body is framed here. */
struct peer_stream *peer_call(struct peer *p, const char *path, const struct peer_header *extra,
                              struct slice message);
/* A gRPC call whose body is sent as it stands. */
struct peer_stream *peer_call_raw(struct peer *p, const char *path, const struct peer_header *extra,
                                  struct slice body);
/* Keeps a body open from before the first peer_run(), and goes on with it. */
void peer_keep_open(struct peer_stream *s);
void peer_add(struct peer *p, struct peer_stream *s, struct slice bytes, bool end);

/* Appends one frame. */
void peer_frame(struct buf *out, uint8_t type, uint8_t flags, int32_t id, struct slice payload);
/* The client's preface and empty SETTINGS. */
void peer_greeting(struct buf *out);
/* Appends the header block of a gRPC call (static and literal entries only). */
void peer_block(struct buf *out);

#endif
