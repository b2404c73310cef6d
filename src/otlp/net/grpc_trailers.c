#include "grpc_trailers.h"

#include "base64.h"
#include "upstream_policy.h"

/* HTTP_CLIENT_KEPT_MAX is the most that comes here; what is longer was not kept. */
#define DETAILS_MAX ((size_t)24 * 1024)

size_t grpc_percent_decode(struct slice in, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len && n + 1 < cap; i++) {
        uint8_t byte;
        if (in.ptr[i] == '%' && slice_unhex(slice_sub(in, i + 1, 2), &byte, 1)) {
            out[n++] = (char)byte;
            i += 2;
        } else {
            out[n++] = in.ptr[i];
        }
    }
    out[n] = '\0';
    return n;
}

bool grpc_base64_decode(struct slice in, uint8_t *out, size_t cap, size_t *len)
{
    in = slice_trim(slice_sub(in, 0, slice_find(in, ',')));
    return base64_decode(in, BASE64_STANDARD, out, cap, len);
}

void grpc_trailers_read(int http_status, struct slice status, struct slice message, struct slice details,
                        struct grpc_trailers *out)
{
    uint64_t code;
    uint8_t bytes[DETAILS_MAX];
    size_t len;
    *out = (struct grpc_trailers){.has_status = status.ptr != NULL};
    if (!status.ptr)
        out->code = upstream_grpc_code_of_http(http_status);
    else if (slice_to_u64(slice_trim(status), &code) && code <= INT16_MAX)
        out->code = (int)code;
    else
        out->code = GRPC_CODE_UNKNOWN;
    grpc_percent_decode(message, out->message, sizeof out->message);
    if (!details.ptr || !grpc_base64_decode(details, bytes, sizeof bytes, &len))
        return;
    struct slice detail = slice_make(bytes, len);
    if (partial_success_status_retry(detail, &out->retry) == CT_OK && !message.len)
        (void)partial_success_status_message(false, detail, out->message, sizeof out->message);
}
