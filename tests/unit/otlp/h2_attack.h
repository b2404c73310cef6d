/*
 * h2_attack.h - a hostile HTTP/2 peer that writes frames by hand, and what its connection costs us.
 */
#ifndef CT_TESTS_OTLP_H2_ATTACK_H
#define CT_TESTS_OTLP_H2_ATTACK_H

#include "h2_peer.h"

#define ATTACK_NO_GOAWAY UINT32_MAX

struct attack {
    struct host host;
    struct buf frames; /* what is sent next; see attack_send() */
    size_t fed;
    size_t before;                     /* peer_memory() when the connection was new */
    size_t peak;                       /* the most that was allocated above it */
    uint32_t goaway;                   /* error code of the last GOAWAY */
    unsigned resets;                   /* RST_STREAM frames that came */
    uint32_t reset_code;               /* of the last one */
    unsigned headers, pings, settings; /* HEADERS, PING and SETTINGS frames that came */
};

void attack_init(struct attack *a); /* a->host may be changed before attack_open() */
void attack_open(struct attack *a); /* with the client's preface and SETTINGS */
void attack_finish(struct attack *a);

/* Adds a frame to a->frames. */
void attack_frame(struct attack *a, uint8_t type, uint8_t flags, int32_t id, struct slice payload);
/* HEADERS of a gRPC call. */
void attack_headers(struct attack *a, int32_t id, uint8_t flags);

/* Sends a->frames, empties it. False when the core reads no more. */
bool attack_send(struct attack *a);

/* The connection has ended with ENHANCE_YOUR_CALM, one such refusal was counted, and it cost at most that
   much. */
void attack_expect_over(struct attack *a, enum otlp_refusal why, size_t peak);

#endif
