#include "options_table.h"

#include "clock.h"

#define ON(c)   (1u << COMMAND_##c)
#define EVERY   ((1u << COMMAND_COUNT) - 1)
#define COLLECT (ON(RUN) | ON(SERVE))
#define SHOW    (ON(RUN) | ON(REPLAY) | ON(DEMO))
#define QUICK   (ON(HOOK) | ON(STATUSLINE))
#define LINKS   (EVERY & ~(ON(RECORD) | ON(SETUP) | QUICK))

#define FIELD(f) .offset = offsetof(struct options, f), .size = sizeof(((struct options *)0)->f)

#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define TIB    (1024 * GIB)
#define MAX_MS (24 * 3600 * INT64_C(1000))

/* Rows of settings that share everything but their names. */
#define LIMIT_BYTES(name, dashed, value, most, words)                                                        \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "SIZE", .fallback = value, \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_BYTES, FIELD(limits.name),      \
        .min = KIB, .max = most, .advanced = true                                                            \
    }
#define LIMIT_COUNT(name, dashed, value, most, words)                                                        \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "N", .fallback = value,    \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_INT, FIELD(limits.name),        \
        .min = 1, .max = most, .advanced = true                                                              \
    }
#define LIMIT_MS(name, dashed, value, words)                                                                 \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "TIME", .fallback = value, \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_MS, FIELD(limits.name),         \
        .min = 1, .max = MAX_MS, .advanced = true                                                            \
    }
#define UPSTREAM_MS(name, dashed, value, words)                                                              \
    {                                                                                                        \
        .flag = "upstream-" dashed, .section = "upstream", .key = #name, .value_name = "TIME",               \
        .fallback = value, .help = words, .example = value, .commands = COLLECT, .type = OPTION_MS,          \
        FIELD(upstream.name), .min = 1, .max = MAX_MS, .advanced = true                                      \
    }
#define DATA_SOURCE(name, dashed, value, words)                                                              \
    {                                                                                                        \
        .flag = "grafana-" dashed, .section = "grafana", .key = #name, .value_name = "UID",                  \
        .fallback = value, .help = words, .example = value, .commands = LINKS, .type = OPTION_STRING,        \
        FIELD(grafana.name), .advanced = true                                                                \
    }

