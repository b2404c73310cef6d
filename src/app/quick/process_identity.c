#include "process_identity.h"

#include <stdio.h>
#include <string.h>

/* proc_pid_stat(5): the name in parentheses may hold anything; the 22nd field is the time of the start. */
#define FIELDS_AFTER_NAME 20

bool process_identity_of(long pid, char out[PROCESS_HEADER_MAX])
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "re") : NULL;
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 0; at && field < FIELDS_AFTER_NAME; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    unsigned long long start;
    if (!at || sscanf(at, "%llu", &start) != 1)
        return false;
    snprintf(out, PROCESS_HEADER_MAX, "%ld %llu", pid, start);
    return true;
}
