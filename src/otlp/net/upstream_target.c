#include "upstream_target.h"

#include "mem.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* "HOST:PORT" or "[V6]:PORT". */
static bool split(const char *address, struct slice *host, struct slice *port)
{
    struct slice text = slice_str(address);
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    *host = slice_sub(text, 0, colon - 1);
    *port = slice_sub(text, colon, text.len);
    return true;
}

/* IPv6 without brackets, names without the dot of the root. */
static struct slice bare(struct slice host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return slice_sub(host, 1, host.len - 2);
    if (host.len > 1 && host.ptr[host.len - 1] == '.')
        host.len--;
    return host;
}

static bool ends_nocase(struct slice s, struct slice end)
{
    return s.len >= end.len && slice_eq_nocase(slice_sub(s, s.len - end.len, end.len), end);
}

static bool is_any(struct slice host)
{
    return host.len == 0 || slice_eq_str(host, "0.0.0.0") || slice_eq_str(host, "::");
}

static bool is_loopback(struct slice host)
{
    struct in_addr v4;
    char text[64];
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(host));
    return (slice_starts(host, SLICE_LIT("127.")) && uv_inet_pton(AF_INET, text, &v4) == 0) ||
           slice_eq_str(host, "::1") || slice_eq_nocase(host, SLICE_LIT("localhost")) ||
           ends_nocase(host, SLICE_LIT(".localhost"));
}

/* One of this machine's own addresses or its name. */
static bool is_this_machine(struct slice host)
{
    char name[UV_MAXHOSTNAMESIZE];
    size_t size = sizeof name;
    if (uv_os_gethostname(name, &size) == 0 && slice_eq_nocase(host, slice_str(name)))
        return true;
    uv_interface_address_t *list;
    int count;
    bool found = false;
    if (uv_interface_addresses(&list, &count))
        return false;
    for (int i = 0; i < count && !found; i++) {
        char text[64] = "";
        if (list[i].address.address4.sin_family == AF_INET)
            uv_ip4_name(&list[i].address.address4, text, sizeof text);
        else
            uv_ip6_name(&list[i].address.address6, text, sizeof text);
        found = slice_eq_nocase(host, slice_str(text));
    }
    uv_free_interface_addresses(list, count);
    return found;
}

static bool is_ourselves(struct slice host, struct slice port, const char *own)
{
    struct slice own_host, own_port;
    if (!split(own, &own_host, &own_port) || !slice_eq(port, own_port))
        return false;
    own_host = bare(own_host);
    bool local = is_loopback(host) || is_any(host);
    if (slice_eq_nocase(host, own_host) || (local && (is_loopback(own_host) || is_any(own_host))))
        return true;
    return is_any(own_host) && is_this_machine(host);
}

/* For upstream_target_is_own(); what is no address is left to the comparison of texts. */
static void keep_own(struct upstream_target *t, const char *own)
{
    struct slice host, port;
    char text[64];
    uint64_t number;
    if (t->own_count == UPSTREAM_OWN_MAX || !split(own, &host, &port) || !slice_to_u64(port, &number) ||
        number > 65535)
        return;
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(bare(host)));
    struct sockaddr_storage *out = &t->own[t->own_count];
    if (uv_ip4_addr(text, (int)number, (struct sockaddr_in *)(void *)out) == 0 ||
        uv_ip6_addr(text, (int)number, (struct sockaddr_in6 *)(void *)out) == 0)
        t->own_count++;
}

static enum ct_err check(struct upstream_target *t, const char *host_text, const char *port,
                         const char *base_url, const char *const *own_addresses, struct ct_errmsg *msg)
{
    struct slice host = bare(slice_str(host_text));
    t->loopback = is_loopback(host) || is_any(host);
    for (; own_addresses && *own_addresses; own_addresses++) {
        keep_own(t, *own_addresses);
        if (is_ourselves(host, slice_str(port), *own_addresses))
            return ct_fail(
                msg, CT_ERR_USAGE,
                "the upstream %.200s is claude-top itself, which listens on %.64s: give the address "
                "of the collector behind it",
                base_url, *own_addresses);
    }
    return CT_OK;
}

