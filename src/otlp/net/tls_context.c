/* Certificates and keys, and what every session is held to. */
#include "tls_private.h"

#include "mem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of TLS 1.2; those of 1.3 are all good. Both demand forward secrecy and authenticated encryption. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
/* A client's chain: a certificate has some KiB. */
#define CLIENT_CHAIN_MAX (32L * 1024)

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *ctx)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl, (void)ctx;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* An encrypted key is an error, not a question at the terminal. */
static int no_password(char *text, int size, int writing, void *ctx)
{
    (void)text, (void)size, (void)writing, (void)ctx;
    return -1;
}

/* What the library says last; it is English and holds nothing of the file. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text ? text : "it holds nothing of the kind";
}

/* OpenSSL's own words for a file that is not there leave out which. */
static enum ct_err check_readable(const char *path, const char *what, struct ct_errmsg *msg)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return ct_fail(msg, errno == ENOENT ? CT_ERR_NOT_FOUND : CT_ERR_IO, "cannot read %s %s: %s", what,
                       path, strerror(errno));
    int first = fgetc(file);
    int err = first == EOF && ferror(file) ? errno : 0; /* a folder can be opened, but not read */
    fclose(file);
    return err ? ct_fail(msg, CT_ERR_IO, "cannot read %s %s: %s", what, path, strerror(err)) : CT_OK;
}

static enum ct_err load_cert(SSL_CTX *ctx, const char *path, struct ct_errmsg *warning, struct ct_errmsg *msg)
{
    enum ct_err err = check_readable(path, "the certificate (tls_cert)", msg);
    if (err)
        return err;
    if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
        return ct_fail(msg, CT_ERR_FORMAT, "no certificate (PEM) in %s (tls_cert): %s", path, reason());
    const X509 *cert = SSL_CTX_get0_certificate(ctx);
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        ct_fail(warning, CT_OK, "the certificate %s has expired: clients will refuse it", path);
    else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
        ct_fail(warning, CT_OK, "the certificate %s is not valid yet: clients will refuse it", path);
    return CT_OK;
}

static enum ct_err load_key(SSL_CTX *ctx, const char *path, const char *cert, struct ct_errmsg *msg)
{
    enum ct_err err = check_readable(path, "the key (tls_key)", msg);
    if (err)
        return err;
    if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1) {
        unsigned long why = ERR_peek_last_error();
        if (ERR_GET_LIB(why) == ERR_LIB_X509 && ERR_GET_REASON(why) == X509_R_KEY_VALUES_MISMATCH)
            return ct_fail(msg, CT_ERR_USAGE, "the key %s does not belong to the certificate %s", path, cert);
        return ct_fail(msg, CT_ERR_FORMAT,
                       "no key in %s (tls_key): it takes a private key in PEM that is not encrypted (%s)",
                       path, reason());
    }
    if (SSL_CTX_check_private_key(ctx) != 1)
        return ct_fail(msg, CT_ERR_USAGE, "the key %s does not belong to the certificate %s", path, cert);
    return CT_OK;
}

static enum ct_err load_client_ca(SSL_CTX *ctx, const char *path, struct ct_errmsg *msg)
{
    enum ct_err err = check_readable(path, "the CA certificates (tls_client_ca)", msg);
    if (err)
        return err;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (!names || SSL_CTX_load_verify_file(ctx, path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return ct_fail(msg, CT_ERR_FORMAT, "no certificates (PEM) in %s (tls_client_ca): %s", path, reason());
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* takes them */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_MAX);
    return CT_OK;
}

static bool harden(SSL_CTX *ctx)
{
    static const unsigned char id[] = "claude-top";
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
           SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

enum ct_err tls_context_create(const struct tls_files *files, struct tls_context **out,
                               struct ct_errmsg *warning, struct ct_errmsg *msg)
{
    struct tls_context *c = mem_alloc(sizeof(*c));
    const char *key = files->key && files->key[0] ? files->key : files->cert;
    warning->text[0] = '\0';
    *out = NULL;
    ERR_clear_error();
    c->ctx = SSL_CTX_new(TLS_server_method());
    enum ct_err err = CT_OK;
    if (!c->ctx || !harden(c->ctx))
        err = ct_fail(msg, CT_ERR_IO, "cannot set up TLS: %s", reason());
    if (!err)
        err = load_cert(c->ctx, files->cert, warning, msg);
    if (!err)
        err = load_key(c->ctx, key, files->cert, msg);
    if (!err && files->client_ca && files->client_ca[0])
        err = load_client_ca(c->ctx, files->client_ca, msg);
    ERR_clear_error();
    if (err)
        tls_context_destroy(c);
    else
        *out = c;
    return err;
}

void tls_context_destroy(struct tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ctx);
    OPENSSL_cleanse(context->plain, sizeof(context->plain));
    free(context);
}
