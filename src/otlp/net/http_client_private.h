/*
 * http_client_private.h - what http_client.c (the loop's side) and http_transfer.c (one request) share.
 */
#ifndef CT_OTLP_NET_HTTP_CLIENT_PRIVATE_H
#define CT_OTLP_NET_HTTP_CLIENT_PRIVATE_H

#include "http_client.h"

#include "buf.h"

#include <curl/curl.h>

struct http_client {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    size_t handles; /* libuv handles that are not closed yet */
    bool closing;
    void (*done)(void *ctx);
    void *done_ctx;

    bool http2;
    bool direct;
    uint32_t connection_age_ms;
    bool (*is_own)(void *ctx, const struct sockaddr *address);
    void *is_own_ctx;
    char *ca_file; /* owned; NULL: none */
    char *cert_file;
    char *key_file;
};

struct http_transfer {
    struct http_client *client;
    CURL *easy;
    struct curl_slist *headers;
    struct buf line; /* one header line while headers are built */
    struct slice head, sending;
    size_t sent;         /* of head and sending together */
    bool warm;           /* HTTP/2: the last request ended well, its connection is there to be used again */
    bool last;           /* and is closed after it */
    unsigned used;       /* HTTP/2: requests since the last such one */
    bool only_kept;      /* no new connection may be made, */
    bool refused_socket; /* and none was there; nothing was sent */
    char own[64];        /* an address that was not connected to, because it is ours; "": none */
    struct buf body;     /* of the answer */
    size_t head_read;    /* bytes of the answer's headers so far */
    struct buf kept;     /* values of the answer's headers, one behind the other */
    struct {
        size_t at;
        size_t len;
        bool has;
    } values[HTTP_ANSWER_HEADER_COUNT];
    char error[CURL_ERROR_SIZE];
    char words[HTTP_CLIENT_TEXT_MAX];
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    http_result_fn fn; /* NULL: free */
    void *ctx;
};

/* libcurl is done with the transfer: hands out the result. */
void http_transfer_finish(struct http_transfer *t, CURLcode code);

/* What happened to a request that brought no HTTP status; lives as long as the transfer's next request does
 * not. */
const char *http_failure_text(struct http_transfer *t, CURLcode code);

/* True when the peer ended what had begun. */
bool http_failure_broke(CURLcode code);

#endif
