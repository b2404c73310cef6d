/* What a gRPC answer means (gRPC over HTTP/2, "Responses"; OTLP specification, "OTLP/gRPC Response"). */
#include "upstream_private.h"

#include "grpc_trailers.h"

#include <stdio.h>

/* The one message of an answer, decompressed. False when it is not one. */
static bool read_message(const struct http_result *r, struct inflater *in, struct slice *out)
{
    bool compressed;
    if (!grpc_message_parse(r->body, &compressed, out))
        return false;
    enum otlp_compression compression;
    enum otlp_refusal why;
    if (!compressed)
        return true;
    return otlp_compression_parse(r->headers[HTTP_GRPC_ENCODING], &compression) &&
           compression != OTLP_IDENTITY && inflater_run(in, compression, *out, out, &why, NULL) == CT_OK;
}

static void read_taken(struct upstream_answer *answer, const struct http_result *r, struct inflater *in)
{
    static const char unreadable[] = "gRPC OK, but the answer could not be read";
    struct slice message;
    if (!r->truncated && read_message(r, in, &message))
        upstream_set_partial(answer, false, message, unreadable);
    else
        upstream_set_text(answer, unreadable, SLICE_NULL);
    inflater_trim(in);
}

static void read_failure(struct upstream_answer *answer, const struct http_result *r,
                         const struct grpc_trailers *t, int64_t now_wall_ns)
{
    char words[64];
    if (t->has_status)
        snprintf(words, sizeof words, "gRPC %s", upstream_grpc_name(t->code));
    else if (!r->http2)
        snprintf(words, sizeof words, "HTTP %d by HTTP/1, gRPC needs HTTP/2", r->status);
    else
        snprintf(words, sizeof words, "HTTP %d without a grpc-status", r->status);
    upstream_set_text(answer, words, slice_str(t->message));
    int64_t wait_ns;
    if (t->retry.has_delay)
        answer->wait_ns = t->retry.delay_ns;
    else if (!t->has_status && r->headers[HTTP_RETRY_AFTER].ptr &&
             upstream_retry_after_parse(r->headers[HTTP_RETRY_AFTER], now_wall_ns, &wait_ns))
        answer->wait_ns = wait_ns; /* of a proxy in between */
}

void upstream_grpc_read(const struct http_result *r, struct inflater *in, int64_t now_wall_ns,
                        struct upstream_answer *answer)
{
    struct slice status = r->headers[HTTP_GRPC_STATUS];
    answer->outcome = UPSTREAM_RETRY;
    if (!r->status) {
        upstream_set_text(answer, "", slice_str(r->failure));
        answer->broke = r->broke;
        return;
    }
    if (r->truncated && !status.ptr && !r->over_limit) {
        upstream_set_text(answer, "the answer broke off", slice_str(r->failure));
        answer->broke = r->broke;
        return;
    }
    struct grpc_trailers t;
    grpc_trailers_read(r->status, status, r->headers[HTTP_GRPC_MESSAGE], r->headers[HTTP_GRPC_STATUS_DETAILS],
                       &t);
    answer->grpc_status = t.code;
    if (r->over_limit && !t.has_status) {
        /* It never came to the end of the message; what it says there cannot be waited for. */
        answer->outcome = UPSTREAM_REFUSED;
        answer->grpc_status = GRPC_CODE_RESOURCE_EXHAUSTED;
        upstream_set_text(answer, "the answer is too large to be read", SLICE_NULL);
        return;
    }
    answer->outcome = upstream_outcome_of_grpc(t.code, t.retry.present);
    if (answer->outcome == UPSTREAM_TAKEN)
        read_taken(answer, r, in);
    else
        read_failure(answer, r, &t, now_wall_ns);
}
