/* doctor: whether each destination is there and takes an empty export. */
#include "doctor.h"
#include "options_value.h"

#include <stdio.h>

#define HEADERS_MAX 32
#define LIST_MAX    16384

static const char *remedy_of(const struct http_result *r, const char *why)
{
    if (r->status == 401 || r->status == 403 || strstr(why, "gRPC status 16") || strstr(why, "gRPC status 7"))
        return "it wants to know who sends: headers in that section of config.ini, or --upstream-header";
    if (r->status == 404)
        return "the URL is the base to which /v1/logs and so on are appended: Grafana Cloud's ends in /otlp, "
               "Loki's too";
    if (r->status)
        return "it is there but takes no OTLP by this transport: check the URL, and whether http and grpc "
               "are "
               "mixed up";
    return "start it, or correct the URL in config.ini; what arrives meanwhile waits in the journal";
}

static void on_upstream(struct doctor_probe *p, const struct http_result *r)
{
    char why[DOCTOR_TEXT_MAX];
    if (doctor_accepts(p, r, why))
        doctor_say(p->d, "upstream", DOCTOR_OK, NULL, "%s takes an export", p->name);
    else
        doctor_say(p->d, "upstream", DOCTOR_FAIL, remedy_of(r, why), "%s: %s", p->name, why);
    doctor_clock(p->d, "upstream", p->name, r);
}

/* The first signal that it takes. */
static const char *signal_of(int signals)
{
    static const char *const names[] = {"traces", "metrics", "logs", "profiles"};
    for (int i = 0; i < 4; i++)
        if (signals & (1 << i))
            return names[i];
    return "logs";
}

static void ask(struct doctor *d, const char *name, const struct upstream_options *u)
{
    char room[LIST_MAX], shown[160];
    const char *items[HEADERS_MAX + 1];
    struct frame_header headers[HEADERS_MAX];
    size_t count = 0;
    items[0] = NULL;
    if (strlen(u->headers) < sizeof room)
        option_list_split(slice_str(u->headers), room, items, HEADERS_MAX);
    for (; items[count]; count++) {
        struct slice item = slice_str(items[count]);
        size_t colon = slice_find(item, ':');
        headers[count] = (struct frame_header){slice_trim(slice_sub(item, 0, colon)),
                                               slice_trim(slice_sub(item, colon + 1, item.len))};
    }
    struct http_client_config client = {.ca_file = u->ca[0] ? u->ca : NULL,
                                        .cert_file = u->cert[0] ? u->cert : NULL,
                                        .key_file = u->key[0] ? u->key : NULL};
    const char *const urls[] = {u->http, u->grpc};
    for (size_t i = 0; i < 2; i++) {
        struct slice url = slice_str(urls[i]);
        if (!url.len)
            continue;
        /* Not what stands before an @: a password. */
        size_t at = slice_find(url, '@');
        struct slice place = at < url.len ? slice_sub(url, at + 1, url.len) : url;
        client.direct = slice_find_slice(url, SLICE_LIT("//127.")) < url.len ||
                        slice_find_slice(url, SLICE_LIT("//localhost")) < url.len ||
                        slice_find_slice(url, SLICE_LIT("//[::1]")) < url.len;
        snprintf(shown, sizeof shown, "%s%s%.*s by %s", name, name[0] ? ": " : "",
                 SLICE_ARG(slice_sub(place, 0, 100)), i ? "gRPC" : "HTTP");
        doctor_ask_otlp(d, &client, urls[i], signal_of(u->signals), i ? "grpc" : "http/protobuf", headers,
                        count, on_upstream, NULL, shown);
    }
}

void doctor_upstreams(struct doctor *d)
{
    const struct options *o = d->o;
    bool any = o->upstream.http[0] || o->upstream.grpc[0];
    ask(d, "", &o->upstream);
    for (size_t i = 0; i < o->upstream_count; i++) {
        any = any || o->upstreams[i]->set.http[0] || o->upstreams[i]->set.grpc[0];
        ask(d, o->upstreams[i]->name, &o->upstreams[i]->set);
    }
    if (!any)
        doctor_say(d, "upstream", DOCTOR_OK, NULL,
                   "none is set: what arrives is shown and kept, and passed on to nobody");
}
