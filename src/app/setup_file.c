#include "setup_file.h"

#include "file_io.h"
#include "json_text.h"
#include "setup_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX (4u * CLAUDE_SETTINGS_MAX)

/* FNV-1a, 64 bits: the record's name by the file's path. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static const char *record_text(const struct setup_file *f, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(f->record, key));
}

static void read_record(struct setup_file *f)
{
    struct buf text;
    buf_init(&text, RECORD_MAX);
    if (file_read(f->record_path, &text, NULL) == CT_OK)
        f->record = cJSON_ParseWithLength(text.data, text.len);
    buf_finish(&text);
    const char *path = record_text(f, "path");
    if (!path || strcmp(path, f->path) != 0) {
        cJSON_Delete(f->record);
        f->record = NULL;
    }
}

enum ct_err setup_file_open(struct setup_file *f, const struct options *o, const char *path,
                            struct ct_errmsg *msg)
{
    struct ct_errmsg why;
    memset(f, 0, sizeof *f);
    buf_init(&f->text, CLAUDE_SETTINGS_MAX);
    snprintf(f->path, sizeof f->path, "%s", path);
    if (snprintf(f->record_path, sizeof f->record_path, "%s/setup/%016" PRIx64 ".json", o->state_dir,
                 hash_of(path)) >= (int)sizeof f->record_path)
        return ct_fail(msg, CT_ERR_USAGE, "the path of the state folder is too long");
    enum ct_err err = file_read(path, &f->text, msg);
    f->there = err != CT_ERR_NOT_FOUND;
    if (err && f->there)
        return err;
    if (!f->there || f->text.len == 0) {
        f->there = f->there && f->text.len > 0;
        buf_clear(&f->text);
        buf_append_str(&f->text, "{}\n");
    }
    if (json_text_check(buf_slice(&f->text), &why))
        return ct_fail(msg, CT_ERR_FORMAT, "%s: %s; it is left as it is: mend it first", path, why.text);
    read_record(f);
    return CT_OK;
}

void setup_file_close(struct setup_file *f)
{
    buf_finish(&f->text);
    cJSON_Delete(f->record);
    f->record = NULL;
}

bool setup_file_was_made(const struct setup_file *f)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(f->record, "made_file"));
}

enum ct_err setup_file_without(const struct setup_file *f, struct buf *out, struct buf *notes, size_t *taken)
{
    const char *before = record_text(f, "before"), *after = record_text(f, "after");
    *taken = 0;
    if (before && after && slice_eq_str(buf_slice(&f->text), after)) {
        *taken = 1;
        return buf_append_str(out, before);
    }
    enum ct_err err = buf_append(out, buf_slice(&f->text));
    return err || !f->record ? err : setup_undo(f->record, out, notes, taken);
}

static enum ct_err make_folder(const char *path, struct ct_errmsg *msg)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return CT_OK;
    *slash = '\0';
    if (mkdir(folder, 0700) && errno != EEXIST)
        return ct_fail(msg, CT_ERR_IO, "cannot make the folder %s: %s", folder, strerror(errno));
    return CT_OK;
}

static enum ct_err still_the_same(const struct setup_file *f, struct ct_errmsg *msg)
{
    struct buf now;
    buf_init(&now, CLAUDE_SETTINGS_MAX);
    enum ct_err err = file_read(f->path, &now, msg);
    if (err == CT_ERR_NOT_FOUND || (!err && now.len == 0))
        err = f->there ? CT_ERR_BUSY : CT_OK;
    else if (!err && !slice_eq(buf_slice(&now), buf_slice(&f->text)))
        err = CT_ERR_BUSY;
    buf_finish(&now);
    return err == CT_ERR_BUSY ? ct_fail(msg, err, "%s was changed meanwhile: try again", f->path) : err;
}

enum ct_err setup_file_write(const struct setup_file *f, const struct slice *text, struct ct_errmsg *msg)
{
    char backup[PATH_MAX + sizeof SETUP_BACKUP_SUFFIX];
    struct stat st;
    enum ct_err err = still_the_same(f, msg);
    if (!err && f->there) {
        snprintf(backup, sizeof backup, "%s" SETUP_BACKUP_SUFFIX, f->path);
        err =
            file_write(backup, buf_slice(&f->text), stat(f->path, &st) == 0 ? st.st_mode & 0777 : 0600, msg);
    }
    if (!err && !text)
        return unlink(f->path) && errno != ENOENT
                   ? ct_fail(msg, CT_ERR_IO, "cannot remove %s: %s", f->path, strerror(errno))
                   : CT_OK;
    if (!err)
        err = make_folder(f->path, msg);
    return err ? err : file_write(f->path, *text, 0600, msg);
}

static void add_slice(cJSON *o, const char *key, struct slice text)
{
    struct buf copy;
    buf_init(&copy, text.len + 1);
    buf_append(&copy, text);
    cJSON_AddStringToObject(o, key, text.len ? buf_cstr(&copy) : "");
    buf_finish(&copy);
}

enum ct_err setup_file_keep(const struct setup_file *f, cJSON *record, struct slice before,
                            struct slice after, bool made, struct ct_errmsg *msg)
{
    char folder[PATH_MAX];
    if (!record) {
        unlink(f->record_path);
        return CT_OK;
    }
    snprintf(folder, sizeof folder, "%s", f->record_path);
    *strrchr(folder, '/') = '\0';
    enum ct_err err = paths_make_private_dir(folder, msg);
    cJSON_AddStringToObject(record, "path", f->path);
    cJSON_AddBoolToObject(record, "made_file", made);
    add_slice(record, "before", before);
    add_slice(record, "after", after);
    char *text = cJSON_Print(record);
    cJSON_Delete(record);
    if (!err)
        err = text ? file_write(f->record_path, slice_str(text), 0600, msg) : CT_ERR_NOMEM;
    cJSON_free(text);
    return err;
}
