/* What setup is made of: edits of a JSON text, plans and their undoing, diffs, versions. */
#include "test.h"

#include "client_version.h"
#include "line_diff.h"
#include "setup_plan.h"

#define TEXT_MAX 65536

static void check_accepts_json_and_nothing_else(void **state)
{
    (void)state;
    const char *const good[] = {"{}", " \n{ }\t", "{\"a\":[1,-0.5,2e3,\"\\u00e9\\\"\",null,true,{}]}",
                                "\xef\xbb\xbf{\"a\":1}"};
    const char *const bad[] = {"",
                               "[]",
                               "{",
                               "{\"a\":1,}",
                               "{\"a\":01}",
                               "{a:1}",
                               "{\"a\":1}x",
                               "{\"a\":\"\n\"}",
                               "{\"a\":1.}",
                               "{\"a\":1,\"a\":2}",
                               "{\"b\":{\"a\":1,\"\\u0061\":2}}",
                               "{\"a\":tru}",
                               "{'a':1}",
                               "// x\n{}"};
    struct ct_errmsg msg;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(json_text_check(slice_str(good[i]), &msg), CT_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (json_text_check(slice_str(bad[i]), &msg) != CT_ERR_FORMAT)
            fail_msg("taken for JSON: %s", bad[i]);
}

static const char *const texts[] = {
    "{}",
    "{\n  \"a\": 1\n}\n",
    "{\"env\":{}}",
    "{\"env\": {\"A\": \"x\", \"B\": \"y\"}, \"hooks\": {\"Stop\": [1, 2]}}",
    "{\n\t\"hooks\": {\n\t\t\"Stop\": []\n\t},\n\t\"env\": {\n\t\t\"B\": \"}{,]\"\n\t}\n}",
    "{\r\n    \"env\": {\r\n        \"A\": \"old\"\r\n    }\r\n}\r\n",
};

static void fill(struct setup_plan *plan)
{
    setup_plan_init(plan);
    setup_plan_set(plan, "env", "A", cJSON_CreateString("new \"quoted\""));
    setup_plan_set(plan, "env", "C", cJSON_CreateNumber(3));
    setup_plan_unset(plan, "env", "B");
    setup_plan_add(plan, "hooks", "Stop", cJSON_Parse("{\"hooks\":[{\"type\":\"http\"}]}"));
    setup_plan_add(plan, "hooks", "Start", cJSON_Parse("{\"hooks\":[]}"));
}

static void a_plan_is_applied_once_and_undone_in_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct setup_plan plan;
        struct buf text, notes;
        struct ct_errmsg msg;
        cJSON *record, *nothing;
        size_t taken;
        fill(&plan);
        buf_init(&text, TEXT_MAX);
        buf_init(&notes, TEXT_MAX);
        assert_int_equal(buf_append_str(&text, texts[i]), CT_OK);
        assert_int_equal(setup_apply(&plan, &text, &record, &msg), CT_OK);
        assert_int_equal(json_text_check(buf_slice(&text), &msg), CT_OK);
        size_t len = text.len;
        assert_int_equal(setup_apply(&plan, &text, &nothing, &msg), CT_OK);
        assert_int_equal(text.len, len);
        assert_int_equal(setup_undo(record, &text, &notes, &taken), CT_OK);
        assert_true(taken >= 3);
        assert_int_equal(notes.len, 0);
        if (!setup_same(buf_slice(&text), slice_str(texts[i])))
            fail_msg("%s became %s", texts[i], buf_cstr(&text));
        cJSON_Delete(record);
        cJSON_Delete(nothing);
        buf_finish(&text);
        buf_finish(&notes);
        setup_plan_finish(&plan);
    }
}

static void the_rest_of_the_text_stays(void **state)
{
    (void)state;
    const struct json_path path = {.keys = {"env", "A"}, .depth = 2};
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_append_str(&text, "{ \"x\" : [ 1.50 ] ,\n   \"env\" : { \"A\":\"1\" , \"B\" : 2 } }");
    assert_int_equal(json_text_set(&text, &path, SLICE_LIT("\"22\"")), CT_OK);
    assert_slice_equal(buf_slice(&text), "{ \"x\" : [ 1.50 ] ,\n   \"env\" : { \"A\":\"22\" , \"B\" : 2 } }");
    assert_int_equal(json_text_remove(&text, &path), CT_OK);
    assert_slice_equal(buf_slice(&text), "{ \"x\" : [ 1.50 ] ,\n   \"env\" : { \"B\" : 2 } }");
    buf_finish(&text);
}

static void a_diff_shows_what_changes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_int_equal(line_diff(SLICE_LIT("a\nb\n"), SLICE_LIT("a\nb\n"), &out), CT_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(line_diff(SLICE_LIT("1\n2\n3\n4\n5\n6\n"), SLICE_LIT("1\n2\n3\n4\nx\n6\n"), &out),
                     CT_OK);
    assert_slice_equal(buf_slice(&out), "@@ line 2 @@\n 2\n 3\n 4\n-5\n+x\n 6\n");
    buf_clear(&out);
    assert_int_equal(line_diff(SLICE_NULL, SLICE_LIT("a"), &out), CT_OK);
    assert_slice_equal(buf_slice(&out), "@@ line 1 @@\n+a\n");
    buf_finish(&out);
}

static void versions_are_read(void **state)
{
    (void)state;
    struct client_version v;
    assert_true(client_version_parse(SLICE_LIT("2.1.330 (Claude Code)\n"), &v));
    assert_string_equal(v.text, "2.1.330");
    assert_true(client_version_is(&v, 2, 1, 0));
    assert_true(client_version_parse(SLICE_LIT("v2.0.76"), &v));
    assert_false(client_version_is(&v, 2, 1, 0));
    assert_false(client_version_parse(SLICE_LIT("new"), &v));
    assert_false(client_version_parse(SLICE_LIT(""), &v));
    assert_false(client_version_parse(SLICE_LIT("99999999.1"), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_accepts_json_and_nothing_else),
        cmocka_unit_test(a_plan_is_applied_once_and_undone_in_meaning),
        cmocka_unit_test(the_rest_of_the_text_stays),
        cmocka_unit_test(a_diff_shows_what_changes),
        cmocka_unit_test(versions_are_read),
    };
    return cmocka_run_group_tests_name("app/settings_text", tests, NULL, NULL);
}
