/* tls.h against OpenSSL's own client, byte by byte and with a peer that means no good. */
#include "test.h"

#include "tls.h"
#include "tls_cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR 3600L

static struct tls_cert server, other, ca, client_cert;
static struct tls_context *context;

/* A client and a session, and what the session's owner has received. */
struct pair {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out; /* the client's */
    struct tls *t;
    struct buf got;
    struct buf wire; /* from the session */
    size_t cut;      /* the client's bytes are fed in pieces of that many */
    struct slice echo;
};

static bool on_plain(void *ctx, struct slice bytes)
{
    struct pair *p = ctx;
    assert_true(bytes.len > 0 && bytes.len <= TLS_RECORD_MAX);
    assert_int_equal(buf_append(&p->got, bytes), CT_OK);
    if (p->echo.len) {
        assert_int_equal(tls_write(p->t, p->echo), CT_OK);
        p->echo = SLICE_NULL;
    }
    return true;
}

static void open_pair(struct pair *p, struct tls_context *with)
{
    *p = (struct pair){.cut = 65536};
    p->ctx = SSL_CTX_new(TLS_client_method());
    p->ssl = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(p->in, -1);
    BIO_set_mem_eof_return(p->out, -1);
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_connect_state(p->ssl);
    p->t = tls_create(with);
    assert_non_null(p->t);
    buf_init(&p->got, 64u << 20);
    buf_init(&p->wire, 64u << 20);
}

static void close_pair(struct pair *p)
{
    tls_destroy(p->t);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    buf_finish(&p->got);
    buf_finish(&p->wire);
    ERR_clear_error();
}

/* The client's bytes to the session; false when there were none. */
static bool to_session(struct pair *p)
{
    char *bytes;
    long n = BIO_get_mem_data(p->out, &bytes);
    struct buf copy;
    if (n <= 0)
        return false;
    buf_init(&copy, 64u << 20);
    assert_int_equal(buf_append(&copy, slice_make(bytes, (size_t)n)), CT_OK);
    (void)BIO_reset(p->out);
    for (size_t at = 0; at < copy.len; at += p->cut)
        tls_feed(p->t, slice_sub(buf_slice(&copy), at, p->cut), on_plain, p);
    buf_finish(&copy);
    return true;
}

static bool to_client(struct pair *p)
{
    buf_clear(&p->wire);
    assert_int_equal(tls_output(p->t, &p->wire), CT_OK);
    assert_int_equal(tls_pending(p->t), 0);
    if (p->wire.len)
        assert_int_equal(BIO_write(p->in, p->wire.data, (int)p->wire.len), (int)p->wire.len);
    return p->wire.len > 0;
}

/* Both sides until neither has more to say. */
static bool shake(struct pair *p)
{
    bool moved = true;
    while (moved) {
        ERR_clear_error();
        SSL_do_handshake(p->ssl);
        moved = to_session(p);
        moved |= to_client(p);
    }
    return SSL_is_init_finished(p->ssl) && tls_state(p->t) == TLS_OPEN;
}

static void client_reads(struct pair *p, struct buf *in)
{
    static char block[16384];
    size_t n;
    while (SSL_read_ex(p->ssl, block, sizeof block, &n))
        assert_int_equal(buf_append(in, slice_make(block, n)), CT_OK);
}

