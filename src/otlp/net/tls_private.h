/*
 * tls_private.h - what tls.c (sessions) and tls_context.c (files) share.
 */
#ifndef CT_OTLP_NET_TLS_PRIVATE_H
#define CT_OTLP_NET_TLS_PRIVATE_H

#include "tls.h"

#include <openssl/ssl.h>

struct tls_context {
    SSL_CTX *ctx;
    char plain[TLS_RECORD_MAX]; /* what a record held, until its session's owner has taken it */
};

#endif
