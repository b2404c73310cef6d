/* Completions for bash, zsh and fish, from the tables. No name in the tables needs quoting in any of the
 * shells. */
#include "options_table.h"

/* What may stand there, as far as it is known. */
static const char *offered(const char *choices, const char *suggest)
{
    return choices ? choices : suggest;
}

static void print_words(struct buf *out, const char *choices)
{
    struct slice rest = slice_str(choices), choice;
    for (bool first = true; option_next_choice(&rest, &choice); first = false)
        buf_printf(out, "%s%.*s", first ? "" : " ", SLICE_ARG(choice));
}

/* Words in single quotes: ' itself is left, closed and opened again. colon is escaped for zsh's _arguments.
 */
static void print_quoted(struct buf *out, const char *text, bool zsh)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            buf_append_str(out, "'\\''");
        else if (zsh && strchr("[]:\\", *c))
            buf_printf(out, "\\%c", *c);
        else
            buf_append_char(out, *c);
    }
}

static bool applies(const struct option *opt, int command)
{
    return !opt->secret && (opt->commands & (1u << command)) != 0;
}

static void print_metas(struct buf *out)
{
    for (size_t i = 0; i < option_meta_count; i++)
        buf_printf(out, " --%s", option_metas[i].flag);
}

static void print_bash(struct buf *out)
{
    buf_append_str(
        out, "# bash completion for claude-top\n"
             "_claude_top() {\n"
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command= i\n"
             "    # --flag=value comes as three words\n"
             "    [[ $cur == = ]] && cur=\n"
             "    [[ $prev == = && COMP_CWORD -ge 2 ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
             "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
             "        word=${COMP_WORDS[i]}\n"
             "        case $word in\n        ");
    for (int c = 1; c < COMMAND_COUNT; c++)
        buf_printf(out, "%s%s", c > 1 ? "|" : "", command_table[c].word);
    buf_append_str(out, ") command=$word; break ;;\n        esac\n    done\n    case $prev in\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        if (opt->secret)
            continue;
        if (offered(opt->choices, opt->suggest)) {
            buf_printf(out, "    --%s) COMPREPLY=($(compgen -W '", opt->flag);
            print_words(out, offered(opt->choices, opt->suggest));
            buf_append_str(out, "' -- \"$cur\")); return ;;\n");
        } else if (opt->type == OPTION_PATH) {
            buf_printf(out,
                       "    --%s) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")); "
                       "return ;;\n",
                       opt->flag);
        } else if (opt->value_name) {
            buf_printf(out, "    --%s) COMPREPLY=(); return ;;\n", opt->flag);
        }
    }
    buf_append_str(
        out, "    --completions) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n    esac\n"
             "    local words=\n    case $command in\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct command_info *info = &command_table[c];
        buf_printf(out, "    '%s') words='", info->word);
        for (int other = 1; c == 0 && other < COMMAND_COUNT; other++)
            buf_printf(out, "%s ", command_table[other].word);
        if (offered(info->choices, info->suggest)) {
            print_words(out, offered(info->choices, info->suggest));
            buf_append_char(out, ' ');
        }
        for (size_t i = 0; i < option_count; i++) {
            if (applies(&option_table[i], c))
                buf_printf(out, "--%s ", option_table[i].flag);
        }
        print_metas(out);
        buf_append_str(out, "' ;;\n");
    }
    buf_append_str(out, "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        if (command_table[c].file_arg)
            buf_printf(out,
                       "    if [[ $command == %s && $cur != -* ]]; then compopt -o filenames 2>/dev/null; "
                       "COMPREPLY=($(compgen -f -- \"$cur\")); fi\n",
                       command_table[c].word);
    }
    buf_append_str(out, "}\ncomplete -F _claude_top claude-top\n");
}

static void print_zsh_option(struct buf *out, const struct option *opt)
{
    bool negated = opt->type == OPTION_BOOL && strcmp(opt->fallback, "on") == 0;
    buf_printf(out, "        '--%s%s%s[", negated ? "no-" : "", opt->flag, opt->value_name ? "=" : "");
    print_quoted(out, opt->help, true);
    buf_append_char(out, ']');
    if (opt->value_name) {
        buf_printf(out, ":%s:", opt->value_name);
        if (offered(opt->choices, opt->suggest)) {
            buf_append_char(out, '(');
            print_words(out, offered(opt->choices, opt->suggest));
            buf_append_char(out, ')');
        } else if (opt->type == OPTION_PATH) {
            buf_append_str(out, "_files");
        } else {
            buf_append_char(out, ' ');
        }
    }
    buf_append_str(out, "'\n");
}

