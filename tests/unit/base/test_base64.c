/* RFC 4648: the vectors of section 10, and what is no base64. */
#include "test.h"

#include "base64.h"

static const struct {
    const char *plain, *padded, *bare;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "+/+/"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void expect_encoded(const char *plain, enum base64_padding padding, const char *text)
{
    struct buf out;
    buf_init(&out, 64);
    assert_int_equal(base64_encode(slice_str(plain), padding, &out), CT_OK);
    assert_slice_equal(buf_slice(&out), text);
    buf_finish(&out);
}

static void expect_decoded(const char *text, enum base64_reading reading, const char *plain)
{
    char got[16];
    size_t len;
    assert_true(base64_decode(slice_str(text), reading, got, sizeof got, &len));
    assert_slice_equal(slice_make(got, len), plain);
}

static void the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        expect_encoded(vectors[i].plain, BASE64_PADDED, vectors[i].padded);
        expect_encoded(vectors[i].plain, BASE64_UNPADDED, vectors[i].bare);
        for (int reading = BASE64_STANDARD; reading <= BASE64_LENIENT; reading++) {
            expect_decoded(vectors[i].padded, (enum base64_reading)reading, vectors[i].plain);
            expect_decoded(vectors[i].bare, (enum base64_reading)reading, vectors[i].plain);
        }
    }
}

static void lenience_is_the_other_alphabet_and_bits_left_over(void **state)
{
    static const char *const texts[][2] = {
        {"-_-_", "\xfb\xff\xbf"}, {"+_-/", "\xfb\xff\xbf"}, {"Zh==", "f"}, {"Zm9", "fo"}};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char got[16];
        size_t len;
        expect_decoded(texts[i][0], BASE64_LENIENT, texts[i][1]);
        assert_false(base64_decode(slice_str(texts[i][0]), BASE64_STANDARD, got, sizeof got, &len));
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = {
        "Z", "Zm9vY", "Zm9v=", "Zg=", "Z===", "====", "Zm 9v", "Zm9v\n", "Zm\xc3\xa4", "Zg==Zg=="};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char got[16];
        size_t len;
        assert_false(base64_decode(slice_str(texts[i]), BASE64_STANDARD, got, sizeof got, &len));
        assert_false(base64_decode(slice_str(texts[i]), BASE64_LENIENT, got, sizeof got, &len));
    }
}

static void it_never_writes_beyond_the_cap(void **state)
{
    char got[4] = {'x', 'x', 'x', 'x'};
    size_t len;
    (void)state;
    assert_true(base64_decode(slice_str("Zm9v"), BASE64_STANDARD, got, 3, &len));
    assert_int_equal(len, 3);
    assert_int_equal(got[3], 'x');
    assert_false(base64_decode(slice_str("Zm9vYg"), BASE64_STANDARD, got, 3, &len));
    assert_int_equal(got[3], 'x');
    for (size_t n = 0; n <= 6; n++)
        assert_true(strlen(vectors[n].plain) <= BASE64_DECODED_MAX(strlen(vectors[n].bare)));
}

static void a_full_buffer_is_an_error(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 7);
    assert_int_equal(base64_encode(slice_str("foobar"), BASE64_PADDED, &out), CT_ERR_LIMIT);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(lenience_is_the_other_alphabet_and_bits_left_over),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(it_never_writes_beyond_the_cap),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
