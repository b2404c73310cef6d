#include "port_holder.h"
#include "receiver_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void listener_format(const struct sockaddr_storage *address, char *text)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(text, RECEIVER_ADDR_MAX, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(text, RECEIVER_ADDR_MAX, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    } else {
        snprintf(text, RECEIVER_ADDR_MAX, "unix");
    }
}

/* Numeric addresses and localhost, which is 127.0.0.1 without asking anybody. */
static bool parse(const char *text, struct sockaddr_storage *address, socklen_t *len, unsigned *port)
{
    struct slice all = slice_str(text);
    size_t colon = all.len;
    while (colon && all.ptr[colon - 1] != ':')
        colon--;
    uint64_t number;
    char host[INET6_ADDRSTRLEN];
    if (colon < 2 || !slice_to_u64(slice_sub(all, colon, all.len), &number) || number > 65535)
        return false;
    struct slice name = slice_sub(all, 0, colon - 1);
    bool bracketed = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    if (bracketed)
        name = slice_sub(name, 1, name.len - 2);
    else if (slice_eq_nocase(name, SLICE_LIT("localhost")))
        name = SLICE_LIT("127.0.0.1");
    if (name.len >= sizeof(host))
        return false;
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';

    *port = (unsigned)number;
    *address = (struct sockaddr_storage){0};
    if (bracketed) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)number);
        *len = sizeof(*in6);
        return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)number);
    *len = sizeof(*in);
    return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static enum ct_err busy(const char *address, unsigned port, struct ct_errmsg *msg)
{
    struct port_holder holder;
    if (port_holder_find(port, &holder))
        return ct_fail(msg, CT_ERR_BUSY, "%s is in use by %s (pid %ld); choose another with --http ADDR:PORT",
                       address, holder.name, (long)holder.pid);
    return ct_fail(msg, CT_ERR_BUSY, "%s is in use; choose another with --http ADDR:PORT", address);
}

/* Whoever reaches the port can send what it likes, unless something asks who it is. */
static enum ct_err check_exposure(const struct receiver *r, const struct sockaddr_storage *where,
                                  const char *text, struct ct_errmsg *msg)
{
    struct ip_address ip = ip_address_of(where);
    if (ip_address_is_loopback(&ip) || r->admission.token || r->client_certificates ||
        r->allow_unauthenticated)
        return CT_OK;
    return ct_fail(msg, CT_ERR_USAGE,
                   "%s is not on the loopback: any machine that reaches it could send here, and nothing asks "
                   "who it is. Set a token (--token-file FILE), or ask for client certificates "
                   "(--tls-client-ca FILE), or accept it as it is (--allow-unauthenticated)",
                   text);
}

enum ct_err receiver_listen(struct receiver *r, const char *address, char *bound, struct ct_errmsg *msg)
{
    struct sockaddr_storage where;
    socklen_t len = 0;
    unsigned port = 0;
    if (!parse(address, &where, &len, &port))
        return ct_fail(msg, CT_ERR_USAGE,
                       "\"%.80s\" is not an address: write 127.0.0.1:4318, [::1]:4318 or localhost:0",
                       address);
    enum ct_err err = check_exposure(r, &where, address, msg);
    if (err)
        return err;
    int fd = socket(where.ss_family, SOCK_STREAM, 0);
    if (fd < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot listen on %s: %s", address, strerror(errno));
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (where.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (!listener_prepare_fd(fd) || bind(fd, (struct sockaddr *)&where, len) ||
        listen(fd, LISTENER_BACKLOG) || getsockname(fd, (struct sockaddr *)&where, &len)) {
        int why = errno;
        close(fd);
        if (why == EADDRINUSE)
            return busy(address, port, msg);
        return ct_fail(msg, CT_ERR_IO, "cannot listen on %s: %s", address, strerror(why));
    }
    listener_format(&where, bound);
    return listener_add(r, fd, false, NULL, msg);
}

enum ct_err receiver_listen_fd(struct receiver *r, int fd, char *bound, struct ct_errmsg *msg)
{
    struct sockaddr_storage where = {0};
    socklen_t len = sizeof(where);
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (getsockname(fd, (struct sockaddr *)&where, &len) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) || !listening ||
        !listener_prepare_fd(fd))
        return ct_fail(msg, CT_ERR_USAGE, "descriptor %d that was passed in is not a listening socket", fd);
    listener_format(&where, bound);
    enum ct_err err = where.ss_family == AF_UNIX ? CT_OK : check_exposure(r, &where, bound, msg);
    return err ? err : listener_add(r, fd, where.ss_family == AF_UNIX, NULL, msg);
}
