#include "status_format.h"

#include "clock.h"
#include "format.h"
#include "text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum value_id {
#define VALUE_ENUM(name, help) VALUE_##name,
    STATUS_NAMES(VALUE_ENUM)
#undef VALUE_ENUM
        VALUE_COUNT
};

static const char *const NAMES[VALUE_COUNT] = {
#define VALUE_NAME(name, help) [VALUE_##name] = #name,
    STATUS_NAMES(VALUE_NAME)
#undef VALUE_NAME
};

#define VALUE_BYTES 256

struct value {
    char text[VALUE_BYTES];
    bool on; /* there, and not 0 */
};

enum shower {
    SHOWN_PLAIN,
    SHOWN_TMUX,
    SHOWN_ZELLIJ,
    SHOWN_STARSHIP,
    SHOWN_I3STATUS,
    SHOWN_WAYBAR,
    SHOWER_COUNT
};

#define PLAIN                                                                                                \
    "{waiting?⏸ {waiting} {name:.20}  }{running?● {running}  }{collector?{today}}{rate?  {rate} "        \
    "tok/min}"                                                                                               \
    "{upstream?  ⇄ {upstream}}{lost?  {lost} lost}"

static const struct {
    const char *name, *format;
} SHOWERS[SHOWER_COUNT] = {
    [SHOWN_PLAIN] = {"plain", PLAIN},
    [SHOWN_TMUX] = {"tmux",
                    "{waiting?#[fg=yellow,bold]⏸ {waiting} {name:.20}#[default]  }{running?#[fg=green]● "
                    "{running}#[default]  }{collector?{today}}{rate?  {rate} tok/min}"
                    "{upstream?  #[fg=red]⇄ {upstream}#[default]}{lost?  #[fg=red]{lost} lost#[default]}"},
    [SHOWN_ZELLIJ] = {"zellij", PLAIN},
    [SHOWN_STARSHIP] = {"starship", "{waiting?⏸ {waiting} }{running?● {running} }{today?{today} }"},
    [SHOWN_I3STATUS] = {"i3status", PLAIN},
    [SHOWN_WAYBAR] = {"waybar", "{waiting?⏸ {waiting}  }{running?● {running}  }{collector?{today}}"},
};

/* ------------------------------------------------------------------------------------------------ values */

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = member(o, key);
    return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 9e15 ? v->valuedouble : NAN;
}

static void put_text(struct value *v, const char *text)
{
    text_clean(slice_str(text ? text : ""), v->text, sizeof v->text);
    v->on = v->text[0] != '\0';
}

static void put_count(struct value *v, double n)
{
    char text[FORMAT_MAX];
    if (isnan(n))
        return;
    put_text(v, format_count_wide((int64_t)n, text));
    v->on = n >= 1;
}

static void put_cost(struct value *v, double usd, unsigned marks)
{
    char text[FORMAT_MAX];
    if (isnan(usd) || usd > 9e9)
        return;
    put_text(v, format_cost(llround(usd * 1e9), marks, text));
    v->on = usd > 0;
}

static void put_share(struct value *v, double percentage)
{
    char text[FORMAT_MAX];
    if (isnan(percentage))
        return;
    put_text(v, format_percentage(percentage, text));
    v->on = percentage > 0;
}

static void session_values(struct value *v, const cJSON *s)
{
    char text[FORMAT_MAX];
    double age = number(s, "state_seconds");
    put_text(&v[VALUE_name], cJSON_GetStringValue(member(s, "name")));
    put_text(&v[VALUE_folder], cJSON_GetStringValue(member(s, "folder")));
    put_text(&v[VALUE_branch], cJSON_GetStringValue(member(s, "branch")));
    put_text(&v[VALUE_state], cJSON_GetStringValue(member(s, "state")));
    put_text(&v[VALUE_call], cJSON_GetStringValue(member(s, "call")));
    put_text(&v[VALUE_model], cJSON_GetStringValue(member(s, "model")));
    if (!isnan(age) && age < 9e9)
        put_text(&v[VALUE_age], format_age((int64_t)age * NS_PER_SEC, text));
    put_count(&v[VALUE_turn], number(s, "turns"));
    put_cost(&v[VALUE_spent], number(s, "cost_usd"), 0);
    put_share(&v[VALUE_context], number(s, "context_percentage"));
    put_share(&v[VALUE_limit5h], number(s, "five_hour_percentage"));
    put_share(&v[VALUE_limit7d], number(s, "seven_day_percentage"));
}

