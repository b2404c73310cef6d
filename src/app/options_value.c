#include "options_value.h"

#include "clock.h"

#include <stdio.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, and those that are printed before their other spellings. */
static const struct unit byte_units[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"G", INT64_C(1) << 30},
    {"M", 1 << 20},
    {"K", 1 << 10},
    {"k", 1 << 10},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"kB", 1000},
    {"B", 1},
};
static const struct unit time_units[] = {
    {"d", 24 * 3600 * NS_PER_SEC},
    {"h", 3600 * NS_PER_SEC},
    {"m", 60 * NS_PER_SEC},
    {"s", NS_PER_SEC},
    {"ms", NS_PER_MS},
};
#define BYTE_UNITS_PRINTED 3
#define COUNT(array)       (sizeof(array) / sizeof(array)[0])

static const struct unit *find_unit(struct slice name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq_str(name, units[i].name))
            return &units[i];
    }
    return NULL;
}

/* Digits, an optional fraction, an optional unit. Fractions need a unit: half a byte is nothing. */
static bool parse_quantity(struct slice text, const struct unit *units, size_t count, int64_t *out)
{
    size_t digits = 0;
    while (digits < text.len &&
           ((text.ptr[digits] >= '0' && text.ptr[digits] <= '9') || text.ptr[digits] == '.'))
        digits++;
    struct slice number = slice_sub(text, 0, digits);
    struct slice name = slice_trim(slice_sub(text, digits, text.len));
    const struct unit *unit = find_unit(name, units, count);
    if (number.len == 0 || (name.len && !unit))
        return false;
    int64_t factor = unit ? unit->factor : 1;
    if (slice_find(number, '.') == number.len) {
        int64_t n;
        if (!slice_to_i64(number, &n) || n > INT64_MAX / factor)
            return false;
        *out = n * factor;
        return true;
    }
    double n;
    if (!unit || !slice_to_double(number, &n) || !(n * (double)factor < 9e18))
        return false;
    *out = (int64_t)(n * (double)factor + 0.5);
    return true;
}

static enum ct_err wrong(struct ct_errmsg *msg, const char *wanted, struct slice got)
{
    struct slice shown = slice_sub(got, 0, 120);
    return ct_fail(msg, CT_ERR_USAGE, "wants %s, not \"%.*s\"", wanted, SLICE_ARG(shown));
}

static void store_int(void *field, size_t size, int64_t value)
{
    if (size == sizeof(int32_t)) {
        uint32_t narrow = (uint32_t)value;
        memcpy(field, &narrow, sizeof narrow);
    } else {
        memcpy(field, &value, sizeof value);
    }
}

static int64_t load_int(const void *field, size_t size)
{
    int64_t value = 0;
    if (size == sizeof(uint32_t)) {
        uint32_t narrow;
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    }
    memcpy(&value, field, sizeof value);
    return value;
}

static void *field_of(struct options *o, const struct option *opt)
{
    return (char *)o + opt->offset;
}

static const void *const_field_of(const struct options *o, const struct option *opt)
{
    return (const char *)o + opt->offset;
}

static enum ct_err set_string(struct arena *arena, void *field, struct slice text, struct ct_errmsg *msg)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return ct_fail(msg, CT_ERR_USAGE, "must not hold control characters");
    }
    const char *copy = arena_dup(arena, text).ptr;
    if (!copy)
        return ct_fail(msg, CT_ERR_LIMIT, "is too long");
    memcpy(field, &copy, sizeof copy);
    return CT_OK;
}

static enum ct_err set_int(const struct option *opt, void *field, struct slice text, struct ct_errmsg *msg)
{
    int64_t value = 0;
    const char *wanted = "a whole number";
    bool good = false;
    switch (opt->type) {
    case OPTION_BYTES:
        wanted = "a size such as 64MiB";
        good = parse_quantity(text, byte_units, COUNT(byte_units), &value);
        break;
    case OPTION_MS:
    case OPTION_NS:
        wanted = "a time such as 30s, 5m or 2h";
        good = parse_quantity(text, time_units, COUNT(time_units), &value);
        /* A bare number is an error, because nobody can see its unit; keys that end in _ms say it themselves.
         */
        if (good && text.len && text.ptr[text.len - 1] >= '0' && text.ptr[text.len - 1] <= '9' &&
            value != 0) {
            size_t len = opt->key ? strlen(opt->key) : 0;
            good = len > 3 && strcmp(opt->key + len - 3, "_ms") == 0 && value <= INT64_MAX / NS_PER_MS;
            value = good ? value * NS_PER_MS : 0;
        }
        if (opt->type == OPTION_MS)
            value /= NS_PER_MS;
        break;
    default:
        good = slice_to_i64(text, &value);
        break;
    }
    if (!good)
        return wrong(msg, wanted, text);
    if (value < opt->min || value > opt->max) {
        int64_t edge = 0;
        struct buf range;
        buf_init(&range, 256);
        store_int(&edge, opt->size, opt->min);
        enum ct_err err = option_format_field(opt, &edge, &range);
        store_int(&edge, opt->size, opt->max);
        if (!err)
            err = buf_append_str(&range, " to ");
        if (!err)
            err = option_format_field(opt, &edge, &range);
        const char *words = err ? NULL : buf_cstr(&range);
        err = ct_fail(msg, CT_ERR_USAGE, "must be %s, not %.*s", words ? words : "within its range",
                      SLICE_ARG(text));
        buf_finish(&range);
        return err;
    }
    store_int(field, opt->size, value);
    return CT_OK;
}

