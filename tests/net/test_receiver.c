/* Sockets, addresses and the handler's view. */
#include "test.h"

#include "net_server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define POST "POST /v1/logs?tenant=a HTTP/1.1\r\nHost: localhost:4318\r\n"

static void the_handler_sees_the_request_and_its_end_to_end_headers(struct net_server *s,
                                                                    const struct receiver_view *v)
{
    assert_int_equal(v->transport, RECEIVER_HTTP1);
    assert_int_equal(v->local, s->ctx != NULL);
    assert_slice_equal(v->method, "POST");
    assert_slice_equal(v->path, "/v1/logs");
    assert_slice_equal(v->query, "tenant=a");
    assert_slice_equal(v->host, "localhost:4318");
    assert_slice_equal(v->body, "hello");
    assert_int_equal(v->header_count, 3); /* rule 18 */
    assert_slice_equal(v->headers[0].name, "User-Agent");
    assert_slice_equal(v->headers[1].name, "authorization");
    assert_slice_equal(v->headers[2].value, "application/json");
    assert_slice_equal(receiver_header_get(v, "content-type"), "application/json");
    assert_null(receiver_header_get(v, "X-Hop").ptr);
}

static void talk(struct net_server *s, int fd)
{
    struct buf in;
    buf_init(&in, 100000);
    s->inspect = the_handler_sees_the_request_and_its_end_to_end_headers;
    for (int i = 0; i < 2; i++) { /* the second over the same connection (rule 9) */
        buf_clear(&in);
        assert_true(net_send_str(s, fd,
                                 POST "User-Agent: OTel\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
                                      "authorization: Bearer t\r\nTE: trailers\r\nContent-Length: 5\r\n"
                                      "Content-Type: application/json\r\n\r\nhello"));
        net_read_until(s, fd, &in, "5 bytes");
        assert_true(net_has(&in, "HTTP/1.1 200 OK\r\n"));
        assert_true(net_has(&in, "\r\nDate: "));
        assert_true(net_has(&in, " GMT\r\n"));
        assert_true(net_has(&in, "\r\nContent-Type: text/plain\r\n"));
    }
    buf_finish(&in);
    close(fd);
    net_until_connections(s, 0);
}

static void listens_on_ipv4_and_counts(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    talk(&s, net_connect(&s));
    struct receiver_stats stats = receiver_stats(s.r);
    assert_int_equal(stats.connections_total, 1);
    assert_int_equal(stats.requests, 2);
    assert_int_equal(stats.bytes,
                     2 * (sizeof(POST "User-Agent: OTel\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
                                      "authorization: Bearer t\r\nTE: trailers\r\nContent-Length: 5\r\n"
                                      "Content-Type: application/json\r\n\r\nhello") -
                          1));
    assert_int_equal(stats.body_bytes_held, 0);
    net_server_finish(&s);
}

static void listens_on_ipv6(void **state)
{
    (void)state;
    struct net_server s;
    net_server_open(&s, NULL);
    struct ct_errmsg msg = {""};
    enum ct_err err = receiver_listen(s.r, "[::1]:0", s.bound, &msg);
    if (err == CT_ERR_IO) { /* a system without IPv6 says so */
        assert_true(strstr(msg.text, "cannot listen on [::1]:0") != NULL);
        net_server_finish(&s);
        return;
    }
    assert_int_equal(err, CT_OK);
    assert_true(strncmp(s.bound, "[::1]:", 6) == 0);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    to.sin6_port = htons((uint16_t)strtoul(s.bound + 6, NULL, 10));
    to.sin6_addr = in6addr_loopback;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    talk(&s, fd);
    net_server_finish(&s);
}

static void localhost_is_the_ipv4_loopback(void **state)
{
    (void)state;
    struct net_server s;
    net_server_open(&s, NULL);
    assert_int_equal(receiver_listen(s.r, "LocalHost:0", s.bound, NULL), CT_OK);
    assert_true(strncmp(s.bound, "127.0.0.1:", 10) == 0);
    assert_true(strcmp(s.bound, "127.0.0.1:0") != 0);
    net_server_finish(&s);
}

static void addresses_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",          "4318",         ":4318",           "127.0.0.1",    "127.0.0.1:",
        "::1:4318",  "[::1]",        "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:0x1",
        "host:4318", "127.0.0.1 :1", "[127.0.0.1]:1",   "[]:1"};
    struct net_server s;
    net_server_open(&s, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct ct_errmsg msg = {""};
        if (receiver_listen(s.r, wrong[i], s.bound, &msg) != CT_ERR_USAGE)
            fail_msg("\"%s\" was taken for an address", wrong[i]);
        assert_true(strstr(msg.text, "write 127.0.0.1:4318") != NULL);
    }
    net_server_finish(&s);
}

