/* setup: what Claude Code needs to be told. */
#include "commands.h"
#include "options_table.h"
#include "token.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* What only these settings know. */
enum given { GIVEN_NOTHING, GIVEN_URL, GIVEN_HEADERS };

struct variable {
    const char *name;
    const char *value;
    const char *why; /* a comment before it */
    bool optional;
    enum given given; /* in place of value */
};

struct target {
    char url[256];
    char authorization[RECEIVER_TOKEN_MAX + 16];
    char headers[RECEIVER_TOKEN_MAX + 64]; /* of OTEL_EXPORTER_OTLP_HEADERS; "" without a token */
};

static const struct variable variables[] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1", "Telemetry on, every signal to claude-top.", false, GIVEN_NOTHING},
    {"OTEL_METRICS_EXPORTER", "otlp", NULL, false, GIVEN_NOTHING},
    {"OTEL_LOGS_EXPORTER", "otlp", NULL, false, GIVEN_NOTHING},
    {"OTEL_TRACES_EXPORTER", "otlp", NULL, false, GIVEN_NOTHING},
    {"CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1", "Spans are a beta feature of Claude Code.", false,
     GIVEN_NOTHING},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", NULL, false, GIVEN_NOTHING},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL, NULL, false, GIVEN_URL},
    {"OTEL_EXPORTER_OTLP_HEADERS", NULL, "The token: keep the file that this goes to to yourself.", false,
     GIVEN_HEADERS},
    {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative",
     "Prometheus and Mimir lose Claude Code's delta metrics silently.", false, GIVEN_NOTHING},
    {"OTEL_LOG_USER_PROMPTS", "1",
     "Without these, prompts and tool arguments are withheld. Take the # away to see them.", true,
     GIVEN_NOTHING},
    {"OTEL_LOG_TOOL_DETAILS", "1", NULL, true, GIVEN_NOTHING},
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
static enum ct_err authorization(const struct options *o, struct target *t, struct ct_errmsg *msg)
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

/* NULL: nothing to say. */
static const char *value_of(const struct variable *v, const struct target *t)
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

/* For a shell: comments and export lines. */
static void print_env(const struct target *t)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const struct variable *v = &variables[i];
        const char *value = value_of(v, t);
        if (!value)
            continue;
        if (v->why)
            printf("# %s\n", v->why);
        const char *quote = v->given == GIVEN_HEADERS ? "'" : ""; /* no token has one in it */
        printf("%sexport %s=%s%s%s\n", v->optional ? "#" : "", v->name, quote, value, quote);
    }
}

/* Hooks that say at once what telemetry says seconds later, or never. */
static const char *const hook_events[] = {
    "UserPromptSubmit",  "PreToolUse",   "PostToolUse",   "PostToolUseFailure",
    "PermissionRequest", "Notification", "SubagentStart", "SubagentStop",
    "PreCompact",        "PostCompact",  "Stop",          "StopFailure",
    "SessionEnd",
};

/* As one word for a shell: Claude Code runs commands by one. */
static void shell_word(struct buf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
    if (word[strspn(word, plain)] == '\0') {
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

/* A command of ours. What config.ini says of the socket, it reads itself. */
static void add_command(cJSON *o, const struct options *options, const char *command)
{
    struct buf text;
    enum option_origin origin = options->sources[option_index(option_by_flag(SLICE_LIT("socket")))].origin;
    buf_init(&text, COMMAND_MAX);
    shell_word(&text, options->program);
    buf_printf(&text, " %s", command);
    if (origin == ORIGIN_FLAG || origin == ORIGIN_ENV) {
        buf_append_str(&text, " --socket ");
        shell_word(&text, options->socket);
    }
    cJSON_AddStringToObject(o, "type", "command");
    cJSON_AddStringToObject(o, "command", buf_cstr(&text));
    buf_finish(&text);
}

/* Claude Code gives up on a hook after this many seconds; ours are answered at once. */
#define HOOK_TIMEOUT_S 5

static cJSON *add_hook(cJSON *hooks, const char *event)
{
    cJSON *matcher = cJSON_CreateObject(), *hook = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(hooks, event), matcher);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(matcher, "hooks"), hook);
    return hook;
}

/* The "env" and "hooks" of Claude Code's settings.json, and its "statusLine" where that is wanted. */
static char *settings_json(const struct options *o, const struct target *t)
{
    char hook_url[300];
    snprintf(hook_url, sizeof hook_url, "%s/hooks", t->url);
    cJSON *root = cJSON_CreateObject();
    cJSON *env = cJSON_AddObjectToObject(root, "env");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (!variables[i].optional && value_of(&variables[i], t))
            cJSON_AddStringToObject(env, variables[i].name, value_of(&variables[i], t));
    cJSON *hooks = cJSON_AddObjectToObject(root, "hooks");
    for (size_t i = 0; i < sizeof hook_events / sizeof *hook_events; i++) {
        cJSON *hook = add_hook(hooks, hook_events[i]);
        cJSON_AddStringToObject(hook, "type", "http");
        cJSON_AddStringToObject(hook, "url", hook_url);
        cJSON_AddNumberToObject(hook, "timeout", HOOK_TIMEOUT_S);
        if (t->authorization[0])
            cJSON_AddStringToObject(cJSON_AddObjectToObject(hook, "headers"), "Authorization",
                                    t->authorization);
    }
    /* Claude Code does not send this one over HTTP. */
    cJSON *start = add_hook(hooks, "SessionStart");
    add_command(start, o, "hook");
    cJSON_AddNumberToObject(start, "timeout", HOOK_TIMEOUT_S);
    if (o->statusline)
        add_command(cJSON_AddObjectToObject(root, "statusLine"), o, "statusline");
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

/* What no setting here knows: how Claude Code comes to trust the certificate, and to have one of its own. */
static void say_tls(const struct options *o)
{
    if (o->tls_cert[0])
        fprintf(stderr,
                "claude-top: if the certificate is of a CA of your own, Claude Code has to be told of it: "
                "NODE_EXTRA_CA_CERTS=/path/to/ca.pem\n");
    if (o->tls_client_ca[0])
        fprintf(stderr,
                "claude-top: it asks for a client certificate: CLAUDE_CODE_CLIENT_CERT=/path/to/cert.pem "
                "CLAUDE_CODE_CLIENT_KEY=/path/to/key.pem\n");
}

enum exit_code command_setup(const struct options *o)
{
    struct target target = {.url = ""};
    struct ct_errmsg msg;
    size_t len = strlen(o->http);
    if (len == 0 || slice_eq_str(slice_sub(slice_str(o->http), len - 2, 2), ":0"))
        return command_fail(
            ct_fail(&msg, CT_ERR_USAGE, "setup needs the port that claude-top listens on: --http ADDR:PORT"),
            &msg);
    enum ct_err err = authorization(o, &target, &msg);
    if (err)
        return command_fail(err, &msg);
    endpoint(o, target.url, sizeof target.url);
    say_tls(o);
    if (o->print_env) {
        print_env(&target);
        return EXIT_CODE_OK;
    }
    char *json = settings_json(o, &target);
    fprintf(
        stderr,
        "claude-top: merge this into Claude Code's settings.json (~/.claude/settings.json, or a project's "
        ".claude/settings.json); for one shell only: eval \"$(claude-top setup --print-env)\"\n");
    printf("%s\n", json);
    cJSON_free(json);
    return EXIT_CODE_OK;
}
