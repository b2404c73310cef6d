/*
 * http1.h - the HTTP/1.0 and 1.1 server core (RFC 9112).
 *
 * Only heads go through the system's parser (http1_parser.h). Where a message ends is decided here, strictly:
 * the builds of http_parser that distributions ship skip bytes where a chunk's CRLF belongs and take bare
 * LFs, and a difference of opinion about framing is what request smuggling is made of. Refused with
 * OTLP_REFUSED_SMUGGLING: Content-Length with Transfer-Encoding, several Content-Lengths (equal or not), any
 * Transfer-Encoding other than one "chunked" on HTTP/1.1, obs-fold, a blank before the colon, bare CR or LF.
 *
 * One request is handed out at a time; what a pipelining peer sends meanwhile waits, first here
 * (HTTP1_AHEAD_MAX), then in its own socket. A refusal by the core closes the connection after the response.
 *
 * Deadlines (limits.h): header_ms from the first byte of a head, or from accept for the first; idle_ms since
 * the last byte and total_ms since the first one in a body; keepalive_ms between requests; idle_ms for output
 * that does not move; none while the handler works.
 */
#ifndef CT_OTLP_HTTP1_H
#define CT_OTLP_HTTP1_H

#include "core.h"

/* Input kept while a request is with the handler; read on until then, so that a peer that leaves is noticed.
 */
#define HTTP1_AHEAD_MAX ((size_t)16 * 1024)
/* No further request is begun while so much of earlier responses is not taken: pipelining without reading. */
#define HTTP1_OUT_HIGH ((size_t)64 * 1024)
/* Empty lines tolerated before a request line (RFC 9112, 2.2), in bytes. */
#define HTTP1_BLANK_MAX 4

/* NULL when there is no memory. now: see core.h. */
struct core *http1_create(const struct core_env *env, void *ctx, uint64_t now);

#endif
