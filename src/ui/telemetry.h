/*
 * telemetry.h - how far what is shown can be trusted: the model's health items, and what clients report of
 * their account and their context. For the files of this folder.
 *
 * Asking goes through all sessions, so it is done at most once in TELEMETRY_PACE_NS, and less often the more
 * of them there are.
 */
#ifndef CT_UI_TELEMETRY_H
#define CT_UI_TELEMETRY_H

#include "ui.h"

#define TELEMETRY_ITEMS_MAX 32
#define TELEMETRY_PACE_NS   (INT64_C(1) * 1000000000)

struct telemetry_item {
    enum health_severity severity;
    char session[48]; /* its name; "": it is about all */
    char message[HEALTH_MESSAGE_MAX];
};

struct telemetry {
    bool known;
    uint64_t generation; /* of the model when it was asked */
    int64_t asked_ns;
    struct telemetry_item items[TELEMETRY_ITEMS_MAX]; /* the worst first */
    size_t count, all;                                /* kept, and found */
    size_t serious;                                   /* of items: more than an information */
    struct session_limits limits;                     /* the newest that some client reported */
    double fullest; /* context of a session that is live, in percent; -1: none */
};

/* Brings it up to date with the data; the screen may want to be drawn again when more is known. */
void telemetry_refresh(struct ui *ui, const struct ui_data *data);

enum role telemetry_role(enum health_severity severity);

#endif
