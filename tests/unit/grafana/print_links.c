/*
 * Builds one link from each line on stdin: fields "name:HEX" with a blank between them, the names those of
 * struct deeplink_target and struct deeplink_config, and kind. Prints the URL, what it leaves out behind a
 * blank, or the name of the error.
 */
#include "deeplink.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELDS    24
#define FIELD_MAX 4096

struct field {
    struct slice name, value;
};

static struct slice get(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq_str(fields[i].name, name))
            return fields[i].value;
    return SLICE_NULL;
}

/* The value with a NUL behind it, or fallback when it is not there. */
static const char *string(const struct field *fields, size_t count, const char *name, const char *fallback)
{
    struct slice value = get(fields, count, name);
    return value.ptr ? value.ptr : fallback;
}

static size_t take_fields(struct slice line, struct field *fields, char (*bytes)[FIELD_MAX + 1])
{
    size_t count = 0;
    while (line.len) {
        struct slice item = slice_sub(line, 0, slice_find(line, ' '));
        size_t colon = slice_find(item, ':');
        struct slice hex = slice_sub(item, colon + 1, item.len);
        line = slice_sub(line, item.len + 1, line.len);
        if (count == FIELDS || hex.len / 2 > FIELD_MAX ||
            !slice_unhex(hex, (uint8_t *)bytes[count], hex.len / 2))
            exit(2);
        bytes[count][hex.len / 2] = '\0';
        fields[count].name = slice_sub(item, 0, colon);
        fields[count].value = slice_make(bytes[count], hex.len / 2);
        count++;
    }
    return count;
}

static void print_link(const struct field *f, size_t n)
{
    struct deeplink_config config;
    deeplink_config_init(&config);
    config.root_url = string(f, n, "root_url", config.root_url);
    config.org_id = string(f, n, "org_id", config.org_id);
    config.version = string(f, n, "version", config.version);
    config.tempo_uid = string(f, n, "tempo_uid", config.tempo_uid);
    config.loki_uid = string(f, n, "loki_uid", config.loki_uid);
    config.service_name = string(f, n, "service_name", config.service_name);
    const struct deeplink_target target = {
        .session_id = get(f, n, "session_id"),
        .trace_id = get(f, n, "trace_id"),
        .span_id = get(f, n, "span_id"),
        .request_id = get(f, n, "request_id"),
        .tool_use_id = get(f, n, "tool_use_id"),
        .agent_id = get(f, n, "agent_id"),
        .prompt_id = get(f, n, "prompt_id"),
        .turn_number = strtoll(string(f, n, "turn_number", "0"), NULL, 10),
        .model = get(f, n, "model"),
        .tool = get(f, n, "tool"),
        .mcp_server = get(f, n, "mcp_server"),
        .agent_type = get(f, n, "agent_type"),
        .profile_id = get(f, n, "profile_id"),
        .errors = get(f, n, "errors").len > 0,
        .from_ns = strtoll(string(f, n, "from_ns", "1795348800000000000"), NULL, 10),
        .to_ns = strtoll(string(f, n, "to_ns", "0"), NULL, 10),
    };
    enum deeplink_kind kind;
    struct buf url;
    const char *left_out = NULL;
    if (!deeplink_kind_parse(string(f, n, "kind", ""), &kind))
        exit(2);
    buf_init(&url, DEEPLINK_LONG_MAX);
    enum ct_err err = get(f, n, "long").len ? deeplink_build_long(&config, kind, &target, &url)
                                            : deeplink_make(&config, kind, &target, &url, &left_out);
    printf("%.*s %s\n", SLICE_ARG(err ? slice_str(ct_err_name(err)) : buf_slice(&url)),
           left_out ? left_out : "");
    buf_finish(&url);
}

int main(void)
{
    static char line[FIELDS * (2 * FIELD_MAX + 32)];
    static char bytes[FIELDS][FIELD_MAX + 1];
    struct field fields[FIELDS];
    while (fgets(line, sizeof(line), stdin)) {
        struct slice text = slice_sub(slice_str(line), 0, slice_find(slice_str(line), '\n'));
        print_link(fields, take_fields(text, fields, bytes));
    }
    return 0;
}
