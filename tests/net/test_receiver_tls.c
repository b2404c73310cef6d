/* A receiver that speaks TLS, against peers who do not get far: with what they cost and who sees them. */
#include "test.h"

#include "net_attack.h"
#include "tls_cert.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOUR 3600L
/* One session in a handshake: OpenSSL's state, its buffers, and our copies of what is on the way. */
#define TLS_CONNECTION_BYTES (NET_CONNECTION_BYTES + (size_t)160 * 1024)

static struct tls_cert server;
static struct receiver_security tls_only;

/* A client on memory, for its bytes. */
struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    int fd;
};

static void client_open(struct client *c, struct net_server *s)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    c->ssl = SSL_new(c->ctx);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(c->in, -1);
    BIO_set_mem_eof_return(c->out, -1);
    SSL_set_bio(c->ssl, c->in, c->out);
    SSL_set_connect_state(c->ssl);
    c->fd = net_connect(s);
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    ERR_clear_error();
}

/* What the client has to say, at most max bytes of it; the rest is forgotten. */
static bool client_sends(struct client *c, struct net_server *s, size_t max)
{
    char *bytes;
    long n = BIO_get_mem_data(c->out, &bytes);
    bool sent = n <= 0 || net_send(s, c->fd, slice_sub(slice_make(bytes, (size_t)n), 0, max));
    (void)BIO_reset(c->out);
    return sent;
}

struct reader {
    struct client *c;
    bool done;
};

static bool handshake_step(void *ctx)
{
    struct reader *r = ctx;
    char block[16384];
    ssize_t n = recv(r->c->fd, block, sizeof block, MSG_DONTWAIT);
    if (n > 0)
        BIO_write(r->c->in, block, (int)n);
    r->done = SSL_do_handshake(r->c->ssl) == 1;
    char *bytes;
    return r->done || BIO_get_mem_data(r->c->out, &bytes) > 0 || n == 0;
}

/* The whole handshake. */
static void client_shakes(struct client *c, struct net_server *s)
{
    struct reader r = {.c = c};
    while (!r.done) {
        net_until(s, handshake_step, &r);
        assert_true(client_sends(c, s, SIZE_MAX));
    }
}

static bool got_plain(void *ctx)
{
    struct reader *r = ctx;
    char block[16384];
    ssize_t n = recv(r->c->fd, block, sizeof block, MSG_DONTWAIT);
    if (n > 0)
        BIO_write(r->c->in, block, (int)n);
    r->done = SSL_peek(r->c->ssl, block, 1) > 0;
    return r->done || n == 0;
}

/* Sends a request and reads the beginning of its answer. */
static void client_asks(struct client *c, struct net_server *s, const char *request, const char *answer)
{
    char text[2048];
    struct reader r = {.c = c};
    assert_int_equal(SSL_write(c->ssl, request, (int)strlen(request)), (int)strlen(request));
    assert_true(client_sends(c, s, SIZE_MAX));
    net_until(s, got_plain, &r);
    int n = SSL_read(c->ssl, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    if (!strstr(text, answer))
        fail_msg("%s: %s", request, text);
}

static void bystander(struct net_server *s)
{
    struct client c;
    client_open(&c, s);
    client_shakes(&c, s);
    client_asks(&c, s, NET_HEAD "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\n");
    client_close(&c);
}

static void requests_over_tls(void **state)
{
    (void)state;
    struct net_server s;
    struct client c;
    net_server_start_secure(&s, NULL, &tls_only);
    client_open(&c, &s);
    client_shakes(&c, &s);
    for (int i = 0; i < 3; i++) /* one connection */
        client_asks(&c, &s, NET_HEAD "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\n");
    client_asks(&c, &s, "POST /v1/logs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 403 ");
    client_close(&c);
    net_until_connections(&s, 0);
    assert_int_equal(s.requests, 3);
    assert_int_equal(receiver_stats(s.r).connections_total, 1);
    net_server_finish(&s);
}

/* close_notify, then FIN: a client sees that nothing was cut off. */
static void the_end_is_said(void **state)
{
    (void)state;
    struct net_server s;
    struct client c;
    net_server_start_secure(&s, NULL, &tls_only);
    client_open(&c, &s);
    client_shakes(&c, &s);
    client_asks(&c, &s, NET_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\n");
    struct buf in;
    buf_init(&in, 10000);
    assert_true(net_read_all(&s, c.fd, &in));
    if (in.len)
        BIO_write(c.in, in.data, (int)in.len);
    char byte;
    assert_int_equal(SSL_get_error(c.ssl, SSL_read(c.ssl, &byte, 1)), SSL_ERROR_ZERO_RETURN);
    client_close(&c);
    buf_finish(&in);
    net_server_finish(&s);
}

static void plain_text_is_answered_in_plain_text(void **state)
{
    (void)state;
    static const char *const requests[] = {
        NET_HEAD "Content-Length: 2\r\n\r\n{}", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "POST /hooks HTTP/1.0\r\n\r\n",
        NET_HEAD "Authorization: Bearer x\r\nContent-Length: 60000000\r\n\r\n"};
    struct net_server s;
    struct buf in;
    buf_init(&in, 10000);
    net_server_start_secure(&s, NULL, &tls_only);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int fd = net_connect(&s);
        assert_true(net_send_str(&s, fd, requests[i]));
        buf_clear(&in);
        assert_true(net_read_all(&s, fd, &in));
        assert_true(net_has(&in, "HTTP/1.1 400 Bad Request\r\n"));
        assert_true(net_has(&in, "this port speaks TLS: send to https://"));
        assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TLS], i + 1);
        close(fd);
    }
    int fd = net_connect(&s); /* neither TLS nor HTTP */
    assert_true(net_send_str(&s, fd, "\x01\x02\x03"));
    buf_clear(&in);
    net_read_all(&s, fd, &in);
    assert_true(net_has(&in, "HTTP/1.1 400 Bad Request\r\n"));
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_MALFORMED], 1);
    close(fd);
    assert_int_equal(s.requests, 0);
    buf_finish(&in);
    net_server_finish(&s);
}