static void a_busy_port_names_its_holder_and_the_way_out(void **state)
{
    (void)state;
    struct net_server a, b;
    net_server_start(&a, NULL);
    net_server_open(&b, NULL);
    struct ct_errmsg msg = {""};
    assert_int_equal(receiver_listen(b.r, a.bound, b.bound, &msg), CT_ERR_BUSY);
    char holder[64];
    snprintf(holder, sizeof(holder), "(pid %ld)", (long)getpid());
    assert_true(strstr(msg.text, a.bound) == msg.text);
    assert_true(strstr(msg.text, "choose another with --http ADDR:PORT") != NULL);
    if (access("/proc/net/tcp", R_OK) == 0 && !strstr(msg.text, holder))
        fail_msg("%s", msg.text);
    assert_null(strchr(msg.text, '\n'));
    net_server_finish(&b);
    net_server_finish(&a);
    /* The port is free again at once. */
    net_server_open(&b, NULL);
    assert_int_equal(receiver_listen(b.r, a.bound, b.bound, &msg), CT_OK);
    assert_string_equal(a.bound, b.bound);
    net_server_finish(&b);
}

struct folder {
    char path[64];
    char socket[96];
};

static void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof(f->path), "%s", "/tmp/ct-receiver-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->socket, sizeof(f->socket), "%s/sock", f->path);
}

static void a_unix_socket_is_private_and_local(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    struct net_server s;
    net_server_open(&s, NULL);
    s.ctx = &s; /* local is expected */
    assert_int_equal(receiver_listen_unix(s.r, f.socket, NULL), CT_OK);
    struct stat st;
    assert_int_equal(lstat(f.socket, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    talk(&s, net_connect_unix(f.socket));
    net_server_finish(&s);
    assert_int_not_equal(lstat(f.socket, &st), 0); /* gone with its listener */
    assert_int_equal(rmdir(f.path), 0);
}

static void a_stale_socket_is_replaced_a_live_one_is_not(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    snprintf(where.sun_path, sizeof(where.sun_path), "%s", f.socket);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&where, sizeof(where)), 0);
    close(dead); /* leaves its file behind, as a crash does */

    struct net_server a, b;
    net_server_open(&a, NULL);
    net_server_open(&b, NULL);
    struct ct_errmsg msg = {""};
    assert_int_equal(receiver_listen_unix(a.r, f.socket, &msg), CT_OK);
    assert_int_equal(receiver_listen_unix(b.r, f.socket, &msg), CT_ERR_BUSY);
    assert_true(strstr(msg.text, f.socket) != NULL);
    assert_true(strstr(msg.text, "--socket") != NULL);
    a.ctx = &a;
    talk(&a, net_connect_unix(f.socket));

    /* Somebody else's file in its place stays when we go. */
    assert_int_equal(unlink(f.socket), 0);
    assert_int_equal(receiver_listen_unix(b.r, f.socket, &msg), CT_OK);
    net_server_finish(&a);
    assert_int_equal(access(f.socket, F_OK), 0);
    net_server_finish(&b);
    assert_int_equal(rmdir(f.path), 0);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    struct folder f;
    folder_make(&f);
    FILE *file = fopen(f.socket, "w");
    assert_non_null(file);
    fclose(file);
    struct net_server s;
    net_server_open(&s, NULL);
    struct ct_errmsg msg = {""};
    assert_int_equal(receiver_listen_unix(s.r, f.socket, &msg), CT_ERR_BUSY);
    assert_true(strstr(msg.text, "not a socket") != NULL);
    char path[300];
    snprintf(path, sizeof(path), "%s/%0150d", f.path, 0);
    assert_int_equal(receiver_listen_unix(s.r, path, &msg), CT_ERR_USAGE);
    assert_int_equal(receiver_listen_unix(s.r, "", &msg), CT_ERR_USAGE);
    snprintf(path, sizeof(path), "%s/none/sock", f.path);
    assert_int_equal(receiver_listen_unix(s.r, path, &msg), CT_ERR_IO);
    net_server_finish(&s);
    assert_int_equal(unlink(f.socket), 0);
    assert_int_equal(rmdir(f.path), 0);
}

