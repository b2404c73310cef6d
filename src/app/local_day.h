/* local_day.h - midnight here, for what is counted "today". */
#ifndef CT_APP_LOCAL_DAY_H
#define CT_APP_LOCAL_DAY_H

#include <stdint.h>

/* The wall clock's midnight before now, in the local time zone; 0 when that is not known. */
int64_t local_day_start(int64_t now_ns);

#endif
