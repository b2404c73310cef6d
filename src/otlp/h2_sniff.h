/*
 * h2_sniff.h - HTTP/1 or HTTP/2, decided by a connection's first bytes (RFC 9113, 3.3: prior knowledge).
 *
 * A core that is an HTTP/1 core until the client's preface proves it to be HTTP/2. Bytes are kept back only
 * as long as they could still become the preface, so both kinds of clients may come to any port.
 */
#ifndef CT_OTLP_H2_SNIFF_H
#define CT_OTLP_H2_SNIFF_H

#include "core.h"

/* NULL when there is no memory. now: see core.h. */
struct core *h2_sniff_create(const struct core_env *env, void *ctx, uint64_t now);

#endif
