#include "local_day.h"

#include "clock.h"

#include <time.h>

int64_t local_day_start(int64_t now_ns)
{
    time_t now = (time_t)(now_ns / NS_PER_SEC);
    struct tm tm;
    if (!localtime_r(&now, &tm))
        return 0;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * NS_PER_SEC;
}
