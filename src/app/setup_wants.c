#include "setup_wants.h"

#include "options_table.h"
#include "token.h"

#include <stdio.h>
#include <stdlib.h>

/* What only the settings know, and what only a flag asks for. */
enum given { GIVEN_NOTHING, GIVEN_URL, GIVEN_HEADERS };
enum asked { ASKED_ALWAYS, ASKED_DETAILS, ASKED_TRACEPARENT };

struct variable {
    const char *name;
    const char *value;
    const char *why; /* a comment before it */
    enum asked asked;
    enum given given; /* in place of value */
};

static const struct variable variables[] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1", "Telemetry on, every signal to claude-top.", ASKED_ALWAYS,
     GIVEN_NOTHING},
    {"OTEL_METRICS_EXPORTER", "otlp", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"OTEL_LOGS_EXPORTER", "otlp", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"OTEL_TRACES_EXPORTER", "otlp", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1", "Spans are a beta feature of Claude Code.", ASKED_ALWAYS,
     GIVEN_NOTHING},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL, NULL, ASKED_ALWAYS, GIVEN_URL},
    {"OTEL_EXPORTER_OTLP_HEADERS", NULL, "The token: keep the file that this goes to to yourself.",
     ASKED_ALWAYS, GIVEN_HEADERS},
    {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative",
     "Prometheus and Mimir lose Claude Code's delta metrics silently.", ASKED_ALWAYS, GIVEN_NOTHING},
    {"OTEL_METRIC_EXPORT_INTERVAL", "10000", "Milliseconds: a screen that is live.", ASKED_ALWAYS,
     GIVEN_NOTHING},
    {"OTEL_LOGS_EXPORT_INTERVAL", "1000", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"OTEL_TRACES_EXPORT_INTERVAL", "1000", NULL, ASKED_ALWAYS, GIVEN_NOTHING},
    {"CLAUDE_CODE_PROPAGATE_TRACEPARENT", "1",
     "The trace goes on in the API gateway: requests to it name the span that they belong to.",
     ASKED_TRACEPARENT, GIVEN_NOTHING},
    {"OTEL_LOG_USER_PROMPTS", "1",
     "Without these, prompts and tool arguments are withheld. Take the # away to see them.", ASKED_DETAILS,
     GIVEN_NOTHING},
    {"OTEL_LOG_TOOL_DETAILS", "1", NULL, ASKED_DETAILS, GIVEN_NOTHING},
};
#define VARIABLE_COUNT (sizeof variables / sizeof *variables)

/* They win over OTEL_EXPORTER_OTLP_ENDPOINT and its protocol: with them a signal would pass us by. */
static const char *const detours[] = {
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",  "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
};
#define DETOUR_COUNT (sizeof detours / sizeof *detours)

static bool is_asked(const struct options *o, enum asked asked)
{
    return asked == ASKED_ALWAYS || (asked == ASKED_DETAILS ? o->details : o->traceparent);
}

/* ---- where we are ---- */

/* An address to connect to, from the one to listen on. */
static void endpoint(const struct options *o, char *out, size_t cap)
{
    struct slice address = slice_str(o->http);
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    struct slice host = slice_sub(address, 0, colon ? colon - 1 : 0),
                 port = slice_sub(address, colon, address.len);
    if (slice_eq_str(host, "0.0.0.0") || host.len == 0)
        host = SLICE_LIT("127.0.0.1");
    if (slice_eq_str(host, "[::]"))
        host = SLICE_LIT("[::1]");
    /* A certificate is for a name, and Claude Code's gRPC does not speak TLS with an address at all. */
    bool tls = o->tls_cert[0] != '\0';
    if (tls && (slice_starts(host, SLICE_LIT("127.")) || slice_eq_str(host, "[::1]")))
        host = SLICE_LIT("localhost");
    snprintf(out, cap, "http%s://%.*s:%.*s", tls ? "s" : "", SLICE_ARG(host), SLICE_ARG(port));
}

