#undef _XOPEN_SOURCE /* ncursesw's pkg-config file asks for an older one */
#define _XOPEN_SOURCE 700
#include "term_entry.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <term.h>

const char *term_entry_string(const char *cap)
{
    const char *value = tigetstr(cap);
    return value && value != (char *)-1 ? value : NULL;
}

/* Looks the entry up and drops it again. 1: good, 0: not there, -1: cannot move the cursor. */
static int probe(const char *name, int fd)
{
    int status = 0;
    if (setupterm(name, fd, &status) != OK)
        return status == 1 ? -1 : 0; /* 1: a printing terminal */
    bool moves = term_entry_string("cup") && term_entry_string("clear");
    TERMINAL *entry = cur_term;
    set_curterm(NULL);
    del_curterm(entry);
    return moves ? 1 : -1;
}

enum ct_err term_entry_choose(const char *term, bool want_direct, int fd, char *name, struct ct_errmsg *msg)
{
    if (!term || !*term)
        return ct_fail(msg, CT_ERR_UNSUPPORTED,
                       "TERM is not set, so that no screen can be drawn: use claude-top --once");
    if (strlen(term) >= TERM_ENTRY_NAME_MAX || strchr(term, '/'))
        return ct_fail(msg, CT_ERR_UNSUPPORTED,
                       "TERM is not the name of a terminal: set TERM=xterm-256color");
    int found = probe(term, fd);
    if (found == 0)
        return ct_fail(
            msg, CT_ERR_UNSUPPORTED,
            "the terminal %s is not in this system's terminfo: install its entry, set TERM=xterm-256color, "
            "or use claude-top --once",
            term);
    if (found < 0)
        return ct_fail(msg, CT_ERR_UNSUPPORTED,
                       "a terminal of type %s cannot show a screen: use claude-top --once", term);
    snprintf(name, TERM_ENTRY_NAME_MAX, "%s", term);
    if (!want_direct || strstr(term, "-direct"))
        return CT_OK;
    char direct[TERM_ENTRY_NAME_MAX];
    int n = snprintf(direct, sizeof direct, "%.*s-direct", (int)strcspn(term, "-"), term);
    if (n > 0 && (size_t)n < sizeof direct && probe(direct, fd) == 1)
        memcpy(name, direct, (size_t)n + 1);
    return CT_OK;
}

bool term_entry_is_modern(const char *name)
{
    static const char *const plain[] = {"linux", "dumb", "vt",   "ansi",   "cons",    "pcansi", "sun",
                                        "hurd",  "mach", "wsvt", "cygwin", "unknown", "network"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        size_t len = strlen(plain[i]);
        bool other = plain[i][0] == 'v' && name[len] == 'e'; /* vte is not a vt */
        if (strncmp(name, plain[i], len) == 0 && !other)
            return false;
    }
    return true;
}

/* tputs() has no context for its output function. */
static struct buf *put_to;
static enum ct_err put_err;

static int put(int c)
{
    if (!put_err)
        put_err = buf_append_char(put_to, (char)c);
    return c;
}

enum ct_err term_entry_restore_bytes(struct buf *out)
{
    static const char *const caps[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    put_to = out;
    put_err = CT_OK;
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        const char *bytes = term_entry_string(caps[i]);
        if (bytes)
            tputs(bytes, 1, put);
    }
    put_to = NULL;
    return put_err;
}

bool term_entry_has_corner(void)
{
    return !auto_right_margin || (enter_am_mode && exit_am_mode);
}

enum ct_err term_entry_whole_region(int rows, struct buf *out)
{
    const char *set = term_entry_string("csr");
    if (!set)
        return CT_OK;
    return buf_append_str(out, tparm(set, 0L, (long)rows - 1, 0L, 0L, 0L, 0L, 0L, 0L, 0L));
}
