/*
 * captures.h - the recorded requests of tests/data/captures (CT_TEST_DATA), in the order that they were sent.
 */
#ifndef CT_TESTS_OTLP_CAPTURES_H
#define CT_TESTS_OTLP_CAPTURES_H

#include "decode.h"

struct capture_request {
    const char *capture; /* folder name */
    const char *body_name;
    enum otlp_signal signal;
    enum otlp_encoding encoding;
    enum otlp_compression compression;
    struct slice body; /* of a gRPC request: the message behind its five-byte prefix */
};

struct captures {
    struct capture_request *requests;
    size_t count;
};

/* False when a file is missing or not what it should be (said on stderr). */
bool captures_load(struct captures *c);
void captures_free(struct captures *c);

/* The records that a capture's expected.json counts. */
bool captures_expected(const char *capture, struct otlp_counts *out);

#endif
