/* fuzz_file.h - an input as a file, for targets that read one. */
#ifndef CT_TESTS_FUZZ_FILE_H
#define CT_TESTS_FUZZ_FILE_H

#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

static char fuzz_file_path[4096];

static inline void fuzz_file_remove(void)
{
    unlink(fuzz_file_path);
}

/* The same path every time. The file goes at exit(), which libFuzzer does not call: give it a TMPDIR of its
 * own. */
static inline const char *fuzz_file_write(struct slice bytes)
{
    static int file = -1;
    if (file < 0) {
        const char *folder = getenv("TMPDIR");
        snprintf(fuzz_file_path, sizeof fuzz_file_path, "%s/ct-fuzz-XXXXXX", folder ? folder : "/tmp");
        file = mkstemp(fuzz_file_path);
        fuzz_check(file >= 0 && atexit(fuzz_file_remove) == 0);
    }
    fuzz_check(ftruncate(file, 0) == 0);
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = pwrite(file, bytes.ptr + done, bytes.len - done, (off_t)done);
        fuzz_check(n > 0);
        done += (size_t)n;
    }
    return fuzz_file_path;
}

#endif
