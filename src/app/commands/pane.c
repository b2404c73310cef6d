/*
 * A pane: a screen that outlives the collector it shows.
 *
 * It receives itself, or it follows the frames of the collector that does, and may change from one to the
 * other: a viewer takes the ports when their owner is gone and it was asked to (--take-over), an owner gives
 * them to another process that asks (--take-over-now) and goes on as its viewer. Model and screen stay the
 * same all the while. Of several that want the ports the one that gets the lock of the state folder, or
 * the socket, has them; the others attach to it.
 *
 * A collector is made at the top of the loop only (take_ports()): where it cannot be made, what was opened is
 * closed by running the loop.
 */
#include "clock.h"
#include "commands.h"
#include "deliver.h"
#include "pane_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How soon to look again for a collector, or for the ports: the first seconds, and later. */
#define RETRY_FAST_MS 60
#define RETRY_SLOW_MS 500
#define FAST_NS       (5 * NS_PER_SEC)
/* Panes that lost the same collector do not all look at the same instant. */
#define SPREAD_MS 40
/* Whoever asked for the ports has so long to take them. */
#define YIELD_NS (10 * NS_PER_SEC)
/* So long they are waited for once the owner agreed. */
#define SENT_FOR_NS  (10 * NS_PER_SEC)
#define HAND_OVER_NS NS_PER_SEC

static const int WATCHED[] = {SIGTERM, SIGINT};
#define WATCHED_COUNT (sizeof WATCHED / sizeof *WATCHED)

static void on_retry(uv_timer_t *timer);

static void say(struct pane *p, enum ui_severity severity, const char *words)
{
    if (p->screen && !p->quitting)
        screen_say(p->screen, severity, words);
}

static void changed(void *ctx)
{
    struct pane *p = ctx;
    if (p->screen)
        screen_changed(p->screen);
}

/* ------------------------------------------------------------------------------------------- as a viewer */

static void look_again(struct pane *p)
{
    uint64_t ms = clock_mono() - p->alone_ns < FAST_NS ? RETRY_FAST_MS : RETRY_SLOW_MS;
    if (!p->quitting)
        uv_timer_start(&p->retry, on_retry, ms + (uint64_t)getpid() % SPREAD_MS, 0);
}

static void on_frame(void *ctx, const struct frame *frame)
{
    struct pane *p = ctx;
    frames_model_add(&p->frames, frame);
    p->next_seq = frame->seq + 1;
    changed(p);
}

static void on_end(void *ctx, const char *why)
{
    struct pane *p = ctx;
    char words[UI_MESSAGE_MAX];
    feed_stop(p->feed, NULL, NULL);
    p->feed = NULL;
    p->role = PANE_ALONE;
    p->alone_ns = clock_mono();
    if (!p->sent_for) {
        snprintf(words, sizeof words, "%s: %s", why ? why : "the collector is gone, nothing is received",
                 p->options->take_over ? "taking over"
                                       : "start claude-top in another pane, or this one with --take-over");
        say(p, UI_WARNING, words);
    }
    look_again(p);
}

static enum ct_err attach(struct pane *p, uint64_t from, struct ct_errmsg *msg);

/* The first word of a collector. When its journal is not the one that our frames came from, all of it is
 * news; what is known already counts once. */
static void on_flow(void *ctx, struct slice json)
{
    struct pane *p = ctx;
    char before[sizeof p->wire->state_dir];
    struct ct_errmsg msg;
    bool first = !p->wired;
    memcpy(before, p->wire->state_dir, sizeof before);
    if (!flow_wire_read(json, p->wire))
        return;
    p->wired = true;
    changed(p);
    if (p->wire->handing_over && !p->sent_for)
        p->yields_ns = clock_mono() + YIELD_NS;
    bool same = before[0] && strcmp(before, p->wire->state_dir) == 0;
    if (!first || p->next_seq == 0 || (same && p->wire->flow.journal.last_seq + 1 >= p->next_seq))
        return;
    feed_stop(p->feed, NULL, NULL);
    p->feed = NULL;
    if (attach(p, 0, &msg)) {
        p->role = PANE_ALONE;
        p->alone_ns = clock_mono();
        look_again(p);
    }
}

static enum ct_err attach(struct pane *p, uint64_t from, struct ct_errmsg *msg)
{
    struct feed_config config = {.socket = p->options->socket,
                                 .from = from,
                                 .on_frame = on_frame,
                                 .on_flow = on_flow,
                                 .on_end = on_end,
                                 .ctx = p};
    enum ct_err err = feed_start(&p->loop, &config, &p->feed, msg);
    if (err)
        return err;
    p->next_seq = from;
    p->wired = false;
    p->role = PANE_VIEWER;
    changed(p);
    return CT_OK;
}

