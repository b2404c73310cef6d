/* doctor: what Claude Code is configured to send, and where, by its settings files and this shell. */
#include "doctor.h"
#include "setup_wants.h"

#include <stdio.h>
#include <sys/stat.h>

#define SETUP_REMEDY "claude-top setup --apply"

static const char *value(const struct doctor *d, const char *name, enum claude_scope *scope)
{
    return claude_settings_env(&d->settings, &env_process, name, scope);
}

/* What has to be done about a setting depends on whose it is. */
static const char *remedy_for(enum claude_scope scope, const char *plain)
{
    switch (scope) {
    case CLAUDE_MANAGED:
        return "it is in the managed settings: your administrator's to change";
    case CLAUDE_LOCAL:
        return "it is in .claude/settings.local.json of this folder: claude-top setup --apply --local";
    case CLAUDE_PROJECT:
        return "it is in .claude/settings.json of this folder: claude-top setup --apply --project";
    default:
        return plain;
    }
}

static void check_files(struct doctor *d)
{
    for (int i = 0; i < CLAUDE_SCOPE_COUNT; i++) {
        const struct claude_file *f = &d->settings.files[i];
        if (f->there && !f->json)
            doctor_say(d, "claude", DOCTOR_FAIL, "mend it: Claude Code ignores the whole file", "%s: %s",
                       f->path, f->why.text);
    }
}

/* True when it is "otlp", alone or among others. */
static bool has_otlp(const char *list)
{
    return list && strstr(list, "otlp") != NULL;
}

static void check_signals(struct doctor *d)
{
    static const struct {
        const char *name, *what;
    } exporters[] = {{"OTEL_METRICS_EXPORTER", "metrics"},
                     {"OTEL_LOGS_EXPORTER", "events"},
                     {"OTEL_TRACES_EXPORTER", "traces"}};
    enum claude_scope scope;
    char missing[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < 3; i++)
        if (!has_otlp(value(d, exporters[i].name, &scope)))
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                                     exporters[i].what);
    if (used)
        doctor_say(d, "claude", DOCTOR_FAIL, SETUP_REMEDY, "Claude Code does not export %s by OTLP", missing);
    else
        doctor_say(d, "claude", DOCTOR_OK, NULL, "Claude Code exports metrics, events and traces");
    const char *beta = value(d, "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", &scope);
    if (!beta)
        beta = value(d, "ENABLE_ENHANCED_TELEMETRY_BETA", &scope);
    if (!beta || strcmp(beta, "1") != 0)
        doctor_say(d, "claude", DOCTOR_WARN, SETUP_REMEDY,
                   "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA is not set: no spans, and events without trace ids");
}

static void check_endpoint(struct doctor *d)
{
    static const char *const detours[] = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                          "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                                          "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"};
    enum claude_scope scope;
    const char *url = value(d, "OTEL_EXPORTER_OTLP_ENDPOINT", &scope);
    if (!url)
        doctor_say(d, "claude", DOCTOR_FAIL, SETUP_REMEDY, "OTEL_EXPORTER_OTLP_ENDPOINT is not set");
    else if (!setup_is_ours(d->o, url))
        doctor_say(
            d, "claude", DOCTOR_FAIL,
            remedy_for(scope,
                       "claude-top setup --apply --adopt-upstream: it comes here, and is passed on there"),
            "Claude Code sends to %.200s (%s settings)", url, claude_scope_name(scope));
    else
        doctor_say(d, "claude", DOCTOR_OK, NULL, "Claude Code sends to %.200s (%s settings)", url,
                   claude_scope_name(scope));
    for (size_t i = 0; i < 3; i++) {
        const char *detour = value(d, detours[i], &scope);
        if (detour && !setup_is_ours(d->o, detour))
            doctor_say(d, "claude", DOCTOR_WARN, remedy_for(scope, SETUP_REMEDY), "%s passes us by: %.200s",
                       detours[i], detour);
    }
}

static void check_token(struct doctor *d)
{
    struct setup_target target = {.url = ""};
    struct ct_errmsg msg;
    enum claude_scope scope;
    const char *headers = value(d, "OTEL_EXPORTER_OTLP_HEADERS", &scope);
    if (setup_target_find(d->o, &target, &msg) && msg.text[0]) {
        doctor_say(d, "claude", DOCTOR_WARN, "token, token_file and http in config.ini", "%s", msg.text);
        return;
    }
    if (target.authorization[0] && (!headers || !strstr(headers, target.authorization)))
        doctor_say(d, "claude", DOCTOR_FAIL, SETUP_REMEDY,
                   "claude-top asks for a token, and Claude Code does not send it");
    for (int i = 0; target.authorization[0] && i < CLAUDE_SCOPE_COUNT; i++) {
        struct stat st;
        const struct claude_file *f = &d->settings.files[i];
        char remedy[DOCTOR_TEXT_MAX];
        char *text = f->json ? cJSON_PrintUnformatted(f->json) : NULL;
        snprintf(remedy, sizeof remedy, "chmod 600 %.300s", f->path);
        if (text && strstr(text, target.authorization) && stat(f->path, &st) == 0 && (st.st_mode & 077))
            doctor_say(d, "claude", DOCTOR_WARN, remedy, "the token stands in %.300s, and others can read it",
                       f->path);
        cJSON_free(text);
    }
}

