#include "theme_list.h"

#include "buf.h"
#include "paths.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define STRINGS_MAX (256u * 1024u)
#define FILE_SUFFIX ".ini"
#define FOLDER_MAX  256 /* files that are looked at in the folder */

static const char *keep(struct theme_list *t, const char *text)
{
    const char *kept = arena_dup(&t->arena, slice_str(text)).ptr;
    return kept ? kept : "";
}

static int add(struct theme_list *t, const struct theme *theme, const char *value, const char *path)
{
    if (t->count == THEME_LIST_MAX)
        return -1;
    t->list[t->count] = *theme;
    t->values[t->count] = keep(t, value);
    t->paths[t->count] = keep(t, path);
    return t->count++;
}

void theme_list_paper(struct theme_list *t, bool light)
{
    struct theme *theme = &t->list[THEME_LIST_AUTO];
    theme_builtin(theme, theme_builtin_find(light ? SLICE_LIT("light") : SLICE_LIT("dark")));
    snprintf(theme->name, sizeof theme->name, "auto");
}

static int named(const struct theme_list *t, const char *value)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->values[i], value) == 0)
            return i;
    return -1;
}

static void find_folder(struct theme_list *t)
{
    struct arena arena;
    struct paths paths;
    arena_init(&arena, 1u << 16);
    if (paths_find(&env_process, &arena, &paths, NULL) == CT_OK)
        snprintf(t->folder, sizeof t->folder, "%s/themes", paths.config_dir);
    arena_finish(&arena);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the folder's theme files, without the suffix, in order. */
static size_t list_folder(struct theme_list *t, const char *names[FOLDER_MAX])
{
    size_t count = 0;
    DIR *dir = t->folder[0] ? opendir(t->folder) : NULL;
    struct dirent *entry;
    while (dir && count < FOLDER_MAX && (entry = readdir(dir)) != NULL) {
        struct slice name = slice_str(entry->d_name);
        size_t suffix = sizeof FILE_SUFFIX - 1;
        if (name.len <= suffix || name.ptr[0] == '.' || strcmp(name.ptr + name.len - suffix, FILE_SUFFIX))
            continue;
        const char *kept = arena_dup(&t->arena, slice_sub(name, 0, name.len - suffix)).ptr;
        if (kept)
            names[count++] = kept;
    }
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof names[0], compare_names);
    return count;
}

static void say_bad(struct theme_list *t, const char *what)
{
    if (t->bad_count < THEME_LIST_FILES_MAX)
        t->bad[t->bad_count++] = keep(t, what);
}

static void add_file(struct theme_list *t, const char *name)
{
    char path[sizeof t->folder + 300];
    struct theme theme;
    struct ct_errmsg msg;
    snprintf(path, sizeof path, "%s/%s%s", t->folder, name, FILE_SUFFIX);
    if (theme_load(&theme, path, &msg) != CT_OK) {
        say_bad(t, msg.text);
        return;
    }
    if (named(t, name) >= 0) {
        ct_fail(&msg, CT_ERR_USAGE, "%s: %s is a theme of the program's own: give the file another name",
                path, name);
        say_bad(t, msg.text);
        return;
    }
    add(t, &theme, name, path);
}

void theme_list_init(struct theme_list *t, const char *folder)
{
    const char *names[FOLDER_MAX];
    memset(t, 0, sizeof *t);
    arena_init(&t->arena, STRINGS_MAX);
    theme_list_paper(t, false);
    add(t, &t->list[THEME_LIST_AUTO], "auto", "");
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++) {
        struct theme theme;
        theme_builtin(&theme, i);
        add(t, &theme, theme.name, "");
    }
    if (folder)
        snprintf(t->folder, sizeof t->folder, "%s", folder);
    else
        find_folder(t);
    size_t count = list_folder(t, names);
    for (size_t i = 0; i < count && i < THEME_LIST_FILES_MAX; i++)
        add_file(t, names[i]);
}

void theme_list_finish(struct theme_list *t)
{
    arena_finish(&t->arena);
}

int theme_list_find(struct theme_list *t, const char *value, struct ct_errmsg *msg)
{
    struct theme theme;
    char path[sizeof t->folder + 300];
    bool is_path = strchr(value, '/') != NULL;
    int index = named(t, value);
    /* Also by the name that a file gives itself. */
    for (int i = 0; index < 0 && !is_path && i < t->count; i++)
        if (strcmp(t->list[i].name, value) == 0)
            index = i;
    if (index >= 0)
        return index;
    if (is_path)
        snprintf(path, sizeof path, "%s", value);
    else
        snprintf(path, sizeof path, "%s/%.256s%s", t->folder, value, FILE_SUFFIX);
    enum ct_err err = theme_load(&theme, path, msg);
    if (err == CT_OK)
        return add(t, &theme, value, path);
    if (err == CT_ERR_IO && !is_path)
        ct_fail(msg, CT_ERR_NOT_FOUND,
                "there is no theme %.80s, nor a file %.200s: claude-top themes lists those that there are",
                value, path);
    return -1;
}

const char *theme_list_choices(struct theme_list *t)
{
    struct buf text;
    buf_init(&text, STRINGS_MAX);
    for (int i = 0; i < t->count; i++)
        buf_printf(&text, "%s%s", i ? "|" : "", t->values[i]);
    const char *all = buf_cstr(&text);
    const char *kept = keep(t, all ? all : "");
    buf_finish(&text);
    return kept;
}
