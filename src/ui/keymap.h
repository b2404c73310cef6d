/*
 * keymap.h - what keys do: one table from which dispatch, the footer, the help view and config.ini all come.
 *
 * To add an action: one line in KEYMAP_ACTIONS and its case in the reducer. An action that does nothing has
 * no line here.
 */
#ifndef CT_UI_KEYMAP_H
#define CT_UI_KEYMAP_H

#include "errors.h"
#include "key.h"

/* Where an action is listened to. A key may mean different things in different contexts, never two in one. */
enum key_context {
    CONTEXT_TREE = 1,
    CONTEXT_HELP = 2,
    CONTEXT_SEARCH = 4, /* the search line is open: printable keys are text */
    CONTEXT_WATERFALL = 8,
    CONTEXT_EVENTS = 32,
    CONTEXT_FLOW = 64,
    CONTEXT_RED = 128,
    CONTEXT_FILTER = 256,  /* the filter line is open */
    CONTEXT_DETAIL = 16,   /* the whole screen, or the pane that has the focus */
    CONTEXT_COLUMNS = 512, /* lists that lie over a view */
    CONTEXT_LINKS = 1024,
    CONTEXT_SETTINGS = 2048,
    CONTEXT_ALERTS = 8192,
    CONTEXT_EDIT = 4096, /* the value of a setting is typed */
};

#define CONTEXT_NODES (CONTEXT_TREE | CONTEXT_WATERFALL)             /* views of sessions and their calls */
#define CONTEXT_ROWS  (CONTEXT_NODES | CONTEXT_RED | CONTEXT_EVENTS) /* views with a row that is selected */
#define CONTEXT_TARGETS                                                                                      \
    (CONTEXT_NODES | CONTEXT_RED | CONTEXT_EVENTS | CONTEXT_DETAIL |                                         \
     CONTEXT_ALERTS)                                     /* about a session or call */
#define CONTEXT_VIEWS   (CONTEXT_TARGETS | CONTEXT_FLOW) /* everything that 1 to 7 lead to */
#define CONTEXT_DIALOGS (CONTEXT_COLUMNS | CONTEXT_LINKS | CONTEXT_SETTINGS)
#define CONTEXT_MAIN    (CONTEXT_VIEWS | CONTEXT_HELP)
#define CONTEXT_LISTS   (CONTEXT_MAIN | CONTEXT_DIALOGS)

/* How the help view groups them, in this order. */
enum key_group {
    GROUP_MOVE,
    GROUP_VIEWS,
    GROUP_TREE,
    GROUP_FIND,
    GROUP_SHOW,
    GROUP_LINKS,
    GROUP_MENUS,
    GROUP_PROGRAM,
    GROUP_COUNT
};

/*
 * id, name in config.ini, default keys, contexts, group, footer label ("" for none), footer priority (lower
 * stays longer), help. The order is that of the footer and of the help view.
 */
