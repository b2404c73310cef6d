/*
 * bench_hook.c - how long Claude Code waits for a command hook.
 *
 *   bench_hook CLAUDE_TOP [CALLS]
 *
 * `claude-top hook` with an event on its standard input, from fork to exit, to a program that receives.
 * Beside it a process that does nothing (true), which is what any command hook costs on this machine; and
 * what the hook waited for a processor is told apart.
 */
#define _XOPEN_SOURCE 700 /* waitid() */
#include "bench_program.h"

#include "clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 5000
#define EVERY_MS  11

static const char event[] =
    "{\"session_id\":\"9b0e7f3a-0000-4000-8000-00000000beef\",\"hook_event_name\":\"PreToolUse\","
    "\"cwd\":\"/srv/project\",\"tool_name\":\"Bash\",\"tool_use_id\":\"toolu_01\","
    "\"tool_input\":{\"command\":\"make -j4 check\"}}";

static int64_t samples[CALLS_MAX], own[CALLS_MAX];

static void call(const char *const *command, size_t i)
{
    int in[2];
    if (pipe(in) || write(in[1], event, sizeof event - 1) != (ssize_t)sizeof event - 1)
        die("no pipe");
    close(in[1]);
    int64_t began = clock_mono();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(in[0], STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        execv(command[0], (char *const *)(uintptr_t)command);
        _exit(127);
    }
    siginfo_t end;
    int status;
    if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT))
        die("cannot wait");
    samples[i] = clock_mono() - began;
    int64_t held_up = process_held_up(pid); /* of what is dead, but not yet gone */
    own[i] = samples[i] > held_up ? samples[i] - held_up : 0;
    waitpid(pid, &status, 0);
    close(in[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        die("the hook failed");
}

static void report(const char *what, const char *const *command, size_t calls)
{
    for (size_t i = 0; i < calls; i++) {
        struct timespec rest = {.tv_nsec = EVERY_MS * NS_PER_MS};
        nanosleep(&rest, NULL);
        call(command, i);
    }
    double p50 = quantile(samples, calls, 0.5), p99 = quantile(samples, calls, 0.99);
    double own50 = quantile(own, calls, 0.5), own99 = quantile(own, calls, 0.99);
    printf("%-16s p50 %5.2f ms, p99 %5.2f ms; with a processor to itself p50 %5.2f ms, p99 %5.2f ms\n", what,
           p50 / 1e3, p99 / 1e3, own50 / 1e3, own99 / 1e3);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("usage: bench_hook CLAUDE_TOP [CALLS]");
    size_t calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 500;
    struct program p;
    char socket_path[96];
    calls = calls < CALLS_MAX ? calls : CALLS_MAX;
    print_machine();
    program_start(&p, argv[1], &(struct program_options){.journal = "memory", .fsync = "never"});
    snprintf(socket_path, sizeof socket_path, "%s/s.sock", p.folder);
    const char *const hook[] = {argv[1], "hook", "--socket", socket_path, NULL};
    const char *const nothing[] = {"/bin/true", NULL};
    report("claude-top hook", hook, calls);
    report("/bin/true", nothing, calls);
    program_end(&p);
    program_remove(&p);
    return 0;
}