/*
 * The token as a header. The specification wants the variable's values percent-encoded, but Claude Code
 * decodes them only for gRPC: what a token may consist of needs no encoding, and the blank is sent as it is
 * by both.
 */
static enum ct_err authorization(const struct options *o, struct setup_target *t, struct ct_errmsg *msg)
{
    char token[TOKEN_ROOM];
    struct ct_errmsg warning;
    enum ct_err err = token_read(o, token, &warning, msg);
    if (err || !token[0])
        return err;
    if (warning.text[0])
        fprintf(stderr, "claude-top: %s\n", warning.text);
    snprintf(t->authorization, sizeof t->authorization, "Bearer %s", token);
    snprintf(t->headers, sizeof t->headers, "Authorization=%s", t->authorization);
    token_forget(token);
    return CT_OK;
}

enum ct_err setup_target_find(const struct options *o, struct setup_target *t, struct ct_errmsg *msg)
{
    size_t len = strlen(o->http);
    if (len < 2 || slice_eq_str(slice_sub(slice_str(o->http), len - 2, 2), ":0"))
        return ct_fail(msg, CT_ERR_USAGE,
                       "setup needs the port that claude-top listens on: --http ADDR:PORT");
    endpoint(o, t->url, sizeof t->url);
    return authorization(o, t, msg);
}

/* NULL: nothing to say. */
static const char *value_of(const struct variable *v, const struct setup_target *t)
{
    switch (v->given) {
    case GIVEN_URL:
        return t->url;
    case GIVEN_HEADERS:
        return t->headers[0] ? t->headers : NULL;
    case GIVEN_NOTHING:
        break;
    }
    return v->value;
}

void setup_print_env(const struct options *o, const struct setup_target *t, struct buf *out)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const struct variable *v = &variables[i];
        const char *value = value_of(v, t);
        bool comment = v->asked == ASKED_DETAILS && !o->details;
        if (!value || (!comment && !is_asked(o, v->asked)))
            continue;
        if (v->why)
            buf_printf(out, "# %s\n", v->why);
        const char *quote = v->given == GIVEN_HEADERS ? "'" : ""; /* no token has one in it */
        buf_printf(out, "%sexport %s=%s%s%s\n", comment ? "#" : "", v->name, quote, value, quote);
    }
}

/* ---- hooks ---- */

/*
 * Hooks say at once what telemetry says seconds later, or never. All that Claude Code offers, but for
 * WorktreeCreate and WorktreeRemove (a hook of that name has to do the work itself) and FileChanged (it wants
 * to be told which files). A client asks at its start about a hook that it does not know, so that each gets
 * those that it has: all of 2.1 the first, 2.1.197 the second, 2.1.330 the third.
 */
