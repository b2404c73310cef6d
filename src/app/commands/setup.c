/* setup: tells Claude Code, by its settings.json, to send its telemetry and hooks here; and takes that back.
 */
#include "clock.h"
#include "commands.h"
#include "config_edit.h"
#include "line_diff.h"
#include "setup_file.h"
#include "setup_wants.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENT_ASK_MS 3000
#define OUT_MAX       (8u * 1024 * 1024)

struct setup {
    const struct options *o;
    struct setup_target target;
    struct claude_settings settings;
    enum claude_scope scope;
    struct setup_file file;
};

/* ---- words ---- */

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

/* Settings that make ours of no use: of files that win over the one that is written, and of any. */
static void say_obstacles(const struct setup *s)
{
    static const char *const variables[] = {"CLAUDE_CODE_ENABLE_TELEMETRY", "OTEL_EXPORTER_OTLP_ENDPOINT",
                                            "OTEL_EXPORTER_OTLP_PROTOCOL"};
    enum claude_scope scope;
    for (int i = 0; i < CLAUDE_SCOPE_COUNT; i++) {
        const struct claude_file *f = &s->settings.files[i];
        if (f->there && !f->json && i != (int)s->scope)
            fprintf(stderr, "claude-top: %s: %s; Claude Code ignores it\n", f->path, f->why.text);
        for (size_t v = 0; f->json && i > (int)s->scope && v < sizeof variables / sizeof *variables; v++) {
            const cJSON *env = cJSON_GetObjectItemCaseSensitive(f->json, "env");
            const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(env, variables[v]));
            bool fine = value && (v == 0   ? strcmp(value, "1") == 0
                                  : v == 1 ? setup_is_ours(s->o, value)
                                           : true);
            if (value && !fine)
                fprintf(stderr, "claude-top: the %s settings (%s) win and say %s=%.200s%s\n",
                        claude_scope_name((enum claude_scope)i), f->path, variables[v], value,
                        i == CLAUDE_MANAGED ? ": your administrator's; claude-top cannot change them" : "");
        }
    }
    if (cJSON_IsTrue(claude_settings_key(&s->settings, "disableAllHooks", &scope)))
        fprintf(stderr, "claude-top: disableAllHooks in the %s settings turns hooks off\n",
                claude_scope_name(scope));
    if (cJSON_IsTrue(claude_settings_key(&s->settings, "allowManagedHooksOnly", &scope)))
        fprintf(stderr, "claude-top: allowManagedHooksOnly in the %s settings turns these hooks off\n",
                claude_scope_name(scope));
    if (claude_settings_key(&s->settings, "allowedHttpHookUrls", &scope))
        fprintf(stderr, "claude-top: allowedHttpHookUrls in the %s settings has to allow %s/hooks\n",
                claude_scope_name(scope), s->target.url);
}

/* The text with the token hidden: what is printed may be seen by others. */
static void without_token(const struct setup *s, struct slice text, struct buf *out)
{
    struct slice secret = slice_str(s->target.authorization);
    while (secret.len) {
        size_t at = slice_find_slice(text, secret);
        if (at >= text.len)
            break;
        buf_append(out, slice_sub(text, 0, at));
        buf_append_str(out, "Bearer ***");
        text = slice_sub(text, at + secret.len, text.len);
    }
    buf_append(out, text);
}

static void print_diff(const struct setup *s, struct slice before, struct slice after)
{
    struct buf a, b, out;
    buf_init(&a, OUT_MAX);
    buf_init(&b, OUT_MAX);
    buf_init(&out, OUT_MAX);
    without_token(s, before, &a);
    without_token(s, after, &b);
    printf("--- %s%s\n+++ %s\n", s->file.path, s->file.there ? "" : " (there is none)", s->file.path);
    if (line_diff(buf_slice(&a), buf_slice(&b), &out))
        printf("%.*s", SLICE_ARG(buf_slice(&b)));
    else
        printf("%.*s", SLICE_ARG(buf_slice(&out)));
    buf_finish(&a);
    buf_finish(&b);
    buf_finish(&out);
}

/* ---- an endpoint that is not ours ---- */

