#undef _XOPEN_SOURCE /* ncursesw's pkg-config file asks for an older one */
#define _XOPEN_SOURCE 700
#include "term_restore.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define STACK_BYTES (64u * 1024u)
#define WAIT_MS     100 /* for a terminal that takes nothing */
#define TRIES       8

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define CRASHES (sizeof crashes / sizeof crashes[0])

static struct {
    volatile sig_atomic_t armed;
    int fd;
    size_t len;
    struct termios saved;
    struct sigaction before[CRASHES];
    stack_t stack_before;
    char bytes[TERM_RESTORE_MAX];
} state;

static char stack[STACK_BYTES];

static void give_back(void)
{
    size_t sent = 0;
    for (int tries = 0; sent < state.len && tries < TRIES; tries++) {
        ssize_t n = write(state.fd, state.bytes + sent, state.len - sent);
        if (n > 0) {
            sent += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = state.fd, .events = POLLOUT};
            if (poll(&p, 1, WAIT_MS) == 0)
                break;
        } else if (n < 0 && errno != EINTR) {
            break;
        }
    }
    tcsetattr(state.fd, TCSANOW, &state.saved);
}

static void handle(int sig, siginfo_t *info, void *context)
{
    (void)context;
    int saved_errno = errno;
    if (state.armed) {
        state.armed = 0;
        give_back();
    }
    for (size_t i = 0; i < CRASHES; i++) {
        if (crashes[i] == sig)
            sigaction(sig, &state.before[i], NULL);
    }
    errno = saved_errno;
    /* A fault happens again by itself when we return, with its own address; a signal that was sent does not.
     */
    if (info->si_code <= 0 || sig == SIGABRT)
        raise(sig);
}

bool term_restore_arm(int fd, const struct termios *saved, struct slice bytes)
{
    if (bytes.len > TERM_RESTORE_MAX)
        return false;
    state.armed = 0;
    state.fd = fd;
    state.saved = *saved;
    state.len = bytes.len;
    if (bytes.len)
        memcpy(state.bytes, bytes.ptr, bytes.len);
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&own, &state.stack_before);
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &action, &state.before[i]);
    state.armed = 1;
    return true;
}

void term_restore_disarm(void)
{
    if (!state.armed)
        return;
    state.armed = 0;
    for (size_t i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &state.before[i], NULL);
    sigaltstack(&state.stack_before, NULL);
}
