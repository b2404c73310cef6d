/*
 * log.h - diagnostics for people, never on the screen's terminal while it is drawn.
 *
 * Messages go to the sink set by the application (stderr for serve, a ring shown in the Flow view otherwise).
 * The text must already be clean: format network text through text_clean() first.
 */
#ifndef CT_BASE_LOG_H
#define CT_BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

typedef void (*log_sink_fn)(void *ctx, enum log_level level, const char *line);

/* sink NULL silences everything (the default). Not thread-safe: set it before other threads start. */
void log_set_sink(log_sink_fn sink, void *ctx, enum log_level least);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