static void all_values(struct value *v, const cJSON *root)
{
    static const struct {
        enum value_id id;
        const char *key;
    } counts[] = {
        {VALUE_sessions, "sessions"},       {VALUE_live, "live"},
        {VALUE_waiting, "waiting"},         {VALUE_running, "running"},
        {VALUE_failed, "failed"},           {VALUE_turns, "turns"},
        {VALUE_calls, "llm_calls"},         {VALUE_errors, "llm_errors"},
        {VALUE_tools, "tool_calls"},        {VALUE_tool_errors, "tool_errors"},
        {VALUE_in, "input_tokens"},         {VALUE_out, "output_tokens"},
        {VALUE_cache, "cache_read_tokens"}, {VALUE_rate, "tokens_per_min"},
        {VALUE_queued, "queued"},           {VALUE_lost, "dropped"},
    };
    const char *upstream = cJSON_GetStringValue(member(root, "upstream"));
    unsigned marks = (cJSON_IsTrue(member(root, "cost_is_estimate")) ? COST_ESTIMATE : 0) |
                     (number(root, "cost_unknown_calls") > 0 ? COST_AT_LEAST : 0);
    memset(v, 0, VALUE_COUNT * sizeof *v);
    if (!cJSON_IsObject(root))
        return;
    put_text(&v[VALUE_collector], "on");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        put_count(&v[counts[i].id], number(root, counts[i].key));
    put_cost(&v[VALUE_cost], number(root, "cost_usd"), marks);
    put_cost(&v[VALUE_today], number(root, "cost_today_usd"), 0);
    put_cost(&v[VALUE_burn], number(root, "cost_per_hour_usd"), 0);
    if (upstream && strcmp(upstream, "retrying") == 0)
        put_text(&v[VALUE_upstream], "down");
    else if (upstream && strcmp(upstream, "rejecting") == 0)
        put_text(&v[VALUE_upstream], "refusing");
    session_values(v, member(root, "session"));
}

/* --------------------------------------------------------------------------------------------- templates */

struct render {
    const struct value *values; /* NULL: only checked */
    enum shower shower;
    bool breaks; /* lines may end in it */
    struct buf *out;
    struct ct_errmsg *msg;
};

static enum ct_err wrong(const struct render *r, struct slice at, const char *what)
{
    return ct_fail(r->msg, CT_ERR_USAGE, "--format: %s at \"%.*s\"", what,
                   SLICE_ARG(slice_sub(at, 0, at.len < 24 ? at.len : 24)));
}

/* A value as whoever shows it wants to have it. */
static void put_escaped(const struct render *r, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (r->shower == SHOWN_TMUX && c == '#')
            buf_append_str(r->out, "##");
        else if (r->shower == SHOWN_WAYBAR && c == '&')
            buf_append_str(r->out, "&amp;");
        else if (r->shower == SHOWN_WAYBAR && c == '<')
            buf_append_str(r->out, "&lt;");
        else if (r->shower == SHOWN_WAYBAR && c == '>')
            buf_append_str(r->out, "&gt;");
        else
            buf_append_char(r->out, c);
    }
}

static void put_blanks(const struct render *r, size_t count)
{
    while (count--)
        buf_append_char(r->out, ' ');
}

#define COLUMNS_MAX 200

/* "<12.20" and so on; columns past COLUMNS_MAX are a mistake. */
static bool parse_spec(struct slice spec, char *align, size_t *width, size_t *most)
{
    uint64_t n;
    *align = '<';
    *width = 0;
    *most = SIZE_MAX;
    if (spec.len && strchr("<>^", spec.ptr[0])) {
        *align = spec.ptr[0];
        spec = slice_sub(spec, 1, spec.len);
    }
    size_t dot = slice_find(spec, '.');
    struct slice first = slice_sub(spec, 0, dot), second = slice_sub(spec, dot + 1, spec.len);
    if (first.len) {
        if (!slice_to_u64(first, &n) || n > COLUMNS_MAX)
            return false;
        *width = (size_t)n;
    }
    if (dot < spec.len) {
        if (!slice_to_u64(second, &n) || n < 1 || n > COLUMNS_MAX)
            return false;
        *most = (size_t)n;
    }
    return first.len || dot < spec.len;
}

