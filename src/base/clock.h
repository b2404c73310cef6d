/*
 * clock.h - the three times of ARCHITECTURE.md, and their texts.
 *
 * All times are signed 64-bit nanoseconds: event and arrival times since the Unix epoch, monotonic ones since
 * an arbitrary start. 0 means "not known". Only app, journal and otlp/net may call clock_wall(),
 * clock_mono() and clock_uptime(); model and ui get the time as an argument.
 */
#ifndef CT_BASE_CLOCK_H
#define CT_BASE_CLOCK_H

#include "slice.h"

#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

int64_t clock_wall(void);
int64_t clock_mono(void);

/* Monotonic, and goes on while the machine sleeps where the system has such a clock: for ages of days. */
int64_t clock_uptime(void);

#define CLOCK_RFC3339_MAX 40

/* "2026-11-22T13:20:05.123Z" in UTC; returns out, which holds CLOCK_RFC3339_MAX bytes. */
const char *clock_rfc3339(int64_t wall_ns, char *out);

/* Parses RFC 3339 with any offset and fraction. False when it is not one. */
bool clock_parse_rfc3339(struct slice s, int64_t *wall_ns);

#endif
