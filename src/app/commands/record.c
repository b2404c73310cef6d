/* record: what the running collector receives from now on, as a file. */
#include "commands.h"
#include "feed.h"
#include "journal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct recorder {
    uv_loop_t loop;
    struct feed *feed;
    struct recording *recording;
    uv_signal_t signals[2];
    uint64_t frames;
    uint64_t bytes;
    bool stopping;
    enum ct_err err;
    struct ct_errmsg msg;
};

static void stop(struct recorder *r)
{
    if (r->stopping)
        return;
    r->stopping = true;
    feed_stop(r->feed, NULL, NULL);
    uv_close((uv_handle_t *)&r->signals[0], NULL);
    uv_close((uv_handle_t *)&r->signals[1], NULL);
}

static void on_frame(void *ctx, const struct frame *frame)
{
    struct recorder *r = ctx;
    r->err = recording_append(r->recording, frame, &r->msg);
    if (r->err) {
        stop(r);
        return;
    }
    r->frames++;
    r->bytes += frame->body.len;
}

static void on_end(void *ctx, const char *why)
{
    struct recorder *r = ctx;
    if (why)
        r->err = ct_fail(&r->msg, CT_ERR_IO, "the collector's stream broke: %s", why);
    stop(r);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

enum exit_code command_record(const struct options *o)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct recorder r = {0};
    uv_loop_init(&r.loop);
    struct feed_config feed = {
        .socket = o->socket, .from = FEED_FROM_NEW, .on_frame = on_frame, .on_end = on_end, .ctx = &r};
    enum ct_err err = feed_start(&r.loop, &feed, &r.feed, &r.msg);
    if (err) {
        uv_loop_close(&r.loop);
        return command_fail(err, &r.msg);
    }
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&r.loop, &r.signals[i]);
        r.signals[i].data = &r;
        uv_signal_start(&r.signals[i], on_signal, numbers[i]);
    }
    err = recording_create(o->args[0], &r.recording, &r.msg);
    if (err) {
        stop(&r);
    } else {
        fprintf(stderr, "claude-top: recording to %s, Ctrl-C ends it\n", o->args[0]);
    }
    uv_run(&r.loop, UV_RUN_DEFAULT);
    recording_close(r.recording);
    uv_loop_close(&r.loop);
    if (!err)
        fprintf(stderr, "claude-top: %llu requests, %llu bytes\n", (unsigned long long)r.frames,
                (unsigned long long)r.bytes);
    err = err ? err : r.err;
    return err ? command_fail(err, &r.msg) : EXIT_CODE_OK;
}
