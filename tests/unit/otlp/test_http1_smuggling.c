/* Messages that two parsers could cut differently, and other HTTP that is not HTTP; each in every cut. */
#include "test.h"

#include "http1_host.h"

#define P    "POST /v1/logs HTTP/1.1\r\nHost: a\r\n"
#define TE   P "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

struct attack {
    const char *name;
    const char *bytes;
    enum otlp_refusal why;
    int status;
};

static const struct attack attacks[] = {
    {"CL with TE", P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"TE with CL", P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"two CLs", P "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"two equal CLs", P "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING,
     400},
    {"list of CLs", P "Content-Length: 5, 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"CL with a sign", P "Content-Length: +5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"negative CL", P "Content-Length: -5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"hex CL", P "Content-Length: 0x5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"CL with a blank", P "Content-Length: 5 0\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"empty CL", P "Content-Length:\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"CL past 64 bits", P "Content-Length: 18446744073709551621\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING,
     400},
    {"obs-fold", P "X-A: b\r\n Content-Length: 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"obs-fold with a tab", P "X-A: b\r\n\tc\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"fold before any header", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"blank before the colon", P "Content-Length : 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"tab before the colon", P "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING,
     400},
    {"TE identity", P "Transfer-Encoding: identity\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"TE gzip, chunked", P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING,
     400},
    {"TE chunked, identity", P "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"TE chunked twice", P "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"two TE headers", P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"TE xchunked", P "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"TE quoted", P "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"empty TE", P "Transfer-Encoding:\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     OTLP_REFUSED_SMUGGLING, 400},
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
    {"folded trailer", TE "0\r\nA: b\r\n c\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
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

static void refused_in_every_cut(const struct attack *a, enum host_cut cut, unsigned seed)
{
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed(&h, slice_str(a->bytes), cut, seed);
    bool right = h.requests == 0 && h.refused[a->why] == 1 && host_status(&h, 0) == a->status &&
                 host_status(&h, 1) == 0 && core_state(h.core) == CORE_SHUT &&
                 host_said(&h, "Connection: close\r\n");
    if (!right)
        fail_msg("%s (cut %d): %.*s / %.*s", a->name, (int)cut, SLICE_ARG(buf_slice(&h.log)),
                 SLICE_ARG(buf_slice(&h.out)));
    host_finish(&h);
}

static void every_attack_is_refused_once_and_ends_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
        refused_in_every_cut(&attacks[i], HOST_WHOLE, 0);
        refused_in_every_cut(&attacks[i], HOST_BYTES, 0);
        for (unsigned seed = 1; seed < 8; seed++)
            refused_in_every_cut(&attacks[i], HOST_RANDOM, seed);
    }
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
        cmocka_unit_test(every_attack_is_refused_once_and_ends_the_connection),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(what_is_strict_does_not_refuse_what_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
