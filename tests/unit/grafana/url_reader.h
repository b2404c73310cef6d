/*
 * url_reader.h - reads Explore URLs the way Grafana does: percent-decode, JSON, query-language literals.
 * Shares no code with what it checks. Every function fails the running test when its input is not what it
 * must be.
 */
#ifndef CT_TESTS_GRAFANA_URL_READER_H
#define CT_TESTS_GRAFANA_URL_READER_H

#include "slice.h"

#include <cjson/cJSON.h>

/* The value of a query parameter, percent-decoded into out (cap bytes with the NUL); returns its length. */
size_t url_param(const char *url, const char *name, char *out, size_t cap);

/* The panes of a URL, after checks of everything that holds for every link; the caller deletes them. */
cJSON *url_panes(const char *url, const char *root);

/* Items of the tree that must be there, with the type that they must have. */
const cJSON *json_object(const cJSON *parent, const char *key);
const char *json_text(const cJSON *parent, const char *key);

/* The number-th query of a pane. */
const cJSON *pane_query(const cJSON *panes, const char *pane, int number);

/*
 * Finds before in query, reads the double-quoted literal behind it by Go's rules into out (cap bytes);
 * returns its length, and what follows the literal in *after (may be NULL).
 */
size_t literal_after(const char *query, const char *before, char *out, size_t cap, const char **after);

#endif
