/*
 * What somebody types as a filter. Its terms lie in its own text, one that is wrong changes nothing and says
 * why, the same text with other blanks means the same, a term and its opposite never agree, and completions
 * go on from what is there.
 *
 * Up to a line feed: the filter; what follows it: the text that is looked through.
 */
#include "fuzz.h"

#include "clock.h"
#include "filter.h"
#include "stream.h"
#include "text.h"

#define COMPLETIONS_MAX 32

static bool in_text(const struct filter *f, struct slice value)
{
    return value.len == 0 || (value.ptr >= f->text && value.ptr + value.len <= f->text + strlen(f->text));
}

static void check_completions(struct slice typed)
{
    size_t n = 0;
    for (const char *way; (way = filter_completion(typed, n)); n++) {
        fuzz_check(n < COMPLETIONS_MAX);
        fuzz_check(strlen(way) > typed.len && slice_starts(slice_str(way), typed));
        struct filter f = {.count = 0};
        struct ct_errmsg msg;
        bool open = way[strlen(way) - 1] == ':'; /* wants a value, but for err: */
        enum ct_err err = filter_parse(&f, slice_str(way), &msg);
        fuzz_check(err == CT_OK ? f.count == 1 : open);
    }
}

static void check_terms(const struct filter *f)
{
    size_t blanks = 0;
    fuzz_check(f->count <= FILTER_TERMS_MAX && memchr(f->text, '\0', sizeof f->text));
    for (size_t i = 0; i < f->count; i++) {
        const struct filter_term *term = &f->terms[i];
        fuzz_check((int)term->key >= FILTER_WORD && term->key < FILTER_KEY_COUNT);
        fuzz_check(in_text(f, term->value) && slice_find(term->value, ' ') == term->value.len);
        fuzz_check(term->nano_usd >= 0 && (term->nano_usd == 0 || term->key == FILTER_COST));
    }
    for (const char *c = f->text; *c; c++)
        blanks += *c == ' ';
    fuzz_check(f->count != 0 || blanks == strlen(f->text));
}

/* The filter with a blank more before each of its own and at both ends. */
static void check_blanks(const struct filter *f)
{
    struct filter wide = {.count = 0};
    struct ct_errmsg msg;
    char text[2 * FILTER_MAX + 2];
    size_t n = 0;
    text[n++] = ' ';
    for (const char *c = f->text; *c; c++) {
        if (*c == ' ')
            text[n++] = ' ';
        text[n++] = *c;
    }
    text[n++] = ' ';
    if (n >= FILTER_MAX)
        return;
    fuzz_check(filter_parse(&wide, slice_make(text, n), &msg) == CT_OK && wide.count == f->count);
    for (size_t i = 0; i < f->count; i++) {
        const struct filter_term *a = &f->terms[i], *b = &wide.terms[i];
        fuzz_check(a->key == b->key && a->opposite == b->opposite && a->nano_usd == b->nano_usd);
        fuzz_check(slice_eq(a->value, b->value));
    }
}

static bool all_hold(const struct filter *f, const struct session *s, const struct filter_context *c)
{
    bool all = true;
    for (size_t i = 0; i < f->count; i++) {
        struct filter one = {.count = 1};
        one.terms[0] = f->terms[i];
        bool holds = filter_session(&one, s, c);
        one.terms[0].opposite = !one.terms[0].opposite;
        fuzz_check(filter_session(&one, s, c) != holds);
        all = all && holds;
    }
    return all;
}

static void check_matching(const struct filter *f, struct slice text)
{
    struct model_config config;
    model_config_init(&config);
    struct model *model = model_create(&config);
    fuzz_check(model != NULL);
    struct event e = {.kind = EVENT_PROMPT, .witness = WITNESS_HOOK, .time_ns = NS_PER_SEC};
    e.ids.session_id = SLICE_LIT("5f0c");
    e.cwd = e.title = e.model = text;
    model_apply(model, &e);
    const struct session *s = model_session(model, e.ids.session_id);
    fuzz_check(s != NULL);
    struct filter_context c = {.now_ns = 2 * NS_PER_SEC, .here = &text, .here_count = 1};
    c.last_id = filter_last(model);
    fuzz_check(filter_session(f, s, &c) == all_hold(f, s, &c));
    struct stream_item item = {.time_ns = NS_PER_SEC, .kind = EVENT_TOOL, .failed = text.len % 2 != 0};
    snprintf(item.name, sizeof item.name, "%.*s", SLICE_ARG(slice_sub(text, 0, sizeof item.name - 1)));
    bool alone = filter_event(f, &item, NULL, &c), named = filter_name(f, FILTER_TOOL, text, item.failed);
    fuzz_check(f->count || (alone && named && filter_event(f, &item, s, &c)));
    model_destroy(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_make(data, size);
    size_t end = slice_find(all, '\n');
    struct slice typed = slice_sub(all, 0, end), text = slice_sub(all, end + 1, size);
    if (slice_find(all, '\0') < size || !text_is_clean(typed) || !text_is_clean(text) || text.len > 4096)
        return 0; /* nobody can type it, or it was not cleaned */
    struct filter f = {.count = 0}, before;
    struct ct_errmsg msg = {""};
    fuzz_check(filter_parse(&f, SLICE_LIT("err -here"), &msg) == CT_OK && f.count == 2);
    before = f;
    enum ct_err err = filter_parse(&f, typed, &msg);
    fuzz_check(err == CT_OK || (err == CT_ERR_USAGE && msg.text[0]));
    if (err)
        fuzz_check(f.count == before.count && strcmp(f.text, before.text) == 0);
    else
        fuzz_check(slice_eq_str(typed, f.text));
    check_completions(typed);
    check_terms(&f);
    check_blanks(&f);
    check_matching(&f, text);
    return 0;
}
