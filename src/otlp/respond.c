#include "respond.h"

#include "grpc.h"
#include "otlp_reply.pb-c.h"
#include "text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* google.rpc.Code, the ones in use. */
enum {
    RPC_OK = 0,
    RPC_UNKNOWN = 2,
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_UNAUTHENTICATED = 16,
};

enum otlp_encoding respond_encoding(struct slice content_type)
{
    enum otlp_encoding encoding;
    if (grpc_content_type(content_type))
        return OTLP_PROTOBUF;
    return otlp_encoding_parse(content_type, &encoding) ? encoding : OTLP_JSON;
}

const char *respond_content_type(enum otlp_encoding encoding)
{
    return encoding == OTLP_PROTOBUF ? "application/x-protobuf" : "application/json";
}

struct slice respond_success(enum otlp_encoding encoding)
{
    return encoding == OTLP_PROTOBUF ? SLICE_LIT("") : SLICE_LIT("{}");
}

int respond_grpc_code(int http_status)
{
    if (http_status >= 200 && http_status < 300)
        return RPC_OK;
    switch (http_status) {
    case 401:
        return RPC_UNAUTHENTICATED;
    case 403:
        return RPC_PERMISSION_DENIED;
    case 404:
        return RPC_NOT_FOUND;
    case 405:
    case 501:
    case 505:
        return RPC_UNIMPLEMENTED;
    case 408:
        return RPC_DEADLINE_EXCEEDED;
    case 413:
    case 431:
        return RPC_RESOURCE_EXHAUSTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return RPC_UNAVAILABLE;
    default:
        if (http_status >= 400 && http_status < 500)
            return RPC_INVALID_ARGUMENT;
        return http_status >= 500 ? RPC_INTERNAL : RPC_UNKNOWN;
    }
}

static enum ct_err append_json(cJSON *object, struct buf *out)
{
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    enum ct_err err = text ? buf_append_str(out, text) : CT_ERR_NOMEM;
    cJSON_free(text);
    cJSON_Delete(object);
    return err;
}

/* Adds item under key to object, or frees both and returns NULL. */
static cJSON *json_with(cJSON *object, const char *key, cJSON *item)
{
    if (object && item && cJSON_AddItemToObject(object, key, item))
        return object;
    cJSON_Delete(item);
    cJSON_Delete(object);
    return NULL;
}

enum ct_err respond_status(enum otlp_encoding encoding, int http_status, struct slice message,
                           struct buf *out)
{
    char clean[RESPOND_MESSAGE_MAX];
    text_clean(message, clean, sizeof(clean));
    int code = respond_grpc_code(http_status);
    if (encoding == OTLP_JSON) {
        cJSON *object = json_with(cJSON_CreateObject(), "code", cJSON_CreateNumber(code));
        return append_json(object ? json_with(object, "message", cJSON_CreateString(clean)) : NULL, out);
    }
    Ct__Otlp__V1__Status status = CT__OTLP__V1__STATUS__INIT;
    status.code = code;
    status.message = clean;
    size_t size = ct__otlp__v1__status__get_packed_size(&status);
    enum ct_err err = buf_reserve(out, size);
    if (!err)
        out->len += ct__otlp__v1__status__pack(&status, (uint8_t *)out->data + out->len);
    return err;
}

static const char *rejected_key(enum otlp_signal signal)
{
    switch (signal) {
    case OTLP_TRACES:
        return "rejectedSpans";
    case OTLP_METRICS:
        return "rejectedDataPoints";
    case OTLP_LOGS:
        return "rejectedLogRecords";
    default:
        return "rejectedProfiles";
    }
}

enum ct_err respond_partial(enum otlp_encoding encoding, enum otlp_signal signal, int64_t rejected,
                            struct slice message, struct buf *out)
{
    char clean[RESPOND_MESSAGE_MAX];
    text_clean(message, clean, sizeof(clean));
    if (encoding == OTLP_JSON) {
        char number[32]; /* 64-bit integers are strings in OTLP/JSON */
        snprintf(number, sizeof(number), "%lld", (long long)rejected);
        cJSON *partial = json_with(cJSON_CreateObject(), rejected_key(signal), cJSON_CreateString(number));
        if (partial)
            partial = json_with(partial, "errorMessage", cJSON_CreateString(clean));
        return append_json(partial ? json_with(cJSON_CreateObject(), "partialSuccess", partial) : NULL, out);
    }
    Ct__Otlp__V1__PartialSuccess partial = CT__OTLP__V1__PARTIAL_SUCCESS__INIT;
    partial.rejected = rejected;
    partial.error_message = clean;
    Ct__Otlp__V1__ExportResponse response = CT__OTLP__V1__EXPORT_RESPONSE__INIT;
    response.partial_success = &partial;
    size_t size = ct__otlp__v1__export_response__get_packed_size(&response);
    enum ct_err err = buf_reserve(out, size);
    if (!err)
        out->len += ct__otlp__v1__export_response__pack(&response, (uint8_t *)out->data + out->len);
    return err;
}

const char *respond_wrong_path(struct slice path, char *out, size_t cap)
{
    if (slice_eq_str(path, "/") || path.len == 0) {
        snprintf(
            out, cap,
            "nothing is received at \"/\": post to /v1/traces, /v1/metrics or /v1/logs. "
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and its siblings are used as they stand, so give them that "
            "path; OTEL_EXPORTER_OTLP_ENDPOINT gets it added");
        return out;
    }
    char clean[128];
    text_clean(path, clean, sizeof(clean));
    snprintf(
        out, cap,
        "nothing is received at %s: post to /v1/traces, /v1/metrics, /v1/logs or /v1development/profiles",
        clean);
    return out;
}
