/* replay and demo: a recording with its own clock, on the screen or as JSON. */
#include "clock.h"
#include "commands.h"
#include "frames_model.h"
#include "frames_source.h"
#include "local_day.h"
#include "screen.h"
#include "status_json.h"
#include "synthesis.h"
#include "version.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Without a wait (--speed 0) one turn of the loop feeds at most this long. */
#define FEED_SLICE_NS (INT64_C(5) * NS_PER_MS)

struct replay {
    const struct options *options;
    uv_loop_t loop;
    struct frames_source *frames_in;
    struct frames_model frames;
    struct screen *screen;
    uv_timer_t timer;
    uv_signal_t signals[2];
    bool quitting;
    bool ended;

    struct frame next; /* read, but not due yet */
    bool have_next;
    int64_t first_ns; /* arrival of the first frame */
    int64_t begin_ns; /* recording time that is shown at begin_mono_ns */
    int64_t begin_mono_ns;
    char source[64];
};

static void read_next(struct replay *r)
{
    r->have_next = frames_source_next(r->frames_in, &r->next);
}

/* The recording's clock. At its end it stands still. */
static int64_t replay_now(const struct replay *r)
{
    if (r->ended || r->options->speed <= 0)
        return r->frames.last_wall_ns;
    return r->begin_ns + (int64_t)((double)(clock_mono() - r->begin_mono_ns) * r->options->speed);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct replay *r)
{
    double speed = r->options->speed;
    int64_t wait = speed > 0 ? (int64_t)((double)(r->next.wall_ns - replay_now(r)) / speed) : 0;
    uv_timer_start(&r->timer, on_timer, wait > 0 ? (uint64_t)(wait / NS_PER_MS) + 1 : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct replay *r = timer->data;
    int64_t deadline = clock_mono() + FEED_SLICE_NS;
    while (r->have_next && (r->options->speed <= 0 || r->next.wall_ns <= replay_now(r)) &&
           clock_mono() < deadline) {
        frames_model_add(&r->frames, &r->next);
        read_next(r);
    }
    screen_changed(r->screen);
    if (r->have_next) {
        schedule(r);
    } else {
        r->ended = true;
        screen_say(r->screen, UI_INFO, "the recording has ended: q quits");
    }
}

static void fill(void *ctx, struct ui_data *data)
{
    struct replay *r = ctx;
    frames_model_fill(&r->frames, data);
    data->now_ns = replay_now(r);
    data->day_start_ns = local_day_start(data->now_ns);
    data->source = slice_str(r->source);
}

static void quit(void *ctx)
{
    struct replay *r = ctx;
    if (r->quitting)
        return;
    r->quitting = true;
    if (r->screen)
        screen_stop(r->screen, NULL, NULL);
    uv_close((uv_handle_t *)&r->timer, NULL);
    uv_close((uv_handle_t *)&r->signals[0], NULL);
    uv_close((uv_handle_t *)&r->signals[1], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    quit(handle->data);
}

static struct trace_known traces(void *ctx)
{
    const struct replay *r = ctx;
    return (struct trace_known){synthesis_mode(r->options, false), &r->frames.sent.ids};
}

static enum ct_err show(struct replay *r, struct ct_errmsg *msg)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    uv_loop_init(&r->loop);
    uv_timer_init(&r->loop, &r->timer);
    r->timer.data = r;
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&r->loop, &r->signals[i]);
        r->signals[i].data = r;
        uv_signal_start(&r->signals[i], on_signal, numbers[i]);
    }
    struct screen_config config = {
        .loop = &r->loop, .options = r->options, .fill = fill, .traces = traces, .quit = quit, .ctx = r};
    enum ct_err err = screen_create(&config, &r->screen, msg);
    if (err)
        quit(r);
    else
        schedule(r);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    screen_destroy(r->screen);
    uv_loop_close(&r->loop);
    return err;
}

