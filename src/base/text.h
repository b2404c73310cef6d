/*
 * text.h - the one door through which text from outside becomes text for people, and the one measure of
 * width.
 *
 * Cleaned text is valid UTF-8 that cannot drive a terminal and whose width every terminal agrees on:
 *   - C0 controls and DEL become their control pictures (U+2400 block), a tab a space, and a line break (LF,
 *     CR, CRLF, U+2028, U+2029) one U+21B5;
 *   - invalid UTF-8 (each maximal subpart), C1, bidi and other format controls, unassigned code points and
 *     non-characters become U+FFFD; so does a combining mark with nothing before it;
 *   - what makes terminals disagree about width is dropped (zero-width joiners, variation selectors, skin
 * tone modifiers) or spelt out (regional indicators become the letters A to Z);
 *   - at most TEXT_MARKS_MAX combining marks stay on a base character.
 *
 * Everything below text_clean() expects cleaned text. Widths are terminal columns: 0, 1 or 2 a code point,
 * ambiguous ones 1.
 */
#ifndef CT_BASE_TEXT_H
#define CT_BASE_TEXT_H

#include "slice.h"

/* Zalgo text stacks hundreds of marks; no script needs more on one base. ncurses can hold 4. */
#define TEXT_MARKS_MAX 2

/*
 * Cleans in into out: at most cap - 1 bytes and a NUL (cap >= 4). Text that does not fit is cut after a whole
 * character and ends in U+2026. Returns the length written.
 */
size_t text_clean(struct slice in, char *out, size_t cap);

/* True when text_clean() would give the same bytes. */
bool text_is_clean(struct slice in);

/* Columns that cleaned text takes. */
size_t text_width(struct slice s);

/* A base character with its combining marks. */
struct text_cluster {
    struct slice bytes;
    uint32_t base; /* code point */
    int width;     /* columns: 1 or 2 */
};

/* Takes the next cluster off cleaned text. False at the end. */
bool text_next(struct slice *rest, struct text_cluster *out);

/* The longest prefix of cleaned text that takes at most cols columns; its width goes to *width (may be NULL).
 */
struct slice text_prefix(struct slice s, size_t cols, size_t *width);

/* Columns of one code point as cleaned text has it: 0, 1 or 2. */
int text_codepoint_width(uint32_t cp);

/* Index of needle in s by simple case folding (both cleaned), or s.len. An empty needle is found at 0. */
size_t text_find_nocase(struct slice s, struct slice needle);

/* UTF-8 for cp into out (4 bytes of room); returns the length. */
size_t text_encode(uint32_t cp, char *out);

#endif
