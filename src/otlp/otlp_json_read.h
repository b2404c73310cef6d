/*
 * otlp_json_read.h - one JSON object, member by member, over a cJSON tree.
 *
 *     uint32_t seen = 0;
 *     for (const cJSON *m = object->child; m; m = m->next)
 *         switch (jsr_key(keys, JSR_COUNT(keys), m, &seen)) { case KEY_NAME: jsr_text(w, m, &name); break; …
 * }
 *
 * Members are visited once, since looking each name up would be quadratic. A member that is null counts as
 * absent; of several with one name the first wins. A known member of the wrong type is a failure. Internal to
 * otlp_json*.c.
 */
#ifndef CT_OTLP_JSON_READ_H
#define CT_OTLP_JSON_READ_H

#include "walk.h"

#include <cjson/cJSON.h>

#define JSR_COUNT(names) (sizeof(names) / sizeof *(names))

/* Index of the member's name in names (at most 32), or -1: unknown, null or seen before. */
int jsr_key(const char *const *names, size_t count, const cJSON *member, uint32_t *seen);

bool jsr_object(struct walk *w, const cJSON *item, const char *what); /* checks the type */
bool jsr_array(struct walk *w, const cJSON *item, size_t *count);     /* checks the type and counts */

bool jsr_text(struct walk *w, const cJSON *item, struct slice *out);
bool jsr_boolean(struct walk *w, const cJSON *item, bool *out);
bool jsr_u64(struct walk *w, const cJSON *item, uint64_t *out); /* numbers and strings, exact */
bool jsr_i64(struct walk *w, const cJSON *item, int64_t *out);
bool jsr_u32(struct walk *w, const cJSON *item, uint32_t *out);
bool jsr_double(struct walk *w, const cJSON *item, double *out); /* also "NaN", "Infinity", "-Infinity" */

/* The number, or the value of the name less its prefix in names; 0 when the name is not there. */
struct jsr_name {
    const char *name;
    int32_t value;
};
bool jsr_enum(struct walk *w, const cJSON *item, const char *prefix, const struct jsr_name *names,
              size_t count, int32_t *out);

/* Hex of any case. *has is false when the id has another length, is not hex, or is all zero. */
bool jsr_id(struct walk *w, const cJSON *item, uint8_t *id, size_t len, bool *has);

bool jsr_value(struct walk *w, const cJSON *item, size_t depth, struct otlp_value *out);
bool jsr_attrs(struct walk *w, const cJSON *item, struct otlp_attrs *out); /* charges them to the owner */

/* The signals' records: one element of logRecords, spans, metrics. */
bool jsr_log_record(struct walk *w, const cJSON *item);
bool jsr_span(struct walk *w, const cJSON *item);
bool jsr_metric(struct walk *w, const cJSON *item);

#endif
