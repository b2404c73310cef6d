/* doctor: the clock of this machine against those of others, by the Date of their answers. */
#include "clock.h"
#include "doctor.h"
#include "upstream_policy.h"

/* An HTTP-date is this long at least: what is shorter may be a number (of seconds, in Retry-After). */
#define DATE_LEN_MIN 20

void doctor_clock(struct doctor *d, const char *group, const char *whose, const struct http_result *r)
{
    struct slice date = slice_trim(r->headers[HTTP_DATE]);
    int64_t theirs_ns;
    if (r->status == 0 || date.len < DATE_LEN_MIN || !upstream_retry_after_parse(date, 0, &theirs_ns))
        return;
    /* Their second has just begun or is nearly over. */
    int64_t ahead_ns = clock_wall() - (theirs_ns + NS_PER_SEC / 2);
    int64_t apart_ns = ahead_ns < 0 ? -ahead_ns : ahead_ns;
    if (apart_ns <= DOCTOR_CLOCK_WARN_NS)
        doctor_say(d, group, DOCTOR_OK, NULL, "the clock here agrees with that of %.100s", whose);
    else
        doctor_say(d, group, apart_ns > DOCTOR_CLOCK_FAIL_NS ? DOCTOR_FAIL : DOCTOR_WARN,
                   "set whichever is wrong (timedatectl): stores refuse or misplace what is stamped wrongly, "
                   "and links "
                   "look at another time",
                   "the clock here is %lld s %s that of %.100s", (long long)(apart_ns / NS_PER_SEC),
                   ahead_ns > 0 ? "ahead of" : "behind", whose);
}
