/*
 * key.h - what the user did, as the terminal layer reports it and the keymap understands it.
 */
#ifndef CT_UI_KEY_H
#define CT_UI_KEY_H

#include "slice.h"

/* Code points stand for themselves; everything else has a number above Unicode. Control keys are 1 to 26. */
enum key_code {
    KEYCODE_NONE = 0,
    KEYCODE_TAB = 9,
    KEYCODE_ENTER = 13,
    KEYCODE_ESC = 27,
    KEYCODE_BACKSPACE = 127,
    KEYCODE_UP = 0x110000,
    KEYCODE_DOWN,
    KEYCODE_LEFT,
    KEYCODE_RIGHT,
    KEYCODE_PAGE_UP,
    KEYCODE_PAGE_DOWN,
    KEYCODE_HOME,
    KEYCODE_END,
    KEYCODE_INSERT,
    KEYCODE_DELETE,
    KEYCODE_BACKTAB,
    KEYCODE_F1,
    KEYCODE_F12 = KEYCODE_F1 + 11,
    KEYCODE_MOUSE,  /* see the mouse fields */
    KEYCODE_RESIZE, /* the terminal has a new size */
};

enum mouse_action { MOUSE_NONE, MOUSE_PRESS, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct key {
    uint32_t code;
    enum mouse_action mouse;
    int row, col; /* mouse position in cells */
};

/* Parses "q", "C-c", "F10", "PgUp", "Space", "Enter", "+" … as config.ini spells keys. */
bool key_parse(struct slice name, struct key *out);

/*
 * Takes the first key off a script: a character stands for itself, <Enter>, <C-f>, <F1> … for the key of that
 * name, <lt> for "<". False when there is none: the script is at its end (then empty) or wrong at *rest.
 */
bool key_script_next(struct slice *rest, struct key *out);

/* The spelling that key_parse() reads and help shows. out holds KEY_NAME_MAX bytes. */
#define KEY_NAME_MAX 16
const char *key_name(const struct key *key, char *out);

#endif
