/* The manual page's source: scdoc's input language (scdoc(5)). */
#include "options_table.h"

/* Underscores, stars and backslashes mean something to scdoc. */
static void plain(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (strchr("_*\\<", *c) || (c == text && strchr(".-#|;[]", *c)))
            buf_append_char(out, '\\');
        buf_append_char(out, *c);
    }
}

static void print_value_name(struct buf *out, const struct option *opt)
{
    if (!opt->value_name)
        return;
    buf_append_char(out, ' ');
    if (opt->choices) {
        plain(out, opt->choices);
        return;
    }
    buf_append_char(out, '_');
    buf_append_str(out, opt->value_name);
    buf_append_char(out, '_');
}

static void print_commands_of(struct buf *out, const struct option *opt)
{
    if (opt->commands == (1u << COMMAND_COUNT) - 1)
        return;
    buf_append_str(out, "\t\n\tFor: ");
    bool first = true;
    for (int c = 0; c < COMMAND_COUNT; c++) {
        if (!(opt->commands & (1u << c)))
            continue;
        buf_printf(out, "%sclaude-top%s%s", first ? "" : ", ", c ? " " : "", command_table[c].word);
        first = false;
    }
    buf_append_str(out, ".\n");
}

static void print_option(struct buf *out, const struct option *opt)
{
    char env[OPTION_ENV_MAX];
    bool negated = opt->type == OPTION_BOOL && strcmp(opt->fallback, "on") == 0;
    if (opt->secret) {
        buf_append_str(out, "*");
        plain(out, opt->key);
        buf_append_str(out, "* (no flag)");
    } else {
        buf_printf(out, "*--%s%s*", negated ? "[no-]" : "", opt->flag);
        print_value_name(out, opt);
    }
    buf_append_str(out, "\n\t");
    plain(out, opt->help);
    buf_append_str(out, ".");
    if (opt->fallback[0]) {
        buf_append_str(out, " Default: ");
        plain(out, opt->fallback);
        buf_append_str(out, ".");
    }
    if (opt->example && strcmp(opt->example, opt->fallback) != 0) {
        buf_append_str(out, " Example: ");
        plain(out, opt->example);
        buf_append_str(out, ".");
    }
    buf_append_char(out, '\n');
    if (option_env_name(opt, env)) {
        buf_append_str(out, "\t\n\t");
        if (opt->key) {
            buf_append_str(out, "config.ini: *");
            plain(out, opt->key);
            buf_printf(out, "* in \\[%s\\]. ", opt->section);
        }
        buf_append_str(out, "Environment: *");
        plain(out, env);
        if (opt->alias) {
            buf_append_str(out, "* or *");
            plain(out, opt->alias);
        }
        buf_append_str(out, "*.\n");
    }
    print_commands_of(out, opt);
    buf_append_char(out, '\n');
}

static void print_commands(struct buf *out)
{
    buf_append_str(out, "# COMMANDS\n\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct command_info *info = &command_table[c];
        buf_printf(out, "*claude-top%s%s*", c ? " " : "", info->word);
        if (info->args[0]) {
            buf_append_char(out, ' ');
            plain(out, info->args);
        }
        buf_append_str(out, "\n\t");
        plain(out, info->text);
        buf_append_str(out, "\n\n");
    }
}

static const char upstreams_text[] =
    "# UPSTREAMS\n\n"
    "The flags and \\[upstream] of config.ini describe one destination. There may be further ones, each with "
    "a "
    "name (small letters, digits and -) and a place of its own in the journal: one that is away holds up no "
    "other. In config.ini they are sections \\[upstream _NAME_]; on the command line a value that begins "
    "with "
    "_NAME_= is for that one, for example *--upstream-http cloud=https://otlp.example.org*. What a further "
    "destination does not say is as in \\[upstream], but for what is its own: URLs, headers, CA, certificate "
    "and key are never taken over, so that what authorizes us to one is not shown to another.\n\n"
    "A destination that is new begins with what arrives from then on, \\[upstream] with what the journal "
    "holds; *--upstream-from* says otherwise. One that is taken away is forgotten in everything but its "
    "cursor files: when it comes back, it goes on where it was, as far as the journal still reaches.\n\n";

