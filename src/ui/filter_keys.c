/* The filter line: typed text becomes the filter as soon as it is one. */
#include "ui_private.h"

#include <stdio.h>

static void apply(struct ui *ui, const struct ui_data *data)
{
    struct filter_line *l = &ui->filter_line;
    struct ct_errmsg msg;
    bool ok = filter_parse(&ui->filter, slice_make(l->text, l->len), &msg) == CT_OK;
    snprintf(l->problem, sizeof(l->problem), "%s", ok ? "" : msg.text);
    if (!ok)
        return;
    ui->filter_version++;
    ui->search.reveal = 0;
    ui_refresh(ui, data);
}

void filter_open(struct ui *ui)
{
    struct filter_line *l = &ui->filter_line;
    l->open = true;
    l->len = strlen(ui->filter.text);
    memcpy(l->text, ui->filter.text, l->len + 1);
    l->problem[0] = '\0';
}

void filter_forget(struct ui *ui, const struct ui_data *data)
{
    ui->filter_line.open = false;
    ui->filter_line.len = 0;
    apply(ui, data);
}

static void type(struct ui *ui, const struct ui_data *data, uint32_t code)
{
    struct filter_line *l = &ui->filter_line;
    char bytes[4];
    if (code < ' ' || code >= KEYCODE_UP)
        return;
    size_t n = text_encode(code, bytes);
    if (l->len + n >= sizeof(l->text) || !text_is_clean(slice_make(bytes, n)))
        return;
    memcpy(l->text + l->len, bytes, n);
    l->len += n;
    apply(ui, data);
}

static void erase(struct ui *ui, const struct ui_data *data)
{
    struct filter_line *l = &ui->filter_line;
    if (l->len == 0) {
        filter_forget(ui, data);
        return;
    }
    while (l->len > 0 && ((uint8_t)l->text[--l->len] & 0xc0) == 0x80)
        ;
    apply(ui, data);
}

/* Completes the last term; several ways go as far as they agree. */
static void complete(struct ui *ui, const struct ui_data *data)
{
    struct filter_line *l = &ui->filter_line;
    size_t start = l->len;
    while (start > 0 && l->text[start - 1] != ' ')
        start--;
    if (start < l->len && l->text[start] == '-')
        start++;
    struct slice term = slice_make(l->text + start, l->len - start);
    const char *first = filter_completion(term, 0);
    size_t agreed = first ? strlen(first) : 0;
    for (size_t i = 1; first && filter_completion(term, i); i++) {
        const char *other = filter_completion(term, i);
        size_t same = 0;
        while (same < agreed && first[same] == other[same])
            same++;
        agreed = same;
    }
    if (agreed <= term.len || start + agreed >= sizeof(l->text))
        return;
    memcpy(l->text + start, first, agreed);
    l->len = start + agreed;
    apply(ui, data);
}

void filter_key(struct ui *ui, const struct ui_data *data, const struct key *key)
{
    switch (keymap_lookup(&ui->keymap, CONTEXT_FILTER, key)) {
    case ACTION_FILTER_ACCEPT:
        if (ui->filter_line.problem[0] == '\0')
            ui->filter_line.open = false;
        break;
    case ACTION_FILTER_CANCEL:
        filter_forget(ui, data);
        break;
    case ACTION_FILTER_ERASE:
        erase(ui, data);
        break;
    case ACTION_FILTER_CLEAR:
        ui->filter_line.len = 0;
        apply(ui, data);
        break;
    case ACTION_FILTER_COMPLETE:
        complete(ui, data);
        break;
    default:
        type(ui, data, key->code);
        break;
    }
}
