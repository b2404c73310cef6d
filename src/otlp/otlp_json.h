/*
 * otlp_json.h - an Export<Signal>ServiceRequest in JSON to records (OTLP rule 10).
 *
 * otlp_json_scan.h checks the text, cJSON parses it, and the tree is walked once. Ids are hex, other bytes
 * base64; 64-bit integers are numbers or strings, exact in both; enums are numbers or names, unknown names
 * being 0; doubles are numbers or strings. Names are lowerCamelCase only; unknown ones and nulls are ignored;
 * of several members with one name the first wins. A NUL in a string arrives as U+2400 and a lone surrogate
 * as U+FFFD. Numbers longer than OTLP_JSON_NUMBER_MAX characters are refused, and so are raw control
 * characters in strings and a byte order mark.
 *
 * limits.json_nodes is refused as RECORDS, brackets that no legal nesting of values needs as NESTING.
 */
#ifndef CT_OTLP_JSON_H
#define CT_OTLP_JSON_H

#include "buf.h"
#include "otlp_json_tree.h"
#include "walk.h"

/* patches and tree are scratch, kept by the caller between bodies. False when the walk has failed. */
bool otlp_json_walk(struct walk *w, enum otlp_signal signal, struct slice body, struct buf *patches,
                    struct json_tree *tree);

#endif
