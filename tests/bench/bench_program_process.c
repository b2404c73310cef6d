/* The program itself, and what /proc says of a process. */
#define _DEFAULT_SOURCE     /* getloadavg() */
#define _XOPEN_SOURCE   700 /* nftw() */
#include "bench_program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS  10000
#define SETTLE_MS 100
#define ARGS_MAX  40

void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void end_with_parent(void)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

int dial(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) || fcntl(fd, F_SETFL, O_NONBLOCK))
        die("cannot connect");
    return fd;
}

/* ----------------------------------------------------------------------------------------------- program */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* "ready http=127.0.0.1:PORT grpc=127.0.0.1:PORT socket=…" */
static void read_ready(struct program *p, int from)
{
    char line[512];
    size_t len = 0;
    struct pollfd fd = {.fd = from, .events = POLLIN};
    while (len + 1 < sizeof line && poll(&fd, 1, READY_MS) > 0) {
        ssize_t n = read(from, line + len, 1);
        if (n <= 0)
            break;
        if (line[len++] != '\n')
            continue;
        line[len] = '\0';
        const char *http = strstr(line, "http=127.0.0.1:"), *grpc = strstr(line, "grpc=127.0.0.1:");
        if (strncmp(line, "ready ", 6) == 0 && http && grpc) {
            p->http = (unsigned)strtoul(http + 15, NULL, 10);
            p->grpc = (unsigned)strtoul(grpc + 15, NULL, 10);
            return;
        }
        len = 0;
    }
    die("the program does not get ready");
}

static void upstream_url(unsigned port, char url[64])
{
    if (port)
        snprintf(url, 64, "http://127.0.0.1:%u", port);
    else
        url[0] = '\0';
}

void program_restart(struct program *p, const char *path, const struct program_options *o)
{
    char socket_path[96], state[96], http[64], grpc[64];
    int out[2];
    snprintf(socket_path, sizeof socket_path, "%s/s.sock", p->folder);
    snprintf(state, sizeof state, "%s/state", p->folder);
    upstream_url(o->upstream_http, http);
    upstream_url(o->upstream_grpc, grpc);
    /* What is sent is compared with what comes out, so nothing may be added. */
    /* clang-format off */
    const char *args[ARGS_MAX] = {
        path, "serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--state-dir", state,
        "--socket", socket_path, "--config", "/dev/null", "--journal", o->journal, "--journal-fsync", o->fsync,
        "--upstream-http", http, "--upstream-grpc", grpc, "--synthesize", "never"};
    /* clang-format on */
    size_t count = 0;
    while (args[count])
        count++;
    for (const char *const *more = o->more; more && *more && count + 1 < ARGS_MAX; more++)
        args[count++] = *more;
    if (pipe(out))
        die("no pipe");
    p->pid = fork();
    if (p->pid == 0) {
        end_with_parent();
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(path, (char *const *)(uintptr_t)args);
        die(strerror(errno));
    }
    close(out[1]);
    read_ready(p, out[0]);
    close(out[0]);
}

void program_start(struct program *p, const char *path, const struct program_options *o)
{
    const char *base = getenv("TMPDIR");
    snprintf(p->folder, sizeof p->folder, "%.40s/ct-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(p->folder))
        die("cannot make a folder");
    program_restart(p, path, o);
}

void program_end(struct program *p)
{
    int status = 0;
    kill(p->pid, SIGTERM);
    waitpid(p->pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        die("the program did not end well");
}

void program_remove(struct program *p)
{
    nftw(p->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* -------------------------------------------------------------------------------------------------- /proc */

static void read_proc(pid_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(out, 1, size - 1, f) : 0;
    if (!n)
        die("cannot read /proc");
    out[n] = '\0';
    fclose(f);
}

double process_cpu(pid_t pid)
{
    char text[1024];
    read_proc(pid, "stat", text, sizeof text);
    /* The name may hold blanks: fields are counted from its closing bracket. utime and stime are 14 and 15.
     */
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        die("cannot read /proc");
    unsigned long long user = strtoull(at, &at, 10), system = strtoull(at, NULL, 10);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

size_t process_rss(pid_t pid)
{
    char text[256];
    read_proc(pid, "statm", text, sizeof text);
    char *second = strchr(text, ' ');
    if (!second)
        die("cannot read /proc");
    return strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

int64_t process_held_up(pid_t pid)
{
    char path[64];
    unsigned long long ran, waited = 0;
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%llu %llu", &ran, &waited) != 2)
        waited = 0;
    if (f)
        fclose(f);
    return (int64_t)waited;
}

void process_settle(pid_t pid)
{
    double before;
    do {
        before = process_cpu(pid);
        poll(NULL, 0, SETTLE_MS);
    } while (process_cpu(pid) > before);
}

void print_machine(void)
{
    double load;
    if (getloadavg(&load, 1) == 1)
        printf("load average of this machine: %.2f\n", load);
}
