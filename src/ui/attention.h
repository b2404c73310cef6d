/*
 * attention.h - what of the alerts (alerts.h) is shown, what is silenced, and who is told when.
 *
 * Part of struct ui: pure, the time is that of struct ui_data. Alerts are looked for again when the model
 * changed, an upstream did, or one is due; not per frame.
 *
 * Telling is a bell or a desktop notification, which the application rings and sends (ui_take_notice()).
 * There is at most one for a session and reason within the time that the settings say; what comes sooner is
 * told when that is over, if it still holds. What held already when the program started, from its history, is
 * not told at all.
 */
#ifndef CT_UI_ATTENTION_H
#define CT_UI_ATTENTION_H

#include "alerts.h"
#include "ui.h"

#define ATTENTION_SILENCES_MAX 64  /* the oldest gives way */
#define ATTENTION_TOLD_MAX     256 /* reasons that are remembered; the oldest that no longer holds gives way */
#define ATTENTION_HOUR_NS      (INT64_C(3600) * 1000000000)

enum silence_mode {
    SILENCE_NONE,
    SILENCE_THIS,   /* this kind, for this session, as long as the program runs */
    SILENCE_CHANGE, /* until it gets worse, is about something else, or was gone */
};

struct silence {
    enum silence_mode mode;
    enum alert_kind kind;
    uint64_t key; /* of the session or upstream */
    int level;
    uint64_t node_id;
    bool seen; /* it held at the last look */
};

/* A reason to call somebody, of one session or upstream. */
struct told {
    uint64_t key; /* 0: this place is free */
    int reason;
    int64_t since_ns; /* of a wait: another one is another reason */
    int64_t told_ns;  /* 0: never */
    int64_t seen;     /* number of the look that saw it last */
    bool pending;
};

struct attention {
    struct ui_attention config;
    struct alert_limits limits;
    struct alerts found;
    bool silenced[ALERTS_MAX];  /* by index into found.items */
    size_t loud;                /* how many are not */
    enum health_severity worst; /* of those */

    struct silence silences[ATTENTION_SILENCES_MAX];
    size_t silence_count;
    int64_t silent_until_ns; /* all of them; 0: no */

    struct told told[ATTENTION_TOLD_MAX];
    int64_t look;     /* number of the newest look */
    int64_t begin_ns; /* when this program began to look; 0: not yet */
    struct ui_notice notice;

    /* What the list was made of. */
    uint64_t generation;
    int64_t looked_ns, due_ns, day_start_ns;
    uint64_t upstreams;

    /* The list view. */
    enum alert_kind chosen_kind;
    uint64_t chosen_key;
    bool chosen;
    int top;
};

void attention_init(struct attention *a, const struct ui_attention *config); /* NULL: the defaults */

/* Brings it up to date. fleet: model_fleet() of data's time. Returns when it wants to be called again; 0:
 * never. */
int64_t attention_update(struct attention *a, const struct ui_data *data, const struct fleet *fleet);

/* Somebody is called when something is due: also while the screen shows nothing of it. */
static inline bool attention_calls(const struct attention *a)
{
    return a->config.bell != UI_WHEN_OFF || a->config.notify != UI_WHEN_OFF;
}

/* What tells one apart from the others of its kind. */
uint64_t attention_key(const struct alert *alert);

/* The same again takes it back. */
void attention_silence(struct attention *a, const struct alert *alert, enum silence_mode mode);
enum silence_mode attention_silence_of(const struct attention *a, const struct alert *alert);
void attention_silence_all(struct attention *a, int64_t now_ns);

/* "web-ui", the upstream's name, or "": whom an alert is about. */
struct slice attention_about(const struct alert *alert, const struct model *model);

#endif
