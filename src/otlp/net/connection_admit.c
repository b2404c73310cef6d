/* Which requests are let in: by the wire they came over, by the host they name, by the token they show. */
#include "receiver_internal.h"

#include <stdio.h>

/* Of the name that is quoted back. */
#define NAME_SHOWN_MAX 80

bool connection_admit(void *connection, const struct exchange *x, enum otlp_refusal *why,
                      const char **message)
{
    struct connection *c = connection;
    struct receiver *r = c->r;
    struct slice named;
    if (c->local)
        return true;
    if (c->wire == WIRE_REFUSED) {
        *why = OTLP_REFUSED_TLS;
        *message = "this port speaks TLS: send to https://";
        return false;
    }
    if (!admission_hosts(&r->admission, x, &c->local_address, &named)) {
        named = slice_sub(named, 0, NAME_SHOWN_MAX);
        snprintf(r->words, sizeof(r->words),
                 "\"%.*s\" is no name of this receiver: if it should be, add it to allowed_hosts of "
                 "[receiver] in config.ini (--allowed-host NAME)",
                 SLICE_ARG(named));
        *why = OTLP_REFUSED_HOST;
        *message = r->words;
        return false;
    }
    if (!r->admission.token || admission_token(&r->admission, x) ||
        (r->loopback_without_token && ip_address_is_loopback(&c->local_address)))
        return true;
    *why = OTLP_REFUSED_UNAUTHORIZED;
    *message =
        "this receiver asks for a token: send the header Authorization: Bearer TOKEN, which claude-top "
        "setup prints";
    return false;
}

bool connection_consumes(const struct connection *c, const struct http_header *header)
{
    const struct admission *a = &c->r->admission;
    return a->token && slice_eq_nocase(header->name, SLICE_LIT("authorization")) &&
           admission_is_token(a, header->value);
}
