/*
 * upstream_target.h - the upstream's base URL: its parts, and whether it is ourselves.
 */
#ifndef CT_OTLP_NET_UPSTREAM_TARGET_H
#define CT_OTLP_NET_UPSTREAM_TARGET_H

#include "errors.h"
#include "slice.h"

#include <curl/curl.h>
#include <uv.h>

/* Addresses of ours: listeners of both transports, and sockets that we were started with. */
#define UPSTREAM_OWN_MAX 32

struct upstream_target {
    CURLU *url;
    char *base_path; /* without a slash at its end; owned */
    struct sockaddr_storage own[UPSTREAM_OWN_MAX];
    size_t own_count;
    bool loopback; /* localhost, 127.0.0.0/8, ::1, or an unspecified address, which leads there */
};

/*
 * own_addresses: "HOST:PORT" or "[V6]:PORT", ended by NULL; NULL is none. CT_ERR_USAGE, with the reason in
 * msg, unless base_url is a whole http or https URL of somebody else. An unspecified address of ours
 * (0.0.0.0, ::) is every address and name that this machine knows of itself; names are not looked up here. To
 * be finished in any case.
 */
enum ct_err upstream_target_init(struct upstream_target *t, const char *base_url,
                                 const char *const *own_addresses, struct ct_errmsg *msg);

/*
 * Whether something that we listen on would take a connection to address: the same address and port; any of
 * this machine's addresses where we listen on all of them. Asked when a connection is made, because a name
 * may lead here today that did not yesterday.
 */
bool upstream_target_is_own(const struct upstream_target *t, const struct sockaddr *address);
void upstream_target_finish(struct upstream_target *t);

/* The base URL with path behind its own path; curl_free() it. NULL: out of memory. */
char *upstream_target_url(struct upstream_target *t, struct slice path);

#endif
