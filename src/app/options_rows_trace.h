/*
 * options_rows_trace.h - rows of options_table.c: traces that we make. For that file alone.
 */
/* clang-format off: these are initialisers without their braces */
{.flag = "synthesize",
 .section = "trace",
 .key = "synthesize",
 .value_name = "WHEN",
 .choices = "auto|always|never",
 .fallback = "auto",
 .help = "make traces of sessions and send them to the upstreams that take traces: auto, of sessions that "
         "send no spans themselves",
 .example = "never",
 .commands = COLLECT | SHOW | ON(STATUS) | ON(LINK) | ON(RECORD),
 .type = OPTION_ENUM,
 FIELD(synthesize)},
    {.flag = "synthesize-delay",
     .section = "trace",
     .key = "delay",
     .value_name = "TIME",
     .fallback = "10s",
     .help =
         "a turn becomes spans this long after it ended, when what the client says of it has come: longer "
         "than the interval at which it exports logs",
     .example = "30s",
     .commands = COLLECT,
     .type = OPTION_NS,
     FIELD(synthesize_delay_ns),
     .max = MAX_MS * NS_PER_MS,
     .advanced = true},
    {.flag = "synthesize-content",
     .section = "trace",
     .key = "content",
     .value_name = "WHEN",
     .choices = "auto|always|never",
     .fallback = "auto",
     .help = "prompts, commands and paths in these traces: auto, where the client's own telemetry has them; "
             "what hooks alone tell stays here",
     .example = "never",
     .commands = COLLECT,
     .type = OPTION_ENUM,
     FIELD(synthesize_content),
     .advanced = true},
