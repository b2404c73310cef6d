#include "journals.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_MAX (8u * 1024u * 1024u)

char *path_join(const char *folder, const char *name)
{
    size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    assert_non_null(path);
    snprintf(path, room, "%s/%s", folder, name);
    return path;
}

char *folder_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = path_join(tmp && tmp[0] ? tmp : "/tmp", "ct-journal-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static bool real_entry(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (!real_entry(e))
            continue;
        char *inner = path_join(path, e->d_name);
        if (unlink(inner) != 0)
            remove_tree(inner);
        free(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void folder_drop(char *path)
{
    remove_tree(path);
    free(path);
}

size_t folder_count(const char *folder, const char *end)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    struct dirent *e;
    while ((e = readdir(dir))) {
        size_t len = strlen(e->d_name);
        n += len >= strlen(end) && strcmp(e->d_name + len - strlen(end), end) == 0;
    }
    closedir(dir);
    return n;
}

size_t file_read(const char *path, char **bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    struct stat st;
    assert_int_equal(fstat(fileno(f), &st), 0);
    *bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(*bytes);
    size_t n = fread(*bytes, 1, (size_t)st.st_size, f);
    assert_int_equal(n, st.st_size);
    fclose(f);
    return n;
}

void file_write(const char *path, const void *bytes, size_t len)
{
    unlink(path); /* a new file: some file systems flush one that is truncated and written again */
    FILE *f = fopen(path, "wb");
    if (!f)
        fail_msg("cannot write %s", path);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

uint64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static char body_byte(uint64_t seq, size_t at)
{
    return (char)(mix(seq * 1000003 + at / 8) >> (at % 8 * 8) & 0xff);
}

static const char *sample_path(uint64_t seq)
{
    return seq % 3 == 0 ? "/v1/logs" : seq % 3 == 1 ? "/v1/traces" : "/v1/metrics";
}

void sample_frame(uint64_t seq, size_t body_len, struct frame *f)
{
    static char body[BODY_MAX];
    static char number[24];
    static struct frame_header headers[2];
    assert_true(body_len <= sizeof body);
    for (size_t i = 0; i < body_len; i++)
        body[i] = body_byte(seq, i);
    snprintf(number, sizeof number, "%llu", (unsigned long long)seq);
    headers[0] = (struct frame_header){SLICE_LIT("Content-Type"), SLICE_LIT("application/x-protobuf")};
    headers[1] = (struct frame_header){SLICE_LIT("X-Number"), slice_str(number)};
    *f = (struct frame){
        .wall_ns = SAMPLE_WALL_NS + (int64_t)(seq - 1) * SAMPLE_STEP_NS,
        .mono_ns = (int64_t)seq,
        .source = FRAME_OTLP_HTTP,
        .method = SLICE_LIT("POST"),
        .path = slice_str(sample_path(seq)),
        .headers = headers,
        .header_count = 2,
        .body = slice_make(body, body_len),
    };
}

bool sample_matches(const struct frame *f)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)f->seq);
    bool same = f->wall_ns == SAMPLE_WALL_NS + (int64_t)(f->seq - 1) * SAMPLE_STEP_NS &&
                f->mono_ns == (int64_t)f->seq && f->source == FRAME_OTLP_HTTP &&
                slice_eq_str(f->method, "POST") && slice_eq_str(f->path, sample_path(f->seq)) &&
                f->header_count == 2 &&
                slice_eq_str(frame_header_get(f, "content-type"), "application/x-protobuf") &&
                slice_eq_str(frame_header_get(f, "x-number"), number);
    for (size_t i = 0; same && i < f->body.len; i++)
        same = f->body.ptr[i] == body_byte(f->seq, i);
    return same;
}

void assert_sample(const struct frame *f)
{
    if (!sample_matches(f))
        fail_msg("frame %llu is not what was appended", (unsigned long long)f->seq);
}

void append_sample(struct journal *j, uint64_t seq, size_t body_len)
{
    struct frame f;
    struct ct_errmsg msg = {""};
    sample_frame(seq, body_len, &f);
    enum ct_err err = journal_append(j, &f, &msg);
    if (err)
        fail_msg("append %llu: %s: %s", (unsigned long long)seq, ct_err_name(err), msg.text);
    assert_int_equal(f.seq, seq);
}

size_t read_samples(struct journal_reader *r, uint64_t *skipped, uint64_t *damaged)
{
    size_t n = 0;
    struct frame f;
    uint64_t gone;
    uint64_t last = 0;
    enum ct_err err;
    while ((err = journal_reader_next(r, &f, &gone)) != CT_END) {
        if (skipped)
            *skipped += gone;
        if (err == CT_ERR_FORMAT && damaged) {
            (*damaged)++;
            continue;
        }
        if (err)
            fail_msg("reading: %s", ct_err_name(err));
        assert_true(f.seq > last);
        assert_sample(&f);
        last = f.seq;
        n++;
    }
    if (skipped)
        *skipped += gone;
    return n;
}

struct journal *open_journal(const struct journal_config *config)
{
    struct journal *j;
    struct ct_errmsg msg = {""};
    enum ct_err err = journal_open(config, &j, &msg);
    if (err)
        fail_msg("open: %s: %s", ct_err_name(err), msg.text);
    return j;
}
