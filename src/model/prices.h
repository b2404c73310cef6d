/*
 * prices.h - what a model's tokens cost, for calls whose cost nobody reported.
 *
 * A table is plain data that the application reads (src/app/price_file.h); the model only looks prices up, so
 * it stays pure. A price found here is an estimate and is marked as one wherever it shows. A model that the
 * table does not know costs "unknown", never zero.
 *
 * Patterns are compared with the plain name of a model: without what platforms and clients add to it, which
 * is a path or vendor before it ("us.anthropic.", "anthropic/"), a date, an "@…", a ":…", a "-v1", a "[1m]".
 * "*" stands for any characters, "?" for one. The user's own entries come before those of the program; among
 * equals the pattern with the most other characters wins, and of one pattern's entries the one with the
 * highest over_tokens below the length of the prompt.
 */
#ifndef CT_MODEL_PRICES_H
#define CT_MODEL_PRICES_H

#include "event.h"

struct price {
    const char *pattern;
    bool own;            /* the user's */
    int64_t over_tokens; /* for prompts (input, cache read and cache write) longer than this; 0: for all */
    /* USD per million tokens */
    double input, output, cache_read, cache_write_5m, cache_write_1h;
};

struct price_table {
    const struct price *items;
    size_t count;
};

/* NULL when the table (which may be NULL) has none. */
const struct price *price_find(const struct price_table *table, struct slice model, int64_t prompt_tokens);

/*
 * In 1e-9 USD; -1 when the model has no price, or nobody counted its tokens. Counts that are unknown add
 * nothing. Cache writes are taken for the five minute kind but for those that are known to be for an hour.
 */
int64_t price_estimate(const struct price_table *table, struct slice model, const struct event_usage *usage);

/* The plain name: a part of model. */
struct slice price_plain_name(struct slice model);

#endif
