#include "upstream_policy.h"

#include "clock.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>

/* The shortest form is asctime's, 24 characters; nothing legal comes near the other end. */
#define HTTP_DATE_MIN 24
#define HTTP_DATE_MAX 64

enum upstream_outcome upstream_outcome_of_http(int status)
{
    switch (status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
        return UPSTREAM_RETRY;
    default:
        return status >= 200 && status <= 299 ? UPSTREAM_TAKEN : UPSTREAM_REFUSED;
    }
}

static const struct {
    const char *name;
    enum upstream_outcome outcome;
} grpc_codes[] = {
    {"OK", UPSTREAM_TAKEN},
    {"CANCELLED", UPSTREAM_RETRY},
    {"UNKNOWN", UPSTREAM_REFUSED},
    {"INVALID_ARGUMENT", UPSTREAM_REFUSED},
    {"DEADLINE_EXCEEDED", UPSTREAM_RETRY},
    {"NOT_FOUND", UPSTREAM_REFUSED},
    {"ALREADY_EXISTS", UPSTREAM_REFUSED},
    {"PERMISSION_DENIED", UPSTREAM_REFUSED},
    {"RESOURCE_EXHAUSTED", UPSTREAM_REFUSED},
    {"FAILED_PRECONDITION", UPSTREAM_REFUSED},
    {"ABORTED", UPSTREAM_RETRY},
    {"OUT_OF_RANGE", UPSTREAM_RETRY},
    {"UNIMPLEMENTED", UPSTREAM_REFUSED},
    {"INTERNAL", UPSTREAM_REFUSED},
    {"UNAVAILABLE", UPSTREAM_RETRY},
    {"DATA_LOSS", UPSTREAM_RETRY},
    {"UNAUTHENTICATED", UPSTREAM_REFUSED},
};
static int known_code(int code)
{
    return code >= 0 && code < (int)(sizeof grpc_codes / sizeof *grpc_codes) ? code : GRPC_CODE_UNKNOWN;
}

enum upstream_outcome upstream_outcome_of_grpc(int code, bool has_retry_info)
{
    if (code == GRPC_CODE_RESOURCE_EXHAUSTED && has_retry_info)
        return UPSTREAM_RETRY;
    return grpc_codes[known_code(code)].outcome;
}

int upstream_grpc_code_of_http(int status)
{
    switch (status) {
    case 400:
        return GRPC_CODE_INTERNAL;
    case 401:
        return GRPC_CODE_UNAUTHENTICATED;
    case 403:
        return GRPC_CODE_PERMISSION_DENIED;
    case 404:
        return GRPC_CODE_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_CODE_UNAVAILABLE;
    default:
        return GRPC_CODE_UNKNOWN;
    }
}

const char *upstream_grpc_name(int code)
{
    return grpc_codes[known_code(code)].name;
}

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len > 0;
}

bool upstream_retry_after_parse(struct slice value, int64_t now_wall_ns, int64_t *wait_ns)
{
    value = slice_trim(value);
    if (all_digits(value)) {
        uint64_t seconds;
        if (!slice_to_u64(value, &seconds) || seconds > (uint64_t)(INT64_MAX / NS_PER_SEC))
            *wait_ns = INT64_MAX;
        else
            *wait_ns = (int64_t)seconds * NS_PER_SEC;
        return true;
    }
    char text[HTTP_DATE_MAX];
    if (value.len < HTTP_DATE_MIN || value.len >= sizeof text || memchr(value.ptr, '\0', value.len))
        return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    time_t when = curl_getdate(text, NULL);
    if (when < 0)
        return false;
    int64_t seconds = (int64_t)when;
    if (seconds > INT64_MAX / NS_PER_SEC)
        *wait_ns = INT64_MAX;
    else
        *wait_ns = seconds * NS_PER_SEC > now_wall_ns ? seconds * NS_PER_SEC - now_wall_ns : 0;
    return true;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value > high)
        return high;
    return value < low ? low : value;
}

int64_t upstream_policy_wait(const struct upstream_policy *policy, uint32_t failures, int64_t asked_ns,
                             uint64_t random)
{
    int64_t first = policy->backoff_first_ms * NS_PER_MS, max = policy->backoff_max_ms * NS_PER_MS;
    if (max < first)
        max = first;
    if (asked_ns >= 0) {
        int64_t most = policy->retry_after_max_ms * NS_PER_MS;
        return clamp(asked_ns, first, most < first ? first : most);
    }
    int64_t ceiling = first;
    for (uint32_t i = 0; i < failures && ceiling < max; i++)
        ceiling = ceiling > max / 2 ? max : ceiling * 2;
    return first + (int64_t)(random % (uint64_t)(ceiling - first + 1));
}

const char *upstream_wait_text(int64_t wait_ns, char *out)
{
    int64_t ms = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS > 0); /* any wait that an upstream asks for */
    if (ms < 1000)
        snprintf(out, UPSTREAM_WAIT_TEXT_MAX, "%" PRId64 " ms", ms);
    else if (ms < 120 * 1000)
        snprintf(out, UPSTREAM_WAIT_TEXT_MAX, "%" PRId64 " s", (ms + 500) / 1000);
    else
        snprintf(out, UPSTREAM_WAIT_TEXT_MAX, "%" PRId64 " min", (ms + 30 * 1000) / (60 * 1000));
    return out;
}
