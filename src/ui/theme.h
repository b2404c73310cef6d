/*
 * theme.h - what the roles of cells look like.
 *
 * Views say what a text means (enum role); a theme says its colours and attributes; palette.h brings a colour
 * down to what the terminal can show. A theme is a plain value: nothing in it is owned.
 *
 * File format (themes/README.md): section [theme] with name and base, section [roles] with one line for each
 * role: `role = fg[,bg][,attribute…]`. A colour is #rrggbb, 0-255, one of the sixteen names, `default` (the
 * terminal's own) or `-` (whatever lies beneath). A role that is not named looks as in the base theme.
 */
#ifndef CT_UI_THEME_H
#define CT_UI_THEME_H

#include "errors.h"
#include "slice.h"

/*
 * Every role with its name in theme files. A role lies over the one whose name it extends (header.cost over
 * header), and all over `text`; over them come `selection` on the selected row and `match` on a search hit.
 */
#define THEME_ROLES(X)                                                                                       \
    X(ROLE_TEXT, "text")                                                                                     \
    X(ROLE_DIM, "dim")                                                                                       \
    X(ROLE_HEADER_TITLE, "header.title")                                                                     \
    X(ROLE_HEADER, "header")                                                                                 \
    X(ROLE_HEADER_KEY, "header.key")                                                                         \
    X(ROLE_HEADER_COST, "header.cost")                                                                       \
    X(ROLE_HEADER_ALERT, "header.alert")                                                                     \
    X(ROLE_HEADER_GOOD, "header.good")                                                                       \
    X(ROLE_HEADER_BAD, "header.bad")                                                                         \
    X(ROLE_HEADER_SPARK, "header.spark")                                                                     \
    X(ROLE_COLUMN, "column")                                                                                 \
    X(ROLE_COLUMN_SORT, "column.sort")                                                                       \
    X(ROLE_TREE_LINE, "tree.line")                                                                           \
    X(ROLE_TREE_FOLD, "tree.fold")                                                                           \
    X(ROLE_SESSION, "session")                                                                               \
    X(ROLE_TURN, "turn")                                                                                     \
    X(ROLE_CALL, "call")                                                                                     \
    X(ROLE_AGENT, "agent")                                                                                   \
    X(ROLE_DETAIL, "detail")                                                                                 \
    X(ROLE_MODEL, "model")                                                                                   \
    X(ROLE_TOKENS, "tokens")                                                                                 \
    X(ROLE_COST, "cost")                                                                                     \
    X(ROLE_TIME, "time")                                                                                     \
    X(ROLE_COUNT_ERROR, "count.error")                                                                       \
    X(ROLE_STATE_WAITING, "state.waiting")                                                                   \
    X(ROLE_STATE_RUNNING, "state.running")                                                                   \
    X(ROLE_STATE_RETRYING, "state.retrying")                                                                 \
    X(ROLE_STATE_FAILED, "state.failed")                                                                     \
    X(ROLE_STATE_DONE, "state.done")                                                                         \
    X(ROLE_STATE_REJECTED, "state.rejected")                                                                 \
    X(ROLE_STATE_IDLE, "state.idle")                                                                         \
    X(ROLE_STATE_STALE, "state.stale")                                                                       \
    X(ROLE_STATE_ENDED, "state.ended")                                                                       \
    X(ROLE_AXIS, "axis")                                                                                     \
    X(ROLE_BAR_LLM, "bar.llm")                                                                               \
    X(ROLE_BAR_TOOL, "bar.tool")                                                                             \
    X(ROLE_BAR_AGENT, "bar.agent")                                                                           \
    X(ROLE_BAR_WAIT, "bar.wait")                                                                             \
    X(ROLE_BAR_FAILED, "bar.failed")                                                                         \
    X(ROLE_BAR_OTHER, "bar.other")                                                                           \
    X(ROLE_FOOTER, "footer")                                                                                 \
    X(ROLE_FOOTER_KEY, "footer.key")                                                                         \
    X(ROLE_FOOTER_INPUT, "footer.input")                                                                     \
    X(ROLE_BANNER, "banner")                                                                                 \
    X(ROLE_WARNING, "warning")                                                                               \
    X(ROLE_ERROR, "error")                                                                                   \
    X(ROLE_HELP_TITLE, "help.title")                                                                         \
    X(ROLE_HELP_KEY, "help.key")                                                                             \
    X(ROLE_ATTENTION, "attention")                                                                           \
    X(ROLE_SELECTION, "selection")                                                                           \
    X(ROLE_MATCH, "match")

enum role {
#define THEME_ROLE_ENUM(id, name) id,
    THEME_ROLES(THEME_ROLE_ENUM)
#undef THEME_ROLE_ENUM
        ROLE_COUNT
};

enum color_kind {
    COLOR_KEEP,    /* whatever lies beneath; never in a resolved style */
    COLOR_DEFAULT, /* the terminal's own */
    COLOR_INDEX,   /* 0-255 in r */
    COLOR_RGB,
};

struct color {
    uint8_t kind; /* enum color_kind */
    uint8_t r, g, b;
};

enum style_attr {
    STYLE_BOLD = 1,
    STYLE_DIM = 2,
    STYLE_ITALIC = 4,
    STYLE_UNDERLINE = 8,
    STYLE_REVERSE = 16,
};

struct style {
    struct color fg, bg;
    uint8_t attrs; /* enum style_attr */
};

/* What the terminal can show, worst first. */
enum color_depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_TRUE };

#define THEME_NAME_MAX 24

/* A theme file larger than this is none. */
#define THEME_BYTES_MAX (64u * 1024u)

struct theme {
    char name[THEME_NAME_MAX];
    bool light; /* made for light paper: theme_looks_light() when it was read */
    struct style roles[ROLE_COUNT];
};

const char *role_name(enum role role);
bool role_parse(struct slice name, enum role *out);

/* The themes that are compiled in, in the order of the key T: 0 is the default (dark). Cannot fail. */
#define THEME_BUILTIN_COUNT 6
void theme_builtin(struct theme *theme, int index);
int theme_builtin_find(struct slice name); /* -1: no such name */
const char *theme_builtin_name(int index);
const char *theme_builtin_about(int index); /* a few words for people */

/*
 * Reads a theme file. On failure *theme is the default theme and msg says "file:line: what to do". CT_ERR_IO
 * when the file cannot be read, CT_ERR_FORMAT when it is not a theme.
 */
enum ct_err theme_load(struct theme *theme, const char *path, struct ct_errmsg *msg);

/* Whether a theme is made for light paper: by that of its text, or by how dark its colours are. */
bool theme_looks_light(const struct theme *theme);

/*
 * The look of a cell on a terminal of that depth: no COLOR_KEEP, no colour that the depth does not have
 * (COLOR_RGB only at DEPTH_TRUE; COLOR_INDEX below 16 at DEPTH_16; only COLOR_DEFAULT at DEPTH_MONO). Where a
 * background that carries meaning is lost on the way, STYLE_REVERSE takes its place. At DEPTH_16 nothing is
 * left that cannot be read with the colours of xterm: a colour of the theme gives way to its brighter or
 * darker sister or to plain ink, and `attention` keeps its paper only when that is one of the sixteen. flags
 * are enum cell_flag of grid.h.
 */
struct style theme_style(const struct theme *theme, int role, int flags, enum color_depth depth);

bool style_equal(struct style a, struct style b);

#endif
