/* `claude-top status --format`: one line for a status bar, as quickly as a hook is delivered. */
#include "clock.h"
#include "deliver.h"
#include "mem.h"
#include "project.h"
#include "quick.h"
#include "status_format.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Flags that the launcher answers itself; with any other the program does it. */
static const struct {
    const char *flag;
    bool value;
} KNOWN[] = {{"--format", true}, {"--watch", false},    {"--session", true}, {"--cwd", true},
             {"--socket", true}, {"--state-dir", true}, {"--config", true}};
#define KNOWN_COUNT (sizeof KNOWN / sizeof KNOWN[0])

static bool known(int argc, const char *const *argv, int *i)
{
    for (size_t k = 0; k < KNOWN_COUNT; k++) {
        size_t len = strlen(KNOWN[k].flag);
        if (strncmp(argv[*i], KNOWN[k].flag, len) != 0)
            continue;
        if (argv[*i][len] == '=')
            return KNOWN[k].value;
        if (argv[*i][len] != '\0')
            continue;
        *i += KNOWN[k].value;
        return *i < argc;
    }
    return false;
}

bool quick_status_wanted(int argc, const char *const *argv, const struct env *env)
{
    bool format = false;
    if (argc < 3 || strcmp(argv[1], "status") != 0 || env->get(env->ctx, "CLAUDE_TOP_FORMAT") ||
        env->get(env->ctx, "CLAUDE_TOP_CWD") || env->get(env->ctx, "CLAUDE_TOP_SESSION") ||
        env->get(env->ctx, "CLAUDE_TOP_WATCH"))
        return false;
    for (int i = 2; i < argc; i++) {
        format |= strncmp(argv[i], "--format", 8) == 0;
        if (!known(argc, argv, &i))
            return false;
    }
    return format;
}

/* What the summary is asked for: NULL when it cannot be said, because there is no such folder. */
static char *request_of(const struct quick_status *s, const struct env *env, struct ct_errmsg *msg)
{
    struct project project;
    cJSON *o = cJSON_CreateObject();
    enum ct_err err = CT_OK;
    project_init(&project);
    if (s->cwd[0])
        err = project_find(&project, s->cwd, env_get(env, "HOME"), msg);
    cJSON *folders = cJSON_AddArrayToObject(o, "folders");
    for (size_t i = 0; i < project.count; i++) {
        char *folder = mem_strdup(project.folders[i]);
        cJSON_AddItemToArray(folders, cJSON_CreateString(folder));
        free(folder);
    }
    if (s->session[0] && strcmp(s->session, "all") != 0)
        cJSON_AddStringToObject(o, "session", s->session);
    char *text = err ? NULL : cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    project_finish(&project);
    return text;
}

/* False when nobody reads any more. */
static bool print(struct slice line)
{
    while (line.len) {
        ssize_t n = write(STDOUT_FILENO, line.ptr, line.len);
        if (n <= 0)
            return false;
        line = slice_sub(line, (size_t)n, line.len);
    }
    return true;
}

/* Waits; false when the reader of our output has gone. */
static bool pause_for(int ms)
{
    struct pollfd p = {.fd = STDOUT_FILENO};
    poll(&p, 1, ms);
    return (p.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

/* One line; *answered: the collector did, or there is none. A slow one has not answered. */
static bool make_line(const struct quick_status *s, const char *request, struct buf *line)
{
    struct buf reply;
    buf_init(&reply, DELIVER_REPLY_MAX);
    bool answered = deliver(s->socket, "/summary", NULL, slice_str(request),
                            clock_mono() + QUICK_FORMAT_MS * NS_PER_MS, &reply);
    buf_clear(line);
    status_format_line(slice_str(s->format), answered ? buf_slice(&reply) : SLICE_NULL, line);
    buf_finish(&reply);
    return answered;
}

int quick_status(const struct quick_status *s, const struct env *env)
{
    struct ct_errmsg msg;
    struct buf line, shown;
    char *request = status_format_check(slice_str(s->format), &msg) ? NULL : request_of(s, env, &msg);
    if (!request) {
        fprintf(stderr, "claude-top: %s\n", msg.text);
        return QUICK_USAGE;
    }
    buf_init(&line, 2 * STATUS_LINE_MAX);
    buf_init(&shown, 2 * STATUS_LINE_MAX);
    int misses = 0;
    do {
        /* Where a line stands already, a moment without an answer leaves it there. */
        bool answered = make_line(s, request, &line);
        misses = answered ? 0 : misses + 1;
        if ((answered || shown.len == 0 || misses >= QUICK_MISSES_MAX) &&
            !slice_eq(buf_slice(&line), buf_slice(&shown))) {
            buf_clear(&shown);
            buf_append(&shown, buf_slice(&line));
            if (!print(buf_slice(&line)))
                break;
        }
    } while (s->watch && pause_for(QUICK_WATCH_MS));
    buf_finish(&line);
    buf_finish(&shown);
    free(request);
    return 0;
}

/* As the launcher finds it. */
int quick_status_main(int argc, const char *const *argv, const struct env *env, struct arena *arena)
{
    const char *format = quick_flag(argc, argv, "--format"), *session = quick_flag(argc, argv, "--session");
    const char *cwd = quick_flag(argc, argv, "--cwd");
    struct quick_status s = {.socket = quick_socket(argc, argv, env, arena),
                             .format = format ? format : "",
                             .session = session ? session : "",
                             .cwd = cwd ? cwd : ""};
    for (int i = 2; i < argc; i++)
        s.watch |= strcmp(argv[i], "--watch") == 0;
    return quick_status(&s, env);
}
