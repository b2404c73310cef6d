#include "key.h"

#include "text.h"

#include <stdio.h>

static const struct {
    const char *name;
    uint32_t code;
} NAMES[] = {
    /* The first name of a code is the one that key_name() gives. */
    {"Enter", KEYCODE_ENTER},
    {"Esc", KEYCODE_ESC},
    {"Tab", KEYCODE_TAB},
    {"Backspace", KEYCODE_BACKSPACE},
    {"Space", ' '},
    {"Up", KEYCODE_UP},
    {"Down", KEYCODE_DOWN},
    {"Left", KEYCODE_LEFT},
    {"Right", KEYCODE_RIGHT},
    {"PgUp", KEYCODE_PAGE_UP},
    {"PgDn", KEYCODE_PAGE_DOWN},
    {"Home", KEYCODE_HOME},
    {"End", KEYCODE_END},
    {"Ins", KEYCODE_INSERT},
    {"Del", KEYCODE_DELETE},
    {"S-Tab", KEYCODE_BACKTAB},
    {"Return", KEYCODE_ENTER},
    {"Escape", KEYCODE_ESC},
    {"PageUp", KEYCODE_PAGE_UP},
    {"PageDown", KEYCODE_PAGE_DOWN},
    {"Insert", KEYCODE_INSERT},
    {"Delete", KEYCODE_DELETE},
};

#define NAME_COUNT (sizeof(NAMES) / sizeof(NAMES[0]))
#define CTRL_LAST  26 /* C-z */

static bool set(struct key *out, uint32_t code)
{
    *out = (struct key){.code = code};
    return true;
}

bool key_parse(struct slice name, struct key *out)
{
    uint64_t number;
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (slice_eq_nocase(name, slice_str(NAMES[i].name)))
            return set(out, NAMES[i].code);
    if (name.len >= 2 && (name.ptr[0] == 'F' || name.ptr[0] == 'f') &&
        slice_to_u64(slice_sub(name, 1, name.len), &number) && number >= 1 && number <= 12 &&
        name.ptr[1] != '0')
        return set(out, KEYCODE_F1 + (uint32_t)number - 1);
    if (name.len == 3 && (name.ptr[0] == 'C' || name.ptr[0] == 'c') && name.ptr[1] == '-') {
        char c = (char)(name.ptr[2] | 0x20);
        return c >= 'a' && c <= 'z' && set(out, (uint32_t)(c - 'a' + 1));
    }
    struct text_cluster cluster;
    struct slice rest = name;
    if (name.len == 0 || !text_is_clean(name) || !text_next(&rest, &cluster) || rest.len != 0 ||
        cluster.base <= ' ')
        return false;
    char alone[4];
    return text_encode(cluster.base, alone) == name.len && set(out, cluster.base);
}

bool key_script_next(struct slice *rest, struct key *out)
{
    struct slice tail = *rest, name;
    struct text_cluster cluster;
    if (tail.len == 0)
        return false;
    if (tail.ptr[0] == '<') {
        size_t end = slice_find(tail, '>');
        name = slice_sub(tail, 1, end - 1);
        if (end == tail.len)
            return false;
        tail = slice_sub(tail, end + 1, tail.len);
        if (slice_eq_nocase(name, SLICE_LIT("lt")))
            name = SLICE_LIT("<");
    } else if (tail.ptr[0] == ' ') {
        name = SLICE_LIT("Space");
        tail = slice_sub(tail, 1, tail.len);
    } else {
        if (!text_next(&tail, &cluster))
            return false;
        name = cluster.bytes;
    }
    if (!key_parse(name, out))
        return false;
    *rest = tail;
    return true;
}

const char *key_name(const struct key *key, char *out)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (NAMES[i].code == key->code) {
            snprintf(out, KEY_NAME_MAX, "%s", NAMES[i].name);
            return out;
        }
    if (key->code >= KEYCODE_F1 && key->code <= KEYCODE_F12)
        snprintf(out, KEY_NAME_MAX, "F%u", (unsigned)(key->code - KEYCODE_F1 + 1));
    else if (key->code >= 1 && key->code <= CTRL_LAST)
        snprintf(out, KEY_NAME_MAX, "C-%c", (char)('a' + key->code - 1));
    else if (key->code > ' ' && key->code < KEYCODE_UP)
        out[text_encode(key->code, out)] = '\0';
    else
        snprintf(out, KEY_NAME_MAX, "?");
    return out;
}
