#include "frames_source.h"

#include "folder.h"
#include "journal.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct frames_source {
    char *folder;       /* NULL: one file only */
    uint64_t *segments; /* first sequence numbers, in order */
    size_t count, at;
    struct recording *now;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static enum ct_err list(struct frames_source *s, struct ct_errmsg *msg)
{
    DIR *dir = opendir(s->folder);
    size_t cap = 0;
    if (!dir)
        return ct_fail(msg, CT_ERR_IO, "cannot read %s: %s", s->folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        uint64_t first;
        if (!folder_parse_segment_name(entry->d_name, &first))
            continue;
        if (s->count == cap) {
            cap = cap ? cap * 2 : 16;
            s->segments = mem_grow(s->segments, cap, sizeof *s->segments);
        }
        s->segments[s->count++] = first;
    }
    closedir(dir);
    if (s->count == 0)
        return ct_fail(msg, CT_ERR_NOT_FOUND,
                       "%s holds no journal: name a recording, or a state folder of claude-top", s->folder);
    qsort(s->segments, s->count, sizeof *s->segments, by_number);
    return CT_OK;
}

/* Segments that went or cannot be read are passed over; false when there is none left. */
static bool next_segment(struct frames_source *s)
{
    recording_close(s->now);
    s->now = NULL;
    while (!s->now && s->at < s->count) {
        char name[FOLDER_NAME_MAX], path[PATH_MAX];
        struct ct_errmsg ignored;
        folder_segment_name(s->segments[s->at++], name);
        snprintf(path, sizeof path, "%s/%s", s->folder, name);
        if (recording_open(path, &s->now, &ignored))
            s->now = NULL;
    }
    return s->now != NULL;
}

enum ct_err frames_source_open(const char *path, struct frames_source **out, struct ct_errmsg *msg)
{
    struct stat st;
    struct frames_source *s = mem_alloc(sizeof *s);
    enum ct_err err;
    *out = NULL;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        s->folder = mem_strdup(slice_str(path));
        err = list(s, msg);
    } else {
        err = recording_open(path, &s->now, msg);
    }
    if (err) {
        frames_source_close(s);
        return err;
    }
    *out = s;
    return CT_OK;
}

void frames_source_close(struct frames_source *s)
{
    if (!s)
        return;
    recording_close(s->now);
    free(s->segments);
    free(s->folder);
    free(s);
}

bool frames_source_next(struct frames_source *s, struct frame *out)
{
    while (s->now || next_segment(s)) {
        enum ct_err err;
        do
            err = recording_next(s->now, out);
        while (err == CT_ERR_FORMAT);
        if (err == CT_OK)
            return true;
        if (!next_segment(s))
            return false;
    }
    return false;
}
