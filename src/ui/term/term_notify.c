#include "term_notify.h"

#include "text.h"

#define TITLE "claude-top"

static bool has(const char *name, const char *part)
{
    return name && strstr(name, part) != NULL;
}

enum term_notify term_notify_choose(const struct term_notify_env *env)
{
    static const char *const terms[] = {"rxvt", "foot", "ghostty", "contour"};
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if (has(env->term, terms[i]) || has(env->term_program, terms[i]))
            return TERM_NOTIFY_OSC777;
    bool vte = env->vte_version && *env->vte_version;
    return vte || has(env->term_program, "WezTerm") ? TERM_NOTIFY_OSC777 : TERM_NOTIFY_OSC9;
}

/* The text as a field: a semicolon would begin the next one. */
static enum ct_err append_text(struct slice text, bool ascii, struct buf *out)
{
    struct text_cluster c;
    enum ct_err err = CT_OK;
    text = text_prefix(text, TERM_NOTIFY_COLS, NULL);
    while (!err && text_next(&text, &c)) {
        struct slice bytes = ascii && c.base >= 0x80 ? SLICE_LIT("?")
                             : c.base == ';'         ? SLICE_LIT(",")
                                                     : c.bytes;
        err = buf_append(out, bytes);
    }
    return err;
}

static enum ct_err append_one(const char *begin, bool tmux, bool ascii, struct slice text, struct buf *out)
{
    /* Inside, every ESC is doubled; the end of the inner sequence is a BEL, which needs none. */
    enum ct_err err = buf_append_str(out, tmux ? "\033Ptmux;\033\033]" : "\033]");
    if (!err)
        err = buf_append_str(out, begin);
    if (!err)
        err = append_text(text, ascii, out);
    return err ? err : buf_append_str(out, tmux ? "\a\033\\" : "\a");
}

enum ct_err term_notify_append(enum term_notify how, bool tmux, bool ascii, struct slice text,
                               struct buf *out)
{
    enum ct_err err = CT_OK;
    if (!text_is_clean(text))
        return CT_ERR_USAGE;
    /* ConEmu and Windows Terminal read a number and a semicolon here as something else: a word comes first.
     */
    if (how != TERM_NOTIFY_OSC777)
        err = append_one("9;" TITLE ": ", tmux, ascii, text, out);
    if (!err && how != TERM_NOTIFY_OSC9)
        err = append_one("777;notify;" TITLE ";", tmux, ascii, text, out);
    return err;
}
