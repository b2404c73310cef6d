/*
 * villain.h - a hostile upstream on a socket, the upstream client against it (upstream.h), and a well-behaved
 * upstream beside it that is answered meanwhile; all on one loop in the test's thread.
 *
 * Include "test.h" first. What the villain says: first, once, when a request is there; then again, over and
 * over, until the client has had enough; or nothing more; or it hangs up.
 */
#ifndef CT_TESTS_NET_VILLAIN_H
#define CT_TESTS_NET_VILLAIN_H

#include "buf.h"
#include "memory.h"
#include "upstream.h"

#define VILLAIN_DEADLINE_MS 20000
/* What the client is told to read of an answer at most, and how long it waits for one. */
#define VILLAIN_RESPONSE_BYTES ((size_t)256 * 1024)
#define VILLAIN_TIMEOUT_MS     1500
/* libcurl's handle, connection and buffers, twice (villain and the other), and what this file allocates. */
#define VILLAIN_BASE_BYTES ((size_t)1024 * 1024)

enum villain_then { VILLAIN_WAITS, VILLAIN_HANGS_UP };

struct villain {
    uv_loop_t loop;
    enum upstream_protocol protocol;
    struct slice first;
    struct slice again; /* empty: nothing more comes */
    enum villain_then then;
    uint64_t again_every_ms; /* 0: as fast as it is taken */

    struct upstream_answer answer; /* of the last villain_ask() */
    size_t sent;                   /* bytes that the client took */
    unsigned connections;          /* to the villain */
    unsigned strays;               /* connections to where redirects point */
    char elsewhere[64];            /* "http://127.0.0.1:PORT/", that place */
    struct villain_state *state;
};

void villain_start(struct villain *v, enum upstream_protocol protocol); /* watches memory from here on */
void villain_finish(struct villain *v);

/* One request to the villain until it is answered or given up; meanwhile the well-behaved upstream answers
 * one. */
void villain_ask(struct villain *v);

/* Since villain_start() at most so much memory was in use. */
void villain_expect_peak(size_t bytes);

#endif
