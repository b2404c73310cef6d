#include "test.h"

#include "tls_peer.h"

#include "clock.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void tls_peer_open(struct tls_peer *p, struct net_server *s, int version)
{
    *p = (struct tls_peer){.sent_max = SIZE_MAX};
    p->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(p->context);
    SSL_CTX_set_min_proto_version(p->context, version);
    SSL_CTX_set_max_proto_version(p->context, version);
    p->ssl = SSL_new(p->context);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    assert_true(p->ssl && p->in && p->out);
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_connect_state(p->ssl);
    p->fd = net_connect(s);
}

void tls_peer_close(struct tls_peer *p)
{
    SSL_free(p->ssl);
    SSL_CTX_free(p->context);
    if (p->fd >= 0)
        close(p->fd);
}

bool tls_peer_move(struct tls_peer *p, struct net_server *s)
{
    char block[16384];
    for (int n; p->sent < p->sent_max && (n = BIO_read(p->out, block, sizeof block)) > 0;) {
        size_t len = (size_t)n < p->sent_max - p->sent ? (size_t)n : p->sent_max - p->sent;
        if (!net_send(s, p->fd, slice_make(block, len)))
            return false;
        p->sent += len;
    }
    if (p->sent >= p->sent_max)
        return false;
    uv_run(&s->loop, UV_RUN_NOWAIT);
    ssize_t n = recv(p->fd, block, sizeof block, MSG_DONTWAIT);
    if (n > 0)
        BIO_write(p->in, block, (int)n);
    p->gone = n == 0;
    return n != 0;
}

/* One turn; false when it is over or took too long. */
static bool go_on(struct tls_peer *p, struct net_server *s, int64_t since)
{
    if (clock_mono() - since > NET_DEADLINE_MS * NS_PER_MS)
        fail_msg("nothing happened for %d ms", NET_DEADLINE_MS);
    return tls_peer_move(p, s);
}

bool tls_peer_handshake(struct tls_peer *p, struct net_server *s)
{
    int64_t since = clock_mono();
    for (;;) {
        int result = SSL_do_handshake(p->ssl);
        if (!go_on(p, s, since))
            return false;
        if (result == 1)
            return true;
        if (SSL_get_error(p->ssl, result) == SSL_ERROR_SSL)
            return false;
    }
}

bool tls_peer_ask(struct tls_peer *p, struct net_server *s, const char *text, const char *wanted)
{
    char answer[4096] = "";
    size_t len = 0;
    int64_t since = clock_mono();
    if (SSL_write(p->ssl, text, (int)strlen(text)) <= 0)
        return false;
    for (;;) {
        bool more = go_on(p, s, since);
        for (int n; len + 1 < sizeof answer &&
                    (n = SSL_read(p->ssl, answer + len, (int)(sizeof answer - 1 - len))) > 0;) {
            len += (size_t)n;
            answer[len] = '\0';
        }
        if (!wanted || strstr(answer, wanted))
            return true;
        if (!more)
            return false;
    }
}
