/* Who may send: hosts, the token, addresses beyond the loopback, users on the Unix socket. */
#define _GNU_SOURCE /* setgroups */
#include "test.h"

#include "net_server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef-0123456789abcdef"
#define OTHER "fedcba9876543210-fedcba9876543210"

/* One request of these lines on a connection of its own; what was answered is in in. */
static void ask(struct net_server *s, const char *lines, struct buf *in)
{
    char text[2048];
    int fd = net_connect(s);
    snprintf(text, sizeof text, "%sConnection: close\r\nContent-Length: 2\r\n\r\n{}", lines);
    assert_true(net_send_str(s, fd, text));
    buf_clear(in);
    net_read_all(s, fd, in);
    close(fd);
    net_until_connections(s, 0);
}

static void expect_status(struct net_server *s, const char *lines, int status)
{
    struct buf in;
    char line[32];
    buf_init(&in, 100000);
    ask(s, lines, &in);
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (!slice_starts(buf_slice(&in), slice_str(line)))
        fail_msg("%s: %.*s", lines, SLICE_ARG(buf_slice(&in)));
    buf_finish(&in);
}

#define POST "POST /v1/logs HTTP/1.1\r\n"

static void hosts_that_are_not_ours(void **state)
{
    (void)state;
    static const char *const good[] = {
        POST "Host: localhost:4318\r\n", POST "host: 127.0.0.1\r\n",
        POST "Host: app.localhost\r\n",  POST "Host: [::1]:4318\r\n",
        "POST /v1/logs HTTP/1.0\r\n",    "POST http://localhost/v1/logs HTTP/1.1\r\nHost: localhost\r\n"};
    static const char *const bad[] = {POST "Host: evil.example\r\n",
                                      POST "Host: evil.example:4318\r\n",
                                      POST "Host:\r\n",
                                      POST "Host: \r\n",
                                      POST "Host: localhost.evil.example\r\n",
                                      POST "Host: 192.0.2.1\r\n",
                                      POST "Host: localhost@evil.example\r\n",
                                      "POST /hooks HTTP/1.1\r\nHost: evil.example\r\n",
                                      "GET / HTTP/1.1\r\nHost: evil.example\r\n",
                                      "POST /v1/logs HTTP/1.0\r\nHost: evil.example\r\n",
                                      "POST http://evil.example/v1/logs HTTP/1.1\r\nHost: localhost\r\n",
                                      "POST http:///v1/logs HTTP/1.1\r\nHost: localhost\r\n",
                                      "POST http://localhost@evil.example/ HTTP/1.1\r\nHost: localhost\r\n",
                                      "POST http://localhost/v1/logs HTTP/1.1\r\nHost: evil.example\r\n"};
    struct net_server s;
    struct buf in;
    buf_init(&in, 100000);
    net_server_start(&s, NULL);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_status(&s, good[i], 200);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_HOST], 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_status(&s, bad[i], 403);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_HOST], sizeof bad / sizeof *bad);
    assert_int_equal(s.requests, sizeof good / sizeof *good);
    /* Two are none that anybody could check. */
    expect_status(&s, POST "Host: localhost\r\nHost: evil.example\r\n", 400);
    expect_status(&s, POST "Host: evil.example\r\n Host: localhost\r\n", 400);
    /* In the request's own encoding, with the name and the setting. */
    ask(&s, POST "Host: Evil.example:80\r\nContent-Type: application/json\r\n", &in);
    assert_true(
        net_has(&in, "{\"code\":7,\"message\":\"\\\"Evil.example:80\\\" is no name of this receiver"));
    assert_true(net_has(&in, "allowed_hosts"));
    ask(&s, POST "Host: evil.example\r\nContent-Type: application/x-protobuf\r\n", &in);
    assert_true(net_has(&in, "\r\n\r\n\x08\x07\x12"));
    buf_finish(&in);
    net_server_finish(&s);
}

