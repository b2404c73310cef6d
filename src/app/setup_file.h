/*
 * setup_file.h - a settings.json as setup changes it: its text now, what was written into it before (the
 * record, in the state folder), and both written back.
 */
#ifndef CT_APP_SETUP_FILE_H
#define CT_APP_SETUP_FILE_H

#include "claude_settings.h"
#include "options.h"

#define SETUP_BACKUP_SUFFIX ".claude-top-backup"

struct setup_file {
    char path[PATH_MAX];
    char record_path[PATH_MAX];
    bool there;
    struct buf text; /* "{}" and a line end when it is not there */
    cJSON *record;   /* NULL: there is none */
};

/*
 * Reads both. CT_ERR_FORMAT, with words that name the line, when the file is not JSON as json_text_check()
 * wants it: it is not touched then.
 */
enum ct_err setup_file_open(struct setup_file *f, const struct options *o, const char *path,
                            struct ct_errmsg *msg);
void setup_file_close(struct setup_file *f);

/*
 * What would be there without us, by the record: exactly what was there when nobody has changed the file
 * since, else what setup_undo() leaves. notes and taken as there.
 */
enum ct_err setup_file_without(const struct setup_file *f, struct buf *out, struct buf *notes, size_t *taken);

/* True when the file was made by setup. */
bool setup_file_was_made(const struct setup_file *f);

/*
 * Keeps what the file holds as a backup beside it and writes text in its place. CT_ERR_BUSY when it is not
 * what was opened any more. text NULL: the file goes.
 */
enum ct_err setup_file_write(const struct setup_file *f, const struct slice *text, struct ct_errmsg *msg);

/* Writes the record of a change from before to after (taken over and freed), or takes the record away (NULL).
 */
enum ct_err setup_file_keep(const struct setup_file *f, cJSON *record, struct slice before,
                            struct slice after, bool made, struct ct_errmsg *msg);

#endif
