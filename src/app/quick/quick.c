#include "quick.h"

#include "clock.h"
#include "config.h"
#include "deliver.h"
#include "process_identity.h"
#include "whereabouts.h"

#include <stdio.h>
#include <unistd.h>

struct places {
    const char *socket, *state_dir, *config; /* NULL: not given */
    struct arena *arena;
};

const char *quick_flag(int argc, const char *const *argv, const char *flag)
{
    const char *value = NULL;
    size_t len = strlen(flag);
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], flag, len) != 0)
            continue;
        if (argv[i][len] == '=')
            value = argv[i] + len + 1;
        else if (argv[i][len] == '\0' && i + 1 < argc)
            value = argv[++i];
    }
    return value;
}

static enum ct_err take_key(void *ctx, struct slice section, struct slice key, struct slice value,
                            unsigned line, struct ct_errmsg *msg)
{
    struct places *p = ctx;
    (void)line;
    (void)msg;
    if (!slice_eq_str(section, "paths"))
        return CT_OK;
    if (slice_eq_str(key, "socket"))
        p->socket = arena_dup(p->arena, value).ptr;
    else if (slice_eq_str(key, "state_dir"))
        p->state_dir = arena_dup(p->arena, value).ptr;
    return CT_OK;
}

/* As everywhere: file < environment < flag. Set but empty stands for the built-in one. */
static void override(const char **value, const char *from)
{
    if (from)
        *value = from;
}

static bool given(const char *value)
{
    return value && value[0];
}

const char *quick_socket(int argc, const char *const *argv, const struct env *env, struct arena *arena)
{
    struct places p = {.arena = arena};
    struct paths paths;
    struct ct_errmsg msg;
    const char *socket = quick_flag(argc, argv, "--socket");
    if (paths_find(env, arena, &paths, &msg))
        return given(socket) ? socket : "";
    override(&p.config, env->get(env->ctx, "CLAUDE_TOP_CONFIG"));
    override(&p.config, quick_flag(argc, argv, "--config"));
    const char *config = given(p.config) ? paths_expand(p.config, paths.home, arena) : paths.config_file;
    if (config)
        config_read(config, take_key, &p, &msg);
    override(&p.state_dir, env->get(env->ctx, "CLAUDE_TOP_STATE_DIR"));
    override(&p.state_dir, quick_flag(argc, argv, "--state-dir"));
    override(&p.socket, env->get(env->ctx, "CLAUDE_TOP_SOCKET"));
    override(&p.socket, socket);
    const char *state = paths_expand(given(p.state_dir) ? p.state_dir : paths.state_dir, paths.home, arena);
    socket = given(p.socket) ? paths_expand(p.socket, paths.home, arena)
             : state         ? paths_socket(&paths, state, arena)
                             : NULL;
    return socket ? socket : "";
}

/* Which process runs the hook: as Claude Code says in CLAUDE_PID, or, where it does not say, the ancestor of
 * that name. Any other could be a helper that is gone in a moment. */
static const char *process_header(const struct env *env, char *out, size_t cap)
{
    char identity[PROCESS_HEADER_MAX];
    const char *given_pid = env->get(env->ctx, "CLAUDE_PID");
    uint64_t number = 0;
    if (!given_pid)
        number = (uint64_t)process_ancestor(getppid(), "claude");
    else if (!slice_to_u64(slice_str(given_pid), &number) || number > INT32_MAX)
        return NULL;
    if (!process_identity_of((long)number, identity))
        return NULL;
    snprintf(out, cap, PROCESS_HEADER ": %s", identity);
    return out;
}

void quick_hook(const char *socket, const struct env *env, const char *then)
{
    (void)then;
    struct buf body, told;
    char header[sizeof PROCESS_HEADER + 2 + PROCESS_HEADER_MAX];
    buf_init(&body, QUICK_HOOK_BYTES_MAX - WHEREABOUTS_BYTES_MAX);
    buf_init(&told, QUICK_HOOK_BYTES_MAX);
    bool whole = deliver_read_all(STDIN_FILENO, clock_mono() + QUICK_STDIN_MS * NS_PER_MS, &body);
    if (whole && body.len && whereabouts_add(buf_slice(&body), ".", env_get(env, "HOME"), &told) == CT_OK)
        deliver(socket, "/hooks", process_header(env, header, sizeof header), buf_slice(&told),
                clock_mono() + QUICK_HOOK_MS * NS_PER_MS, NULL);
    buf_finish(&told);
    buf_finish(&body);
}

static bool asks_for_text(int argc, const char *const *argv)
{
    static const char *const texts[] = {"--help",         "-h",           "--help-all",    "--version", "-V",
                                        "--print-config", "--print-keys", "--completions", "--man"};
    for (int i = 2; i < argc; i++)
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            if (strcmp(argv[i], texts[k]) == 0)
                return true;
    return false;
}

quick_fn quick_command(int argc, const char *const *argv)
{
    if (argc < 2 || asks_for_text(argc, argv))
        return NULL;
    return strcmp(argv[1], "hook") == 0         ? quick_hook
           : strcmp(argv[1], "statusline") == 0 ? quick_statusline
                                                : NULL;
}
