/* doctor: who holds the ports, and whether the receiver takes an export by each protocol. */
#include "doctor.h"
#include "port_holder.h"
#include "setup_wants.h"

#include <stdio.h>

static unsigned port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    uint64_t port = 0;
    return colon && slice_to_u64(slice_str(colon + 1), &port) && port < 65536 ? (unsigned)port : 0;
}

static void check_port(struct doctor *d, const char *what, const char *flag, const char *address)
{
    struct port_holder holder;
    char remedy[160];
    unsigned port = port_of(address);
    if (!port)
        return;
    snprintf(remedy, sizeof remedy,
             "end that program, or let claude-top listen elsewhere: %s ADDR:PORT, and claude-top "
             "setup --apply with the same",
             flag);
    if (!port_holder_find(port, &holder))
        doctor_say(d, "ports", d->status ? DOCTOR_WARN : DOCTOR_OK,
                   d->status
                       ? "the running claude-top has other settings than this one: --http and --grpc, or "
                         "config.ini"
                       : NULL,
                   "%s port %u is free", what, port);
    else if (strncmp(holder.name, "claude-top", 10) == 0)
        doctor_say(d, "ports", DOCTOR_OK, NULL, "%s port %u is held by claude-top (process %ld)", what, port,
                   (long)holder.pid);
    else
        doctor_say(d, "ports", DOCTOR_FAIL, remedy, "%s port %u is held by %s (process %ld)", what, port,
                   holder.name, (long)holder.pid);
}

static void on_receiver(struct doctor_probe *p, const struct http_result *r)
{
    char why[DOCTOR_TEXT_MAX];
    if (doctor_accepts(p, r, why))
        doctor_say(p->d, "receiver", DOCTOR_OK, NULL, "%s takes an export", p->name);
    else
        doctor_say(p->d, "receiver", DOCTOR_FAIL,
                   r->status == 401 || strstr(why, "status 16")
                       ? "the running claude-top asks for another token: --token-file, or config.ini"
                       : "look at what claude-top says where it runs; restart it",
                   "%s: %s", p->name, why);
}

static void ask_each(struct doctor *d, const char *address, const char *const *protocols, size_t count)
{
    struct options o = *d->o;
    struct setup_target target = {.url = ""};
    char name[160];
    o.http = address;
    if (!port_of(address) || setup_target_find(&o, &target, NULL))
        return;
    struct http_client_config client = {.direct = true, .ca_file = o.tls_cert[0] ? o.tls_cert : NULL};
    struct frame_header token = {SLICE_LIT("authorization"), slice_str(target.authorization)};
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%.100s by %s", target.url, protocols[i]);
        doctor_ask_otlp(d, &client, target.url, "logs", protocols[i], &token, target.authorization[0] != '\0',
                        on_receiver, NULL, name);
    }
}

void doctor_receiver(struct doctor *d)
{
    static const char *const over_http[] = {"http/protobuf", "http/json"}, *const over_grpc[] = {"grpc"};
    check_port(d, "HTTP", "--http", d->o->http);
    check_port(d, "gRPC", "--grpc", d->o->grpc);
    if (d->deaf.text[0]) {
        doctor_say(d, "receiver", DOCTOR_FAIL, "is it stopped, or hanging? end it and start it again", "%s",
                   d->deaf.text);
        return;
    }
    if (!d->status) {
        doctor_say(d, "receiver", DOCTOR_WARN, "start it: claude-top, or claude-top serve",
                   "no claude-top runs for this user (%s)", d->o->socket);
        return;
    }
    doctor_say(d, "receiver", DOCTOR_OK, NULL, "claude-top runs (%s)", d->o->socket);
    if (d->o->tls_client_ca[0]) {
        doctor_say(d, "receiver", DOCTOR_OK, NULL, "not asked: it wants a client certificate");
        return;
    }
    ask_each(d, d->o->http, over_http, 2);
    ask_each(d, d->o->grpc, over_grpc, 1);
}
