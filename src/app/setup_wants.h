/*
 * setup_wants.h - what Claude Code has to be told so that its telemetry and hooks come here: the variables,
 * the hooks, the status line.
 */
#ifndef CT_APP_SETUP_WANTS_H
#define CT_APP_SETUP_WANTS_H

#include "claude_settings.h"
#include "client_version.h"
#include "options.h"
#include "receiver.h"
#include "setup_plan.h"

/* Where Claude Code finds us, and what it shows. */
struct setup_target {
    char url[256];
    char authorization[RECEIVER_TOKEN_MAX + 16]; /* "" without a token */
    char headers[RECEIVER_TOKEN_MAX + 64];       /* of OTEL_EXPORTER_OTLP_HEADERS; "" without a token */
    struct client_version client;
    bool client_known; /* else it is taken for a current one */
};

/* CT_ERR_USAGE: there is no port; and what token_read() says. */
enum ct_err setup_target_find(const struct options *o, struct setup_target *t, struct ct_errmsg *msg);

/* Everything that was asked for. text: the settings file, whose own status line is kept and chained. */
void setup_wants(const struct options *o, const struct setup_target *t, struct slice text,
                 struct setup_plan *plan);

/* For a shell: comments and export lines. */
void setup_print_env(const struct options *o, const struct setup_target *t, struct buf *out);

/* An endpoint that is not ours, as somebody's settings have it. */
struct setup_foreign {
    const char *variable; /* OTEL_EXPORTER_OTLP_ENDPOINT or that of one signal */
    const char *url;      /* borrowed from the settings */
    const char *headers;  /* of OTEL_EXPORTER_OTLP_HEADERS; NULL: none */
    bool grpc;            /* by what the settings say of the protocol */
};

/* The first in "env" of a settings file. False when there is none. */
bool setup_foreign_find(const cJSON *json, const struct options *o, struct setup_foreign *out);

/* True when a URL leads to the HTTP or gRPC address that we listen on. */
bool setup_is_ours(const struct options *o, const char *url);

#endif
