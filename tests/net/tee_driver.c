/*
 * tee_driver.c - a journal and a tee without the rest of the program, driven by lines of JSON on stdin.
 *
 *   tee_driver URL JOURNAL_DIR|- [setting=value]...
 *
 * Settings: the numbers of tee_config and journal_config by their names, and file_bytes_max: files cannot
 * grow past it, which is what a full disk looks like. Besides: protocol=http|grpc, other=convert|hold|pass,
 * from=oldest|now, header=LINE and own=ADDRESS (both may come often), ca_file, cert_file, key_file, and
 * also=URL: a second tee, for HTTP, with the same settings, whose statistics are "also". Commands:
 *   {"cmd":"append","source":"http|grpc|hook","path":…,"headers":[[name,value]…],"file":…|"text":…}
 *   {"cmd":"stats"}   {"cmd":"watch"}  prints the statistics now, or at every change from now on
 *   {"cmd":"stop","grace":ms}   and so does the end of stdin, with grace 0
 * Every answer is a line of JSON on stdout: {"event":"ready"}, {"event":"stats",…}, {"event":"stopped",…}.
 */
#include "buf.h"
#include "clock.h"
#include "journal.h"
#include "mem.h"
#include "tee.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static uv_loop_t loop;
static uv_pipe_t input;
static struct buf lines;
static struct journal *journal;
static struct tee *tees[2];
static unsigned tee_count;
static bool watching;
static bool stopping;
static unsigned long changes;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "tee_driver: %s\n", what);
    exit(2);
}

static void add_stats(cJSON *o, const struct tee *tee)
{
    static const char *const health[] = {"idle", "ok", "retrying", "rejecting"};
    struct tee_stats s = tee_stats(tee);
    cJSON_AddStringToObject(o, "health", health[s.health]);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"forwarded_requests", (double)s.forwarded_requests},
        {"forwarded_bytes", (double)s.forwarded_bytes},
        {"queued_requests", (double)s.queued_requests},
        {"queued_bytes", (double)s.queued_bytes},
        {"queued_oldest_wall_ns", (double)s.queued_oldest_wall_ns},
        {"held_requests", (double)s.held_requests},
        {"retries", (double)s.retries},
        {"rejected", (double)s.rejected},
        {"partial_successes", (double)s.partial_successes},
        {"rejected_records", (double)s.rejected_records},
        {"dropped", (double)s.dropped},
        {"cursor_failures", (double)s.cursor_failures},
        {"last_status", (double)s.last_status},
        {"last_grpc_status", (double)s.last_grpc_status},
        {"next_retry_ms",
         s.next_retry_mono_ns ? (double)(s.next_retry_mono_ns - clock_mono()) / (double)NS_PER_MS : 0},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cJSON_AddNumberToObject(o, numbers[i].name, numbers[i].value);
    cJSON_AddStringToObject(o, "last_error", s.last_error);
    cJSON_AddStringToObject(o, "last_refusal", s.last_refusal);
}