static void both_ways(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const size_t cuts[] = {65536, 1000, 7, 1};
    char *large = malloc(300000);
    for (size_t i = 0; i < 300000; i++)
        large[i] = (char)(i * 7 + i / 1000);
    for (size_t v = 0; v < 2; v++) {
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
            struct pair p;
            struct buf in;
            open_pair(&p, context);
            p.cut = cuts[c];
            assert_int_equal(SSL_set_min_proto_version(p.ssl, versions[v]), 1);
            assert_int_equal(SSL_set_max_proto_version(p.ssl, versions[v]), 1);
            assert_int_equal(tls_state(p.t), TLS_HANDSHAKE);
            assert_int_equal(tls_write(p.t, SLICE_LIT("early")), CT_ERR_IO);
            assert_true(shake(&p));
            assert_int_equal(SSL_version(p.ssl), versions[v]);
            p.echo = slice_make(large, 300000); /* an answer from within the callback */
            assert_int_equal(SSL_write(p.ssl, large, 200000), 200000);
            to_session(&p);
            assert_int_equal(p.got.len, 200000);
            assert_memory_equal(p.got.data, large, 200000);
            to_client(&p);
            buf_init(&in, 1u << 20);
            client_reads(&p, &in);
            assert_int_equal(in.len, 300000);
            assert_memory_equal(in.data, large, 300000);
            /* The end of either direction is its own. */
            assert_int_equal(SSL_shutdown(p.ssl), 0);
            to_session(&p);
            assert_int_equal(tls_state(p.t), TLS_ENDED);
            buf_clear(&in);
            assert_int_equal(tls_write(p.t, SLICE_LIT("still")), CT_OK);
            tls_end(p.t);
            to_client(&p);
            client_reads(&p, &in);
            assert_true(slice_eq_str(buf_slice(&in), "still"));
            assert_int_equal(SSL_get_shutdown(p.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
            buf_finish(&in);
            close_pair(&p);
        }
    }
    free(large);
}

static void protocols(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        unsigned length;
        const char *chosen; /* NULL: turned away */
    } cases[] = {{"\x02h2\x08http/1.1", 12, "h2"},
                 {"\x08http/1.1\x02h2", 12, "h2"},
                 {"\x08http/1.1", 9, "http/1.1"},
                 {"\x03"
                  "foo\x02h2",
                  7, "h2"},
                 {"\x08http/1.0", 9, NULL},
                 {"\x02h3", 3, NULL},
                 {"", 0, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair p;
        const unsigned char *chosen = NULL;
        unsigned n = 0;
        open_pair(&p, context);
        if (cases[i].length)
            assert_int_equal(
                SSL_set_alpn_protos(p.ssl, (const unsigned char *)cases[i].offer, cases[i].length), 0);
        assert_int_equal(shake(&p), cases[i].chosen != NULL);
        if (cases[i].chosen) {
            SSL_get0_alpn_selected(p.ssl, &chosen, &n);
            assert_true(slice_eq_str(slice_make(chosen, n), cases[i].chosen));
        } else {
            assert_int_equal(tls_state(p.t), TLS_FAILED);
        }
        close_pair(&p);
    }
}

static void old_and_weak_ones_are_turned_away(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, context);
    SSL_set_security_level(p.ssl, 0);
    SSL_set_min_proto_version(p.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(p.ssl, TLS1_1_VERSION);
    assert_false(shake(&p));
    assert_int_equal(tls_state(p.t), TLS_FAILED);
    close_pair(&p);
    static const char *const weak[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                                       "AES128-GCM-SHA256"};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        open_pair(&p, context);
        SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
        assert_int_equal(SSL_set_cipher_list(p.ssl, weak[i]), 1);
        assert_false(shake(&p));
        assert_int_equal(tls_state(p.t), TLS_FAILED);
        close_pair(&p);
    }
}

static void nothing_is_renegotiated(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, context);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    assert_true(shake(&p));
    SSL_renegotiate(p.ssl);
    SSL_do_handshake(p.ssl);
    to_session(&p);
    to_client(&p);
    assert_int_not_equal(SSL_do_handshake(p.ssl), 1); /* no_renegotiation */
    assert_int_equal(p.got.len, 0);
    close_pair(&p);
}

/* A peer that asks for new keys and reads nothing: what waits for it grows with what it sends, and no faster,
 * so that who stops feeding past TLS_OUT_HIGH is safe. */
static void new_keys_without_end(void **state)
{
    (void)state;
    struct pair p;
    size_t fed = 0;
    open_pair(&p, context);
    assert_true(shake(&p));
    for (int i = 0; i < 20000 && tls_pending(p.t) < TLS_OUT_HIGH && tls_state(p.t) == TLS_OPEN; i++) {
        char *bytes;
        if (SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED) != 1 || SSL_do_handshake(p.ssl) != 1)
            break;
        fed += (size_t)BIO_get_mem_data(p.out, &bytes);
        to_session(&p);
        assert_true(tls_pending(p.t) <= 2 * fed);
    }
    assert_true(fed > 0);
    assert_true(tls_pending(p.t) < 2 * TLS_OUT_HIGH);
    close_pair(&p);
}

