/* realpath() */
#define _XOPEN_SOURCE 700

#include "config_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define TEXT_MAX       ((size_t)CONFIG_BYTES_MAX + 4096)

/* ------------------------------------------------------------------------------------------------ text */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks and line ends around it. */
static struct slice strip(struct slice line)
{
    while (line.len && is_blank(line.ptr[line.len - 1]))
        line.len--;
    return slice_trim(line);
}

/* A line with its end. */
static struct slice next_line(struct slice *rest)
{
    size_t end = slice_find(*rest, '\n');
    struct slice line = slice_sub(*rest, 0, end < rest->len ? end + 1 : end);
    *rest = slice_sub(*rest, line.len, rest->len);
    return line;
}

static bool is_comment(struct slice trimmed)
{
    return trimmed.len && (trimmed.ptr[0] == ';' || trimmed.ptr[0] == '#');
}

/* The name in "[name]", as inih reads it. */
static bool is_section(struct slice trimmed, struct slice *name)
{
    if (trimmed.len == 0 || trimmed.ptr[0] != '[')
        return false;
    *name = slice_sub(trimmed, 1, slice_find(trimmed, ']') - 1);
    return true;
}

/* The key of "key = value" or "key: value", and the offset of what follows the sign. */
static bool is_key(struct slice line, struct slice *key, size_t *after)
{
    size_t equals = slice_find(line, '='), colon = slice_find(line, ':');
    size_t at = equals < colon ? equals : colon;
    if (at == line.len)
        return false;
    *key = slice_trim(slice_sub(line, 0, at));
    *after = at + 1;
    return true;
}

/* Where in the line the value stands: [*from, *to), without the blanks around it, a comment or the line's
 * end.
 */
static void find_value(struct slice line, size_t after, size_t *from, size_t *to)
{
    size_t end = line.len;
    for (size_t i = after; i < line.len; i++)
        if (line.ptr[i] == ';' && (i == after || is_blank(line.ptr[i - 1]))) {
            end = i;
            break;
        }
    *from = after;
    while (*from < end && is_blank(line.ptr[*from]))
        ++*from;
    *to = end;
    while (*to > *from && is_blank(line.ptr[*to - 1]))
        --*to;
    if (*from == *to) /* no value: right behind the sign, or behind the one blank there */
        *from = *to = after < line.len && line.ptr[after] == ' ' ? after + 1 : after;
}

/* Where the change goes. */
struct place {
    bool found;      /* the key is there: its line is at */
    bool in_section; /* else at is the end of the section's last line that says something */
    size_t at;
};

static struct place find_place(struct slice text, struct slice section, struct slice wanted)
{
    struct place place = {.at = text.len};
    struct slice rest = text, name = SLICE_NULL, key;
    bool inside = false;
    size_t after;
    while (rest.len) {
        size_t start = text.len - rest.len;
        struct slice line = next_line(&rest), trimmed = strip(line);
        if (start == 0 && slice_starts(trimmed, SLICE_LIT("\xef\xbb\xbf")))
            trimmed = slice_trim(slice_sub(trimmed, 3, trimmed.len)); /* a BOM, which the parser skips */
        if (is_section(trimmed, &name)) {
            inside = slice_eq(name, section);
        } else if (inside && trimmed.len && !is_comment(trimmed) && is_key(line, &key, &after) &&
                   slice_eq(key, wanted)) {
            place = (struct place){.found = true, .at = start};
            continue;
        } else if (trimmed.len == 0 || is_comment(trimmed)) {
            continue;
        }
        if (inside && !place.found)
            place = (struct place){.in_section = true, .at = start + line.len};
    }
    return place;
}

struct writing {
    struct buf *out;
    enum ct_err err;
};

static void put(struct writing *w, struct slice text)
{
    if (!w->err)
        w->err = buf_append(w->out, text);
}

static void write_edited(struct writing *w, struct slice text, struct slice section, struct slice key,
                         struct slice value)
{
    struct place place = find_place(text, section, key);
    struct slice head = slice_sub(text, 0, place.at), tail = slice_sub(text, place.at, text.len);
    size_t first = slice_find(text, '\n');
    struct slice end =
        first > 0 && first < text.len && text.ptr[first - 1] == '\r' ? SLICE_LIT("\r\n") : SLICE_LIT("\n");
    put(w, head);
    if (place.found) {
        struct slice line = next_line(&tail), name;
        size_t after = 0, from, to;
        is_key(line, &name, &after);
        find_value(line, after, &from, &to);
        bool apart = from == to && to < line.len && line.ptr[to] == ';'; /* its comment keeps a blank */
        put(w, slice_sub(line, 0, from));
        put(w, value);
        put(w, apart ? SLICE_LIT(" ") : SLICE_NULL);
        put(w, slice_sub(line, to, line.len));
        put(w, tail);
        return;
    }
    if (head.len && head.ptr[head.len - 1] != '\n')
        put(w, end);
    if (!place.in_section) {
        put(w, head.len ? end : SLICE_NULL);
        put(w, SLICE_LIT("["));
        put(w, section);
        put(w, SLICE_LIT("]"));
        put(w, end);
    }
    put(w, key);
    put(w, SLICE_LIT(" = "));
    put(w, value);
    put(w, end);
    put(w, tail);
}

/* What the parser makes of a text: the value that counts. */
struct reading {
    struct slice section, key, value;
    bool reads; /* the last one that was set is value */
};

static enum ct_err take_key(void *ctx, struct slice section, struct slice key, struct slice value,
                            unsigned line, struct ct_errmsg *msg)
{
    struct reading *r = ctx;
    (void)line;
    (void)msg;
    if (slice_eq(section, r->section) && slice_eq(key, r->key))
        r->reads = slice_eq(value, r->value);
    return CT_OK;
}

