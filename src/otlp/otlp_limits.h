/*
 * otlp_limits.h - every bound on what a sender may make us do, with its default and the counter that shows it
 * biting.
 *
 * The threat stands beside each limit. All are settings (section [limits] of config.ini, same names).
 */
#ifndef CT_OTLP_LIMITS_H
#define CT_OTLP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct otlp_limits {
    size_t header_bytes;   /* one request's headers together: memory per connection before it is known to be
                              legal */
    size_t header_count;   /* parsing and storing cost; at most FRAME_HEADERS_MAX */
    size_t body_bytes;     /* as it is on the wire (OTLP asks for a cap; 64 MiB recommended) */
    size_t inflated_bytes; /* after decompression: bombs */
    size_t inflate_ratio; /* inflated : wire, checked past a floor of 1 MiB: bombs that stay under the size */
    size_t budget_bytes;  /* all bodies in flight together: many senders at once */
    size_t nesting;       /* AnyValue depth: stack exhaustion */
    size_t records;       /* logs, spans or points in one request */
    size_t attributes;    /* on one record, resource or scope, with those of its events and links */
    size_t json_nodes;    /* values in one JSON body: cJSON allocates for each */
    size_t connections;   /* open at once: file descriptors */
    uint32_t
        header_ms;    /* from a connection's or request's first byte to the end of its headers: slow loris */
    uint32_t idle_ms; /* no byte moved in the middle of a request or response */
    uint32_t keepalive_ms; /* between requests */
    uint32_t total_ms;     /* one request from first byte to last: slow body */
};

void otlp_limits_init(struct otlp_limits *limits); /* the defaults */

/* Why a request or connection was turned away. Names are part of `status --json` (flow.refused). */
enum otlp_refusal {
    OTLP_REFUSED_METHOD,       /* "method": 405 */
    OTLP_REFUSED_PATH,         /* "path": 404 */
    OTLP_REFUSED_PROFILES,     /* "profiles": 404, no upstream takes them */
    OTLP_REFUSED_CONTENT_TYPE, /* "content_type": 415 */
    OTLP_REFUSED_ENCODING,     /* "content_encoding": 400 */
    OTLP_REFUSED_MALFORMED,    /* "malformed": 400, HTTP that is not HTTP */
    OTLP_REFUSED_SMUGGLING,    /* "smuggling": 400, CL with TE, two CLs, obs-fold */
    OTLP_REFUSED_HEADERS,      /* "headers": 431 */
    OTLP_REFUSED_BODY_SIZE,    /* "body_size": 413 */
    OTLP_REFUSED_INFLATED,     /* "inflated_size": 413, size or ratio after decompression */
    OTLP_REFUSED_BAD_GZIP,     /* "bad_compression": 400 */
    OTLP_REFUSED_DECODE,       /* "decode": 400, body is not OTLP */
    OTLP_REFUSED_NESTING,      /* "nesting": 400 */
    OTLP_REFUSED_RECORDS,      /* "records": 413 */
    OTLP_REFUSED_ATTRIBUTES,   /* "attributes": 413 */
    OTLP_REFUSED_OVERLOAD,     /* "overload": 503 with Retry-After, byte budget used up */
    OTLP_REFUSED_JOURNAL,      /* "journal": 503 with Retry-After, the frame could not be kept at all */
    OTLP_REFUSED_CONNECTIONS,  /* "connections": accepted and closed at once */
    OTLP_REFUSED_TIMEOUT,      /* "timeout": 408 where a response is still possible */
    OTLP_REFUSED_ORIGIN,       /* "origin": 403, a web page may not post to us */
    OTLP_REFUSED_FLOOD, /* "flood": an HTTP/2 connection ended with ENHANCE_YOUR_CALM, see h2_guard.h */
    OTLP_REFUSED_HOST,  /* "host": 403, a host name that is not ours: a web page may have made it lead here */
    OTLP_REFUSED_UNAUTHORIZED, /* "unauthorized": 401, without the token */
    OTLP_REFUSED_TLS,          /* "tls": a handshake that failed; 400, plain text on a port that speaks TLS */
    OTLP_REFUSED_PEER,         /* "peer": another user on the Unix socket, closed at once */
    OTLP_REFUSAL_COUNT
};

const char *otlp_refusal_name(enum otlp_refusal why);
int otlp_refusal_status(enum otlp_refusal why); /* the HTTP status above; 0: none is sent */

#endif
