/*
 * screen_ui.h - the ui as the options want it: themes, keys, columns, sort, view, filter. For a screen on a
 * terminal and for one that is printed.
 */
#ifndef CT_APP_SCREEN_UI_H
#define CT_APP_SCREEN_UI_H

#include "options.h"
#include "ui.h"

/* The built-in themes and one from a file. */
#define SCREEN_THEMES_MAX (THEME_BUILTIN_COUNT + 1)

struct screen_themes {
    struct theme list[SCREEN_THEMES_MAX];
    int count;
};

/*
 * themes is filled and has to live as long as the ui. CT_ERR_USAGE: keys or filter are wrong. odd says what
 * is wrong with the theme or the columns in whose place the default stands; its text is empty when all is
 * well.
 */
enum ct_err screen_ui_create(const struct options *o, bool ascii, struct screen_themes *themes,
                             struct ui **out, struct ct_errmsg *odd, struct ct_errmsg *msg);

#endif
