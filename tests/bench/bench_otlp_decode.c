/*
 * Decode speed on the recorded requests, one line for each form of body: megabytes of body as sent, and
 * records, a second. The sink is NULL: what is measured is inflating, decoding and checking.
 */
#include "captures.h"

#include <stdio.h>
#include <time.h>

#define SECONDS 1.0

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool measure(const char *name, const struct captures *captures, struct otlp_decoder *d,
                    enum otlp_encoding encoding, enum otlp_compression compression)
{
    double bytes = 0, records = 0, start = now(), elapsed;
    do {
        for (size_t i = 0; i < captures->count; i++) {
            const struct capture_request *r = &captures->requests[i];
            struct otlp_counts counts;
            struct ct_errmsg msg;
            if (r->encoding != encoding || r->compression != compression)
                continue;
            if (otlp_decode(d, r->signal, encoding, compression, r->body, NULL, &counts, NULL, &msg)) {
                fprintf(stderr, "%s/%s: %s\n", r->capture, r->body_name, msg.text);
                return false;
            }
            bytes += (double)r->body.len;
            records += (double)(counts.logs + counts.spans + counts.points);
        }
        elapsed = now() - start;
    } while (elapsed < SECONDS && bytes > 0);
    printf("%-16s %7.1f MB/s %10.0f records/s\n", name, bytes / elapsed / 1e6, records / elapsed);
    return records > 0;
}

int main(void)
{
    struct captures captures;
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    if (!captures_load(&captures))
        return 1;
    struct otlp_decoder *d = otlp_decoder_create(&limits);
    bool ok = measure("protobuf", &captures, d, OTLP_PROTOBUF, OTLP_IDENTITY);
    ok = measure("protobuf + gzip", &captures, d, OTLP_PROTOBUF, OTLP_GZIP) && ok;
    ok = measure("json", &captures, d, OTLP_JSON, OTLP_IDENTITY) && ok;
    otlp_decoder_destroy(d);
    captures_free(&captures);
    return ok ? 0 : 1;
}
