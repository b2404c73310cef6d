/*
 * status_text.h - what status_text.c and status_text_flow.c share. Both read schema 1, whose text is clean.
 */
#ifndef CT_APP_STATUS_TEXT_H
#define CT_APP_STATUS_TEXT_H

#include "buf.h"
#include "format.h"

#include <cjson/cJSON.h>

/* A member of o; 0 and "" where there is none. */
static inline int64_t status_number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

static inline const char *status_string(const cJSON *o, const char *key)
{
    const char *v = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return v ? v : "";
}

/* The text in exactly cols columns. */
void status_text_put(struct buf *out, const char *s, size_t cols);

/* status_text_flow.c: one line for each thing that is wrong, the worst first; nothing when all is well. */
void status_text_problems(const cJSON *flow, struct buf *out);

/* What came in and went out, and the clients that sent most of it; nothing before the first request. */
void status_text_flow(const cJSON *flow, struct buf *out);

#endif
