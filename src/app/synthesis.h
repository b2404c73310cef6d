/*
 * synthesis.h - which sessions get traces of ours, by the settings. What makes them is synthesis.c, for the
 * collector alone (collector_private.h).
 */
#ifndef CT_APP_SYNTHESIS_H
#define CT_APP_SYNTHESIS_H

#include "options.h"
#include "trace_ids.h"

/* collects: this process would send them: NEVER when no destination of its own takes traces. */
enum trace_synthesize synthesis_mode(const struct options *o, bool collects);

#endif
