#include "partial_success.h"

#include <cjson/cJSON.h>
#include <pb_decode.h>
#include <stdio.h>

/* Field numbers: opentelemetry/proto/collector/<signal>/v1/<signal>_service.proto and
 * google/rpc/status.proto. */
#define RESPONSE_PARTIAL_SUCCESS_TAG 1
#define PARTIAL_REJECTED_TAG         1
#define PARTIAL_MESSAGE_TAG          2
#define STATUS_MESSAGE_TAG           2
#define STATUS_DETAILS_TAG           3
/* google/protobuf/any.proto, google/rpc/error_details.proto, google/protobuf/duration.proto */
#define ANY_TYPE_URL_TAG     1
#define ANY_VALUE_TAG        2
#define RETRY_INFO_DELAY_TAG 1
#define DURATION_SECONDS_TAG 1
#define DURATION_NANOS_TAG   2
#define NANOS_PER_SECOND     INT64_C(1000000000)
/* Longer ones are nothing that is looked for. */
#define TYPE_URL_MAX 128

static const char *const rejected_keys[] = {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords",
                                            "rejectedProfiles"};

static void copy_text(struct slice s, char *out, size_t cap)
{
    size_t n = s.len < cap - 1 ? s.len : cap - 1;
    if (n)
        memcpy(out, s.ptr, n);
    out[n] = '\0';
}

/* Reads a length-delimited text, keeping what fits. */
static bool read_text(pb_istream_t *stream, char *out, size_t cap)
{
    pb_istream_t text;
    if (!pb_make_string_substream(stream, &text))
        return false;
    size_t n = text.bytes_left < cap - 1 ? text.bytes_left : cap - 1;
    bool ok = pb_read(&text, (pb_byte_t *)out, n);
    out[ok ? n : 0] = '\0';
    return pb_close_string_substream(stream, &text) && ok;
}

static bool read_partial(pb_istream_t *stream, struct partial_success *out)
{
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    while (pb_decode_tag(stream, &type, &tag, &eof)) {
        bool ok;
        if (tag == PARTIAL_REJECTED_TAG && type == PB_WT_VARINT) {
            uint64_t count;
            ok = pb_decode_varint(stream, &count);
            if (ok)
                out->rejected = count <= INT64_MAX ? count : 0;
        } else if (tag == PARTIAL_MESSAGE_TAG && type == PB_WT_STRING) {
            ok = read_text(stream, out->message, sizeof out->message);
        } else {
            ok = pb_skip_field(stream, type);
        }
        if (!ok)
            return false;
    }
    return eof;
}

static bool read_response(pb_istream_t *stream, struct partial_success *out)
{
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    while (pb_decode_tag(stream, &type, &tag, &eof)) {
        bool ok;
        if (tag == RESPONSE_PARTIAL_SUCCESS_TAG && type == PB_WT_STRING) {
            pb_istream_t inner;
            ok = pb_make_string_substream(stream, &inner);
            if (ok) {
                ok = read_partial(&inner, out);
                ok = pb_close_string_substream(stream, &inner) && ok;
            }
        } else {
            ok = pb_skip_field(stream, type);
        }
        if (!ok)
            return false;
    }
    return eof;
}

/* A count as OTLP/JSON writes it: text for 64-bit integers, a number from lenient writers. */
static uint64_t json_count(const cJSON *item)
{
    uint64_t count = 0;
    if (cJSON_IsString(item))
        return slice_to_u64(slice_str(item->valuestring), &count) && count <= INT64_MAX ? count : 0;
    if (cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble < 9.2e18)
        return (uint64_t)item->valuedouble;
    return 0;
}

static enum ct_err json_object(struct slice body, cJSON **out)
{
    *out = NULL;
    if (body.len > PARTIAL_SUCCESS_JSON_MAX)
        return CT_ERR_LIMIT;
    cJSON *root = cJSON_ParseWithLength(body.ptr, body.len);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return CT_ERR_FORMAT;
    }
    *out = root;
    return CT_OK;
}

static enum ct_err json_response(struct slice body, struct partial_success *out)
{
    cJSON *root;
    enum ct_err err = json_object(body, &root);
    if (err)
        return err;
    const cJSON *partial = cJSON_GetObjectItemCaseSensitive(root, "partialSuccess");
    for (size_t i = 0; i < sizeof rejected_keys / sizeof *rejected_keys && !out->rejected; i++)
        out->rejected = json_count(cJSON_GetObjectItemCaseSensitive(partial, rejected_keys[i]));
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(partial, "errorMessage");
    if (cJSON_IsString(message))
        copy_text(slice_str(message->valuestring), out->message, sizeof out->message);
    cJSON_Delete(root);
    return CT_OK;
}

enum ct_err partial_success_parse(bool json, struct slice body, struct partial_success *out)
{
    enum ct_err err = CT_OK;
    *out = (struct partial_success){0};
    if (body.len == 0)
        return CT_OK;
    if (json) {
        err = json_response(body, out);
    } else {
        pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)body.ptr, body.len);
        if (!read_response(&stream, out))
            err = CT_ERR_FORMAT;
    }
    if (err) {
        *out = (struct partial_success){0};
        return err;
    }
    out->populated = out->rejected > 0 || out->message[0] != '\0';
    return CT_OK;
}

