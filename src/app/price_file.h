/*
 * price_file.h - prices.ini: the one that is compiled in (data/prices.ini, which says what it holds and how),
 * and the user's, whose entries come before it.
 */
#ifndef CT_APP_PRICE_FILE_H
#define CT_APP_PRICE_FILE_H

#include "arena.h"
#include "errors.h"
#include "prices.h"

/* Entries of both files together; nobody has so many. */
#define PRICE_ENTRIES_MAX 2048

struct price_list {
    struct price_table table;
    struct price *items;
    struct arena arena; /* the patterns */
};

/*
 * path: the user's file; NULL or "": none. asked_for: that it is not there is an error. On failure the list
 * holds the built-in prices, and msg says what is wrong in the user's file. price_list_finish() in any case.
 */
enum ct_err price_list_load(struct price_list *list, const char *path, bool asked_for, struct ct_errmsg *msg);
void price_list_finish(struct price_list *list);

#endif