static void garbage_fails_once_and_for_all(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        struct pair p;
        char bytes[2000];
        open_pair(&p, context);
        if (round % 3 == 0) { /* a good hello, damaged */
            SSL_do_handshake(p.ssl);
            char *hello;
            long n = BIO_get_mem_data(p.out, &hello);
            assert_true(n > 100 && n < (long)sizeof bytes);
            memcpy(bytes, hello, (size_t)n);
            bytes[(size_t)round * 7 % (size_t)n] ^= (char)(1 << round % 8);
            tls_feed(p.t, slice_make(bytes, (size_t)n), on_plain, &p);
        } else {
            for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
            if (round % 3 == 1)
                memcpy(bytes, "\x16\x03\x01\x02\x00\x01", 6);
            tls_feed(p.t, slice_make(bytes, sizeof bytes), on_plain, &p);
        }
        enum tls_state after = tls_state(p.t);
        assert_true(after == TLS_FAILED || after == TLS_HANDSHAKE);
        assert_int_equal(p.got.len, 0);
        if (after == TLS_FAILED) {
            size_t said = tls_pending(p.t);
            tls_feed(p.t, SLICE_LIT("more"), on_plain, &p);
            assert_int_equal(tls_pending(p.t), said);
            assert_int_equal(tls_write(p.t, SLICE_LIT("x")), CT_ERR_IO);
            tls_end(p.t);
        }
        close_pair(&p);
    }
    assert_int_equal(ERR_peek_error(), 0); /* the queue is shared with libcurl */
}

static void a_damaged_record_is_no_request(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, context);
    assert_true(shake(&p));
    assert_int_equal(SSL_write(p.ssl, "GET / HTTP/1.1\r\n", 16), 16);
    char *bytes;
    long n = BIO_get_mem_data(p.out, &bytes);
    bytes[n - 1] ^= 1;
    to_session(&p);
    assert_int_equal(tls_state(p.t), TLS_FAILED);
    assert_int_equal(p.got.len, 0);
    assert_true(tls_pending(p.t) > 0); /* the alert */
    close_pair(&p);
}

static void client_certificates(void **state)
{
    (void)state;
    struct tls_context *asking;
    struct ct_errmsg warning, msg;
    struct pair p;
    struct tls_files files = {tls_path("server.pem"), tls_path("server.key"), tls_path("ca.pem")};
    assert_int_equal(tls_context_create(&files, &asking, &warning, &msg), CT_OK);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        for (int with = 0; with < 3; with++) {
            open_pair(&p, asking);
            SSL_set_max_proto_version(p.ssl, version);
            const struct tls_cert *shown = with == 1 ? &client_cert : with == 2 ? &other : NULL;
            if (shown) {
                assert_int_equal(SSL_use_certificate(p.ssl, shown->cert), 1);
                assert_int_equal(SSL_use_PrivateKey(p.ssl, shown->key), 1);
            }
            assert_int_equal(shake(&p), with == 1);
            if (with != 1)
                assert_int_equal(tls_state(p.t), TLS_FAILED);
            close_pair(&p);
        }
    }
    tls_context_destroy(asking);
}

/* A ticket takes the place of the second handshake, also where clients show certificates. */
static void sessions_are_resumed(void **state)
{
    (void)state;
    struct pair p;
    struct buf in;
    open_pair(&p, context);
    assert_true(shake(&p));
    buf_init(&in, 1000);
    client_reads(&p, &in); /* takes the tickets */
    SSL_SESSION *session = SSL_get1_session(p.ssl);
    SSL_set_shutdown(p.ssl, SSL_SENT_SHUTDOWN); /* a session that ended well may be resumed */
    close_pair(&p);
    open_pair(&p, context);
    assert_int_equal(SSL_set_session(p.ssl, session), 1);
    assert_true(shake(&p));
    assert_int_equal(SSL_session_reused(p.ssl), 1);
    SSL_SESSION_free(session);
    close_pair(&p);
    buf_finish(&in);
}

static void expect(struct tls_files files, enum ct_err err, const char *words)
{
    struct tls_context *c = NULL;
    struct ct_errmsg warning = {""}, msg = {""};
    enum ct_err got = tls_context_create(&files, &c, &warning, &msg);
    const char *said = got ? msg.text : warning.text;
    if (got != err || !strstr(said, words) || (!words[0] && said[0]))
        fail_msg("%s: \"%s\", expected %s: \"%s\"", ct_err_name(got), said, ct_err_name(err), words);
    assert_int_equal(ERR_peek_error(), 0);
    tls_context_destroy(c);
}

