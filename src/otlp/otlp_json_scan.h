/*
 * otlp_json_scan.h - a linear check of JSON text before cJSON sees it.
 *
 * cJSON allocates per value, recurses per bracket, reads past the end of some cut-off texts (before 1.7.17),
 * and loses what this program needs: integers above 2^53, text behind "\u0000", and whole documents over one
 * lone surrogate. So the scan checks the text against RFC 8259 (UTF-8 is not checked), counts, and writes a
 * patched copy where that helps:
 *   - an integer of OTLP_JSON_EXACT_DIGITS digits or more becomes a string, which OTLP/JSON allows for 64-bit
 * fields;
 *   - the escape of a NUL becomes that of U+2400, the picture that cleaning makes of a NUL;
 *   - the escape of a lone surrogate (JavaScript writes them where it cuts text) becomes that of U+FFFD.
 */
#ifndef CT_OTLP_JSON_SCAN_H
#define CT_OTLP_JSON_SCAN_H

#include "buf.h"

/* Every integer of 15 digits is exact in a double. */
#define OTLP_JSON_EXACT_DIGITS 16

/* cJSON copies a number into 64 bytes. */
#define OTLP_JSON_NUMBER_MAX 63

/* Open brackets; cJSON refuses more than 1000. */
#define OTLP_JSON_DEPTH_MAX 1000

enum json_fault {
    JSON_SOUND = 0,
    JSON_MALFORMED, /* not JSON, or something follows it */
    JSON_DEPTH,
    JSON_NODES,
    JSON_NO_MEMORY,
};

struct json_scan {
    size_t max_depth; /* at most OTLP_JSON_DEPTH_MAX */
    size_t max_nodes;

    size_t nodes; /* out: values of any sort */
    size_t at;    /* out: offset of the fault */
    bool patched; /* out: the text to parse is the copy */
};

/* Scans text; with patches to make, copy holds the text to parse. copy may grow to 9/8 of the text. */
enum json_fault json_scan_run(struct json_scan *scan, struct slice text, struct buf *copy);

#endif
