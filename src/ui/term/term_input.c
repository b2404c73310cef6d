#include "term_input.h"

#define ESC 27

/* What the bytes at the start are. */
enum verdict {
    MORE, /* the start of something */
    KEY,  /* *key, used bytes */
    SKIP, /* nothing to anybody, used bytes */
};

void term_input_init(struct term_input *in, int64_t double_ns)
{
    *in = (struct term_input){.double_ns = double_ns};
}

void term_input_add(struct term_input *in, const char *seq, uint32_t code)
{
    size_t len = strlen(seq);
    /* Printable characters and UTF-8 are what they are, whatever terminfo says. */
    bool control = len > 0 && ((unsigned char)seq[0] < 0x20 || seq[0] == 127);
    if (!control || len > TERM_INPUT_SEQ_MAX || in->key_count == TERM_INPUT_KEYS_MAX)
        return;
    memcpy(in->keys[in->key_count].seq, seq, len);
    in->keys[in->key_count].len = (uint8_t)len;
    in->keys[in->key_count++].code = code;
}

static void consume(struct term_input *in, size_t n)
{
    memmove(in->bytes, in->bytes + n, in->len - n);
    in->len -= n;
    if (n)
        in->timed_out = false;
}

size_t term_input_feed(struct term_input *in, struct slice bytes)
{
    size_t room = sizeof in->bytes - in->len;
    size_t n = bytes.len < room ? bytes.len : room;
    if (n)
        memcpy(in->bytes + in->len, bytes.ptr, n);
    in->len += n;
    return n;
}

void term_input_await(struct term_input *in, int64_t until_ns)
{
    in->answer_until_ns = until_ns;
}

/* "ESC P" and the beginning of what tmux puts behind it. */
static bool may_be_wrapped(const struct term_input *in)
{
    static const char begin[] = "\033Ptmux;";
    size_t len = in->len < sizeof begin - 1 ? in->len : sizeof begin - 1;
    return len > 2 && memcmp(in->bytes, begin, len) == 0;
}

bool term_input_escape_pending(const struct term_input *in)
{
    if (in->pasting || in->in_string || in->timed_out || in->len == 0 || in->bytes[0] != ESC)
        return false;
    /* With more bytes than these it is surely a sequence: no human types that fast. */
    return in->len == 1 || (in->len == 2 && strchr("[O]P", in->bytes[1])) || may_be_wrapped(in);
}

void term_input_timeout(struct term_input *in)
{
    in->timed_out = term_input_escape_pending(in);
}

/* The terminal's own sequences, longest first. */
static enum verdict match_terminfo(const struct term_input *in, struct key *key, size_t *used)
{
    size_t best = 0;
    bool more = false;
    for (size_t i = 0; i < in->key_count; i++) {
        size_t len = in->keys[i].len;
        size_t common = len < in->len ? len : in->len;
        if (memcmp(in->bytes, in->keys[i].seq, common) != 0)
            continue;
        if (len > in->len)
            more = true;
        else if (len > best) {
            best = len;
            key->code = in->keys[i].code;
        }
    }
    *used = best;
    /* A longer one wins if it comes whole; else the generic rules decide what the start is. */
    return best && !more ? KEY : more ? MORE : SKIP;
}

static uint32_t tilde_code(unsigned n)
{
    static const uint8_t functions[] = {11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24};
    for (unsigned i = 0; i < sizeof functions; i++) {
        if (functions[i] == n)
            return KEYCODE_F1 + i;
    }
    switch (n) {
    case 1:
    case 7:
        return KEYCODE_HOME;
    case 2:
        return KEYCODE_INSERT;
    case 3:
        return KEYCODE_DELETE;
    case 4:
    case 8:
        return KEYCODE_END;
    case 5:
        return KEYCODE_PAGE_UP;
    case 6:
        return KEYCODE_PAGE_DOWN;
    default:
        return KEYCODE_NONE;
    }
}

/* Final bytes that CSI and SS3 share. */
static uint32_t letter_code(char letter)
{
    switch (letter) {
    case 'A':
        return KEYCODE_UP;
    case 'B':
        return KEYCODE_DOWN;
    case 'C':
        return KEYCODE_RIGHT;
    case 'D':
        return KEYCODE_LEFT;
    case 'F':
        return KEYCODE_END;
    case 'H':
        return KEYCODE_HOME;
    case 'Z':
        return KEYCODE_BACKTAB;
    case 'P':
    case 'Q':
    case 'R':
    case 'S':
        return KEYCODE_F1 + (uint32_t)(letter - 'P');
    default:
        return KEYCODE_NONE;
    }
}

/* The keypad in application mode. */
static uint32_t keypad_code(char letter)
{
    static const char from[] = "MXjklmnopqrstuvwxy", to[] = "\r=*+,-./0123456789";
    const char *at = strchr(from, letter);
    return at && letter ? (uint32_t)to[at - from] : letter_code(letter);
}

/* Decimal parameters separated by ';'; sub-parameters behind ':' are not looked at. Returns how many there
 * are. */
