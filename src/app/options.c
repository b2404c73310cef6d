#include "options.h"

#include "mem.h"
#include "options_load.h"
#include "options_value.h"

#include <stdlib.h>

#define ARENA_MAX    (4u * 1024u * 1024u)
#define WARNINGS_MAX (16u * 1024u)

enum exit_code options_exit_code(enum ct_err err)
{
    switch (err) {
    case CT_OK:
    case CT_END:
        return EXIT_CODE_OK;
    case CT_ERR_USAGE:
        return EXIT_CODE_USAGE;
    case CT_ERR_NOT_FOUND:
        return EXIT_CODE_NOT_FOUND;
    case CT_ERR_BUSY:
        return EXIT_CODE_BUSY;
    case CT_AGAIN:
    case CT_ERR_NOMEM:
    case CT_ERR_LIMIT:
    case CT_ERR_FORMAT:
    case CT_ERR_UNSUPPORTED:
    case CT_ERR_IO:
        break;
    }
    return EXIT_CODE_FAILURE;
}

void options_init(struct options *o)
{
    *o = (struct options){.action = OPTIONS_RUN};
    arena_init(&o->arena, ARENA_MAX);
    buf_init(&o->warnings, WARNINGS_MAX);
    for (size_t i = 0; i < option_count; i++) {
        struct ct_errmsg msg;
        if (option_set(o, &option_table[i], slice_str(option_table[i].fallback), &msg) != CT_OK)
            abort(); /* the table contradicts itself */
    }
}

void options_finish(struct options *o)
{
    buf_finish(&o->warnings);
    arena_finish(&o->arena);
}

struct command_line {
    struct given *flags; /* in order; room for argc */
    size_t flag_count;
    const char **words; /* positional; room for argc */
    size_t word_count;
};

struct name_walk {
    size_t next;
};

/* All flags, with "no-" ones left to their positive form. */
static const char *next_flag(void *ctx)
{
    struct name_walk *walk = ctx;
    size_t i = walk->next++;
    if (i < option_count)
        return option_table[i].secret ? "" : option_table[i].flag;
    i -= option_count;
    return i < option_meta_count ? option_metas[i].flag : NULL;
}

static const char *next_command(void *ctx)
{
    struct name_walk *walk = ctx;
    size_t i = ++walk->next; /* COMMAND_RUN has no word */
    return i < COMMAND_COUNT ? command_table[i].word : NULL;
}

static enum ct_err unknown_flag(struct slice flag, const char *arg, struct ct_errmsg *msg)
{
    struct name_walk walk = {0};
    const char *near = option_nearest(flag, next_flag, &walk);
    if (near)
        return ct_fail(msg, CT_ERR_USAGE, "%.80s is not an option: did you mean --%s?", arg, near);
    return ct_fail(msg, CT_ERR_USAGE, "%.80s is not an option: see claude-top --help-all", arg);
}

static enum ct_err parse_shell(struct options *o, struct slice name, struct ct_errmsg *msg)
{
    static const char *const shells[] = {[SHELL_BASH] = "bash", [SHELL_ZSH] = "zsh", [SHELL_FISH] = "fish"};
    for (int i = 0; i < 3; i++) {
        if (slice_eq_str(name, shells[i])) {
            o->shell = i;
            return CT_OK;
        }
    }
    return ct_fail(msg, CT_ERR_USAGE, "--completions wants bash, zsh or fish");
}

static const struct option_meta *find_meta(struct slice flag)
{
    for (size_t i = 0; i < option_meta_count; i++) {
        const struct option_meta *meta = &option_metas[i];
        if (slice_eq_str(flag, meta->flag))
            return meta;
    }
    return NULL;
}

/*
 * One argument that starts with "--". *next is the index of the argument behind it, moved when it is taken as
 * the value.
 */
