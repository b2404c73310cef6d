#include "term_output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void term_output_init(struct term_output *out, int fd)
{
    *out = (struct term_output){.fd = fd};
    buf_init(&out->waiting, TERM_OUTPUT_MAX);
}

void term_output_finish(struct term_output *out)
{
    buf_finish(&out->waiting);
    out->sent = 0;
}

void term_output_discard(struct term_output *out)
{
    buf_clear(&out->waiting);
    out->sent = 0;
}

enum ct_err term_output_add(struct term_output *out, struct slice bytes)
{
    return out->gone ? CT_ERR_IO : buf_append(&out->waiting, bytes);
}

bool term_output_flush(struct term_output *out)
{
    while (!out->gone && term_output_waits(out)) {
        ssize_t n = write(out->fd, out->waiting.data + out->sent, out->waiting.len - out->sent);
        if (n >= 0) {
            out->sent += (size_t)n;
            out->bytes += (uint64_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return true;
        } else if (errno != EINTR) {
            out->gone = true;
        }
    }
    term_output_discard(out);
    return !out->gone;
}

/* A terminal that takes a little at a time is not waited for without end. */
#define DRAIN_ROUNDS 64

bool term_output_drain(struct term_output *out, int ms)
{
    for (int round = 0; term_output_flush(out) && term_output_waits(out); round++) {
        struct pollfd p = {.fd = out->fd, .events = POLLOUT};
        int ready = poll(&p, 1, ms);
        if (ready == 0 || (ready < 0 && errno != EINTR) || round == DRAIN_ROUNDS)
            return false;
    }
    return !out->gone;
}
