/* The status line command: the line for people, and the JSON for the collector. */
#include "clock.h"
#include "deliver.h"
#include "quick.h"
#include "statusline.h"

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

void quick_statusline(const char *socket, const struct env *env)
{
    struct buf body, reply, line;
    char session[SESSION_MAX], target[TARGET_MAX];
    struct statusline_burn burn = {.tokens_per_min = -1, .usd_per_hour = -1};
    buf_init(&body, QUICK_STATUSLINE_BYTES_MAX);
    buf_init(&reply, DELIVER_REPLY_MAX);
    buf_init(&line, STATUSLINE_MAX);
    bool whole = deliver_read_all(STDIN_FILENO, clock_mono() + QUICK_STDIN_MS * NS_PER_MS, &body);
    if (whole && statusline_session(buf_slice(&body), session, sizeof session)) {
        snprintf(target, sizeof target, "/statusline?session=%s", session);
        if (deliver(socket, target, NULL, buf_slice(&body), clock_mono() + QUICK_STATUSLINE_MS * NS_PER_MS,
                    &reply))
            burn = statusline_burn_parse(buf_slice(&reply));
    }
    if (whole)
        statusline_line(buf_slice(&body), &burn, clock_wall(), wants_color(env), &line);
    buf_append_char(&line, '\n');
    print(buf_slice(&line));
    buf_finish(&line);
    buf_finish(&reply);
    buf_finish(&body);
}
