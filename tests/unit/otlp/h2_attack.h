/*
 * h2_attack.h - a hostile HTTP/2 peer that writes frames by hand, and what its connection costs us.
 */
#ifndef CT_TESTS_OTLP_H2_ATTACK_H
#define CT_TESTS_OTLP_H2_ATTACK_H

#include "h2_peer.h"
#include "memory.h"

#define ATTACK_NO_GOAWAY UINT32_MAX

/* What attacks may cost, by what they reach: the session with its queues of small frames, a header block on
   its way beside what it decodes to, a stream with its exchange, and a whole request that the handler has. */
#define ATTACK_CONNECTION_BYTES ((size_t)96 * 1024)
#define ATTACK_BLOCK_BYTES      ((size_t)4 * 64 * 1024) /* four times otlp_limits.header_bytes */
#define ATTACK_STREAM_BYTES     ((size_t)8 * 1024)
#define ATTACK_REQUEST_BYTES    ((size_t)18 * 1024) /* a stream, and the first room of a body */

struct attack {
    struct host host;
    struct buf frames; /* what is sent next; see attack_send() */
    size_t fed;
    uint32_t goaway;                   /* error code of the last GOAWAY */
    unsigned resets;                   /* RST_STREAM frames that came */
    uint32_t reset_code;               /* of the last one */
    unsigned headers, pings, settings; /* HEADERS, PING and SETTINGS frames that came */
};

void attack_init(struct attack *a); /* a->host may be changed before attack_open() */
/* With the client's preface and SETTINGS; memory is watched from here on (memory.h). */
void attack_open(struct attack *a);
void attack_finish(struct attack *a);

/* Adds a frame to a->frames. */
void attack_frame(struct attack *a, uint8_t type, uint8_t flags, int32_t id, struct slice payload);
/* HEADERS of a gRPC call. */
void attack_headers(struct attack *a, int32_t id, uint8_t flags);

/* Sends a->frames, empties it. False when the core reads no more. */
bool attack_send(struct attack *a);

/* The connection has ended with ENHANCE_YOUR_CALM, one such refusal was counted, it cost at most that many
   bytes, and other senders are served. */
void attack_expect_over(struct attack *a, enum otlp_refusal why, size_t peak);

#endif