static void garbage_is_counted_and_ends(void **state)
{
    (void)state;
    struct net_server s;
    struct buf in;
    char bytes[600];
    unsigned seed = 7;
    buf_init(&in, 10000);
    net_server_start_secure(&s, NULL, &tls_only);
    for (uint64_t round = 1; round <= 20; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
        memcpy(bytes, "\x16\x03\x01\x00\x40\x01\x00\x7f", 8); /* a hello that is longer than its record */
        int fd = net_connect(&s);
        net_send(&s, fd, slice_make(bytes, sizeof bytes));
        buf_clear(&in);
        net_read_all(&s, fd, &in);
        assert_true(in.len == 0 || in.data[0] == 0x15); /* an alert, or nothing; never HTTP */
        net_until_refused(&s, OTLP_REFUSED_TLS, round);
        close(fd);
    }
    net_until_connections(&s, 0);
    bystander(&s);
    buf_finish(&in);
    net_server_finish(&s);
}

static void who_goes_in_the_middle_of_a_handshake(void **state)
{
    (void)state;
    struct net_server s;
    uint64_t counted = 0;
    net_server_start_secure(&s, NULL, &tls_only);
    for (int reset = 0; reset < 2; reset++) {
        for (size_t cut = 0; cut < 600; cut += cut < 12 ? 1 : 61) {
            struct client c;
            client_open(&c, &s);
            SSL_do_handshake(c.ssl);
            char *bytes;
            bool whole = (size_t)BIO_get_mem_data(c.out, &bytes) <= cut;
            uint64_t taken = receiver_stats(s.r).bytes;
            client_sends(&c, &s, cut);
            if (reset) {
                net_reset(c.fd);
                c.fd = dup(0);
            }
            client_close(&c);
            net_until_connections(&s, 0);
            /* A reset may overtake the bytes before it: only what was seen can be counted. */
            counted += receiver_stats(s.r).bytes > taken;
            assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TLS], counted);
            if (whole)
                break;
        }
    }
    assert_true(counted > 10);
    bystander(&s);
    net_server_finish(&s);
}

static void a_slow_handshake_has_the_time_of_a_head(void **state)
{
    (void)state;
    struct otlp_limits limits = net_patient();
    struct net_server s;
    struct client silent, slow;
    struct buf in;
    buf_init(&in, 10000);
    limits.header_ms = 300;
    net_server_start_secure(&s, &limits, &tls_only);
    client_open(&silent, &s); /* says nothing at all: closed, and nothing to count */
    client_open(&slow, &s);
    SSL_do_handshake(slow.ssl);
    client_sends(&slow, &s, 50);
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, 1);
    net_read_all(&s, slow.fd, &in);
    net_read_all(&s, silent.fd, &in);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], 1);
    client_close(&slow);
    client_close(&silent);
    net_until_connections(&s, 0);
    buf_finish(&in);
    net_server_finish(&s);
}

#define CROWD 40

