/*
 * frames_model.h - a model of frames that somebody else keeps: a viewer's, or a replay's.
 */
#ifndef CT_APP_FRAMES_MODEL_H
#define CT_APP_FRAMES_MODEL_H

#include "flow.h"
#include "ingest.h"
#include "model.h"
#include "options.h"
#include "price_file.h"
#include "sent_spans.h"
#include "ui.h"

struct frames_model {
    struct model *model;
    struct ingest *ingest;
    struct price_list prices;
    struct sent_spans sent; /* of our own traces */
    uint64_t requests;
    uint64_t bytes;
    int64_t last_wall_ns; /* arrival of the newest frame */
};

/* The prices that the options name; says on stderr when there is something wrong with them. */
void prices_open(const struct options *o, struct price_list *prices);

/* The model's own settings as the options have them. */
void frames_model_config(const struct options *o, struct model_config *config);

/* hash_seed 0 is fine for replays: nothing that is shown depends on it. */
void frames_model_init(struct frames_model *m, const struct options *o, uint64_t hash_seed);
void frames_model_finish(struct frames_model *m);
void frames_model_add(struct frames_model *m, const struct frame *frame);

void frames_model_flow(const struct frames_model *m, struct flow *out);
void frames_model_fill(const struct frames_model *m, struct ui_data *data);

#endif
