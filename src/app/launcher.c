/*
 * What is installed as claude-top: runs the commands that Claude Code waits for (quick.h) itself, and the
 * program (main.c) for all others.
 *
 * They are two executables because loading libcurl and what comes with it takes longer than Claude Code
 * should ever wait for a hook. The program lies beside the launcher in a build folder, in libexec when
 * installed.
 */
#include "quick.h"
#include "version.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM     "claude-top-main"
#define ARENA_BYTES (256u * 1024u)
#define EXIT_BROKEN 1

static int run_status(int argc, const char *const *argv)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    signal(SIGPIPE, SIG_IGN);
    int code = quick_status_main(argc, argv, &env_process, &arena);
    arena_finish(&arena);
    return code;
}

static int run_quick(quick_fn run, int argc, const char *const *argv)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    signal(SIGPIPE, SIG_IGN);
    run(quick_socket(argc, argv, &env_process, &arena), &env_process, quick_flag(argc, argv, "--then"));
    arena_finish(&arena);
    return 0;
}

/* Our own path; "" where the system does not say. */
static void own_path(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    out[n > 0 ? n : 0] = '\0';
}

int main(int argc, char **argv)
{
    char self[PATH_MAX], path[PATH_MAX + sizeof "/../libexec/" PROGRAM];
    quick_fn quick = quick_command(argc, (const char *const *)argv);
    if (quick)
        return run_quick(quick, argc, (const char *const *)argv);
    if (quick_status_wanted(argc, (const char *const *)argv, &env_process))
        return run_status(argc, (const char *const *)argv);
    own_path(self, sizeof self);
    size_t folder = strlen(self);
    while (folder > 0 && self[folder - 1] != '/')
        folder--;
    /* The program tells people, and Claude Code's settings, the launcher's name. */
    if (self[0] && argc > 0)
        argv[0] = self;
    static const char *const beside[] = {PROGRAM, "../libexec/claude-top/" PROGRAM};
    for (size_t i = 0; folder > 0 && i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(path, sizeof path, "%.*s%s", (int)folder, self, beside[i]);
        execv(path, argv);
    }
    execv(CT_LIBEXEC_DIR "/" PROGRAM, argv);
    fprintf(stderr, "claude-top: cannot run %s (%s): build or install claude-top again\n",
            CT_LIBEXEC_DIR "/" PROGRAM, strerror(errno));
    return EXIT_BROKEN;
}
