/*
 * screen_ui.h - the ui as the options want it: themes, keys, columns, sort, view, filter. For a screen on a
 * terminal and for one that is printed.
 */
#ifndef CT_APP_SCREEN_UI_H
#define CT_APP_SCREEN_UI_H

#include "options.h"
#include "project.h"
#include "theme_list.h"
#include "ui.h"

/* The project that the filter's `here` is about: that of --cwd, or of the folder we run in. */
struct screen_place {
    struct project project;
    uint64_t sessions; /* as many were known when it was looked for: working trees come with sessions */
};

/* Both before and after screen_place_fill(). CT_ERR_NOT_FOUND: --cwd names no folder. */
enum ct_err screen_place_init(struct screen_place *place, const struct options *o, struct ct_errmsg *msg);
void screen_place_finish(struct screen_place *place);

/* Adds it to what is drawn; the model must be there already. */
void screen_place_fill(struct screen_place *place, const struct options *o, struct ui_data *data);

/*
 * themes were initialised, gain the one that the options name when that is a path, and have to live as long
 * as the ui. CT_ERR_USAGE: keys or filter are wrong. The filter is that of --session, --cwd and --filter
 * together. odd says what is wrong with the theme or the columns in whose place the default stands; its text
 * is empty when all is well.
 */
enum ct_err screen_ui_create(const struct options *o, bool ascii, struct theme_list *themes, struct ui **out,
                             struct ct_errmsg *odd, struct ct_errmsg *msg);

#endif