static void on_retry(uv_timer_t *timer)
{
    struct pane *p = timer->data;
    struct ct_errmsg msg;
    if (p->quitting || p->role != PANE_ALONE)
        return;
    if (p->sent_for && clock_mono() - p->alone_ns > SENT_FOR_NS)
        p->sent_for = false;
    /* Who asked for the ports comes before those that only wait for them. */
    if (!p->sent_for && attach(p, p->next_seq, &msg) == CT_OK) {
        say(p, UI_INFO, "attached to the collector that receives now");
    } else if (p->sent_for || (p->options->take_over && clock_mono() >= p->yields_ns)) {
        p->wants_ports = true;
        uv_stop(&p->loop);
    } else {
        look_again(p);
    }
}

/* Asks the owner of the ports to go. */
static void send_for_ports(struct pane *p)
{
    struct buf reply;
    buf_init(&reply, DELIVER_REPLY_MAX);
    p->sent_for =
        deliver(p->options->socket, "/hand-over", NULL, SLICE_LIT("{}"), clock_mono() + HAND_OVER_NS, &reply);
    buf_finish(&reply);
    say(p, p->sent_for ? UI_INFO : UI_WARNING,
        p->sent_for ? "the collector hands over"
                    : "the collector does not hand over: this pane stays a viewer");
}

/* -------------------------------------------------------------------------------------------- as the owner
 */

static void on_handed_over(void *ctx)
{
    struct pane *p = ctx;
    p->handing_over = false;
    p->handed_over = true;
    uv_stop(&p->loop);
}

static void on_hand_over(void *ctx)
{
    struct pane *p = ctx;
    if (p->quitting || p->handing_over)
        return;
    p->handing_over = true;
    say(p, UI_INFO, "another claude-top takes the ports: this pane goes on as a viewer");
    collector_stop(p->collector, on_handed_over, p);
}

/* At the top of the loop, when the collector has stopped. */
static void become_viewer(struct pane *p)
{
    p->handed_over = false;
    p->next_seq = collector_model_position(p->collector);
    snprintf(p->wire->state_dir, sizeof p->wire->state_dir, "%s",
             p->options->journal_mode == JOURNAL_MODE_DISK ? p->options->state_dir : "");
    collector_destroy(p->collector);
    p->collector = NULL;
    p->role = PANE_ALONE;
    p->alone_ns = clock_mono();
    p->yields_ns = p->alone_ns + YIELD_NS;
    screen_receives(p->screen, false);
    changed(p);
    look_again(p);
}

/* At the top of the loop. */
static enum ct_err take_ports(struct pane *p, struct ct_errmsg *msg)
{
    struct collector_config config = {.loop = &p->loop,
                                      .options = p->options,
                                      .on_change = changed,
                                      .on_hand_over = on_hand_over,
                                      .frames = &p->frames,
                                      .model_from = p->next_seq,
                                      .ctx = p};
    enum ct_err err = collector_create(&config, &p->collector, msg);
    if (err)
        return err;
    p->role = PANE_OWNER;
    p->sent_for = false;
    if (p->screen)
        screen_receives(p->screen, true);
    changed(p);
    return CT_OK;
}

/* Somebody who is quicker has them, or they are not free yet: then there will be a collector to attach to. */
static void try_ports(struct pane *p)
{
    struct ct_errmsg msg;
    char words[UI_MESSAGE_MAX];
    p->wants_ports = false;
    enum ct_err err = take_ports(p, &msg);
    if (!err) {
        say(p, UI_INFO, "this pane receives now");
        return;
    }
    if (err != CT_ERR_BUSY || clock_mono() - p->alone_ns > FAST_NS) {
        snprintf(words, sizeof words, "not taken over: %.*s",
                 SLICE_ARG(slice_sub(slice_str(msg.text), 0, UI_MESSAGE_MAX - 20)));
        say(p, UI_ERROR, words);
    }
    look_again(p);
}

/* ------------------------------------------------------------------------------------------------ the loop
 */

static void close_signals(void *ctx)
{
    struct pane *p = ctx;
    for (size_t i = 0; i < WATCHED_COUNT; i++)
        uv_close((uv_handle_t *)&p->signals[i], NULL);
}

static void quit(void *ctx)
{
    struct pane *p = ctx;
    if (p->quitting)
        return;
    p->quitting = true;
    if (p->screen)
        screen_stop(p->screen, NULL, NULL);
    if (p->feed)
        feed_stop(p->feed, NULL, NULL);
    p->feed = NULL;
    uv_close((uv_handle_t *)&p->retry, NULL);
    if (p->role == PANE_OWNER && !p->handing_over && !p->handed_over)
        collector_stop(p->collector, close_signals, p);
    else
        close_signals(p);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    quit(handle->data);
}

