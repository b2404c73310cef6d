#include "format.h"

#include "clock.h"
#include "glyph.h"

#include <stdio.h>

#define NS_PER_MIN  (60 * NS_PER_SEC)
#define NS_PER_HOUR (60 * NS_PER_MIN)
#define NS_PER_DAY  (24 * NS_PER_HOUR)

#define NANO_PER_CENT INT64_C(10000000)

static const char *unknown(char *out)
{
    snprintf(out, FORMAT_MAX, "%s", glyph(GLYPH_NONE));
    return out;
}

static int64_t divide_rounded(int64_t n, int64_t by)
{
    return n / by + (n % by >= by - by / 2);
}

/* Three digits at most and a unit: below ten units with one decimal, below wide_from units too. */
static const char *scaled(int64_t n, int64_t decimals_below, const char *prefix, char *out)
{
    static const char UNITS[] = "kMGTPE";
    int64_t unit = 1000;
    for (int i = 0; UNITS[i]; i++, unit *= 1000) {
        int64_t tenths = divide_rounded(n, unit / 10);
        if (tenths < decimals_below * 10) {
            snprintf(out, FORMAT_MAX, "%s%d.%d%c", prefix, (int)(tenths / 10), (int)(tenths % 10), UNITS[i]);
            return out;
        }
        int64_t whole = divide_rounded(n, unit);
        if (whole < 1000 || UNITS[i + 1] == '\0') {
            snprintf(out, FORMAT_MAX, "%s%d%c", prefix, (int)whole, UNITS[i]);
            return out;
        }
    }
    return out;
}

static const char *count(int64_t n, int64_t decimals_below, char *out)
{
    if (n < 0)
        return unknown(out);
    if (n < 1000) {
        snprintf(out, FORMAT_MAX, "%d", (int)n);
        return out;
    }
    return scaled(n, decimals_below, "", out);
}

const char *format_count(int64_t n, char *out)
{
    return count(n, 10, out);
}

const char *format_count_wide(int64_t n, char *out)
{
    return count(n, 100, out);
}

const char *format_bytes(int64_t n, char *out)
{
    if (n < 0)
        return unknown(out);
    if (n < 1000)
        snprintf(out, FORMAT_MAX, "%d B", (int)n);
    else
        snprintf(out + strlen(scaled(n, 10, "", out)), 2, "B");
    return out;
}

const char *format_cost(int64_t nano_usd, unsigned marks, char *out)
{
    bool at_least = marks & COST_AT_LEAST, estimate = marks & COST_ESTIMATE;
    if (nano_usd < 0)
        return unknown(out);
    if (nano_usd == 0) {
        snprintf(out, FORMAT_MAX, "%s", at_least ? "?" : estimate ? "~$0.00" : "$0.00");
        return out;
    }
    char sign[8] = "$";
    if (at_least)
        snprintf(sign, sizeof(sign), "%s$", glyph(estimate ? GLYPH_AT_LEAST_ABOUT : GLYPH_AT_LEAST));
    else if (estimate)
        snprintf(sign, sizeof(sign), "~$");
    if (nano_usd < NANO_PER_CENT) {
        /* A lower bound of less than a cent says as much as "more than nothing". */
        snprintf(out, FORMAT_MAX, "%s", at_least ? ">$0.00" : estimate ? "~<$0.01" : "<$0.01");
        return out;
    }
    int64_t cents = divide_rounded(nano_usd, NANO_PER_CENT);
    int64_t dimes = divide_rounded(nano_usd, 10 * NANO_PER_CENT);
    int64_t dollars = divide_rounded(nano_usd, 100 * NANO_PER_CENT);
    if (cents < 10000)
        snprintf(out, FORMAT_MAX, "%s%d.%02d", sign, (int)(cents / 100), (int)(cents % 100));
    else if (dimes < 10000)
        snprintf(out, FORMAT_MAX, "%s%d.%d", sign, (int)(dimes / 10), (int)(dimes % 10));
    else if (dollars < 10000)
        snprintf(out, FORMAT_MAX, "%s%d", sign, (int)dollars);
    else
        scaled(dollars, 100, sign, out);
    return out;
}

/* Hours and above, for both kinds of duration. */
static const char *long_time(int64_t ns, char *out)
{
    int64_t days = ns / NS_PER_DAY;
    if (ns < 100 * NS_PER_HOUR)
        snprintf(out, FORMAT_MAX, "%dh%02dm", (int)(ns / NS_PER_HOUR), (int)(ns / NS_PER_MIN % 60));
    else if (days < 100)
        snprintf(out, FORMAT_MAX, "%dd%02dh", (int)days, (int)(ns / NS_PER_HOUR % 24));
    else
        snprintf(out, FORMAT_MAX, "%dd", (int)(days < 9999 ? days : 9999));
    return out;
}

