/* doctor: what the running collector knows of its telemetry, and the machine: disk, clock, versions, modes.
 */
#include "client_version.h"
#include "clock.h"
#include "doctor.h"
#include "knobs.h"
#include "version.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define CLIENT_MS 2000
#define MIB       (1024.0 * 1024.0)
/* A clock before this is wrong: it is older than the program (2026-01-01). */
#define CLOCK_MIN_NS (INT64_C(1767225600) * NS_PER_SEC)
#define SILENT_SHOWN 8

static const cJSON *item(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *string(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(item(o, key));
    return text ? text : "";
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *n = item(o, key);
    return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

/* The collector's own words: lost events, metrics that disagree, delta metrics, old clients, clocks. */
static void say_health(struct doctor *d)
{
    const cJSON *h;
    cJSON_ArrayForEach(h, item(d->status, "health"))
    {
        const char *severity = string(h, "severity"), *session = string(h, "session_id");
        enum doctor_level level = strcmp(severity, "error") == 0     ? DOCTOR_FAIL
                                  : strcmp(severity, "warning") == 0 ? DOCTOR_WARN
                                                                     : DOCTOR_OK;
        doctor_say(d, "sessions", level,
                   level == DOCTOR_OK ? NULL
                   : strcmp(string(h, "code"), "clock_skew") == 0
                       ? "set its clock, or the one here (timedatectl)"
                       : "docs/json.md says what it means: health",
                   "%s%s%.40s: %.300s", string(h, "code"), session[0] ? " of session " : "", session,
                   string(h, "message"));
    }
}

static void say_silent(struct doctor *d)
{
    const cJSON *s;
    size_t live = 0, silent = 0;
    cJSON_ArrayForEach(s, item(d->status, "sessions"))
    {
        const char *state = string(s, "state");
        live += strcmp(state, "ended") != 0;
        if (strcmp(state, "stale") != 0)
            continue;
        if (++silent <= SILENT_SHOWN)
            doctor_say(d, "sessions", DOCTOR_WARN,
                       "if it works all the same, its telemetry is lost: look at its settings; if it hangs, "
                       "at its terminal",
                       "session %.40s is in a turn, but nothing was heard of it since %.30s",
                       string(s, "session_id"), string(s, "last_activity_at"));
    }
    if (silent > SILENT_SHOWN)
        doctor_say(d, "sessions", DOCTOR_WARN, "claude-top status lists them", "%zu more are silent",
                   silent - SILENT_SHOWN);
    doctor_say(d, "sessions", DOCTOR_OK, NULL, "%zu sessions that have not ended, %zu of them silent", live,
               silent);
}

static void say_flow(struct doctor *d)
{
    const cJSON *flow = item(d->status, "flow"), *received = item(flow, "received"),
                *queued = item(flow, "queued");
    const cJSON *upstream = item(flow, "upstream"), *journal = item(flow, "journal");
    double refused = 0;
    const cJSON *r;
    cJSON_ArrayForEach(r, item(flow, "refused")) refused += cJSON_IsNumber(r) ? r->valuedouble : 0;
    if (number(received, "requests") == 0 && number(received, "hooks") == 0)
        doctor_say(
            d, "sessions", DOCTOR_WARN,
            "start Claude Code anew after claude-top setup --apply: it reads its settings at its start",
            "nothing was received since claude-top was started");
    else
        doctor_say(d, "sessions", DOCTOR_OK, NULL, "received %.0f requests and %.0f hooks",
                   number(received, "requests"), number(received, "hooks"));
    if (refused > 0 || number(flow, "decode_errors") > 0)
        doctor_say(d, "sessions", DOCTOR_WARN, "claude-top status says which and why",
                   "%.0f requests were refused, %.0f could not be read", refused,
                   number(flow, "decode_errors"));
    if (number(flow, "dropped") > 0)
        doctor_say(d, "upstream", DOCTOR_FAIL, "raise journal max_bytes, or keep the upstream reachable",
                   "%.0f requests were lost before the upstream took them", number(flow, "dropped"));
    if (number(flow, "upstream_rejected") > 0)
        doctor_say(d, "upstream", DOCTOR_WARN, "what the upstream said stands in claude-top status",
                   "the upstream refused %.0f requests: %.200s", number(flow, "upstream_rejected"),
                   string(upstream, "last_refusal"));
    if (number(queued, "oldest_seconds") > 60)
        doctor_say(d, "upstream", DOCTOR_WARN, "is it up? claude-top status says what it answers",
                   "%.0f requests wait for the upstream, the oldest for %.0f s", number(queued, "requests"),
                   number(queued, "oldest_seconds"));
    if (number(journal, "unsaved_frames") > 0)
        doctor_say(d, "system", DOCTOR_FAIL, "make room on the disk",
                   "the journal cannot be written: %.0f requests are in memory only",
                   number(journal, "unsaved_frames"));
}

/* When records say that they were written against when they came. Those that disagree are in the health. */
static void say_clocks(struct doctor *d)
{
    const cJSON *s;
    size_t known = 0, skewed = 0;
    cJSON_ArrayForEach(s, item(d->status, "sessions"))
    {
        const cJSON *skew = item(item(s, "health"), "clock_skew_ms");
        if (!cJSON_IsNumber(skew))
            continue;
        known++;
        skewed += skew->valuedouble != 0;
    }
    if (known > 0 && skewed == 0)
        doctor_say(d, "sessions", DOCTOR_OK, NULL, "the clocks of %zu sessions agree with the one here",
                   known);
}

void doctor_sessions(struct doctor *d)
{
    if (!d->status)
        return;
    say_flow(d);
    say_silent(d);
    say_clocks(d);
    say_health(d);
}

static void check_disk(struct doctor *d)
{
    struct statvfs fs;
    struct stat st;
    const struct options *o = d->o;
    if (o->journal_mode != JOURNAL_MODE_DISK) {
        doctor_say(d, "system", DOCTOR_OK, NULL, "the journal is in memory only");
        return;
    }
    if (stat(o->state_dir, &st)) {
        doctor_say(d, "system", DOCTOR_OK, NULL, "the state folder %.200s will be made", o->state_dir);
        return;
    }
    if (st.st_mode & 077)
        doctor_say(d, "system", DOCTOR_FAIL, "chmod 700 it: prompts and outputs are in there",
                   "others can look into %.200s", o->state_dir);
    if (statvfs(o->state_dir, &fs))
        return;
    double room = (double)fs.f_bavail * (double)fs.f_frsize, most = (double)o->journal_max_bytes;
    if (room < 64 * MIB)
        doctor_say(d, "system", DOCTOR_FAIL, "make room: what cannot be kept is in memory only",
                   "%.0f MiB are free at %.200s", room / MIB, o->state_dir);
    else if (room < most)
        doctor_say(d, "system", DOCTOR_WARN, "make room, or lower journal max_bytes",
                   "%.0f MiB are free at %.200s, and the journal may take %.0f", room / MIB, o->state_dir,
                   most / MIB);
    else
        doctor_say(d, "system", DOCTOR_OK, NULL, "%.0f MiB are free at %.200s", room / MIB, o->state_dir);
}

static void check_secret(struct doctor *d, const char *what, const char *path)
{
    struct stat st;
    char remedy[DOCTOR_TEXT_MAX];
    if (!path[0])
        return;
    snprintf(remedy, sizeof remedy, "chmod 600 %.300s", path);
    if (stat(path, &st))
        doctor_say(d, "system", DOCTOR_FAIL, "make it, or take it out of config.ini",
                   "%s %.200s is not there", what, path);
    else if (S_ISREG(st.st_mode) && (st.st_mode & 077))
        doctor_say(d, "system", DOCTOR_FAIL, remedy, "others can read %s %.200s", what, path);
}

static void check_versions(struct doctor *d)
{
    struct client_version client;
    const char *running = string(d->status, "version");
    if (d->status && strcmp(running, CT_VERSION) != 0)
        doctor_say(d, "system", DOCTOR_WARN, "restart it",
                   "the running claude-top is version %.40s, this is " CT_VERSION, running);
    else
        doctor_say(d, "system", DOCTOR_OK, NULL, "claude-top " CT_VERSION);
    switch (client_version_ask(&env_process, CLIENT_MS, &client)) {
    case CT_OK:
        if (client_version_is(&client, 2, 1, 0))
            doctor_say(d, "system", DOCTOR_OK, NULL, "Claude Code %s", client.text);
        else
            doctor_say(d, "system", DOCTOR_WARN,
                       "update it: older ones tell no spans, no ids of calls and no agents",
                       "Claude Code %s is older than 2.1", client.text);
        break;
    case CT_ERR_NOT_FOUND:
        doctor_say(d, "system", DOCTOR_OK, NULL, "claude is not in PATH: its version is not known");
        break;
    default:
        doctor_say(d, "system", DOCTOR_WARN, "does it run? claude --version",
                   "claude does not tell its version");
        break;
    }
}

static void check_knobs(struct doctor *d)
{
    struct knobs_words words;
    char remedy[KNOBS_TEXT_MAX + 64];
    if (!knobs_unknown(&env_process, &words))
        return;
    snprintf(remedy, sizeof remedy, "unset what is not one of %s", words.known);
    doctor_say(d, "system", DOCTOR_WARN, remedy, "nothing here knows %s", words.unknown);
}

static bool has_secret(const struct options *o)
{
    bool any = o->token[0] || o->grafana_token[0] || o->upstream.headers[0];
    for (size_t i = 0; i < o->upstream_count; i++)
        any = any || o->upstreams[i]->set.headers[0];
    return any;
}

void doctor_system(struct doctor *d)
{
    const struct options *o = d->o;
    check_disk(d);
    if (clock_wall() < CLOCK_MIN_NS)
        doctor_say(d, "system", DOCTOR_FAIL, "set it: links and stores go by it",
                   "this machine's clock is before 2026");
    check_secret(d, "the token's file", o->token_file);
    check_secret(d, "the file of Grafana's token", o->grafana_token_file);
    check_secret(d, "the certificate's key", o->tls_key);
    check_secret(d, "the upstream's key", o->upstream.key);
    if (o->config_found && has_secret(o))
        check_secret(d, "the settings, with secrets in them,", o->config);
    check_knobs(d);
    check_versions(d);
}
