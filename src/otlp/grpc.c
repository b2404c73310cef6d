#include "grpc.h"

#include "body.h"
#include "respond.h"

static const char content_type_name[] = "application/grpc";

int grpc_code(int http_status)
{
    return http_status == 404 ? GRPC_UNIMPLEMENTED : respond_grpc_code(http_status);
}

/* What follows "application/grpc" in the media type; false when it does not begin so. */
static bool subtype(struct slice content_type, struct slice *rest)
{
    struct slice type = slice_trim(slice_sub(content_type, 0, slice_find(content_type, ';')));
    size_t n = sizeof(content_type_name) - 1;
    if (!slice_eq_nocase(slice_sub(type, 0, n), slice_make(content_type_name, n)))
        return false;
    *rest = slice_sub(type, n, type.len);
    return true;
}

bool grpc_content_type(struct slice content_type)
{
    struct slice rest;
    return subtype(content_type, &rest) && (rest.len == 0 || rest.ptr[0] == '+' || rest.ptr[0] == '-');
}

bool grpc_content_type_spoken(struct slice content_type)
{
    struct slice rest;
    return subtype(content_type, &rest) && (rest.len == 0 || slice_eq_nocase(rest, SLICE_LIT("+proto")));
}

bool grpc_path(struct slice path)
{
    return slice_starts(path, SLICE_LIT("/opentelemetry.proto.collector."));
}

bool grpc_method_parse(struct slice path, enum otlp_signal *out)
{
    return grpc_path(path) && otlp_signal_parse(path, out);
}

const char *grpc_accept_encoding(void)
{
    return otlp_compression_supported(OTLP_ZSTD) ? "identity,gzip,zstd" : "identity,gzip";
}

bool grpc_timeout_parse(struct slice value, uint64_t *ms)
{
    uint64_t n;
    if (value.len < 2 || value.len > 9 || !slice_to_u64(slice_sub(value, 0, value.len - 1), &n))
        return false;
    switch (value.ptr[value.len - 1]) {
    case 'H':
        *ms = n * 3600 * 1000;
        return true;
    case 'M':
        *ms = n * 60 * 1000;
        return true;
    case 'S':
        *ms = n * 1000;
        return true;
    case 'm':
        *ms = n;
        return true;
    case 'u':
        *ms = (n + 999) / 1000;
        return true;
    case 'n':
        *ms = (n + 999999) / 1000000;
        return true;
    default:
        return false;
    }
}

bool grpc_reader_compressed(const struct grpc_reader *r)
{
    return r->prefix[0] == 1;
}

uint32_t grpc_reader_length(const struct grpc_reader *r)
{
    return (uint32_t)r->prefix[1] << 24 | (uint32_t)r->prefix[2] << 16 | (uint32_t)r->prefix[3] << 8 |
           (uint32_t)r->prefix[4];
}

enum grpc_reading grpc_reader_take(struct grpc_reader *r, struct slice bytes)
{
    while (r->have < GRPC_PREFIX_BYTES && bytes.len) {
        r->prefix[r->have++] = (uint8_t)bytes.ptr[0];
        bytes = slice_sub(bytes, 1, bytes.len);
        if (r->prefix[0] > 1)
            return GRPC_READ_FLAG;
        if (r->have == GRPC_PREFIX_BYTES)
            r->left = grpc_reader_length(r);
    }
    if (r->have < GRPC_PREFIX_BYTES)
        return GRPC_READ_MORE;
    if (bytes.len > r->left)
        return GRPC_READ_SECOND;
    r->left -= bytes.len;
    return r->left ? GRPC_READ_MORE : GRPC_READ_WHOLE;
}

bool grpc_message_parse(struct slice message, bool *compressed, struct slice *payload)
{
    struct grpc_reader r = {0};
    if (grpc_reader_take(&r, message) != GRPC_READ_WHOLE)
        return false;
    *compressed = grpc_reader_compressed(&r);
    *payload = slice_sub(message, GRPC_PREFIX_BYTES, message.len);
    return true;
}

void grpc_prefix_write(uint32_t length, uint8_t out[GRPC_PREFIX_BYTES])
{
    out[0] = 0;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(length >> (24 - 8 * i));
}
