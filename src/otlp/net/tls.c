#include "tls.h"

#include "tls_private.h"

#include <openssl/err.h>
#include <stdlib.h>

struct tls {
    struct tls_context *context;
    SSL *ssl;
    BIO *in; /* both are the SSL's */
    BIO *out;
    enum tls_state state;
};

struct tls *tls_create(struct tls_context *context)
{
    struct tls *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    ERR_clear_error();
    t->context = context;
    t->ssl = SSL_new(context->ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_mem_eof_return(t->in, -1); /* empty: not now, rather than the end */
    BIO_set_mem_eof_return(t->out, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_accept_state(t->ssl);
    return t;
}

void tls_destroy(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    free(t);
}

enum tls_state tls_state(const struct tls *t)
{
    return t->state;
}

/* The outcome of a call that moved nothing. The queue of errors is the thread's: libcurl uses it too. */
static void settle(struct tls *t, int result)
{
    int why = SSL_get_error(t->ssl, result);
    if (why == SSL_ERROR_ZERO_RETURN)
        t->state = TLS_ENDED;
    else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        t->state = TLS_FAILED;
    ERR_clear_error();
}

/* Works off what is in the input. False when the owner wants nothing more. */
static bool read_all(struct tls *t, bool (*plain)(void *ctx, struct slice bytes), void *ctx)
{
    while (t->state == TLS_HANDSHAKE || t->state == TLS_OPEN) {
        size_t n = 0;
        int result;
        ERR_clear_error();
        if (t->state == TLS_HANDSHAKE) {
            result = SSL_do_handshake(t->ssl);
            if (result == 1) {
                t->state = TLS_OPEN;
                continue;
            }
        } else {
            result = SSL_read_ex(t->ssl, t->context->plain, TLS_RECORD_MAX, &n);
            if (result == 1) {
                if (!plain(ctx, slice_make(t->context->plain, n)))
                    return false;
                continue;
            }
        }
        settle(t, result);
        return true;
    }
    return true;
}

void tls_feed(struct tls *t, struct slice bytes, bool (*plain)(void *ctx, struct slice bytes), void *ctx)
{
    while (bytes.len && t->state != TLS_FAILED && t->state != TLS_ENDED) {
        struct slice piece = slice_sub(bytes, 0, TLS_RECORD_MAX);
        bytes = slice_sub(bytes, piece.len, bytes.len);
        if (BIO_write(t->in, piece.ptr, (int)piece.len) != (int)piece.len)
            t->state = TLS_FAILED;
        else if (!read_all(t, plain, ctx))
            return;
    }
}

enum ct_err tls_write(struct tls *t, struct slice bytes)
{
    if (t->state != TLS_OPEN && t->state != TLS_ENDED)
        return CT_ERR_IO;
    while (bytes.len) {
        size_t n = 0;
        ERR_clear_error();
        if (SSL_write_ex(t->ssl, bytes.ptr, bytes.len < TLS_RECORD_MAX ? bytes.len : TLS_RECORD_MAX, &n) !=
            1) {
            t->state = TLS_FAILED;
            ERR_clear_error();
            return CT_ERR_IO;
        }
        bytes = slice_sub(bytes, n, bytes.len);
    }
    return CT_OK;
}

void tls_end(struct tls *t)
{
    if (t->state != TLS_OPEN && t->state != TLS_ENDED)
        return;
    ERR_clear_error();
    SSL_shutdown(t->ssl);
    ERR_clear_error();
}

size_t tls_pending(const struct tls *t)
{
    return BIO_ctrl_pending(t->out);
}

enum ct_err tls_output(struct tls *t, struct buf *to)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(t->out, &bytes);
    if (n <= 0)
        return CT_OK;
    enum ct_err err = buf_append(to, slice_make(bytes, (size_t)n));
    (void)BIO_reset(t->out);
    return err;
}
