/*
 * theme_list.h - the themes that there are: `auto`, the built-in ones, and the user's own
 * ($XDG_CONFIG_HOME/claude-top/themes/NAME.ini).
 *
 * The first is `auto`: it looks like `dark` or `light`, whichever goes with the terminal's paper.
 */
#ifndef CT_APP_THEME_LIST_H
#define CT_APP_THEME_LIST_H

#include "arena.h"
#include "theme.h"

#define THEME_LIST_FILES_MAX 32 /* of the user's; further ones are not looked at */
#define THEME_LIST_AUTO      0
#define THEME_LIST_BUILTIN   1 /* the first of them; theme.h says how many */
/* And one whose path was given. */
#define THEME_LIST_MAX (1 + THEME_BUILTIN_COUNT + THEME_LIST_FILES_MAX + 1)

struct theme_list {
    struct theme list[THEME_LIST_MAX];
    const char
        *values[THEME_LIST_MAX]; /* what the setting `theme` says for it: a name, or the path as given */
    const char *paths[THEME_LIST_MAX]; /* its file; "" when it has none */
    int count;
    const char
        *bad[THEME_LIST_FILES_MAX]; /* what is wrong with files of the user's, "path:line: what to do" */
    int bad_count;
    char folder[4096]; /* where the user's are looked for; "" when there is no home */
    struct arena arena;
};

/* Large: not for a small stack. folder NULL: that of this user. */
void theme_list_init(struct theme_list *t, const char *folder);
void theme_list_finish(struct theme_list *t);

/*
 * The theme that the setting means: a name, or a path (it has a slash), which is loaded and added. -1 when
 * there is no such theme or it is wrong; msg says which and what to do.
 */
int theme_list_find(struct theme_list *t, const char *value, struct ct_errmsg *msg);

/* What `auto` looks like from now on: dark until then. */
void theme_list_paper(struct theme_list *t, bool light);

/* "auto|dark|…": the values, as the settings screen wants them. Lives until theme_list_finish(). */
const char *theme_list_choices(struct theme_list *t);

#endif