static const char environment_text[] =
    "# ENVIRONMENT\n\n"
    "Settings are taken from what is built in, then config.ini, then the environment, then flags; the last "
    "one wins. "
    "*claude-top --print-config* shows each with where it came from.\n\n"
    "*CLAUDE\\_TOP\\_*_NAME_\n"
    "\tEach setting under its flag's name in capitals, with \\_ for -. Of a further upstream that config.ini "
    "or a flag names, its name is appended: *CLAUDE\\_TOP\\_UPSTREAM\\_HEADER\\_CLOUD* for \\[upstream "
    "cloud].\n\n"
    "*CLAUDE\\_TOP\\_OTEL\\_EXPORTER\\_OTLP\\_ENDPOINT*, *CLAUDE\\_TOP\\_OTEL\\_EXPORTER\\_OTLP\\_PROTOCOL*\n"
    "\tThe upstream in OpenTelemetry's words: its base URL, and grpc, http/protobuf or http/json. "
    "*CLAUDE\\_TOP\\_UPSTREAM\\_HTTP* and *CLAUDE\\_TOP\\_UPSTREAM\\_GRPC* win over it. OpenTelemetry's own "
    "variables, without our prefix, are not read: they tell Claude Code to send here, so that an upstream "
    "taken from "
    "them would be claude-top itself.\n\n"
    "*NO\\_COLOR*\n"
    "\tNot empty: attributes instead of colours, unless *--color* says otherwise.\n\n"
    "*BROWSER*\n"
    "\tOpens links; several separated by colons, %s stands for the URL.\n\n"
    "*XDG\\_STATE\\_HOME*, *XDG\\_CONFIG\\_HOME*, *XDG\\_RUNTIME\\_DIR*\n"
    "\tWhere files are, see FILES.\n\n"
    "# FILES\n\n"
    "_$XDG_CONFIG_HOME/claude-top/config.ini_, else _~/.config/claude-top/config.ini_\n"
    "\tSettings: sections in brackets, one key = value on each line, comments behind a semicolon. An unknown "
    "key is "
    "a warning, a bad value ends the program. \\[keys\\] gives actions of the screen other keys.\n\n"
    "_$XDG_STATE_HOME/claude-top_, else _~/.local/state/claude-top_\n"
    "\tThe journal and what has been forwarded of it. Readable for its owner only.\n\n"
    "_$XDG_RUNTIME_DIR/claude-top.sock_, else in the state folder\n"
    "\tThe collector's socket.\n\n";

enum ct_err options_print_man(const char *version, struct buf *out)
{
    buf_printf(out,
               "claude-top(1) \"claude-top %s\"\n\n# NAME\n\nclaude-top - live view of Claude Code's "
               "sessions, turns "
               "and calls\n\n# SYNOPSIS\n\n",
               version);
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct command_info *info = &command_table[c];
        buf_printf(out, "*claude-top%s%s*", c ? " " : "", info->word);
        if (info->args[0]) {
            buf_append_char(out, ' ');
            plain(out, info->args);
        }
        buf_printf(out, " \\[_option_…\\]%s\n", c + 1 < COMMAND_COUNT ? "++" : "");
    }
    buf_append_str(out, "\n# DESCRIPTION\n\n");
    plain(out, command_table[COMMAND_RUN].text);
    buf_append_str(out, "\n\n");
    print_commands(out);
    buf_append_str(out, "# OPTIONS\n\n");
    for (size_t i = 0; i < option_meta_count; i++) {
        const struct option_meta *meta = &option_metas[i];
        if (meta->letter)
            buf_printf(out, "*-%c*, ", meta->letter);
        buf_printf(out, "*--%s*", meta->flag);
        if (meta->value_name)
            buf_printf(out, " _%s_", meta->value_name);
        buf_append_str(out, "\n\t");
        plain(out, meta->help);
        buf_append_str(out, ".\n\n");
    }
    for (size_t s = 0; s < option_section_count; s++) {
        const struct option_section *section = &option_sections[s];
        buf_printf(out, "## %s\n\n", section->title);
        for (size_t i = 0; i < option_count; i++) {
            const struct option *opt = &option_table[i];
            if (opt->section ? section->name && strcmp(opt->section, section->name) == 0 : !section->name)
                print_option(out, opt);
        }
    }
    buf_append_str(out, upstreams_text);
    buf_append_str(out, environment_text);
    buf_append_str(out, "# EXIT STATUS\n\n");
    for (size_t i = 0; i < exit_count; i++) {
        buf_printf(out, "*%d*\n\t", (int)exit_table[i].code);
        plain(out, exit_table[i].text);
        buf_append_str(out, ".\n\n");
    }
    buf_append_str(out, "# EXAMPLES\n\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        buf_append_str(out, "*");
        plain(out, command_table[c].example);
        buf_append_str(out, "*\n\t");
        plain(out, command_table[c].example_says);
        buf_append_str(out, ".\n\n");
    }
    return buf_cstr(out) ? CT_OK : CT_ERR_LIMIT;
}
