/*
 * base64.h - RFC 4648, section 4, and for decoding its URL-safe alphabet (section 5) as well.
 *
 * Pure functions; input may come from anybody.
 */
#ifndef CT_BASE_BASE64_H
#define CT_BASE_BASE64_H

#include "buf.h"

/* Bytes that a text of n digits decodes to at most. */
#define BASE64_DECODED_MAX(n) ((n) / 4 * 3 + (n) % 4 * 3 / 4)

enum base64_reading {
    BASE64_STANDARD, /* section 4's alphabet, and bits left over are zero (section 3.5) */
    BASE64_LENIENT,  /* either alphabet, even mixed; bits left over are not looked at */
};

enum base64_padding {
    BASE64_PADDED,
    BASE64_UNPADDED,
};

/* Appends bytes as text. Errors are those of buf_append(). */
enum ct_err base64_encode(struct slice bytes, enum base64_padding padding, struct buf *out);

/* Decodes a text, padded or not. False when it is not base64, or does not fit into cap bytes; out is
 * undefined then.
 */
bool base64_decode(struct slice text, enum base64_reading reading, void *out, size_t cap, size_t *len);

#endif
