/*
 * admission.h - who may send over TCP: the host names that requests may come by, and the token they must
 * show.
 *
 * The host name is checked against DNS rebinding: a page of evil.example whose name is made to lead to
 * 127.0.0.1 is, to its browser, of the same origin as we are, so that neither Origin nor Sec-Fetch-Site need
 * tell of it; only Host (RFC 9110, 7.2) and :authority (RFC 9113, 8.3.1) still say evil.example. A name is
 * ours when it is
 *   - an IP literal of the loopback, or of the address that the connection arrived at,
 *   - localhost or a name below it (RFC 6761, 6.3), or this machine's own name,
 *   - or one that the user gave, as a name or a literal; "*" admits all.
 * Port, case and one dot at the end do not matter. Of a request that names several hosts (:authority and
 * Host, or an absolute-form target and Host) each has to be ours.
 *
 * The token is that of RFC 6750, in an Authorization header that stands alone.
 */
#ifndef CT_OTLP_NET_ADMISSION_H
#define CT_OTLP_NET_ADMISSION_H

#include "errors.h"
#include "exchange.h"
#include "ip_address.h"
#include "receiver.h"

#define ADMISSION_HOST_MAX 253 /* RFC 1035 allows a name no more */

struct admission_host {
    struct ip_address literal; /* IP_NONE: it is a name */
    char name[ADMISSION_HOST_MAX + 1];
};

struct admission {
    struct admission_host *hosts;
    size_t host_count;
    bool any_host;
    char machine[ADMISSION_HOST_MAX + 1];
    char *token; /* NULL: none is asked for */
    size_t token_len;
};

/*
 * hosts: a list that ends in NULL, or NULL; token: NULL or "" for none. Both are copied. CT_ERR_USAGE when a
 * host is no host name or there are too many, and when the token is of the wrong length or has characters
 * that a token has not (the message never repeats it).
 */
enum ct_err admission_init(struct admission *a, const char *const *hosts, const char *token,
                           struct ct_errmsg *msg);
void admission_finish(struct admission *a); /* also of a zeroed one */

/* Whether the value of a Host header is one of ours on a connection that arrived at that address. */
bool admission_host(const struct admission *a, struct slice value, const struct ip_address *arrived_at);

/* admission_host() of all that x names. *named is the one that is not ours; ptr NULL when x names none. */
bool admission_hosts(const struct admission *a, const struct exchange *x, const struct ip_address *arrived_at,
                     struct slice *named);

/* That value of an Authorization header is our token: in constant time, but for its length. */
bool admission_is_token(const struct admission *a, struct slice value);

/* x shows our token and nothing else. */
bool admission_token(const struct admission *a, const struct exchange *x);

#endif
