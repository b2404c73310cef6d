/* The words of a failure: grpc-message and grpc-status-details-bin. */
#include "base64.h"
#include "grpc.h"
#include "grpc_status.pb-c.h"
#include "respond.h"
#include "text.h"

#include <stdlib.h>

static const char retry_info_type[] = "type.googleapis.com/google.rpc.RetryInfo";

enum ct_err grpc_message_encode(struct slice text, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    char clean[RESPOND_MESSAGE_MAX];
    text_clean(text, clean, sizeof(clean));
    size_t n = strlen(clean);
    enum ct_err err = buf_reserve(out, 3 * n);
    for (size_t i = 0; i < n && !err; i++) {
        unsigned char c = (unsigned char)clean[i];
        if (c >= 0x20 && c <= 0x7e && c != '%') {
            err = buf_append_char(out, (char)c);
        } else {
            const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
            err = buf_append(out, slice_make(escaped, 3));
        }
    }
    return err;
}

enum ct_err grpc_retry_details(int code, struct slice message, uint32_t retry_after_s, struct buf *out)
{
    char clean[RESPOND_MESSAGE_MAX];
    text_clean(message, clean, sizeof(clean));
    Ct__Grpc__V1__Duration delay = CT__GRPC__V1__DURATION__INIT;
    delay.seconds = retry_after_s;
    Ct__Grpc__V1__RetryInfo retry = CT__GRPC__V1__RETRY_INFO__INIT;
    retry.retry_delay = &delay;
    uint8_t packed_retry[32];
    if (ct__grpc__v1__retry_info__get_packed_size(&retry) > sizeof(packed_retry))
        return CT_ERR_LIMIT;

    Ct__Grpc__V1__Any any = CT__GRPC__V1__ANY__INIT;
    any.type_url = (char *)(uintptr_t)retry_info_type;
    any.value.data = packed_retry;
    any.value.len = ct__grpc__v1__retry_info__pack(&retry, packed_retry);
    Ct__Grpc__V1__Any *details[] = {&any};
    Ct__Grpc__V1__Status status = CT__GRPC__V1__STATUS__INIT;
    status.code = code;
    status.message = clean;
    status.n_details = 1;
    status.details = details;
    uint8_t packed[RESPOND_MESSAGE_MAX + sizeof(retry_info_type) + sizeof(packed_retry) + 32];
    if (ct__grpc__v1__status__get_packed_size(&status) > sizeof(packed))
        return CT_ERR_LIMIT;
    size_t len = ct__grpc__v1__status__pack(&status, packed);
    return base64_encode(slice_make(packed, len), BASE64_UNPADDED, out);
}
