/*
 * term_input.h - from bytes that a terminal sent to keys: sans-I/O, one byte at a time is fine.
 *
 * Known are: what terminfo says for this terminal (term_input_add), the sequences of xterm and its kin, the
 * application keypad, mouse reports (SGR, 1006), UTF-8. A sequence that is well-formed but not known is
 * dropped as a whole, so that its letters never act as keys. Pasted text (bracketed, 2004) is dropped too: it
 * was not meant as commands. What the terminal says of its paper (term_paper.h) is kept.
 */
#ifndef CT_UI_TERM_INPUT_H
#define CT_UI_TERM_INPUT_H

#include "key.h"
#include "term_paper.h"

#define TERM_INPUT_BYTES      128 /* an unfinished sequence; longer ones are dropped */
#define TERM_INPUT_SEQ_MAX    16
#define TERM_INPUT_KEYS_MAX   40
#define TERM_INPUT_PASTE_MAX  (1024u * 1024u)     /* after this much the end of a paste is taken as lost */
#define TERM_INPUT_STRING_MAX 4096u               /* the same for a reply of the terminal (OSC, DCS) */
#define TERM_INPUT_STRING_NS  INT64_C(1000000000) /* a reply that stops for so long was cut off */
#define TERM_INPUT_REPLY_MAX  64                  /* a longer one is not about the paper */

struct term_input {
    char bytes[TERM_INPUT_BYTES]; /* not yet understood */
    size_t len;
    bool timed_out; /* the ESC at the start stands for itself */
    bool pasting;
    bool in_string; /* a reply of the terminal, dropped until its end */
    bool wrapped;   /* it came through tmux: each ESC in it is doubled */
    size_t dropped; /* bytes of the paste or string so far */
    char tail[6];   /* last bytes of the paste */
    char reply[TERM_INPUT_REPLY_MAX];
    size_t reply_len;        /* more than that: not kept */
    int64_t string_ns;       /* when its last bytes came */
    enum term_paper paper;   /* as last heard of */
    int64_t answer_until_ns; /* an answer may come */
    bool esc_alone;          /* an ESC stood for itself just now, and an answer may come */
    struct {
        char seq[TERM_INPUT_SEQ_MAX];
        uint8_t len;
        uint32_t code;
    } keys[TERM_INPUT_KEYS_MAX]; /* from terminfo */
    size_t key_count;
    int64_t click_ns; /* last press; 0: none to pair with */
    int click_row, click_col;
    int64_t double_ns; /* two presses within it are a double click */
};

void term_input_init(struct term_input *in, int64_t double_ns);

/* A sequence that means code. Too long or too many ones are left out. */
void term_input_add(struct term_input *in, const char *seq, uint32_t code);

/* All keys that string() knows by their names in terminfo ("kcuu1"); NULL for those that the terminal has
 * not. */
void term_input_add_terminfo(struct term_input *in, const char *(*string)(const char *cap));

/*
 * The terminal was asked something. Until then an ESC that stood alone for too long is perhaps the beginning
 * of the answer: a ] behind it goes on with that.
 */
void term_input_await(struct term_input *in, int64_t until_ns);

/* Takes bytes in; returns how many had room. Call term_input_next() until it is false, then go on. */
size_t term_input_feed(struct term_input *in, struct slice bytes);

/* The next key. False when more bytes are needed. */
bool term_input_next(struct term_input *in, int64_t now_ns, struct key *key);

/* An ESC, perhaps with one byte of a sequence after it, waits for more. */
bool term_input_escape_pending(const struct term_input *in);

/* Nothing more came: the next term_input_next() gives the ESC. */
void term_input_timeout(struct term_input *in);

#endif