static enum ct_err json_status(struct slice body, char *out, size_t cap)
{
    cJSON *root;
    enum ct_err err = json_object(body, &root);
    if (err)
        return err;
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(root, "message");
    if (cJSON_IsString(message))
        copy_text(slice_str(message->valuestring), out, cap);
    cJSON_Delete(root);
    return CT_OK;
}

enum ct_err partial_success_status_message(bool json, struct slice body, char *out, size_t cap)
{
    out[0] = '\0';
    if (body.len == 0)
        return CT_OK;
    if (json)
        return json_status(body, out, cap);
    pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)body.ptr, body.len);
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    while (pb_decode_tag(&stream, &type, &tag, &eof)) {
        bool text = tag == STATUS_MESSAGE_TAG && type == PB_WT_STRING;
        if (!(text ? read_text(&stream, out, cap) : pb_skip_field(&stream, type))) {
            out[0] = '\0';
            return CT_ERR_FORMAT;
        }
    }
    if (!eof)
        out[0] = '\0';
    return eof ? CT_OK : CT_ERR_FORMAT;
}

/* Opens the embedded message of the present field at *inner, and passes over it in *stream. */
static bool read_embedded(pb_istream_t *stream, pb_istream_t *inner)
{
    pb_istream_t whole;
    if (!pb_make_string_substream(stream, &whole))
        return false;
    *inner = whole; /* a position in the same buffer */
    return pb_close_string_substream(stream, &whole);
}

static bool read_duration(pb_istream_t *stream, int64_t *ns)
{
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    int64_t seconds = 0, nanos = 0;
    while (pb_decode_tag(stream, &type, &tag, &eof)) {
        uint64_t value;
        bool number = type == PB_WT_VARINT && (tag == DURATION_SECONDS_TAG || tag == DURATION_NANOS_TAG);
        if (!(number ? pb_decode_varint(stream, &value) : pb_skip_field(stream, type)))
            return false;
        if (number)
            *(tag == DURATION_SECONDS_TAG ? &seconds : &nanos) = (int64_t)value;
    }
    if (nanos < 0 || nanos >= NANOS_PER_SECOND)
        nanos = 0;
    if (seconds < 0)
        *ns = 0;
    else
        *ns = seconds >= INT64_MAX / NANOS_PER_SECOND ? INT64_MAX : seconds * NANOS_PER_SECOND + nanos;
    return eof;
}

static bool read_retry_info(pb_istream_t *stream, struct partial_success_retry *out)
{
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    out->present = true;
    while (pb_decode_tag(stream, &type, &tag, &eof)) {
        pb_istream_t delay;
        bool ok;
        if (tag == RETRY_INFO_DELAY_TAG && type == PB_WT_STRING) {
            ok = read_embedded(stream, &delay) && read_duration(&delay, &out->delay_ns);
            out->has_delay = true;
        } else {
            ok = pb_skip_field(stream, type);
        }
        if (!ok)
            return false;
    }
    return eof;
}

/* An entry of Status.details; only a RetryInfo is looked into. */
static bool read_detail(pb_istream_t *stream, struct partial_success_retry *out)
{
    static const char wanted[] = "/google.rpc.RetryInfo"; /* before the slash any host may stand */
    char url[TYPE_URL_MAX] = "";
    pb_istream_t value = PB_ISTREAM_EMPTY;
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    while (pb_decode_tag(stream, &type, &tag, &eof)) {
        bool ok;
        if (tag == ANY_TYPE_URL_TAG && type == PB_WT_STRING)
            ok = read_text(stream, url, sizeof url);
        else if (tag == ANY_VALUE_TAG && type == PB_WT_STRING)
            ok = read_embedded(stream, &value);
        else
            ok = pb_skip_field(stream, type);
        if (!ok)
            return false;
    }
    size_t len = strlen(url), n = sizeof wanted - 1;
    if (eof && len >= n && strcmp(url + len - n, wanted) == 0)
        return read_retry_info(&value, out);
    return eof;
}

enum ct_err partial_success_status_retry(struct slice status, struct partial_success_retry *out)
{
    *out = (struct partial_success_retry){0};
    if (status.len == 0)
        return CT_OK;
    pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)status.ptr, status.len);
    pb_wire_type_t type;
    uint32_t tag;
    bool eof;
    while (pb_decode_tag(&stream, &type, &tag, &eof)) {
        pb_istream_t detail;
        bool is_detail = tag == STATUS_DETAILS_TAG && type == PB_WT_STRING;
        if (!(is_detail ? read_embedded(&stream, &detail) && read_detail(&detail, out)
                        : pb_skip_field(&stream, type))) {
            *out = (struct partial_success_retry){0};
            return CT_ERR_FORMAT;
        }
    }
    if (!eof)
        *out = (struct partial_success_retry){0};
    return eof ? CT_OK : CT_ERR_FORMAT;
}
