#include "statusline.h"

#include "clock.h"
#include "format.h"
#include "text.h"
#include "whereabouts.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#define NAME_BYTES 64 /* of a name, cleaned */
#define NAME_COLS  32
#define BAR_COLS   10

enum sgr { SGR_OFF, SGR_BOLD, SGR_DIM, SGR_GOOD, SGR_WARN, SGR_BAD, SGR_NAME };

struct line {
    struct buf *out;
    bool color;
    bool begun;
};

static void sgr(struct line *l, enum sgr s)
{
    static const char *const codes[] = {
        [SGR_OFF] = "0",   [SGR_BOLD] = "1", [SGR_DIM] = "2",  [SGR_GOOD] = "32",
        [SGR_WARN] = "33", [SGR_BAD] = "31", [SGR_NAME] = "36"};
    if (l->color)
        buf_printf(l->out, "\033[%sm", codes[s]);
}

static void word(struct line *l, enum sgr s, const char *text)
{
    sgr(l, s);
    buf_append_str(l->out, text);
    sgr(l, SGR_OFF);
}

/* Begins the next part. */
static void part(struct line *l)
{
    if (l->begun)
        word(l, SGR_DIM, " · ");
    l->begun = true;
}

static const cJSON *get(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

/* A number from low to high; NAN when there is none. */
static double number(const cJSON *o, const char *key, double low, double high)
{
    const cJSON *v = get(o, key);
    return cJSON_IsNumber(v) && v->valuedouble >= low && v->valuedouble <= high ? v->valuedouble : NAN;
}

/* As much of it as there is room for, in out (NAME_BYTES). */
static const char *clean_name(struct slice text, char *out)
{
    char clean[NAME_BYTES];
    size_t len = text_clean(text, clean, sizeof clean);
    snprintf(out, NAME_BYTES, "%.*s", SLICE_ARG(text_prefix(slice_make(clean, len), NAME_COLS, NULL)));
    return out;
}

static const char *name(const cJSON *o, const char *key, char *out)
{
    const char *text = cJSON_GetStringValue(get(o, key));
    return clean_name(slice_str(text ? text : ""), out);
}

static void put_model(struct line *l, const cJSON *json)
{
    char text[NAME_BYTES];
    const cJSON *model = get(json, "model");
    if (!name(model, "display_name", text)[0])
        name(model, "id", text);
    if (text[0]) {
        part(l);
        word(l, SGR_BOLD, text);
    }
}

static const char *folder_of(const cJSON *json)
{
    const cJSON *dir = get(get(json, "workspace"), "current_dir");
    return cJSON_GetStringValue(dir ? dir : get(json, "cwd"));
}

/* The last part of the folder's path, and the branch: of a worktree session the client says it. */
static void put_place(struct line *l, const cJSON *json)
{
    char text[NAME_BYTES];
    const char *path = folder_of(json);
    if (!path || !path[0])
        return;
    struct slice rest = slice_str(path);
    while (rest.len > 1 && rest.ptr[rest.len - 1] == '/')
        rest.len--;
    size_t at = rest.len;
    while (at > 0 && rest.ptr[at - 1] != '/')
        at--;
    rest = at < rest.len ? slice_sub(rest, at, rest.len) : rest;
    part(l);
    word(l, SGR_NAME, clean_name(rest, text));
    if (name(get(json, "worktree"), "branch", text)[0] ||
        name(get(json, WHEREABOUTS_MEMBER), "branch", text)[0]) {
        buf_append_str(l->out, " (");
        buf_append_str(l->out, text);
        buf_append_char(l->out, ')');
    }
}

static enum sgr level(double percent, double warn, double bad)
{
    return percent >= bad ? SGR_BAD : percent >= warn ? SGR_WARN : SGR_GOOD;
}

static void put_context(struct line *l, const cJSON *json)
{
    double used = number(get(json, "context_window"), "used_percentage", 0, 100);
    char text[16];
    if (isnan(used))
        return;
    part(l);
    sgr(l, level(used, 60, 80));
    int full = (int)lround(used / 100 * BAR_COLS);
    full = used > 0 && full == 0 ? 1 : full; /* a little is not nothing */
    for (int i = 0; i < BAR_COLS; i++)
        buf_append_str(l->out, i < full ? "▰" : "▱");
    sgr(l, SGR_OFF);
    snprintf(text, sizeof text, " %.0f%%", used);
    buf_append_str(l->out, text);
}

static void put_cost(struct line *l, const cJSON *json, const struct statusline_burn *burn)
{
    char text[FORMAT_MAX];
    double cost = number(get(json, "cost"), "total_cost_usd", 0, 1e6);
    if (!isnan(cost)) {
        part(l);
        word(l, SGR_BOLD, format_cost(llround(cost * 1e9), 0, text));
    }
    if (burn->tokens_per_min > 0) {
        part(l);
        buf_append_str(l->out, format_count_wide(burn->tokens_per_min, text));
        buf_append_str(l->out, " tok/min");
    }
    if (burn->usd_per_hour > 0) {
        part(l);
        buf_append_str(l->out, format_cost(llround(burn->usd_per_hour * 1e9),
                                           burn->is_estimate ? COST_ESTIMATE : 0, text));
        buf_append_str(l->out, "/h");
    }
}

static void put_limit(struct line *l, const cJSON *limits, const char *key, const char *label, int64_t now_ns)
{
    const cJSON *limit = get(limits, key);
    double used = number(limit, "used_percentage", 0, 1000), resets = number(limit, "resets_at", 1, 1e11);
    char text[FORMAT_MAX];
    if (isnan(used))
        return;
    part(l);
    buf_append_str(l->out, label);
    snprintf(text, sizeof text, " %.0f%%", used);
    word(l, level(used, 70, 90), text);
    int64_t left = isnan(resets) ? 0 : (int64_t)resets * NS_PER_SEC - now_ns;
    if (left > 0) {
        sgr(l, SGR_DIM);
        buf_printf(l->out, " ↻%s", format_age(left, text));
        sgr(l, SGR_OFF);
    }
}

void statusline_line(struct slice json, const struct statusline_burn *burn, int64_t now_ns, bool color,
                     struct buf *out)
{
    cJSON *root = cJSON_ParseWithLength(json.ptr ? json.ptr : "", json.len);
    struct line l = {.out = out, .color = color};
    if (cJSON_IsObject(root)) {
        const cJSON *limits = get(root, "rate_limits");
        put_model(&l, root);
        put_place(&l, root);
        put_context(&l, root);
        put_cost(&l, root, burn);
        put_limit(&l, limits, "five_hour", "5h", now_ns);
        put_limit(&l, limits, "seven_day", "7d", now_ns);
    }
    cJSON_Delete(root);
}

bool statusline_session(struct slice json, char *out, size_t cap)
{
    cJSON *root = cJSON_ParseWithLength(json.ptr ? json.ptr : "", json.len);
    const char *id = cJSON_GetStringValue(get(root, "session_id"));
    size_t len = id ? strlen(id) : 0;
    bool ok = len > 0 && len < cap;
    for (size_t i = 0; ok && i < len; i++)
        ok = isalnum((unsigned char)id[i]) || strchr("-_.", id[i]);
    if (ok)
        memcpy(out, id, len + 1);
    cJSON_Delete(root);
    return ok;
}

const char *statusline_folder(struct slice json, char out[STATUSLINE_FOLDER_MAX])
{
    cJSON *root = cJSON_ParseWithLength(json.ptr ? json.ptr : "", json.len);
    const char *path = folder_of(root);
    bool ok = path && path[0] && strlen(path) < STATUSLINE_FOLDER_MAX;
    memcpy(out, ok ? path : ".", ok ? strlen(path) + 1 : 2);
    cJSON_Delete(root);
    return out;
}

struct statusline_burn statusline_burn_parse(struct slice json)
{
    cJSON *root = cJSON_ParseWithLength(json.ptr ? json.ptr : "", json.len);
    const cJSON *burn = get(root, "burn");
    double tokens = number(burn, "tokens_per_min", 0, 1e15), usd = number(burn, "cost_per_hour_usd", 0, 1e9);
    struct statusline_burn out = {
        .tokens_per_min = isnan(tokens) ? -1 : (int64_t)tokens,
        .usd_per_hour = isnan(usd) ? -1 : usd,
        .is_estimate = cJSON_IsTrue(get(burn, "is_estimate")),
    };
    cJSON_Delete(root);
    return out;
}
