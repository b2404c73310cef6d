/* setup: what Claude Code needs to be told. */
#include "commands.h"

#include <stdio.h>

struct variable {
    const char *name;
    const char *value; /* NULL: our address */
    const char *why;   /* a comment before it */
    bool optional;
};

static const struct variable variables[] = {
    {"CLAUDE_CODE_ENABLE_TELEMETRY", "1", "Telemetry on, every signal to claude-top.", false},
    {"OTEL_METRICS_EXPORTER", "otlp", NULL, false},
    {"OTEL_LOGS_EXPORTER", "otlp", NULL, false},
    {"OTEL_TRACES_EXPORTER", "otlp", NULL, false},
    {"CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "1", "Spans are a beta feature of Claude Code.", false},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", NULL, false},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL, NULL, false},
    {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative",
     "Prometheus and Mimir lose Claude Code's delta metrics silently.", false},
    {"OTEL_LOG_USER_PROMPTS", "1",
     "Without these, prompts and tool arguments are withheld. Take the # away to see them.", true},
    {"OTEL_LOG_TOOL_DETAILS", "1", NULL, true},
};

/* An address to connect to, from the one to listen on. */
static void endpoint(const struct options *o, char *out, size_t cap)
{
    struct slice address = slice_str(o->http);
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    struct slice host = slice_sub(address, 0, colon ? colon - 1 : 0),
                 port = slice_sub(address, colon, address.len);
    if (slice_eq_str(host, "0.0.0.0") || host.len == 0)
        host = SLICE_LIT("127.0.0.1");
    if (slice_eq_str(host, "[::]"))
        host = SLICE_LIT("[::1]");
    snprintf(out, cap, "http://%.*s:%.*s", SLICE_ARG(host), SLICE_ARG(port));
}

enum exit_code command_setup(const struct options *o)
{
    char url[256];
    struct ct_errmsg msg;
    if (o->http[0] == '\0' || slice_eq_str(slice_sub(slice_str(o->http), strlen(o->http) - 2, 2), ":0"))
        return command_fail(
            ct_fail(&msg, CT_ERR_USAGE, "setup needs the port that claude-top listens on: --http ADDR:PORT"),
            &msg);
    endpoint(o, url, sizeof url);
    if (!o->print_env)
        printf("# Put these lines where Claude Code is started from (a shell's start-up file), or use\n"
               "#   eval \"$(claude-top setup --print-env)\"\n");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const struct variable *v = &variables[i];
        if (v->why)
            printf("# %s\n", v->why);
        printf("%sexport %s=%s\n", v->optional ? "#" : "", v->name, v->value ? v->value : url);
    }
    return EXIT_CODE_OK;
}
