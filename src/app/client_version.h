/*
 * client_version.h - which version of Claude Code is installed, by asking it (claude --version).
 */
#ifndef CT_APP_CLIENT_VERSION_H
#define CT_APP_CLIENT_VERSION_H

#include "paths.h"

#define CLIENT_VERSION_MAX 32

struct client_version {
    int major, minor, patch;
    char text[CLIENT_VERSION_MAX]; /* "2.1.330" */
};

/* "2.1.330 (Claude Code)", "2.1", "v2.0.76"; false when it begins with no number. */
bool client_version_parse(struct slice text, struct client_version *out);

/* At least that one. */
bool client_version_is(const struct client_version *v, int major, int minor, int patch);

/* Runs the first "claude" in PATH, for at most ms. CT_ERR_NOT_FOUND: there is none; CT_ERR_IO: it said
 * nothing of the kind in time. */
enum ct_err client_version_ask(const struct env *env, int64_t ms, struct client_version *out);

#endif