static size_t parse_params(struct slice text, unsigned *out, size_t max)
{
    size_t count = 0;
    while (count < max) {
        struct slice part = slice_sub(text, 0, slice_find(text, ';'));
        struct slice number = slice_sub(part, 0, slice_find(part, ':'));
        uint64_t value = 0;
        if (!slice_to_u64(number, &value) || value > 100000)
            value = 0;
        out[count++] = (unsigned)value;
        if (part.len == text.len)
            break;
        text = slice_sub(text, part.len + 1, text.len);
    }
    return count;
}

/* CSI < button ; col ; row M or m (xterm, "SGR extended coordinates"). Only what key.h has a name for. */
static enum verdict mouse(struct term_input *in, struct slice params, char final, int64_t now_ns,
                          struct key *key)
{
    unsigned p[3];
    if (parse_params(params, p, 3) != 3 || p[1] == 0 || p[2] == 0 || final != 'M')
        return SKIP;
    unsigned button = p[0] & ~(4u | 8u | 16u); /* without modifiers */
    key->code = KEYCODE_MOUSE;
    key->col = (int)p[1] - 1;
    key->row = (int)p[2] - 1;
    if (button == 64 || button == 65) {
        key->mouse = button == 64 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
        return KEY;
    }
    if (button != 0) /* other buttons, and movement (32) */
        return SKIP;
    bool twice = in->click_ns && now_ns - in->click_ns <= in->double_ns && in->click_row == key->row &&
                 in->click_col == key->col;
    key->mouse = twice ? MOUSE_DOUBLE : MOUSE_PRESS;
    in->click_ns = twice ? 0 : now_ns;
    in->click_row = key->row;
    in->click_col = key->col;
    return KEY;
}

static enum verdict csi(struct term_input *in, int64_t now_ns, struct key *key, size_t *used)
{
    size_t at = 2;
    if (in->len > 2 && in->bytes[2] == '[') { /* the Linux console's F1 to F5: CSI [ A */
        *used = 4;
        if (in->len < 4)
            return MORE;
        key->code =
            in->bytes[3] >= 'A' && in->bytes[3] <= 'E' ? KEYCODE_F1 + (uint32_t)(in->bytes[3] - 'A') : 0;
        return key->code ? KEY : SKIP;
    }
    while (at < in->len && in->bytes[at] >= 0x20 && in->bytes[at] <= 0x3f)
        at++;
    if (at == in->len)
        return MORE;
    char final = in->bytes[at];
    *used = at + 1;
    if (final < 0x40 || final > 0x7e) { /* a control character inside: what came before it is lost */
        *used = at;
        return SKIP;
    }
    struct slice params = slice_make(in->bytes + 2, at - 2);
    if (params.len && params.ptr[0] == '<')
        return mouse(in, slice_sub(params, 1, params.len), final, now_ns, key);
    if (params.len && (params.ptr[0] < '0' || params.ptr[0] > ';')) { /* private ones are replies */
        enum term_paper news = final == 'n' ? term_paper_news(params) : TERM_PAPER_UNKNOWN;
        in->paper = news ? news : in->paper;
        return SKIP;
    }
    unsigned p[2] = {0, 0};
    size_t count = parse_params(params, p, 2);
    if (final == '~' && p[0] == 200) {
        in->pasting = true;
        in->dropped = 0;
        memset(in->tail, 0, sizeof in->tail);
        return SKIP;
    }
    /* Modifiers come as a second parameter behind a 1; a cursor report (CSI row;col R) looks alike. */
    if (final == '~')
        key->code = tilde_code(p[0]);
    else if (p[0] <= 1)
        key->code = letter_code(final);
    (void)count;
    return key->code ? KEY : SKIP;
}

