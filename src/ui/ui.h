/*
 * ui.h - the screen as a pure function, and the keys as another.
 *
 *   ui_draw(state, data) -> grid            ui_key(state, data, key) -> state, effects
 *
 * No I/O, no clock, no environment. The application owns the model and the terminal: it calls ui_draw() when
 * something changed (data, key, size, or the time in ui_wake_ns()), shows the grid through ui/term, and does
 * what ui_key() asks for in struct ui_effects. Nothing here keeps a pointer into the model beyond a call,
 * except the row list, which is never followed once model_generation() has moved.
 */
#ifndef CT_UI_UI_H
#define CT_UI_UI_H

#include "alerts.h"
#include "grid.h"
#include "key.h"
#include "keymap.h"
#include "model.h"
#include "theme.h"
#include "ui_flow.h"

#define UI_COLS_MIN 30
#define UI_ROWS_MIN 6

#define UI_SEARCH_MAX   128 /* bytes of a search text; more keys are ignored */
#define UI_MESSAGE_MAX  160 /* bytes of a message; longer ones end in an ellipsis */
#define UI_RED_NAME_MAX 97  /* bytes of the name of a row of the RED table */
#define UI_COPY_MAX     256 /* bytes that one copy may hold */

/* ---------------------------------------------------------------------------------- what is shown */

enum ui_upstream_state {
    UI_UPSTREAM_NONE,     /* none configured */
    UI_UPSTREAM_OK,       /* the last request was taken, or none was sent yet */
    UI_UPSTREAM_RETRYING, /* it refused or could not be reached; frames wait in the journal */
    UI_UPSTREAM_REJECTING /* it said no for good to something; detail says what */
};

struct ui_upstream {
    enum ui_upstream_state state;
    struct slice name;     /* of the one that is worst off; empty: there is only one */
    uint64_t queued;       /* requests that wait */
    uint64_t dropped;      /* requests lost to a limit */
    uint64_t rejected;     /* requests that it said no to */
    uint64_t held;         /* requests that no upstream takes as they are */
    struct slice held_for; /* "gRPC", "HTTP": the kind of upstream that they wait for; empty: both */
    int64_t oldest_ns;     /* age of the oldest that waits; 0: none */
};

struct ui_received {
    uint64_t requests;
    uint64_t bytes;
    uint64_t spans;
    uint64_t logs;
    uint64_t metric_points;
    uint64_t hooks;
    uint64_t refused;
    uint64_t decode_errors;
};

struct ui_link_item;

/* Everything that a frame shows. Borrowed for the call; all text is clean (text.h). */
struct ui_data {
    const struct model *model;
    int64_t now_ns;       /* wall clock, or the clock of a replay */
    int64_t day_start_ns; /* local midnight, for "today" */
    struct ui_upstream upstream;
    struct ui_received received;
    const struct ui_flow *flow; /* NULL: nobody knows here (a viewer, a replay) */
    uint64_t unsaved;           /* requests that are only in memory, because the disk refused */
    struct slice http_address;  /* "127.0.0.1:4318"; empty: does not listen */
    struct slice grpc_address;
    struct slice version;
    const struct slice *here; /* folders of this pane's project, for the filter's `here` */
    size_t here_count;
    /* The links of a row (node_id 0: of the session), which live until the next call; NULL: not known here.
     */
    size_t (*links)(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                    const struct ui_link_item **items);
    void *links_ctx;
    bool adrift; /* nobody receives what senders send now: source says so, as an alert */
    struct slice
        source; /* where the data comes from when not from our own receiver: "attached", "replay x4" … */
};

/* ----------------------------------------------------------------------------------- what is kept */

enum ui_sort {
    UI_SORT_ACTIVITY,
    UI_SORT_STATE,
    UI_SORT_NAME,
    UI_SORT_COST,
    UI_SORT_TOKENS,
    UI_SORT_TIME,
    UI_SORT_BURN,
    UI_SORT_COUNT
};

