/*
 * format.h - numbers as people read them in a column.
 *
 * Every function writes UTF-8 of at most the stated columns into out (FORMAT_MAX bytes) and returns it.
 * Nothing is rounded to a zero that it is not, values below zero are unknown and become "–", and counts round
 * half up with the carry (999 950 is "1.0M").
 */
#ifndef CT_UI_FORMAT_H
#define CT_UI_FORMAT_H

#include "slice.h"

#define FORMAT_MAX 24

const char *format_count(int64_t n, char *out);      /* 4 columns: 812, 3.2k, 41k, 1.2M */
const char *format_count_wide(int64_t n, char *out); /* 5 columns: 812, 3.2k, 12.4k, 812k, 1.2M */

/* 5 columns, powers of ten: 812 B, 3.2kB, 41kB, 1.2MB */
const char *format_bytes(int64_t n, char *out);

/*
 * 7 columns: $0.00, <$0.01, $2.11, $123.4, $1234, $12.3k. With COST_AT_LEAST some calls have an unknown cost,
 * so the sum is a lower bound: "≥$2.11", and "?" when nothing at all is known. With COST_ESTIMATE a part of
 * it is one: "~$2.11"; both: "≳$2.11".
 */
#define COST_AT_LEAST 1u
#define COST_ESTIMATE 2u
const char *format_cost(int64_t nano_usd, unsigned marks, char *out);

/* 6 columns, cut, not rounded: <1ms, 14ms, 6.1s, 72s, 4:05, 1h02m, 3d04h. For calls and latencies. */
const char *format_duration(int64_t ns, char *out);

/* 7 columns, cut: <0:01, 0:48, 12:41, 1:02:41, 4d05h. For turns and sessions. */
const char *format_clock(int64_t ns, char *out);

/* From here on an age is told in minutes. */
#define FORMAT_AGE_MINUTES_FROM_NS (INT64_C(120) * 1000000000)

/* 4 columns, cut: 72s, 4m, 3h, 2d. How long a state has lasted. */
const char *format_age(int64_t ns, char *out);

/* 5 columns: 0%, <0.1%, 1.2%, 12%, 100%. Anything but 0 to 1 is unknown. */
const char *format_ratio(double ratio, char *out);

/* 4 columns, rounded down as a share that is not all of it must not read 100%: 0%, 42%, 100%, 999%. Less than
 * 0 is unknown. */
const char *format_percentage(double percentage, char *out);

/* Nanoseconds until format_age() or format_clock() of a growing value reads differently; at least 1. */
int64_t format_age_next(int64_t ns);
int64_t format_clock_next(int64_t ns);

#endif
