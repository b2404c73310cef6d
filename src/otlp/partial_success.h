/*
 * partial_success.h - what an upstream says in the body of its answer.
 *
 * Two messages, each in protobuf or JSON: Export<Signal>ServiceResponse of a 2xx answer, whose
 * partial_success (when populated) says how many records were rejected and why, and google.rpc.Status of an
 * error. The four signals share one wire form; in JSON only the key of the count differs (rejectedSpans,
 * rejectedDataPoints, rejectedLogRecords, rejectedProfiles). An unset and an empty partial_success both mean
 * full success (OTLP specification, "Partial Success"). Messages are copied as they are: clean them before
 * they are shown.
 */
#ifndef CT_OTLP_PARTIAL_SUCCESS_H
#define CT_OTLP_PARTIAL_SUCCESS_H

#include "errors.h"
#include "slice.h"

#define PARTIAL_SUCCESS_MESSAGE_MAX 512

/* A JSON answer larger than this is not looked into: cJSON allocates for each value in it. */
#define PARTIAL_SUCCESS_JSON_MAX ((size_t)64 * 1024)

struct partial_success {
    bool populated;                            /* rejected > 0 or a message: a warning when rejected is 0 */
    uint64_t rejected;                         /* a negative count on the wire reads as 0 */
    char message[PARTIAL_SUCCESS_MESSAGE_MAX]; /* cut to size, NUL-terminated */
};

/*
 * Reads an ExportServiceResponse. An empty body is full success in both encodings. CT_ERR_FORMAT when it is
 * not such a message, CT_ERR_LIMIT past PARTIAL_SUCCESS_JSON_MAX; *out is then "not populated".
 */
enum ct_err partial_success_parse(bool json, struct slice body, struct partial_success *out);

/* The message of a google.rpc.Status into out (cap bytes, cut, NUL-terminated). Same errors; out is then "".
 */
enum ct_err partial_success_status_message(bool json, struct slice body, char *out, size_t cap);

/* The google.rpc.RetryInfo among the details of a google.rpc.Status. */
struct partial_success_retry {
    bool present;
    bool has_delay;
    int64_t delay_ns; /* not negative; INT64_MAX when it is longer than that */
};

/* Reads a google.rpc.Status in protobuf. CT_ERR_FORMAT when it is none; *out is then "not present". */
enum ct_err partial_success_status_retry(struct slice status, struct partial_success_retry *out);

#endif
