/* The search line: what is typed, and where the selection goes meanwhile. */
#include "ui_private.h"

void search_open(struct ui *ui)
{
    struct search *s = &ui->search;
    s->open = true;
    s->origin = ui->selected;
    s->origin_top = ui->top;
    s->origin_follow = ui->follow;
    s->origin_events = ui->events;
    s->origin_red = ui->red;
    s->origin_detail = ui->detail;
    s->origin_flow = ui->flow;
    s->len = 0;
    s->text[0] = '\0';
    s->hits = s->hit = 0;
}

void search_forget(struct ui *ui)
{
    struct search *s = &ui->search;
    s->open = false;
    s->len = s->hits = s->hit = 0;
    s->text[0] = '\0';
    s->reveal = 0;
    ui->detail.hit = ui->flow.hit = 0;
}

/* The selections where they were when the line was opened. */
static void back_to_origin(struct ui *ui)
{
    ui->selected = ui->search.origin;
    ui->events = ui->search.origin_events;
    ui->red = ui->search.origin_red;
    ui->detail = ui->search.origin_detail;
    ui->flow = ui->search.origin_flow;
    ui->detail.hit = ui->flow.hit = 0;
}

static void cancel_search(struct ui *ui, const struct ui_data *data)
{
    search_forget(ui);
    back_to_origin(ui);
    ui->follow = ui->search.origin_follow;
    ui->top = ui->search.origin_top;
    ui_refresh(ui, data);
}

static void search_again(struct ui *ui, const struct ui_data *data)
{
    back_to_origin(ui);
    ui->search.reveal = 0;
    search_move(ui, data, true, true);
    if (ui->search.hits == 0)
        ui_refresh(ui, data);
}

static void type_search(struct ui *ui, const struct ui_data *data, uint32_t code)
{
    struct search *s = &ui->search;
    char bytes[4];
    if (code < ' ' || code >= KEYCODE_UP)
        return;
    size_t n = text_encode(code, bytes);
    if (s->len + n >= sizeof(s->text) || !text_is_clean(slice_make(bytes, n)))
        return;
    memcpy(s->text + s->len, bytes, n);
    s->len += n;
    s->text[s->len] = '\0';
    search_again(ui, data);
}

static void erase_search(struct ui *ui, const struct ui_data *data)
{
    struct search *s = &ui->search;
    if (s->len == 0) {
        cancel_search(ui, data);
        return;
    }
    while (s->len > 0 && ((uint8_t)s->text[--s->len] & 0xc0) == 0x80)
        ;
    s->text[s->len] = '\0';
    search_again(ui, data);
}

void search_step(struct ui *ui, const struct ui_data *data, bool forward)
{
    if (ui->search.len == 0) {
        ui_say(ui, UI_INFO, "nothing to search for yet");
        return;
    }
    search_move(ui, data, forward, false);
    if (ui->search.hits == 0)
        ui_say(ui, UI_WARNING, "not found");
}

void search_key(struct ui *ui, const struct ui_data *data, const struct key *key)
{
    switch (keymap_lookup(&ui->keymap, CONTEXT_SEARCH, key)) {
    case ACTION_ACCEPT:
        ui->search.open = false;
        if (ui->search.len == 0 || ui->search.hits == 0)
            cancel_search(ui, data);
        else
            ui_keep_revealed(ui, data);
        break;
    case ACTION_CANCEL:
        cancel_search(ui, data);
        break;
    case ACTION_ERASE:
        erase_search(ui, data);
        break;
    case ACTION_CLEAR:
        ui->search.len = 0;
        ui->search.text[0] = '\0';
        search_again(ui, data);
        break;
    case ACTION_HIT_NEXT:
        search_move(ui, data, true, false);
        break;
    case ACTION_HIT_PREVIOUS:
        search_move(ui, data, false, false);
        break;
    default:
        type_search(ui, data, key->code);
        break;
    }
}