/* For what is printed: --at asks for the state at that moment; without it, at the end. Returns when that is.
 */
static int64_t feed_to_the_end(struct replay *r)
{
    while (r->have_next && r->options->at_ns == 0) {
        frames_model_add(&r->frames, &r->next);
        read_next(r);
    }
    return r->options->at_ns > 0 ? r->begin_ns : r->frames.last_wall_ns;
}

static enum exit_code dump(struct replay *r, const char *what)
{
    struct ui_data data = {.now_ns = feed_to_the_end(r), .source = slice_str(what)};
    frames_model_fill(&r->frames, &data);
    data.day_start_ns = local_day_start(data.now_ns);
    return dump_screen(r->options, &data);
}

static void print_json(struct replay *r)
{
    struct flow flow;
    int64_t now_ns = feed_to_the_end(r);
    frames_model_flow(&r->frames, &flow);
    struct status_source source = {.model = r->frames.model,
                                   .now_ns = now_ns,
                                   .flow = &flow,
                                   .red_window = (enum red_window)r->options->window,
                                   .traces = traces(r),
                                   .links = &r->options->grafana,
                                   .alerts = &r->options->alerts};
    source.day_start_ns = local_day_start(source.now_ns);
    char *json = status_json(&source);
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    if (r->options->json)
        fputs(json, stdout);
    else if (status_text(slice_str(json), &text))
        fwrite(text.data, 1, text.len, stdout);
    buf_finish(&text);
    free(json);
}

enum exit_code replay_show(const struct options *o, const char *path, const char *what)
{
    struct replay r = {.options = o};
    struct ct_errmsg msg;
    enum ct_err err = frames_source_open(path, &r.frames_in, &msg);
    if (err)
        return command_fail(err, &msg);
    frames_model_init(&r.frames, o, 0);
    read_next(&r);
    r.first_ns = r.next.wall_ns;
    while (r.have_next && o->at_ns > 0 && r.next.wall_ns < r.first_ns + o->at_ns) {
        frames_model_add(&r.frames, &r.next);
        read_next(&r);
    }
    r.begin_ns = r.first_ns + o->at_ns;
    r.begin_mono_ns = clock_mono();
    snprintf(r.source, sizeof r.source, "%s x%g", what, o->speed);
    enum exit_code code = EXIT_CODE_OK;
    if (o->dump)
        code = dump(&r, what);
    else if (o->json || !isatty(STDOUT_FILENO))
        print_json(&r);
    else
        err = show(&r, &msg);
    frames_source_close(r.frames_in);
    frames_model_finish(&r.frames);
    return err ? command_fail(err, &msg) : code;
}

enum exit_code command_replay(const struct options *o)
{
    return replay_show(o, o->args[0], "replay");
}

enum ct_err replay_find_demo(char path[REPLAY_PATH_MAX], struct ct_errmsg *msg)
{
    static const char installed[] = CT_DATA_DIR "/demo.ctj";
    char self[PATH_MAX], found[REPLAY_PATH_MAX];
    size_t len = sizeof self;
    if (access(installed, R_OK) == 0) {
        memcpy(path, installed, sizeof installed);
        return CT_OK;
    }
    if (uv_exepath(self, &len) == 0) {
        static const char *const beside[] = {"/../../share/claude-top/demo.ctj", "/../data/demo.ctj"};
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
        for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
            snprintf(found, sizeof found, "%s%s", self, beside[i]);
            if (access(found, R_OK) != 0)
                continue;
            memcpy(path, found, sizeof found);
            return CT_OK;
        }
    }
    return ct_fail(msg, CT_ERR_NOT_FOUND, "the demo recording is missing: expected at %s", installed);
}

enum exit_code command_demo(const struct options *o)
{
    char path[REPLAY_PATH_MAX];
    struct ct_errmsg msg;
    enum ct_err err = replay_find_demo(path, &msg);
    return err ? command_fail(err, &msg) : replay_show(o, path, "demo");
}
