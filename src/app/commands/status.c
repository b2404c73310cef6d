/* status: one snapshot of the running collector. */
#include "commands.h"
#include "feed.h"
#include "status_json.h"

#include <stdio.h>

enum exit_code command_status(const struct options *o)
{
    struct buf json, text;
    struct ct_errmsg msg;
    char target[32];
    enum exit_code code = EXIT_CODE_OK;
    buf_init(&json, FEED_STATUS_MAX);
    buf_init(&text, FEED_STATUS_MAX);
    snprintf(target, sizeof target, "/status?window=%s", red_window_name((enum red_window)o->window));
    enum ct_err err = feed_get(o->socket, target, &json, &msg);
    if (!err && !o->json && !status_text(buf_slice(&json), &text))
        err = ct_fail(&msg, CT_ERR_FORMAT, "the collector's answer is no status: is it of this version?");
    if (err) {
        code = command_fail(err, &msg);
    } else {
        const struct buf *out = o->json ? &json : &text;
        if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout))
            code = EXIT_CODE_FAILURE;
    }
    buf_finish(&json);
    buf_finish(&text);
    return code;
}
