#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decode(OTLP_PROTOBUF, data, size);
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    return fuzz_decode_seed(OTLP_PROTOBUF, request, out);
}
