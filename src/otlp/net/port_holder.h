/*
 * port_holder.h - who listens on a TCP port, from /proc (Linux; elsewhere nobody is found).
 */
#ifndef CT_OTLP_NET_PORT_HOLDER_H
#define CT_OTLP_NET_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PORT_HOLDER_NAME_MAX 64

struct port_holder {
    pid_t pid;
    char name[PORT_HOLDER_NAME_MAX]; /* the command's short name, cleaned */
};

/* False when nobody is found; sockets of other users show no process to us. */
bool port_holder_find(unsigned port, struct port_holder *out);

#endif
