/* A status as a table for people: what is wrong, totals, one line a session, what came in and from whom. */
#include "status_text.h"

#include "alerts.h"
#include "commands.h"
#include "text.h"

#include <math.h>

#define NAME_COLS  28
#define STATE_COLS 11

static int64_t cost(const cJSON *o)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "cost_usd");
    return cJSON_IsNumber(v) ? llround(v->valuedouble * 1e9) : -1;
}

static const char *cost_words(const cJSON *o, char *out)
{
    bool estimate = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "cost_is_estimate"));
    bool at_least = status_number(o, "cost_unknown_calls") > 0;
    return format_cost(cost(o), (at_least ? COST_AT_LEAST : 0) | (estimate ? COST_ESTIMATE : 0), out);
}

void status_text_put(struct buf *out, const char *s, size_t cols)
{
    size_t width;
    struct slice cut = text_prefix(slice_str(s), cols, &width);
    if (cut.len < strlen(s) && cols > 1) {
        cut = text_prefix(slice_str(s), cols - 1, &width);
        buf_append(out, cut);
        buf_append_str(out, "…");
        width++;
    } else {
        buf_append(out, cut);
    }
    for (; width < cols; width++)
        buf_append_char(out, ' ');
}

static const char *session_name(const cJSON *s)
{
    const char *title = status_string(s, "title"), *cwd = status_string(s, "cwd");
    if (title[0])
        return title;
    const char *slash = strrchr(cwd, '/');
    if (slash && slash[1])
        return slash + 1;
    return status_string(s, "session_id");
}

static void session_line(struct buf *out, const cJSON *s)
{
    char in[FORMAT_MAX], made[FORMAT_MAX], cached[FORMAT_MAX], spent[FORMAT_MAX];
    status_text_put(out, session_name(s), NAME_COLS);
    buf_append_str(out, "  ");
    status_text_put(out, status_string(s, "state"), STATE_COLS);
    buf_printf(out, " %5lld %5lld %5lld  %5s %5s %5s %8s  %s\n", (long long)status_number(s, "turns"),
               (long long)status_number(s, "llm_calls"), (long long)status_number(s, "tool_calls"),
               format_count_wide(status_number(s, "input_tokens"), in),
               format_count_wide(status_number(s, "output_tokens"), made),
               format_count_wide(status_number(s, "cache_read_tokens"), cached), cost_words(s, spent),
               status_string(s, "model"));
}

/* The name of the session as its line has it; "" when it has none. */
static const char *name_of(const cJSON *sessions, const char *session_id)
{
    for (const cJSON *s = session_id[0] ? sessions->child : NULL; s; s = s->next)
        if (strcmp(status_string(s, "session_id"), session_id) == 0)
            return session_name(s);
    return session_id;
}

static void alert_lines(const cJSON *alerts, const cJSON *sessions, struct buf *out)
{
    for (const cJSON *a = alerts ? alerts->child : NULL; a; a = a->next) {
        const char *upstream = status_string(a, "upstream");
        const char *about = upstream[0] ? upstream : name_of(sessions, status_string(a, "session_id"));
        buf_printf(out, "alert: %s%s", about, about[0] ? ": " : "");
        enum alert_kind kind;
        const char *words = alert_kind_parse(slice_str(status_string(a, "kind")), &kind)
                                ? alert_kind_words(kind)
                                : status_string(a, "kind");
        buf_printf(out, "%s: %s\n", words, status_string(a, "message"));
    }
}

bool status_text(struct slice json, struct buf *out)
{
    char spent[FORMAT_MAX];
    cJSON *root = cJSON_ParseWithLength(json.ptr, json.len);
    const cJSON *totals = cJSON_GetObjectItemCaseSensitive(root, "totals");
    const cJSON *sessions = cJSON_GetObjectItemCaseSensitive(root, "sessions");
    bool ok = cJSON_IsObject(totals) && cJSON_IsArray(sessions);
    if (ok) {
        const cJSON *flow = cJSON_GetObjectItemCaseSensitive(root, "flow");
        status_text_problems(flow, out);
        alert_lines(cJSON_GetObjectItemCaseSensitive(root, "alerts"), sessions, out);
        buf_printf(
            out,
            "%lld sessions, %lld live, %lld waiting, %s, %lld LLM calls (%lld failed), %lld tool calls\n",
            (long long)status_number(totals, "sessions"), (long long)status_number(totals, "live"),
            (long long)status_number(totals, "waiting"), cost_words(totals, spent),
            (long long)status_number(totals, "llm_calls"), (long long)status_number(totals, "llm_errors"),
            (long long)status_number(totals, "tool_calls"));
        if (cJSON_GetArraySize(sessions) > 0) {
            status_text_put(out, "SESSION", NAME_COLS);
            buf_append_str(out, "  ");
            status_text_put(out, "STATE", STATE_COLS);
            buf_append_str(out, " TURNS   LLM TOOLS     IN   OUT CACHE     COST  MODEL\n");
        }
        for (const cJSON *s = sessions->child; s; s = s->next)
            session_line(out, s);
        status_text_flow(flow, out);
    }
    cJSON_Delete(root);
    return ok;
}
