/*
 * upstream_policy.h - when a forwarded request is sent again, and how long that waits.
 *
 * Pure functions (rules 15 and 16 of the OTLP specification's exporter part): the clock and the random number
 * are arguments. All durations are nanoseconds.
 */
#ifndef CT_OTLP_NET_UPSTREAM_POLICY_H
#define CT_OTLP_NET_UPSTREAM_POLICY_H

#include "slice.h"

enum upstream_outcome {
    UPSTREAM_TAKEN,   /* the upstream has it */
    UPSTREAM_RETRY,   /* not now: send the same again later */
    UPSTREAM_REFUSED, /* never: sending it again cannot help */
};

/* From an HTTP status; 0 means that no answer came (connection failure, timeout). */
enum upstream_outcome upstream_outcome_of_http(int status);

/* google.rpc.Code, as far as it is needed by name. */
enum grpc_answer_code {
    GRPC_CODE_OK = 0,
    GRPC_CODE_UNKNOWN = 2,
    GRPC_CODE_PERMISSION_DENIED = 7,
    GRPC_CODE_RESOURCE_EXHAUSTED = 8,
    GRPC_CODE_UNIMPLEMENTED = 12,
    GRPC_CODE_INTERNAL = 13,
    GRPC_CODE_UNAVAILABLE = 14,
    GRPC_CODE_UNAUTHENTICATED = 16,
};

/*
 * From a grpc-status (google.rpc.Code); any number outside 0 to 16 counts as UNKNOWN. RESOURCE_EXHAUSTED is
 * sent again only when the answer had a RetryInfo.
 */
enum upstream_outcome upstream_outcome_of_grpc(int code, bool has_retry_info);

/*
 * The code that an answer without grpc-status stands for: "HTTP to gRPC Status Code Mapping" of gRPC. 200 is
 * UNKNOWN, because a gRPC server would have said more.
 */
int upstream_grpc_code_of_http(int status);

/* "INVALID_ARGUMENT"; "UNKNOWN" for a number that is no code. */
const char *upstream_grpc_name(int code);

/*
 * Retry-After (RFC 9110, 10.2.3): a number of seconds or an HTTP date in any of its three forms, read against
 * now_wall_ns. A date that has passed is 0. False when it is neither.
 */
bool upstream_retry_after_parse(struct slice value, int64_t now_wall_ns, int64_t *wait_ns);

struct upstream_policy {
    uint32_t backoff_first_ms;   /* the shortest wait */
    uint32_t backoff_max_ms;     /* the longest that we choose */
    uint32_t retry_after_max_ms; /* the longest that an upstream may ask for: a typing error there is not a
                                    day's silence */
};

/*
 * The wait before the next attempt after failures failures in a row (1, 2, 3 …). asked_ns >= 0 is what the
 * upstream asked for and wins, between backoff_first_ms (so that "0" is no busy loop) and retry_after_max_ms.
 * Otherwise the wait is spread evenly over [first, min(max, first * 2^failures)] by random, any 64-bit
 * number.
 */
int64_t upstream_policy_wait(const struct upstream_policy *policy, uint32_t failures, int64_t asked_ns,
                             uint64_t random);

/* "250 ms", "2 s", "5 min": for people; returns out. */
#define UPSTREAM_WAIT_TEXT_MAX 32
const char *upstream_wait_text(int64_t wait_ns, char *out);

#endif