/* Hooks that come here: HTTP ones to us, and our command. */
static void check_hooks(struct doctor *d)
{
    size_t ours = 0;
    bool start = false;
    enum claude_scope scope;
    for (int i = 0; i < CLAUDE_SCOPE_COUNT; i++) {
        const cJSON *event, *matcher, *hook;
        cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(d->settings.files[i].json, "hooks"))
        {
            bool here = false;
            cJSON_ArrayForEach(matcher, event)
            {
                cJSON_ArrayForEach(hook, cJSON_GetObjectItemCaseSensitive(matcher, "hooks"))
                {
                    const char *url = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hook, "url"));
                    const char *command =
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hook, "command"));
                    here = here || (url && strstr(url, "/hooks") && setup_is_ours(d->o, url)) ||
                           (command && strstr(command, "claude-top") && strstr(command, " hook"));
                }
            }
            ours += here;
            start = start || (here && event->string && strcmp(event->string, "SessionStart") == 0);
        }
    }
    if (!ours)
        doctor_say(d, "claude", DOCTOR_WARN, SETUP_REMEDY,
                   "no hooks: the screen is seconds late, and does not see who waits for you");
    else if (!start)
        doctor_say(d, "claude", DOCTOR_WARN, SETUP_REMEDY, "hooks for %zu events, but none for SessionStart",
                   ours);
    else
        doctor_say(d, "claude", DOCTOR_OK, NULL, "hooks for %zu events come here", ours);
    if (cJSON_IsTrue(claude_settings_key(&d->settings, "disableAllHooks", &scope)))
        doctor_say(d, "claude", DOCTOR_WARN, remedy_for(scope, "take it out of the settings"),
                   "disableAllHooks in the %s settings turns hooks off", claude_scope_name(scope));
    if (ours && cJSON_IsTrue(claude_settings_key(&d->settings, "allowManagedHooksOnly", &scope)))
        doctor_say(d, "claude", DOCTOR_WARN, remedy_for(scope, "take it out of the settings"),
                   "allowManagedHooksOnly turns these hooks off");
    if (ours && claude_settings_key(&d->settings, "allowedHttpHookUrls", &scope))
        doctor_say(d, "claude", DOCTOR_WARN, remedy_for(scope, "add claude-top's /hooks URL to it"),
                   "allowedHttpHookUrls in the %s settings decides which hooks are sent",
                   claude_scope_name(scope));
}

static bool forwards_metrics(const struct options *o)
{
    bool any = (o->upstream.http[0] || o->upstream.grpc[0]) && (o->upstream.signals & 2);
    for (size_t i = 0; i < o->upstream_count; i++)
        any = any || (o->upstreams[i]->set.signals & 2);
    return any;
}

static void check_values(struct doctor *d)
{
    enum claude_scope scope;
    const char *temporality = value(d, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", &scope);
    const char *id = value(d, "OTEL_METRICS_INCLUDE_SESSION_ID", &scope);
    if (forwards_metrics(d->o) && (!temporality || strcmp(temporality, "cumulative") != 0))
        doctor_say(d, "claude", DOCTOR_WARN,
                   "claude-top setup --apply sets cumulative; or run deltatocumulative in the collector: "
                   "alloy/README.md",
                   "Claude Code sends delta metrics, which Prometheus and Mimir lose silently");
    if (id && strcmp(id, "false") == 0)
        doctor_say(d, "claude", DOCTOR_FAIL, remedy_for(scope, "take it out of the settings"),
                   "OTEL_METRICS_INCLUDE_SESSION_ID=false takes the session out of all telemetry");
}

void doctor_claude(struct doctor *d)
{
    enum claude_scope scope;
    check_files(d);
    const char *on = value(d, "CLAUDE_CODE_ENABLE_TELEMETRY", &scope);
    if (!on || strcmp(on, "1") != 0) {
        doctor_say(d, "claude", DOCTOR_FAIL, remedy_for(on ? scope : CLAUDE_SCOPE_COUNT, SETUP_REMEDY),
                   "Claude Code's telemetry is off: CLAUDE_CODE_ENABLE_TELEMETRY is %.40s",
                   on ? on : "not set");
    } else {
        check_signals(d);
        check_endpoint(d);
        check_values(d);
    }
    check_hooks(d);
    check_token(d);
}
