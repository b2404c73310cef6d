#include "buf.h"
#include "test.h"

static void grows_to_its_ceiling_and_no_further(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_append(&b, SLICE_LIT("0123456789")), CT_OK);
    assert_int_equal(b.len, 1000);
    assert_int_equal(buf_append_char(&b, 'x'), CT_ERR_LIMIT);
    assert_int_equal(b.len, 1000);
    assert_null(buf_cstr(&b));
    buf_finish(&b);
}

static void consumes_from_the_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_printf(&b, "%s-%d", "ab", 7), CT_OK);
    buf_consume(&b, 2);
    assert_slice_equal(buf_slice(&b), "-7");
    assert_string_equal(buf_cstr(&b), "-7");
    buf_consume(&b, 99);
    assert_int_equal(b.len, 0);
    assert_int_equal(buf_append(&b, SLICE_NULL), CT_OK);
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_ceiling_and_no_further),
        cmocka_unit_test(consumes_from_the_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