/* A BOM is dropped by the parser, but not by us. */
static enum ct_err parse(const char *name, struct buf *text, struct reading *r, struct ct_errmsg *msg)
{
    const char *chars = buf_cstr(text);
    if (!chars || strlen(chars) != text->len)
        return ct_fail(msg, CT_ERR_FORMAT, "%s: a NUL byte: this is not a text file", name);
    return text->len == 0 ? CT_OK : config_read_text(name, chars, take_key, r, msg);
}

enum ct_err config_edit_text(const char *name, struct slice text, struct slice section, struct slice key,
                             struct slice value, struct buf *out, struct ct_errmsg *msg)
{
    struct reading before = {.section = section, .key = key, .value = value}, after = before;
    struct buf copy, made;
    buf_init(&copy, TEXT_MAX);
    buf_init(&made, TEXT_MAX);
    struct writing w = {.out = &made, .err = buf_append(&copy, text)};
    enum ct_err err = w.err ? ct_fail(msg, CT_ERR_LIMIT, "%s is too large for settings", name) : CT_OK;
    if (!err)
        err = parse(name, &copy, &before, msg);
    if (!err) {
        write_edited(&w, text, section, key, value);
        struct ct_errmsg ignored;
        /* The proof of it: what was written reads as what was meant. */
        if (w.err || parse(name, &made, &after, &ignored) || !after.reads)
            err = ct_fail(msg, CT_ERR_USAGE, "\"%.*s\" cannot be written into %s",
                          SLICE_ARG(slice_sub(value, 0, 60)), name);
    }
    if (!err && buf_append(out, buf_slice(&made)))
        err = ct_fail(msg, CT_ERR_LIMIT, "%s is too large for settings", name);
    buf_finish(&copy);
    buf_finish(&made);
    return err;
}

/* ------------------------------------------------------------------------------------------------ file */

enum ct_err config_edit_read(const char *path, struct buf *out, struct ct_errmsg *msg)
{
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return CT_OK;
    ssize_t n = fd < 0 ? -1 : 1;
    enum ct_err err = CT_OK;
    while (!err && fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0) {
        if (out->len + (size_t)n > CONFIG_BYTES_MAX || buf_append(out, slice_make(bytes, (size_t)n)))
            err = ct_fail(msg, CT_ERR_LIMIT, "%s is too large for settings", path);
    }
    if (n < 0)
        err = ct_fail(msg, CT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

static enum ct_err make_folder(const char *path, struct ct_errmsg *msg)
{
    char folder[PATH_BYTES_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return ct_fail(msg, CT_ERR_IO, "cannot make %s: %s", folder, strerror(errno));
    }
    return CT_OK;
}

static bool write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            text = slice_sub(text, (size_t)n, text.len);
    }
    return true;
}

/* So that the new name survives a power failure; without it nothing worse than the old text would come back.
 */
static void sync_folder(const char *path)
{
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* True when the file still holds this. */
static bool is_unchanged(const char *path, struct slice text)
{
    struct buf now;
    struct ct_errmsg msg;
    buf_init(&now, TEXT_MAX);
    bool same = config_edit_read(path, &now, &msg) == CT_OK && slice_eq(buf_slice(&now), text);
    buf_finish(&now);
    return same;
}

static enum ct_err changed(const char *path, struct ct_errmsg *msg)
{
    return ct_fail(msg, CT_ERR_BUSY, "%s was changed meanwhile: open the settings again", path);
}

static enum ct_err replace(const char *path, struct slice old, struct slice text, struct ct_errmsg *msg)
{
    char temporary[PATH_BYTES_MAX + 16];
    struct stat st;
    bool exists = stat(path, &st) == 0;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = mkstemp(temporary); /* 0600 */
    if (fd < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot write beside %s: %s", path, strerror(errno));
    enum ct_err err = CT_OK;
    if (!write_all(fd, text) || (exists && fchmod(fd, st.st_mode & 07777) != 0) || fsync(fd) != 0)
        err = ct_fail(msg, CT_ERR_IO, "cannot write %s: %s", temporary, strerror(errno));
    close(fd);
    if (!err && !is_unchanged(path, old))
        err = changed(path, msg);
    if (!err && rename(temporary, path) != 0)
        err = ct_fail(msg, CT_ERR_IO, "cannot write %s: %s", path, strerror(errno));
    if (err)
        unlink(temporary);
    else
        sync_folder(path);
    return err;
}

enum ct_err config_edit_file(const char *path, struct buf *seen, struct slice section, struct slice key,
                             struct slice value, struct ct_errmsg *msg)
{
    struct buf old, made;
    buf_init(&old, TEXT_MAX);
    buf_init(&made, TEXT_MAX);
    /* Behind a symbolic link the file itself is replaced, not the link. */
    char *behind = realpath(path, NULL);
    const char *file = behind ? behind : path;
    enum ct_err err =
        strlen(file) < PATH_BYTES_MAX ? CT_OK : ct_fail(msg, CT_ERR_LIMIT, "%s is too long", file);
    if (!err)
        err = config_edit_read(file, &old, msg);
    if (!err && seen && !slice_eq(buf_slice(&old), buf_slice(seen)))
        err = changed(path, msg);
    if (!err)
        err = config_edit_text(path, buf_slice(&old), section, key, value, &made, msg);
    if (!err && !behind)
        err = make_folder(file, msg);
    if (!err)
        err = replace(file, buf_slice(&old), buf_slice(&made), msg);
    if (!err && seen) {
        buf_clear(seen);
        buf_append(seen, buf_slice(&made));
    }
    free(behind);
    buf_finish(&old);
    buf_finish(&made);
    return err;
}
