/*
 * label.h - what rows are called.
 */
#ifndef CT_UI_LABEL_H
#define CT_UI_LABEL_H

#include "model.h"
#include "theme.h"

/* Title, else the folder's name, else the first eight characters of the session id. Borrowed from the
 * session. */
struct slice label_session(const struct session *s);

/* A model's name without what every model has: "claude-opus-4-5-20251101" is "opus-4-5". Borrowed from name.
 */
struct slice label_model(struct slice name);
/* Without the version as well: "opus". */
struct slice label_model_family(struct slice name);

/* The last part of a path, trailing slashes aside. Borrowed. */
struct slice label_basename(struct slice path);

#define LABEL_PIECES_MAX  10
#define LABEL_SCRATCH_MAX 96

/* A row's name as runs of text of one role, in order; blanks between them are part of the runs. */
struct label {
    struct {
        struct slice text;
        enum role role;
    } pieces[LABEL_PIECES_MAX];
    int count;
    char scratch[LABEL_SCRATCH_MAX]; /* holds the runs that were made up, not borrowed */
    size_t used;
};

/* n NULL: the session's row. Borrows from the model; label must not be moved while it is used. */
void label_build(struct label *label, const struct session *s, const struct node *n);

/* From this percentage on a context window or a limit is worth a colour. */
#define LABEL_NEARLY_FULL 80

/* Of a limit, as of now: -1 when it is unknown, or was reset since it was reported. */
double label_limit_percentage(const struct session_limit *limit, int64_t now_ns);

/* How sure a sum's cost is, for format_cost(). */
unsigned label_cost_marks(const struct counters *c);

#endif
