#include "opener.h"

#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA_MAX      (256u * 1024u)
#define ARG_MAX_BYTES  (16u * 1024u)
#define PATH_BYTES_MAX 4096

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The program's path by $PATH. Empty entries (the current folder) are left out on purpose. */
static const char *find_program(const struct env *env, struct slice name, struct arena *arena)
{
    char path[PATH_BYTES_MAX];
    if (slice_find(name, '/') < name.len) {
        const char *copy = arena_dup(arena, name).ptr;
        return copy && copy[0] == '/' && is_program(copy) ? copy : NULL;
    }
    struct slice rest = slice_str(env_get(env, "PATH"));
    while (rest.len) {
        struct slice dir = slice_sub(rest, 0, slice_find(rest, ':'));
        rest = slice_sub(rest, dir.len + 1, rest.len);
        int n = snprintf(path, sizeof path, "%.*s/%.*s", SLICE_ARG(dir), SLICE_ARG(name));
        if (dir.len && dir.ptr[0] == '/' && n > 0 && (size_t)n < sizeof path && is_program(path))
            return arena_dup(arena, slice_str(path)).ptr;
    }
    return NULL;
}

/* One word of a $BROWSER entry with %s and %% replaced. *used is set when the URL is in it. */
static const char *expand_word(struct slice word, const char *url, struct arena *arena, bool *used)
{
    struct buf text;
    buf_init(&text, ARG_MAX_BYTES);
    enum ct_err err = CT_OK;
    for (size_t i = 0; !err && i < word.len; i++) {
        char next = i + 1 < word.len ? word.ptr[i + 1] : '\0';
        if (word.ptr[i] == '%' && next == 's') {
            err = buf_append_str(&text, url);
            *used = true;
            i++;
        } else {
            err = buf_append_char(&text, word.ptr[i]);
            i += word.ptr[i] == '%' && next == '%';
        }
    }
    const char *copy = err ? NULL : arena_dup(arena, buf_slice(&text)).ptr;
    buf_finish(&text);
    return copy;
}

/* Words of entry become the command. False when its program does not exist or it has too many words. */
static bool take_entry(const struct env *env, struct slice entry, const char *url, struct arena *arena,
                       struct opener_command *out)
{
    size_t count = 0;
    bool used = false;
    entry = slice_trim(entry);
    while (entry.len) {
        struct slice word = slice_sub(entry, 0, slice_find(entry, ' '));
        entry = slice_trim(slice_sub(entry, word.len, entry.len));
        if (count == OPENER_ARGS_MAX)
            return false;
        const char *arg = count == 0 ? find_program(env, word, arena) : expand_word(word, url, arena, &used);
        if (!arg)
            return false;
        out->argv[count++] = arg;
    }
    if (count == 0)
        return false;
    if (!used)
        out->argv[count++] = url;
    out->argv[count] = NULL;
    return true;
}

enum ct_err opener_find(const struct env *env, const char *url, struct arena *arena,
                        struct opener_command *out, struct ct_errmsg *msg)
{
    struct slice text = slice_str(url);
    if (!slice_starts(text, SLICE_LIT("http://")) && !slice_starts(text, SLICE_LIT("https://")))
        return ct_fail(msg, CT_ERR_USAGE, "not a web link");
    const char *kept = arena_dup(arena, text).ptr;
    if (!kept)
        return ct_fail(msg, CT_ERR_LIMIT, "the link is too long to open");
    struct slice browsers = slice_str(env_get(env, "BROWSER"));
    while (browsers.len) {
        struct slice entry = slice_sub(browsers, 0, slice_find(browsers, ':'));
        browsers = slice_sub(browsers, entry.len + 1, browsers.len);
        if (take_entry(env, entry, kept, arena, out))
            return CT_OK;
    }
    bool remote = env_get(env, "SSH_CONNECTION") || env_get(env, "SSH_TTY");
    if (remote && !env_get(env, "DISPLAY") && !env_get(env, "WAYLAND_DISPLAY"))
        return ct_fail(msg, CT_ERR_UNSUPPORTED, "no browser over ssh: the link was not opened");
    static const char *const openers[] = {"xdg-open", "open"};
    for (size_t i = 0; i < sizeof openers / sizeof openers[0]; i++) {
        if (take_entry(env, slice_str(openers[i]), kept, arena, out))
            return CT_OK;
    }
    return ct_fail(msg, CT_ERR_NOT_FOUND, "no browser found: set BROWSER, or install xdg-open");
}

/* In the grandchild, after fork: async-signal-safe calls only. */
static void run(char *const *argv, int report)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < 32; sig++)
        sigaction(sig, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(argv[0], argv);
    int why = errno;
    ssize_t ignored = write(report, &why, sizeof why);
    (void)ignored;
    _exit(127);
}

/*
 * The opener becomes a grandchild in a session of its own, so that nobody waits for it and no signal of this
 * terminal reaches it. The pipe closes by exec; what comes through it is why exec failed.
 */
static enum ct_err start(const struct opener_command *command, struct ct_errmsg *msg)
{
    int report[2];
    if (pipe(report) < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot start %s: %s", command->argv[0], strerror(errno));
    for (int i = 0; i < 2; i++)
        fcntl(report[i], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        pid_t grandchild = fork();
        if (grandchild == 0)
            run((char *const *)(uintptr_t)command->argv, report[1]);
        _exit(grandchild < 0 ? 127 : 0);
    }
    int why = child < 0 ? errno : 0;
    close(report[1]);
    if (child > 0) {
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        ssize_t n;
        do
            n = read(report[0], &why, sizeof why);
        while (n < 0 && errno == EINTR);
        if (n != (ssize_t)sizeof why)
            why = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EAGAIN;
    }
    close(report[0]);
    if (why)
        return ct_fail(msg, CT_ERR_IO, "cannot start %s: %s", command->argv[0], strerror(why));
    return CT_OK;
}

enum ct_err opener_open(const struct env *env, const char *url, struct ct_errmsg *msg)
{
    struct opener_command command;
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    enum ct_err err = opener_find(env, url, &arena, &command, msg);
    if (!err)
        err = start(&command, msg);
    arena_finish(&arena);
    return err;
}