/* The answer comes before the body: nobody fills the budget by a name that is not ours. */
static void a_foreign_host_is_refused_before_its_body(void **state)
{
    (void)state;
    struct net_server s;
    struct buf in;
    buf_init(&in, 100000);
    net_server_start(&s, NULL);
    int fd = net_connect(&s);
    assert_true(net_send_str(
        &s, fd, POST "Host: evil.example\r\nExpect: 100-continue\r\nContent-Length: 60000000\r\n\r\n"));
    net_read_all(&s, fd, &in);
    assert_true(net_has(&in, "HTTP/1.1 403 "));
    assert_false(net_has(&in, "100 Continue"));
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void hosts_from_the_settings(void **state)
{
    (void)state;
    static const char *const hosts[] = {"top.example.org", "192.0.2.1", NULL}, *const all[] = {"*", NULL};
    struct net_server s;
    net_server_start_secure(&s, NULL, &(struct receiver_security){.allowed_hosts = hosts});
    expect_status(&s, POST "Host: TOP.example.org:4318\r\n", 200);
    expect_status(&s, POST "Host: 192.0.2.1\r\n", 200);
    expect_status(&s, POST "Host: localhost\r\n", 200);
    expect_status(&s, POST "Host: evil.example\r\n", 403);
    net_server_finish(&s);
    net_server_start_secure(&s, NULL, &(struct receiver_security){.allowed_hosts = all});
    expect_status(&s, POST "Host: evil.example\r\n", 200);
    expect_status(&s, POST "Host:\r\n", 200);
    expect_status(&s, POST "Host: evil.example\r\nOrigin: http://evil.example\r\n", 403); /* still a page */
    net_server_finish(&s);
}

/* What the handler saw of Authorization. */
static void note_authorization(struct net_server *s, const struct receiver_view *view)
{
    char *seen = s->ctx;
    seen[0] = '\0';
    for (size_t i = 0; i < view->header_count; i++)
        if (slice_eq_nocase(view->headers[i].name, SLICE_LIT("authorization")))
            snprintf(seen + strlen(seen), 200 - strlen(seen), "[%.*s]", SLICE_ARG(view->headers[i].value));
}

#define LOCAL POST "Host: localhost\r\n"

static void the_token_is_asked_for_and_used_up(void **state)
{
    (void)state;
    static const char *const bad[] = {
        LOCAL,
        LOCAL "Authorization: Bearer " OTHER "\r\n",
        LOCAL "Authorization: " TOKEN "\r\n",
        LOCAL "Authorization: Basic " TOKEN "\r\n",
        LOCAL "X-Authorization: Bearer " TOKEN "\r\n",
        LOCAL "Proxy-Authorization: Bearer " TOKEN "\r\n",
        LOCAL "Authorization: Bearer " TOKEN "x\r\n",
        LOCAL "Authorization: Bearer " TOKEN "\r\nAuthorization: Bearer " TOKEN "\r\n",
        LOCAL "Authorization: Bearer " TOKEN "\r\nAuthorization: Basic eA==\r\n",
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n",
        "GET / HTTP/1.0\r\n"};
    struct net_server s;
    struct buf in;
    char seen[200] = "";
    buf_init(&in, 100000);
    net_server_start_secure(&s, NULL, &(struct receiver_security){.token = TOKEN});
    s.inspect = note_authorization;
    s.ctx = seen;
    expect_status(&s, LOCAL "Authorization: Bearer " TOKEN "\r\n", 200);
    assert_string_equal(seen, "");
    expect_status(&s, LOCAL "authorization: bEARER   " TOKEN "  \r\n", 200);
    assert_string_equal(seen, "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_status(&s, bad[i], 401);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_UNAUTHORIZED], sizeof bad / sizeof *bad);
    assert_int_equal(s.requests, 2);
    ask(&s, LOCAL "Content-Type: application/json\r\n", &in);
    assert_true(net_has(&in, "HTTP/1.1 401 Unauthorized\r\n"));
    assert_true(net_has(&in, "\r\nWWW-Authenticate: Bearer\r\n"));
    assert_true(net_has(&in, "{\"code\":16,"));
    assert_false(net_has(&in, TOKEN));
    /* A page or a foreign name learns nothing of tokens. */
    expect_status(&s, POST "Host: evil.example\r\n", 403);
    expect_status(&s, LOCAL "Origin: null\r\nAuthorization: Bearer " TOKEN "\r\n", 403);
    buf_finish(&in);
    net_server_finish(&s);
}

static void without_a_token_the_header_is_the_upstreams(void **state)
{
    (void)state;
    struct net_server s;
    char seen[200] = "";
    net_server_start(&s, NULL);
    s.inspect = note_authorization;
    s.ctx = seen;
    expect_status(&s, LOCAL "Authorization: Bearer " TOKEN "\r\n", 200);
    assert_string_equal(seen, "[Bearer " TOKEN "]");
    net_server_finish(&s);
    /* The loopback left open: ours is used up there, too, and others' are passed on. */
    net_server_start_secure(&s, NULL,
                            &(struct receiver_security){.token = TOKEN, .loopback_without_token = true});
    s.inspect = note_authorization;
    s.ctx = seen;
    expect_status(&s, LOCAL, 200);
    expect_status(&s, LOCAL "Authorization: Bearer " OTHER "\r\n", 200);
    assert_string_equal(seen, "[Bearer " OTHER "]");
    expect_status(&s, LOCAL "Authorization: Bearer " TOKEN "\r\n", 200);
    assert_string_equal(seen, "");
    net_server_finish(&s);
}

static void expect_listen(const char *address, const struct receiver_security *security, bool good)
{
    struct net_server s;
    struct ct_errmsg warning, msg = {""};
    net_server_open(&s, NULL);
    assert_int_equal(receiver_secure(s.r, security, &warning, &msg), CT_OK);
    enum ct_err err = receiver_listen(s.r, address, s.bound, &msg);
    if (good ? err != CT_OK && err != CT_ERR_IO /* a system without IPv6 */ : err != CT_ERR_USAGE)
        fail_msg("%s: %s %s", address, ct_err_name(err), msg.text);
    if (!good) {
        assert_non_null(strstr(msg.text, address));
        assert_non_null(strstr(msg.text, "--token-file"));
        assert_non_null(strstr(msg.text, "--allow-unauthenticated"));
        assert_true(strlen(msg.text) < sizeof msg.text - 1);
    }
    net_server_finish(&s);
}

static void beyond_the_loopback_only_when_asked_for(void **state)
{
    (void)state;
    static const char *const wide[] = {"0.0.0.0:0", "[::]:0"};
    static const char *const loopback[] = {"127.0.0.1:0", "127.9.9.9:0", "[::1]:0", "localhost:0",
                                           "[::ffff:127.0.0.1]:0"};
    const struct receiver_security nothing = {.token = ""}, token = {.token = TOKEN},
                                   asked = {.allow_unauthenticated = true};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
        expect_listen(loopback[i], &nothing, true);
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        expect_listen(wide[i], &nothing, false);
        expect_listen(wide[i], &token, true);
        expect_listen(wide[i], &asked, true);
    }
    expect_listen("192.0.2.1:0", &nothing, false); /* before it is found that it is not ours */
}

/* A socket that was handed over is judged by the same rule. */
static void inherited_sockets_too(void **state)
{
    (void)state;
    for (int with_token = 0; with_token < 2; with_token++) {
        struct net_server s;
        struct ct_errmsg warning, msg = {""};
        const struct receiver_security security = {.token = with_token ? TOKEN : NULL};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in any = {.sin_family = AF_INET};
        assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(listen(fd, 1), 0);
        net_server_open(&s, NULL);
        assert_int_equal(receiver_secure(s.r, &security, &warning, &msg), CT_OK);
        enum ct_err err = receiver_listen_fd(s.r, fd, s.bound, &msg);
        assert_int_equal(err, with_token ? CT_OK : CT_ERR_USAGE);
        if (!with_token) {
            assert_non_null(strstr(msg.text, "0.0.0.0:"));
            close(fd); /* still the caller's */
        }
        net_server_finish(&s);
    }
}

static void settings_that_contradict_themselves(void **state)
{
    (void)state;
    static const char *const wrong[] = {"http://x", NULL};
    const struct receiver_security cases[] = {{.tls_key = "/k"},
                                              {.tls_client_ca = "/c"},
                                              {.token = "short"},
                                              {.allowed_hosts = wrong},
                                              {.token = TOKEN, .tls_cert = "/does/not/exist"}};
    struct net_server s;
    struct ct_errmsg warning, msg;
    net_server_open(&s, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        msg.text[0] = '\0';
        assert_int_not_equal(receiver_secure(s.r, &cases[i], &warning, &msg), CT_OK);
        assert_true(msg.text[0] != '\0');
        assert_null(strstr(msg.text, TOKEN));
    }
    net_server_finish(&s);
}

static char folder[64], socket_path[80];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ct-safety-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/sock", folder);
}

