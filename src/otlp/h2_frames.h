/*
 * h2_frames.h - where the frames of an HTTP/2 connection begin (RFC 9113, 3.4 and 4.1).
 *
 * Cuts a client's byte stream so that each piece belongs to one frame and the head of every frame is known
 * before any of it reaches the session: what floods are made of is counted and stopped at the frame, however
 * the bytes came in.
 */
#ifndef CT_OTLP_H2_FRAMES_H
#define CT_OTLP_H2_FRAMES_H

#include "slice.h"

#define H2_PREFACE          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_PREFACE_BYTES    (sizeof(H2_PREFACE) - 1)
#define H2_FRAME_HEAD_BYTES 9

struct h2_frame_head {
    uint32_t length; /* of the payload */
    uint8_t type;
    uint8_t flags;
};

struct h2_frames {
    size_t preface_left;
    uint8_t head[H2_FRAME_HEAD_BYTES];
    size_t have;                /* bytes of head */
    uint32_t left;              /* of the payload, once the head is there */
    struct h2_frame_head frame; /* the one that the last piece belongs to */
    bool starts;                /* the last piece begins with the frame's head */
    bool ends;                  /* the last piece ends with the frame's last byte */
};

void h2_frames_init(struct h2_frames *f);

/*
 * Takes the next piece off *in. False when there is none yet: *in is empty then, up to 8 bytes of a head are
 * kept here. The piece points into *in or into f and lives until the next call. While the preface lasts, both
 * starts and ends are false.
 */
bool h2_frames_next(struct h2_frames *f, struct slice *in, struct slice *piece);

#endif
