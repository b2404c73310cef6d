/*
 * What Claude Code tells its status line command, and what the collector tells it (app/quick/statusline.h).
 * Byte 0: COLOR; COLLECTOR takes the rest for the collector's answer, otherwise it is Claude Code's JSON.
 *
 * The line fits its room, is one line, and without colours is clean text; a session's id can stand in a URL.
 */
#include "fuzz.h"

#include "statusline.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define COLOR     1
#define COLLECTOR 2

#define NOW_NS INT64_C(1795350000000000000)

static void check_line(struct slice json, const struct statusline_burn *burn, bool color)
{
    struct buf out;
    buf_init(&out, STATUSLINE_MAX);
    statusline_line(json, burn, NOW_NS, color, &out);
    fuzz_check(out.len <= STATUSLINE_MAX);
    struct slice line = buf_slice(&out);
    fuzz_check(slice_find(line, '\n') == line.len && slice_find(line, '\r') == line.len);
    fuzz_check(color || text_is_clean(line));
    buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice in = slice_make(data + 1, size - 1);
    struct statusline_burn burn = {.tokens_per_min = -1, .usd_per_hour = -1};
    if (data[0] & COLLECTOR) {
        burn = statusline_burn_parse(in);
        fuzz_check(!isnan(burn.usd_per_hour));
        check_line(SLICE_LIT("{\"session_id\":\"a\",\"model\":{\"display_name\":\"m\"}}"), &burn,
                   data[0] & COLOR);
        return 0;
    }
    char session[100];
    check_line(in, &burn, data[0] & COLOR);
    if (statusline_session(in, session, sizeof session)) {
        fuzz_check(memchr(session, '\0', sizeof session) && session[0]);
        for (const char *c = session; *c; c++)
            fuzz_check(*c > ' ' && *c < 0x7f && !strchr("/?#%&", *c));
    }
    return 0;
}