enum ui_view_id {
    UI_VIEW_TREE,
    UI_VIEW_WATERFALL,
    UI_VIEW_RED,
    UI_VIEW_EVENTS,
    UI_VIEW_DETAIL,
    UI_VIEW_FLOW,
    UI_VIEW_ALERTS,
    UI_VIEW_COUNT
};

/* When somebody is called. */
enum ui_when {
    UI_WHEN_OFF,
    UI_WHEN_WAITING, /* a session begins to wait for the human */
    UI_WHEN_ALL,     /* or an alert that is not silenced begins */
};

#define UI_NOTIFY_AGAIN_NS (INT64_C(60) * 1000000000)

/* Of whom attention is asked, and how loudly. All zero: the defaults. */
struct ui_attention {
    const struct alert_limits *limits; /* copied; NULL: the built-in ones */
    enum ui_when bell, notify;
    int64_t again_ns; /* at most one of a session and reason within it; 0: UI_NOTIFY_AGAIN_NS */
    bool no_highlight, no_title;
};

struct ui_config {
    struct ui_attention attention;
    bool ascii;                  /* plain ASCII instead of the glyphs */
    const struct keymap *keymap; /* copied; NULL: the default keys */
    const struct theme *themes;  /* borrowed as long as the ui lives; NULL: the built-in ones */
    int theme_count;
    int theme;            /* the one to start with */
    enum ui_sort sort;    /* likewise */
    const char *columns;  /* columns.h; NULL, or text that is none: the standard set */
    enum ui_view_id view; /* likewise */
    bool pane;            /* starts with the details beside or below */
    struct slice filter;  /* copied, as filter.h reads it; one that is wrong is none */
};

struct ui; /* opaque: tests look at it through the functions below */

struct ui *ui_create(const struct ui_config *config); /* config NULL: all defaults */
void ui_destroy(struct ui *ui);

/* The theme in use; changes with the key T. */
const struct theme *ui_theme(const struct ui *ui);

/* --------------------------------------------------------------------------------- what comes out */

/* Draws the whole screen at the grid's size. Allocates nothing once the row list has grown to the data's
 * size. */
void ui_draw(struct ui *ui, const struct ui_data *data, struct grid *grid);

/*
 * When the last drawn screen would look different without anything new arriving (an age that ticks), as a
 * value of ui_data.now_ns; 0: never, so nothing needs to wake up.
 */
int64_t ui_wake_ns(const struct ui *ui);

/* For the window title, as of the last ui_draw(): "⏸ 1 · claude-top". Lives in the ui. */
const char *ui_window_title(const struct ui *ui);

/* Sessions that wait for the human, as of the last ui_draw(): when it rises, ring the bell or notify. */
int64_t ui_waiting(const struct ui *ui);

#define UI_NOTICE_MAX 400

/* What is to be told besides the screen. */
struct ui_notice {
    bool bell;
    int count;                /* reasons for a desktop notification; 0: none */
    char text[UI_NOTICE_MAX]; /* of the first of them, clean */
};

/* What came up since the last call; false when there is nothing. After ui_draw(). */
bool ui_take_notice(struct ui *ui, struct ui_notice *out);

enum ui_effect {
    UI_REDRAW = 1,           /* the state changed: draw again */
    UI_QUIT = 2,             /* leave the program */
    UI_SUSPEND = 4,          /* job control, as C-z */
    UI_REPAINT = 8,          /* send every cell again, as C-l */
    UI_TOGGLE_MOUSE = 16,    /* give the mouse to the terminal, or take it back */
    UI_OPEN_LINK = 32,       /* link and target below */
    UI_COPY_LINK = 64,       /* the link's URL to the clipboard */
    UI_COPY_TEXT = 128,      /* copy below to the clipboard */
    UI_SHOW_LINK = 256,      /* the link's URL is on the screen: make a hyperlink of it */
    UI_LIST_LINKS = 512,     /* ui_show_links() with all links of the target */
    UI_LIST_SETTINGS = 1024, /* ui_show_settings() */
    UI_SET = 2048,           /* a setting has a new value: use it and keep it */
    UI_KEEP_THEME = 4096,    /* ui_theme() is another: keep that */
};

