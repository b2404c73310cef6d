/* The filter: what passes, what is refused, and the line that it is typed into. */
#include "desk.h"

#include "filter.h"

#include <stdio.h>

static int open_busy(void **state)
{
    (void)state;
    return desk_open("busy", 120, 24);
}

/* The names of the sessions that pass, with blanks between. */
static void assert_passes(const char *text, const char *names)
{
    struct filter filter = {.count = 0};
    struct ct_errmsg msg = {""};
    char passed[512] = "";
    const struct slice here[] = {SLICE_LIT("/home/dev/web-ui"), SLICE_LIT("/home/dev/doc")};
    struct filter_context context = {
        .now_ns = FIXTURE_NOW, .here = here, .here_count = 2, .last_id = filter_last(&f.model)};
    if (filter_parse(&filter, slice_str(text), &msg) != CT_OK)
        fail_msg("\"%s\" is refused: %s", text, msg.text);
    for (const struct session *s = f.model.first; s; s = s->next)
        if (filter_session(&filter, s, &context)) {
            struct slice name = s->title.len ? s->title : s->cwd;
            size_t used = strlen(passed);
            snprintf(passed + used, sizeof(passed) - used, "%s%.*s", used ? " " : "", SLICE_ARG(name));
        }
    if (strcmp(passed, names) != 0)
        fail_msg("\"%s\" passes \"%s\", not \"%s\"", text, passed, names);
}

#define WEB  "/home/dev/web-ui"
#define API  "Rate limits for the public API"
#define DOCS "/home/dev/docs"
#define ML   "/home/dev/ml-pipeline"
#define OLD  "/home/dev/scratch"
#define ALL  WEB " " API " " DOCS " " ML " " OLD

static void terms_select_sessions(void **state)
{
    (void)state;
    assert_passes("", ALL);
    assert_passes("   ", ALL);
    assert_passes("here", WEB);
    assert_passes("-here", API " " DOCS " " ML " " OLD);
    assert_passes("last", ML);
    assert_passes("last here", "");
    assert_passes("WEB", WEB);
    assert_passes("state:waiting", WEB);
    assert_passes("state:w", WEB);
    assert_passes("state:running", API " " ML);
    assert_passes("-state:running", WEB " " DOCS " " OLD);
    assert_passes("state:ended", OLD);
    assert_passes("model:NOVA", ML);
    assert_passes("tool:read", WEB);
    assert_passes("tool:read -web", "");
    assert_passes("agent:explore", WEB);
    assert_passes("repo:docs", DOCS);
    assert_passes("id:3f2a", WEB);
    assert_passes("cost:1.5 state:waiting", WEB);
    assert_passes("cost:1000", "");
    assert_passes("-err", WEB " " DOCS " " ML " " OLD);
}

static void failures_are_found_by_their_words(void **state)
{
    (void)state;
    struct node *n = f.model.first->first_child->first_child;
    n->state = NODE_FAILED;
    n->error_type = SLICE_LIT("rate_limit");
    n->error_message = SLICE_LIT("429 Too many");
    assert_passes("err", WEB " " API);
    assert_passes("err:RATE", WEB);
    assert_passes("err:429", WEB);
    assert_passes("err:overloaded", "");
}

static void assert_refused(const char *text, const char *why)
{
    struct filter filter;
    struct ct_errmsg msg = {""};
    filter.count = 0;
    assert_int_equal(filter_parse(&filter, SLICE_LIT("web"), &msg), CT_OK);
    assert_int_equal(filter_parse(&filter, slice_str(text), &msg), CT_ERR_USAGE);
    assert_non_null(strstr(msg.text, why));
    assert_int_equal(filter.count, 1); /* as it was */
    assert_true(slice_eq_str(filter.terms[0].value, "web"));
}

static void what_is_no_filter_is_refused(void **state)
{
    char text[400];
    (void)state;
    assert_refused("foo:bar", "no key \"foo:\"");
    assert_refused("state:flying", "no state \"flying\"");
    assert_refused("tool:", "tool: what?");
    assert_refused("cost:x", "wants dollars");
    assert_refused("cost:1e400", "wants dollars");
    assert_refused("cost:-1", "wants dollars");
    assert_refused("cost:nan", "wants dollars");
    assert_refused("a b c d e f g h i", "at most 8 terms");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_refused(text, "bytes");
}

static void completions(void **state)
{
    (void)state;
    assert_string_equal(filter_completion(SLICE_LIT("sta"), 0), "state:");
    assert_string_equal(filter_completion(SLICE_LIT("state:w"), 0), "state:waiting");
    assert_null(filter_completion(SLICE_LIT("state:w"), 1));
    assert_null(filter_completion(SLICE_LIT("zzz"), 0));
    assert_null(filter_completion(SLICE_LIT("state:waiting"), 0));
    assert_non_null(filter_completion(SLICE_NULL, 9));
    assert_null(filter_completion(SLICE_NULL, 10));
}

static void the_line_filters_while_it_is_typed(void **state)
{
    (void)state;
    keys("f text:sta Tab text:wa");
    assert_true(screen_find(&g, "web-ui") >= 0);
    assert_int_equal(screen_find(&g, "Rate limits"), -1);
    assert_true(screen_find(&g, "1 session") >= 0);
    keys("Tab text:x");
    assert_true(screen_row_has(&g, g.rows - 1, "no state \"waitingx\""));
    assert_int_equal(screen_find(&g, "Rate limits"), -1); /* the one before stands */
    keys("Enter");
    assert_true(screen_row_has(&g, g.rows - 1, "no state"));
    keys("Backspace Enter j");
    assert_true(screen_row_has(&g, g.rows - 1, "filter state:waiting"));
    keys("f C-u text:nothing-like-it Enter");
    assert_true(screen_find(&g, "No session passes the filter") >= 0);
    keys("Esc");
    assert_true(screen_find(&g, "Rate limits") >= 0);
    keys("f text:docs Esc");
    assert_true(screen_find(&g, "Rate limits") >= 0);
    keys("f text:d Backspace Backspace j");
    assert_false(screen_row_has(&g, g.rows - 1, "filter"));
}

static void the_line_survives_anything(void **state)
{
    uint64_t seed = 7;
    (void)state;
    keys("f");
    for (int i = 0; i < 3000; i++) {
        struct key key = {.code = (uint32_t)random_between(&seed, 32, 126)};
        if (random_next(&seed) % 5 == 0)
            key.code = (uint32_t)random_between(&seed, KEYCODE_UP, KEYCODE_RESIZE);
        ui_key(ui, &f.data, &key);
        if (i % 50 == 0)
            ui_draw(ui, &f.data, &g);
    }
    ui_draw(ui, &f.data, &g);
    assert_screen_sound(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(terms_select_sessions, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(failures_are_found_by_their_words, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(what_is_no_filter_is_refused, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(completions, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_line_filters_while_it_is_typed, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_line_survives_anything, open_busy, desk_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
