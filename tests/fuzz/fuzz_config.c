/*
 * config.ini, the command line and the environment. The input is cut at NUL bytes: the first piece is the
 * file, the others are arguments (NAME=VALUE ones with a capital letter are variables).
 *
 * Whatever is refused is refused in one clean line. What was taken from a file alone prints as a config.ini
 * that means the same.
 */
#include "fuzz.h"

#include "fuzz_file.h"
#include "options.h"
#include "text.h"

#define ARGS_MAX  16
#define ENV_MAX   16
#define FILE_ARGS 3 /* the program, --config, the file */
#define TEXT_MAX  ((size_t)8 * 1024 * 1024)

struct input {
    const char *args[ARGS_MAX];
    int arg_count;
    const char *names[ENV_MAX];
    const char *values[ENV_MAX];
    size_t env_count;
};

static const char *get(void *ctx, const char *name)
{
    const struct input *in = ctx;
    for (size_t i = 0; i < in->env_count; i++)
        if (strcmp(in->names[i], name) == 0)
            return in->values[i];
    return strcmp(name, "HOME") == 0 ? "/nowhere/home" : NULL;
}

static bool only_file(const struct input *in)
{
    return in->arg_count == FILE_ARGS && in->env_count == 0;
}

/* False for what would read other files than the input's. */
static bool harmless(const char *arg)
{
    return strstr(arg, "config") == NULL && strstr(arg, "CONFIG") == NULL;
}

/* A NUL stands at end. */
static void cut_up(struct input *in, char *at, const char *end)
{
    while (at < end) {
        char *equals = strchr(at, '='), *next = at + strlen(at) + 1;
        bool variable = at[0] >= 'A' && at[0] <= 'Z' && equals;
        if (harmless(at) && variable && in->env_count < ENV_MAX) {
            *equals = '\0';
            in->names[in->env_count] = at;
            in->values[in->env_count++] = equals + 1;
        } else if (harmless(at) && !variable && in->arg_count < ARGS_MAX) {
            in->args[in->arg_count++] = at;
        }
        at = next;
    }
}

/* Parses; on success everything that can be printed is. *config is what --print-config says, without where
 * from. */
static enum ct_err parse(const struct input *in, struct buf *config, size_t *warned)
{
    struct options o;
    struct ct_errmsg msg = {""};
    const struct env env = {get, (void *)(uintptr_t)in, NULL};
    options_init(&o);
    enum ct_err err = options_parse(&o, in->arg_count, in->args, &env, &msg);
    fuzz_check((err == CT_OK) == (msg.text[0] == '\0'));
    if (only_file(in))
        fuzz_check(!strchr(msg.text, '\n'));
    *warned = o.warnings.len;
    if (!err) {
        struct buf text;
        buf_init(&text, TEXT_MAX);
        if (o.action == OPTIONS_HELP)
            fuzz_check(options_print_help(&o, &text) == CT_OK);
        buf_clear(&text);
        fuzz_check(options_print_config(&o, &text) == CT_OK);
        struct slice rest = buf_slice(&text);
        while (rest.len) {
            /* Where a value is from follows the last " ; ". */
            struct slice line = slice_sub(rest, 0, slice_find(rest, '\n'));
            rest = slice_sub(rest, line.len + 1, rest.len);
            for (size_t at;
                 (at = slice_find_slice(slice_sub(line, 1, line.len), SLICE_LIT(" ; "))) + 1 < line.len;)
                line = slice_trim(slice_sub(line, 0, at + 1));
            if (line.len && line.ptr[0] != ';')
                fuzz_check(buf_append(config, line) == CT_OK && buf_append_char(config, '\n') == CT_OK);
        }
        buf_finish(&text);
    }
    options_finish(&o);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice whole = slice_make(data, size);
    struct slice file = slice_sub(whole, 0, slice_find(whole, '\0'));
    struct slice rest = slice_sub(whole, file.len + 1, whole.len);
    struct input in = {.args = {"claude-top", "--config", fuzz_file_write(file)}, .arg_count = FILE_ARGS};
    char *text = malloc(rest.len + 1);
    fuzz_check(text);
    if (rest.len)
        memcpy(text, rest.ptr, rest.len);
    text[rest.len] = '\0';
    cut_up(&in, text, text + rest.len);

    struct buf first, second;
    size_t warned;
    buf_init(&first, TEXT_MAX);
    buf_init(&second, TEXT_MAX);
    enum ct_err err = parse(&in, &first, &warned);
    if (!err && only_file(&in)) {
        fuzz_file_write(buf_slice(&first));
        fuzz_check(parse(&in, &second, &warned) == CT_OK);
        fuzz_check(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_finish(&first);
    buf_finish(&second);
    free(text);
    return 0;
}
