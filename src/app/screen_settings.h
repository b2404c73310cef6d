/*
 * screen_settings.h - the settings screen's side of the options: which rows of the table it shows, and what
 * becomes of a new value: used at once where that is possible, and written to config.ini.
 *
 * Shown are the settings that every run with a screen takes and that --help lists: a new row of the table
 * appears by itself, under the title of its section. What a flag or the environment has set is fixed.
 */
#ifndef CT_APP_SCREEN_SETTINGS_H
#define CT_APP_SCREEN_SETTINGS_H

#include "options_table.h"
#include "ui.h"

#define SCREEN_SETTINGS_MAX 64

struct screen_settings {
    struct options own; /* those of the run, with what was changed on the screen */
    struct arena arena; /* of the changed strings */
    struct ui_setting items[SCREEN_SETTINGS_MAX];
    size_t count;
    struct arena texts; /* of items */
    struct buf seen;    /* config.ini as it was when the screen was opened */
    bool opened;
    const char *themes; /* theme_list_choices(); may be set later */
};

/* o and themes are borrowed and outlive this. Large: not for the stack. */
void screen_settings_init(struct screen_settings *s, const struct options *o, const char *themes);
void screen_settings_finish(struct screen_settings *s);

/* Brings items up to date. opened: the user opens the screen now; what config.ini holds from here on is what
 * the user has seen. */
void screen_settings_list(struct screen_settings *s, bool opened);

/*
 * Sets own, and config.ini. The first fails with CT_ERR_USAGE and leaves all as it was; when the second does
 * the value stays for this run (*used), and msg says why it is not kept.
 */
enum ct_err screen_settings_set(struct screen_settings *s, const char *name, const char *value, bool *used,
                                struct ct_errmsg *msg);

/* config.ini was opened again, or something else than the settings screen asks: whatever it holds is fine. */
void screen_settings_close(struct screen_settings *s);

#endif
