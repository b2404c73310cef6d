/*
 * stream.h - the newest events as they came, for people who want to see them go by.
 *
 * A ring of STREAM_ITEMS_MAX records of a fixed size: no allocation per event, nothing to evict. Text is cut
 * to what a line of the screen can show; the tree has the whole of it. Items are numbered from 1 in the order
 * of arrival, and a number is never used again.
 */
#ifndef CT_MODEL_STREAM_H
#define CT_MODEL_STREAM_H

#include "event.h"

#define STREAM_ITEMS_MAX  4096
#define STREAM_ID_MAX     48
#define STREAM_NAME_MAX   48
#define STREAM_DETAIL_MAX 160

struct stream_item {
    uint64_t number;
    int64_t time_ns;    /* event time */
    int64_t arrival_ns; /* when it reached us */
    uint8_t kind;       /* enum event_kind */
    uint8_t witness;    /* enum witness */
    uint8_t phase;      /* enum phase */
    bool failed;
    char session_id[STREAM_ID_MAX]; /* these end in NUL; cut at a character */
    char key[STREAM_ID_MAX];        /* tool use, request, agent or prompt id, the first that is known */
    char name[STREAM_NAME_MAX];
    char detail[STREAM_DETAIL_MAX]; /* of a failure: the error */
};

struct stream {
    struct stream_item *items; /* owned; NULL until the first event */
    uint64_t last;             /* number of the newest; 0: none */
};

void stream_finish(struct stream *s);
void stream_add(struct stream *s, const struct event *e);

/* NULL when there is none of that number, or no more. */
const struct stream_item *stream_item(const struct stream *s, uint64_t number);

/* "prompt", "llm", "tool" … and "hook", "log", "span", "metric". */
const char *event_kind_name(enum event_kind kind);
const char *witness_name(enum witness witness);

#endif
