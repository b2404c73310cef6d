#include "h2_guard.h"

#include <nghttp2/nghttp2.h>

static const struct {
    uint32_t max;
    uint32_t earned; /* by one served request */
} allowances[H2_GUARD_KINDS] = {
    [H2_GUARD_RESETS] = {H2_RESETS_MAX, 1},     [H2_GUARD_PINGS] = {H2_PINGS_MAX, 2},
    [H2_GUARD_SETTINGS] = {H2_SETTINGS_MAX, 0}, [H2_GUARD_EMPTY] = {H2_EMPTY_MAX, 4},
    [H2_GUARD_CONTROL] = {H2_CONTROL_MAX, 32},
};

void h2_guard_init(struct h2_guard *g, uint64_t now)
{
    *g = (struct h2_guard){.window_ms = now};
    for (size_t i = 0; i < H2_GUARD_KINDS; i++)
        g->left[i] = allowances[i].max;
}

static bool spend(struct h2_guard *g, enum h2_guard_kind kind, uint64_t now)
{
    if (now - g->window_ms >= H2_GUARD_WINDOW_MS) {
        unsigned continuations = g->continuations;
        h2_guard_init(g, now);
        g->continuations = continuations;
    }
    if (!g->left[kind])
        return false;
    g->left[kind]--;
    return true;
}

static bool is_empty_data(const struct h2_frame_head *frame)
{
    if (frame->flags & NGHTTP2_FLAG_END_STREAM)
        return false;
    return frame->length == 0 || (frame->flags & NGHTTP2_FLAG_PADDED && frame->length <= H2_PADDED_SMALL);
}

bool h2_guard_frame(struct h2_guard *g, const struct h2_frame_head *frame, uint64_t now)
{
    bool ack = frame->flags & NGHTTP2_FLAG_ACK;
    if (frame->type != NGHTTP2_CONTINUATION)
        g->continuations = 0;
    switch (frame->type) {
    case NGHTTP2_DATA:
        return !is_empty_data(frame) || spend(g, H2_GUARD_EMPTY, now);
    case NGHTTP2_HEADERS:
        return true; /* requests have limits of their own */
    case NGHTTP2_CONTINUATION:
        if (++g->continuations > H2_CONTINUATIONS_MAX)
            return false;
        return frame->length || spend(g, H2_GUARD_EMPTY, now);
    case NGHTTP2_PING:
        return spend(g, ack ? H2_GUARD_CONTROL : H2_GUARD_PINGS, now);
    case NGHTTP2_SETTINGS:
        return spend(g, ack ? H2_GUARD_CONTROL : H2_GUARD_SETTINGS, now);
    default:
        return spend(g, H2_GUARD_CONTROL, now);
    }
}

bool h2_guard_reset(struct h2_guard *g, uint64_t now)
{
    return spend(g, H2_GUARD_RESETS, now);
}

void h2_guard_served(struct h2_guard *g)
{
    for (size_t i = 0; i < H2_GUARD_KINDS; i++) {
        uint32_t room = allowances[i].max - g->left[i];
        g->left[i] += allowances[i].earned < room ? allowances[i].earned : room;
    }
}