static void print_stats(const char *event)
{
    struct journal_stats j = journal_stats(journal);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", event);
    add_stats(o, tees[0]);
    if (tee_count > 1)
        add_stats(cJSON_AddObjectToObject(o, "also"), tees[1]);
    cJSON_AddNumberToObject(o, "journal_first", (double)j.first_seq);
    cJSON_AddNumberToObject(o, "journal_last", (double)j.last_seq);
    cJSON_AddNumberToObject(o, "changes", (double)changes);
    /* What the loop would sleep now: -1 is "until something happens". */
    cJSON_AddNumberToObject(o, "loop_timeout", stopping ? 0 : (double)uv_backend_timeout(&loop));
    char *text = cJSON_PrintUnformatted(o);
    puts(text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(o);
}

static void on_change(void *ctx)
{
    (void)ctx;
    changes++;
    if (watching)
        print_stats("change");
}

static void on_stopped(void *ctx)
{
    static unsigned stopped;
    (void)ctx;
    if (++stopped < tee_count)
        return;
    print_stats("stopped");
    while (tee_count)
        tee_destroy(tees[--tee_count]);
    uv_close((uv_handle_t *)&input, NULL);
}

static void stop(uint32_t grace_ms)
{
    if (stopping)
        return;
    stopping = true;
    for (unsigned i = 0; i < tee_count; i++)
        tee_stop(tees[i], grace_ms, on_stopped, NULL);
}

static const char *text_of(const cJSON *o, const char *key, const char *fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(item) ? item->valuestring : fallback;
}

static void read_body(const cJSON *o, struct buf *body)
{
    const char *path = text_of(o, "file", NULL);
    if (!path) {
        if (buf_append_str(body, text_of(o, "text", "")))
            die("the text is too long");
        return;
    }
    FILE *f = fopen(path, "rb");
    char part[4096];
    size_t n;
    if (!f)
        die(path);
    while ((n = fread(part, 1, sizeof part, f)) > 0) {
        if (buf_append(body, slice_make(part, n)))
            die("the body is too long");
    }
    fclose(f);
}

static void append(const cJSON *o)
{
    struct frame_header headers[FRAME_HEADERS_MAX];
    struct buf body;
    const char *source = text_of(o, "source", "http");
    struct frame f = {.wall_ns = clock_wall(),
                      .mono_ns = clock_mono(),
                      .method = SLICE_LIT("POST"),
                      .path = slice_str(text_of(o, "path", "")),
                      .headers = headers};
    f.source = FRAME_HOOK;
    if (strcmp(source, "http") == 0)
        f.source = FRAME_OTLP_HTTP;
    else if (strcmp(source, "grpc") == 0)
        f.source = FRAME_OTLP_GRPC;
    const cJSON *pair;
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(o, "headers"))
    {
        headers[f.header_count].name = slice_str(cJSON_GetArrayItem(pair, 0)->valuestring);
        headers[f.header_count++].value = slice_str(cJSON_GetArrayItem(pair, 1)->valuestring);
    }
    buf_init(&body, FRAME_BYTES_MAX);
    read_body(o, &body);
    f.body = buf_slice(&body);
    struct ct_errmsg msg;
    enum ct_err err = journal_append(journal, &f, &msg);
    if (err && err != CT_ERR_IO) /* kept in memory then */
        die(msg.text);
    for (unsigned i = 0; i < tee_count; i++)
        tee_notify(tees[i]);
    buf_finish(&body);
}

static void command(const char *line)
{
    cJSON *o = cJSON_Parse(line);
    const char *cmd = text_of(o, "cmd", "");
    if (strcmp(cmd, "append") == 0) {
        append(o);
    } else if (strcmp(cmd, "stats") == 0) {
        print_stats("stats");
    } else if (strcmp(cmd, "watch") == 0) {
        watching = true;
        print_stats("change");
    } else if (strcmp(cmd, "stop") == 0) {
        stop((uint32_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "grace")));
    } else {
        die(line);
    }
    cJSON_Delete(o);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    static char room[65536];
    *out = uv_buf_init(room, suggested < sizeof room ? (unsigned)suggested : (unsigned)sizeof room);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    (void)stream;
    if (n < 0) {
        stop(0);
        return;
    }
    if (buf_append(&lines, slice_make(bytes->base, (size_t)n)))
        die("a line is too long");
    for (;;) {
        size_t end = slice_find(buf_slice(&lines), '\n');
        if (end == lines.len)
            return;
        lines.data[end] = '\0';
        if (!stopping)
            command(lines.data);
        buf_consume(&lines, end + 1);
    }
}

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    (void)ctx;
    (void)j;
    for (unsigned i = 0; i < tee_count; i++)
        tee_retire(tees[i], first, last);
}

static void limit_files(rlim_t bytes)
{
    const struct rlimit limit = {bytes, bytes};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit))
        die("setrlimit");
}

#define LIST_MAX 40
static const char *headers[LIST_MAX + 1], *own[LIST_MAX + 1], *also;

static void add(const char **list, const char *value)
{
    size_t n = 0;
    while (list[n])
        n++;
    if (n == LIST_MAX)
        die(value);
    list[n] = value;
}