static void print_zsh(struct buf *out)
{
    buf_append_str(
        out, "#compdef claude-top\n_claude_top() {\n    local -a flags commands\n    local command= word\n"
             "    for word in ${words[2,CURRENT-1]}; do\n        case $word in\n        ");
    for (int c = 1; c < COMMAND_COUNT; c++)
        buf_printf(out, "%s%s", c > 1 ? "|" : "", command_table[c].word);
    buf_append_str(out, ") command=$word; break ;;\n        esac\n    done\n    commands=(\n");
    for (int c = 1; c < COMMAND_COUNT; c++) {
        buf_printf(out, "        '%s:", command_table[c].word);
        print_quoted(out, command_table[c].summary, true);
        buf_append_str(out, "'\n");
    }
    buf_append_str(out, "    )\n    flags=(\n");
    for (size_t i = 0; i < option_meta_count; i++) {
        const struct option_meta *meta = &option_metas[i];
        buf_printf(out, "        '--%s%s[", meta->flag, meta->value_name ? "=" : "");
        print_quoted(out, meta->help, true);
        buf_printf(out, "]%s'\n", meta->action == OPTIONS_COMPLETIONS ? ":SHELL:(bash zsh fish)" : "");
    }
    buf_append_str(out, "    )\n    case $command in\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct command_info *info = &command_table[c];
        buf_printf(out, "    '%s')\n        flags+=(\n", info->word);
        for (size_t i = 0; i < option_count; i++) {
            if (applies(&option_table[i], c))
                print_zsh_option(out, &option_table[i]);
        }
        if (c != COMMAND_RUN)
            buf_printf(out, "        '1: :(%s)'\n", info->word);
        if (offered(info->choices, info->suggest)) {
            buf_printf(out, "        '2:%s:(", info->choices ? "kind" : "name");
            print_words(out, offered(info->choices, info->suggest));
            buf_append_str(out, ")'\n");
        } else if (info->file_arg) {
            buf_append_str(out, "        '2:file:_files'\n");
        }
        buf_append_str(out, "        )\n        ;;\n");
    }
    buf_append_str(out, "    esac\n    if [[ -z $command && ${words[CURRENT]} != -* ]]; then\n"
                        "        _describe command commands && return\n    fi\n    _arguments $flags\n}\n"
                        "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n    _claude_top \"$@\"\nelse\n"
                        "    compdef _claude_top claude-top\nfi\n");
}

/* fish: -n says when a line holds. */
static void print_fish_condition(struct buf *out, uint32_t commands)
{
    if (commands == (1u << COMMAND_COUNT) - 1)
        return;
    buf_append_str(out, " -n '");
    bool first = true;
    if (commands & 1u) {
        buf_append_str(out, "__claude_top_no_command");
        first = false;
    }
    if (commands & ~1u) {
        buf_printf(out, "%s__fish_seen_subcommand_from", first ? "" : "; or ");
        for (int c = 1; c < COMMAND_COUNT; c++) {
            if (commands & (1u << c))
                buf_printf(out, " %s", command_table[c].word);
        }
    }
    buf_append_char(out, '\'');
}

static void print_fish(struct buf *out)
{
    buf_append_str(out, "# fish completion for claude-top\nfunction __claude_top_no_command\n"
                        "    not __fish_seen_subcommand_from");
    for (int c = 1; c < COMMAND_COUNT; c++)
        buf_printf(out, " %s", command_table[c].word);
    buf_append_str(out, "\nend\ncomplete -c claude-top -f\n");
    for (int c = 1; c < COMMAND_COUNT; c++) {
        const struct command_info *info = &command_table[c];
        buf_printf(out, "complete -c claude-top -n __claude_top_no_command -a %s -d '", info->word);
        print_quoted(out, info->summary, false);
        buf_append_str(out, "'\n");
        if (offered(info->choices, info->suggest)) {
            buf_printf(out, "complete -c claude-top -n '__fish_seen_subcommand_from %s' -a '", info->word);
            print_words(out, offered(info->choices, info->suggest));
            buf_append_str(out, "'\n");
        }
        if (info->file_arg)
            buf_printf(out, "complete -c claude-top -n '__fish_seen_subcommand_from %s' -F\n", info->word);
    }
    for (size_t i = 0; i < option_meta_count; i++) {
        const struct option_meta *meta = &option_metas[i];
        buf_printf(out, "complete -c claude-top -l %s", meta->flag);
        if (meta->letter)
            buf_printf(out, " -s %c", meta->letter);
        if (meta->action == OPTIONS_COMPLETIONS)
            buf_append_str(out, " -x -a 'bash zsh fish'");
        buf_append_str(out, " -d '");
        print_quoted(out, meta->help, false);
        buf_append_str(out, "'\n");
    }
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        bool negated = opt->type == OPTION_BOOL && strcmp(opt->fallback, "on") == 0;
        buf_append_str(out, "complete -c claude-top");
        print_fish_condition(out, opt->commands);
        buf_printf(out, " -l %s%s", negated ? "no-" : "", opt->flag);
        if (offered(opt->choices, opt->suggest)) {
            buf_append_str(out, " -x -a '");
            print_words(out, offered(opt->choices, opt->suggest));
            buf_append_char(out, '\'');
        } else if (opt->value_name) {
            buf_append_str(out, opt->type == OPTION_PATH ? " -r -F" : " -x");
        }
        buf_append_str(out, " -d '");
        print_quoted(out, opt->help, false);
        buf_append_str(out, "'\n");
    }
}

enum ct_err options_print_completions(enum shell_choice shell, struct buf *out)
{
    switch (shell) {
    case SHELL_BASH:
        print_bash(out);
        break;
    case SHELL_ZSH:
        print_zsh(out);
        break;
    case SHELL_FISH:
        print_fish(out);
        break;
    }
    return buf_cstr(out) ? CT_OK : CT_ERR_LIMIT;
}
