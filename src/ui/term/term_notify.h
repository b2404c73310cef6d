/*
 * term_notify.h - the sequences by which a terminal is asked for a desktop notification.
 *
 *   OSC 9 ; text                     iTerm2, WezTerm, kitty, Windows Terminal and most others
 *   OSC 777 ; notify ; title ; text  rxvt, foot, VTE as Fedora has it, WezTerm, Ghostty
 *
 * Nobody tells whether one was shown. tmux passes neither on by itself: inside it they are wrapped (DCS
 * tmux;), which it lets through where its allow-passthrough is on, and drops otherwise. Pure.
 */
#ifndef CT_UI_TERM_NOTIFY_H
#define CT_UI_TERM_NOTIFY_H

#include "buf.h"

/* The choices of the setting, in this order. */
enum term_notify { TERM_NOTIFY_AUTO, TERM_NOTIFY_OSC9, TERM_NOTIFY_OSC777, TERM_NOTIFY_BOTH };

/* Columns of the text, title included; what is longer is cut. */
#define TERM_NOTIFY_COLS 200

struct term_notify_env {
    const char *term, *term_program, *vte_version, *tmux; /* as in the environment; NULL: not set */
};

/* What AUTO means here. */
enum term_notify term_notify_choose(const struct term_notify_env *env);

static inline bool term_notify_in_tmux(const struct term_notify_env *env)
{
    return (env->tmux && *env->tmux) || (env->term && strncmp(env->term, "tmux", 4) == 0);
}

/*
 * Appends the sequences; how is not AUTO. Text that is not clean (text.h) is refused with CT_ERR_USAGE: what
 * could end the sequence does not get into it. ascii: other characters become '?'.
 */
enum ct_err term_notify_append(enum term_notify how, bool tmux, bool ascii, struct slice text,
                               struct buf *out);

#endif