static enum verdict utf8(struct term_input *in, struct key *key, size_t *used)
{
    uint8_t lead = (uint8_t)in->bytes[0];
    size_t want = lead >= 0xf0 && lead <= 0xf4  ? 4
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                                                : 0;
    *used = 1;
    if (want == 0)
        return SKIP;
    uint32_t cp = lead & (0x7fu >> want);
    for (size_t i = 1; i < want; i++) {
        if (i == in->len)
            return MORE;
        uint8_t byte = (uint8_t)in->bytes[i];
        if ((byte & 0xc0) != 0x80) {
            *used = i;
            return SKIP;
        }
        cp = cp << 6 | (byte & 0x3f);
    }
    *used = want;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (cp < least[want] || cp < 0xa0 || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return SKIP;
    key->code = cp;
    return KEY;
}

static enum verdict begin_string(struct term_input *in, int64_t now_ns, bool kept, bool wrapped)
{
    in->in_string = true;
    in->wrapped = wrapped;
    in->dropped = 0;
    in->reply_len = kept ? 0 : TERM_INPUT_REPLY_MAX + 1;
    in->string_ns = now_ns;
    return SKIP;
}

static enum verdict escape(struct term_input *in, int64_t now_ns, struct key *key, size_t *used)
{
    *used = 1;
    key->code = KEYCODE_ESC;
    if (in->timed_out) {
        in->esc_alone = now_ns < in->answer_until_ns;
        return KEY;
    }
    if (in->len == 1)
        return MORE;
    char second = in->bytes[1];
    key->code = KEYCODE_NONE;
    if (second == '[')
        return csi(in, now_ns, key, used);
    if (second == 'O') {
        if (in->len == 2)
            return MORE;
        *used = 3;
        key->code = keypad_code(in->bytes[2]);
        return key->code ? KEY : SKIP;
    }
    /* Replies: colours (OSC digit), terminfo and such (DCS). Also late ones to somebody else's questions. */
    if (second == ']' || second == 'P') {
        if (in->len == 2)
            return MORE;
        char third = in->bytes[2];
        *used = 2;
        if ((third >= '0' && third <= '9') || (second == 'P' && strchr(">!$+", third)))
            return begin_string(in, now_ns, second == ']', false);
        if (second == 'P' && may_be_wrapped(in)) {
            if (in->len < sizeof "\033Ptmux;" - 1)
                return MORE;
            return begin_string(in, now_ns, true, true);
        }
        *used = 1;
    }
    key->code = KEYCODE_ESC; /* Alt and a key: ESC, then the key */
    return KEY;
}

static enum verdict look(struct term_input *in, int64_t now_ns, struct key *key, size_t *used)
{
    bool esc_alone = in->esc_alone;
    in->esc_alone = false;
    if (esc_alone && in->bytes[0] == ']') {
        *used = 1;
        return begin_string(in, now_ns, true, false);
    }
    if (!in->timed_out) {
        enum verdict v = match_terminfo(in, key, used);
        if (v == KEY)
            return KEY;
        if (v == MORE && in->bytes[0] != ESC)
            return MORE;
    }
    uint8_t first = (uint8_t)in->bytes[0];
    if (first == ESC) {
        key->code = KEYCODE_NONE;
        return escape(in, now_ns, key, used);
    }
    *used = 1;
    if (first >= 0x80)
        return utf8(in, key, used);
    if (first == 0)
        return SKIP;
    key->code = first == 8 ? KEYCODE_BACKSPACE : first;
    return KEY;
}

/* Drops pasted text up to CSI 201 ~. */
static void skip_paste(struct term_input *in)
{
    static const char end[6] = {ESC, '[', '2', '0', '1', '~'};
    size_t i = 0;
    while (in->pasting && i < in->len) {
        memmove(in->tail, in->tail + 1, sizeof in->tail - 1);
        in->tail[sizeof in->tail - 1] = in->bytes[i++];
        if (memcmp(in->tail, end, sizeof end) == 0 || ++in->dropped > TERM_INPUT_PASTE_MAX)
            in->pasting = false;
    }
    consume(in, i);
}

static void end_string(struct term_input *in)
{
    in->in_string = false;
    enum term_paper paper = in->reply_len <= sizeof in->reply
                                ? term_paper_answer(slice_make(in->reply, in->reply_len))
                                : TERM_PAPER_UNKNOWN;
    if (paper == TERM_PAPER_UNKNOWN)
        return;
    in->paper = paper;
    in->answer_until_ns = 0;
}

static void keep_byte(struct term_input *in, char byte)
{
    if (in->reply_len < sizeof in->reply)
        in->reply[in->reply_len] = byte;
    if (in->reply_len <= sizeof in->reply)
        in->reply_len++;
    in->in_string = ++in->dropped <= TERM_INPUT_STRING_MAX;
}

/* An ESC in a string and the byte behind it. Returns how many of them belong to it. */
static size_t escape_in_string(struct term_input *in, char second)
{
    if (in->wrapped && second == ESC) {
        keep_byte(in, ESC);
        return 2;
    }
    /* One that starts something else cuts the string off. */
    if (second != '\\') {
        in->in_string = false;
        return 0;
    }
    end_string(in);
    return 2;
}

/* Takes a string up to BEL or ESC \ (ST). Control characters are never part of one: they are keys. */
static void skip_string(struct term_input *in, int64_t now_ns)
{
    size_t i = 0;
    in->in_string = now_ns - in->string_ns <= TERM_INPUT_STRING_NS;
    in->string_ns = now_ns;
    while (in->in_string && i < in->len) {
        char byte = in->bytes[i];
        if (byte == ESC && i + 1 == in->len)
            break;
        if (byte == ESC) {
            i += escape_in_string(in, in->bytes[i + 1]);
        } else if (byte == '\a' && !in->wrapped) {
            end_string(in);
            i++;
        } else if ((unsigned char)byte < 0x20 && byte != '\a') {
            in->in_string = false;
        } else {
            keep_byte(in, byte);
            i++;
        }
    }
    consume(in, i);
}

bool term_input_next(struct term_input *in, int64_t now_ns, struct key *key)
{
    for (;;) {
        if (in->pasting)
            skip_paste(in);
        if (in->in_string && in->len)
            skip_string(in, now_ns);
        if (in->pasting || in->in_string || in->len == 0)
            return false;
        size_t used = 0;
        *key = (struct key){0};
        enum verdict v = look(in, now_ns, key, &used);
        if (v == MORE && in->len == sizeof in->bytes) {
            v = SKIP;
            used = in->len;
        }
        if (v == MORE)
            return false;
        consume(in, used);
        if (v == KEY)
            return true;
    }
}
