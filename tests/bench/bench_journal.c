/*
 * How fast the journal takes and gives back frames. Prints one line per measurement; no pass or fail.
 *
 *     bench_journal [FOLDER]       the folder is made below FOLDER (default: $TMPDIR or /tmp), and removed
 */
#include "clock.h"
#include "journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BODY_BYTES    20000u
#define FRAMES_NEVER  50000u
#define FRAMES_ALWAYS 300u
#define OPENINGS      20

static char folder[512];

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_journal: %s: %s\n", what, why);
    exit(1);
}

static void empty_folder(void)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}

static struct journal *open_journal(enum journal_fsync policy, bool memory)
{
    struct journal_config config;
    struct journal *j;
    struct ct_errmsg msg;
    journal_config_init(&config);
    config.dir = memory ? NULL : folder;
    config.fsync = policy;
    config.max_bytes = UINT64_C(2) << 30;
    if (journal_open(&config, &j, &msg))
        die("open", msg.text);
    return j;
}

static double seconds_since(int64_t start)
{
    return (double)(clock_mono() - start) / (double)NS_PER_SEC;
}

static void report(const char *what, size_t count, double seconds)
{
    printf("%-28s %9.0f frames/s %9.1f MB/s   (%zu frames in %.2f s)\n", what, (double)count / seconds,
           (double)count * BODY_BYTES / seconds / 1e6, count, seconds);
}

static void append(struct journal *j, size_t count, const char *what)
{
    static char body[BODY_BYTES];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 2654435761u >> 13);
    const struct frame_header headers[] = {
        {SLICE_LIT("Content-Type"), SLICE_LIT("application/x-protobuf")},
        {SLICE_LIT("User-Agent"), SLICE_LIT("OTel-OTLP-Exporter-JavaScript/0.208.0")},
    };
    int64_t start = clock_mono();
    for (size_t i = 0; i < count; i++) {
        struct frame f = {
            .wall_ns = clock_wall(),
            .mono_ns = clock_mono(),
            .source = FRAME_OTLP_HTTP,
            .method = SLICE_LIT("POST"),
            .path = SLICE_LIT("/v1/logs"),
            .headers = headers,
            .header_count = 2,
            .body = slice_make(body, sizeof body),
        };
        struct ct_errmsg msg;
        if (journal_append(j, &f, &msg))
            die("append", msg.text);
    }
    report(what, count, seconds_since(start));
}

static void read_all(struct journal *j, size_t count, const char *what)
{
    int64_t start = clock_mono();
    struct journal_reader *r = journal_reader_open(j, 0);
    struct frame f;
    size_t n = 0;
    while (journal_reader_next(r, &f, NULL) == CT_OK)
        n++;
    journal_reader_close(r);
    if (n != count)
        die("read", "frames are missing");
    report(what, count, seconds_since(start));
}

static void open_large(void)
{
    struct journal_stats stats = {0};
    int64_t start = clock_mono();
    for (int i = 0; i < OPENINGS; i++) {
        struct journal *j = open_journal(JOURNAL_FSYNC_NEVER, false);
        stats = journal_stats(j);
        journal_close(j);
    }
    printf("%-28s %9.2f ms           (%.2f GB in %llu segments)\n", "open and close",
           seconds_since(start) * 1e3 / OPENINGS, (double)stats.bytes / 1e9,
           (unsigned long long)stats.segments);

    struct journal *j = open_journal(JOURNAL_FSYNC_NEVER, false);
    start = clock_mono();
    struct journal_reader *r = journal_reader_open(j, stats.last_seq - 1);
    struct frame f;
    if (journal_reader_next(r, &f, NULL) != CT_OK || f.seq != stats.last_seq - 1)
        die("read", "the frame before the last is missing");
    printf("%-28s %9.2f ms\n", "first frame near the end", seconds_since(start) * 1e3);
    journal_reader_close(r);
    journal_close(j);
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    const char *base = argc > 1 ? argv[1] : tmp && tmp[0] ? tmp : "/tmp";
    snprintf(folder, sizeof folder, "%s/ct-bench-journal-XXXXXX", base);
    if (!mkdtemp(folder))
        die(folder, "cannot make the folder");

    struct journal *j = open_journal(JOURNAL_FSYNC_NEVER, false);
    append(j, FRAMES_NEVER, "append, fsync never");
    read_all(j, FRAMES_NEVER, "read from disk");
    journal_close(j);
    open_large();
    empty_folder();

    j = open_journal(JOURNAL_FSYNC_ALWAYS, false);
    append(j, FRAMES_ALWAYS, "append, fsync always");
    journal_close(j);
    empty_folder();
    rmdir(folder);

    j = open_journal(JOURNAL_FSYNC_NEVER, true);
    append(j, FRAMES_NEVER, "append, in memory");
    read_all(j, FRAMES_NEVER, "read from memory");
    journal_close(j);
    return 0;
}