static bool set_text(struct tee_config *t, struct slice name, const char *value)
{
    static const char *const others[] = {"convert", "hold", "pass"};
    if (slice_eq_str(name, "protocol")) {
        t->upstream_grpc = strcmp(value, "grpc") == 0 ? t->upstream_http : NULL;
        t->upstream_http = t->upstream_grpc ? NULL : t->upstream_http;
    } else if (slice_eq_str(name, "other")) {
        for (int i = 0; i < 3; i++)
            t->other = strcmp(value, others[i]) == 0 ? (enum tee_other)i : t->other;
    } else if (slice_eq_str(name, "from")) {
        t->from = strcmp(value, "now") == 0 ? TEE_FROM_NOW : TEE_FROM_OLDEST;
    } else if (slice_eq_str(name, "header")) {
        add(headers, value);
    } else if (slice_eq_str(name, "own")) {
        add(own, value);
    } else if (slice_eq_str(name, "ca_file")) {
        t->ca_file = value;
    } else if (slice_eq_str(name, "cert_file")) {
        t->cert_file = value;
    } else if (slice_eq_str(name, "key_file")) {
        t->key_file = value;
    } else if (slice_eq_str(name, "also")) {
        also = value;
    } else {
        return false;
    }
    return true;
}

static void set(struct tee_config *t, struct journal_config *j, const char *setting)
{
    const char *equals = strchr(setting, '=');
    uint64_t value;
    if (!equals)
        die(setting);
    struct slice name = slice_make(setting, (size_t)(equals - setting));
    if (set_text(t, name, equals + 1))
        return;
    if (!slice_to_u64(slice_str(equals + 1), &value))
        die(setting);
    const struct {
        const char *name;
        uint32_t *field;
    } small[] = {
        {"connect_timeout_ms", &t->connect_timeout_ms},
        {"request_timeout_ms", &t->request_timeout_ms},
        {"backoff_first_ms", &t->backoff_first_ms},
        {"backoff_max_ms", &t->backoff_max_ms},
        {"retry_after_max_ms", &t->retry_after_max_ms},
        {"connection_age_ms", &t->connection_age_ms},
        {"signals", &t->signals},
        {"poison_attempts", &t->poison_attempts},
        {"poison_after_ms", &t->poison_after_ms},
    };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        if (slice_eq_str(name, small[i].name)) {
            *small[i].field = (uint32_t)value;
            return;
        }
    }
    if (slice_eq_str(name, "response_bytes_max"))
        t->response_bytes_max = (size_t)value;
    else if (slice_eq_str(name, "max_bytes"))
        j->max_bytes = value;
    else if (slice_eq_str(name, "segment_bytes"))
        j->segment_bytes = value;
    else if (slice_eq_str(name, "file_bytes_max"))
        limit_files((rlim_t)value);
    else
        die(setting);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage: tee_driver URL JOURNAL_DIR|- [setting=value]...");
    struct tee_config config;
    struct journal_config journal_config;
    struct ct_errmsg msg;
    tee_config_init(&config);
    journal_config_init(&journal_config);
    config.backoff_first_ms = 10;
    config.backoff_max_ms = 50;
    config.poison_attempts = 0; /* nothing but what was appended is sent */
    config.name = "test";
    config.upstream_http = argv[1];
    config.state_dir = journal_config.dir = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
    config.headers = headers;
    config.own_addresses = own;
    config.on_change = on_change;
    journal_config.on_retire = on_retire;
    for (int i = 3; i < argc; i++)
        set(&config, &journal_config, argv[i]);

    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    buf_init(&lines, (size_t)1024 * 1024);
    if (journal_open(&journal_config, &journal, &msg) || tee_create(&loop, journal, &config, &tees[0], &msg))
        die(msg.text);
    tee_count = 1;
    if (also) {
        config.name = "also";
        config.upstream_http = also;
        config.upstream_grpc = NULL;
        if (tee_create(&loop, journal, &config, &tees[1], &msg))
            die(msg.text);
        tee_count = 2;
    }
    uv_pipe_init(&loop, &input, 0);
    uv_pipe_open(&input, 0);
    uv_read_start((uv_stream_t *)&input, on_alloc, on_read);
    puts("{\"event\":\"ready\"}");
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);

    buf_finish(&lines);
    journal_close(journal);
    int left = uv_loop_close(&loop);
    return left ? 3 : 0;
}
