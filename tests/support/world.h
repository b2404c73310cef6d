/*
 * world.h - a model and the ingest that feeds it.
 *
 * world_text() is what tests compare; the slice is valid until the next call for the same world.
 */
#ifndef CT_TESTS_SUPPORT_WORLD_H
#define CT_TESTS_SUPPORT_WORLD_H

#include "capture.h"
#include "ingest.h"
#include "model.h"
#include "tree_text.h"

struct world {
    struct model *model;
    struct ingest *ingest;
    struct buf text;
    int64_t newest_ns; /* of what was fed */
};

void world_open(struct world *w);
void world_open_with(struct world *w, const struct model_config *config);
void world_close(struct world *w);
enum ct_err world_feed(struct world *w, const struct frame *f);

/* The tree as seen a second after the newest frame. */
struct slice world_text(struct world *w, enum tree_detail detail);

#endif
