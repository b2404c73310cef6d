/*
 * escape.h - the outer and the inner layers of a Grafana link's encoding; the JSON between them is cJSON's
 * matter.
 *
 * Whatever bytes come in, the output is printable ASCII: no function can fail on its input, only on room
 * in out.
 */
#ifndef CT_GRAFANA_ESCAPE_H
#define CT_GRAFANA_ESCAPE_H

#include "buf.h"

/*
 * A string literal with its quotes, in the form that TraceQL, LogQL and PromQL share with Go: \\ \" \n \r \t,
 * and \xHH for every other byte that is not printable ASCII. The value that the query language sees is the
 * same bytes, valid UTF-8 or not.
 */
enum ct_err escape_literal(struct slice value, struct buf *out);

/*
 * The value as a regular expression of RE2 that matches just it: what has a meaning there gets a backslash,
 * other bytes stay as they are. It has to become a literal next.
 */
enum ct_err escape_regex(struct slice value, struct buf *out);

/* RFC 3986 percent-encoding of everything but unreserved characters (section 2.3); a space is %20, never '+'.
 */
enum ct_err escape_percent(struct slice bytes, struct buf *out);

#endif
