/* status: one snapshot of the running collector. */
#include "commands.h"
#include "feed.h"
#include "options_table.h"
#include "quick.h"
#include "status_json.h"

#include <stdio.h>

enum exit_code command_status(const struct options *o)
{
    size_t row = option_index(option_by_flag(SLICE_LIT("session")));
    struct ct_errmsg msg;
    bool narrowed = o->cwd[0] || o->sources[row].origin == ORIGIN_FLAG;
    if (!o->format[0] && (o->watch || (narrowed && o->command == COMMAND_STATUS)))
        return command_fail(ct_fail(&msg, CT_ERR_USAGE, "--session, --cwd and --watch go with --format"),
                            &msg);
    if (o->format[0]) {
        struct quick_status line = {.socket = o->socket,
                                    .format = o->format,
                                    .session = o->sources[row].origin == ORIGIN_BUILT_IN ? "" : o->session,
                                    .cwd = o->cwd,
                                    .watch = o->watch};
        return (enum exit_code)quick_status(&line, &env_process);
    }
    struct buf json, text;
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
