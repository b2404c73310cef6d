#include "captures.h"

#include "buf.h"
#include "mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#define PATH_MAX_HERE 1024

static bool read_file(const char *folder, const char *name, struct buf *out)
{
    char path[PATH_MAX_HERE];
    const char *data = getenv("CT_TEST_DATA");
    snprintf(path, sizeof path, "%s/captures/%s/%s", data ? data : "tests/data", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return false;
    }
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        if (buf_append(out, slice_make(block, n)))
            abort();
    fclose(f);
    return true;
}

static struct slice member(const cJSON *object, const char *name)
{
    return slice_str(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static bool load_request(struct captures *c, const char *folder, const cJSON *line)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(line, "headers");
    struct slice body_name = member(line, "body");
    bool grpc = slice_eq_str(member(line, "transport"), "grpc");
    struct capture_request r = {.encoding = OTLP_PROTOBUF};
    if (!otlp_signal_parse(member(line, "path"), &r.signal) ||
        (!grpc && !otlp_encoding_parse(member(headers, "content-type"), &r.encoding)) ||
        !otlp_compression_parse(member(headers, grpc ? "grpc-encoding" : "content-encoding"),
                                &r.compression)) {
        fprintf(stderr, "%s: a request with an unknown path or type\n", folder);
        return false;
    }
    struct buf file;
    buf_init(&file, SIZE_MAX);
    r.capture = mem_strdup(slice_str(folder));
    r.body_name = mem_strdup(body_name);
    if (!read_file(folder, r.body_name, &file))
        return false;
    struct slice body = buf_slice(&file);
    if (grpc) {
        size_t len = 0;
        for (size_t i = 1; i < 5 && body.len >= 5; i++)
            len = len << 8 | (uint8_t)body.ptr[i];
        if (body.len < 5 || len != body.len - 5) {
            fprintf(stderr, "%s/%s: not one gRPC message\n", folder, r.body_name);
            return false;
        }
        if (body.ptr[0] == 0)
            r.compression = OTLP_IDENTITY;
        body = slice_sub(body, 5, len);
    }
    /* A block of exactly the body's size, so that the sanitizer sees a read past its end. */
    char *exact = malloc(body.len ? body.len : 1);
    if (!exact)
        abort();
    memcpy(exact, body.ptr, body.len);
    r.body = slice_make(exact, body.len);
    buf_finish(&file);
    c->requests = mem_grow(c->requests, c->count + 1, sizeof *c->requests);
    c->requests[c->count++] = r;
    return true;
}

static bool load_capture(struct captures *c, const char *folder)
{
    struct buf file;
    bool ok = true;
    buf_init(&file, SIZE_MAX);
    if (!read_file(folder, "requests.jsonl", &file))
        return false;
    struct slice rest = buf_slice(&file);
    while (ok && rest.len) {
        struct slice line = slice_sub(rest, 0, slice_find(rest, '\n'));
        rest = slice_sub(rest, line.len + 1, rest.len);
        if (line.len == 0)
            continue;
        cJSON *json = cJSON_ParseWithLength(line.ptr, line.len);
        ok = json && load_request(c, folder, json);
        cJSON_Delete(json);
    }
    buf_finish(&file);
    return ok;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool captures_load(struct captures *c)
{
    char path[PATH_MAX_HERE];
    const char *data = getenv("CT_TEST_DATA");
    char **names = NULL;
    size_t count = 0;
    *c = (struct captures){0};
    snprintf(path, sizeof path, "%s/captures", data ? data : "tests/data");
    DIR *dir = opendir(path);
    if (!dir) {
        perror(path);
        return false;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        names = mem_grow(names, count + 1, sizeof *names);
        names[count++] = mem_strdup(slice_str(e->d_name));
    }
    closedir(dir);
    if (count)
        qsort(names, count, sizeof *names, by_name);
    bool ok = count > 0;
    for (size_t i = 0; i < count; i++) {
        ok = ok && load_capture(c, names[i]);
        free(names[i]);
    }
    free(names);
    return ok;
}

void captures_free(struct captures *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free((void *)(uintptr_t)c->requests[i].capture);
        free((void *)(uintptr_t)c->requests[i].body_name);
        free((void *)(uintptr_t)c->requests[i].body.ptr);
    }
    free(c->requests);
    *c = (struct captures){0};
}

bool captures_expected(const char *capture, struct otlp_counts *out)
{
    struct buf file;
    buf_init(&file, SIZE_MAX);
    if (!read_file(capture, "expected.json", &file))
        return false;
    cJSON *json = cJSON_ParseWithLength(file.data, file.len);
    const cJSON *records = cJSON_GetObjectItemCaseSensitive(json, "records");
    bool ok = cJSON_IsObject(records);
    *out = (struct otlp_counts){
        .logs = (size_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(records, "logs")),
        .spans = (size_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(records, "spans")),
        .points = (size_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(records, "metric_points")),
    };
    cJSON_Delete(json);
    buf_finish(&file);
    return ok;
}