/* Neither host nor token on the Unix socket: its guards are others. Pages are refused all the same. */
static void the_unix_socket_asks_for_nothing(void **state)
{
    (void)state;
    struct net_server s;
    struct buf in;
    buf_init(&in, 100000);
    make_folder();
    net_server_start_secure(&s, NULL, &(struct receiver_security){.token = TOKEN});
    mode_t before = umask(0);
    assert_int_equal(receiver_listen_unix(s.r, socket_path, NULL), CT_OK);
    umask(before);
    struct stat st;
    assert_int_equal(lstat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600); /* whatever the umask */
    int fd = net_connect_unix(socket_path);
    assert_true(
        net_send_str(&s, fd, "GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"));
    net_read_all(&s, fd, &in);
    assert_true(net_has(&in, "HTTP/1.1 200 "));
    close(fd);
    fd = net_connect_unix(socket_path);
    buf_clear(&in);
    assert_true(net_send_str(&s, fd, "GET /status HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n"));
    net_read_all(&s, fd, &in);
    assert_true(net_has(&in, "HTTP/1.1 403 "));
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
    rmdir(folder);
}

static bool child_ended(void *ctx)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t) * (pid_t *)ctx, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* With the file's mode widened by somebody, the system's word about the other end still counts. Needs root,
 * who alone can be two users. */
