/*
 * http1_attack.h - a hostile HTTP/1 peer, and what its connection costs us.
 */
#ifndef CT_TESTS_OTLP_HTTP1_ATTACK_H
#define CT_TESTS_OTLP_HTTP1_ATTACK_H

#include "http1_host.h"
#include "memory.h"

#define HTTP1_ATTACK_POST "POST /v1/logs HTTP/1.1\r\nHost: a\r\n"
#define HTTP1_ATTACK_TE   HTTP1_ATTACK_POST "Transfer-Encoding: chunked\r\n\r\n"
/* What would be smuggled in: a second request that must never be seen. */
#define HTTP1_ATTACK_NEXT "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

/* An attack without an end is fed at most this much. */
#define HTTP1_ATTACK_FED_MAX ((size_t)64 * 1024 * 1024)

/* One message that must be refused at once. */
struct http1_message {
    const char *name;
    const char *bytes;
    enum otlp_refusal why;
    int status;
};

/*
 * Each in every cut: no request is handed out, one refusal of that kind is counted and answered, the
 * connection ends, it cost at most peak bytes, and others are served.
 */
void http1_refused_in_every_cut(const struct http1_message *messages, size_t count, size_t peak);

struct http1_attack {
    struct host host;
    size_t fed;
};

/* limits NULL: the defaults. Memory is watched from here on. */
void http1_attack_open(struct http1_attack *a, const struct otlp_limits *limits);
void http1_attack_finish(struct http1_attack *a);

/* False when the core reads no more. */
bool http1_attack_send(struct http1_attack *a, const char *text);
/* Sends text again and again until the core reads no more; fails the test past HTTP1_ATTACK_FED_MAX. */
void http1_attack_endlessly(struct http1_attack *a, const char *text);

/* One refusal was counted and answered, the connection ends, it cost at most peak bytes and was read for at
   most fed bytes, and others are served. */
void http1_attack_expect_over(struct http1_attack *a, enum otlp_refusal why, int status, size_t fed,
                              size_t peak);

#endif
