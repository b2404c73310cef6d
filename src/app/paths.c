#include "paths.h"

#include "log.h"
#include "mem.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define APP_DIR     "claude-top"
#define SOCKET_NAME "claude-top.sock"

#define PATH_BYTES_MAX 4096

static const char *process_get(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

extern char **environ; /* POSIX has it in no header */

static const char *process_item(void *ctx, size_t i)
{
    (void)ctx;
    return environ ? environ[i] : NULL;
}

const struct env env_process = {process_get, NULL, process_item};

const char *env_get(const struct env *env, const char *name)
{
    const char *value = env->get(env->ctx, name);
    return value && *value ? value : NULL;
}

static const char *join(struct arena *arena, const char *dir, const char *name)
{
    size_t dir_len = strlen(dir), name_len = strlen(name);
    while (dir_len > 1 && dir[dir_len - 1] == '/')
        dir_len--;
    char *path = arena_alloc(arena, dir_len + name_len + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, dir_len);
    path[dir_len] = '/';
    memcpy(path + dir_len + 1, name, name_len + 1);
    return path;
}

/* The specification: "All paths set in these environment variables must be absolute", others are ignored. */
static const char *absolute(const struct env *env, const char *name)
{
    const char *value = env_get(env, name);
    return value && value[0] == '/' ? value : NULL;
}

static const char *home_of_user(struct arena *arena)
{
    long hint = sysconf(_SC_GETPW_R_SIZE_MAX);
    size_t size = hint > 0 ? (size_t)hint : 4096;
    char *room = mem_alloc(size);
    struct passwd entry, *found = NULL;
    const char *home = NULL;
    if (getpwuid_r(getuid(), &entry, room, size, &found) == 0 && found && found->pw_dir &&
        found->pw_dir[0] == '/')
        home = arena_dup(arena, slice_str(found->pw_dir)).ptr;
    free(room);
    return home;
}

enum ct_err paths_find(const struct env *env, struct arena *arena, struct paths *out, struct ct_errmsg *msg)
{
    *out = (struct paths){0};
    const char *home = absolute(env, "HOME");
    out->home = home ? arena_dup(arena, slice_str(home)).ptr : home_of_user(arena);
    if (!out->home)
        return ct_fail(msg, CT_ERR_NOT_FOUND, "no home folder is known: set HOME");
    const char *state = absolute(env, "XDG_STATE_HOME");
    const char *config = absolute(env, "XDG_CONFIG_HOME");
    const char *runtime = absolute(env, "XDG_RUNTIME_DIR");
    out->state_dir = state ? join(arena, state, APP_DIR) : join(arena, out->home, ".local/state/" APP_DIR);
    out->config_dir = config ? join(arena, config, APP_DIR) : join(arena, out->home, ".config/" APP_DIR);
    out->config_file = out->config_dir ? join(arena, out->config_dir, "config.ini") : NULL;
    out->prices_file = out->config_dir ? join(arena, out->config_dir, "prices.ini") : NULL;
    out->runtime_dir = runtime ? arena_dup(arena, slice_str(runtime)).ptr : NULL;
    if (!out->state_dir || !out->config_file || !out->prices_file || (runtime && !out->runtime_dir))
        return ct_fail(msg, CT_ERR_LIMIT, "the paths in HOME and XDG_* are too long");
    return CT_OK;
}

const char *paths_socket(const struct paths *paths, const char *state_dir, struct arena *arena)
{
    return join(arena, paths->runtime_dir ? paths->runtime_dir : state_dir, SOCKET_NAME);
}

const char *paths_expand(const char *path, const char *home, struct arena *arena)
{
    if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
        return path;
    return path[1] == '\0' ? home : join(arena, home, path + 2);
}

/* Makes one level. An existing folder is fine here; the last one is checked afterwards. */
static enum ct_err make_level(const char *path, struct ct_errmsg *msg)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return CT_OK;
    return ct_fail(msg, CT_ERR_IO, "cannot create the folder %s: %s", path, strerror(errno));
}

enum ct_err paths_make_private_dir(const char *path, struct ct_errmsg *msg)
{
    char level[PATH_BYTES_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof level)
        return ct_fail(msg, CT_ERR_USAGE, "the folder's path is %s", len ? "too long" : "empty");
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(level, path, i);
        level[i] = '\0';
        enum ct_err err = make_level(level, msg);
        if (err)
            return err;
    }
    struct stat st;
    if (stat(path, &st) < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot use the folder %s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return ct_fail(msg, CT_ERR_IO, "%s is not a folder", path);
    if (st.st_uid != geteuid())
        return ct_fail(msg, CT_ERR_IO, "the folder %s belongs to another user: choose another one", path);
    /* Somebody who can write here can put a journal of his own in our place. */
    if (st.st_mode & 0022)
        return ct_fail(msg, CT_ERR_IO,
                       "others can write in the folder %s: chmod go-w it, or choose another one", path);
    if (st.st_mode & 0077) {
        if (chmod(path, 0700))
            return ct_fail(msg, CT_ERR_IO,
                           "others can read the folder %s: chmod 700 it, or choose another one", path);
        log_warn("others could read the folder %s: it is private now (mode 0700)", path);
    }
    return CT_OK;
}

enum ct_err paths_check_socket(const char *path, struct ct_errmsg *msg)
{
    size_t max = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    size_t len = strlen(path);
    if (len == 0)
        return ct_fail(msg, CT_ERR_USAGE, "the socket's path is empty");
    if (len > max)
        return ct_fail(
            msg, CT_ERR_LIMIT,
            "the socket's path has %zu bytes, the system allows %zu: choose a shorter one with --socket "
            "(%.*s…)",
            len, max, 60, path);
    return CT_OK;
}
