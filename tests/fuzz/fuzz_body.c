/* The first byte of the input chooses the compression, the rest is the body. */
#include "body.h"
#include "fuzz.h"

#define INFLATED_MAX ((size_t)2 * 1024 * 1024)
#define RATIO        20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct inflater inflater;
    static bool ready;
    if (!ready) {
        struct otlp_limits limits;
        otlp_limits_init(&limits);
        limits.inflated_bytes = INFLATED_MAX;
        limits.inflate_ratio = RATIO;
        inflater_init(&inflater, &limits);
        ready = true;
    }
    if (size == 0)
        return 0;
    enum otlp_compression compression = data[0] % 2 ? OTLP_ZSTD : OTLP_GZIP;
    struct slice body = slice_make(data + 1, size - 1), out;
    enum otlp_refusal why = OTLP_REFUSAL_COUNT;
    struct ct_errmsg msg = {""};
    enum ct_err err = inflater_run(&inflater, compression, body, &out, &why, &msg);
    fuzz_check((err == CT_OK) == (why == OTLP_REFUSAL_COUNT));
    fuzz_check((err == CT_OK) == (msg.text[0] == '\0'));
    fuzz_check(err != CT_ERR_NOMEM);
    size_t cap = body.len * RATIO > OTLP_RATIO_FLOOR ? body.len * RATIO : OTLP_RATIO_FLOOR;
    fuzz_check(out.len <= cap && out.len <= INFLATED_MAX);
    fuzz_check(inflater.out.cap <= INFLATED_MAX + 1);
    inflater_trim(&inflater);
    fuzz_check(inflater.out.cap <= OTLP_INFLATER_KEEP);
    return 0;
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    return request->compression == OTLP_GZIP && buf_append_char(out, 0) == CT_OK &&
           buf_append(out, request->body) == CT_OK;
}
