/*
 * status_format.h - one line for a status bar, from a template and the collector's summary (summary.h).
 *
 *   {NAME}          the value; nothing when it is not known
 *   {NAME:SPEC}     in columns: "<12" at least 12, to the left; ">7" to the right; "^9" in the middle; ".20"
 * at most 20, cut with an ellipsis; ">7.7" both {NAME?TEXT}     TEXT, a template itself, when the value is
 * there and is not 0 {NAME!TEXT}     TEXT when it is not there or 0
 *   {{ and }}       braces, outside of a TEXT
 *
 * The names are STATUS_NAMES below. In front of a template may stand who shows it ("tmux:", "zellij:",
 * "starship:", "i3status:", "waybar:", "plain:"), because of what has to be written differently there: values
 * never bring tmux's or Pango's markup with them, the template may. A name without a template means the
 * built-in one. tmux              '#' in values is doubled waybar            JSON with text, tooltip and
 * class (off, idle, running, waiting, down), values escaped for Pango i3status          JSON of i3bar's
 * protocol with full_text, short_text and urgent, for i3blocks and wrappers of i3status, and text and state
 * for i3status-rust
 */
#ifndef CT_APP_STATUS_FORMAT_H
#define CT_APP_STATUS_FORMAT_H

#include "buf.h"
#include "errors.h"

#define STATUS_FORMAT_MAX 2048 /* bytes of a template */
#define STATUS_LINE_MAX   8192 /* bytes of a line; what goes beyond is left out */
#define STATUS_DEPTH_MAX  8    /* templates in templates */

/* name, what it is */
#define STATUS_NAMES(X)                                                                                      \
    X(sessions, "sessions")                                                                                  \
    X(live, "of those, the ones that are not over and were heard of lately")                                 \
    X(waiting, "sessions that wait for you")                                                                 \
    X(running, "sessions at work")                                                                           \
    X(failed, "sessions whose turn failed")                                                                  \
    X(turns, "turns")                                                                                        \
    X(calls, "model calls")                                                                                  \
    X(errors, "model calls that failed in the end")                                                          \
    X(tools, "tool calls")                                                                                   \
    X(tool_errors, "tool calls that failed")                                                                 \
    X(in, "input tokens")                                                                                    \
    X(out, "output tokens")                                                                                  \
    X(cache, "cache read tokens")                                                                            \
    X(cost, "what the sessions cost")                                                                        \
    X(today, "what was spent today, of all sessions")                                                        \
    X(rate, "fresh tokens a minute, over five minutes")                                                      \
    X(burn, "dollars an hour, over five minutes")                                                            \
    X(name, "title or folder of the session that waits longest, or else was prompted last")                  \
    X(folder, "its folder")                                                                                  \
    X(branch, "its branch")                                                                                  \
    X(state, "its state")                                                                                    \
    X(age, "how long it has been in it")                                                                     \
    X(call, "the tool that it runs or waits with")                                                           \
    X(model, "its model")                                                                                    \
    X(turn, "its number of turns")                                                                           \
    X(spent, "what it cost")                                                                                 \
    X(context, "how full its context is, in percent")                                                        \
    X(limit5h, "how much of the 5 hour limit is used, in percent")                                           \
    X(limit7d, "how much of the 7 day limit is used, in percent")                                            \
    X(upstream, "down or refusing; nothing while all is well, or without one")                               \
    X(queued, "requests that wait for the upstream")                                                         \
    X(lost, "requests that were lost on the way to it")                                                      \
    X(collector, "on; nothing when no collector runs")

/* CT_ERR_USAGE: msg says what is wrong with the template, and where. */
enum ct_err status_format_check(struct slice format, struct ct_errmsg *msg);

/* summary: empty or no JSON when there is no collector. The line ends in a newline and holds no other. */
enum ct_err status_format_line(struct slice format, struct slice summary, struct buf *out);

#endif
