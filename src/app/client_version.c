#include "client_version.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX 128

bool client_version_parse(struct slice text, struct client_version *out)
{
    int parts[3] = {0};
    char room[CLIENT_VERSION_MAX];
    text = slice_trim(text);
    if (text.len && text.ptr[0] == 'v')
        text = slice_sub(text, 1, text.len);
    size_t len = 0;
    while (len < text.len && len < sizeof room - 1 &&
           ((text.ptr[len] >= '0' && text.ptr[len] <= '9') || text.ptr[len] == '.'))
        len++;
    memcpy(room, text.ptr ? text.ptr : "", len);
    room[len] = '\0';
    char *at = room;
    for (int i = 0; i < 3 && *at; i++) {
        char *end;
        long n = strtol(at, &end, 10);
        if (end == at || n < 0 || n > 1000000)
            return false;
        parts[i] = (int)n;
        at = *end == '.' ? end + 1 : end;
    }
    if (len == 0 || room[0] == '.')
        return false;
    *out = (struct client_version){.major = parts[0], .minor = parts[1], .patch = parts[2]};
    memcpy(out->text, room, len + 1);
    return true;
}

bool client_version_is(const struct client_version *v, int major, int minor, int patch)
{
    if (v->major != major)
        return v->major > major;
    return v->minor != minor ? v->minor > minor : v->patch >= patch;
}

static bool find_program(const struct env *env, char *out, size_t cap)
{
    const char *path = env_get(env, "PATH");
    struct slice rest = slice_str(path);
    while (rest.len) {
        struct slice folder = slice_sub(rest, 0, slice_find(rest, ':'));
        rest = slice_sub(rest, folder.len + 1, rest.len);
        if (folder.len && snprintf(out, cap, "%.*s/claude", SLICE_ARG(folder)) < (int)cap &&
            access(out, X_OK) == 0)
            return true;
    }
    return false;
}

static pid_t start(const char *program, int *from)
{
    int pipes[2];
    if (pipe(pipes))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDIN_FILENO);
        dup2(null, STDERR_FILENO);
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        execl(program, program, "--version", (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    if (pid < 0)
        close(pipes[0]);
    else
        *from = pipes[0];
    return pid;
}

enum ct_err client_version_ask(const struct env *env, int64_t ms, struct client_version *out)
{
    char program[PATH_MAX], said[SAID_MAX];
    size_t len = 0;
    int from = -1;
    if (!find_program(env, program, sizeof program))
        return CT_ERR_NOT_FOUND;
    pid_t pid = start(program, &from);
    if (pid < 0)
        return CT_ERR_IO;
    int64_t deadline = clock_mono() + ms * NS_PER_MS, left;
    struct pollfd ready = {.fd = from, .events = POLLIN};
    while (len < sizeof said && (left = (deadline - clock_mono()) / NS_PER_MS) > 0) {
        if (poll(&ready, 1, (int)left) <= 0 && errno != EINTR)
            break;
        ssize_t n = read(from, said + len, sizeof said - len);
        if (n <= 0 || memchr(said + len, '\n', (size_t)n)) {
            len += n > 0 ? (size_t)n : 0;
            break;
        }
        len += (size_t)n;
    }
    close(from);
    kill(pid, SIGKILL); /* it has said what it was asked for, or is too late */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return client_version_parse(slice_make(said, len), out) ? CT_OK : CT_ERR_IO;
}