static bool is_upstream(const struct options *o, const char *url)
{
    if (strcmp(o->upstream.http, url) == 0 || strcmp(o->upstream.grpc, url) == 0)
        return true;
    for (size_t i = 0; i < o->upstream_count; i++)
        if (strcmp(o->upstreams[i]->set.http, url) == 0 || strcmp(o->upstreams[i]->set.grpc, url) == 0)
            return true;
    return false;
}

/* The base URL: that of one signal names its path, too. */
static void base_url(const char *url, char *out, size_t cap)
{
    static const char *const paths[] = {"/v1/traces", "/v1/logs", "/v1/metrics"};
    struct slice base = slice_str(url);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        size_t len = strlen(paths[i]);
        if (base.len > len && slice_eq_str(slice_sub(base, base.len - len, len), paths[i]))
            base.len -= len;
    }
    snprintf(out, cap, "%.*s", SLICE_ARG(base));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* "a=b,c=d%20e" as a list of headers of ours: "a: b; c: d e". */
static void headers_of(const char *variable, struct buf *out)
{
    bool value = false;
    for (const char *c = variable; *c; c++) {
        int high = *c == '%' && c[1] ? hex_digit(c[1]) : -1, low = high >= 0 && c[2] ? hex_digit(c[2]) : -1;
        char byte = *c;
        if (!value && *c == '=') {
            buf_append_str(out, ": ");
            value = true;
            continue;
        }
        if (*c == ',') {
            buf_append_str(out, "; ");
            value = false;
            continue;
        }
        if (low >= 0) {
            byte = (char)(high * 16 + low);
            c += 2;
        }
        if (byte == ';')
            buf_append_char(out, '\\');
        buf_append_char(out, byte);
    }
}

/* Writes it into config.ini, so that everything is passed on to it. */
static enum ct_err adopt(const struct setup *s, const struct setup_foreign *foreign, const char *url,
                         struct ct_errmsg *msg)
{
    const struct options *o = s->o;
    bool first = !o->upstream.http[0] && !o->upstream.grpc[0];
    struct slice section = first ? SLICE_LIT("upstream") : SLICE_LIT("upstream former");
    struct slice key = foreign->grpc ? SLICE_LIT("grpc") : SLICE_LIT("http");
    enum ct_err err = config_edit_file(o->config, NULL, section, key, slice_str(url), msg);
    if (!err && foreign->headers && s->target.headers[0]) {
        /* Ours take their place; without a token Claude Code goes on sending them, through us. */
        struct buf headers;
        buf_init(&headers, CLAUDE_SETTINGS_MAX);
        headers_of(foreign->headers, &headers);
        err = config_edit_file(o->config, NULL, section, SLICE_LIT("headers"), buf_slice(&headers), msg);
        buf_finish(&headers);
    }
    if (!err)
        printf("%s now has [%.*s] %.*s = %s: restart claude-top to pass everything on to it\n", o->config,
               SLICE_ARG(section), SLICE_ARG(key), url);
    return err;
}

static enum ct_err foreign_endpoint(const struct setup *s, struct slice text, struct ct_errmsg *msg)
{
    struct setup_foreign foreign;
    char url[1024];
    enum ct_err err = CT_OK;
    cJSON *json = cJSON_ParseWithLength(text.ptr, text.len);
    bool found = setup_foreign_find(json, s->o, &foreign);
    if (found)
        base_url(foreign.url, url, sizeof url);
    if (found && !is_upstream(s->o, url)) {
        if (s->o->adopt_upstream && s->o->apply)
            err = adopt(s, &foreign, url, msg);
        else if (s->o->apply && !s->o->drop_upstream)
            err = ct_fail(
                msg, CT_ERR_BUSY,
                "Claude Code sends its telemetry to %.200s now: --adopt-upstream makes claude-top pass "
                "it on there, --drop-upstream does without",
                url);
        else if (!s->o->drop_upstream)
            fprintf(stderr,
                    "claude-top: Claude Code sends its telemetry to %.200s now (%s); with --apply "
                    "--adopt-upstream claude-top passes everything on to it\n",
                    url, foreign.variable);
    }
    cJSON_Delete(json);
    return err;
}

/* ---- what is done ---- */

