#include "filter.h"

#include "rows.h"
#include "text.h"

#include <stdlib.h>

/* A session has no more models than are looked at. */
#define MODELS_MAX 32

static const char *const KEYS[FILTER_KEY_COUNT] = {
    [FILTER_WORD] = "",        [FILTER_STATE] = "state:", [FILTER_MODEL] = "model:", [FILTER_TOOL] = "tool:",
    [FILTER_AGENT] = "agent:", [FILTER_REPO] = "repo:",   [FILTER_ID] = "id:",       [FILTER_ERR] = "err:",
    [FILTER_COST] = "cost:",   [FILTER_HERE] = "here",    [FILTER_LAST] = "last",
};

/* ---------------------------------------------------------------------------------------------- reading */

static bool is_prefix(struct slice word, const char *of)
{
    return slice_starts(slice_str(of), word);
}

static bool state_is_known(struct slice value)
{
    if (is_prefix(value, "waiting") || is_prefix(value, "running"))
        return true;
    for (int s = RUN_STARTING; s <= RUN_STALE; s++)
        if (is_prefix(value, run_state_name((enum run_state)s)))
            return true;
    return false;
}

static enum ct_err take_cost(struct filter_term *term, struct ct_errmsg *msg)
{
    char number[32];
    char *end;
    if (term->value.len >= sizeof(number))
        return ct_fail(msg, CT_ERR_USAGE, "cost: wants dollars, as in cost:1.50");
    memcpy(number, term->value.ptr, term->value.len);
    number[term->value.len] = '\0';
    double dollars = strtod(number, &end);
    if (end == number || *end || !(dollars >= 0 && dollars < 1e9))
        return ct_fail(msg, CT_ERR_USAGE, "cost: wants dollars, as in cost:1.50");
    term->nano_usd = (int64_t)(dollars * 1e9);
    return CT_OK;
}

static enum ct_err take_term(struct filter_term *term, struct slice word, struct ct_errmsg *msg)
{
    *term = (struct filter_term){.key = FILTER_WORD};
    if (word.len > 1 && word.ptr[0] == '-') {
        term->opposite = true;
        word = slice_sub(word, 1, word.len);
    }
    term->value = word;
    size_t colon = slice_find(word, ':');
    if (slice_eq_str(word, "err")) {
        term->key = FILTER_ERR;
        term->value = SLICE_LIT("");
        return CT_OK;
    }
    for (int k = FILTER_HERE; k < FILTER_KEY_COUNT; k++)
        if (slice_eq_str(word, KEYS[k]))
            term->key = (enum filter_key)k;
    if (colon == word.len)
        return CT_OK;
    struct slice name = slice_sub(word, 0, colon + 1);
    term->value = slice_sub(word, colon + 1, word.len);
    for (int k = FILTER_STATE; k < FILTER_HERE; k++) {
        if (!slice_eq_str(name, KEYS[k]))
            continue;
        term->key = (enum filter_key)k;
        if (term->value.len == 0 && k != FILTER_ERR)
            return ct_fail(msg, CT_ERR_USAGE, "%s what?", KEYS[k]);
        if (k == FILTER_STATE && !state_is_known(term->value))
            return ct_fail(msg, CT_ERR_USAGE, "no state \"%.*s\": waiting, running, idle, failed, ended …",
                           SLICE_ARG(slice_sub(term->value, 0, 20)));
        return k == FILTER_COST ? take_cost(term, msg) : CT_OK;
    }
    return ct_fail(msg, CT_ERR_USAGE, "no key \"%.*s\": state model tool agent repo id err cost, here, last",
                   SLICE_ARG(slice_sub(name, 0, 20)));
}