static const char *minutes(int64_t ns, char *out)
{
    snprintf(out, FORMAT_MAX, "%d:%02d", (int)(ns / NS_PER_MIN), (int)(ns / NS_PER_SEC % 60));
    return out;
}

const char *format_duration(int64_t ns, char *out)
{
    if (ns < 0)
        return unknown(out);
    if (ns == 0)
        snprintf(out, FORMAT_MAX, "0ms");
    else if (ns < NS_PER_MS)
        snprintf(out, FORMAT_MAX, "<1ms");
    else if (ns < NS_PER_SEC)
        snprintf(out, FORMAT_MAX, "%dms", (int)(ns / NS_PER_MS));
    else if (ns < 10 * NS_PER_SEC)
        snprintf(out, FORMAT_MAX, "%d.%ds", (int)(ns / NS_PER_SEC), (int)(ns / (NS_PER_SEC / 10) % 10));
    else if (ns < 100 * NS_PER_SEC)
        snprintf(out, FORMAT_MAX, "%ds", (int)(ns / NS_PER_SEC));
    else if (ns < NS_PER_HOUR)
        return minutes(ns, out);
    else
        return long_time(ns, out);
    return out;
}

const char *format_clock(int64_t ns, char *out)
{
    if (ns < 0)
        return unknown(out);
    if (ns > 0 && ns < NS_PER_SEC) {
        snprintf(out, FORMAT_MAX, "<0:01");
        return out;
    }
    if (ns < NS_PER_HOUR)
        return minutes(ns, out);
    if (ns >= 10 * NS_PER_HOUR)
        return long_time(ns, out);
    snprintf(out, FORMAT_MAX, "%d:%02d:%02d", (int)(ns / NS_PER_HOUR), (int)(ns / NS_PER_MIN % 60),
             (int)(ns / NS_PER_SEC % 60));
    return out;
}

/* Below these, the smaller unit still fits and tells more. */
#define AGE_SECONDS_BELOW FORMAT_AGE_MINUTES_FROM_NS
#define AGE_MINUTES_BELOW (120 * NS_PER_MIN)
#define AGE_HOURS_BELOW   (48 * NS_PER_HOUR)

static int64_t age_unit(int64_t ns)
{
    return ns < AGE_SECONDS_BELOW   ? NS_PER_SEC
           : ns < AGE_MINUTES_BELOW ? NS_PER_MIN
           : ns < AGE_HOURS_BELOW   ? NS_PER_HOUR
                                    : NS_PER_DAY;
}

const char *format_age(int64_t ns, char *out)
{
    if (ns < 0)
        return unknown(out);
    int64_t unit = age_unit(ns);
    int64_t n = ns / unit;
    snprintf(out, FORMAT_MAX, "%d%c", (int)(n < 999 ? n : 999),
             unit == NS_PER_SEC    ? 's'
             : unit == NS_PER_MIN  ? 'm'
             : unit == NS_PER_HOUR ? 'h'
                                   : 'd');
    return out;
}

int64_t format_age_next(int64_t ns)
{
    if (ns < 0)
        return -ns;
    int64_t unit = age_unit(ns);
    return unit - ns % unit;
}

int64_t format_clock_next(int64_t ns)
{
    if (ns <= 0)
        return ns < 0 ? -ns : 1;
    int64_t unit = ns >= 100 * NS_PER_HOUR ? NS_PER_HOUR : ns >= 10 * NS_PER_HOUR ? NS_PER_MIN : NS_PER_SEC;
    return unit - ns % unit;
}

const char *format_ratio(double ratio, char *out)
{
    if (!(ratio >= 0 && ratio <= 1))
        return unknown(out);
    if (ratio == 0)
        snprintf(out, FORMAT_MAX, "0%%");
    else if (ratio < 0.001)
        snprintf(out, FORMAT_MAX, "<0.1%%");
    else if (ratio < 0.0995)
        snprintf(out, FORMAT_MAX, "%.1f%%", ratio * 100);
    else
        /* 100% only when it is: the last failure-free call must not vanish. */
        snprintf(out, FORMAT_MAX, "%d%%", ratio == 1 ? 100 : ratio > 0.99 ? 99 : (int)(ratio * 100 + 0.5));
    return out;
}

const char *format_percentage(double percentage, char *out)
{
    if (!(percentage >= 0))
        return unknown(out);
    snprintf(out, FORMAT_MAX, "%d%%", percentage >= 999 ? 999 : (int)percentage);
    return out;
}