static void say_written(const struct setup *s)
{
    struct stat st;
    if (s->file.there)
        printf("wrote %s; what was there is in %s" SETUP_BACKUP_SUFFIX "\n", s->file.path, s->file.path);
    else
        printf("wrote %s\n", s->file.path);
    printf(
        "Claude Code reads it when it is started the next time; claude-top setup --remove takes it back\n");
    if (s->target.authorization[0] && stat(s->file.path, &st) == 0 && (st.st_mode & 077))
        fprintf(stderr, "claude-top: the token stands in it, and others can read it: chmod 600 %s\n",
                s->file.path);
}

static enum ct_err apply(struct setup *s, struct ct_errmsg *msg)
{
    struct setup_plan plan;
    struct buf base, text, notes;
    size_t taken;
    cJSON *record = NULL;
    setup_plan_init(&plan);
    buf_init(&base, CLAUDE_SETTINGS_MAX);
    buf_init(&text, CLAUDE_SETTINGS_MAX);
    buf_init(&notes, CLAUDE_SETTINGS_MAX);
    /* On top of what would be there without us, so that a second time changes nothing. */
    enum ct_err err = setup_file_without(&s->file, &base, &notes, &taken);
    if (!err)
        err = foreign_endpoint(s, buf_slice(&base), msg);
    if (!err) {
        setup_wants(s->o, &s->target, buf_slice(&base), &plan);
        buf_append(&text, buf_slice(&base));
        err = setup_apply(&plan, &text, &record, msg);
        if (err)
            fprintf(stderr, "claude-top: %s is left as it is\n", s->file.path);
    }
    if (!err && setup_same(buf_slice(&text), buf_slice(&s->file.text))) {
        printf("%s has all of it: nothing to do\n", s->file.path);
    } else if (!err && !s->o->apply) {
        print_diff(s, buf_slice(&s->file.text), buf_slice(&text));
        printf("nothing was written: --apply does it\n");
    } else if (!err) {
        struct slice after = buf_slice(&text);
        bool made = !s->file.there || setup_file_was_made(&s->file);
        err = setup_file_write(&s->file, &after, msg);
        if (!err) {
            err = setup_file_keep(&s->file, record, buf_slice(&base), after, made, msg);
            record = NULL;
        }
        if (!err)
            say_written(s);
    }
    cJSON_Delete(record);
    buf_finish(&base);
    buf_finish(&text);
    buf_finish(&notes);
    setup_plan_finish(&plan);
    return err;
}

/* Variables are recognised as ours when the endpoint is: others set them for their own collectors. */
static void keep_certain(const struct setup *s, struct setup_plan *plan)
{
    const struct json_path endpoint = {.keys = {"env", "OTEL_EXPORTER_OTLP_ENDPOINT"}, .depth = 2};
    struct slice text = buf_slice(&s->file.text);
    struct json_span span;
    size_t kept = 0;
    if (json_text_find(text, &endpoint, &span) &&
        slice_eq_str(slice_sub(text, span.from + 1, span.to - span.from - 2), s->target.url))
        return;
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->changes[i].path.keys[0], "env") != 0)
            plan->changes[kept++] = plan->changes[i];
    plan->count = kept;
}

/* By the record; without one, what is certainly ours. */
static enum ct_err taken_out(struct setup *s, struct buf *text, struct buf *notes, size_t *taken)
{
    if (s->file.record)
        return setup_file_without(&s->file, text, notes, taken);
    struct options everything = *s->o;
    struct setup_plan plan;
    everything.details = everything.traceparent = everything.statusline = true;
    setup_plan_init(&plan);
    setup_wants(&everything, &s->target, SLICE_LIT("{}"), &plan);
    keep_certain(s, &plan);
    cJSON *record = setup_recognise(&plan, buf_slice(&s->file.text));
    enum ct_err err = buf_append(text, buf_slice(&s->file.text));
    if (!err)
        err = setup_undo(record, text, notes, taken);
    if (!err && *taken)
        buf_append_str(notes,
                       "there is no record of what was added: what is the same as claude-top would add "
                       "was taken out\n");
    cJSON_Delete(record);
    setup_plan_finish(&plan);
    return err;
}

