/* Who may send to the collector, from the settings. */
#include "collector_private.h"
#include "log.h"
#include "mem.h"
#include "options_value.h"
#include "token.h"

#include <stdlib.h>

/* One more than anybody takes, so that the receiver says so. */
#define HOSTS_MAX (RECEIVER_HOSTS_MAX + 1)

enum ct_err collector_secure(struct collector *c, struct ct_errmsg *msg)
{
    const struct options *o = c->config.options;
    const char *hosts[HOSTS_MAX + 1];
    char token[TOKEN_ROOM];
    struct ct_errmsg warning;
    enum ct_err err = token_read(o, token, &warning, msg);
    if (err)
        return err;
    if (warning.text[0])
        log_warn("%s", warning.text);
    struct slice list = slice_str(o->allowed_hosts);
    char *room = mem_alloc(list.len + 1);
    option_list_split(list, room, hosts, HOSTS_MAX);
    const struct receiver_security security = {
        .allowed_hosts = hosts,
        .token = token,
        .loopback_without_token = !o->token_on_loopback,
        .allow_unauthenticated = o->allow_unauthenticated,
        .tls_cert = o->tls_cert,
        .tls_key = o->tls_key,
        .tls_client_ca = o->tls_client_ca,
    };
    err = receiver_secure(c->receiver, &security, &warning, msg);
    if (!err && warning.text[0])
        log_warn("%s", warning.text);
    free(room);
    token_forget(token);
    return err;
}