#define KEYMAP_ACTIONS(X)                                                                                    \
    X(ACTION_HELP, "help", "? F1", CONTEXT_VIEWS, GROUP_PROGRAM, "Help", 2, "this help")                     \
    X(ACTION_UP, "up", "Up k", CONTEXT_LISTS, GROUP_MOVE, "", 0, "one row up")                               \
    X(ACTION_DOWN, "down", "Down j", CONTEXT_LISTS, GROUP_MOVE, "", 0, "one row down")                       \
    X(ACTION_PAGE_UP, "page-up", "PgUp C-b", CONTEXT_LISTS, GROUP_MOVE, "", 0, "one screen up")              \
    X(ACTION_PAGE_DOWN, "page-down", "PgDn C-f", CONTEXT_LISTS, GROUP_MOVE, "", 0, "one screen down")        \
    X(ACTION_FIRST, "first", "g Home", CONTEXT_LISTS, GROUP_MOVE, "", 0, "first row")                        \
    X(ACTION_LAST, "last", "G End", CONTEXT_LISTS, GROUP_MOVE, "", 0, "last row")                            \
    X(ACTION_FOLLOW, "follow", "F", CONTEXT_TREE, GROUP_MOVE, "", 0,                                         \
      "follow the newest activity, until you move")                                                          \
    X(ACTION_VIEW_TREE, "view-tree", "1", CONTEXT_VIEWS, GROUP_VIEWS, "Tree", 4,                             \
      "tree: sessions, turns, calls")                                                                        \
    X(ACTION_VIEW_WATERFALL, "view-waterfall", "w 2", CONTEXT_VIEWS, GROUP_VIEWS, "Waterfall", 8,            \
      "waterfall of the selected turn on a time axis")                                                       \
    X(ACTION_VIEW_RED, "view-red", "r 3", CONTEXT_VIEWS, GROUP_VIEWS, "RED", 8,                              \
      "rates, errors and durations by model, tool, agent, session")                                          \
    X(ACTION_WINDOW, "window", "W", CONTEXT_RED, GROUP_VIEWS, "Window", 4,                                   \
      "RED: the last 1, 5, 15 minutes, or everything")                                                       \
    X(ACTION_VIEW_EVENTS, "view-events", "e 4", CONTEXT_VIEWS, GROUP_VIEWS, "Events", 9,                     \
      "events as they come")                                                                                 \
    X(ACTION_SCOPE, "scope", "a", CONTEXT_EVENTS | CONTEXT_RED, GROUP_VIEWS, "All or one", 5,                \
      "all sessions, or the selected one only")                                                              \
    X(ACTION_ENTER, "enter", "Enter", CONTEXT_EVENTS | CONTEXT_RED | CONTEXT_ALERTS, GROUP_VIEWS, "To tree", \
      5, "show it in the tree")                                                                              \
    X(ACTION_VIEW_DETAIL, "view-detail", "v 5", CONTEXT_VIEWS, GROUP_VIEWS, "Details", 11,                   \
      "everything known about the selected row")                                                             \
    X(ACTION_VIEW_FLOW, "view-flow", "6", CONTEXT_VIEWS, GROUP_VIEWS, "Flow", 11,                            \
      "flow: clients, journal, upstreams, losses")                                                           \
    X(ACTION_VIEW_ALERTS, "view-alerts", "A 7", CONTEXT_VIEWS, GROUP_VIEWS, "Alerts", 10,                    \
      "alerts: budgets, errors, loops, silence")                                                             \
    X(ACTION_SILENCE, "silence", "x", CONTEXT_ALERTS, GROUP_VIEWS, "Silence", 4,                             \
      "alerts: silence this one for good, and back")                                                         \
    X(ACTION_SILENCE_CHANGE, "silence-change", "u", CONTEXT_ALERTS, GROUP_VIEWS, "Until it changes", 6,      \
      "alerts: silence this one until it changes")                                                           \
    X(ACTION_SILENCE_ALL, "silence-all", "X", CONTEXT_ALERTS, GROUP_VIEWS, "All for 1h", 6,                  \
      "alerts: silence all for an hour, and back")                                                           \
    X(ACTION_PANE, "pane", "i", CONTEXT_VIEWS, GROUP_VIEWS, "Info", 8,                                       \
      "details beside or below, and away again")                                                             \
    X(ACTION_FOCUS, "focus", "Tab", CONTEXT_VIEWS, GROUP_VIEWS, "", 0, "keys to the other pane")             \
    X(ACTION_TOGGLE, "toggle", "Enter Space", CONTEXT_TREE, GROUP_TREE, "Expand", 5,                         \
      "expand or fold the row")                                                                              \
    X(ACTION_IN, "in", "Right", CONTEXT_TREE, GROUP_TREE, "", 0, "expand, then go to the first child")       \
    X(ACTION_OUT, "out", "Left h", CONTEXT_TREE, GROUP_TREE, "", 0, "fold, then go to the parent")           \
    X(ACTION_OPEN, "open", "+", CONTEXT_TREE, GROUP_TREE, "", 0, "expand the row")                           \
    X(ACTION_FOLD, "fold", "-", CONTEXT_TREE, GROUP_TREE, "", 0, "fold the row")                             \
    X(ACTION_OPEN_ALL, "open-all", "*", CONTEXT_TREE, GROUP_TREE, "", 0,                                     \
      "expand or fold everything below the row")                                                             \
    X(ACTION_SEARCH, "search", "/", CONTEXT_VIEWS, GROUP_FIND, "Search", 4,                                  \
      "search names, prompts, models, errors, ids; elsewhere what is seen")                                  \
    X(ACTION_FILTER, "filter", "f", CONTEXT_ROWS, GROUP_FIND, "Filter", 6,                                   \
      "filter the sessions: state:waiting model:opus tool:Bash err repo:api -word")                          \
    X(ACTION_NEXT, "next", "n", CONTEXT_VIEWS, GROUP_FIND, "", 0, "next hit, also inside folded rows")       \
    X(ACTION_PREVIOUS, "previous", "N", CONTEXT_VIEWS, GROUP_FIND, "", 0, "previous hit")                    \
    X(ACTION_BACK, "back", "Esc", CONTEXT_VIEWS, GROUP_FIND, "", 0,                                          \
      "back out of search, pause and view; in the tree, follow")                                             \
    X(ACTION_SORT, "sort", "s", CONTEXT_TREE | CONTEXT_RED, GROUP_SHOW, "Sort", 6, "next sort key")          \
    X(ACTION_INVERT, "invert", "S", CONTEXT_TREE | CONTEXT_RED, GROUP_SHOW, "", 0, "the other way round")    \
    X(ACTION_COLUMNS, "columns", "c", CONTEXT_TREE, GROUP_SHOW, "Columns", 9, "choose the columns")          \
    X(ACTION_PAUSE, "pause", "P", CONTEXT_VIEWS, GROUP_SHOW, "Pause", 9,                                     \
      "freeze the screen; receiving goes on")                                                                \
    X(ACTION_THEME, "theme", "T", CONTEXT_MAIN, GROUP_SHOW, "", 0, "next theme")                             \
    X(ACTION_MOUSE, "mouse", "M", CONTEXT_VIEWS, GROUP_SHOW, "", 0, "mouse to the terminal, and back")       \
    X(ACTION_REPAINT, "repaint", "C-l", CONTEXT_LISTS, GROUP_SHOW, "", 0, "paint the whole screen again")    \
    X(ACTION_TEMPO, "tempo", "t", CONTEXT_TARGETS, GROUP_LINKS, "Tempo", 7, "open the row's trace in Tempo") \
    X(ACTION_LOKI, "loki", "l", CONTEXT_TARGETS, GROUP_LINKS, "Loki", 7, "open the row's logs in Loki")      \
    X(ACTION_MIMIR, "mimir", "m", CONTEXT_TARGETS, GROUP_LINKS, "Mimir", 7,                                  \
      "open the session's metrics in Mimir")                                                                 \
    X(ACTION_PROFILES, "profiles", "p", CONTEXT_TARGETS, GROUP_LINKS, "", 0,                                 \
      "open the profiles of that time")                                                                      \
    X(ACTION_DASHBOARD, "dashboard", "d", CONTEXT_TARGETS, GROUP_LINKS, "", 0,                               \
      "open the dashboard of the session")                                                                   \
    X(ACTION_LINKS, "links", "o", CONTEXT_TARGETS, GROUP_LINKS, "Open", 7,                                   \
      "all links of the row: open, copy, show")                                                              \
    X(ACTION_COPY_ID, "copy-id", "y", CONTEXT_TARGETS, GROUP_LINKS, "Copy id", 10, "copy the session id")    \
    X(ACTION_COPY_LINK, "copy-link", "Y", CONTEXT_TARGETS, GROUP_LINKS, "", 0, "copy the link to the trace") \
    X(ACTION_SETTINGS, "settings", "F2 ,", CONTEXT_VIEWS, GROUP_PROGRAM, "Settings", 10,                     \
      "settings, written to config.ini")                                                                     \
    X(ACTION_SUSPEND, "suspend", "C-z", CONTEXT_MAIN, GROUP_PROGRAM, "", 0, "suspend to the shell")          \
    X(ACTION_QUIT, "quit", "q F10 C-c", CONTEXT_VIEWS, GROUP_PROGRAM, "Quit", 3, "quit")                     \
    X(ACTION_CLOSE, "close", "Esc q ? F1 F10 C-c", CONTEXT_HELP, GROUP_PROGRAM, "Close", 1,                  \
      "close the help")                                                                                      \
    X(ACTION_DIALOG_CLOSE, "menu-close", "Esc q C-c F10", CONTEXT_DIALOGS, GROUP_MENUS, "Close", 2,          \
      "close the list")                                                                                      \
    X(ACTION_COLUMN_TOGGLE, "column-toggle", "Space Enter", CONTEXT_COLUMNS, GROUP_MENUS, "Show or hide", 1, \
      "columns: show or hide")                                                                               \
    X(ACTION_COLUMN_EARLIER, "column-earlier", "Left - F7", CONTEXT_COLUMNS, GROUP_MENUS, "Earlier", 3,      \
      "columns: further to the left")                                                                        \
    X(ACTION_COLUMN_LATER, "column-later", "Right + F8", CONTEXT_COLUMNS, GROUP_MENUS, "Later", 3,           \
      "columns: further to the right")                                                                       \
    X(ACTION_COLUMN_RESET, "column-reset", "r", CONTEXT_COLUMNS, GROUP_MENUS, "Reset", 4,                    \
      "columns: those of the program")                                                                       \
    X(ACTION_COLUMN_SAVE, "column-save", "w", CONTEXT_COLUMNS, GROUP_MENUS, "Save", 2,                       \
      "columns: keep them in config.ini")                                                                    \
    X(ACTION_LINK_OPEN, "link-open", "Enter", CONTEXT_LINKS, GROUP_MENUS, "Open", 1,                         \
      "links: open in the browser")                                                                          \
    X(ACTION_LINK_COPY, "link-copy", "y Y", CONTEXT_LINKS, GROUP_MENUS, "Copy", 3,                           \
      "links: to the clipboard")                                                                             \
    X(ACTION_LINK_SHOW, "link-show", "Space", CONTEXT_LINKS, GROUP_MENUS, "Show", 3, "links: the whole URL") \
    X(ACTION_SETTING_CHANGE, "setting-change", "Enter Space", CONTEXT_SETTINGS, GROUP_MENUS, "Change", 1,    \
      "settings: next value, or type one")                                                                   \
    X(ACTION_SETTING_NEXT, "setting-next", "Right +", CONTEXT_SETTINGS, GROUP_MENUS, "", 0,                  \
      "settings: next value")                                                                                \
    X(ACTION_SETTING_PREVIOUS, "setting-previous", "Left -", CONTEXT_SETTINGS, GROUP_MENUS, "", 0,           \
      "settings: previous value")                                                                            \
    X(ACTION_SETTING_RESET, "setting-reset", "r", CONTEXT_SETTINGS, GROUP_MENUS, "Built-in", 3,              \
      "settings: the built-in value")                                                                        \
    X(ACTION_EDIT_ACCEPT, "edit-accept", "Enter", CONTEXT_EDIT, GROUP_MENUS, "Keep", 1,                      \
      "typed value: keep it")                                                                                \
    X(ACTION_EDIT_CANCEL, "edit-cancel", "Esc C-c C-g", CONTEXT_EDIT, GROUP_MENUS, "Cancel", 2,              \
      "typed value: as it was")                                                                              \
    X(ACTION_EDIT_ERASE, "edit-erase", "Backspace", CONTEXT_EDIT, GROUP_MENUS, "", 0,                        \
      "typed value: erase a character")                                                                      \
    X(ACTION_EDIT_CLEAR, "edit-clear", "C-u", CONTEXT_EDIT, GROUP_MENUS, "", 0, "typed value: erase all")    \
    X(ACTION_ACCEPT, "accept", "Enter", CONTEXT_SEARCH, GROUP_FIND, "Keep", 1,                               \
      "search line: stay at the hit")                                                                        \
    X(ACTION_CANCEL, "cancel", "Esc C-c C-g", CONTEXT_SEARCH, GROUP_FIND, "Cancel", 2,                       \
      "search line: back to where it began")                                                                 \
    X(ACTION_ERASE, "erase", "Backspace", CONTEXT_SEARCH, GROUP_FIND, "", 0,                                 \
      "search line: erase a character")                                                                      \
    X(ACTION_CLEAR, "clear", "C-u", CONTEXT_SEARCH, GROUP_FIND, "", 0, "search line: erase all")             \
    X(ACTION_HIT_NEXT, "hit-next", "Down C-n", CONTEXT_SEARCH, GROUP_FIND, "Next", 3,                        \
      "search line: next hit")                                                                               \
    X(ACTION_HIT_PREVIOUS, "hit-previous", "Up C-p", CONTEXT_SEARCH, GROUP_FIND, "", 0,                      \
      "search line: previous hit")                                                                           \
    X(ACTION_FILTER_ACCEPT, "filter-accept", "Enter", CONTEXT_FILTER, GROUP_FIND, "Keep", 1,                 \
      "filter line: keep the filter")                                                                        \
    X(ACTION_FILTER_CANCEL, "filter-cancel", "Esc C-c C-g", CONTEXT_FILTER, GROUP_FIND, "Show all", 2,       \
      "filter line: show everything")                                                                        \
    X(ACTION_FILTER_COMPLETE, "filter-complete", "Tab", CONTEXT_FILTER, GROUP_FIND, "Complete", 3,           \
      "filter line: complete a key or a state")                                                              \
    X(ACTION_FILTER_ERASE, "filter-erase", "Backspace", CONTEXT_FILTER, GROUP_FIND, "", 0,                   \
      "filter line: erase a character")                                                                      \
    X(ACTION_FILTER_CLEAR, "filter-clear", "C-u", CONTEXT_FILTER, GROUP_FIND, "", 0, "filter line: erase all")