static bool parse_bool(struct slice text, bool *out)
{
    static const char *const yes[] = {"on", "true", "yes", "1"}, *const no[] = {"off", "false", "no", "0"};
    for (size_t i = 0; i < COUNT(yes); i++) {
        if (slice_eq_nocase(text, slice_str(yes[i])) || slice_eq_nocase(text, slice_str(no[i]))) {
            *out = slice_eq_nocase(text, slice_str(yes[i]));
            return true;
        }
    }
    return false;
}

/* The index, or -1. */
static int find_choice(const struct option *opt, struct slice text)
{
    struct slice rest = slice_str(opt->choices), choice;
    for (int i = 0; option_next_choice(&rest, &choice); i++) {
        if (slice_eq_nocase(text, choice))
            return i;
    }
    return -1;
}

static enum ct_err set_enum(const struct option *opt, void *field, struct slice text, struct ct_errmsg *msg)
{
    char wanted[128];
    int index = find_choice(opt, text);
    if (index >= 0) {
        store_int(field, opt->size, index);
        return CT_OK;
    }
    snprintf(wanted, sizeof wanted, "one of %s", opt->choices);
    return wrong(msg, wanted, text);
}

static enum ct_err set_set(const struct option *opt, void *field, struct slice text, struct ct_errmsg *msg)
{
    char wanted[128];
    int64_t bits = 0;
    bool good = true;
    for (struct slice rest = text; good && rest.len;) {
        size_t comma = slice_find(rest, ',');
        int index = find_choice(opt, slice_trim(slice_sub(rest, 0, comma)));
        good = index >= 0;
        bits |= good ? INT64_C(1) << index : 0;
        rest = slice_sub(rest, comma + 1, rest.len);
    }
    if (good && bits) {
        store_int(field, opt->size, bits);
        return CT_OK;
    }
    snprintf(wanted, sizeof wanted, "some of %s, joined by commas", opt->choices);
    return wrong(msg, wanted, text);
}

enum ct_err option_set(struct options *o, const struct option *opt, struct slice text, struct ct_errmsg *msg)
{
    return option_set_field(&o->arena, opt, field_of(o, opt), text, msg);
}

enum ct_err option_set_field(struct arena *arena, const struct option *opt, void *field, struct slice text,
                             struct ct_errmsg *msg)
{
    struct slice host;
    unsigned port;
    double number;
    switch (opt->type) {
    case OPTION_ADDRESS:
        if (text.len && !option_split_address(text, &host, &port))
            return wrong(msg, "an address such as 127.0.0.1:4318", text);
        return set_string(arena, field, text, msg);
    case OPTION_URL:
        if (text.len && !option_split_url(text, &host, &port))
            return wrong(msg, "a URL such as http://127.0.0.1:14318", text);
        return set_string(arena, field, text, msg);
    case OPTION_STRING:
    case OPTION_LIST:
    case OPTION_PATH:
        return set_string(arena, field, text, msg);
    case OPTION_BOOL:
        return parse_bool(text, field) ? CT_OK : wrong(msg, "on or off", text);
    case OPTION_ENUM:
        return set_enum(opt, field, text, msg);
    case OPTION_SET:
        return set_set(opt, field, text, msg);
    case OPTION_NUMBER:
        if (!slice_to_double(text, &number) || !(number >= (double)opt->min && number <= (double)opt->max))
            return wrong(msg, "a number such as 2 or 0.5", text);
        memcpy(field, &number, sizeof number);
        return CT_OK;
    case OPTION_INT:
    case OPTION_BYTES:
    case OPTION_MS:
    case OPTION_NS:
        break;
    }
    return set_int(opt, field, text, msg);
}

static enum ct_err format_quantity(int64_t value, const struct unit *units, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count && value != 0; i++) {
        if (value % units[i].factor == 0)
            return buf_printf(out, "%lld%s", (long long)(value / units[i].factor), units[i].name);
    }
    return buf_printf(out, "%lld", (long long)value);
}

enum ct_err option_format(const struct options *o, const struct option *opt, struct buf *out)
{
    return option_format_field(opt, const_field_of(o, opt), out);
}

static enum ct_err format_set(int64_t bits, const char *choices, struct buf *out)
{
    struct slice rest = slice_str(choices), choice;
    bool first = true;
    for (int i = 0; option_next_choice(&rest, &choice); i++) {
        if (!(bits & (INT64_C(1) << i)))
            continue;
        buf_printf(out, "%s%.*s", first ? "" : ",", SLICE_ARG(choice));
        first = false;
    }
    return buf_cstr(out) ? CT_OK : CT_ERR_LIMIT;
}

