/* The keys of a terminal by its terminfo entry. Not in a file that includes <curses.h>: that has a
 * key_name(), too. */
#include "term_input.h"

#include <stdio.h>

void term_input_add_terminfo(struct term_input *in, const char *(*string)(const char *cap))
{
    static const struct {
        const char *cap;
        uint32_t code;
    } keys[] = {
        {"kcuu1", KEYCODE_UP},     {"kcud1", KEYCODE_DOWN},   {"kcub1", KEYCODE_LEFT},
        {"kcuf1", KEYCODE_RIGHT},  {"kpp", KEYCODE_PAGE_UP},  {"knp", KEYCODE_PAGE_DOWN},
        {"khome", KEYCODE_HOME},   {"kend", KEYCODE_END},     {"kich1", KEYCODE_INSERT},
        {"kdch1", KEYCODE_DELETE}, {"kcbt", KEYCODE_BACKTAB}, {"kbs", KEYCODE_BACKSPACE},
        {"kent", KEYCODE_ENTER},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *seq = string(keys[i].cap);
        if (seq)
            term_input_add(in, seq, keys[i].code);
    }
    for (unsigned i = 1; i <= 12; i++) {
        char cap[8];
        snprintf(cap, sizeof cap, "kf%u", i);
        const char *seq = string(cap);
        if (seq)
            term_input_add(in, seq, KEYCODE_F1 + i - 1);
    }
}