const struct option option_table[] = {
#include "options_rows_network.h" /* receiver, upstream */

    {.flag = "state-dir",
     .section = "paths",
     .key = "state_dir",
     .value_name = "DIR",
     .fallback = "",
     .help = "journal and cursors are kept here [$XDG_STATE_HOME/claude-top]",
     .example = "~/.local/state/claude-top",
     .commands = COLLECT | ON(STATUS) | ON(RECORD) | ON(LINK) | QUICK,
     .type = OPTION_PATH,
     FIELD(state_dir)},
    {.flag = "socket",
     .section = "paths",
     .key = "socket",
     .value_name = "PATH",
     .fallback = "",
     .help = "the collector's Unix socket [$XDG_RUNTIME_DIR/claude-top.sock, else in the state folder]",
     .example = "/run/user/1000/claude-top.sock",
     .commands = COLLECT | ON(STATUS) | ON(RECORD) | ON(LINK) | QUICK | ON(SETUP),
     .type = OPTION_PATH,
     FIELD(socket)},
    {.flag = "prices",
     .section = "paths",
     .key = "prices",
     .value_name = "FILE",
     .fallback = "",
     .help =
         "prices of models, for calls whose cost was not reported; its entries come before the built-in ones "
         "[$XDG_CONFIG_HOME/claude-top/prices.ini]",
     .example = "~/.config/claude-top/prices.ini",
     .commands = COLLECT | SHOW,
     .type = OPTION_PATH,
     FIELD(prices)},
    {.flag = "config",
     .section = "paths",
     .value_name = "FILE",
     .fallback = "",
     .help = "read settings from here [$XDG_CONFIG_HOME/claude-top/config.ini]",
     .example = "~/.config/claude-top/config.ini",
     .commands = EVERY,
     .type = OPTION_PATH,
     FIELD(config)},

    {.flag = "journal",
     .section = "journal",
     .key = "mode",
     .value_name = "MODE",
     .choices = "disk|memory",
     .fallback = "disk",
     .help = "keep what arrives on disk, or in memory only: history, and what the upstream has not taken, "
             "then end "
             "with the process",
     .example = "memory",
     .commands = COLLECT,
     .type = OPTION_ENUM,
     FIELD(journal_mode)},
    {.flag = "journal-max-bytes",
     .section = "journal",
     .key = "max_bytes",
     .value_name = "SIZE",
     .fallback = "1GiB",
     .help = "the oldest frames go when the journal is larger than this",
     .example = "1GiB",
     .commands = COLLECT,
     .type = OPTION_BYTES,
     FIELD(journal_max_bytes),
     .min = MIB,
     .max = 1024 * TIB},
    {.flag = "journal-segment-bytes",
     .section = "journal",
     .key = "segment_bytes",
     .value_name = "SIZE",
     .fallback = "16MiB",
     .help = "size of one file of the journal, the step by which old frames go",
     .example = "16MiB",
     .commands = COLLECT,
     .type = OPTION_BYTES,
     FIELD(journal_segment_bytes),
     .min = 64 * KIB,
     .max = TIB,
     .advanced = true},
    {.flag = "journal-max-age",
     .section = "journal",
     .key = "max_age",
     .value_name = "TIME",
     .fallback = "7d",
     .help = "frames older than this go; 0 keeps them as long as there is room",
     .example = "7d",
     .commands = COLLECT,
     .type = OPTION_NS,
     FIELD(journal_max_age_ns),
     .max = INT64_C(36500) * 24 * 3600 * NS_PER_SEC},
    {.flag = "journal-fsync",
     .section = "journal",
     .key = "fsync",
     .value_name = "WHEN",
     .choices = "never|interval|always",
     .fallback = "interval",
     .help = "what survives a power failure (a crash of the program loses nothing in any case)",
     .example = "always",
     .commands = COLLECT,
     .type = OPTION_ENUM,
     FIELD(journal_fsync),
     .advanced = true},

    {.flag = "model-max-bytes",
     .section = "model",
     .key = "max_bytes",
     .value_name = "SIZE",
     .fallback = "256MiB",
     .help = "memory for sessions; the oldest ended ones go first",
     .example = "256MiB",
     .commands = COLLECT | SHOW | ON(STATUS) | ON(RECORD) | ON(LINK),
     .type = OPTION_BYTES,
     FIELD(model_max_bytes),
     .min = MIB,
     .max = TIB,
     .advanced = true},

    {.flag = "grafana-url",
     .section = "grafana",
     .key = "root_url",
     .value_name = "URL",
     .fallback = "http://localhost:3000",
     .help = "where Grafana is; a sub-path is kept",
     .example = "https://grafana.example.org/observe",
     .commands = LINKS,
     .type = OPTION_URL,
     FIELD(grafana.root_url)},
    {.flag = "grafana-org-id",
     .section = "grafana",
     .key = "org_id",
     .value_name = "ID",
     .fallback = "1",
     .help = "Grafana's organisation",
     .example = "1",
     .commands = LINKS,
     .type = OPTION_STRING,
     FIELD(grafana.org_id),
     .advanced = true},
    DATA_SOURCE(tempo_uid, "tempo-uid", "tempo", "uid of Grafana's Tempo data source"),
    DATA_SOURCE(loki_uid, "loki-uid", "loki", "uid of Grafana's Loki data source"),
    DATA_SOURCE(prometheus_uid, "prometheus-uid", "prometheus",
                "uid of Grafana's Mimir or Prometheus data source"),
    DATA_SOURCE(pyroscope_uid, "pyroscope-uid", "pyroscope", "uid of Grafana's Pyroscope data source"),
    {.flag = "service-name",
     .section = "grafana",
     .key = "service_name",
     .value_name = "NAME",
     .fallback = "claude-code",
     .help = "service.name that Claude Code reports, for queries",
     .example = "claude-code",
     .commands = LINKS,
     .type = OPTION_STRING,
     FIELD(grafana.service_name),
     .advanced = true},

    {.flag = "theme",
     .section = "ui",
     .key = "theme",
     .value_name = "NAME",
     .fallback = "dark",
     .help = "colours: the name of a theme, or a file",
     .example = "light",
     .commands = SHOW,
     .type = OPTION_STRING,
     FIELD(theme)},
    {.flag = "color",
     .section = "ui",
     .key = "color",
     .value_name = "MODE",
     .choices = "auto|truecolor|256|16|mono",
     .fallback = "auto",
     .help = "how many colours to use; auto asks the terminal, and NO_COLOR",
     .example = "mono",
     .commands = SHOW,
     .type = OPTION_ENUM,
     FIELD(color)},
    {.flag = "ascii",
     .section = "ui",
     .key = "ascii",
     .value_name = "WHEN",
     .choices = "auto|on|off",
     .fallback = "auto",
     .help = "draw with ASCII only; auto asks the locale",
     .example = "on",
     .commands = SHOW,
     .type = OPTION_ENUM,
     FIELD(ascii)},
    {.flag = "mouse",
     .section = "ui",
     .key = "mouse",
     .fallback = "on",
     .help = "take the mouse; --no-mouse leaves it to the terminal's own selection",
     .example = "off",
     .commands = SHOW,
     .type = OPTION_BOOL,
     FIELD(mouse)},
    {.flag = "sort",
     .section = "ui",
     .key = "sort",
     .value_name = "KEY",
     .choices = "activity|state|name|cost|tokens|time",
     .fallback = "activity",
     .help = "by what sessions are sorted at first",
     .example = "cost",
     .commands = SHOW,
     .type = OPTION_ENUM,
     FIELD(sort)},

    LIMIT_BYTES(header_bytes, "header-bytes", "64KiB", MIB, "one request's headers together"),
    LIMIT_COUNT(header_count, "header-count", "100", FRAME_HEADERS_MAX, "headers in one request"),
    LIMIT_BYTES(body_bytes, "body-bytes", "64MiB", 64 * MIB, "one request's body as it is sent"),
    LIMIT_BYTES(inflated_bytes, "inflated-bytes", "64MiB", GIB, "one request's body after decompression"),
    LIMIT_COUNT(inflate_ratio, "inflate-ratio", "200", 1032, "decompressed size to sent size, past 1 MiB"),
    LIMIT_BYTES(budget_bytes, "budget-bytes", "256MiB", TIB, "all bodies in flight together"),
    LIMIT_COUNT(nesting, "nesting", "64", 256, "depth of an attribute's value"),
    LIMIT_COUNT(records, "records", "200000", 10000000, "log records, spans or points in one request"),
    LIMIT_COUNT(attributes, "attributes", "1024", 1000000, "attributes of one record, resource or scope"),
    LIMIT_COUNT(json_nodes, "json-nodes", "2000000", 100000000, "values in one JSON body"),
    LIMIT_COUNT(connections, "connections", "512", 65536, "connections open at once"),
    LIMIT_MS(header_ms, "header-time", "10s", "from a request's first byte to the end of its headers"),
    LIMIT_MS(idle_ms, "idle-time", "30s", "without a byte in the middle of a request or response"),
    LIMIT_MS(keepalive_ms, "keepalive-time", "2m", "between two requests"),
    LIMIT_MS(total_ms, "total-time", "2m", "one request from first byte to last"),

    {.flag = "once",
     .fallback = "off",
     .help = "print one snapshot and end; so does a run without a terminal",
     .commands = ON(RUN),
     .type = OPTION_BOOL,
     FIELD(once)},
    {.flag = "json",
     .fallback = "off",
     .help = "print JSON (schema 1) instead of text",
     .commands = ON(RUN) | ON(STATUS) | ON(REPLAY) | ON(DEMO),
     .type = OPTION_BOOL,
     FIELD(json)},
    {.flag = "window",
     .value_name = "TIME",
     .choices = "15m|5m|1m|all",
     .fallback = "15m",
     .help = "how far back rate, errors and durations are looked at in the JSON",
     .example = "5m",
     .commands = ON(RUN) | ON(STATUS) | ON(REPLAY) | ON(DEMO),
     .type = OPTION_ENUM,
     FIELD(window)},
    {.flag = "session",
     .value_name = "ID",
     .fallback = "last",
     .help = "the session, or \"last\" for the one heard of most recently",
     .example = "last",
     .commands = ON(LINK),
     .type = OPTION_STRING,
     FIELD(session)},
    {.flag = "turn",
     .value_name = "N",
     .fallback = "0",
     .help = "the session's turn of that number; 0 is the whole session",
     .example = "7",
     .commands = ON(LINK),
     .type = OPTION_INT,
     FIELD(turn),
     .max = INT32_MAX},
    {.flag = "open",
     .fallback = "off",
     .help = "open the link in a browser as well",
     .commands = ON(LINK),
     .type = OPTION_BOOL,
     FIELD(open)},
    {.flag = "speed",
     .value_name = "N",
     .fallback = "1",
     .help = "times real time; 0 does not wait at all",
     .example = "10",
     .commands = ON(REPLAY) | ON(DEMO),
     .type = OPTION_NUMBER,
     FIELD(speed),
     .max = 1000000},
    {.flag = "at",
     .value_name = "TIME",
     .fallback = "0",
     .help = "begin this far into the recording; with --json: print the state at that moment",
     .example = "90s",
     .commands = ON(REPLAY) | ON(DEMO),
     .type = OPTION_NS,
     FIELD(at_ns),
     .max = INT64_C(36500) * 24 * 3600 * NS_PER_SEC},
    {.flag = "statusline",
     .fallback = "off",
     .help = "with claude-top's status line, in place of one that you have",
     .commands = ON(SETUP),
     .type = OPTION_BOOL,
     FIELD(statusline)},
    {.flag = "print-env",
     .fallback = "off",
     .help = "print the variables for a shell's start-up file",
     .commands = ON(SETUP),
     .type = OPTION_BOOL,
     FIELD(print_env)},
};

const size_t option_count = sizeof option_table / sizeof option_table[0];
_Static_assert(sizeof option_table / sizeof option_table[0] <= OPTIONS_MAX, "raise OPTIONS_MAX");
_Static_assert(sizeof(struct options) <= UINT16_MAX, "offsets in the table have 16 bits");

const struct option_section option_sections[] = {
    {NULL, "This run"}, {"receiver", "Receiving"}, {"upstream", "Forwarding"},
    {"paths", "Files"}, {"journal", "Journal"},    {"grafana", "Grafana"},
    {"ui", "Screen"},   {"model", "Memory"},       {"limits", "Limits on senders"},
};
const size_t option_section_count = sizeof option_sections / sizeof option_sections[0];
