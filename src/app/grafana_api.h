/*
 * grafana_api.h - asks Grafana what it is: version, data sources, dashboards; and for short URLs.
 *
 * Only with a token in the settings; without one nothing is ever sent to Grafana. Everything happens on the
 * loop, in the background: links are good from the start, by the settings and by what was kept on disk
 * (state folder, grafana.json) of an earlier run, and become better when the answers are there. What is older
 * than grafana_cache_ns is asked again when the loop starts and when a link is made; there is no timer.
 *
 * A setting that the user made is never replaced by what Grafana says.
 */
#ifndef CT_APP_GRAFANA_API_H
#define CT_APP_GRAFANA_API_H

#include "answer.h"
#include "options.h"

#include <uv.h>

/* Of each request. */
#define GRAFANA_API_CONNECT_MS 2000
#define GRAFANA_API_REQUEST_MS 4000

struct grafana_api;

/* The options are borrowed. on_change (may be NULL): the links changed, or what was asked for has failed. */
struct grafana_api *grafana_api_create(uv_loop_t *loop, const struct options *o, void (*on_change)(void *ctx),
                                       void *ctx);

/* What links are made with now; good until the loop runs again. */
const struct deeplink_config *grafana_api_links(const struct grafana_api *a);

/* Looks at the settings again, which may have changed, and asks again when what is known is of another
 * Grafana, too old, or was never asked. */
void grafana_api_refresh(struct grafana_api *a);

/* Requests are under way. */
bool grafana_api_busy(const struct grafana_api *a);

/* "", or why the last request failed. */
const char *grafana_api_failure(const struct grafana_api *a);

/* Short URLs can be asked for: there is a token. */
bool grafana_api_shortens(const struct grafana_api *a);

/*
 * Asks for a short URL of one that deeplink_build_long() made. fn is called once, on the loop: url is NULL
 * when there is none, because of why. CT_ERR_UNSUPPORTED: there is no token; CT_ERR_BUSY: another is asked
 * for; fn is not called then.
 */
enum ct_err grafana_api_shorten(struct grafana_api *a, struct slice url,
                                void (*fn)(void *ctx, const char *url, const char *why), void *ctx);

/* For commands without a screen: runs the loop until nothing is under way any more, at most for ms. */
void grafana_api_wait(uv_loop_t *loop, const struct grafana_api *a, uint64_t ms);

/* Closes and frees; done (may be NULL) is called when the loop holds nothing of it. NULL is fine. */
void grafana_api_close(struct grafana_api *a, void (*done)(void *ctx), void *ctx);

/* The token, from the settings or its file, into out; "" when none is set. */
#define GRAFANA_TOKEN_MAX 1024
enum ct_err grafana_token_read(const struct options *o, char out[GRAFANA_TOKEN_MAX], struct ct_errmsg *msg);

#endif