static enum ct_err take_flag(struct options *o, struct command_line *line, int argc, const char *const *argv,
                             int *next, const char *arg, struct ct_errmsg *msg)
{
    struct slice text = slice_str(arg + 2);
    size_t equals = slice_find(text, '=');
    struct slice flag = slice_sub(text, 0, equals);
    bool has_value = equals < text.len;
    struct slice value = slice_sub(text, equals + 1, text.len);
    const struct option_meta *meta = find_meta(flag);
    const struct option *opt = option_by_flag(flag);
    if (!opt && !meta && !has_value && slice_starts(flag, SLICE_LIT("no-"))) {
        opt = option_by_flag(slice_sub(flag, 3, flag.len));
        if (!opt || opt->type != OPTION_BOOL)
            return unknown_flag(flag, arg, msg);
        has_value = true;
        value = SLICE_LIT("off");
    }
    if (!opt && !meta)
        return unknown_flag(flag, arg, msg);
    if (opt && opt->secret)
        return ct_fail(
            msg, CT_ERR_USAGE,
            "--%s is not taken here, where every user of this machine can read it: --%s-file FILE, or "
            "%s in [%s] of config.ini",
            opt->flag, opt->flag, opt->key, opt->section);
    const char *value_name = meta ? meta->value_name : opt->value_name;
    if (!value_name && has_value && meta)
        return ct_fail(msg, CT_ERR_USAGE, "--%s takes no value", meta->flag);
    if (!value_name && !has_value)
        value = SLICE_LIT("on");
    if (value_name && !has_value) {
        /* What looks like a flag is more likely a forgotten value; --x=--y says otherwise. */
        if (*next >= argc || strncmp(argv[*next], "--", 2) == 0)
            return ct_fail(msg, CT_ERR_USAGE, "--%s wants a value: --%s %s", meta ? meta->flag : opt->flag,
                           meta ? meta->flag : opt->flag, value_name);
        value = slice_str(argv[(*next)++]);
    }
    if (opt) {
        line->flags[line->flag_count++] = (struct given){opt, value};
        return CT_OK;
    }
    if (o->action == OPTIONS_RUN || meta->action == OPTIONS_HELP)
        o->action = meta->action;
    o->help_all = o->help_all || strcmp(meta->flag, "help-all") == 0;
    return meta->action == OPTIONS_COMPLETIONS ? parse_shell(o, value, msg) : CT_OK;
}

static enum ct_err take_letter(struct options *o, const char *arg, struct ct_errmsg *msg)
{
    for (size_t i = 0; i < option_meta_count; i++) {
        if (arg[1] == option_metas[i].letter && arg[2] == '\0') {
            o->action = option_metas[i].action;
            return CT_OK;
        }
    }
    return unknown_flag(slice_str(arg + 1), arg, msg);
}

static enum ct_err read_command_line(struct options *o, struct command_line *line, int argc,
                                     const char *const *argv, struct ct_errmsg *msg)
{
    bool flags_end = false;
    for (int i = 1; i < argc;) {
        const char *arg = argv[i++];
        enum ct_err err = CT_OK;
        if (!flags_end && strcmp(arg, "--") == 0)
            flags_end = true;
        else if (!flags_end && strncmp(arg, "--", 2) == 0)
            err = take_flag(o, line, argc, argv, &i, arg, msg);
        else if (!flags_end && arg[0] == '-' && arg[1] != '\0')
            err = take_letter(o, arg, msg);
        else
            line->words[line->word_count++] = arg;
        if (err)
            return err;
    }
    return CT_OK;
}

static enum ct_err find_command(struct options *o, const struct command_line *line, struct ct_errmsg *msg)
{
    o->command = COMMAND_RUN;
    if (line->word_count == 0)
        return CT_OK;
    for (int i = COMMAND_RUN + 1; i < COMMAND_COUNT; i++) {
        if (strcmp(line->words[0], command_table[i].word) == 0) {
            o->command = (enum command)i;
            return CT_OK;
        }
    }
    struct name_walk walk = {0};
    const char *near = option_nearest(slice_str(line->words[0]), next_command, &walk);
    if (near)
        return ct_fail(msg, CT_ERR_USAGE, "%.80s is not a command: did you mean claude-top %s?",
                       line->words[0], near);
    return ct_fail(msg, CT_ERR_USAGE, "%.80s is not a command: see claude-top --help", line->words[0]);
}

