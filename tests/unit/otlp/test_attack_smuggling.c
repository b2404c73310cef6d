/* Messages that two parsers could cut differently by their line ends or chunks, and other HTTP that is not
 * HTTP; each in every cut. Two framings and two lengths have files of their own: test_attack_cl_with_te.c,
 * test_attack_two_lengths.c, test_attack_obs_fold.c. */
#include "test.h"

#include "http1_attack.h"

#define P    HTTP1_ATTACK_POST
#define TE   HTTP1_ATTACK_TE
#define NEXT HTTP1_ATTACK_NEXT

/* One connection, its head and what it is answered: nothing here may cost a body. */
#define CONNECTION_BYTES ((size_t)192 * 1024)

static const struct http1_message messages[] = {
    {"blank before the colon", P "Content-Length : 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"tab before the colon", P "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING,
     400},
    {"bare LF after the request line", "POST / HTTP/1.1\nHost: a\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"bare LF after a header", P "X-A: b\nContent-Length: 5\r\n\r\nhello", OTLP_REFUSED_SMUGGLING, 400},
    {"bare LF as the last line", P "\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"bare CR in a value", P "X-A: b\rContent-Length: 5\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"CR CR LF", P "X-A: b\r\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size without digits", TE "\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size with a sign", TE "+5\r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size with 0x", TE "0x5\r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size with a blank", TE "5 \r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size ended by LF", TE "5\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size ended by CR and more", TE "5\rXhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"LF within an extension", TE "5;a\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk longer than its size", TE "4\r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk ended by LF", TE "5\r\nhello\n0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk ended by two other bytes", TE "5\r\nhelloXX0\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"trailer ended by LF", TE "0\r\nA: b\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"end of the trailers by LF", TE "0\r\n\n", OTLP_REFUSED_SMUGGLING, 400},
    {"chunk size of 17 digits", TE "00000000000000005\r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"chunk size past the body limit", TE "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", OTLP_REFUSED_BODY_SIZE,
     413},
    {"chunk sizes that would wrap", TE "1\r\na\r\nffffffffffffffff\r\n", OTLP_REFUSED_BODY_SIZE, 413},
    {"no Host", "POST / HTTP/1.1\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"two Hosts", P "Host: b\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"empty header name", P ": b\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"header name with a slash", P "X/A: b\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"header name above ASCII", P "X-\xc3\xa4: b\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"header without a colon", P "X-A\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"control character in a value", P "X-A: \x01\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"DEL in a value", P "X-A: \x7f\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"escape in the target", "POST /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"fragment in the target", "POST /a#b HTTP/1.1\r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"no target", "POST HTTP/1.1\r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"two blanks", "POST  / HTTP/1.1\r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"blank after the version", "POST / HTTP/1.1 \r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 505},
    {"HTTP/0.9", "GET /\r\n\r\n", OTLP_REFUSED_MALFORMED, 400},
    {"HTTP/1.2", "POST / HTTP/1.2\r\nHost: a\r\n\r\n", OTLP_REFUSED_MALFORMED, 505},
    {"HTTP/2 in words", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", OTLP_REFUSED_MALFORMED, 505},
    {"TLS", "\x16\x03\x01\x02\x01", OTLP_REFUSED_MALFORMED, 400},
    {"five empty lines", "\r\n\r\n\r\n" NEXT, OTLP_REFUSED_MALFORMED, 400},
    {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", OTLP_REFUSED_METHOD, 405},
};

static void every_message_is_refused_once_and_ends_the_connection(void **state)
{
    (void)state;
    http1_refused_in_every_cut(messages, sizeof(messages) / sizeof(*messages), CONNECTION_BYTES);
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char whole[] =
        P "X-A: b\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: u\r\n\r\n";
    size_t body = slice_find_slice(SLICE_LIT(whole), SLICE_LIT("hello"));
    for (size_t at = 0; at < sizeof(whole) - 1; at++) {
        char bytes[sizeof(whole)];
        memcpy(bytes, whole, sizeof(whole));
        bytes[at] = '\0';
        struct host h;
        host_init(&h);
        host_open(&h);
        host_feed(&h, slice_make(bytes, sizeof(whole) - 1), HOST_WHOLE, 0);
        bool in_body = at >= body && at < body + 5;
        if (h.requests != (in_body ? 1u : 0u))
            fail_msg("NUL at %zu: %.*s", at, SLICE_ARG(buf_slice(&h.log)));
        host_finish(&h);
    }
}

static void what_is_strict_does_not_refuse_what_is_sound(void **state)
{
    (void)state;
    static const char *const sound[] = {
        "\r\n\r\n" P "\r\n",
        P "content-length:5\r\n\r\nhello",
        P "Content-Length:   5  \r\n\r\nhello",
        P "Content-Length: 0000000000000005\r\n\r\nhello",
        P "TRANSFER-ENCODING: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        TE "5;a=\"b c\";d\r\nhello\r\n000\r\nTrailer-A: b\r\nTrailer-B:\r\n\r\n",
        TE "A\r\n0123456789\r\na\r\n0123456789\r\n0;last\r\n\r\n",
        P "X-Empty:\r\nX-Utf8: \xc3\xa4\r\nX-Tab: a\tb\r\n\r\n",
        "POST http://127.0.0.1:4318/v1/logs?a=b HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?q HTTP/1.1\r\nHost:\r\n\r\n",
        "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
    };
    for (size_t i = 0; i < sizeof(sound) / sizeof(*sound); i++) {
        struct buf said;
        buf_init(&said, SIZE_MAX / 2);
        for (unsigned seed = 0; seed < 10; seed++) {
            struct host h;
            host_init(&h);
            host_open(&h);
            enum host_cut cut = seed == 0 ? HOST_WHOLE : seed == 1 ? HOST_BYTES : HOST_RANDOM;
            host_feed(&h, slice_str(sound[i]), cut, seed);
            if (h.requests != 1 || host_status(&h, 0) != 200)
                fail_msg("%s: %.*s", sound[i], SLICE_ARG(buf_slice(&h.log)));
            if (seed == 0)
                buf_append(&said, buf_slice(&h.log));
            assert_true(slice_eq(buf_slice(&said), buf_slice(&h.log)));
            host_finish(&h);
        }
        buf_finish(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_refused_once_and_ends_the_connection),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(what_is_strict_does_not_refuse_what_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
