#include "test.h"

#include "heap.h"

#define MANY 500

static struct heap_node nodes[MANY];

/* The smallest time of all that are in, found the long way. */
static int64_t smallest(void)
{
    int64_t least = 0;
    for (size_t i = 0; i < MANY; i++)
        if (nodes[i].place && (least == 0 || nodes[i].at < least))
            least = nodes[i].at;
    return least;
}

static void the_first_is_the_earliest_whatever_moves(void **state)
{
    (void)state;
    struct heap h;
    heap_init(&h);
    assert_null(heap_first(&h));
    uint32_t random = 7;
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525u + 1013904223u;
        struct heap_node *node = &nodes[(random >> 8) % MANY];
        int64_t at = random % 5 == 0 ? 0 : 1 + (int64_t)(random >> 12) % 1000;
        heap_set(&h, node, at);
        assert_int_equal(node->place != 0, at != 0);
        assert_int_equal(heap_first(&h) ? heap_first(&h)->at : 0, smallest());
    }
    int64_t last = 0;
    while (heap_first(&h)) {
        assert_true(heap_first(&h)->at >= last);
        last = heap_first(&h)->at;
        heap_set(&h, heap_first(&h), 0);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(nodes[i].place, 0);
    heap_finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_earliest_whatever_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
