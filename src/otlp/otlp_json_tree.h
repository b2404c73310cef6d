/*
 * otlp_json_tree.h - cJSON's tree of one body, in an arena.
 *
 * cJSON allocates a node and a string for each value, which costs more than everything else that is done with
 * a JSON body. Here they come from an arena and go all at once. cJSON's allocator is one for the whole
 * process: it is set for the time of the call only, and only one thread may parse (the loop's).
 *
 * Under AddressSanitizer the tree is allocated piece by piece as cJSON does it by itself, so that whoever
 * reads beyond a piece is seen.
 */
#ifndef CT_OTLP_JSON_TREE_H
#define CT_OTLP_JSON_TREE_H

#include "arena.h"

#include <cjson/cJSON.h>

/* Beside what the values need: chunks of the arena that are not full. */
#define JSON_TREE_SLACK ((size_t)1024 * 1024)

struct json_tree {
    cJSON *root;
    struct arena arena; /* kept between bodies; its ceiling is set anew for each */
};

void json_tree_init(struct json_tree *t);
void json_tree_finish(struct json_tree *t);

/*
 * text: found sound by json_scan_run(), with that many values at most. False when there is no memory. The
 * tree lives until json_tree_clear(), which follows in either case.
 */
bool json_tree_parse(struct json_tree *t, struct slice text, size_t max_values);
void json_tree_clear(struct json_tree *t);

#endif
