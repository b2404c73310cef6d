/*
 * flow_wire.h - what a collector tells its viewers of itself, beside the frames: where it listens, what came
 * in and went out, how its upstreams stand. Both ends of it.
 *
 * One line of JSON: `GET /flow` on the Unix socket, and, where a viewer asks for it, in the stream of frames,
 * at its beginning and after changes (control.c). docs/json.md has the fields; its "flow" is that of the
 * status. Fields are only ever added, so that both ends may be of different versions.
 */
#ifndef CT_APP_FLOW_WIRE_H
#define CT_APP_FLOW_WIRE_H

#include "collector.h"
#include "flow_screen.h"
#include "status_json.h"

/* Set in the length of what is no frame in a stream of frames. */
#define CONTROL_FLOW_BIT 0x80000000u

/* A longer one is none. */
#define FLOW_WIRE_MAX ((size_t)1024 * 1024)

/* A line with a newline at its end; free() it. */
char *flow_wire_write(const struct status_source *source, const struct collector_addresses *addresses,
                      const struct options *options, bool handing_over);

/* What a viewer knows of its collector. */
struct flow_wire {
    struct flow flow;       /* borrows from what follows */
    struct clients clients; /* without the folded ones' sums */
    struct flow_wire_upstream {
        char name[48];
        char address[256];
    } upstreams[FLOW_UPSTREAMS_MAX];
    char http[RECEIVER_ADDR_MAX];
    char grpc[RECEIVER_ADDR_MAX];
    char state_dir[1024]; /* "" where the journal is in memory */
    int64_t at_ns;        /* when it was written, wall clock */
    uint64_t model_bytes, model_bytes_max, model_evicted;
    bool catching_up;
    bool handing_over; /* to a process that asked for the ports */
};

/* False when the text is none; *out is then as it was. Text in it is cleaned. */
bool flow_wire_read(struct slice json, struct flow_wire *out);

/* The screen's flow view of it. */
const struct ui_flow *flow_wire_screen(const struct flow_wire *wire, struct flow_screen *out,
                                       const struct model *model, const struct options *options,
                                       int64_t now_ns);

#endif
