/*
 * term_output.h - bytes on their way to a terminal that may not take them now.
 */
#ifndef CT_UI_TERM_OUTPUT_H
#define CT_UI_TERM_OUTPUT_H

#include "buf.h"

struct term_output {
    int fd;             /* non-blocking; not owned */
    struct buf waiting; /* from sent on */
    size_t sent;
    uint64_t bytes; /* sent in all */
    bool gone;      /* the terminal has hung up; everything is dropped from then on */
};

/* Holds at most one frame and a few sequences; a frame beyond it is refused by term_output_add(). */
#define TERM_OUTPUT_MAX (64u * 1024u * 1024u)

void term_output_init(struct term_output *out, int fd);
void term_output_finish(struct term_output *out);

static inline bool term_output_waits(const struct term_output *out)
{
    return out->waiting.len > out->sent;
}

enum ct_err term_output_add(struct term_output *out, struct slice bytes);

/* Writes until all is sent or the terminal takes no more. False when it has gone. */
bool term_output_flush(struct term_output *out);

/* The same, waiting for the terminal: at most ms without any progress. True when all is sent. */
bool term_output_drain(struct term_output *out, int ms);

/* Forgets what waits. */
void term_output_discard(struct term_output *out);

#endif
