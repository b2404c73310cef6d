#define _DEFAULT_SOURCE /* timegm */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_uptime(void)
{
#ifdef CLOCK_BOOTTIME
    return read_clock(CLOCK_BOOTTIME);
#else
    return clock_mono();
#endif
}

const char *clock_rfc3339(int64_t wall_ns, char *out)
{
    int64_t sec = wall_ns / NS_PER_SEC, rest = wall_ns % NS_PER_SEC;
    if (rest < 0) {
        rest += NS_PER_SEC;
        sec--;
    }
    time_t t = (time_t)sec;
    struct tm tm;
    if (!gmtime_r(&t, &tm)) {
        snprintf(out, CLOCK_RFC3339_MAX, "1970-01-01T00:00:00.000Z");
        return out;
    }
    size_t n = strftime(out, CLOCK_RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, CLOCK_RFC3339_MAX - n, ".%03dZ", (int)(rest / NS_PER_MS));
    return out;
}

static bool digits(struct slice s, size_t at, size_t n, int *out)
{
    uint64_t value;
    if (at + n > s.len || !slice_to_u64(slice_sub(s, at, n), &value))
        return false;
    *out = (int)value;
    return true;
}

static bool is_char(struct slice s, size_t at, const char *any)
{
    return at < s.len && strchr(any, s.ptr[at]) != NULL && s.ptr[at] != '\0';
}

bool clock_parse_rfc3339(struct slice s, int64_t *wall_ns)
{
    struct tm tm = {0};
    int year, month;
    if (!digits(s, 0, 4, &year) || !is_char(s, 4, "-") || !digits(s, 5, 2, &month) || !is_char(s, 7, "-") ||
        !digits(s, 8, 2, &tm.tm_mday) || !is_char(s, 10, "Tt ") || !digits(s, 11, 2, &tm.tm_hour) ||
        !is_char(s, 13, ":") || !digits(s, 14, 2, &tm.tm_min) || !is_char(s, 16, ":") ||
        !digits(s, 17, 2, &tm.tm_sec))
        return false;
    if (month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 60)
        return false;
    size_t at = 19;
    int64_t fraction = 0;
    if (is_char(s, at, ".")) {
        int64_t unit = NS_PER_SEC / 10;
        for (at++; at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9'; at++, unit /= 10)
            fraction += unit * (s.ptr[at] - '0');
    }
    int64_t offset = 0;
    if (is_char(s, at, "Zz")) {
        at++;
    } else if (is_char(s, at, "+-")) {
        int hours, minutes;
        if (!digits(s, at + 1, 2, &hours) || !is_char(s, at + 3, ":") || !digits(s, at + 4, 2, &minutes))
            return false;
        offset = (hours * 60 + minutes) * INT64_C(60) * (s.ptr[at] == '-' ? -1 : 1);
        at += 6;
    } else {
        return false;
    }
    if (at != s.len)
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    *wall_ns = ((int64_t)timegm(&tm) - offset) * NS_PER_SEC + fraction;
    return true;
}
