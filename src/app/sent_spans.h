/*
 * sent_spans.h - which spans of ours were made: those in the frames of FRAME_SYNTHESIZED, whoever wrote them.
 *
 * A frame holds a request of spans as the tees send it, or, with the path SENT_SPANS_PATH, the ids of spans
 * whose requests have gone from the journal (synthesis.c). The exporter adds what it makes to the same set.
 */
#ifndef CT_APP_SENT_SPANS_H
#define CT_APP_SENT_SPANS_H

#include "decode.h"
#include "frame.h"
#include "id_set.h"

/* No path of OTLP, so that nobody forwards it. */
#define SENT_SPANS_PATH "/sent"

struct sent_spans {
    struct id_set ids;
    struct otlp_decoder *decoder; /* NULL: none was needed yet */
};

void sent_spans_init(struct sent_spans *s);
void sent_spans_finish(struct sent_spans *s);

/* Any frame; those of other sources are passed over. */
void sent_spans_frame(struct sent_spans *s, const struct frame *frame);

#endif
