#include "screen_settings.h"

#include "columns.h"
#include "config_edit.h"
#include "options_value.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define TEXTS_MAX   (256u * 1024u)
#define CHANGED_MAX (1024u * 1024u) /* of values typed in one run */
#define VALUE_MAX   4096

#define SHOWN_ON ((1u << COMMAND_RUN) | (1u << COMMAND_REPLAY) | (1u << COMMAND_DEMO))

void screen_settings_init(struct screen_settings *s, const struct options *o, const char *themes)
{
    memset(s, 0, sizeof *s);
    s->own = *o; /* its strings stay in o's arena */
    s->themes = themes;
    arena_init(&s->arena, CHANGED_MAX);
    arena_init(&s->texts, TEXTS_MAX);
    buf_init(&s->seen, (size_t)CONFIG_BYTES_MAX + 1);
}

void screen_settings_finish(struct screen_settings *s)
{
    arena_finish(&s->arena);
    arena_finish(&s->texts);
    buf_finish(&s->seen);
}

static bool is_shown(const struct option *opt)
{
    return opt->section && opt->key && !opt->advanced && !opt->secret && opt->type != OPTION_LIST &&
           (opt->commands & SHOWN_ON) == SHOWN_ON;
}

/* Nothing of these is read before it is used, or screen.c uses them anew when they change. */
static bool is_at_once(const struct option *opt)
{
    static const char *const NEXT_START[] = {"color", "ascii", "prices"};
    if (strcmp(opt->section, "grafana") == 0) /* Grafana was asked what it has */
        return false;
    for (size_t i = 0; i < sizeof NEXT_START / sizeof NEXT_START[0]; i++)
        if (strcmp(opt->flag, NEXT_START[i]) == 0)
            return false;
    return true;
}

static const char *keep(struct screen_settings *s, struct slice text)
{
    char clean[VALUE_MAX];
    size_t len = text_clean(text, clean, sizeof clean);
    const char *kept = arena_dup(&s->texts, slice_make(clean, len)).ptr;
    return kept ? kept : "";
}

static const char *keep_value(struct screen_settings *s, const struct option *opt)
{
    struct buf text;
    buf_init(&text, VALUE_MAX);
    const char *kept = option_format(&s->own, opt, &text) ? "" : keep(s, buf_slice(&text));
    buf_finish(&text);
    return kept;
}

static const char *choices_of(const struct screen_settings *s, const struct option *opt)
{
    if (opt->type == OPTION_BOOL)
        return "on|off";
    if (opt->type == OPTION_ENUM)
        return opt->choices;
    return strcmp(opt->flag, "theme") == 0 ? s->themes : "";
}

static void add(struct screen_settings *s, const struct option_section *section, const struct option *opt)
{
    const struct option_source *source = &s->own.sources[option_index(opt)];
    struct ui_setting *item = &s->items[s->count++];
    *item = (struct ui_setting){
        .group = section->title,
        .name = opt->flag,
        .help = opt->help,
        .value = keep_value(s, opt),
        .fallback = opt->fallback,
        .choices = choices_of(s, opt),
        .origin = source->origin == ORIGIN_ENV    ? keep(s, slice_str(source->env_name))
                  : source->origin == ORIGIN_FLAG ? "by a flag"
                  : source->origin == ORIGIN_FILE ? "config.ini"
                                                  : "built-in",
        .fixed = source->origin == ORIGIN_ENV || source->origin == ORIGIN_FLAG,
        .at_once = is_at_once(opt),
    };
}

/* The screen's own settings first. */
static void add_section(struct screen_settings *s, const struct option_section *section)
{
    for (size_t i = 0; section->name && i < option_count; i++) {
        const struct option *opt = &option_table[i];
        if (s->count < SCREEN_SETTINGS_MAX && is_shown(opt) && strcmp(opt->section, section->name) == 0)
            add(s, section, opt);
    }
}

void screen_settings_list(struct screen_settings *s, bool opened)
{
    struct ct_errmsg msg;
    if (opened) {
        buf_clear(&s->seen);
        s->opened = config_edit_read(s->own.config, &s->seen, &msg) == CT_OK;
    }
    s->count = 0;
    arena_reset(&s->texts);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < option_section_count; i++) {
            const struct option_section *section = &option_sections[i];
            if (section->name && (strcmp(section->name, "ui") == 0) == (pass == 0))
                add_section(s, section);
        }
}

void screen_settings_close(struct screen_settings *s)
{
    s->opened = false;
}

enum ct_err screen_settings_set(struct screen_settings *s, const char *name, const char *value, bool *used,
                                struct ct_errmsg *msg)
{
    const struct option *opt = option_by_flag(slice_str(name));
    struct ct_errmsg words;
    *used = false;
    if (!opt || !opt->section || !opt->key)
        return ct_fail(msg, CT_ERR_USAGE, "%s is no setting of config.ini", name);
    struct option_source *source = &s->own.sources[option_index(opt)];
    if (source->origin == ORIGIN_ENV || source->origin == ORIGIN_FLAG)
        return ct_fail(msg, CT_ERR_USAGE, "%s is fixed for this run by %s", name,
                       source->origin == ORIGIN_ENV ? source->env_name : "a flag");
    if (strcmp(name, "columns") == 0) {
        struct column_set set;
        enum ct_err err = columns_parse(&set, slice_str(value), msg);
        if (err)
            return err;
    }
    enum ct_err err =
        option_set_field(&s->arena, opt, (char *)&s->own + opt->offset, slice_str(value), &words);
    if (err)
        return ct_fail(msg, CT_ERR_USAGE, "%s %s", name, words.text);
    *used = true;
    err = config_edit_file(s->own.config, s->opened ? &s->seen : NULL, slice_str(opt->section),
                           slice_str(opt->key), slice_str(value), &words);
    if (err)
        return ct_fail(msg, err, "not kept: %s", words.text);
    source->origin = ORIGIN_FILE;
    return CT_OK;
}
