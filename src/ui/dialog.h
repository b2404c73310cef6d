/*
 * dialog.h - lists that lie over a view and take its keys: the choice of columns, the links of a row, the
 * settings. For the files of this folder.
 *
 * dialog.c draws the frame, moves, scrolls and clicks; each kind is a file of its own that says what stands
 * in a line and what its keys do. Who opens one while another is open replaces it.
 */
#ifndef CT_UI_DIALOG_H
#define CT_UI_DIALOG_H

#include "columns.h"
#include "ui.h"
#include "view.h"

enum dialog_kind { DIALOG_NONE, DIALOG_COLUMNS, DIALOG_LINKS, DIALOG_SETTINGS, DIALOG_KIND_COUNT };

#define DIALOG_EDIT_MAX 256 /* bytes of a text that is typed into one */

struct dialog {
    enum dialog_kind kind;
    int cursor; /* line of the list */
    int top;
    struct area frame, list; /* as drawn */

    const struct ui_link_item *links; /* borrowed, see ui_show_links() */
    int link_count;
    char about[96];
    struct ui_effects link_target; /* what the links are of */
    bool whole_url;

    const struct ui_setting *settings; /* borrowed, see ui_show_settings() */
    int setting_count;
    bool editing; /* a value is typed */
    char text[DIALOG_EDIT_MAX];
    size_t len;
};

/* What a kind of dialog is. */
struct dialog_look {
    unsigned context; /* enum key_context */
    const char *title;
    int cols;                          /* of the list at most */
    int (*count)(const struct ui *ui); /* lines of the list */
    bool (*selectable)(const struct ui *ui, int index);
    void (*draw)(const struct ui *ui, struct grid *grid, struct area line, int index);
    /* Lines below the list at that width, and what stands there. */
    int (*note_rows)(const struct ui *ui, int cols);
    void (*draw_note)(const struct ui *ui, struct grid *grid, struct area area);
    /* An action of its context; closing and moving are done already. */
    void (*act)(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects);
    enum action click;                                        /* what a double click does */
    void (*moved)(struct ui *ui, struct ui_effects *effects); /* the cursor did; or NULL */
};

extern const struct dialog_look dialog_columns, dialog_links, dialog_settings;

void dialog_open(struct ui *ui, enum dialog_kind kind);
void dialog_close(struct ui *ui);
unsigned dialog_context(const struct ui *ui);
void dialog_draw(struct ui *ui, struct grid *grid);
void dialog_key(struct ui *ui, const struct ui_data *data, const struct key *key, struct ui_effects *effects);
void dialog_act(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects);
void dialog_mouse(struct ui *ui, const struct ui_data *data, const struct key *key,
                  struct ui_effects *effects);

/* dialog_settings.c: a key while a value is typed. */
void dialog_edit_key(struct ui *ui, const struct ui_data *data, const struct key *key,
                     struct ui_effects *effects);

#endif
