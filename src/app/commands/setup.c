/* setup: what Claude Code needs to be told. */
#include "commands.h"

#include <cjson/cJSON.h>
#include <stdio.h>

struct variable {
    const char *name;
    const char *value; /* NULL: our address */
    const char *why;   /* a comment before it */
    bool optional;
};

static const struct variable variables[] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1", "Telemetry on, every signal to claude-top.", false},
    {"OTEL_METRICS_EXPORTER", "otlp", NULL, false},
    {"OTEL_LOGS_EXPORTER", "otlp", NULL, false},
    {"OTEL_TRACES_EXPORTER", "otlp", NULL, false},
    {"CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1", "Spans are a beta feature of Claude Code.", false},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", NULL, false},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL, NULL, false},
    {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative",
     "Prometheus and Mimir lose Claude Code's delta metrics silently.", false},
    {"OTEL_LOG_USER_PROMPTS", "1",
     "Without these, prompts and tool arguments are withheld. Take the # away to see them.", true},
    {"OTEL_LOG_TOOL_DETAILS", "1", NULL, true},
};

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
    snprintf(out, cap, "http://%.*s:%.*s", SLICE_ARG(host), SLICE_ARG(port));
}

static const char *value_of(const struct variable *v, const char *url)
{
    return v->value ? v->value : url;
}

/* For a shell: comments and export lines. */
static void print_env(const char *url)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const struct variable *v = &variables[i];
        if (v->why)
            printf("# %s\n", v->why);
        printf("%sexport %s=%s\n", v->optional ? "#" : "", v->name, value_of(v, url));
    }
}

/* Hooks that say at once what telemetry says seconds later, or never. (SessionStart is not sent over HTTP.)
 */
static const char *const hook_events[] = {
    "UserPromptSubmit",  "PreToolUse",   "PostToolUse",   "PostToolUseFailure",
    "PermissionRequest", "Notification", "SubagentStart", "SubagentStop",
    "PreCompact",        "PostCompact",  "Stop",          "StopFailure",
    "SessionEnd",
};

/* Claude Code gives up on a hook after this many seconds; ours are answered at once. */
#define HOOK_TIMEOUT_S 5

/* The "env" and "hooks" of Claude Code's settings.json. */
static char *settings_json(const char *url)
{
    char hook_url[300];
    snprintf(hook_url, sizeof hook_url, "%s/hooks", url);
    cJSON *root = cJSON_CreateObject();
    cJSON *env = cJSON_AddObjectToObject(root, "env");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (!variables[i].optional)
            cJSON_AddStringToObject(env, variables[i].name, value_of(&variables[i], url));
    cJSON *hooks = cJSON_AddObjectToObject(root, "hooks");
    for (size_t i = 0; i < sizeof hook_events / sizeof *hook_events; i++) {
        cJSON *matcher = cJSON_CreateObject(), *hook = cJSON_CreateObject();
        cJSON_AddItemToArray(cJSON_AddArrayToObject(hooks, hook_events[i]), matcher);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(matcher, "hooks"), hook);
        cJSON_AddStringToObject(hook, "type", "http");
        cJSON_AddStringToObject(hook, "url", hook_url);
        cJSON_AddNumberToObject(hook, "timeout", HOOK_TIMEOUT_S);
    }
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

enum exit_code command_setup(const struct options *o)
{
    char url[256];
    struct ct_errmsg msg;
    size_t len = strlen(o->http);
    if (len == 0 || slice_eq_str(slice_sub(slice_str(o->http), len - 2, 2), ":0"))
        return command_fail(
            ct_fail(&msg, CT_ERR_USAGE, "setup needs the port that claude-top listens on: --http ADDR:PORT"),
            &msg);
    endpoint(o, url, sizeof url);
    if (o->print_env) {
        print_env(url);
        return EXIT_CODE_OK;
    }
    char *json = settings_json(url);
    fprintf(
        stderr,
        "claude-top: merge this into Claude Code's settings.json (~/.claude/settings.json, or a project's "
        ".claude/settings.json); for one shell only: eval \"$(claude-top setup --print-env)\"\n");
    printf("%s\n", json);
    cJSON_free(json);
    return EXIT_CODE_OK;
}