static enum ct_err take_back(struct setup *s, struct ct_errmsg *msg)
{
    const struct json_path root = {.depth = 0};
    struct buf text, notes;
    size_t taken = 0;
    buf_init(&text, CLAUDE_SETTINGS_MAX);
    buf_init(&notes, CLAUDE_SETTINGS_MAX);
    enum ct_err err = taken_out(s, &text, &notes, &taken);
    struct slice after = buf_slice(&text);
    if (!err && (!s->file.there || taken == 0)) {
        printf("%s has nothing of claude-top's\n", s->file.path);
    } else if (!err) {
        bool gone = setup_file_was_made(&s->file) && json_text_is_empty(after, &root);
        print_diff(s, buf_slice(&s->file.text), gone ? SLICE_NULL : after);
        err = setup_file_write(&s->file, gone ? NULL : &after, msg);
        if (!err)
            printf("%s %s; what was there is in %s" SETUP_BACKUP_SUFFIX "\n", gone ? "removed" : "wrote",
                   s->file.path, s->file.path);
    }
    if (!err)
        setup_file_keep(&s->file, NULL, SLICE_NULL, SLICE_NULL, false, NULL);
    if (!err && notes.len)
        fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&notes)));
    buf_finish(&text);
    buf_finish(&notes);
    return err;
}

/* What is added to an empty file. */
static enum ct_err print_json(const struct setup *s, struct ct_errmsg *msg)
{
    struct setup_plan plan;
    struct buf text;
    cJSON *record = NULL;
    setup_plan_init(&plan);
    buf_init(&text, CLAUDE_SETTINGS_MAX);
    buf_append_str(&text, "{}\n");
    setup_wants(s->o, &s->target, buf_slice(&text), &plan);
    enum ct_err err = setup_apply(&plan, &text, &record, msg);
    if (!err)
        printf("%.*s", SLICE_ARG(buf_slice(&text)));
    cJSON_Delete(record);
    buf_finish(&text);
    setup_plan_finish(&plan);
    return err;
}

static enum ct_err settings_file(struct setup *s, struct ct_errmsg *msg)
{
    const struct options *o = s->o;
    char folder[PATH_MAX];
    struct paths paths;
    struct arena arena;
    arena_init(&arena, 64u * 1024);
    enum ct_err err = paths_find(&env_process, &arena, &paths, msg);
    if (!err && !getcwd(folder, sizeof folder))
        err = ct_fail(msg, CT_ERR_IO, "the folder that this runs in is gone");
    if (!err) {
        s->scope = o->local ? CLAUDE_LOCAL : o->project ? CLAUDE_PROJECT : CLAUDE_USER;
        claude_settings_load(&s->settings, &env_process, paths.home, folder);
        err = setup_file_open(&s->file, o, s->settings.files[s->scope].path, msg);
    }
    arena_finish(&arena);
    if (err)
        return err;
    if (s->scope == CLAUDE_PROJECT && s->target.authorization[0] && o->apply)
        return ct_fail(msg, CT_ERR_USAGE,
                       "the project's settings.json is shared, and the token would stand in it: --local");
    if (o->remove)
        return take_back(s, msg);
    say_obstacles(s);
    return apply(s, msg);
}

enum exit_code command_setup(const struct options *o)
{
    struct setup s = {.o = o};
    struct ct_errmsg msg;
    enum ct_err err = setup_target_find(o, &s.target, &msg);
    if (!err &&
        (o->apply ? 1 : 0) + (o->remove ? 1 : 0) + (o->print_env ? 1 : 0) + (o->print_json ? 1 : 0) > 1)
        err = ct_fail(&msg, CT_ERR_USAGE, "one of --apply, --remove, --print-env and --print-json");
    if (err)
        return command_fail(err, &msg);
    if (!o->remove)
        say_tls(o);
    if (o->print_env) {
        struct buf out;
        buf_init(&out, OUT_MAX);
        setup_print_env(o, &s.target, &out);
        printf("%.*s", SLICE_ARG(buf_slice(&out)));
        buf_finish(&out);
        return EXIT_CODE_OK;
    }
    if (o->client_version[0]) {
        s.target.client_known = client_version_parse(slice_str(o->client_version), &s.target.client);
        if (!s.target.client_known)
            err = ct_fail(&msg, CT_ERR_USAGE, "--client-version %s is no version", o->client_version);
    } else {
        s.target.client_known = client_version_ask(&env_process, CLIENT_ASK_MS, &s.target.client) == CT_OK;
    }
    if (!err)
        err = o->print_json ? print_json(&s, &msg) : settings_file(&s, &msg);
    claude_settings_finish(&s.settings);
    setup_file_close(&s.file);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}
