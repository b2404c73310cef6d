#include "columns.h"

#include <stdio.h>
#include <string.h>

/* The order is that of the screen. */
static const struct column_info COLUMNS[COLUMN_COUNT] = {
    [COLUMN_NAME] = {"name", "SESSION / TURN / CALL", "", 0, 72, 0, false, UI_SORT_NAME},
    [COLUMN_STATE] = {"state", "STATE", "what it does, and for how long", 12, 26, 1, false, UI_SORT_STATE},
    [COLUMN_MODEL] = {"model", "MODEL", "model of the newest call", 6, 11, 4, false, UI_SORT_COUNT},
    [COLUMN_IN] = {"in", "IN", "input tokens, without the cache", 4, 4, 6, true, UI_SORT_COUNT},
    [COLUMN_OUT] = {"out", "OUT", "output tokens", 4, 4, 5, true, UI_SORT_TOKENS},
    [COLUMN_CACHE] = {"cache", "CACHE", "tokens read from and written to the cache", 5, 5, 7, true,
                      UI_SORT_COUNT},
    [COLUMN_COST] = {"cost", "COST", "US dollars; a part may be unknown", 7, 7, 2, true, UI_SORT_COST},
    [COLUMN_BURN] = {"burn", "$/HOUR", "what the last 5 minutes would cost in an hour", 7, 7, 8, true,
                     UI_SORT_BURN},
    [COLUMN_TIME] = {"time", "TIME", "from start to end, or to now", 7, 7, 3, true, UI_SORT_TIME},
    [COLUMN_CONTEXT] = {"context", "CTX%", "of the context window used, as the status line says", 4, 4, 10,
                        true, UI_SORT_COUNT},
    [COLUMN_LLM] = {"llm", "LLM", "LLM calls", 4, 4, 12, true, UI_SORT_COUNT},
    [COLUMN_TOOLS] = {"tools", "TOOLS", "tool calls", 5, 5, 11, true, UI_SORT_COUNT},
    [COLUMN_ERRORS] = {"errors", "ERR", "failed LLM and tool calls", 4, 4, 9, true, UI_SORT_COUNT},
    [COLUMN_RETRIES] = {"retries", "RETRY", "attempts of LLM calls beyond the first", 5, 5, 0, true,
                        UI_SORT_COUNT},
    [COLUMN_AGENTS] = {"agents", "AGENTS", "sub-agents", 6, 6, 15, true, UI_SORT_COUNT},
    [COLUMN_TTFT] = {"ttft", "TTFT", "time to the first token", 6, 6, 14, true, UI_SORT_COUNT},
    [COLUMN_WAIT] = {"wait", "WAIT", "time spent waiting for you", 6, 6, 13, true, UI_SORT_COUNT},
    [COLUMN_STARTED] = {"started", "STARTED", "when it began: time of the day, or how many days ago", 7, 7, 0,
                        true, UI_SORT_COUNT},
    [COLUMN_LIMIT_5H] = {"5h", "5H%", "of the 5 hour limit used, as the status line says", 4, 4, 0, true,
                         UI_SORT_COUNT},
    [COLUMN_LIMIT_7D] = {"7d", "7D%", "of the 7 day limit used, as the status line says", 4, 4, 0, true,
                         UI_SORT_COUNT},
    [COLUMN_BRANCH] = {"branch", "BRANCH", "git branch", 10, 20, 0, false, UI_SORT_COUNT},
    [COLUMN_ID] = {"id", "SESSION", "first characters of the session id", 8, 8, 16, false, UI_SORT_COUNT},
    [COLUMN_FOLDER] = {"folder", "FOLDER", "working folder of the session", 16, 44, 17, false, UI_SORT_COUNT},
};

const struct column_info *column_info(enum column column)
{
    return &COLUMNS[column];
}

void columns_init(struct column_set *c)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        c->order[i] = (uint8_t)i;
        c->shown[i] = column_is_standard((enum column)i);
    }
}

static enum column find(struct slice name)
{
    int c = 0;
    while (c < COLUMN_COUNT && !slice_eq_str(name, COLUMNS[c].name))
        c++;
    return (enum column)c;
}

static struct slice next_name(struct slice *rest)
{
    size_t from = 0, to;
    while (from < rest->len && strchr(", \t", rest->ptr[from]))
        from++;
    for (to = from; to < rest->len && !strchr(", \t", rest->ptr[to]);)
        to++;
    struct slice name = slice_sub(*rest, from, to - from);
    *rest = slice_sub(*rest, to, rest->len);
    return name;
}

static enum ct_err unknown(struct slice name, struct ct_errmsg *msg)
{
    char names[COLUMN_COUNT * 12] = "";
    size_t used = 0;
    for (int c = COLUMN_STATE; c < COLUMN_COUNT; c++)
        used +=
            (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? " " : "", COLUMNS[c].name);
    return ct_fail(msg, CT_ERR_USAGE, "columns: there is no \"%.*s\"; there are %s",
                   SLICE_ARG(slice_sub(name, 0, 24)), names);
}

enum ct_err columns_parse(struct column_set *c, struct slice text, struct ct_errmsg *msg)
{
    struct column_set made = {.order = {COLUMN_NAME}, .shown = {[COLUMN_NAME] = true}};
    int count = 1;
    bool named = false;
    for (struct slice name = next_name(&text); name.len; name = next_name(&text)) {
        enum column column = find(name);
        if (column == COLUMN_COUNT)
            return unknown(name, msg);
        named = true;
        if (column == COLUMN_NAME)
            continue;
        if (made.shown[column])
            return ct_fail(msg, CT_ERR_USAGE, "columns: %s stands there twice", COLUMNS[column].name);
        made.shown[column] = true;
        made.order[count++] = (uint8_t)column;
    }
    if (!named) {
        columns_init(c);
        return CT_OK;
    }
    for (int i = COLUMN_STATE; i < COLUMN_COUNT; i++)
        if (!made.shown[i])
            made.order[count++] = (uint8_t)i;
    *c = made;
    return CT_OK;
}

static bool is_standard(const struct column_set *c)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (c->order[i] != i || c->shown[i] != column_is_standard((enum column)i))
            return false;
    return true;
}

const char *columns_format(const struct column_set *c, char *out)
{
    size_t used = 0;
    out[0] = '\0';
    if (is_standard(c))
        return out;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (c->order[i] != COLUMN_NAME && c->shown[c->order[i]])
            used += (size_t)snprintf(out + used, COLUMNS_TEXT_MAX - used, "%s%s", used ? "," : "",
                                     COLUMNS[c->order[i]].name);
    if (used == 0) /* nothing but the name */
        snprintf(out, COLUMNS_TEXT_MAX, "%s", COLUMNS[COLUMN_NAME].name);
    return out;
}

int columns_place(const struct column_set *c, enum column column)
{
    int place = 0;
    while (c->order[place] != column)
        place++;
    return place;
}

int columns_move(struct column_set *c, int place, int by)
{
    int step = by < 0 ? -1 : 1;
    for (; by != 0 && place > 0 && place + step > 0 && place + step < COLUMN_COUNT; by -= step) {
        uint8_t moved = c->order[place];
        c->order[place] = c->order[place + step];
        c->order[place + step] = moved;
        place += step;
    }
    return place;
}
