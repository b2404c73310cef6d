/*
 * tls_peer.h - a TLS client that can go away after any byte of what it says. Include "test.h" first.
 */
#ifndef CT_TESTS_NET_TLS_PEER_H
#define CT_TESTS_NET_TLS_PEER_H

#include "net_server.h"

#include <openssl/ssl.h>

struct tls_peer {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    int fd;
    size_t sent;     /* bytes of ciphertext */
    size_t sent_max; /* it goes away after so many; SIZE_MAX: never */
    bool gone;       /* the server has closed */
};

/* version: TLS1_2_VERSION or TLS1_3_VERSION. Connects. */
void tls_peer_open(struct tls_peer *p, struct net_server *s, int version);
void tls_peer_close(struct tls_peer *p); /* closes the socket too */

/* Moves ciphertext both ways. False when sent_max is reached or the server has closed. */
bool tls_peer_move(struct tls_peer *p, struct net_server *s);

/* Until the handshake is done; false when it comes to nothing. */
bool tls_peer_handshake(struct tls_peer *p, struct net_server *s);

/* Sends text inside, and reads until wanted is in it (NULL: sends only). */
bool tls_peer_ask(struct tls_peer *p, struct net_server *s, const char *text, const char *wanted);

#endif
