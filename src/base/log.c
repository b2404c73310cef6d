#include "log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_LINE_MAX 1024

static log_sink_fn sink_fn;
static void *sink_ctx;
static enum log_level sink_least = LOG_LEVEL_INFO;

void log_set_sink(log_sink_fn sink, void *ctx, enum log_level least)
{
    sink_fn = sink;
    sink_ctx = ctx;
    sink_least = least;
}

void log_write(enum log_level level, const char *format, ...)
{
    if (!sink_fn || level < sink_least)
        return;
    char line[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sink_fn(sink_ctx, level, line);
}
