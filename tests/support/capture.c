#include "capture.h"

#include "mem.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *data = mem_alloc((size_t)size + 1);
    *len = fread(data, 1, (size_t)size, f);
    fclose(f);
    return data;
}

static const char *data_dir(void)
{
    const char *dir = getenv("CT_TEST_DATA");
    if (!dir) {
        fputs("CT_TEST_DATA is not set: run the tests through meson\n", stderr);
        abort();
    }
    return dir;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **capture_names(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/captures", data_dir());
    DIR *dir = opendir(path);
    if (!dir)
        abort();
    size_t count = 0;
    char **names = mem_array(1, sizeof *names);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (d->d_name[0] == '.')
            continue;
        names = mem_grow(names, count + 2, sizeof *names);
        names[count++] = mem_strdup(slice_str(d->d_name));
        names[count] = NULL;
    }
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    return names;
}

void capture_names_free(char **names)
{
    for (char **n = names; *n; n++)
        free(*n);
    free(names);
}

static char *own(struct capture *c, char *data)
{
    c->owned = mem_grow(c->owned, c->owned_count + 1, sizeof *c->owned);
    c->owned[c->owned_count++] = data;
    return data;
}

static struct slice own_text(struct capture *c, const char *text)
{
    return slice_str(own(c, mem_strdup(slice_str(text ? text : ""))));
}

static struct frame *add(struct capture *c)
{
    c->frames = mem_grow(c->frames, c->count + 1, sizeof *c->frames);
    struct frame *f = &c->frames[c->count++];
    *f = (struct frame){.method = SLICE_LIT("POST")};
    return f;
}

static void add_request(struct capture *c, const char *dir, const cJSON *row)
{
    char path[4200];
    size_t len;
    struct frame *f = add(c);
    f->wall_ns = f->mono_ns = (int64_t)(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "t")) * 1e9);
    bool grpc = strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(row, "transport")), "grpc") == 0;
    c->grpc |= grpc;
    f->source = grpc ? FRAME_OTLP_GRPC : FRAME_OTLP_HTTP;
    f->path = own_text(c, cJSON_GetStringValue(cJSON_GetObjectItem(row, "path")));
    snprintf(path, sizeof path, "%s/%s", dir, cJSON_GetStringValue(cJSON_GetObjectItem(row, "body")));
    char *body = read_file(path, &len);
    if (!body)
        abort();
    f->body = slice_make(own(c, body), len);
    const cJSON *headers = cJSON_GetObjectItem(row, "headers");
    struct frame_header *list = mem_array((size_t)cJSON_GetArraySize(headers), sizeof *list);
    own(c, (char *)list);
    f->headers = list;
    for (const cJSON *h = headers->child; h; h = h->next)
        list[f->header_count++] =
            (struct frame_header){own_text(c, h->string), own_text(c, cJSON_GetStringValue(h))};
}

static void add_hook(struct capture *c, const char *dir, const cJSON *row)
{
    (void)dir;
    struct frame *f = add(c);
    f->wall_ns = f->mono_ns = (int64_t)(cJSON_GetNumberValue(cJSON_GetObjectItem(row, "t")) * 1e9);
    f->source = FRAME_HOOK;
    f->path = SLICE_LIT("/hooks");
    char *body = cJSON_PrintUnformatted(cJSON_GetObjectItem(row, "body"));
    f->body = slice_str(own(c, mem_strdup(slice_str(body))));
    cJSON_free(body);
}

static void add_status_line(struct capture *c, const char *dir, const cJSON *row)
{
    add_hook(c, dir, row);
    c->frames[c->count - 1].path = SLICE_LIT("/statusline");
}

static void each_line(struct capture *c, const char *dir, const char *file,
                      void (*row)(struct capture *, const char *, const cJSON *))
{
    char path[4200];
    size_t len;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    char *text = read_file(path, &len);
    if (!text)
        return;
    for (char *line = text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        cJSON *json = *line ? cJSON_Parse(line) : NULL;
        if (json)
            row(c, dir, json);
        cJSON_Delete(json);
    }
    free(text);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct frame *)a)->wall_ns, y = ((const struct frame *)b)->wall_ns;
    return x < y ? -1 : x > y;
}

void capture_load(struct capture *c, const char *name, enum capture_hooks hooks)
{
    char dir[4096], path[4200];
    size_t len;
    *c = (struct capture){0};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(dir, sizeof dir, "%s/captures/%s", data_dir(), name);
    each_line(c, dir, "requests.jsonl", add_request);
    if (hooks != CAPTURE_WITHOUT_HOOKS)
        each_line(c, dir, "hooks.jsonl", add_hook);
    if (hooks == CAPTURE_WITH_STATUS)
        each_line(c, dir, "statusline.jsonl", add_status_line);
    if (c->count > 1)
        qsort(c->frames, c->count, sizeof *c->frames, by_time);
    snprintf(path, sizeof path, "%s/expected.json", dir);
    char *expected = read_file(path, &len);
    c->expected = expected ? cJSON_Parse(expected) : NULL;
    free(expected);
    if (!c->expected || c->count == 0)
        abort();
}

void capture_free(struct capture *c)
{
    for (size_t i = 0; i < c->owned_count; i++)
        free(c->owned[i]);
    free(c->owned);
    free(c->frames);
    cJSON_Delete(c->expected);
}
