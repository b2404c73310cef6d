/*
 * The whole program on a terminal, and senders beside it: a terminal that takes nothing, one that is resized
 * all the time, and nothing to do at all.
 */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#include "tty_fixture.h"

#include "clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTEN_FD 3 /* sd_listen_fds(3) */
/* So long nothing may happen. What ticks does so once a second, or every five. */
#define IDLE_MS    6500
#define MINUTES_NS (INT64_C(60) * NS_PER_SEC)

static const char *program;
static const struct terminal_config xterm = {.term = "xterm-256color"};

struct place {
    char folder[64], socket[96];
    int listener;
    unsigned port;
};

static struct place place; /* of the test that runs */

static void place_open(void)
{
    const char *base = getenv("TMPDIR");
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    snprintf(place.folder, sizeof place.folder, "%.40s/ct-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.socket, sizeof place.socket, "%s/s.sock", place.folder);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(place.listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(place.listener, 16), 0);
    assert_int_equal(getsockname(place.listener, (struct sockaddr *)&at, &len), 0);
    place.port = ntohs(at.sin_port);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void place_close(void)
{
    close(place.listener);
    nftw(place.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void become(struct tty *tty, const char *const *command)
{
    char pid[32], state[96];
    alarm(240);
    const char *args[16] = {program};
    size_t n = 1;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    snprintf(state, sizeof state, "%s/state", place.folder);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("TERM", "xterm-256color", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    for (; *command; command++)
        args[n++] = *command;
    const char *rest[] = {"--state-dir",     state,       "--socket",        place.socket,
                          "--config",        "/dev/null", "--upstream-http", "",
                          "--upstream-grpc", ""};
    memcpy(args + n, rest, sizeof rest);
    if (place.listener == LISTEN_FD)
        fcntl(LISTEN_FD, F_SETFD, 0);
    else
        dup2(place.listener, LISTEN_FD);
    execv(program, (char *const *)(uintptr_t)args);
    tty_say(tty, "cannot run %s: %s", program, strerror(errno));
    _exit(98);
}

static void run_pane(struct tty *tty, const struct terminal_config *config)
{
    static const char *const command[] = {NULL};
    (void)config;
    become(tty, command);
}

static void run_serve(struct tty *tty, const struct terminal_config *config)
{
    static const char *const command[] = {"serve", NULL};
    (void)config;
    become(tty, command);
}

/* ------------------------------------------------------------------------------------------------ senders
 */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)place.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = TTY_DEADLINE_MS / 1000};
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Waits for the answer, which is 200. */
static void post(int fd, const char *path, const char *body)
{
    char head[512], answer[1024];
    size_t got = 0;
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     path, strlen(body));
    assert_int_equal(send(fd, head, (size_t)n, MSG_NOSIGNAL), n);
    assert_int_equal(send(fd, body, strlen(body), MSG_NOSIGNAL), strlen(body));
    for (;;) {
        ssize_t more = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        if (more <= 0)
            fail_msg("no answer: %s", strerror(errno));
        got += (size_t)more;
        answer[got] = '\0';
        const char *end = strstr(answer, "\r\n\r\n"), *length = strstr(answer, "Content-Length: ");
        if (end && length && got >= (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10))
            break;
    }
    assert_memory_equal(answer, "HTTP/1.1 200", 12);
}

#define ATTR "{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}"

/* One of Claude Code's events, of that time. */
static void post_event(int fd, const char *session, const char *name, int64_t time_ns, const char *key,
                       const char *value)
{
    static unsigned sequence;
    char body[2048];
    snprintf(body, sizeof body,
             "{\"resourceLogs\":[{\"resource\":{\"attributes\":[" ATTR
             "]},\"scopeLogs\":[{\"scope\":{\"name\":"
             "\"com.anthropic.claude_code.events\"},\"logRecords\":[{\"timeUnixNano\":\"%lld\",\"body\":"
             "{\"stringValue\":\"claude_code.%s\"},\"attributes\":[" ATTR "," ATTR "," ATTR "," ATTR
             ",{\"key\":\"event.sequence\",\"value\":{\"intValue\":\"%u\"}}]}]}]}]}",
             "service.name", "claude-code", (long long)time_ns, name, "event.name", name, "session.id",
             session, "prompt.id", session, key, value, ++sequence);
    post(fd, "/v1/logs", body);
}

/* ------------------------------------------------------------------------------------------------- stalls
 */

static void a_stalled_terminal_holds_up_no_sender(void **state)
{
    enum { REQUESTS = 500 };
    char session[64], prompt[200];
    (void)state;
    place_open();
    struct tty *tty = tty_start(60, 200, &xterm, run_pane);
    tty_wait_text(tty, "claude-top");
    int fd = dial();
    /* From here on nobody reads what the program draws, which is more than a terminal holds. */
    int64_t slowest = 0;
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(session, sizeof session, "stalled-%04d", i % 50);
        snprintf(prompt, sizeof prompt, "request %d while the terminal takes nothing %0100d", i, i * 7919);
        int64_t began = clock_mono();
        post_event(fd, session, "user_prompt", clock_wall(), "prompt", prompt);
        int64_t took = clock_mono() - began;
        slowest = took > slowest ? took : slowest;
        if (i % 10 == 0) { /* everything anew, as large as frames get */
            ssize_t ignored = write(tty->master, "\f", 1);
            (void)ignored;
        }
    }
    /* Answered at all is what counts; far below what a sender waits for, even on a machine at work. */
    assert_true(slowest < 3 * NS_PER_SEC);
    post_event(fd, "after-it", "user_prompt", clock_wall(), "prompt", "the terminal is back");
    tty_wait_text(tty, "the terminal is back");
    close(fd);
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
    place_close();
}

static void a_storm_of_resizes_is_harmless(void **state)
{
    enum { RESIZES = 400 };
    unsigned seed = 1;
    (void)state;
    place_open();
    struct tty *tty = tty_start(60, 200, &xterm, run_pane);
    tty_wait_text(tty, "claude-top");
    int fd = dial();
    for (int i = 0; i < RESIZES; i++) {
        seed = seed * 1664525u + 1013904223u;
        tty_resize(tty, 1 + (int)(seed >> 8 & 63), 1 + (int)(seed >> 16 & 255));
        if (i % 4 == 0)
            post_event(fd, "in-the-storm", "user_prompt", clock_wall(), "prompt", "storm");
    }
    post_event(fd, "after-it", "user_prompt", clock_wall(), "prompt", "the storm is over");
    tty_resize(tty, 36, 120);
    tty_wait_text(tty, "SESSION / TURN / CALL");
    tty_wait_text(tty, "the storm is over");
    close(fd);
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
    place_close();
}

/* --------------------------------------------------------------------------------------------------- idle
 */

/* How often the threads of the process gave up the processor of their own will, which each wake-up ends in;
 * -1: this system does not say. */
static long wakeups(pid_t pid)
{
    char path[300], line[128];
    long sum = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return -1;
    for (const struct dirent *d = readdir(tasks); d; d = readdir(tasks)) {
        snprintf(path, sizeof path, "/proc/%ld/task/%s/status", (long)pid, d->d_name);
        FILE *f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
        long count;
        while (f && fgets(line, sizeof line, f))
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
                sum += count;
        if (f)
            fclose(f);
    }
    closedir(tasks);
    return sum;
}

/* Sessions of ten minutes ago: one that ended, one whose turn is over, one that failed, one that is merely
 * there. */
static void feed_past(int fd)
{
    int64_t then = clock_wall() - 10 * MINUTES_NS;
    post_event(fd, "done", "user_prompt", then, "prompt", "over for long");
    post_event(fd, "done", "api_request", then + NS_PER_SEC, "model", "claude-opus-4-5");
    post_event(fd, "done", "user_prompt", then + 2 * NS_PER_SEC, "command_name", "exit");
    post_event(fd, "quiet", "user_prompt", then, "prompt", "idle for long");
    post_event(fd, "quiet", "api_request", then + NS_PER_SEC, "model", "claude-opus-4-5");
    post_event(fd, "errors", "user_prompt", then, "prompt", "failed long ago");
    post_event(fd, "errors", "api_error", then + NS_PER_SEC, "error", "overloaded");
    post_event(fd, "begun", "managed_settings_resolved", then, "managed_settings.trigger", "startup");
}

/* Nothing at all happens for IDLE_MS, as soon as it can be said of any such time: what came is settled by
 * then, and what counts in seconds for two minutes is not waited for. */
static void assert_still(struct tty *tty, const char *what)
{
    int64_t deadline = clock_mono() + 8 * IDLE_MS * NS_PER_MS;
    char drawn[4096] = "nothing";
    while (clock_mono() < deadline) {
        struct pollfd p = {.fd = tty->master, .events = POLLIN};
        long before = wakeups(tty->child);
        if (before < 0)
            return;
        if (poll(&p, 1, IDLE_MS) == 0) {
            long more = wakeups(tty->child) - before;
            if (more == 0)
                return;
            snprintf(drawn, sizeof drawn, "nothing, in %ld wake-ups", more);
            continue;
        }
        ssize_t n = read(tty->master, drawn, sizeof drawn - 1);
        if (n <= 0)
            fail_msg("%s: the program has gone", what);
        drawn[n] = '\0';
        for (char *c = drawn; *c; c++)
            *c = *c == '\033' ? '^' : *c;
    }
    fail_msg("%s: not still for %d ms; it last drew %s", what, IDLE_MS, drawn);
}

static void nothing_wakes_an_idle_pane(void **state)
{
    (void)state;
    place_open();
    struct tty *tty = tty_start(40, 160, &xterm, run_pane);
    tty_wait_text(tty, "claude-top");
    int fd = dial();
    feed_past(fd);
    close(fd);
    tty_wait_text(tty, "ended ");
    assert_still(tty, "a pane");
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_finish(tty);
    place_close();
}

static void nothing_wakes_an_idle_server(void **state)
{
    (void)state;
    place_open();
    struct tty *tty = tty_start(40, 160, &xterm, run_serve);
    tty_wait_text(tty, "ready ");
    int fd = dial();
    feed_past(fd);
    close(fd);
    assert_still(tty, "a server");
    assert_int_equal(kill(tty->child, SIGTERM), 0);
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_finish(tty);
    place_close();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_terminal_holds_up_no_sender),
        cmocka_unit_test(a_storm_of_resizes_is_harmless),
        cmocka_unit_test(nothing_wakes_an_idle_pane),
        cmocka_unit_test(nothing_wakes_an_idle_server),
    };
    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
