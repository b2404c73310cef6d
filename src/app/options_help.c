/* --help and --print-config. */
#include "options_secret.h"
#include "options_upstream.h"
#include "options_value.h"

#include <stdio.h>

#define HELP_COLUMN 30                   /* where the words begin */
#define HELP_WIDTH  100                  /* where they end */
#define VALUE_MAX   ((size_t)128 * 1024) /* of one setting */

/* Words of text from the given column on, wrapped. Failures of buf stick: the caller checks once, at the end.
 */
static void wrap(struct buf *out, const char *text, size_t column)
{
    size_t at = column;
    struct slice rest = slice_str(text);
    while (rest.len) {
        struct slice word = slice_sub(rest, 0, slice_find(rest, ' '));
        if (at > column && at + 1 + word.len > HELP_WIDTH) {
            buf_printf(out, "\n%*s", (int)column, "");
            at = column;
        }
        if (at > column) {
            buf_append_char(out, ' ');
            at++;
        }
        buf_append(out, word);
        at += word.len;
        rest = slice_sub(rest, word.len + 1, rest.len);
    }
    buf_append_char(out, '\n');
}

static void print_row(struct buf *out, const char *left, const char *words)
{
    size_t len = strlen(left);
    if (len + 2 > HELP_COLUMN)
        buf_printf(out, "%s\n%*s", left, HELP_COLUMN, "");
    else
        buf_printf(out, "%-*s", HELP_COLUMN, left);
    wrap(out, words, HELP_COLUMN);
}

static void print_option(const struct option *opt, struct buf *out)
{
    char left[96], words[512];
    if (opt->type == OPTION_BOOL)
        snprintf(left, sizeof left, "  --%s%s", strcmp(opt->fallback, "on") == 0 ? "[no-]" : "", opt->flag);
    else
        snprintf(left, sizeof left, "  --%s %s", opt->flag,
                 opt->choices && opt->type != OPTION_SET ? opt->choices : opt->value_name);
    bool show_fallback = opt->fallback[0] && opt->type != OPTION_BOOL;
    snprintf(words, sizeof words, "%s%s%s%s", opt->help, show_fallback ? " [" : "",
             show_fallback ? opt->fallback : "", show_fallback ? "]" : "");
    print_row(out, left, words);
}

static bool belongs(const struct option *opt, const struct option_section *section, const struct options *o)
{
    bool same = opt->section ? section->name && strcmp(opt->section, section->name) == 0 : !section->name;
    return same && !opt->secret && (opt->commands & (1u << o->command)) && (o->help_all || !opt->advanced);
}

static void print_section(const struct options *o, const struct option_section *section, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < option_count; i++) {
        if (!belongs(&option_table[i], section, o))
            continue;
        if (!any)
            buf_printf(out, "\n%s\n", section->title);
        any = true;
        print_option(&option_table[i], out);
    }
}

/* The sum of all texts is a few KiB; a buffer that cannot hold it is the caller's failure, seen here once. */
static enum ct_err outcome(struct buf *out)
{
    return buf_cstr(out) ? CT_OK : CT_ERR_LIMIT;
}

