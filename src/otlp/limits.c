#include "otlp_limits.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

void otlp_limits_init(struct otlp_limits *limits)
{
    *limits = (struct otlp_limits){
        .header_bytes = 64 * KIB,
        .header_count = 100,
        .body_bytes = 64 * MIB,
        .inflated_bytes = 64 * MIB,
        .inflate_ratio = 200,
        .budget_bytes = 256 * MIB,
        .nesting = 64,
        .records = 200000,
        .attributes = 1024,
        .json_nodes = 2000000,
        .connections = 512,
        .header_ms = 10000,
        .idle_ms = 30000,
        .keepalive_ms = 120000,
        .total_ms = 120000,
    };
}

static const struct {
    const char *name;
    int status;
} refusals[OTLP_REFUSAL_COUNT] = {
    [OTLP_REFUSED_METHOD] = {"method", 405},
    [OTLP_REFUSED_PATH] = {"path", 404},
    [OTLP_REFUSED_PROFILES] = {"profiles", 404},
    [OTLP_REFUSED_CONTENT_TYPE] = {"content_type", 415},
    [OTLP_REFUSED_ENCODING] = {"content_encoding", 400},
    [OTLP_REFUSED_MALFORMED] = {"malformed", 400},
    [OTLP_REFUSED_SMUGGLING] = {"smuggling", 400},
    [OTLP_REFUSED_HEADERS] = {"headers", 431},
    [OTLP_REFUSED_BODY_SIZE] = {"body_size", 413},
    [OTLP_REFUSED_INFLATED] = {"inflated_size", 413},
    [OTLP_REFUSED_BAD_GZIP] = {"bad_compression", 400},
    [OTLP_REFUSED_DECODE] = {"decode", 400},
    [OTLP_REFUSED_NESTING] = {"nesting", 400},
    [OTLP_REFUSED_RECORDS] = {"records", 413},
    [OTLP_REFUSED_ATTRIBUTES] = {"attributes", 413},
    [OTLP_REFUSED_OVERLOAD] = {"overload", 503},
    [OTLP_REFUSED_JOURNAL] = {"journal", 503},
    [OTLP_REFUSED_CONNECTIONS] = {"connections", 0},
    [OTLP_REFUSED_TIMEOUT] = {"timeout", 408},
    [OTLP_REFUSED_ORIGIN] = {"origin", 403},
    [OTLP_REFUSED_FLOOD] = {"flood", 0},
    [OTLP_REFUSED_HOST] = {"host", 403},
    [OTLP_REFUSED_UNAUTHORIZED] = {"unauthorized", 401},
    [OTLP_REFUSED_TLS] = {"tls", 400},
    [OTLP_REFUSED_PEER] = {"peer", 0},
};

const char *otlp_refusal_name(enum otlp_refusal why)
{
    return (unsigned)why < OTLP_REFUSAL_COUNT ? refusals[why].name : "unknown";
}

int otlp_refusal_status(enum otlp_refusal why)
{
    return (unsigned)why < OTLP_REFUSAL_COUNT ? refusals[why].status : 500;
}
