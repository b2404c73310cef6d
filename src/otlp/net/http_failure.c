/* Why a request brought no answer, in words for people. */
#include "http_client_private.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static void say_timeout(struct http_transfer *t, const char *what, uint32_t ms)
{
    if (ms % 1000)
        snprintf(t->words, sizeof t->words, "%s within %" PRIu32 " ms", what, ms);
    else
        snprintf(t->words, sizeof t->words, "%s within %" PRIu32 " s", what, ms / 1000);
}

static void say_not_connected(struct http_transfer *t)
{
    long os = 0;
    if (t->own[0]) {
        snprintf(t->words, sizeof t->words, "the name leads to claude-top itself, at %s", t->own);
        return;
    }
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
    if (os) {
        snprintf(t->words, sizeof t->words, "%s", strerror((int)os));
        t->words[0] = (char)tolower((unsigned char)t->words[0]);
    } else {
        snprintf(t->words, sizeof t->words, "no connection: %s", t->error);
    }
}

const char *http_failure_text(struct http_transfer *t, CURLcode code)
{
    char *words = t->words;
    size_t cap = sizeof t->words;
    double connected = 0;
    long proxy = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (proxy >= 300) {
        snprintf(words, cap, "the proxy answers HTTP %ld", proxy);
        return words;
    }
    if (t->head_read > HTTP_CLIENT_HEAD_MAX) {
        snprintf(words, cap, "the answer's headers are larger than %zu KiB", HTTP_CLIENT_HEAD_MAX / 1024);
        return words;
    }
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        say_not_connected(t);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        snprintf(words, cap, "host name not found");
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        snprintf(words, cap, "host name of the proxy not found");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME, &connected);
        if (connected > 0)
            say_timeout(t, "no answer", t->timeout_ms);
        else
            say_timeout(t, "no connection", t->connect_timeout_ms ? t->connect_timeout_ms : t->timeout_ms);
        break;
    case CURLE_GOT_NOTHING:
        snprintf(words, cap, "connection closed without an answer");
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
        snprintf(words, cap, "%s", code == CURLE_HTTP2 && t->error[0] ? t->error : "connection lost");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 is off: any bytes without a status line */
    case CURLE_WEIRD_SERVER_REPLY:
        snprintf(words, cap, "the answer is not HTTP/1");
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        snprintf(words, cap, "the upstream's certificate is not trusted: %s", t->error);
        break;
    case CURLE_SSL_CERTPROBLEM:
        snprintf(words, cap, "the client certificate or its key cannot be used: %s", t->error);
        break;
    case CURLE_SSL_CACERT_BADFILE:
        snprintf(words, cap, "the upstream's CA certificates cannot be used: %s", t->error);
        break;
    default:
        snprintf(words, cap, "%s", t->error[0] ? t->error : curl_easy_strerror(code));
    }
    return words;
}

bool http_failure_broke(CURLcode code)
{
    switch (code) {
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
        return true;
    default:
        return false;
    }
}