static void a_socket_can_be_passed_in(void **state)
{
    (void)state;
    struct net_server s;
    net_server_open(&s, NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct ct_errmsg msg = {""};
    assert_int_equal(receiver_listen_fd(s.r, fd, s.bound, &msg), CT_ERR_USAGE); /* does not listen */
    struct sockaddr_in where = {.sin_family = AF_INET};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(receiver_listen_fd(s.r, fd, s.bound, &msg), CT_OK);
    assert_true(strncmp(s.bound, "127.0.0.1:", 10) == 0);
    s.port = (unsigned)strtoul(s.bound + 10, NULL, 10);
    talk(&s, net_connect(&s));
    assert_int_equal(receiver_listen_fd(s.r, -1, s.bound, &msg), CT_ERR_USAGE);
    net_server_finish(&s);

    struct folder f;
    folder_make(&f);
    net_server_open(&s, NULL);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    snprintf(path.sun_path, sizeof(path.sun_path), "%s", f.socket);
    assert_int_equal(bind(fd, (struct sockaddr *)&path, sizeof(path)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(receiver_listen_fd(s.r, fd, s.bound, &msg), CT_OK);
    s.ctx = &s;
    talk(&s, net_connect_unix(f.socket));
    net_server_finish(&s);
    assert_int_equal(unlink(f.socket), 0); /* whoever made it removes it */
    assert_int_equal(rmdir(f.path), 0);
}

static void a_web_page_is_refused_and_counted(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    static const char *const headers[] = {"Origin: http://evil.example\r\n",
                                          "Sec-Fetch-Site: cross-site\r\n"};
    struct buf in;
    buf_init(&in, 100000);
    for (uint64_t i = 0; i < 2; i++) {
        int fd = net_connect(&s);
        char text[300];
        snprintf(text, sizeof(text),
                 POST "%sContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello", headers[i]);
        assert_true(net_send_str(&s, fd, text));
        buf_clear(&in);
        assert_true(net_read_all(&s, fd, &in));
        assert_true(net_has(&in, "HTTP/1.1 403 Forbidden\r\n"));
        assert_true(net_has(&in, "{\"code\":7,\"message\":\"requests from web pages are refused\"}"));
        assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_ORIGIN], i + 1);
        close(fd);
    }
    assert_int_equal(s.requests, 0);
    buf_finish(&in);
    net_server_finish(&s);
}

static void rule_8_refusals_by_the_handler_use_the_encoding_of_the_request(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum otlp_refusal why;
        const char *said[3];
    } cases[] = {
        {"application/json",
         OTLP_REFUSED_PATH,
         {"404 Not Found", "{\"code\":5,\"message\":\"words\"}", "\r\n\r\n{"}},
        {"application/x-protobuf", OTLP_REFUSED_PATH, {"404", "\r\n\r\n\x08\x05\x12\x05words", "x-protobuf"}},
        {"application/json",
         OTLP_REFUSED_METHOD,
         {"405 Method Not Allowed", "\r\nAllow: POST\r\n", "\"code\":12"}},
        {"text/plain",
         OTLP_REFUSED_CONTENT_TYPE,
         {"415 Unsupported Media Type", "application/json", "\"code\":3"}},
        {"application/json",
         OTLP_REFUSED_JOURNAL,
         {"503 Service Unavailable", "\r\nRetry-After: 1\r\n", ":14"}},
        {"application/json", OTLP_REFUSED_DECODE, {"400 Bad Request", "\"code\":3", "words"}},
    };
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[300];
        snprintf(text, sizeof(text), POST "Content-Type: %s\r\nContent-Length: 2\r\n\r\n{}", cases[i].type);
        assert_true(net_send_str(&s, fd, text));
        net_until_requests(&s, i + 1);
        uint64_t before = receiver_stats(s.r).refused[cases[i].why];
        s.held_count = 0;
        receiver_refuse(s.held[0], cases[i].why, "words");
        assert_int_equal(receiver_stats(s.r).refused[cases[i].why], before + 1);
        buf_clear(&in);
        net_read_until(&s, fd, &in, "words");
        for (size_t k = 0; k < 3; k++)
            if (!net_has(&in, cases[i].said[k]))
                fail_msg("no \"%s\" in %.*s", cases[i].said[k], SLICE_ARG(buf_slice(&in)));
    }
    buf_finish(&in);
    close(fd);
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_on_ipv4_and_counts),
        cmocka_unit_test(listens_on_ipv6),
        cmocka_unit_test(localhost_is_the_ipv4_loopback),
        cmocka_unit_test(addresses_that_are_none),
        cmocka_unit_test(a_busy_port_names_its_holder_and_the_way_out),
        cmocka_unit_test(a_unix_socket_is_private_and_local),
        cmocka_unit_test(a_stale_socket_is_replaced_a_live_one_is_not),
        cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(a_socket_can_be_passed_in),
        cmocka_unit_test(a_web_page_is_refused_and_counted),
        cmocka_unit_test(rule_8_refusals_by_the_handler_use_the_encoding_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
