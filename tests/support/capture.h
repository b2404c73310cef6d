/*
 * capture.h - recorded traffic of tests/data/captures as frames.
 *
 * A capture's requests, hooks and status lines are frames in the order in which they arrived; wall_ns is the
 * recorded time.
 */
#ifndef CT_TESTS_SUPPORT_CAPTURE_H
#define CT_TESTS_SUPPORT_CAPTURE_H

#include "frame.h"

struct cJSON;

struct capture {
    char name[64];
    struct frame *frames;
    size_t count;
    struct cJSON *expected; /* expected.json */
    bool grpc;              /* any of it came by gRPC */
    char **owned;
    size_t owned_count;
};

enum capture_hooks { CAPTURE_WITHOUT_HOOKS, CAPTURE_WITH_HOOKS, CAPTURE_WITH_STATUS /* and hooks */ };

/* Names of all captures, in byte order, ending in NULL; free with capture_names_free(). */
char **capture_names(void);
void capture_names_free(char **names);

/* Aborts when the capture cannot be read: tests have no use for half of one. */
void capture_load(struct capture *c, const char *name, enum capture_hooks hooks);
void capture_free(struct capture *c);

#endif
