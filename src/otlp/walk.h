/*
 * walk.h - what the protobuf and the JSON decoder share: limits, scratch memory, counting and the way to the
 * sink.
 *
 * A walk has one owner at a time (a resource, a scope or a record), begun with walk_own(). The owner's arrays
 * come from its arena and live until the next owner of the same kind begins, so a scope outlives its records.
 * Each owner has two allowances: limits.attributes attributes (with those of its events and links), and
 * WALK_VALUES_PER_ATTR times as many array elements of any sort (nested values, events, links): both are
 * refused as ATTRIBUTES.
 *
 * Functions return false once the walk has failed; the first failure is kept.
 */
#ifndef CT_OTLP_WALK_H
#define CT_OTLP_WALK_H

#include "arena.h"
#include "decode.h"

#define WALK_VALUES_PER_ATTR 64

/* Decoding recurses once per AnyValue level, and cJSON at most 1000 brackets: settings above this are
 * lowered. */
#define WALK_NESTING_MAX 200

/* An arena that a huge record has grown past this is given back at the end of the request. */
#define WALK_ARENA_KEEP ((size_t)1024 * 1024)

enum walk_owner { WALK_RESOURCE, WALK_SCOPE, WALK_RECORD, WALK_OWNERS };

struct walk {
    struct otlp_limits limits;
    struct arena arenas[WALK_OWNERS];
    struct arena *arena; /* the present owner's */
    size_t attributes;   /* of the present owner */
    size_t values;       /* likewise */

    const struct otlp_sink *sink; /* may be NULL */
    struct otlp_counts counts;
    struct otlp_resource resource;
    struct otlp_scope scope;

    enum ct_err err;
    enum otlp_refusal why;
    struct ct_errmsg *msg; /* may be NULL */
};

void walk_init(struct walk *w, const struct otlp_limits *limits);
void walk_finish(struct walk *w);

/* Begins and ends a request. */
void walk_begin(struct walk *w, const struct otlp_sink *sink, struct ct_errmsg *msg);
void walk_end(struct walk *w);

void walk_own(struct walk *w, enum walk_owner owner);

/* Always false, so that `return walk_fail(…)` reads well. */
bool walk_fail(struct walk *w, enum ct_err err, enum otlp_refusal why, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Failures of the bytes themselves. */
#define walk_malformed(w, ...) walk_fail((w), CT_ERR_FORMAT, OTLP_REFUSED_DECODE, __VA_ARGS__)

/* Charges count attributes to the owner. */
bool walk_charge(struct walk *w, size_t count);

/* An array of the owner; *out is NULL when count is 0. Not zeroed. */
bool walk_array(struct walk *w, size_t count, size_t size, void **out);

/* Room in the owner's arena that a string of the body has already paid for (decoded base64). */
bool walk_bytes(struct walk *w, size_t size, char **out);

/* An AnyValue at depth (1: an attribute's own value). */
bool walk_depth(struct walk *w, size_t depth);

/* Whether the next item of a scope is read now: it is neither of an earlier piece nor of a later one. */
bool walk_item(struct walk *w);

/* Counts a record and hands it to the sink. */
bool walk_log(struct walk *w, const struct otlp_log *log);
bool walk_span(struct walk *w, const struct otlp_span *span);
bool walk_point(struct walk *w, const struct otlp_point *point);

/* Values of enums that this program does not know are those of "unspecified". */
enum otlp_status walk_status(int32_t code);
enum otlp_temporality walk_temporality(int32_t code);

/* Sets id (len bytes) from bytes; false when they are of another length or all zero: id is all zero then. */
bool walk_id(uint8_t *id, size_t len, struct slice bytes);

#endif