static void put_value(const struct render *r, const struct value *v, char align, size_t width, size_t most)
{
    size_t cols;
    struct slice text = slice_str(v->text), cut = text_prefix(text, most, &cols);
    bool short_of = cut.len < text.len;
    if (short_of) {
        cut = text_prefix(text, most - 1, &cols);
        cols++;
    }
    size_t pad = cols < width ? width - cols : 0;
    size_t left = align == '>' ? pad : align == '^' ? pad / 2 : 0;
    put_blanks(r, left);
    put_escaped(r, cut);
    if (short_of)
        buf_append_str(r->out, "…");
    put_blanks(r, pad - left);
}

/* The length of the text up to the brace that closes it. */
static size_t closing(struct slice text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool twice = i + 1 < text.len && text.ptr[i + 1] == text.ptr[i];
        if (text.ptr[i] == '{' && twice)
            i++;
        else if (text.ptr[i] == '{')
            depth++;
        else if (text.ptr[i] == '}' && depth == 0)
            return i;
        else if (text.ptr[i] == '}')
            depth--;
    }
    return text.len;
}

static enum ct_err render(const struct render *r, struct slice text, int depth);

/* What stands between braces. */
static enum ct_err render_one(const struct render *r, struct slice inside, int depth)
{
    size_t end = 0;
    char align;
    size_t width, most;
    int id = 0;
    while (end < inside.len && !strchr(":?!", inside.ptr[end]))
        end++;
    struct slice name = slice_sub(inside, 0, end), rest = slice_sub(inside, end + 1, inside.len);
    while (id < VALUE_COUNT && !slice_eq_str(name, NAMES[id]))
        id++;
    if (id == VALUE_COUNT)
        return wrong(r, inside, "no such name");
    const struct value *v = r->values ? &r->values[id] : NULL;
    if (end == inside.len) {
        if (v)
            put_escaped(r, slice_str(v->text));
        return CT_OK;
    }
    if (inside.ptr[end] == ':') {
        if (!parse_spec(rest, &align, &width, &most))
            return wrong(r, inside, "no such width: <12, >7, ^9, .20, >7.7");
        if (v)
            put_value(r, v, align, width, most);
        return CT_OK;
    }
    if (v && v->on != (inside.ptr[end] == '?'))
        return CT_OK;
    return render(r, rest, depth + 1);
}

static enum ct_err render(const struct render *r, struct slice text, int depth)
{
    enum ct_err err = CT_OK;
    if (depth > STATUS_DEPTH_MAX)
        return wrong(r, text, "too many templates in templates");
    for (size_t i = 0; i < text.len && !err; i++) {
        char c = text.ptr[i];
        bool twice = i + 1 < text.len && text.ptr[i + 1] == c;
        if (c == '{' && !twice) {
            struct slice rest = slice_sub(text, i + 1, text.len);
            size_t len = closing(rest);
            if (len == rest.len)
                return wrong(r, slice_sub(text, i, text.len), "no closing brace");
            err = render_one(r, slice_sub(rest, 0, len), depth);
            i += len + 1;
            continue;
        }
        if (c == '}' && !twice)
            return wrong(r, slice_sub(text, i, text.len), "no opening brace");
        i += (c == '{' || c == '}') && twice;
        if (r->values)
            buf_append_char(r->out, c == '\n' && !r->breaks ? ' ' : c);
    }
    return err;
}

/* Who shows it, and what: the built-in template where only a name is given. */
static struct slice split(struct slice format, enum shower *shower)
{
    for (int i = 0; i < SHOWER_COUNT; i++) {
        struct slice name = slice_str(SHOWERS[i].name);
        *shower = (enum shower)i;
        if (slice_eq(format, name))
            return slice_str(SHOWERS[i].format);
        if (slice_starts(format, name) && format.ptr[name.len] == ':')
            return slice_sub(format, name.len + 1, format.len);
    }
    *shower = SHOWN_PLAIN;
    return format;
}

