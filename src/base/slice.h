/*
 * slice.h - borrowed bytes.
 *
 * A slice never owns what it points to and is never NUL-terminated by contract. The owner is whoever
 * handed it out; the lifetime stands in that function's comment. ptr may be NULL only when len is 0.
 */
#ifndef CT_BASE_SLICE_H
#define CT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

/* A slice over a string literal (also usable in static initialisers). */
#define SLICE_LIT(s) ((struct slice){(s), sizeof(s) - 1})
#define SLICE_NULL   ((struct slice){NULL, 0})

/* printf("%.*s", SLICE_ARG(s)); longer slices than INT_MAX are cut there. */
#define SLICE_ARG(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), ((s).ptr ? (s).ptr : "")

static inline struct slice slice_make(const void *ptr, size_t len)
{
    return (struct slice){(const char *)ptr, len};
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_eq_str(struct slice a, const char *s)
{
    return slice_eq(a, slice_str(s));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* Bytes [from, from + len), clamped to the slice. */
struct slice slice_sub(struct slice s, size_t from, size_t len);

/* ASCII case-insensitive equality, for header names and hex. */
bool slice_eq_nocase(struct slice a, struct slice b);

/* Total order by bytes; a prefix sorts before what it prefixes. */
int slice_cmp(struct slice a, struct slice b);

/* Index of the first c, or s.len. */
size_t slice_find(struct slice s, char c);

/* Index of the first needle, or s.len when absent. An empty needle is found at 0. */
size_t slice_find_slice(struct slice s, struct slice needle);

/* Without leading and trailing spaces and tabs. */
struct slice slice_trim(struct slice s);

/* The whole slice as a decimal number. False when empty, not all of it is digits, or out of range. */
bool slice_to_u64(struct slice s, uint64_t *out);
bool slice_to_i64(struct slice s, int64_t *out); /* one leading '-' allowed */
bool slice_to_double(struct slice s, double *out);

/* Decodes 2 * n hex digits of any case into out. False when the length or a digit is wrong. */
bool slice_unhex(struct slice s, uint8_t *out, size_t n);

/* Writes 2 * n lowercase hex digits and a NUL. out holds 2 * n + 1 bytes. */
void slice_hex(const uint8_t *bytes, size_t n, char *out);

#endif