enum ct_err upstream_target_init(struct upstream_target *t, const char *base_url,
                                 const char *const *own_addresses, struct ct_errmsg *msg)
{
    char *scheme = NULL, *path = NULL, *host = NULL, *port = NULL, shown[128];
    *t = (struct upstream_target){.url = curl_url()};
    bool ok = t->url && base_url && !curl_url_set(t->url, CURLUPART_URL, base_url, 0) &&
              !curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0) &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
              !curl_url_get(t->url, CURLUPART_PATH, &path, 0) &&
              !curl_url_get(t->url, CURLUPART_HOST, &host, 0) &&
              !curl_url_get(t->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    text_clean(slice_str(base_url), shown, sizeof shown);
    enum ct_err err;
    if (ok) {
        struct slice trimmed = slice_str(path);
        while (trimmed.len && trimmed.ptr[trimmed.len - 1] == '/')
            trimmed.len--;
        t->base_path = mem_strdup(trimmed);
        curl_url_set(t->url, CURLUPART_FRAGMENT, NULL, 0);
        err = check(t, host, port, shown, own_addresses, msg);
    } else {
        err = ct_fail(msg, CT_ERR_USAGE,
                      "\"%s\" is no upstream: it takes a URL such as http://127.0.0.1:14318", shown);
    }
    curl_free(scheme);
    curl_free(path);
    curl_free(host);
    curl_free(port);
    return err;
}

/* The address as IPv4 where it is one (also ::ffff:a.b.c.d), and the port. An unspecified one leads to the
 * loopback. */
struct endpoint {
    bool v4;
    uint8_t bytes[16];
    unsigned port;
};

static bool is_zero(const struct endpoint *e)
{
    static const uint8_t zero[16];
    return memcmp(e->bytes, zero, e->v4 ? 4 : 16) == 0;
}

static bool endpoint_of(const struct sockaddr *address, struct endpoint *e)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *e = (struct endpoint){.v4 = address->sa_family == AF_INET};
    if (e->v4) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        memcpy(e->bytes, &in->sin_addr, 4);
        e->port = ntohs(in->sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    memcpy(e->bytes, &in6->sin6_addr, 16);
    e->port = ntohs(in6->sin6_port);
    if (memcmp(e->bytes, mapped, sizeof mapped) == 0) {
        e->v4 = true;
        memcpy(e->bytes, &in6->sin6_addr.s6_addr[12], 4);
    }
    return true;
}

static bool is_local(const struct endpoint *e)
{
    uv_interface_address_t *list;
    int count;
    bool found = e->v4 && e->bytes[0] == 127;
    if (found || uv_interface_addresses(&list, &count))
        return found;
    for (int i = 0; i < count && !found; i++) {
        struct endpoint other;
        found = endpoint_of((const struct sockaddr *)(const void *)&list[i].address, &other) &&
                other.v4 == e->v4 && memcmp(other.bytes, e->bytes, e->v4 ? 4 : 16) == 0;
    }
    uv_free_interface_addresses(list, count);
    return found;
}

bool upstream_target_is_own(const struct upstream_target *t, const struct sockaddr *address)
{
    struct endpoint peer, own;
    if (!endpoint_of(address, &peer))
        return false;
    if (is_zero(&peer)) {
        if (peer.v4)
            memcpy(peer.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
        else
            peer.bytes[15] = 1;
    }
    for (size_t i = 0; i < t->own_count; i++) {
        if (!endpoint_of((const struct sockaddr *)(const void *)&t->own[i], &own) || own.port != peer.port)
            continue;
        /* A socket on :: takes IPv4 as well, one on 0.0.0.0 does not take IPv6. */
        if (is_zero(&own) ? (peer.v4 || !own.v4) && is_local(&peer)
                          : own.v4 == peer.v4 && memcmp(own.bytes, peer.bytes, own.v4 ? 4 : 16) == 0)
            return true;
    }
    return false;
}

void upstream_target_finish(struct upstream_target *t)
{
    curl_url_cleanup(t->url);
    free(t->base_path);
    *t = (struct upstream_target){.url = NULL};
}

char *upstream_target_url(struct upstream_target *t, struct slice path)
{
    size_t size = strlen(t->base_path) + path.len + 2;
    char *full = malloc(size), *url = NULL;
    if (!full)
        return NULL;
    snprintf(full, size, "%s%s%.*s", t->base_path, slice_starts(path, SLICE_LIT("/")) ? "" : "/",
             SLICE_ARG(path));
    if (curl_url_set(t->url, CURLUPART_PATH, full, 0) || curl_url_get(t->url, CURLUPART_URL, &url, 0))
        url = NULL;
    free(full);
    return url;
}
