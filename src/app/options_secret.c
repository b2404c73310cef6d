#include "options_secret.h"

#include "mem.h"
#include "options_value.h"

#include <stdlib.h>

/* One setting as text; more headers than an upstream takes. */
#define SETTING_MAX       ((size_t)128 * 1024)
#define HEADERS_SHOWN_MAX 64

static const char hidden[] = "***";

/* The names of a list of headers, with *** for what they say. */
static void show_headers(struct slice list, struct buf *out)
{
    const char *items[HEADERS_SHOWN_MAX + 1];
    char *room = mem_alloc(list.len + 1);
    option_list_split(list, room, items, HEADERS_SHOWN_MAX);
    for (size_t i = 0; items[i]; i++) {
        struct slice item = slice_str(items[i]);
        size_t colon = slice_find(item, ':');
        /* Without a colon it may be a secret that lost its name. */
        struct slice name = slice_sub(item, 0, colon < item.len ? colon : 0);
        buf_printf(out, "%s%.*s%s%s", i ? "; " : "", SLICE_ARG(name), name.len ? ": " : "", hidden);
    }
    free(room);
}

/* A URL with *** for the user and password in it; true when it has none. */
static bool show_url(struct slice url, struct buf *out)
{
    size_t start = slice_find_slice(url, SLICE_LIT("://")) + 3, end = start;
    while (end < url.len && !strchr("/?#", url.ptr[end]))
        end++;
    size_t at = end < url.len ? end : url.len;
    while (at > start && url.ptr[at - 1] != '@')
        at--;
    if (at <= start) {
        buf_append(out, url);
        return true;
    }
    buf_append(out, slice_sub(url, 0, start));
    buf_printf(out, "%s@", hidden);
    buf_append(out, slice_sub(url, at, url.len));
    return false;
}

bool option_show(const struct option *opt, const void *field, struct buf *out)
{
    struct buf value;
    buf_init(&value, SETTING_MAX);
    bool whole = option_format_field(opt, field, &value) == CT_OK;
    struct slice text = buf_slice(&value);
    if (opt->secret && text.len) {
        whole = false;
        buf_append_str(out, hidden);
    } else if (opt->headers && text.len) {
        whole = false;
        show_headers(text, out);
    } else if (opt->type == OPTION_URL) {
        whole = show_url(text, out) && whole;
    } else {
        buf_append(out, text);
    }
    buf_finish(&value);
    return whole;
}