enum ct_err option_format_field(const struct option *opt, const void *field, struct buf *out)
{
    struct slice rest, choice;
    const char *text;
    double number;
    switch (opt->type) {
    case OPTION_STRING:
    case OPTION_LIST:
    case OPTION_PATH:
    case OPTION_ADDRESS:
    case OPTION_URL:
        memcpy(&text, field, sizeof text);
        return buf_append_str(out, text);
    case OPTION_BOOL:
        return buf_append_str(out, *(const bool *)field ? "on" : "off");
    case OPTION_ENUM:
        rest = slice_str(opt->choices);
        for (int64_t i = load_int(field, opt->size); option_next_choice(&rest, &choice) && i > 0; i--)
            continue;
        return buf_append(out, choice);
    case OPTION_SET:
        return format_set(load_int(field, opt->size), opt->choices, out);
    case OPTION_NUMBER:
        memcpy(&number, field, sizeof number);
        return buf_printf(out, "%g", number);
    case OPTION_BYTES:
        return format_quantity(load_int(field, opt->size), byte_units, BYTE_UNITS_PRINTED, out);
    case OPTION_MS:
        return format_quantity(load_int(field, opt->size) * NS_PER_MS, time_units, COUNT(time_units), out);
    case OPTION_NS:
        return format_quantity(load_int(field, opt->size), time_units, COUNT(time_units), out);
    case OPTION_INT:
        break;
    }
    return buf_printf(out, "%lld", (long long)load_int(field, opt->size));
}

size_t option_list_split(struct slice text, char *room, const char **items, size_t max)
{
    size_t count = 0;
    for (size_t at = 0; at <= text.len;) {
        char *item = room;
        while (at < text.len && text.ptr[at] != ';') {
            if (text.ptr[at] == '\\' && at + 1 < text.len && text.ptr[at + 1] == ';')
                at++;
            *room++ = text.ptr[at++];
        }
        at++; /* the semicolon, or the end */
        struct slice kept = slice_trim(slice_make(item, (size_t)(room - item)));
        if (kept.len == 0) {
            room = item;
            continue;
        }
        memmove(item, kept.ptr, kept.len);
        item[kept.len] = '\0';
        room = item + kept.len + 1; /* the semicolon or the end has left room for the NUL */
        if (count < max)
            items[count] = item;
        count++;
    }
    items[count < max ? count : max] = NULL;
    return count;
}

bool option_split_address(struct slice text, struct slice *host, unsigned *port)
{
    struct slice digits;
    uint64_t number;
    if (text.len && text.ptr[0] == '[') {
        size_t close = slice_find(text, ']');
        if (close + 1 >= text.len || text.ptr[close + 1] != ':' || close == 1)
            return false;
        *host = slice_sub(text, 1, close - 1);
        digits = slice_sub(text, close + 2, text.len);
    } else {
        size_t colon = slice_find(text, ':');
        if (colon == text.len)
            return false;
        *host = slice_sub(text, 0, colon);
        digits = slice_sub(text, colon + 1, text.len);
    }
    for (size_t i = 0; i < host->len; i++) {
        if ((unsigned char)host->ptr[i] <= ' ' || strchr("/@?#\"'", host->ptr[i]))
            return false;
    }
    if (host->len == 0 || !slice_to_u64(digits, &number) || number > 65535)
        return false;
    *port = (unsigned)number;
    return true;
}

bool option_split_url(struct slice url, struct slice *host, unsigned *port)
{
    static const struct slice http = {"http://", 7}, https = {"https://", 8};
    bool secure = slice_starts(url, https);
    if (!secure && !slice_starts(url, http))
        return false;
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || url.ptr[i] == '"')
            return false;
    }
    struct slice rest = slice_sub(url, secure ? https.len : http.len, url.len);
    size_t end = 0;
    while (end < rest.len && !strchr("/?#", rest.ptr[end]))
        end++;
    struct slice authority = slice_sub(rest, 0, end);
    size_t at = slice_find(authority, '@');
    if (at < authority.len)
        authority = slice_sub(authority, at + 1, authority.len);
    if (option_split_address(authority, host, port))
        return *port != 0;
    size_t open = authority.len && authority.ptr[0] == '[';
    size_t close = open ? slice_find(authority, ']') : authority.len;
    if (open ? close + 1 != authority.len : slice_find(authority, ':') < authority.len)
        return false;
    *host = slice_sub(authority, open, close - open);
    *port = secure ? 443 : 80;
    return host->len > 0;
}

bool option_is_loopback(struct slice host)
{
    return slice_eq_nocase(host, SLICE_LIT("localhost")) || slice_eq_str(host, "::1") ||
           slice_starts(host, SLICE_LIT("127."));
}

bool option_is_any(struct slice host)
{
    return host.len == 0 || slice_eq_str(host, "0.0.0.0") || slice_eq_str(host, "::");
}
