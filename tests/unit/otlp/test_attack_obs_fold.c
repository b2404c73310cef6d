/* A header that goes on in the next line (RFC 9112, 5.2): parsers disagree on which header that line is. */
#include "test.h"

#include "http1_attack.h"

#define P    HTTP1_ATTACK_POST
#define TE   HTTP1_ATTACK_TE
#define NEXT HTTP1_ATTACK_NEXT

/* One connection, its head and what it is answered: nothing here may cost a body. */
#define CONNECTION_BYTES ((size_t)192 * 1024)

static const struct http1_message messages[] = {
    {"obs-fold", P "X-A: b\r\n Content-Length: 5\r\n\r\nhello" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"obs-fold with a tab", P "X-A: b\r\n\tc\r\n\r\n" NEXT, OTLP_REFUSED_SMUGGLING, 400},
    {"fold before any header", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
    {"folded trailer", TE "0\r\nA: b\r\n c\r\n\r\n", OTLP_REFUSED_SMUGGLING, 400},
};

static void is_refused_in_every_cut(void **state)
{
    (void)state;
    http1_refused_in_every_cut(messages, sizeof(messages) / sizeof(*messages), CONNECTION_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_refused_in_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
