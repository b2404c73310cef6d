/*
 * tls.h - TLS for the receiving side (OpenSSL), without I/O.
 *
 * TLS 1.2 and 1.3; of 1.2 only the cipher suites that HTTP/2 allows (RFC 9113, 9.2.2). ALPN offers h2 and
 * http/1.1, and a client that offers only something else is turned away (RFC 7301, 3.2); one without ALPN is
 * taken, its first bytes decide. The server name is not looked at, nothing is renegotiated, early data is not
 * taken. Sessions are resumed by tickets, so nothing is kept for a client that has gone.
 *
 * What a session holds is bounded: input is worked off as it is fed, in pieces of one record; output is what
 * one tls_write() makes, and the host stops feeding while TLS_OUT_HIGH of it waits.
 */
#ifndef CT_OTLP_NET_TLS_H
#define CT_OTLP_NET_TLS_H

#include "buf.h"
#include "errors.h"
#include "slice.h"

/* The plaintext of one record (RFC 8446, 5.1). */
#define TLS_RECORD_MAX ((size_t)16 * 1024)
/* A peer that reads nothing cannot make more than this wait for it by asking for new keys. */
#define TLS_OUT_HIGH ((size_t)64 * 1024)
/* The first byte of a connection that speaks TLS: a handshake record. No HTTP begins so. */
#define TLS_FIRST_BYTE 0x16

struct tls_context; /* certificate and key, shared by all sessions of a loop */
struct tls;         /* one connection */

struct tls_files {
    const char *cert;      /* PEM: ours, then those between it and the root */
    const char *key;       /* PEM, not encrypted; NULL or "": in the same file */
    const char *client_ca; /* PEM: clients must show a certificate of one of these; NULL or "": any client */
};

/*
 * CT_ERR_NOT_FOUND, CT_ERR_IO, CT_ERR_FORMAT, CT_ERR_USAGE (the key belongs to another certificate) with
 * words that name the file. *warning is filled in when the certificate is expired or not valid yet, else "".
 */
enum ct_err tls_context_create(const struct tls_files *files, struct tls_context **out,
                               struct ct_errmsg *warning, struct ct_errmsg *msg);
void tls_context_destroy(struct tls_context *context); /* after its sessions; NULL is fine */

enum tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_ENDED,  /* the peer has said that it sends no more; writing goes on */
    TLS_FAILED, /* nothing more can be read or written, but for the alert in tls_output() */
};

/* NULL when there is no memory. */
struct tls *tls_create(struct tls_context *context);
void tls_destroy(struct tls *t); /* NULL is fine */

enum tls_state tls_state(const struct tls *t);

/*
 * Takes all of bytes and calls plain with what was inside, in pieces of at most TLS_RECORD_MAX; when plain
 * returns false nothing more is called. plain may call tls_write().
 */
void tls_feed(struct tls *t, struct slice bytes, bool (*plain)(void *ctx, struct slice bytes), void *ctx);

/* Encrypts all of bytes. CT_ERR_IO unless the state is TLS_OPEN or TLS_ENDED. */
enum ct_err tls_write(struct tls *t, struct slice bytes);

/* Says that we send no more (close_notify). Nothing may be written after it. */
void tls_end(struct tls *t);

/* What waits to be sent; tls_output() moves it to the end of to. */
size_t tls_pending(const struct tls *t);
enum ct_err tls_output(struct tls *t, struct buf *to);

#endif
