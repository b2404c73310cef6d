#include "decode.h"

#include "body.h"
#include "mem.h"
#include "otlp_json.h"
#include "otlp_pb.h"

#include <stdlib.h>

struct otlp_decoder {
    struct inflater inflater;
    struct walk walk;
    struct buf patches; /* JSON only, as the tree */
    struct json_tree tree;
};

struct otlp_decoder *otlp_decoder_create(const struct otlp_limits *limits)
{
    struct otlp_decoder *d = mem_alloc(sizeof *d);
    inflater_init(&d->inflater, limits);
    walk_init(&d->walk, limits);
    buf_init(&d->patches, SIZE_MAX); /* bounded by the text that it copies */
    json_tree_init(&d->tree);
    return d;
}

void otlp_decoder_destroy(struct otlp_decoder *d)
{
    if (!d)
        return;
    inflater_finish(&d->inflater);
    walk_finish(&d->walk);
    buf_finish(&d->patches);
    json_tree_finish(&d->tree);
    free(d);
}

enum ct_err otlp_decode(struct otlp_decoder *d, enum otlp_signal signal, enum otlp_encoding encoding,
                        enum otlp_compression compression, struct slice body, const struct otlp_sink *sink,
                        struct otlp_counts *counts, enum otlp_refusal *why, struct ct_errmsg *msg)
{
    struct walk *w = &d->walk;
    struct slice plain;
    enum otlp_refusal refusal = OTLP_REFUSED_DECODE;
    walk_begin(w, sink, msg);
    enum ct_err err = inflater_run(&d->inflater, compression, body, &plain, &refusal, msg);
    if (!err) {
        if (encoding == OTLP_JSON)
            otlp_json_walk(w, signal, plain, &d->patches, &d->tree);
        else
            otlp_pb_walk(w, signal, plain);
        err = w->err;
        refusal = w->why;
    }
    if (counts)
        *counts = w->counts;
    if (err && err != CT_AGAIN && why)
        *why = refusal;
    walk_end(w);
    inflater_trim(&d->inflater);
    if (d->patches.cap > OTLP_INFLATER_KEEP)
        buf_finish(&d->patches);
    return err;
}

bool otlp_compression_parse(struct slice value, enum otlp_compression *out)
{
    value = slice_trim(value);
    if (value.len == 0 || slice_eq_nocase(value, SLICE_LIT("identity")))
        *out = OTLP_IDENTITY;
    else if (slice_eq_nocase(value, SLICE_LIT("gzip")) || slice_eq_nocase(value, SLICE_LIT("x-gzip")))
        *out = OTLP_GZIP;
    else if (slice_eq_nocase(value, SLICE_LIT("zstd")) && otlp_compression_supported(OTLP_ZSTD))
        *out = OTLP_ZSTD;
    else
        return false;
    return true;
}

bool otlp_encoding_parse(struct slice content_type, enum otlp_encoding *out)
{
    struct slice type = slice_trim(slice_sub(content_type, 0, slice_find(content_type, ';')));
    if (slice_eq_nocase(type, SLICE_LIT("application/json")))
        *out = OTLP_JSON;
    else if (slice_eq_nocase(type, SLICE_LIT("application/x-protobuf")))
        *out = OTLP_PROTOBUF;
    else
        return false;
    return true;
}

bool otlp_signal_parse(struct slice path, enum otlp_signal *out)
{
    static const struct {
        struct slice path;
        enum otlp_signal signal;
    } paths[] = {
#define GRPC(service) SLICE_LIT("/opentelemetry.proto.collector." service "/Export")
        {SLICE_LIT("/v1/traces"), OTLP_TRACES},
        {SLICE_LIT("/v1/metrics"), OTLP_METRICS},
        {SLICE_LIT("/v1/logs"), OTLP_LOGS},
        {SLICE_LIT("/v1development/profiles"), OTLP_PROFILES},
        {GRPC("trace.v1.TraceService"), OTLP_TRACES},
        {GRPC("metrics.v1.MetricsService"), OTLP_METRICS},
        {GRPC("logs.v1.LogsService"), OTLP_LOGS},
        {GRPC("profiles.v1development.ProfilesService"), OTLP_PROFILES},
#undef GRPC
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (slice_eq(path, paths[i].path)) {
            *out = paths[i].signal;
            return true;
        }
    }
    return false;
}
