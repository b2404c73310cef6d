#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */

#include "test.h"

#include "tls_cert.h"

#include <ftw.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS 32

static char folder[256];

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(cert, e, -1), 1);
    X509_EXTENSION_free(e);
}

struct tls_cert tls_cert_make(const char *name, const struct tls_cert *issuer, long from_s, long until_s)
{
    static long serial = 1;
    struct tls_cert c = {.cert = X509_new(), .key = EVP_EC_gen("P-256")};
    assert_non_null(c.cert);
    assert_non_null(c.key);
    X509_set_version(c.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c.cert), from_s);
    X509_gmtime_adj(X509_getm_notAfter(c.cert), until_s);
    X509_set_pubkey(c.cert, c.key);
    X509_NAME *subject = X509_get_subject_name(c.cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(c.cert, issuer ? X509_get_subject_name(issuer->cert) : subject);
    add_extension(c.cert, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    add_extension(c.cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    assert_true(X509_sign(c.cert, issuer ? issuer->key : c.key, EVP_sha256()) > 0);
    return c;
}

void tls_cert_free(struct tls_cert *c)
{
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    *c = (struct tls_cert){NULL, NULL};
}

void tls_folder_make(void)
{
    const char *temp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ct-tls-XXXXXX", temp && *temp ? temp : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void tls_folder_remove(void)
{
    nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

const char *tls_path(const char *name)
{
    static char paths[PATHS][512];
    static unsigned next;
    char *path = paths[next++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *tls_write_pem(const char *name, X509 *cert, EVP_PKEY *key)
{
    const char *path = tls_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (cert)
        assert_int_equal(PEM_write_X509(file, cert), 1);
    if (key)
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    return path;
}

const char *tls_write_text(const char *name, const char *text, unsigned mode)
{
    const char *path = tls_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, (mode_t)mode), 0);
    return path;
}