enum ct_err filter_parse(struct filter *filter, struct slice text, struct ct_errmsg *msg)
{
    struct filter f = {.count = 0};
    if (text.len >= sizeof(f.text))
        return ct_fail(msg, CT_ERR_USAGE, "a filter has at most %d bytes", FILTER_MAX - 1);
    if (text.len)
        memcpy(f.text, text.ptr, text.len);
    /* The terms point into the text of the filter that is kept. */
    struct slice rest = slice_make(filter->text, text.len);
    struct slice own = slice_make(f.text, text.len);
    while (own.len) {
        size_t blank = slice_find(own, ' ');
        struct slice word = slice_sub(own, 0, blank), kept = slice_sub(rest, 0, blank);
        own = slice_sub(own, blank + 1, own.len);
        rest = slice_sub(rest, blank + 1, rest.len);
        if (word.len == 0)
            continue;
        if (f.count == FILTER_TERMS_MAX)
            return ct_fail(msg, CT_ERR_USAGE, "a filter has at most %d terms", FILTER_TERMS_MAX);
        struct filter_term *term = &f.terms[f.count];
        enum ct_err err = take_term(term, word, msg);
        if (err)
            return err;
        if (term->value.len)
            term->value.ptr = kept.ptr + (term->value.ptr - word.ptr);
        f.count++;
    }
    *filter = f;
    return CT_OK;
}

/* --------------------------------------------------------------------------------------------- matching */

static bool holds(struct slice text, struct slice value)
{
    return value.len == 0 || (text.len && text_find_nocase(text, value) < text.len);
}

static bool state_holds(struct slice value, enum run_state state)
{
    bool waits = state == RUN_PERMISSION || state == RUN_INPUT;
    bool rests = state == RUN_FAILED || state == RUN_IDLE || state == RUN_ENDED || state == RUN_STALE;
    return (is_prefix(value, "waiting") && waits) || (is_prefix(value, "running") && !waits && !rests) ||
           is_prefix(value, run_state_name(state));
}

static bool models_hold(const struct session *s, struct slice value)
{
    struct slice models[MODELS_MAX];
    size_t count = model_session_models(s, models, MODELS_MAX);
    for (size_t i = 0; i < count && i < MODELS_MAX; i++)
        if (holds(models[i], value))
            return true;
    return holds(s->model, value);
}

static bool node_holds(const struct node *n, const struct filter_term *term)
{
    switch (term->key) {
    case FILTER_TOOL:
        return n->kind == NODE_TOOL && holds(n->name, term->value);
    case FILTER_AGENT:
        return n->kind == NODE_AGENT && holds(n->name, term->value);
    default:
        return (n->state == NODE_FAILED || n->error_type.len) &&
               (holds(n->error_type, term->value) || holds(n->error_message, term->value));
    }
}

static bool some_node_holds(const struct session *s, const struct filter_term *term)
{
    const struct node *n = s->first_child;
    while (n) {
        if (node_holds(n, term))
            return true;
        const struct node *next = n->first_child;
        while (!next && n) {
            next = n->next;
            n = next ? n : n->parent;
        }
        n = next;
    }
    return false;
}

static bool in_folder(struct slice path, struct slice folder)
{
    return folder.len && slice_starts(path, folder) &&
           (path.len == folder.len || path.ptr[folder.len] == '/' || folder.ptr[folder.len - 1] == '/');
}

static bool is_here(const struct session *s, const struct filter_context *c)
{
    for (size_t i = 0; i < c->here_count; i++)
        if (in_folder(s->cwd, c->here[i]))
            return true;
    return false;
}

uint64_t filter_last(const struct model *model)
{
    const struct session *last = NULL;
    int64_t newest = INT64_MIN;
    for (const struct session *s = model_sessions(model); s; s = s->next) {
        const struct node *n = s->last_child;
        while (n && n->kind != NODE_TURN)
            n = n->prev;
        int64_t at = n ? n->start_ns : s->started_ns;
        if (rows_shows(s) && at >= newest) {
            newest = at;
            last = s;
        }
    }
    return last ? last->id : 0;
}

bool filter_asks_last(const struct filter *filter)
{
    for (size_t i = 0; i < filter->count; i++)
        if (filter->terms[i].key == FILTER_LAST)
            return true;
    return false;
}

