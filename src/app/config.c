#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct reading {
    FILE *file;
    const char *path;
    unsigned line; /* of the text that inih has just got */
    size_t bytes;
    config_handler_fn handler;
    void *ctx;
    enum ct_err err; /* the first one */
    struct ct_errmsg *msg;
};

static void fail(struct reading *r, enum ct_err err, const char *words)
{
    if (r->err)
        return;
    r->err = ct_fail(r->msg, err, "%s:%u: %s", r->path, r->line, words);
}

/*
 * inih's handler is not told the line (unless inih was built so), so that its lines are counted here. Blanks
 * at the start go, because inih takes an indented line for the continuation of the one before.
 */
static char *read_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    int len = 0, c = r->err ? EOF : fgetc(r->file);
    if (c == EOF)
        return NULL;
    r->line++;
    for (; c != EOF; c = fgetc(r->file)) {
        char words[64] = "";
        if (++r->bytes > CONFIG_BYTES_MAX)
            snprintf(words, sizeof words, "the file is too large for settings");
        else if (c == '\0')
            snprintf(words, sizeof words, "a NUL byte: this is not a text file");
        else if (len + 1 == size)
            snprintf(words, sizeof words, "the line is longer than %d bytes", size - 2);
        if (words[0]) {
            fail(r, CT_ERR_FORMAT, words);
            return NULL;
        }
        out[len++] = (char)c;
        if (c == '\n')
            break;
    }
    out[len] = '\0';
    size_t blank = strspn(out, " \t");
    memmove(out, out + blank, (size_t)len - blank + 1);
    return out;
}

static int take_key(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    struct ct_errmsg words = {""};
    if (value[0] == ';') /* inih sees a comment only behind a blank */
        value = "";
    enum ct_err err =
        r->handler(r->ctx, slice_str(section), slice_str(key), slice_str(value), r->line, &words);
    if (err)
        fail(r, err, words.text);
    return err == CT_OK;
}

/* Reads to the end and closes. */
static enum ct_err parse(struct reading *r)
{
    int bad_line = ini_parse_stream(read_line, r, take_key, r);
    if (!r->err && ferror(r->file)) {
        r->err = ct_fail(r->msg, CT_ERR_IO, "cannot read %s: %s", r->path, strerror(errno));
    } else if (!r->err && bad_line < 0) {
        r->err = ct_fail(r->msg, CT_ERR_NOMEM, "cannot read %s: out of memory", r->path);
    } else if (!r->err && bad_line > 0) {
        r->line = (unsigned)bad_line;
        fail(r, CT_ERR_FORMAT, "neither [section] nor key = value");
    }
    fclose(r->file);
    return r->err;
}

enum ct_err config_read(const char *path, config_handler_fn handler, void *ctx, struct ct_errmsg *msg)
{
    struct stat st;
    struct reading r = {.path = path, .handler = handler, .ctx = ctx, .msg = msg};
    r.file = fopen(path, "re");
    if (!r.file) {
        enum ct_err err = errno == ENOENT || errno == ENOTDIR ? CT_ERR_NOT_FOUND : CT_ERR_IO;
        return ct_fail(msg, err, "cannot read %s: %s", path, strerror(errno));
    }
    if (fstat(fileno(r.file), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(r.file);
        return ct_fail(msg, CT_ERR_IO, "cannot read %s: it is a folder", path);
    }
    return parse(&r);
}

enum ct_err config_read_text(const char *name, const char *text, config_handler_fn handler, void *ctx,
                             struct ct_errmsg *msg)
{
    struct reading r = {.path = name, .handler = handler, .ctx = ctx, .msg = msg};
    r.file = fmemopen((char *)(uintptr_t)text, strlen(text), "r"); /* it only reads */
    if (!r.file)
        return ct_fail(msg, CT_ERR_NOMEM, "cannot read %s: out of memory", name);
    return parse(&r);
}