static enum ct_err take_args(struct options *o, const struct command_line *line, struct ct_errmsg *msg)
{
    const struct command_info *info = &command_table[o->command];
    int have = o->command == COMMAND_RUN ? 0 : (int)line->word_count - 1;
    if (have < info->args_min)
        return ct_fail(msg, CT_ERR_USAGE, "claude-top %s wants %s, for example: %s", info->word, info->args,
                       info->example);
    if (have > info->args_max)
        return ct_fail(msg, CT_ERR_USAGE, "claude-top %s takes %s%s: what is %.80s?", info->word,
                       info->args_max ? "only " : "no arguments", info->args,
                       line->words[1 + info->args_max]);
    for (int i = 0; i < have; i++) {
        o->args[i] = arena_dup(&o->arena, slice_str(line->words[1 + i])).ptr;
        if (!o->args[i])
            return ct_fail(msg, CT_ERR_LIMIT, "the argument is too long");
    }
    o->arg_count = have;
    struct slice rest = slice_str(info->choices), choice;
    bool known = !info->choices || have == 0;
    while (!known && option_next_choice(&rest, &choice))
        known = slice_eq_str(choice, o->args[0]);
    if (!known)
        return ct_fail(msg, CT_ERR_USAGE, "claude-top %s wants one of %s, not \"%.80s\"", info->word,
                       info->choices, o->args[0]);
    return CT_OK;
}

/* A flag that does nothing for this command is a mistake; in config.ini and the environment it is not. */
static enum ct_err check_flags_apply(const struct options *o, const struct command_line *line,
                                     struct ct_errmsg *msg)
{
    for (size_t i = 0; i < line->flag_count; i++) {
        const struct option *opt = line->flags[i].opt;
        if (opt->commands & (1u << o->command))
            continue;
        struct buf where;
        buf_init(&where, 256);
        for (int c = 0; c < COMMAND_COUNT; c++) {
            if (opt->commands & (1u << c))
                buf_printf(&where, "%sclaude-top%s%s", where.len ? ", " : "", c ? " " : "",
                           command_table[c].word);
        }
        const char *words = buf_cstr(&where);
        enum ct_err err =
            ct_fail(msg, CT_ERR_USAGE, "--%s means nothing to claude-top %s; it belongs to %s", opt->flag,
                    command_table[o->command].word, words ? words : "other commands");
        buf_finish(&where);
        return err;
    }
    return CT_OK;
}

enum ct_err options_parse(struct options *o, int argc, const char *const *argv, const struct env *env,
                          struct ct_errmsg *msg)
{
    size_t room = argc > 0 ? (size_t)argc : 1;
    struct command_line line = {.flags = mem_array(room, sizeof(struct given)),
                                .words = mem_array(room, sizeof(char *))};
    o->program = argc > 0 && argv[0][0] == '/' ? argv[0] : "claude-top";
    enum ct_err err = read_command_line(o, &line, argc, argv, msg);
    if (!err)
        err = find_command(o, &line, msg);
    if (!err &&
        (o->action == OPTIONS_RUN || o->action == OPTIONS_PRINT_CONFIG || o->action == OPTIONS_PRINT_KEYS)) {
        if (o->action == OPTIONS_RUN)
            err = take_args(o, &line, msg);
        if (!err)
            err = check_flags_apply(o, &line, msg);
        if (!err)
            err = options_load(o, line.flags, line.flag_count, env, msg);
    }
    free(line.words);
    free(line.flags);
    return err;
}