static void files_that_will_not_do(void **state)
{
    (void)state;
    const char *cert = tls_path("server.pem"), *key = tls_path("server.key"), *client = tls_path("ca.pem");
    expect((struct tls_files){cert, key, NULL}, CT_OK, "");
    expect((struct tls_files){tls_write_pem("both.pem", server.cert, server.key), NULL, ""}, CT_OK, "");
    expect((struct tls_files){tls_path("none"), key, NULL}, CT_ERR_NOT_FOUND, "No such file");
    expect((struct tls_files){tls_path("."), key, NULL}, CT_ERR_IO, "Is a directory");
    expect((struct tls_files){cert, tls_path("none"), NULL}, CT_ERR_NOT_FOUND, "the key (tls_key)");
    expect((struct tls_files){cert, key, tls_path("none")}, CT_ERR_NOT_FOUND, "(tls_client_ca)");
    expect((struct tls_files){cert, tls_write_pem("other.key", NULL, other.key), NULL}, CT_ERR_USAGE,
           "does not belong to the certificate");
    expect((struct tls_files){cert, cert, NULL}, CT_ERR_FORMAT, "no key in");
    expect((struct tls_files){key, key, NULL}, CT_ERR_FORMAT, "no certificate (PEM) in");
    expect((struct tls_files){cert, key, key}, CT_ERR_FORMAT, "no certificates (PEM) in");
    expect((struct tls_files){tls_write_text("garbage", "garbage\n", 0600), key, NULL}, CT_ERR_FORMAT,
           "garbage");
    expect((struct tls_files){tls_write_text("empty", "", 0600), key, NULL}, CT_ERR_FORMAT, "empty");
    expect((struct tls_files){cert, key, client}, CT_OK, "");
    if (geteuid() != 0)
        expect((struct tls_files){tls_write_text("closed", "x", 0000), key, NULL}, CT_ERR_IO,
               "Permission denied");

    /* An encrypted key is an error, and nobody is asked for its password. */
    FILE *file = fopen(tls_path("locked.key"), "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, server.key, EVP_aes_128_cbc(), (const unsigned char *)"x1y2",
                                          4, NULL, NULL),
                     1);
    fclose(file);
    expect((struct tls_files){cert, tls_path("locked.key"), NULL}, CT_ERR_FORMAT, "not encrypted");

    struct tls_cert late = tls_cert_make("late", NULL, -2 * HOUR, -HOUR),
                    soon = tls_cert_make("soon", NULL, HOUR, 2 * HOUR);
    expect((struct tls_files){tls_write_pem("late.pem", late.cert, late.key), NULL, NULL}, CT_OK,
           "has expired");
    expect((struct tls_files){tls_write_pem("soon.pem", soon.cert, soon.key), NULL, NULL}, CT_OK,
           "not valid yet");
    tls_cert_free(&late);
    tls_cert_free(&soon);
}

static int setup(void **state)
{
    (void)state;
    struct ct_errmsg warning, msg;
    tls_folder_make();
    server = tls_cert_make("localhost", NULL, -HOUR, HOUR);
    other = tls_cert_make("other", NULL, -HOUR, HOUR);
    ca = tls_cert_make("clients", NULL, -HOUR, HOUR);
    client_cert = tls_cert_make("a client", &ca, -HOUR, HOUR);
    tls_write_pem("ca.pem", ca.cert, NULL);
    struct tls_files files = {tls_write_pem("server.pem", server.cert, NULL),
                              tls_write_pem("server.key", NULL, server.key), NULL};
    return (int)tls_context_create(&files, &context, &warning, &msg);
}

static int teardown(void **state)
{
    (void)state;
    tls_context_destroy(context);
    tls_cert_free(&server);
    tls_cert_free(&other);
    tls_cert_free(&ca);
    tls_cert_free(&client_cert);
    tls_folder_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(protocols),
        cmocka_unit_test(old_and_weak_ones_are_turned_away),
        cmocka_unit_test(nothing_is_renegotiated),
        cmocka_unit_test(new_keys_without_end),
        cmocka_unit_test(garbage_fails_once_and_for_all),
        cmocka_unit_test(a_damaged_record_is_no_request),
        cmocka_unit_test(client_certificates),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(files_that_will_not_do),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
