/*
 * What a viewer reads from the control socket (app/feed.h), from a collector that may send anything.
 *
 * Byte 0: GOOD_HEAD lets a sound head come first, so that frames are near; LENGTHS writes the length before
 * each frame (the input is then pieces of two bytes of length, little endian, and as many bytes). The same
 * bytes come in two ways, at once and cut up: the frames and the end must be the same.
 */
#include "fuzz.h"

#include "feed.h"
#include "flow_wire.h"
#include "fuzz_frames.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD_HEAD 1
#define LENGTHS   2

#define HEAD     "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
#define SENT_MAX ((size_t)128 * 1024) /* the socket takes so much without a reader */

static char socket_path[256];
static int listening = -1;
static uv_loop_t loop;

struct seen {
    struct feed *feed;
    size_t frames;
    size_t bytes;
    bool stop_at_two;
    bool ended;
    bool stopped;
    char why[128];
};

static void on_flow(void *ctx, struct slice json)
{
    static struct flow_wire wire;
    struct seen *s = ctx;
    fuzz_check(!s->ended && !s->stopped);
    if (flow_wire_read(json, &wire)) {
        fuzz_check(wire.flow.upstream_count <= FLOW_UPSTREAMS_MAX && wire.clients.count <= CLIENTS_MAX);
        fuzz_check(wire.flow.worst < FLOW_UPSTREAMS_MAX);
    }
    s->bytes += json.len;
}

static void on_frame(void *ctx, const struct frame *frame)
{
    struct seen *s = ctx;
    fuzz_check(!s->ended && !s->stopped);
    fuzz_check(frame->header_count <= FRAME_HEADERS_MAX);
    s->frames++;
    s->bytes += frame->body.len + frame->path.len;
    for (size_t i = 0; i < frame->body.len; i += 512)
        s->bytes += (uint8_t)frame->body.ptr[i]; /* it is there to be read */
    if (s->stop_at_two && s->frames == 2) {
        s->stopped = true;
        feed_stop(s->feed, NULL, NULL);
    }
}

static void on_end(void *ctx, const char *why)
{
    struct seen *s = ctx;
    fuzz_check(!s->ended && !s->stopped);
    s->ended = true;
    snprintf(s->why, sizeof s->why, "%s", why ? why : "closed");
}

static void remove_socket(void)
{
    unlink(socket_path);
}

static void listen_once(void)
{
    const char *folder = getenv("TMPDIR");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (listening >= 0)
        return;
    snprintf(socket_path, sizeof socket_path, "%s/ct-fuzz-%ld.sock", folder ? folder : "/tmp",
             (long)getpid());
    fuzz_check(strlen(socket_path) < sizeof at.sun_path);
    memcpy(at.sun_path, socket_path, strlen(socket_path) + 1);
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(socket_path);
    fuzz_check(listening >= 0 && bind(listening, (struct sockaddr *)&at, sizeof at) == 0);
    fuzz_check(listen(listening, 8) == 0 && atexit(remove_socket) == 0);
    fuzz_check(uv_loop_init(&loop) == 0);
}

/* Sends bytes in pieces to a new feed, and lets it read to the end. */
static void follow(struct slice bytes, size_t piece, bool stop_at_two, struct seen *s)
{
    struct ct_errmsg msg;
    *s = (struct seen){.stop_at_two = stop_at_two};
    struct feed_config config = {
        .socket = socket_path, .on_frame = on_frame, .on_flow = on_flow, .on_end = on_end, .ctx = s};
    fuzz_check(feed_start(&loop, &config, &s->feed, &msg) == CT_OK);
    int peer = accept(listening, NULL, NULL);
    fuzz_check(peer >= 0);
    while (bytes.len && !s->ended && !s->stopped) {
        struct slice part = slice_sub(bytes, 0, piece);
        if (send(peer, part.ptr, part.len, MSG_NOSIGNAL) != (ssize_t)part.len)
            break;
        bytes = slice_sub(bytes, part.len, bytes.len);
        piece = piece * 5 % 4099 + 1;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    close(peer);
    while (!s->ended && !s->stopped)
        uv_run(&loop, UV_RUN_ONCE);
    if (!s->stopped)
        feed_stop(s->feed, NULL, NULL);
    while (uv_run(&loop, UV_RUN_NOWAIT))
        continue;
}

/* Pieces of the input, each behind its length as the collector writes it. */
static void write_lengths(struct slice in, struct buf *out)
{
    while (in.len >= 2) {
        size_t n = (uint8_t)in.ptr[0] | (size_t)(uint8_t)in.ptr[1] << 8;
        struct slice part = slice_sub(in, 2, n);
        const uint8_t length[4] = {(uint8_t)part.len, (uint8_t)(part.len >> 8), (uint8_t)(part.len >> 16), 0};
        in = slice_sub(in, 2 + part.len, in.len);
        fuzz_check(buf_append(out, slice_make(length, 4)) == CT_OK && buf_append(out, part) == CT_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, cut, stopped;
    struct buf out;
    if (size < 1)
        return 0;
    listen_once();
    buf_init(&out, SIZE_MAX / 2);
    if (data[0] & GOOD_HEAD)
        fuzz_check(buf_append_str(&out, HEAD) == CT_OK);
    if (data[0] & LENGTHS)
        write_lengths(slice_make(data + 1, size - 1), &out);
    else
        fuzz_check(buf_append(&out, slice_make(data + 1, size - 1)) == CT_OK);
    struct slice bytes = slice_sub(buf_slice(&out), 0, SENT_MAX);
    follow(bytes, SENT_MAX, false, &whole);
    follow(bytes, (size_t)(data[0] >> 2) + 1, false, &cut);
    fuzz_check(whole.frames == cut.frames && whole.bytes == cut.bytes);
    fuzz_check(strcmp(whole.why, cut.why) == 0);
    if (whole.frames >= 2) {
        follow(bytes, SENT_MAX, true, &stopped);
        fuzz_check(stopped.frames == 2 && stopped.stopped);
    }
    buf_finish(&out);
    return 0;
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    size_t at = out->len;
    if (buf_append(out, slice_make("\3\0\0", 3)) || !fuzz_frame_append(request, out))
        return false;
    size_t n = out->len - at - 3;
    if (n > UINT16_MAX)
        return false;
    out->data[at + 1] = (char)n;
    out->data[at + 2] = (char)(n >> 8);
    return true;
}
