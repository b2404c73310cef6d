/*
 * h2_guard.h - how many frames that carry no request a peer may send.
 *
 * Threat: frames that cost the sender nothing and make us work, answer or keep state (CVE-2019-9511 and its
 * siblings, CVE-2023-44487 "rapid reset", CVE-2024-27316 CONTINUATION, CVE-2025-8671 "made you reset"). Each
 * kind has an allowance, given anew every H2_GUARD_WINDOW_MS; requests that were served earn more, up to the
 * same bound, as busy clients rightly ping and update windows more often. Whoever uses one up is sent away
 * with ENHANCE_YOUR_CALM and counted as OTLP_REFUSED_FLOOD.
 */
#ifndef CT_OTLP_H2_GUARD_H
#define CT_OTLP_H2_GUARD_H

#include "h2_frames.h"

#define H2_GUARD_WINDOW_MS 10000
/* Streams that ended by a reset before their answer, whoever was made to reset them. */
#define H2_RESETS_MAX 100
/* PING without ACK: each is answered. */
#define H2_PINGS_MAX 100
/* SETTINGS without ACK: each is answered and applied. */
#define H2_SETTINGS_MAX 20
/* DATA without END_STREAM and CONTINUATION that carry nothing, or hardly more than padding. */
#define H2_EMPTY_MAX 500
/* WINDOW_UPDATE, PRIORITY, RST_STREAM, acknowledgements and unknown types. */
#define H2_CONTROL_MAX 4000
/* CONTINUATION frames of one header block; 64 KiB of headers are four frames of the usual size. Newer
   libraries stop at the same number, but with a less fitting error. */
#define H2_CONTINUATIONS_MAX 8
/* Padding that hides emptiness: a padded DATA frame up to this long counts as empty. */
#define H2_PADDED_SMALL 256

enum h2_guard_kind {
    H2_GUARD_RESETS,
    H2_GUARD_PINGS,
    H2_GUARD_SETTINGS,
    H2_GUARD_EMPTY,
    H2_GUARD_CONTROL,
    H2_GUARD_KINDS
};

struct h2_guard {
    uint32_t left[H2_GUARD_KINDS];
    uint64_t window_ms; /* when the allowances were last given */
    unsigned continuations;
};

void h2_guard_init(struct h2_guard *g, uint64_t now);

/* To be asked before a frame is read. False: too many of them. */
bool h2_guard_frame(struct h2_guard *g, const struct h2_frame_head *frame, uint64_t now);

/* A stream ended by a reset before its answer. False: too many of them. */
bool h2_guard_reset(struct h2_guard *g, uint64_t now);

/* A request was answered. */
void h2_guard_served(struct h2_guard *g);

#endif
