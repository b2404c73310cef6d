/*
 * term_paper.h - whether the terminal's paper is light or dark: what it answers when it is asked, and what
 * the environment says. Pure.
 *
 * The question is xterm's OSC 11 with "?"; tmux answers for itself. What comes back may come late, in pieces,
 * inside tmux's wrapping or not at all: term_input.h finds it among the keys. A terminal that knows mode 2031
 * says by itself when its user goes over to the other kind (CSI ? 997 ; 1 n is dark, 2 light).
 */
#ifndef CT_UI_TERM_PAPER_H
#define CT_UI_TERM_PAPER_H

#include "slice.h"

enum term_paper { TERM_PAPER_UNKNOWN, TERM_PAPER_DARK, TERM_PAPER_LIGHT };

#define TERM_PAPER_ASK      "\033]11;?\033\\"
#define TERM_PAPER_NEWS_ON  "\033[?2031h"
#define TERM_PAPER_NEWS_OFF "\033[?2031l"

/*
 * The string of an OSC, without its beginning and end: "11;rgb:ffff/fffd/0000" with one to four hex digits
 * each, "11;rgba:…", "11;#rrggbb"; in front of it perhaps what tmux's wrapping leaves ("tmux;ESC]"). Anything
 * else is unknown.
 */
enum term_paper term_paper_answer(struct slice reply);

/* The parameters of a CSI … n: "?997;1". */
enum term_paper term_paper_news(struct slice params);

/* $COLORFGBG as rxvt and Konsole set it: "15;0", "0;default;15"; NULL is unknown. */
enum term_paper term_paper_variable(const char *colorfgbg);

#endif
