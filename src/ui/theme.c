#include "theme.h"

#include "palette.h"
#include "text.h"
#include "theme_builtin.h" /* generated from themes/: BUILTIN_DARK for dark.ini and so on */

#include <errno.h>
#include <ini.h>
#include <stdio.h>

static const char *const ROLE_NAMES[ROLE_COUNT] = {
#define THEME_ROLE_NAME(id, name) [id] = (name),
    THEME_ROLES(THEME_ROLE_NAME)
#undef THEME_ROLE_NAME
};

static const struct {
    const char *name;
    const char *text;
    const char *about;
} BUILTIN[THEME_BUILTIN_COUNT] = {
    {"dark", BUILTIN_DARK, "for dark terminals"},
    {"light", BUILTIN_LIGHT, "for white and pale terminals"},
    {"dusk", BUILTIN_DUSK, "pastels on ink blue, with its own paper"},
    {"colorblind", BUILTIN_COLORBLIND, "for dark terminals, told apart without red or green"},
    {"high-contrast", BUILTIN_HIGH_CONTRAST, "at least 7 to 1, with its own paper"},
    {"mono", BUILTIN_MONO, "no colours: bold, dim, underline, reverse"},
};

static const struct {
    const char *name;
    uint8_t bit;
} ATTRS[] = {
    {"bold", STYLE_BOLD},           {"dim", STYLE_DIM},         {"italic", STYLE_ITALIC},
    {"underline", STYLE_UNDERLINE}, {"reverse", STYLE_REVERSE},
};

#define ATTR_COUNT (sizeof(ATTRS) / sizeof(ATTRS[0]))

const char *role_name(enum role role)
{
    return ROLE_NAMES[role];
}

bool role_parse(struct slice name, enum role *out)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (slice_eq_str(name, ROLE_NAMES[i])) {
            *out = (enum role)i;
            return true;
        }
    return false;
}

/* --------------------------------------------------------------------------------------------- reading */

struct reading {
    struct theme *theme;
    bool seen[ROLE_COUNT];
    bool any_role;
    char problem[256]; /* the first one; what to do, without file and line */
};