static void pane_init(struct pane *p, const struct options *o)
{
    uint64_t seed = 0;
    *p = (struct pane){.options = o, .role = PANE_ALONE};
    p->wire = calloc(1, sizeof *p->wire);
    uv_loop_init(&p->loop);
    uv_timer_init(&p->loop, &p->retry);
    p->retry.data = p;
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        uv_signal_init(&p->loop, &p->signals[i]);
        p->signals[i].data = p;
        uv_signal_start(&p->signals[i], on_signal, WATCHED[i]);
    }
    uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
    frames_model_init(&p->frames, o, seed);
}

static void pane_finish(struct pane *p)
{
    screen_destroy(p->screen);
    collector_destroy(p->collector);
    frames_model_finish(&p->frames);
    uv_loop_close(&p->loop);
    free(p->wire);
}

/* Attaches, or else receives; two starts at once find each other. */
static enum ct_err begin(struct pane *p, struct ct_errmsg *msg)
{
    struct ct_errmsg ignored;
    enum ct_err err = attach(p, 0, msg);
    if (err != CT_ERR_NOT_FOUND)
        return err;
    log_set_sink(command_log, NULL, LOG_LEVEL_WARN);
    err = take_ports(p, msg);
    log_set_sink(NULL, NULL, LOG_LEVEL_WARN); /* from here on the terminal is the screen's */
    if (err == CT_ERR_BUSY && attach(p, 0, &ignored) == CT_OK)
        return CT_OK;
    return err;
}

static void run_loop(struct pane *p)
{
    do {
        uv_run(&p->loop, UV_RUN_DEFAULT);
        if (!p->quitting && p->handed_over)
            become_viewer(p);
        if (!p->quitting && p->wants_ports)
            try_ports(p);
    } while (!p->quitting || uv_loop_alive(&p->loop));
}

enum exit_code pane_show(const struct options *o)
{
    struct pane *p = calloc(1, sizeof *p);
    struct ct_errmsg msg;
    pane_init(p, o);
    enum ct_err err = begin(p, &msg);
    if (!err) {
        struct screen_config screen = {.loop = &p->loop,
                                       .options = o,
                                       .fill = pane_fill,
                                       .traces = pane_traces,
                                       .quit = quit,
                                       .ctx = p,
                                       .receives = p->role == PANE_OWNER};
        err = screen_create(&screen, &p->screen, &msg);
    }
    if (!err && o->take_over_now && p->role == PANE_VIEWER)
        send_for_ports(p);
    if (err)
        quit(p);
    run_loop(p);
    pane_finish(p);
    free(p);
    return err ? command_fail(err, &msg) : EXIT_CODE_OK;
}

/* ------------------------------------------------------------------------------------------- without a
 * screen */

static void dump_if_whole(struct pane *p)
{
    if (p->wired && p->next_seq > p->wire->flow.journal.last_seq)
        uv_stop(&p->loop);
}

static void dump_frame(void *ctx, const struct frame *frame)
{
    on_frame(ctx, frame);
    dump_if_whole(ctx);
}

/* Up to where the journal reached when it was asked: what comes after that is for another time. */
static void dump_flow(void *ctx, struct slice json)
{
    struct pane *p = ctx;
    if (!p->wired && flow_wire_read(json, p->wire))
        p->wired = true;
    if (p->wire->flow.journal.first_seq == 0)
        uv_stop(&p->loop);
    dump_if_whole(p);
}

static void dump_end(void *ctx, const char *why)
{
    (void)why;
    uv_stop(&((struct pane *)ctx)->loop);
}

enum exit_code pane_dump(const struct options *o)
{
    struct pane *p = calloc(1, sizeof *p);
    struct ct_errmsg msg;
    struct ui_data data = {0};
    pane_init(p, o);
    struct feed_config config = {
        .socket = o->socket, .on_frame = dump_frame, .on_flow = dump_flow, .on_end = dump_end, .ctx = p};
    enum ct_err err = feed_start(&p->loop, &config, &p->feed, &msg);
    enum exit_code code = EXIT_CODE_OK;
    if (!err) {
        uv_run(&p->loop, UV_RUN_DEFAULT);
        p->role = PANE_VIEWER;
        if (!p->quitting) {
            pane_fill(p, &data);
            code = dump_screen(o, &data);
        }
    } else {
        code = command_fail(err, &msg);
    }
    quit(p);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    pane_finish(p);
    free(p);
    return code;
}