static bool term_holds(const struct filter_term *term, const struct session *s,
                       const struct filter_context *c)
{
    switch (term->key) {
    case FILTER_HERE:
        return is_here(s, c);
    case FILTER_LAST:
        return s->id == c->last_id;
    case FILTER_STATE:
        return state_holds(term->value, model_session_status(s, c->now_ns).state);
    case FILTER_MODEL:
        return models_hold(s, term->value);
    case FILTER_REPO:
        return holds(s->cwd, term->value) || holds(s->title, term->value);
    case FILTER_ID:
        return slice_starts(s->session_id, term->value);
    case FILTER_COST:
        return s->total.cost_nano_usd >= term->nano_usd;
    case FILTER_TOOL:
    case FILTER_AGENT:
    case FILTER_ERR:
        return some_node_holds(s, term);
    default:
        return holds(s->title, term->value) || holds(s->cwd, term->value) ||
               holds(s->session_id, term->value);
    }
}

bool filter_session(const struct filter *filter, const struct session *s, const struct filter_context *c)
{
    for (size_t i = 0; i < filter->count; i++)
        if (term_holds(&filter->terms[i], s, c) == filter->terms[i].opposite)
            return false;
    return true;
}

static bool is_of_sessions(enum filter_key key)
{
    return key == FILTER_STATE || key == FILTER_REPO || key == FILTER_ID || key == FILTER_COST ||
           key == FILTER_HERE || key == FILTER_LAST;
}

bool filter_narrows(const struct filter *filter)
{
    for (size_t i = 0; i < filter->count; i++)
        if (is_of_sessions(filter->terms[i].key))
            return true;
    return false;
}

bool filter_narrowed(const struct filter *filter, const struct session *s, const struct filter_context *c)
{
    for (size_t i = 0; i < filter->count; i++)
        if (is_of_sessions(filter->terms[i].key) &&
            term_holds(&filter->terms[i], s, c) == filter->terms[i].opposite)
            return false;
    return true;
}

bool filter_name(const struct filter *filter, enum filter_key own, struct slice name, bool failed)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct filter_term *term = &filter->terms[i];
        bool named = term->key == own || term->key == FILTER_WORD;
        if (!named && term->key != FILTER_ERR)
            continue;
        if ((named ? holds(name, term->value) : failed) == term->opposite)
            return false;
    }
    return true;
}

static bool event_holds(const struct filter_term *term, const struct stream_item *item,
                        const struct session *s, const struct filter_context *c)
{
    struct slice name = slice_str(item->name), detail = slice_str(item->detail);
    switch (term->key) {
    case FILTER_TOOL:
        return (item->kind == EVENT_TOOL || item->kind == EVENT_PERMISSION) && holds(name, term->value);
    case FILTER_AGENT:
        return item->kind == EVENT_AGENT && holds(name, term->value);
    case FILTER_ERR:
        return item->failed && (holds(name, term->value) || holds(detail, term->value));
    case FILTER_WORD:
        return holds(name, term->value) || holds(detail, term->value) ||
               holds(slice_str(event_kind_name((enum event_kind)item->kind)), term->value) ||
               (s && term_holds(term, s, c));
    default:
        return s && term_holds(term, s, c);
    }
}

bool filter_event(const struct filter *filter, const struct stream_item *item, const struct session *s,
                  const struct filter_context *c)
{
    for (size_t i = 0; i < filter->count; i++)
        if (event_holds(&filter->terms[i], item, s, c) == filter->terms[i].opposite)
            return false;
    return true;
}

/* ------------------------------------------------------------------------------------------- completion */

const char *filter_completion(struct slice term, size_t i)
{
    static const char *const STATES[] = {"state:waiting", "state:running", "state:idle",      "state:failed",
                                         "state:ended",   "state:stale",   "state:permission"};
    bool values = slice_starts(term, SLICE_LIT("state:"));
    size_t count = values ? sizeof(STATES) / sizeof(STATES[0]) : FILTER_KEY_COUNT - 1;
    for (size_t k = 0; k < count; k++) {
        const char *whole = values ? STATES[k] : KEYS[k + 1];
        if (is_prefix(term, whole) && strlen(whole) > term.len && i-- == 0)
            return whole;
    }
    return NULL;
}
