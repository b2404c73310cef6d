/*
 * json_text.h - changes to a JSON text that leave everything else in it as it stands: order, blanks, line
 * ends, numbers, unknown keys.
 *
 * For files that people keep by hand, such as Claude Code's settings.json. A path is a list of keys from the
 * root, which is an object. Every edit takes a text that json_text_check() has passed and gives one that it
 * passes. New lines get the indentation that the file has (two blanks where it has none), and its line ends.
 */
#ifndef CT_APP_JSON_TEXT_H
#define CT_APP_JSON_TEXT_H

#include "buf.h"

#define JSON_TEXT_DEPTH_MAX 64
#define JSON_TEXT_PATH_MAX  4

struct json_path {
    const char *keys[JSON_TEXT_PATH_MAX];
    size_t depth;
};

/* Where something stands in the text. */
struct json_span {
    size_t from, to;
};

/*
 * One JSON object (RFC 8259) with blanks around it, perhaps behind a byte order mark; no object in it names a
 * key twice, because it would depend on the reader which one counts. CT_ERR_FORMAT with the line in msg.
 */
enum ct_err json_text_check(struct slice text, struct ct_errmsg *msg);

/* The value at path; false when there is none. An empty path is the root. */
bool json_text_find(struct slice text, const struct json_path *path, struct json_span *value);

/* The element of an array; false when there is none, or no array. */
bool json_text_element(struct slice text, const struct json_path *array, size_t index,
                       struct json_span *element);

/* True for an object or array without anything in it. */
bool json_text_is_empty(struct slice text, const struct json_path *path);

/*
 * Sets the value (JSON in any layout; it is laid out anew) at path: in the place of the one that is there, or
 * behind the last of its object, which must be there. CT_ERR_FORMAT: the parent is no object. CT_ERR_LIMIT.
 */
enum ct_err json_text_set(struct buf *text, const struct json_path *path, struct slice value);

/* Behind the last of an array, which must be there; on one line. */
enum ct_err json_text_append(struct buf *text, const struct json_path *array, struct slice value);

/* Takes a member with its comma and, where it has them for itself, its lines; nothing when it is not there.
 */
enum ct_err json_text_remove(struct buf *text, const struct json_path *path);
enum ct_err json_text_remove_element(struct buf *text, const struct json_path *array, size_t index);

#endif
