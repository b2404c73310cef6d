#include "world.h"

#include <stdlib.h>

#define TEXT_MAX (64u << 20)

static void on_event(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

void world_open(struct world *w)
{
    struct model_config config;
    model_config_init(&config);
    world_open_with(w, &config);
}

void world_open_with(struct world *w, const struct model_config *config)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    *w = (struct world){.model = model_create(config)};
    w->ingest = ingest_create(&limits, on_event, w->model);
    buf_init(&w->text, TEXT_MAX);
}

void world_close(struct world *w)
{
    ingest_destroy(w->ingest);
    model_destroy(w->model);
    buf_finish(&w->text);
}

enum ct_err world_feed(struct world *w, const struct frame *f)
{
    if (f->wall_ns > w->newest_ns)
        w->newest_ns = f->wall_ns;
    return ingest_frame(w->ingest, f);
}

struct slice world_text(struct world *w, enum tree_detail detail)
{
    buf_clear(&w->text);
    tree_text(&w->text, w->model, w->newest_ns + 1000000000, detail);
    if (!buf_cstr(&w->text))
        abort();
    return buf_slice(&w->text);
}
