/*
 * tls_cert.h - keys and certificates for a test, made when it runs, in a folder that goes with it.
 */
#ifndef CT_TESTS_TLS_CERT_H
#define CT_TESTS_TLS_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

struct tls_cert {
    X509 *cert;
    EVP_PKEY *key;
};

/* P-256, for localhost and 127.0.0.1, valid from so many seconds from now on until so many from now; issuer
 * NULL: self-signed, and a CA. */
struct tls_cert tls_cert_make(const char *name, const struct tls_cert *issuer, long from_s, long until_s);
void tls_cert_free(struct tls_cert *c);

/* A folder of the test's own; its files go with it. */
void tls_folder_make(void);
void tls_folder_remove(void);
/* The path of a file in it, in one of a few static buffers. */
const char *tls_path(const char *name);
/* PEM: certificate, key, either of which may be left out. Returns the path. */
const char *tls_write_pem(const char *name, X509 *cert, EVP_PKEY *key);
const char *tls_write_text(const char *name, const char *text, unsigned mode);

#endif