static int problem(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int problem(struct reading *r, const char *format, ...)
{
    if (r->problem[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(r->problem, sizeof(r->problem), format, args);
        va_end(args);
    }
    return 0; /* tells inih that the line is bad */
}

static struct slice next_field(struct slice *rest)
{
    size_t comma = slice_find(*rest, ',');
    struct slice field = slice_trim(slice_sub(*rest, 0, comma));
    *rest = comma < rest->len ? slice_sub(*rest, comma + 1, rest->len) : SLICE_NULL;
    return field;
}

static bool parse_attr(struct slice field, uint8_t *attrs)
{
    for (size_t i = 0; i < ATTR_COUNT; i++)
        if (slice_eq_str(field, ATTRS[i].name)) {
            *attrs |= ATTRS[i].bit;
            return true;
        }
    return false;
}

static int parse_style(struct reading *r, const char *name, struct slice value, struct style *out)
{
    struct style style = {{COLOR_KEEP, 0, 0, 0}, {COLOR_KEEP, 0, 0, 0}, 0};
    struct slice rest = value;
    int colors = 0;
    bool attrs = false;
    do {
        struct slice field = next_field(&rest);
        if (parse_attr(field, &style.attrs)) {
            attrs = true;
            continue;
        }
        if (attrs || colors == 2 || !palette_parse(field, colors == 0 ? &style.fg : &style.bg))
            return problem(
                r,
                "\"%.40s = … %.*s …\": write fg[,bg][,attribute…]; colours are #rrggbb, 0-255, a name "
                "such as bright-red, default or -; attributes are bold dim italic underline reverse",
                name, (int)(field.len < 24 ? field.len : 24), field.len ? field.ptr : "");
        colors++;
    } while (rest.ptr != NULL);
    *out = style;
    return 1;
}

static int on_theme_line(struct reading *r, const char *name, struct slice value)
{
    if (strcmp(name, "name") == 0) {
        if (value.len == 0 || value.len >= THEME_NAME_MAX || !text_is_clean(value))
            return problem(r, "give a name of 1 to %d plain characters", THEME_NAME_MAX - 1);
        memcpy(r->theme->name, value.ptr, value.len);
        r->theme->name[value.len] = '\0';
        return 1;
    }
    if (strcmp(name, "base") == 0) {
        int base = theme_builtin_find(value);
        if (base < 0)
            return problem(r, "base is dark, light, dusk, colorblind, high-contrast or mono");
        if (r->any_role)
            return problem(r, "put base before the roles");
        char kept[THEME_NAME_MAX];
        memcpy(kept, r->theme->name, sizeof(kept));
        theme_builtin(r->theme, base);
        memcpy(r->theme->name, kept, sizeof(kept));
        return 1;
    }
    return problem(r, "[theme] knows name and base, not \"%.40s\"", name);
}

static int on_line(void *user, const char *section, const char *name, const char *text)
{
    struct reading *r = user;
    struct slice value = slice_trim(slice_str(text));
    if (strcmp(section, "theme") == 0)
        return on_theme_line(r, name, value);
    if (strcmp(section, "roles") != 0)
        return problem(r, "sections are [theme] and [roles], not [%.40s]", section);
    enum role role;
    if (!role_parse(slice_str(name), &role))
        return problem(r, "there is no role \"%.40s\"; claude-top themes dark shows them all", name);
    if (r->seen[role])
        return problem(
            r,
            "\"%s\" stands there twice; keep one (a line that begins with a blank continues the one above)",
            name);
    r->seen[role] = true;
    r->any_role = true;
    return parse_style(r, name, value, &r->theme->roles[role]);
}

static void blank_theme(struct theme *theme)
{
    memset(theme, 0, sizeof(*theme));
    for (int i = 0; i < ROLE_COUNT; i++)
        theme->roles[i] = (struct style){{COLOR_KEEP, 0, 0, 0}, {COLOR_KEEP, 0, 0, 0}, 0};
}

void theme_builtin(struct theme *theme, int index)
{
    struct reading r = {.theme = theme};
    blank_theme(theme);
    ini_parse_string(BUILTIN[index].text, on_line, &r);
    theme->light = theme_looks_light(theme);
}

const char *theme_builtin_name(int index)
{
    return BUILTIN[index].name;
}

const char *theme_builtin_about(int index)
{
    return BUILTIN[index].about;
}

int theme_builtin_find(struct slice name)
{
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++)
        if (slice_eq_str(name, BUILTIN[i].name))
            return i;
    return -1;
}

/* "themes/solar.ini" is called solar unless it says otherwise. */
static void name_after_file(struct theme *theme, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct slice base = slice_str(slash ? slash + 1 : path);
    if (base.len > 4 && memcmp(base.ptr + base.len - 4, ".ini", 4) == 0)
        base.len -= 4;
    text_clean(base, theme->name, sizeof(theme->name));
}

enum ct_err theme_load(struct theme *theme, const char *path, struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    struct reading r = {.theme = theme};
    theme_builtin(theme, 0);
    name_after_file(theme, path);
    errno = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        err = ct_fail(msg, CT_ERR_IO, "%s: cannot read this theme (%s)", path, strerror(errno));
        goto use_default;
    }
    /* Read whole first: a device has no end, and inih stops at a NUL without a word. */
    char text[THEME_BYTES_MAX + 1];
    size_t len = fread(text, 1, sizeof text, file);
    bool unreadable = ferror(file) != 0;
    fclose(file);
    bool no_text = len == sizeof text || memchr(text, '\0', len) != NULL;
    if (!unreadable && no_text) {
        err = ct_fail(msg, CT_ERR_FORMAT, "%s: not a theme: a text file of at most %u bytes is wanted", path,
                      THEME_BYTES_MAX);
        goto use_default;
    }
    text[no_text ? 0 : len] = '\0';
    int line = unreadable ? 0 : ini_parse_string(text, on_line, &r);
    if (unreadable) {
        err = ct_fail(msg, CT_ERR_IO, "%s: cannot read this theme", path);
        goto use_default;
    }
    if (line != 0) {
        err = ct_fail(msg, CT_ERR_FORMAT, "%s:%d: %s", path, line,
                      r.problem[0] ? r.problem : "write \"role = colour\" or \"[section]\"");
        goto use_default;
    }
    theme->light = theme_looks_light(theme);
    return CT_OK;

use_default:
    theme_builtin(theme, 0);
    return err;
}
