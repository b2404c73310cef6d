/*
 * hearing.h - frames made by hand, and the events that ingest makes of them, kept for looking at.
 *
 * Attributes are written as OTLP/JSON: ATTR("key", "text"), ATTR_INT("key", "5"), ATTR_RAW("key", "{…}"), one
 * after the other.
 */
#ifndef CT_TESTS_INGEST_HEARING_H
#define CT_TESTS_INGEST_HEARING_H

#include "arena.h"
#include "ingest.h"

#define ATTR_RAW(key, value)  ",{\"key\":\"" key "\",\"value\":" value "}"
#define ATTR(key, text)       ATTR_RAW(key, "{\"stringValue\":\"" text "\"}")
#define ATTR_INT(key, number) ATTR_RAW(key, "{\"intValue\":\"" number "\"}")
#define ATTR_NUM(key, number) ATTR_RAW(key, "{\"doubleValue\":" number "}")
#define ATTR_BOOL(key, word)  ATTR_RAW(key, "{\"boolValue\":" word "}")

#define HEARING_ARRIVAL INT64_C(1795352400000000000)
#define HEARING_TIME    INT64_C(1795352399000000000)
#define HEARING_MS      INT64_C(1000000)
#define HEARING_MAX     256

struct hearing {
    struct ingest *ingest;
    struct arena kept;
    struct buf body;
    struct event events[HEARING_MAX]; /* since the last frame */
    size_t count;
    size_t total; /* also those that did not fit */
};

void hearing_open(struct hearing *h);
void hearing_close(struct hearing *h);

/* One record of session "s1" in trace 01…, span 02…; extra attributes in JSON. The frame is posted at
 * HEARING_ARRIVAL.
 */
enum ct_err hear_log(struct hearing *h, const char *name, const char *attributes);
enum ct_err hear_span(struct hearing *h, const char *name, int status, const char *attributes);
enum ct_err hear_hook(struct hearing *h, const char *name, const char *fields);
enum ct_err hear_body(struct hearing *h, enum frame_source source, const char *path, struct slice body);

/* The only event of the last frame. */
const struct event *heard(const struct hearing *h);

#endif
