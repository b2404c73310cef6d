/*
 * A file of model prices. Whatever it holds: prices that can be reckoned with, the built-in ones at the end
 * of a list that took it and alone in one that did not, and words for what is wrong.
 */
#include "fuzz.h"

#include "fuzz_file.h"
#include "price_file.h"

#include <math.h>

#define DOLLARS_MAX 2e6 /* an hour's cache write, of the highest price for input */

static void check_rate(double rate)
{
    fuzz_check(isfinite(rate) && rate >= 0 && rate <= DOLLARS_MAX);
}

static void check_estimate(const struct price_table *table, struct slice model)
{
    const struct event_usage usage = {.input_tokens = 1000,
                                      .output_tokens = 500,
                                      .cache_read_tokens = 300000,
                                      .cache_creation_tokens = 70,
                                      .cost_nano_usd = -1};
    fuzz_check((price_find(table, model, 301070) != NULL) == (price_estimate(table, model, &usage) >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct price_list list, builtin;
    struct ct_errmsg msg = {""};
    const char *path = fuzz_file_write(slice_make(data, size));
    fuzz_check(price_list_load(&builtin, NULL, false, &msg) == CT_OK);
    enum ct_err err = price_list_load(&list, path, true, &msg);
    fuzz_check((err == CT_OK) == (msg.text[0] == '\0'));
    fuzz_check(list.table.count >= builtin.table.count && list.table.count <= PRICE_ENTRIES_MAX);
    fuzz_check(!err || list.table.count == builtin.table.count);
    for (size_t i = 0; i < list.table.count; i++) {
        const struct price *p = &list.table.items[i];
        fuzz_check(p->own == (i >= builtin.table.count) && p->over_tokens >= 0);
        check_rate(p->input);
        check_rate(p->output);
        check_rate(p->cache_read);
        check_rate(p->cache_write_5m);
        check_rate(p->cache_write_1h);
        check_estimate(&list.table, slice_str(p->pattern));
    }
    check_estimate(&list.table, slice_make(data, size));
    price_list_finish(&list);
    price_list_finish(&builtin);
    return 0;
}