static void unfinished_handshakes_are_bounded(void **state)
{
    (void)state;
    static struct client crowd[CROWD];
    struct otlp_limits limits = net_patient();
    struct net_server s;
    net_server_start_secure(&s, &limits, &tls_only);
    bystander(&s);
    for (size_t i = 0; i < CROWD; i++) {
        client_open(&crowd[i], &s);
        SSL_do_handshake(crowd[i].ssl);
    }
    memory_watch();
    for (size_t i = 0; i < CROWD; i++) {
        client_sends(&crowd[i], &s, SIZE_MAX);
        /* A record that never ends, as long as records may be. */
        static char rest[17000] = "\x16\x03\x03\x40\x00\x0b";
        net_send(&s, crowd[i].fd, slice_make(rest, 16000));
    }
    bystander(&s);
    net_expect_peak(NET_BASE_BYTES + CROWD * TLS_CONNECTION_BYTES);
    for (size_t i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    net_until_connections(&s, 0);
    net_server_finish(&s);
}

/* Small packets one by one would fill the peer's kernel before its window. */
#define AT_ONCE 600
/* Of at most a millisecond: after so many, what is there is not going to be read. */
#define PATIENT_TURNS 300

/* A port whose connections take little at once. */
static int narrow_port(unsigned *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), size = 4096;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* New keys without end from a peer who reads nothing: the socket fills up, then nothing is read from it. */
static void new_keys_for_a_peer_who_does_not_read(void **state)
{
    (void)state;
    struct otlp_limits limits = net_patient();
    struct net_server s;
    struct client c;
    struct ct_errmsg warning, msg;
    int size = 32 * 1024;
    uint64_t sent = 0;
    net_server_open(&s, &limits);
    assert_int_equal(receiver_secure(s.r, &tls_only, &warning, &msg), CT_OK);
    assert_int_equal(receiver_listen_fd(s.r, narrow_port(&s.port), s.bound, &msg), CT_OK);
    bystander(&s);
    net_until_connections(&s, 0);
    client_open(&c, &s);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    client_shakes(&c, &s);
    uint64_t before = receiver_stats(s.r).bytes;
    memory_watch();
    while (receiver_stats(s.r).bytes - before == sent) {
        for (int k = 0; k < AT_ONCE; k++) {
            assert_int_equal(SSL_key_update(c.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            SSL_do_handshake(c.ssl);
        }
        char *bytes;
        long n = BIO_get_mem_data(c.out, &bytes);
        assert_true(n > 0 && send(c.fd, bytes, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n);
        (void)BIO_reset(c.out);
        sent += (uint64_t)n;
        assert_in_range(sent, 1, 1024 * 1024); /* far more than may be taken without being answered */
        struct pollfd loop = {.fd = uv_backend_fd(&s.loop), .events = POLLIN};
        for (int turn = 0; turn < PATIENT_TURNS && receiver_stats(s.r).bytes - before < sent; turn++) {
            poll(&loop, 1, 1);
            uv_run(&s.loop, UV_RUN_NOWAIT);
        }
    }
    net_expect_peak(NET_BASE_BYTES + 2 * TLS_CONNECTION_BYTES);
    bystander(&s); /* others are served */
    client_close(&c);
    net_until_connections(&s, 0);
    net_server_finish(&s);
}

static void stopping_in_the_middle(void **state)
{
    (void)state;
    struct net_server s;
    struct client half, open;
    net_server_start_secure(&s, NULL, &tls_only);
    client_open(&open, &s);
    client_shakes(&open, &s);
    client_open(&half, &s);
    SSL_do_handshake(half.ssl);
    client_sends(&half, &s, 100);
    net_until_connections(&s, 2);
    net_server_finish(&s);
    client_close(&half);
    client_close(&open);
}

static int setup(void **state)
{
    (void)state;
    tls_folder_make();
    server = tls_cert_make("localhost", NULL, -HOUR, HOUR);
    tls_only.tls_cert = tls_write_pem("server.pem", server.cert, server.key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tls_cert_free(&server);
    tls_folder_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_over_tls),
        cmocka_unit_test(the_end_is_said),
        cmocka_unit_test(plain_text_is_answered_in_plain_text),
        cmocka_unit_test(garbage_is_counted_and_ends),
        cmocka_unit_test(who_goes_in_the_middle_of_a_handshake),
        cmocka_unit_test(a_slow_handshake_has_the_time_of_a_head),
        cmocka_unit_test(unfinished_handshakes_are_bounded),
        cmocka_unit_test(new_keys_for_a_peer_who_does_not_read),
        cmocka_unit_test(stopping_in_the_middle),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
