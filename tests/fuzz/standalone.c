/*
 * standalone.c - runs a fuzz target over given inputs, without a fuzzer.
 *
 *     fuzz_x [--captures] [--write-seeds FOLDER] FILE|FOLDER...
 *
 * Prints TAP, one test for the files and one for the captures. --write-seeds writes the captures as inputs,
 * for a fuzzer to start from.
 */
#include "fuzz.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void run(struct slice input)
{
    /* A block of exactly the input's size, so that the sanitizer sees a read past its end. */
    uint8_t *copy = malloc(input.len ? input.len : 1);
    fuzz_check(copy);
    if (input.len)
        memcpy(copy, input.ptr, input.len);
    LLVMFuzzerTestOneInput(copy, input.len);
    free(copy);
}

static bool run_file(const char *path, size_t *count)
{
    struct buf file;
    char block[4096];
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("# %s: %s\n", path, strerror(errno));
        return false;
    }
    buf_init(&file, SIZE_MAX);
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        fuzz_check(buf_append(&file, slice_make(block, n)) == CT_OK);
    fclose(f);
    run(buf_slice(&file));
    buf_finish(&file);
    ++*count;
    return true;
}

static bool run_path(const char *path, size_t *count)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        printf("# %s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode))
        return run_file(path, count);
    DIR *dir = opendir(path);
    bool ok = dir != NULL;
    for (struct dirent *e; ok && (e = readdir(dir)) != NULL;) {
        char child[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, e->d_name);
        ok = run_path(child, count);
    }
    if (dir)
        closedir(dir);
    return ok;
}

static bool write_seed(const char *folder, size_t number, struct slice input)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/capture-%04zu", folder, number);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    bool ok = fwrite(input.ptr, 1, input.len, f) == input.len;
    return fclose(f) == 0 && ok;
}

/* seeds NULL: runs them. */
static bool each_capture(const char *seeds, size_t *count)
{
    struct captures captures;
    struct buf input;
    bool ok = fuzz_seed && captures_load(&captures);
    if (!ok)
        return false;
    buf_init(&input, SIZE_MAX);
    for (size_t i = 0; ok && i < captures.count; i++) {
        buf_clear(&input);
        if (!fuzz_seed(&captures.requests[i], &input))
            continue;
        if (seeds)
            ok = write_seed(seeds, i, buf_slice(&input));
        else
            run(buf_slice(&input));
        ++*count;
    }
    buf_finish(&input);
    captures_free(&captures);
    return ok && *count > 0;
}

int main(int argc, char **argv)
{
    bool captures = false, files_ok = true, captures_ok = true;
    const char *seeds = NULL;
    size_t files = 0, requests = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--captures") == 0)
            captures = true;
        else if (strcmp(argv[i], "--write-seeds") == 0 && i + 1 < argc)
            seeds = argv[++i];
        else
            files_ok = run_path(argv[i], &files) && files_ok;
    }
    if (captures || seeds)
        captures_ok = each_capture(seeds, &requests);
    files_ok = files_ok && (files > 0 || seeds);
    printf("%s 1 - %zu files of the corpus\n", files_ok ? "ok" : "not ok", files);
    if (captures || seeds)
        printf("%s 2 - %zu recorded requests\n", captures_ok ? "ok" : "not ok", requests);
    printf("1..%d\n", captures || seeds ? 2 : 1);
    return files_ok && captures_ok ? 0 : 1;
}
