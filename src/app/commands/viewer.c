/* One more pane on a running collector: the same frames, a model and a screen of its own. */
#include "clock.h"
#include "commands.h"
#include "feed.h"
#include "frames_model.h"
#include "screen.h"

#include <signal.h>
#include <stdio.h>

struct viewer {
    uv_loop_t loop;
    struct feed *feed;
    struct frames_model frames;
    struct screen *screen;
    uv_signal_t signals[2];
    bool quitting;
    const char *source;
};

static void fill(void *ctx, struct ui_data *data)
{
    struct viewer *v = ctx;
    frames_model_fill(&v->frames, data);
    data->now_ns = clock_wall();
    data->day_start_ns = command_day_start(data->now_ns);
    data->source = slice_str(v->source);
}

static void on_frame(void *ctx, const struct frame *frame)
{
    struct viewer *v = ctx;
    frames_model_add(&v->frames, frame);
    if (v->screen)
        screen_changed(v->screen);
}

static void on_end(void *ctx, const char *why)
{
    struct viewer *v = ctx;
    char words[UI_MESSAGE_MAX];
    v->source = "detached";
    snprintf(words, sizeof words, "%s: start claude-top again to receive",
             why ? why : "the collector has ended, nothing new will come");
    if (v->screen)
        screen_say(v->screen, UI_WARNING, words);
}

static void quit(void *ctx)
{
    struct viewer *v = ctx;
    if (v->quitting)
        return;
    v->quitting = true;
    if (v->screen)
        screen_stop(v->screen, NULL, NULL);
    feed_stop(v->feed, NULL, NULL);
    uv_close((uv_handle_t *)&v->signals[0], NULL);
    uv_close((uv_handle_t *)&v->signals[1], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    quit(handle->data);
}

enum ct_err viewer_show(const struct options *o, enum exit_code *code, struct ct_errmsg *msg)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct viewer v = {.source = "attached"};
    uint64_t seed = 0;
    uv_loop_init(&v.loop);
    enum ct_err err = feed_start(&v.loop, o->socket, 0, on_frame, on_end, &v, &v.feed, msg);
    if (err) {
        uv_loop_close(&v.loop);
        return err;
    }
    uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
    frames_model_init(&v.frames, o, seed);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&v.loop, &v.signals[i]);
        v.signals[i].data = &v;
        uv_signal_start(&v.signals[i], on_signal, numbers[i]);
    }
    struct screen_config config = {.loop = &v.loop, .options = o, .fill = fill, .quit = quit, .ctx = &v};
    enum ct_err shown = screen_create(&config, &v.screen, msg);
    if (shown)
        quit(&v);
    uv_run(&v.loop, UV_RUN_DEFAULT);
    screen_destroy(v.screen);
    frames_model_finish(&v.frames);
    uv_loop_close(&v.loop);
    *code = shown ? command_fail(shown, msg) : EXIT_CODE_OK;
    return CT_OK;
}
