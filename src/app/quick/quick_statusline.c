/* The status line command: the line for people, and the JSON for the collector. */
#include "clock.h"
#include "deliver.h"
#include "quick.h"
#include "statusline.h"
#include "whereabouts.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define SESSION_MAX 128
#define TARGET_MAX  (SESSION_MAX + 32)

static bool wants_color(const struct env *env)
{
    const char *term = env_get(env, "TERM");
    return !env_get(env, "NO_COLOR") && !(term && strcmp(term, "dumb") == 0);
}

static void print(struct slice line)
{
    while (line.len) {
        ssize_t n = write(STDOUT_FILENO, line.ptr, line.len);
        if (n <= 0)
            return;
        line = slice_sub(line, (size_t)n, line.len);
    }
}

/* A child gives the input to whoever we become: it may be more than a pipe takes at once. */
static void become(const char *command, struct slice input)
{
    int pipes[2];
    if (pipe(pipes))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0]);
        close(STDOUT_FILENO); /* nobody shall wait for it */
        while (input.len) {
            ssize_t n = write(pipes[1], input.ptr, input.len);
            if (n <= 0)
                break;
            input = slice_sub(input, (size_t)n, input.len);
        }
        _exit(0);
    }
    if (pid > 0 && dup2(pipes[0], STDIN_FILENO) == STDIN_FILENO) {
        close(pipes[0]);
        close(pipes[1]);
        signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
}

void quick_statusline(const char *socket, const struct env *env, const char *then)
{
    bool chained = then && then[0];
    struct buf body, told, reply, line;
    char session[SESSION_MAX], target[TARGET_MAX], folder[STATUSLINE_FOLDER_MAX];
    struct statusline_burn burn = {.tokens_per_min = -1, .usd_per_hour = -1};
    buf_init(&body, QUICK_STATUSLINE_BYTES_MAX - WHEREABOUTS_BYTES_MAX);
    buf_init(&told, QUICK_STATUSLINE_BYTES_MAX);
    buf_init(&reply, DELIVER_REPLY_MAX);
    buf_init(&line, STATUSLINE_MAX);
    bool whole = deliver_read_all(STDIN_FILENO, clock_mono() + QUICK_STDIN_MS * NS_PER_MS, &body);
    whole = whole && whereabouts_add(buf_slice(&body), statusline_folder(buf_slice(&body), folder),
                                     env_get(env, "HOME"), &told) == CT_OK;
    if (whole && statusline_session(buf_slice(&body), session, sizeof session)) {
        snprintf(target, sizeof target, "/statusline?session=%s", session);
        if (deliver(socket, target, NULL, buf_slice(&told), clock_mono() + QUICK_STATUSLINE_MS * NS_PER_MS,
                    chained ? NULL : &reply))
            burn = statusline_burn_parse(buf_slice(&reply));
    }
    if (whole && chained)
        become(then, buf_slice(&body)); /* comes back when that was not possible */
    if (whole)
        statusline_line(buf_slice(&told), &burn, clock_wall(), wants_color(env), &line);
    buf_append_char(&line, '\n');
    print(buf_slice(&line));
    buf_finish(&line);
    buf_finish(&reply);
    buf_finish(&told);
    buf_finish(&body);
}