#define UI_VALUE_MAX 256 /* bytes of a setting's value */

struct ui_effects {
    unsigned what;       /* enum ui_effect, or-ed */
    const char *link;    /* its kind: "tempo", "loki" …; as in struct ui_link_item */
    uint64_t session_id; /* what the link is about: session.id of model.h */
    uint64_t node_id;    /* node.id, or 0: the session as a whole */
    int red_kind;        /* enum red_kind, when red_name is not empty: the link is about a row of the RED */
    char red_name[UI_RED_NAME_MAX]; /* table, of the session (0: of all of them) */
    char copy[UI_COPY_MAX];
    const char *setting;      /* UI_SET: its name */
    char value[UI_VALUE_MAX]; /* UI_SET */
};

struct ui_effects ui_key(struct ui *ui, const struct ui_data *data, const struct key *key);

enum ui_severity { UI_INFO, UI_WARNING, UI_ERROR };

/* Shows a line over the footer until the next key: the outcome of an effect. The text is cleaned here. */
void ui_say(struct ui *ui, enum ui_severity severity, const char *text);

/* --------------------------------------------------------------------------------- lists over a view */

/* A link of a row. Strings are clean and never NULL. */
struct ui_link_item {
    const char *name;  /* its kind, for the effects */
    const char *title; /* for people */
    const char *help;  /* what it leads to */
    const char *why;   /* it does not apply; "" when it does */
    const char *url;   /* "" when it does not apply, or */
    bool asks;         /* has to be asked for first, by the effects of opening and copying it */
};

#define UI_LINKS_MAX 16

/*
 * Answers UI_LIST_LINKS: shows the list. about says what the links are of. items are borrowed until the next
 * call of this or the end of the ui.
 */
void ui_show_links(struct ui *ui, const char *about, const struct ui_link_item *items, size_t count);

/* A setting. Strings are clean and never NULL. */
struct ui_setting {
    const char *group; /* heading; those of one group stand together */
    const char *name;  /* for the effects, and for people */
    const char *help;  /* one line, no full stop */
    const char *value;
    const char *fallback; /* the built-in value */
    const char *choices;  /* "on|off"; "": text is typed */
    const char *origin;   /* where the value comes from, for people */
    bool fixed;           /* by a flag or the environment: it cannot be changed here */
    bool at_once;         /* a change is seen at once; else at the next start */
};

/* Answers UI_LIST_SETTINGS, and follows each UI_SET while the list is shown. Borrowed as above. */
void ui_show_settings(struct ui *ui, const struct ui_setting *items, size_t count);

/* The settings are on the screen. */
bool ui_shows_settings(const struct ui *ui);

/* Changes to what is shown, by the settings. */
void ui_set_theme(struct ui *ui, int index);
void ui_set_sort(struct ui *ui, enum ui_sort sort);
enum ct_err ui_set_columns(struct ui *ui, const char *text, struct ct_errmsg *msg);

/* --------------------------------------------------------------------------- what tests ask about */

struct ui_view {
    enum ui_view_id view;
    bool pane;           /* the details stand beside or below */
    bool focused;        /* on that pane */
    uint64_t session_id; /* of the selection; 0: nothing is selected */
    uint64_t node_id;    /* 0: the session row */
    size_t rows;         /* in the tree, folds taken into account */
    size_t selected;     /* index of the selected row */
    size_t top;          /* index of the first row on the screen */
    enum ui_sort sort;
    bool inverted;
    bool follow;
    bool paused;
    bool help;
    unsigned dialog; /* enum key_context of the list that lies over the view; 0: none */
    int dialog_line; /* its selected line */
    bool searching;  /* the search line is open */
    const char *search;
    size_t hits; /* of the search, as of the last key that moved it */
    size_t hit;  /* 1-based; 0: none */
};

struct ui_view ui_view(struct ui *ui, const struct ui_data *data);

#endif
