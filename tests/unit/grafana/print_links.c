/*
 * Builds one link from lines on stdin: kind, then session, trace, span, request, tool use and prompt ids and
 * the model in hex. Prints the URL, or the name of the error, one line each.
 */
#include "deeplink.h"

#include <stdio.h>

#define FIELDS    8
#define FIELD_MAX 4096

int main(void)
{
    static char line[FIELDS * (2 * FIELD_MAX + 1) + 1];
    static char bytes[FIELDS][FIELD_MAX];
    struct deeplink_config config;
    deeplink_config_init(&config);
    while (fgets(line, sizeof(line), stdin)) {
        struct slice field[FIELDS] = {{NULL, 0}};
        struct slice rest = slice_sub(slice_str(line), 0, slice_find(slice_str(line), '\n'));
        for (int i = 0; i < FIELDS; i++) {
            struct slice hex = slice_sub(rest, 0, slice_find(rest, ' '));
            rest = slice_sub(rest, hex.len + 1, rest.len);
            if (hex.len / 2 > FIELD_MAX || !slice_unhex(hex, (uint8_t *)bytes[i], hex.len / 2))
                return 2;
            field[i] = slice_make(bytes[i], hex.len / 2);
        }
        const struct deeplink_target target = {
            .session_id = field[1],
            .trace_id = field[2],
            .span_id = field[3],
            .request_id = field[4],
            .tool_use_id = field[5],
            .prompt_id = field[6],
            .model = field[7],
            .from_ns = INT64_C(1795348800000000000),
        };
        char name[16];
        enum deeplink_kind kind;
        struct buf url;
        snprintf(name, sizeof(name), "%.*s", SLICE_ARG(field[0]));
        if (!deeplink_kind_parse(name, &kind))
            return 2;
        buf_init(&url, DEEPLINK_URL_MAX);
        enum ct_err err = deeplink_build(&config, kind, &target, &url);
        printf("%.*s\n", SLICE_ARG(err ? slice_str(ct_err_name(err)) : buf_slice(&url)));
        buf_finish(&url);
    }
    return 0;
}