enum ct_err options_print_help(const struct options *o, struct buf *out)
{
    const struct command_info *info = &command_table[o->command];
    bool run = o->command == COMMAND_RUN;
    buf_printf(out, "Usage: claude-top%s%s%s%s [OPTION…]\n\n", run ? "" : " ", info->word,
               info->args[0] ? " " : "", info->args);
    wrap(out, info->text, 0);
    if (run) {
        buf_append_str(out, "\nCommands (claude-top COMMAND --help says more)\n");
        for (int c = 0; c < COMMAND_COUNT; c++) {
            char left[48];
            snprintf(left, sizeof left, "  %s%s%s", c ? command_table[c].word : "(none)",
                     command_table[c].args[0] ? " " : "", command_table[c].args);
            print_row(out, left, command_table[c].summary);
        }
    }
    for (size_t i = 0; i < option_section_count; i++)
        print_section(o, &option_sections[i], out);
    buf_append_str(out, "\nGeneral\n");
    for (size_t i = 0; i < option_meta_count; i++) {
        const struct option_meta *meta = &option_metas[i];
        char left[48];
        snprintf(left, sizeof left, "  %s%c%s--%s%s%s", meta->letter ? "-" : "",
                 meta->letter ? meta->letter : ' ', meta->letter ? ", " : "   ", meta->flag,
                 meta->value_name ? " " : "", meta->value_name ? meta->value_name : "");
        print_row(out, left, meta->help);
    }
    buf_printf(out, "\nExample\n  %s\n      %s\n", info->example, info->example_says);
    buf_append_str(
        out,
        "\nEvery setting can stand in config.ini and in the environment (CLAUDE_TOP_ and the flag's name): "
        "see\nclaude-top --print-config and man claude-top.\n");
    return outcome(out);
}

static void print_origin(const struct options *o, const struct option *opt,
                         const struct option_source *source, struct buf *out)
{
    switch (source->origin) {
    case ORIGIN_BUILT_IN:
        buf_append_str(out, "built-in");
        break;
    case ORIGIN_FILE:
        buf_printf(out, "%s:%u", o->config, source->line);
        break;
    case ORIGIN_ENV:
        buf_append_str(out, source->env_name);
        break;
    case ORIGIN_FLAG:
        buf_printf(out, "--%s", opt->flag);
        break;
    }
}

static void print_key(const struct options *o, const struct option *opt, const struct option_upstream *u,
                      struct buf *out)
{
    const struct option_source *source = u ? &u->sources[option_index(opt)] : &o->sources[option_index(opt)];
    const void *field = u ? options_upstream_value(u, opt) : (const char *)o + opt->offset;
    size_t start = out->len;
    struct buf value;
    buf_init(&value, VALUE_MAX);
    bool whole = option_show(opt, field, &value);
    /* What cannot be read back is a comment. */
    buf_printf(out, "%s%s = ", whole ? "" : "; ", opt->key);
    buf_append(out, buf_slice(&value));
    buf_finish(&value);
    size_t width = out->len - start;
    buf_printf(out, "%*s ; ", width < 44 ? (int)(44 - width) : 0, "");
    if (u && source->origin == ORIGIN_BUILT_IN && !opt->own)
        buf_append_str(out, "[upstream]");
    else
        print_origin(o, opt, source, out);
    buf_append_char(out, '\n');
}

/* u: a further destination, or NULL. */
static void print_config_section(const struct options *o, const char *section,
                                 const struct option_upstream *u, struct buf *out)
{
    buf_printf(out, "\n[%s%s%s]\n", section, u ? " " : "", u ? u->name : "");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        if (opt->section && opt->key && strcmp(opt->section, section) == 0)
            print_key(o, opt, u, out);
    }
}

/* What it prints is a config.ini: every line can be put into one. */
enum ct_err options_print_config(const struct options *o, struct buf *out)
{
    buf_printf(out, "; %s%s\n", o->config, o->config_found ? "" : " (not there)");
    for (size_t s = 0; s < option_section_count; s++) {
        const char *section = option_sections[s].name;
        if (!section)
            continue;
        print_config_section(o, section, NULL, out);
        for (size_t i = 0; strcmp(section, "upstream") == 0 && i < o->upstream_count; i++)
            print_config_section(o, section, o->upstreams[i], out);
    }
    if (o->binding_count)
        buf_append_str(out, "\n[keys]\n");
    for (size_t i = 0; i < o->binding_count; i++) {
        const struct option_binding *b = &o->bindings[i];
        buf_printf(out, "%s = %s ; %s:%u\n", b->action, b->keys, o->config, b->line);
    }
    return outcome(out);
}
