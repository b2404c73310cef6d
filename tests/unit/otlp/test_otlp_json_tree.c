/* The tree's memory. What is read from it is tested with the decoder. */
#include "test.h"

#include "buf.h"
#include "otlp_json_tree.h"

#include <stdlib.h>

#define VALUES 5000u

/* {"k0":"v0…","k1":…} with a string of that length in each. */
static char *object(size_t members, size_t length)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_append_char(&b, '{');
    for (size_t i = 0; i < members; i++) {
        buf_printf(&b, "%s\"k%zu\":\"", i ? "," : "", i);
        for (size_t k = 0; k < length; k++)
            buf_append_char(&b, 'x');
        buf_append_char(&b, '"');
    }
    buf_append_char(&b, '}');
    buf_append_char(&b, '\0');
    return b.data;
}

static void a_tree_lives_until_it_is_cleared(void **state)
{
    struct json_tree t;
    (void)state;
    json_tree_init(&t);
    for (size_t length = 0; length < 400; length += 57) {
        char *text = object(VALUES, length);
        assert_true(json_tree_parse(&t, slice_str(text), VALUES + 1));
        assert_int_equal(cJSON_GetArraySize(t.root), VALUES);
        const cJSON *last = cJSON_GetObjectItemCaseSensitive(t.root, "k4999");
        assert_non_null(last);
        assert_int_equal(strlen(last->valuestring), length);
        json_tree_clear(&t);
        assert_null(t.root);
        free(text);
    }
    json_tree_finish(&t);
}

/* Many small values, and few that do not fit a chunk of the arena: what the limit allows has room. */
static void what_the_limit_allows_has_room(void **state)
{
    static const size_t shapes[][2] = {{1, 0},      {1, 1 << 22}, {40, 70000},
                                       {200000, 0}, {200000, 16}, {1000, 65536 - 16}};
    struct json_tree t;
    (void)state;
    json_tree_init(&t);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char *text = object(shapes[i][0], shapes[i][1]);
        assert_true(json_tree_parse(&t, slice_str(text), shapes[i][0] + 1));
        json_tree_clear(&t);
        free(text);
    }
    json_tree_finish(&t);
}

/* Other users of cJSON have its own allocator again, before, between and after. */
static void others_are_left_alone(void **state)
{
    struct json_tree t;
    (void)state;
    json_tree_init(&t);
    cJSON *before = cJSON_Parse("{\"a\":[1,2,3]}");
    assert_true(json_tree_parse(&t, SLICE_LIT("{\"b\":1}"), 2));
    cJSON *between = cJSON_Parse("{\"c\":\"text\"}");
    cJSON_Delete(before);
    json_tree_clear(&t);
    assert_string_equal(cJSON_GetObjectItem(between, "c")->valuestring, "text");
    char *printed = cJSON_PrintUnformatted(between);
    assert_string_equal(printed, "{\"c\":\"text\"}");
    cJSON_free(printed);
    cJSON_Delete(between);
    json_tree_finish(&t);
}

static void what_is_not_json_leaves_nothing(void **state)
{
    static const char *const bad[] = {"", "{", "{\"a\":", "[1,2", "{\"a\":\"b}", "nul"};
    struct json_tree t;
    (void)state;
    json_tree_init(&t);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(json_tree_parse(&t, slice_str(bad[i]), 10));
        assert_null(t.root);
        json_tree_clear(&t);
    }
    assert_true(json_tree_parse(&t, SLICE_LIT("[]"), 10));
    json_tree_finish(&t); /* uncleared */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_lives_until_it_is_cleared),
        cmocka_unit_test(what_the_limit_allows_has_room),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(what_is_not_json_leaves_nothing),
    };
    return cmocka_run_group_tests_name("otlp/otlp_json_tree", tests, NULL, NULL);
}