enum ct_err status_format_check(struct slice format, struct ct_errmsg *msg)
{
    struct render r = {.msg = msg};
    if (format.len > STATUS_FORMAT_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "--format: a template has at most %d bytes", STATUS_FORMAT_MAX);
    struct slice text = split(format, &r.shower);
    bool word = text.len && text.ptr == format.ptr;
    for (size_t i = 0; word && i < text.len; i++)
        word = (text.ptr[i] >= 'a' && text.ptr[i] <= 'z') || (text.ptr[i] >= '0' && text.ptr[i] <= '9');
    if (word) /* a name that is none, rather than a line that always reads the same */
        return ct_fail(
            msg, CT_ERR_USAGE,
            "--format: no \"%.*s\": plain, tmux, zellij, starship, i3status, waybar, or a template "
            "such as {waiting}",
            SLICE_ARG(slice_sub(text, 0, text.len < 40 ? text.len : 40)));
    return render(&r, text, 0);
}

/* -------------------------------------------------------------------------------------------------- lines */

static const char *class_of(const struct value *v)
{
    return !v[VALUE_collector].on                     ? "off"
           : v[VALUE_waiting].on                      ? "waiting"
           : v[VALUE_upstream].on || v[VALUE_lost].on ? "down"
           : v[VALUE_running].on                      ? "running"
                                                      : "idle";
}

static enum ct_err put_json(cJSON *o, struct buf *out)
{
    char *text = cJSON_PrintUnformatted(o);
    enum ct_err err = text ? buf_append_str(out, text) : CT_ERR_NOMEM;
    cJSON_free(text);
    cJSON_Delete(o);
    return err;
}

static const char TOOLTIP[] =
    "{collector!no collector runs}{collector?{live} live, {waiting} waiting, {running} running\n"
    "{today} today, {burn}/h, {rate} tok/min{name?\n{name}: {state} {age}}}";

static enum ct_err waybar_json(struct render *r, const char *line, struct buf *out)
{
    struct buf tip;
    buf_init(&tip, STATUS_LINE_MAX);
    r->out = &tip;
    r->breaks = true;
    render(r, SLICE_LIT(TOOLTIP), 0);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "text", line);
    cJSON_AddStringToObject(o, "tooltip", buf_cstr(&tip) ? buf_cstr(&tip) : "");
    cJSON_AddStringToObject(o, "class", class_of(r->values));
    buf_finish(&tip);
    return put_json(o, out);
}

static enum ct_err i3_json(const struct value *v, const char *line, struct buf *out)
{
    const char *class = class_of(v);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "full_text", line);
    cJSON_AddStringToObject(o, "short_text", v[VALUE_waiting].on ? "⏸" : v[VALUE_today].text);
    cJSON_AddBoolToObject(o, "urgent", v[VALUE_waiting].on);
    cJSON_AddStringToObject(o, "text", line);
    cJSON_AddStringToObject(o, "state",
                            strcmp(class, "waiting") == 0   ? "Warning"
                            : strcmp(class, "down") == 0    ? "Critical"
                            : strcmp(class, "running") == 0 ? "Good"
                                                            : "Idle");
    return put_json(o, out);
}

enum ct_err status_format_line(struct slice format, struct slice summary, struct buf *out)
{
    struct value *values = calloc(VALUE_COUNT, sizeof *values);
    struct buf line;
    struct ct_errmsg msg;
    cJSON *root = summary.len ? cJSON_ParseWithLength(summary.ptr, summary.len) : NULL;
    struct render r = {.values = values, .out = &line, .msg = &msg};
    buf_init(&line, STATUS_LINE_MAX);
    struct slice text = split(format, &r.shower);
    if (!values) {
        cJSON_Delete(root);
        return CT_ERR_NOMEM;
    }
    all_values(values, root);
    enum ct_err err = render(&r, text, 0);
    const char *made = buf_cstr(&line);
    if (!err && r.shower == SHOWN_WAYBAR)
        err = waybar_json(&r, made ? made : "", out);
    else if (!err && r.shower == SHOWN_I3STATUS)
        err = i3_json(values, made ? made : "", out);
    else if (!err)
        err = buf_append(out, buf_slice(&line));
    buf_finish(&line);
    cJSON_Delete(root);
    free(values);
    return err ? err : buf_append_char(out, '\n');
}
