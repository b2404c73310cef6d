/*
 * hostile_text.h - recorded traffic with a text of the caller's choice in every string that the screen shows.
 *
 * Ids are changed the same way wherever they occur, names that decide what a record is (event names, "Agent",
 * "accept") keep their beginning: the sessions, calls and numbers stay what they were.
 */
#ifndef CT_TESTS_GOLDEN_HOSTILE_TEXT_H
#define CT_TESTS_GOLDEN_HOSTILE_TEXT_H

#include "capture.h"
#include "decode.h"

/* The capture must be JSON. text is at least HOSTILE_MIN bytes of any kind. Free with hostile_free(). */
#define HOSTILE_MIN 4

struct hostile_frames {
    struct frame *frames;
    size_t count;
    char **bodies;
    size_t strings; /* that were changed */
};

void hostile_make(struct hostile_frames *h, const struct capture *c, struct slice text,
                  enum otlp_encoding encoding);
void hostile_free(struct hostile_frames *h);

#endif
