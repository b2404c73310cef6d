#include "process_identity.h"

#include <stdio.h>
#include <string.h>

/* proc_pid_stat(5): the name in parentheses may hold anything; the 22nd field is the time of the start. */
#define FIELDS_AFTER_NAME 20
#define STAT_MAX          1024

/* A hook is run by a shell, perhaps by a script. */
#define ANCESTORS_MAX 6

/* The first bytes of /proc/PID/stat. */
static bool read_stat(long pid, char *text, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "re") : NULL;
    if (!file)
        return false;
    size_t n = fread(text, 1, cap - 1, file);
    fclose(file);
    text[n] = '\0';
    return strrchr(text, ')') != NULL;
}

bool process_identity_of(long pid, char out[PROCESS_HEADER_MAX])
{
    char text[STAT_MAX];
    if (!read_stat(pid, text, sizeof text))
        return false;
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

long process_ancestor(long pid, const char *name)
{
    char text[STAT_MAX];
    for (int level = 0; level < ANCESTORS_MAX && read_stat(pid, text, sizeof text); level++) {
        const char *open = strchr(text, '('), *close = strrchr(text, ')');
        size_t len = strlen(name);
        if (open && close > open && (size_t)(close - open - 1) == len && memcmp(open + 1, name, len) == 0)
            return pid;
        if (sscanf(close, ") %*c %ld", &pid) != 1)
            break;
    }
    return 0;
}
