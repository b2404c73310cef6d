#define _XOPEN_SOURCE 700 /* realpath */
#include "project.h"

#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)PROJECT_FOLDERS_MAX * (PATH_MAX + 1))

void project_init(struct project *p)
{
    *p = (struct project){.count = 0};
    arena_init(&p->arena, ARENA_BYTES);
}

void project_finish(struct project *p)
{
    arena_finish(&p->arena);
    p->count = 0;
}

static void add(struct project *p, const char *path)
{
    char clean[PATH_MAX];
    struct slice s = slice_make(clean, text_clean(slice_str(path), clean, sizeof clean));
    for (size_t i = 0; i < p->count; i++)
        if (slice_eq(p->folders[i], s))
            return;
    if (p->count < PROJECT_FOLDERS_MAX && s.len)
        p->folders[p->count++] = arena_dup(&p->arena, s);
}

/* base/path, or path where that is absolute; false when it is too long. */
static bool join(const char *base, const char *path, char out[PATH_MAX])
{
    int n =
        path[0] == '/' ? snprintf(out, PATH_MAX, "%s", path) : snprintf(out, PATH_MAX, "%s/%s", base, path);
    return n > 0 && n < PATH_MAX;
}

/* The first line of a small file, without what is in front of it. */
static bool read_line(const char *path, const char *prefix, char out[PATH_MAX])
{
    size_t skip = strlen(prefix);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    if (!file) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    char line[PATH_MAX];
    bool ok = fgets(line, sizeof line, file) && strncmp(line, prefix, skip) == 0;
    fclose(file);
    if (ok) {
        line[strcspn(line, "\r\n")] = '\0';
        memmove(out, line + skip, strlen(line + skip) + 1);
    }
    return ok && out[0];
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void parent(char path[PATH_MAX])
{
    char *slash = strrchr(path, '/');
    if (slash == path)
        slash[1] = '\0';
    else if (slash)
        *slash = '\0';
}

static void add_parent_of(struct project *p, const char *git, const char *base)
{
    char joined[PATH_MAX], real[PATH_MAX];
    if (!join(base, git, joined))
        return;
    parent(joined); /* the working tree, by its .git, which may be gone */
    if (realpath(joined, real))
        add(p, real);
}

/* common: the repository that working trees share. */
static void add_working_trees(struct project *p, const char *common)
{
    char folder[PATH_MAX], path[PATH_MAX], at[PATH_MAX], git[PATH_MAX];
    const char *name = strrchr(common, '/');
    if (name && strcmp(name, "/.git") == 0)
        add_parent_of(p, common, "/");
    if (!join(common, "worktrees", folder))
        return;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' && join(folder, entry->d_name, at) && join(at, "gitdir", path) &&
            read_line(path, "", git))
            add_parent_of(p, git, at);
    if (dir)
        closedir(dir);
}

/* What the working tree has of its own: its HEAD is there. False when it is no working tree. */
static bool git_folder(const char *tree, char out[PATH_MAX])
{
    char path[PATH_MAX], git[PATH_MAX], joined[PATH_MAX];
    struct stat st;
    if (!join(tree, ".git", path) || stat(path, &st))
        return false;
    if (S_ISDIR(st.st_mode))
        return realpath(path, out) != NULL;
    return read_line(path, "gitdir: ", git) && join(tree, git, joined) && is_folder(joined) &&
           realpath(joined, out);
}

/* The repository that it belongs to; a submodule has one of its own. */
static bool repository(const char *git, char out[PATH_MAX])
{
    char path[PATH_MAX], common[PATH_MAX], shared[PATH_MAX];
    if (join(git, "commondir", path) && read_line(path, "", common))
        return join(git, common, shared) && realpath(shared, out);
    memcpy(out, git, strlen(git) + 1);
    return true;
}

/* The working tree that start is in, and its git folder. */
static bool working_tree(const char *start, const char *home, char tree[PATH_MAX], char git[PATH_MAX])
{
    char real_home[PATH_MAX];
    if (!home || !realpath(home, real_home))
        real_home[0] = '\0';
    memcpy(tree, start, strlen(start) + 1);
    bool found = git_folder(tree, git);
    while (!found && tree[1]) {
        parent(tree);
        found = git_folder(tree, git);
    }
    return found && (strcmp(tree, real_home) != 0 || strcmp(start, real_home) == 0);
}

enum ct_err project_find(struct project *p, const char *folder, const char *home, struct ct_errmsg *msg)
{
    char start[PATH_MAX], tree[PATH_MAX], git[PATH_MAX], common[PATH_MAX];
    if (!realpath(folder, start) || !is_folder(start))
        return ct_fail(msg, CT_ERR_NOT_FOUND, "--cwd %s: no such folder", folder);
    arena_finish(&p->arena);
    arena_init(&p->arena, ARENA_BYTES);
    p->count = 0;
    if (!working_tree(start, home, tree, git) || !repository(git, common)) {
        add(p, start);
        return CT_OK;
    }
    add(p, tree);
    add_working_trees(p, common);
    return CT_OK;
}

bool project_branch(const char *folder, const char *home, char out[PROJECT_BRANCH_MAX])
{
    enum { COMMIT_DIGITS = 7, HASH_MIN = 40 };
    char start[PATH_MAX], tree[PATH_MAX], git[PATH_MAX], path[PATH_MAX], head[PATH_MAX];
    static const char refs[] = "ref: refs/heads/";
    out[0] = '\0';
    if (!realpath(folder, start) || !working_tree(start, home, tree, git) || !join(git, "HEAD", path) ||
        !read_line(path, "", head))
        return false;
    if (strncmp(head, refs, sizeof refs - 1) == 0) {
        const char *name = head + sizeof refs - 1;
        if (strlen(name) < PROJECT_BRANCH_MAX)
            text_clean(slice_str(name), out, PROJECT_BRANCH_MAX);
    } else if (strlen(head) >= HASH_MIN && strspn(head, "0123456789abcdef") == strlen(head)) {
        snprintf(out, PROJECT_BRANCH_MAX, "%.*s", COMMIT_DIGITS, head);
    }
    return out[0] != '\0';
}
