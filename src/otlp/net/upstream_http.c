/* What an OTLP/HTTP answer means (OTLP specification, "OTLP/HTTP Response"). */
#include "upstream_private.h"

#include "partial_success.h"

#include <stdio.h>

/* Sets *json when the type is one of OTLP's two. An answer without a type is in the request's. */
static bool answer_encoding(struct slice content_type, bool request_json, bool *json)
{
    *json = content_type.ptr ? upstream_is_media_type(content_type, "application/json") : request_json;
    return !content_type.ptr || *json || upstream_is_media_type(content_type, "application/x-protobuf");
}

static void read_taken(struct upstream_answer *answer, const struct http_result *r, bool request_json)
{
    bool json;
    if (!answer_encoding(r->headers[HTTP_CONTENT_TYPE], request_json, &json))
        return; /* not OTLP's words; the status says that it was taken */
    char unreadable[64];
    snprintf(unreadable, sizeof unreadable, "HTTP %d, but the answer could not be read", answer->status);
    if (r->truncated)
        upstream_set_text(answer, unreadable, SLICE_NULL);
    else
        upstream_set_partial(answer, json, r->body, unreadable);
}

static void read_failure(struct upstream_answer *answer, const struct http_result *r, bool request_json)
{
    if (!answer->status) {
        upstream_set_text(answer, "", slice_str(r->failure));
        answer->broke = r->broke;
        return;
    }
    char words[32], message[PARTIAL_SUCCESS_MESSAGE_MAX] = "";
    struct slice type = r->headers[HTTP_CONTENT_TYPE];
    snprintf(words, sizeof words, "HTTP %d", answer->status);
    bool json;
    if (answer_encoding(type, request_json, &json)) {
        /* When it is no Status the number alone has to do. */
        (void)partial_success_status_message(json, r->body, message, sizeof message);
        upstream_set_text(answer, words, slice_str(message));
    } else {
        /* A plain text ("404 page not found") says more than the number; a page of markup does not. */
        bool plain = upstream_is_media_type(type, "text/plain");
        struct slice line = slice_sub(r->body, 0, slice_find(r->body, '\n'));
        upstream_set_text(answer, words, plain ? line : SLICE_NULL);
    }
}

void upstream_http_read(const struct http_result *r, bool json, int64_t now_wall_ns,
                        struct upstream_answer *answer)
{
    struct slice retry_after = r->headers[HTTP_RETRY_AFTER];
    answer->outcome = upstream_outcome_of_http(r->status);
    if (answer->outcome == UPSTREAM_TAKEN) {
        read_taken(answer, r, json);
        return;
    }
    read_failure(answer, r, json);
    int64_t wait_ns;
    if (retry_after.ptr && upstream_retry_after_parse(retry_after, now_wall_ns, &wait_ns))
        answer->wait_ns = wait_ns;
}