static const char *const http_events[] = {
    "UserPromptSubmit",  "PreToolUse",   "PostToolUse",   "PostToolUseFailure",
    "PermissionRequest", "Notification", "SubagentStart", "SubagentStop",
    "PreCompact",        "PostCompact",  "Stop",          "StopFailure",
    "SessionEnd",
};
static const char *const http_events_197[] = {
    "UserPromptExpansion", "PostToolBatch", "PermissionDenied", "MessageDisplay",
    "TaskCreated",         "TaskCompleted", "TeammateIdle",     "Elicitation",
    "ElicitationResult",   "ConfigChange",  "CwdChanged",       "InstructionsLoaded",
};
static const char *const http_events_330[] = {"PreModelSwitch", "PostModelSwitch", "DirectoryAdded"};
/* Claude Code does not send these over HTTP. */
static const char *const command_events[] = {"SessionStart"}, *const command_events_197[] = {"Setup"};
/* Before 2.1: no HTTP hooks, and an event that it does not know makes it ignore the whole file. */
static const char *const old_events[] = {
    "UserPromptSubmit",  "PreToolUse",   "PostToolUse",   "PostToolUseFailure",
    "PermissionRequest", "Notification", "SubagentStart", "SubagentStop",
    "PreCompact",        "Stop",         "SessionStart",  "SessionEnd",
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* As one word for a shell: Claude Code runs commands by one. */
static void shell_word(struct buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
    if (word[0] && word[strspn(word, plain)] == '\0') {
        buf_append_str(out, word);
        return;
    }
    buf_append_char(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buf_append_str(out, "'\\'");
        buf_append_char(out, *word);
    }
    buf_append_char(out, '\'');
}

#define COMMAND_MAX 16384

/* A command of ours. What config.ini says of the socket, it reads itself. then: NULL, or the status line's
 * --then. */
static cJSON *command_text(const struct options *o, const char *command, const char *then)
{
    struct buf text;
    enum option_origin origin = o->sources[option_index(option_by_flag(SLICE_LIT("socket")))].origin;
    buf_init(&text, COMMAND_MAX);
    shell_word(&text, o->program);
    buf_printf(&text, " %s", command);
    if (origin == ORIGIN_FLAG || origin == ORIGIN_ENV) {
        buf_append_str(&text, " --socket ");
        shell_word(&text, o->socket);
    }
    if (then) {
        buf_append_str(&text, " --then ");
        shell_word(&text, then);
    }
    cJSON *json = cJSON_CreateString(buf_cstr(&text));
    buf_finish(&text);
    return json;
}

/* Claude Code gives up on a hook after this many seconds; ours are answered at once. */
#define HOOK_TIMEOUT_S 5

static cJSON *with_matcher(cJSON *hook)
{
    cJSON *matcher = cJSON_CreateObject();
    cJSON_AddNumberToObject(hook, "timeout", HOOK_TIMEOUT_S);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(matcher, "hooks"), hook);
    return matcher;
}

static cJSON *http_hook(const struct setup_target *t)
{
    char url[sizeof t->url + 8];
    cJSON *hook = cJSON_CreateObject();
    snprintf(url, sizeof url, "%s/hooks", t->url);
    cJSON_AddStringToObject(hook, "type", "http");
    cJSON_AddStringToObject(hook, "url", url);
    if (t->authorization[0])
        cJSON_AddStringToObject(cJSON_AddObjectToObject(hook, "headers"), "Authorization", t->authorization);
    return with_matcher(hook);
}

static cJSON *command_hook(const struct options *o)
{
    cJSON *hook = cJSON_CreateObject();
    cJSON_AddStringToObject(hook, "type", "command");
    cJSON_AddItemToObject(hook, "command", command_text(o, "hook", NULL));
    return with_matcher(hook);
}

static void want_hooks(const struct options *o, const struct setup_target *t, struct setup_plan *plan)
{
    const struct client_version *v = t->client_known ? &t->client : NULL;
    if (v && !client_version_is(v, 2, 1, 0)) {
        for (size_t i = 0; i < COUNT(old_events); i++)
            setup_plan_add(plan, "hooks", old_events[i], command_hook(o));
        return;
    }
    for (size_t i = 0; i < COUNT(http_events); i++)
        setup_plan_add(plan, "hooks", http_events[i], http_hook(t));
    for (size_t i = 0; i < COUNT(http_events_197) && (!v || client_version_is(v, 2, 1, 197)); i++)
        setup_plan_add(plan, "hooks", http_events_197[i], http_hook(t));
    for (size_t i = 0; i < COUNT(http_events_330) && v && client_version_is(v, 2, 1, 330); i++)
        setup_plan_add(plan, "hooks", http_events_330[i], http_hook(t));
    for (size_t i = 0; i < COUNT(command_events); i++)
        setup_plan_add(plan, "hooks", command_events[i], command_hook(o));
    for (size_t i = 0; i < COUNT(command_events_197) && (!v || client_version_is(v, 2, 1, 197)); i++)
        setup_plan_add(plan, "hooks", command_events_197[i], command_hook(o));
}

