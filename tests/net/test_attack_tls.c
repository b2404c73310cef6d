/* TLS conversations that are cut off at every byte, from the handshake to the answer, and handshakes that are
 * none. Slow ones and what a peer may ask for afterwards: test_receiver_tls.c. */
#include "test.h"

#include "net_attack.h"
#include "tls_cert.h"
#include "tls_peer.h"

#include <stdio.h>
#include <unistd.h>

/* A session of OpenSSL's with its buffers; the client of each is in this process, too. */
#define SESSION_BYTES ((size_t)256 * 1024)

static struct tls_cert server;
static struct receiver_security tls_only;

static int make_files(void **state)
{
    (void)state;
    tls_folder_make();
    server = tls_cert_make("localhost", NULL, -3600, 86400);
    static char path[256];
    snprintf(path, sizeof path, "%s", tls_write_pem("server.pem", server.cert, server.key));
    tls_only.tls_cert = path;
    return 0;
}

static int forget_files(void **state)
{
    (void)state;
    tls_cert_free(&server);
    tls_folder_remove();
    return 0;
}

static void start(struct net_server *s)
{
    net_server_start_secure(s, NULL, &tls_only);
    /* OpenSSL's own tables are made once. */
    struct tls_peer p;
    tls_peer_open(&p, s, TLS1_3_VERSION);
    assert_true(tls_peer_handshake(&p, s));
    tls_peer_close(&p);
    net_until_connections(s, 0);
    memory_watch();
}

/* Somebody who means well, by TLS. */
static void bystander(struct net_server *s)
{
    struct tls_peer p;
    tls_peer_open(&p, s, TLS1_3_VERSION);
    assert_true(tls_peer_handshake(&p, s));
    assert_true(tls_peer_ask(&p, s, NET_HEAD "Content-Length: 11\r\n\r\nwell-meant\n", "11 bytes"));
    tls_peer_close(&p);
}

/* How many bytes a client says until its request is answered. */
static size_t conversation(struct net_server *s, int version)
{
    struct tls_peer p;
    tls_peer_open(&p, s, version);
    assert_true(tls_peer_handshake(&p, s));
    assert_true(tls_peer_ask(&p, s, NET_HEAD "\r\n", "0 bytes"));
    size_t sent = p.sent;
    tls_peer_close(&p);
    net_until_connections(s, 0);
    return sent;
}

static void left_at_every_byte(int version)
{
    struct net_server s;
    start(&s);
    size_t whole = conversation(&s, version);
    assert_in_range(whole, 200, 4000);
    for (size_t at = 0; at <= whole; at++) {
        struct tls_peer p;
        tls_peer_open(&p, &s, version);
        p.sent_max = at;
        if (tls_peer_handshake(&p, &s))
            tls_peer_ask(&p, &s, NET_HEAD "\r\n", "0 bytes");
        if (at % 2) {
            net_reset(p.fd);
            p.fd = -1;
        }
        tls_peer_close(&p);
        net_until_connections(&s, 0);
        if (at % 128 == 0)
            bystander(&s);
    }
    net_until_connections(&s, 0);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    for (int why = 0; why < OTLP_REFUSAL_COUNT; why++)
        if (why != OTLP_REFUSED_TLS && receiver_stats(s.r).refused[why])
            fail_msg("%s", otlp_refusal_name((enum otlp_refusal)why));
    net_expect_peak(NET_BASE_BYTES + 4 * SESSION_BYTES);
    net_server_finish(&s);
}

static void left_at_every_byte_of_tls_1_3(void **state)
{
    (void)state;
    left_at_every_byte(TLS1_3_VERSION);
}

static void left_at_every_byte_of_tls_1_2(void **state)
{
    (void)state;
    left_at_every_byte(TLS1_2_VERSION);
}

/* Records that are none, huge, empty, or a message that never ends. */
static void what_is_no_handshake(void **state)
{
    (void)state;
    static char zeros[16384];
    static const struct slice openings[] = {
        {"\x16\x03\x01\xff\xff", 5},                 /* a record larger than records are */
        {"\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9}, /* a ClientHello of 16 MiB */
        {"\x16\x03\x01\x00\x00", 5},                 /* a record of nothing */
        {"\x16\x02\x00\x00\x05hello", 10},
        {"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10}, /* the server's message */
        {"\x16GET / HTTP/1.1\r\n\r\n", 19},
    };
    struct net_server s;
    start(&s);
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        int fd = net_connect(&s);
        net_send(&s, fd, openings[i]);
        for (int n = 0; n < 64 && receiver_stats(s.r).refused[OTLP_REFUSED_TLS] == i; n++)
            net_send(&s, fd, slice_make(zeros, sizeof zeros));
        net_until_refused(&s, OTLP_REFUSED_TLS, i + 1);
        close(fd);
        net_until_connections(&s, 0);
        bystander(&s);
    }
    assert_int_equal(s.requests, sizeof openings / sizeof *openings);
    net_expect_peak(NET_BASE_BYTES + 4 * SESSION_BYTES);
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(left_at_every_byte_of_tls_1_3),
        cmocka_unit_test(left_at_every_byte_of_tls_1_2),
        cmocka_unit_test(what_is_no_handshake),
    };
    return cmocka_run_group_tests(tests, make_files, forget_files);
}
