#include "ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void set_v6(struct ip_address *a, const struct in6_addr *in6)
{
    bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
    a->family = mapped ? IP_V4 : IP_V6;
    memcpy(a->bytes, in6->s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
}

struct ip_address ip_address_of(const struct sockaddr_storage *from)
{
    struct ip_address a = {.family = IP_NONE};
    if (from->ss_family == AF_INET) {
        a.family = IP_V4;
        memcpy(a.bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        set_v6(&a, &((const struct sockaddr_in6 *)from)->sin6_addr);
    }
    return a;
}

bool ip_address_parse(struct slice text, enum ip_family family, struct ip_address *out)
{
    char copy[INET6_ADDRSTRLEN];
    *out = (struct ip_address){.family = IP_NONE};
    if (!text.len || text.len >= sizeof(copy) || slice_find(text, '\0') < text.len)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (family == IP_V4 && inet_pton(AF_INET, copy, out->bytes) == 1) {
        out->family = IP_V4;
    } else if (family == IP_V6) {
        struct in6_addr in6;
        if (inet_pton(AF_INET6, copy, &in6) == 1)
            set_v6(out, &in6);
    }
    return out->family != IP_NONE;
}

bool ip_address_eq(const struct ip_address *a, const struct ip_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == IP_V4 ? 4 : 16) == 0;
}

bool ip_address_is_loopback(const struct ip_address *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return (a->family == IP_V4 && a->bytes[0] == 127) ||
           (a->family == IP_V6 && memcmp(a->bytes, one, sizeof(one)) == 0);
}