/* ---- the status line ---- */

/* The command of a status line that is not ours goes on below ours (--then), which prints what it prints. */
static void want_statusline(const struct options *o, struct slice text, struct setup_plan *plan)
{
    const struct json_path path = {.keys = {"statusLine", "command"}, .depth = 2};
    struct json_span span;
    char ours[64];
    cJSON *before = NULL;
    if (json_text_find(text, &path, &span))
        before = cJSON_ParseWithLength(text.ptr + span.from, span.to - span.from);
    const char *theirs = cJSON_GetStringValue(before);
    snprintf(ours, sizeof ours, " statusline");
    bool is_ours = theirs && strstr(theirs, "claude-top") && strstr(theirs, ours);
    setup_plan_set(plan, "statusLine", "type", cJSON_CreateString("command"));
    setup_plan_set(plan, "statusLine", "command",
                   command_text(o, "statusline", theirs && theirs[0] && !is_ours ? theirs : NULL));
    cJSON_Delete(before);
}

void setup_wants(const struct options *o, const struct setup_target *t, struct slice text,
                 struct setup_plan *plan)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const struct variable *v = &variables[i];
        if (is_asked(o, v->asked) && value_of(v, t))
            setup_plan_set(plan, "env", v->name, cJSON_CreateString(value_of(v, t)));
    }
    for (size_t i = 0; i < DETOUR_COUNT; i++)
        setup_plan_unset(plan, "env", detours[i]);
    want_hooks(o, t, plan);
    if (o->statusline)
        want_statusline(o, text, plan);
}

/* ---- others ---- */

static const char *env_text(const cJSON *json, const char *name)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "env"), name));
}

static struct slice host_and_port(const char *url)
{
    struct slice rest = slice_str(url);
    size_t scheme = slice_find_slice(rest, SLICE_LIT("://"));
    rest = slice_sub(rest, scheme < rest.len ? scheme + 3 : 0, rest.len);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    return slice_sub(rest, 0, end);
}

static bool is_loopback(struct slice host)
{
    return slice_eq_nocase(host, SLICE_LIT("localhost")) || slice_starts(host, SLICE_LIT("127.")) ||
           slice_eq_str(host, "[::1]") || slice_eq_str(host, "0.0.0.0") || slice_eq_str(host, "[::]") ||
           host.len == 0;
}

static bool same_place(struct slice a, struct slice b)
{
    size_t i = a.len, k = b.len;
    while (i > 0 && a.ptr[i - 1] != ':')
        i--;
    while (k > 0 && b.ptr[k - 1] != ':')
        k--;
    if (!i || !k || !slice_eq(slice_sub(a, i, a.len), slice_sub(b, k, b.len)))
        return false;
    struct slice x = slice_sub(a, 0, i - 1), y = slice_sub(b, 0, k - 1);
    return slice_eq_nocase(x, y) || (is_loopback(x) && is_loopback(y));
}

bool setup_is_ours(const struct options *o, const char *url)
{
    struct slice place = host_and_port(url);
    return same_place(place, slice_str(o->http)) || same_place(place, slice_str(o->grpc));
}

bool setup_foreign_find(const cJSON *json, const struct options *o, struct setup_foreign *out)
{
    static const char *const endpoints[] = {
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"};
    const char *protocol = env_text(json, "OTEL_EXPORTER_OTLP_PROTOCOL");
    for (size_t i = 0; i < COUNT(endpoints); i++) {
        const char *url = env_text(json, endpoints[i]);
        if (!url || !url[0] || setup_is_ours(o, url))
            continue;
        *out = (struct setup_foreign){.variable = endpoints[i],
                                      .url = url,
                                      .headers = env_text(json, "OTEL_EXPORTER_OTLP_HEADERS"),
                                      .grpc = protocol && strcmp(protocol, "grpc") == 0};
        return true;
    }
    return false;
}
