/*
 * A warm decoder allocates nothing for protobuf, compressed or not. The linker sends every malloc, calloc and
 * realloc of this program's own objects here (--wrap); nanopb is among them, being a static library.
 */
#include "test.h"

#include "captures.h"

#include <stdlib.h>

static size_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    allocations++;
    return __real_realloc(ptr, size);
}

static size_t decode_all(struct otlp_decoder *d, const struct captures *captures)
{
    size_t records = 0;
    for (size_t i = 0; i < captures->count; i++) {
        const struct capture_request *r = &captures->requests[i];
        struct otlp_counts counts;
        if (r->encoding != OTLP_PROTOBUF)
            continue;
        assert_int_equal(
            otlp_decode(d, r->signal, r->encoding, r->compression, r->body, NULL, &counts, NULL, NULL),
            CT_OK);
        records += counts.logs + counts.spans + counts.points;
    }
    return records;
}

static void a_warm_decoder_allocates_nothing_for_protobuf(void **state)
{
    (void)state;
    struct captures captures;
    struct otlp_limits limits;
    assert_true(captures_load(&captures));
    otlp_limits_init(&limits);
    allocations = 0;
    struct otlp_decoder *d = otlp_decoder_create(&limits);
    assert_true(decode_all(d, &captures) > 500);
    assert_true(allocations > 0); /* the count works: warming up allocates */
    allocations = 0;
    assert_true(decode_all(d, &captures) > 500);
    assert_int_equal(allocations, 0);
    otlp_decoder_destroy(d);
    captures_free(&captures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_warm_decoder_allocates_nothing_for_protobuf)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
