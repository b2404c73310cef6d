/*
 * Turns JSON lines into a recording, so that one can be made, or made again, from text.
 *
 *   jsonl_to_recording OUT < LINES
 *
 * A line is {"wall_ns": "1795426867120000000", "source": "http", "path": "/v1/logs",
 *            "headers": {"content-type": "application/json"}, "body": "e30="}
 *
 * wall_ns is the arrival time in nanoseconds since the Unix epoch, as text (a JSON number cannot hold it),
 * and must not fall from line to line. source is http, grpc, hook or statusline. headers may be left out.
 * body is base64. OUT must not exist; after an error it is removed.
 */
#include "buf.h"
#include "journal.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct line {
    int64_t wall_ns;
    enum frame_source source;
    struct frame_header headers[FRAME_HEADERS_MAX];
    size_t header_count;
    struct buf body;
};

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* RFC 4648, section 4: padded, no line breaks. */
static bool base64_decode(struct slice text, struct buf *out)
{
    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t pad = 0;
        if (i + 4 == text.len)
            pad = text.ptr[i + 3] != '=' ? 0 : text.ptr[i + 2] != '=' ? 1 : 2;
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k < 4 - pad ? base64_digit(text.ptr[i + k]) : 0;
            if (digit < 0)
                return false;
            bits = bits << 6 | (uint32_t)digit;
        }
        const char bytes[3] = {(char)(bits >> 16 & 0xff), (char)(bits >> 8 & 0xff), (char)(bits & 0xff)};
        if (buf_append(out, slice_make(bytes, 3 - pad)) != CT_OK)
            return false;
    }
    return true;
}

static enum frame_source source_of(const char *name)
{
    static const struct {
        const char *name;
        enum frame_source source;
    } sources[] = {
        {"http", FRAME_OTLP_HTTP},
        {"grpc", FRAME_OTLP_GRPC},
        {"hook", FRAME_HOOK},
        {"statusline", FRAME_STATUSLINE},
    };
    for (size_t i = 0; name && i < sizeof sources / sizeof *sources; i++)
        if (strcmp(name, sources[i].name) == 0)
            return sources[i].source;
    return FRAME_SOURCE_UNKNOWN;
}

static const char *string(const cJSON *json, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));
}

/* NULL, or what is wrong with the line. The frame points into json and into line. */
static const char *read_line(const cJSON *json, int64_t not_before, struct line *line, struct frame *frame)
{
    const char *wall = string(json, "wall_ns"), *path = string(json, "path"), *body = string(json, "body");
    char *end = NULL;
    errno = 0;
    line->wall_ns = wall ? strtoll(wall, &end, 10) : 0;
    if (!wall || !*wall || *end || errno || line->wall_ns <= 0)
        return "wall_ns must be text: nanoseconds since the epoch";
    if (line->wall_ns < not_before)
        return "wall_ns is before that of the line above";
    line->source = source_of(string(json, "source"));
    if (line->source == FRAME_SOURCE_UNKNOWN)
        return "source must be http, grpc, hook or statusline";
    if (!path)
        return "path is missing";
    line->header_count = 0;
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(json, "headers");
    for (const cJSON *h = headers ? headers->child : NULL; h; h = h->next) {
        if (!cJSON_IsString(h) || line->header_count == FRAME_HEADERS_MAX)
            return "headers must be an object of texts, at most 128";
        line->headers[line->header_count++] =
            (struct frame_header){slice_str(h->string), slice_str(h->valuestring)};
    }
    buf_clear(&line->body);
    if (!body || !base64_decode(slice_str(body), &line->body))
        return "body must be base64";
    *frame = (struct frame){
        .wall_ns = line->wall_ns,
        .mono_ns = line->wall_ns,
        .source = line->source,
        .method = SLICE_LIT("POST"),
        .path = slice_str(path),
        .headers = line->headers,
        .header_count = line->header_count,
        .body = buf_slice(&line->body),
    };
    return NULL;
}

static bool convert(FILE *in, struct recording *recording)
{
    static struct line line;
    char *text = NULL;
    size_t room = 0, number = 0;
    int64_t last = 0;
    bool ok = true;
    ssize_t len;
    buf_init(&line.body, FRAME_BYTES_MAX);
    while (ok && (len = getline(&text, &room, in)) > 0) {
        struct frame frame;
        struct ct_errmsg msg;
        number++;
        cJSON *json = cJSON_ParseWithLength(text, (size_t)len);
        const char *wrong = json ? read_line(json, last, &line, &frame) : "not JSON";
        if (!wrong && recording_append(recording, &frame, &msg) != CT_OK)
            wrong = msg.text;
        if (wrong)
            fprintf(stderr, "jsonl_to_recording: line %zu: %s\n", number, wrong);
        ok = !wrong;
        last = line.wall_ns;
        cJSON_Delete(json);
    }
    if (ferror(in)) {
        fprintf(stderr, "jsonl_to_recording: cannot read: %s\n", strerror(errno));
        ok = false;
    } else if (ok && number == 0) {
        fputs("jsonl_to_recording: no lines\n", stderr);
        ok = false;
    }
    free(text);
    buf_finish(&line.body);
    return ok;
}

int main(int argc, char **argv)
{
    struct recording *recording;
    struct ct_errmsg msg;
    if (argc != 2) {
        fputs("usage: jsonl_to_recording OUT < LINES\n", stderr);
        return 2;
    }
    if (recording_create(argv[1], &recording, &msg) != CT_OK) {
        fprintf(stderr, "jsonl_to_recording: %s\n", msg.text);
        return 1;
    }
    bool ok = convert(stdin, recording);
    recording_close(recording);
    if (!ok)
        unlink(argv[1]);
    return ok ? 0 : 1;
}
