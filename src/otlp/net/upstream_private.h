/*
 * upstream_private.h - what upstream.c shares with the readers of answers, one for each protocol.
 */
#ifndef CT_OTLP_NET_UPSTREAM_PRIVATE_H
#define CT_OTLP_NET_UPSTREAM_PRIVATE_H

#include "body.h"
#include "http_client.h"
#include "upstream.h"

/*
 * From a result to what came of the request; *answer is zeroed but for status, grpc_status -1 and wait_ns -1.
 * json: how the request was encoded. now_wall_ns is what a Retry-After date is read against.
 */
void upstream_http_read(const struct http_result *r, bool json, int64_t now_wall_ns,
                        struct upstream_answer *answer);

/* A compressed answer is decompressed with in. */
void upstream_grpc_read(const struct http_result *r, struct inflater *in, int64_t now_wall_ns,
                        struct upstream_answer *answer);

/* answer->text = words, and the message behind it, cleaned and cut to size. */
void upstream_set_text(struct upstream_answer *answer, const char *words, struct slice message);

/* The same for a populated partial success, which goes to *answer as well. */
void upstream_set_partial(struct upstream_answer *answer, bool json, struct slice body,
                          const char *unreadable);

bool upstream_is_media_type(struct slice value, const char *type);

#endif
