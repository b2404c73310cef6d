/* A message with two lengths, or one that is no plain number. */
#include "test.h"

#include "http1_attack.h"

#define P    HTTP1_ATTACK_POST
#define NEXT HTTP1_ATTACK_NEXT

/* One connection, its head and what it is answered: nothing here may cost a body. */
#define CONNECTION_BYTES ((size_t)192 * 1024)

static const struct http1_message messages[] = {
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
