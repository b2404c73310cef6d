#define _XOPEN_SOURCE 700 /* SIGXFSZ */
#include "commands.h"
#include "keys.h"
#include "version.h"

#include <curl/curl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define OUTPUT_MAX (16u * 1024u * 1024u)

static const command_fn commands[COMMAND_COUNT] = {
    [COMMAND_RUN] = command_run,       [COMMAND_SERVE] = command_serve,
    [COMMAND_STATUS] = command_status, [COMMAND_RECORD] = command_record,
    [COMMAND_REPLAY] = command_replay, [COMMAND_DEMO] = command_demo,
    [COMMAND_LINK] = command_link,     [COMMAND_SETUP] = command_setup,
    [COMMAND_DOCTOR] = command_doctor, [COMMAND_THEMES] = command_themes,
    [COMMAND_HOOK] = command_hook,     [COMMAND_STATUSLINE] = command_statusline,
};

enum exit_code command_fail(enum ct_err err, const struct ct_errmsg *msg)
{
    fprintf(stderr, "claude-top: %s\n", msg->text);
    return options_exit_code(err);
}

/* Everything that is text on stdout and needs no command. */
static enum ct_err print_text(const struct options *o, struct buf *out, struct ct_errmsg *msg)
{
    switch (o->action) {
    case OPTIONS_HELP:
        return options_print_help(o, out);
    case OPTIONS_VERSION:
        return buf_printf(out, "claude-top %s\n", CT_VERSION);
    case OPTIONS_PRINT_CONFIG:
        return options_print_config(o, out);
    case OPTIONS_PRINT_KEYS:
        return keys_print(o, out, msg);
    case OPTIONS_COMPLETIONS:
        return options_print_completions((enum shell_choice)o->shell, out);
    case OPTIONS_MAN:
        return options_print_man(CT_VERSION, out);
    case OPTIONS_RUN:
        break;
    }
    return CT_OK;
}

int main(int argc, char **argv)
{
    struct options options;
    struct ct_errmsg msg;
    enum exit_code code = EXIT_CODE_OK;
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is then an error like a full disk */
    umask(077);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    options_init(&options);
    enum ct_err err = options_parse(&options, argc, (const char *const *)argv, &env_process, &msg);
    if (options.warnings.len)
        fwrite(options.warnings.data, 1, options.warnings.len, stderr);
    if (err) {
        code = command_fail(err, &msg);
    } else if (options.action != OPTIONS_RUN) {
        struct buf out;
        buf_init(&out, OUTPUT_MAX);
        err = print_text(&options, &out, &msg);
        if (err && options.action == OPTIONS_PRINT_KEYS)
            code = command_fail(err, &msg);
        else if (err || fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout))
            code = EXIT_CODE_FAILURE;
        buf_finish(&out);
    } else {
        code = commands[options.command](&options);
    }
    options_finish(&options);
    curl_global_cleanup();
    return (int)code;
}
