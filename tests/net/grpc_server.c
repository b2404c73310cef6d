/*
 * grpc_server.c - a receiver with a trivial handler, driven by lines on stdin, for tests with clients of
 * other people's making.
 *
 *   grpc_server FOLDER [limit=number]...
 *
 * Listens on two free ports of 127.0.0.1. Every request is a line of JSON on stdout, its body a file of
 * FOLDER (000001 and so on), and is answered 200 with an empty body. Limits: body_bytes, keepalive_ms.
 * Commands: hold       requests are kept from now on answer     answers what is kept, and everything from now
 * on refuse     answers what is kept with an overload stats      prints statistics stop MS    receiver_stop()
 * with that grace; ends with "stopped"
 */
#include "buf.h"
#include "mem.h"
#include "receiver.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 256

static uv_loop_t loop;
static uv_pipe_t input;
static struct buf lines;
static struct receiver *receiver;
static const char *folder;
static struct receiver_request *held[HELD_MAX];
static size_t held_count;
static bool holding, stopping;
static unsigned long count;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "grpc_server: %s\n", what);
    exit(2);
}

static void print(cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    puts(text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(o);
}

static void add_text(cJSON *o, const char *name, struct slice s)
{
    char *text = mem_strdup(s);
    cJSON_AddStringToObject(o, name, text);
    free(text);
}

static void keep_body(struct slice body)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%06lu", folder, count);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(body.ptr ? body.ptr : "", 1, body.len, f) != body.len || fclose(f))
        die("cannot keep a body");
}

static void answer(struct receiver_request *r)
{
    receiver_reply(r, &(struct receiver_reply){.status = 200});
}

static void on_request(void *ctx, struct receiver_request *r)
{
    static const char *const transports[] = {"http1", "http2", "grpc"};
    const struct receiver_view *v = receiver_request_view(r);
    (void)ctx;
    count++;
    keep_body(v->body);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", "request");
    cJSON_AddStringToObject(o, "transport", transports[v->transport]);
    add_text(o, "method", v->method);
    add_text(o, "path", v->path);
    add_text(o, "host", v->host);
    cJSON *headers = cJSON_AddObjectToObject(o, "headers");
    for (size_t i = 0; i < v->header_count; i++) {
        char *name = mem_strdup(v->headers[i].name);
        add_text(headers, name, v->headers[i].value);
        free(name);
    }
    print(o);
    if (!holding)
        answer(r);
    else if (held_count < HELD_MAX)
        held[held_count++] = r;
    else
        die("too many requests are held");
}

static void print_stats(void)
{
    struct receiver_stats s = receiver_stats(receiver);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", "stats");
    cJSON_AddNumberToObject(o, "requests", (double)s.requests);
    cJSON_AddNumberToObject(o, "connections", (double)s.connections_open);
    cJSON_AddNumberToObject(o, "held", (double)s.body_bytes_held);
    cJSON *refused = cJSON_AddObjectToObject(o, "refused");
    for (int i = 0; i < OTLP_REFUSAL_COUNT; i++)
        if (s.refused[i])
            cJSON_AddNumberToObject(refused, otlp_refusal_name((enum otlp_refusal)i), (double)s.refused[i]);
    print(o);
}

static void on_stopped(void *ctx)
{
    (void)ctx;
    uv_close((uv_handle_t *)&input, NULL);
}

static void end_held(bool refuse)
{
    size_t n = held_count;
    held_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (refuse)
            receiver_refuse(held[i], OTLP_REFUSED_OVERLOAD, "full, try again");
        else
            answer(held[i]);
    }
}

static void stop(uint32_t grace_ms)
{
    if (stopping)
        return;
    stopping = true;
    receiver_stop(receiver, grace_ms, on_stopped, NULL);
}

static void command(struct slice line)
{
    uint64_t ms;
    if (slice_eq_str(line, "hold")) {
        holding = true;
    } else if (slice_eq_str(line, "answer") || slice_eq_str(line, "refuse")) {
        holding = false;
        end_held(slice_eq_str(line, "refuse"));
    } else if (slice_eq_str(line, "stats")) {
        print_stats();
    } else if (slice_starts(line, SLICE_LIT("stop ")) && slice_to_u64(slice_sub(line, 5, line.len), &ms)) {
        stop((uint32_t)ms);
    } else {
        die("unknown command");
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char space[4096];
    (void)handle, (void)suggested;
    *buf = uv_buf_init(space, sizeof space);
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    if (n < 0) {
        uv_read_stop(stream);
        stop(0);
        return;
    }
    if (buf_append(&lines, slice_make(buf->base, (size_t)n)))
        die("commands are too long");
    for (;;) {
        struct slice all = buf_slice(&lines);
        size_t end = slice_find(all, '\n');
        if (end == all.len)
            return;
        command(slice_sub(all, 0, end));
        buf_consume(&lines, end + 1);
    }
}

static void set_limit(struct otlp_limits *limits, struct slice setting)
{
    size_t equals = slice_find(setting, '=');
    struct slice name = slice_sub(setting, 0, equals);
    uint64_t value;
    if (!slice_to_u64(slice_sub(setting, equals + 1, setting.len), &value))
        die("a limit is a number");
    if (slice_eq_str(name, "body_bytes"))
        limits->body_bytes = (size_t)value;
    else if (slice_eq_str(name, "keepalive_ms"))
        limits->keepalive_ms = (uint32_t)value;
    else
        die("unknown limit");
}

int main(int argc, char **argv)
{
    struct receiver_config config = {.handler = on_request};
    struct ct_errmsg msg;
    char bound[2][RECEIVER_ADDR_MAX];
    if (argc < 2)
        die("usage: grpc_server FOLDER [limit=number]...");
    folder = argv[1];
    otlp_limits_init(&config.limits);
    for (int i = 2; i < argc; i++)
        set_limit(&config.limits, slice_str(argv[i]));
    buf_init(&lines, 65536);
    signal(SIGPIPE, SIG_IGN); /* as the program does: a client may go before its answer */
    uv_loop_init(&loop);
    receiver = receiver_create(&loop, &config);
    for (int i = 0; i < 2; i++)
        if (receiver_listen(receiver, "127.0.0.1:0", bound[i], &msg))
            die(msg.text);
    uv_pipe_init(&loop, &input, 0);
    if (uv_pipe_open(&input, 0) || uv_read_start((uv_stream_t *)&input, on_alloc, on_input))
        die("cannot read commands");
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", "ready");
    cJSON_AddStringToObject(o, "first", bound[0]);
    cJSON_AddStringToObject(o, "second", bound[1]);
    print(o);
    uv_run(&loop, UV_RUN_DEFAULT);
    end_held(false);
    receiver_destroy(receiver);
    uv_loop_close(&loop);
    buf_finish(&lines);
    puts("{\"event\":\"stopped\"}");
    return 0;
}