enum action {
    ACTION_NONE,
#define KEYMAP_ENUM(id, name, keys, contexts, group, label, priority, help) id,
    KEYMAP_ACTIONS(KEYMAP_ENUM)
#undef KEYMAP_ENUM
        ACTION_COUNT
};

struct action_info {
    const char *name;
    const char *keys; /* defaults, separated by spaces */
    unsigned contexts;
    enum key_group group;
    const char *label;
    int priority;
    const char *help;
};

/* action is not ACTION_NONE. */
const struct action_info *action_info(enum action action);
const char *key_group_name(enum key_group group);

#define KEYMAP_BINDINGS_MAX 250

struct keymap {
    struct {
        uint32_t code;
        uint8_t action; /* enum action */
    } bindings[KEYMAP_BINDINGS_MAX];
    int count;
};

void keymap_init(struct keymap *map); /* the default keys */

/*
 * Gives an action other keys ("q F10"; empty: none). CT_ERR_NOT_FOUND for an action that does not exist,
 * CT_ERR_USAGE for a key that does not exist, CT_ERR_LIMIT beyond KEYMAP_BINDINGS_MAX; the map stays as it
 * was.
 */
enum ct_err keymap_bind(struct keymap *map, struct slice action, struct slice keys, struct ct_errmsg *msg);

/* After all keymap_bind(): CT_ERR_USAGE when one key has two meanings in one context. */
enum ct_err keymap_check(const struct keymap *map, struct ct_errmsg *msg);

enum action keymap_lookup(const struct keymap *map, unsigned context, const struct key *key);

/* The i-th key of an action; false when it has fewer. */
bool keymap_key(const struct keymap *map, enum action action, int i, struct key *out);

#endif
