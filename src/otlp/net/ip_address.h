/*
 * ip_address.h - an address without its port, to be compared.
 *
 * IPv4 in IPv6's clothes (::ffff:127.0.0.1) is IPv4 here, so that one machine's address has one form.
 */
#ifndef CT_OTLP_NET_IP_ADDRESS_H
#define CT_OTLP_NET_IP_ADDRESS_H

#include "slice.h"

#include <stdint.h>
#include <sys/socket.h>

enum ip_family { IP_NONE, IP_V4, IP_V6 };

struct ip_address {
    enum ip_family family;
    uint8_t bytes[16]; /* 4 of IPv4 */
};

/* IP_NONE for other families. */
struct ip_address ip_address_of(const struct sockaddr_storage *from);

/* The literal of one family, without brackets and without a zone: no other spelling (127.1, 0x7f.0.0.1). */
bool ip_address_parse(struct slice text, enum ip_family family, struct ip_address *out);

bool ip_address_eq(const struct ip_address *a, const struct ip_address *b);
bool ip_address_is_loopback(const struct ip_address *a); /* 127.0.0.0/8, ::1 */

#endif
