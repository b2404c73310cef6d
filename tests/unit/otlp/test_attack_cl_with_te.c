/* A message with two framings (CL.TE, TE.CL), or with a transfer coding that another parser reads otherwise.
 */
#include "test.h"

#include "http1_attack.h"

#define P    HTTP1_ATTACK_POST
#define NEXT HTTP1_ATTACK_NEXT

/* One connection, its head and what it is answered: nothing here may cost a body. */
#define CONNECTION_BYTES ((size_t)192 * 1024)

static const struct http1_message messages[] = {
    {"CL with TE", P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
    {"TE with CL", P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT,
     OTLP_REFUSED_SMUGGLING, 400},
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