static void other_users_on_the_unix_socket_are_turned_away(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct net_server s;
    make_folder();
    net_server_open(&s, NULL);
    assert_int_equal(receiver_listen_unix(s.r, socket_path, NULL), CT_OK);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(socket_path, 0777), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
            _exit(2);
        int fd = net_connect_unix(socket_path);
        fcntl(fd, F_SETFL, 0);
        ssize_t sent = send(fd, "GET /status HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL);
        ssize_t n = recv(fd, &byte, 1, 0);
        _exit(n == 0 || (n < 0 && (errno == ECONNRESET || sent < 0)) ? 0 : 1);
    }
    net_until(&s, child_ended, &child);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_PEER], 1);
    assert_int_equal(receiver_stats(s.r).connections_total, 0);
    net_server_finish(&s);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_that_are_not_ours),
        cmocka_unit_test(a_foreign_host_is_refused_before_its_body),
        cmocka_unit_test(hosts_from_the_settings),
        cmocka_unit_test(the_token_is_asked_for_and_used_up),
        cmocka_unit_test(without_a_token_the_header_is_the_upstreams),
        cmocka_unit_test(beyond_the_loopback_only_when_asked_for),
        cmocka_unit_test(inherited_sockets_too),
        cmocka_unit_test(settings_that_contradict_themselves),
        cmocka_unit_test(the_unix_socket_asks_for_nothing),
        cmocka_unit_test(other_users_on_the_unix_socket_are_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
