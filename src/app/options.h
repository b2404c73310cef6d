/*
 * options.h - everything that a user can set, with its value and where the value came from.
 *
 * Precedence: built-in < config.ini < environment < flags. All settings stand in one table (options_table.h),
 * from which parsing, --help, --print-config, the completions and the man page are made.
 *
 * The environment variable of a setting is CLAUDE_TOP_ and its flag's name: --upstream-http is
 * CLAUDE_TOP_UPSTREAM_HTTP. Of a further destination that config.ini or a flag names, the name is appended in
 * capitals: CLAUDE_TOP_UPSTREAM_HEADER_CLOUD; as a flag its values begin with NAME=. OpenTelemetry's own
 * OTEL_EXPORTER_OTLP_* variables are never read: in the shell of somebody who uses this program they say
 * where Claude Code sends its telemetry, which is here, and an upstream that is ourselves would be a loop.
 * With our prefix they are understood, for the upstream: CLAUDE_TOP_OTEL_EXPORTER_OTLP_ENDPOINT  the base URL
 *   CLAUDE_TOP_OTEL_EXPORTER_OTLP_PROTOCOL  grpc: it is the gRPC upstream; http/protobuf (default),
 * http/json: HTTP CLAUDE_TOP_UPSTREAM_* wins over both. The endpoints of single signals (…_TRACES_ENDPOINT)
 * are answered with a warning, because one upstream takes all signals. NO_COLOR is heeded by the terminal
 * while color is "auto".
 */
#ifndef CT_APP_OPTIONS_H
#define CT_APP_OPTIONS_H

#include "alerts.h"
#include "buf.h"
#include "deeplink.h"
#include "errors.h"
#include "journal.h"
#include "otlp_limits.h"
#include "paths.h"

enum command {
    COMMAND_RUN, /* no command word */
    COMMAND_SERVE,
    COMMAND_STATUS,
    COMMAND_RECORD,
    COMMAND_REPLAY,
    COMMAND_DEMO,
    COMMAND_LINK,
    COMMAND_SETUP,
    COMMAND_DOCTOR,
    COMMAND_THEMES,
    COMMAND_HOOK,
    COMMAND_STATUSLINE,
    COMMAND_COUNT
};

/* What is asked for; everything but OPTIONS_RUN is text on stdout and needs no settings. */
enum options_action {
    OPTIONS_RUN,
    OPTIONS_HELP, /* options_print_help() */
    OPTIONS_VERSION,
    OPTIONS_PRINT_CONFIG, /* options_print_config() */
    OPTIONS_PRINT_KEYS,   /* keys_print() of keys.h */
    OPTIONS_COMPLETIONS,  /* options_print_completions() */
    OPTIONS_MAN,          /* options_print_man() */
};

/* Exit codes of the program. */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILURE = 1,
    EXIT_CODE_USAGE = 2,     /* the command line or config.ini is wrong */
    EXIT_CODE_NOT_FOUND = 3, /* no such session, file or running collector */
    EXIT_CODE_BUSY = 4,      /* a port, socket or folder is held by another process */
};

enum exit_code options_exit_code(enum ct_err err);

enum journal_mode { JOURNAL_MODE_DISK, JOURNAL_MODE_MEMORY };
enum color_choice {
    COLOR_CHOICE_AUTO,
    COLOR_CHOICE_TRUE,
    COLOR_CHOICE_256,
    COLOR_CHOICE_16,
    COLOR_CHOICE_MONO
};
enum ascii_choice { ASCII_AUTO, ASCII_ON, ASCII_OFF };
enum dump_choice { DUMP_OFF, DUMP_GRID, DUMP_ANSI, DUMP_SVG };
enum shell_choice { SHELL_BASH, SHELL_ZSH, SHELL_FISH };

#define OPTIONS_MAX      160 /* rows in the table; checked when it is compiled */
#define OPTIONS_ARGS_MAX 2   /* positional arguments of one command */

enum option_origin { ORIGIN_BUILT_IN, ORIGIN_FILE, ORIGIN_ENV, ORIGIN_FLAG };

struct option_source {
    enum option_origin origin;
    unsigned line;        /* ORIGIN_FILE */
    const char *env_name; /* ORIGIN_ENV */
};

/* A line of config.ini's [keys] section; what it means is the keymap's matter. */
struct option_binding {
    const char *action;
    const char *keys;
    unsigned line;
};

#define OPTION_BINDINGS_MAX 256

enum upstream_from { UPSTREAM_FROM_AUTO, UPSTREAM_FROM_NOW, UPSTREAM_FROM_OLDEST };

/* Section [upstream]: one destination of what is forwarded. Strings as in struct options. */
struct upstream_options {
    const char *http; /* base URLs; without either nothing is forwarded */
    const char *grpc;
    bool convert;        /* one of the two takes what came by the other transport */
    int signals;         /* bit 1 << index into the row's choices: which signals it takes */
    int from;            /* enum upstream_from: where it begins when it was never there before */
    const char *headers; /* OPTION_LIST of "Name: value" */
    const char *ca;      /* files; "~/" is expanded */
    const char *cert;
    const char *key;
    uint32_t connect_timeout_ms; /* as in struct tee_config */
    uint32_t request_timeout_ms;
    uint32_t backoff_first_ms;
    uint32_t backoff_max_ms;
    uint32_t retry_after_max_ms;
    uint32_t connection_age_ms;
    uint32_t poison_attempts;
    uint32_t poison_after_ms;
    size_t response_bytes_max;
};

/* Destinations together, [upstream] included: each costs a reader and some connections. */
#define OPTIONS_DESTINATIONS_MAX 8
#define OPTIONS_UPSTREAMS_MAX    (OPTIONS_DESTINATIONS_MAX - 1)

/* Small letters, digits and '-'; it becomes part of a cursor's file name. */
#define OPTION_UPSTREAM_NAME_MAX 20

/* Section [upstream NAME]: what it does not say is taken from [upstream], but for what is one's own
 * (struct option): an address, a header or a key is never taken over from another destination. */
struct option_upstream {
    const char *name;
    struct option_source first; /* where it was first named */
    struct upstream_options set;
    struct option_source sources[OPTIONS_MAX];
};

/* Strings are never NULL; "" is "not set". All of them live in the arena. */
struct options {
    enum options_action action;
    enum command command;
    const char *program;                /* as whom we were started: a path from the root, else "claude-top" */
    const char *args[OPTIONS_ARGS_MAX]; /* FILE, KIND; NULL when not given */
    int arg_count;
    bool help_all; /* OPTIONS_HELP: the seldom used ones too */
    int shell;     /* OPTIONS_COMPLETIONS: enum shell_choice */

    const char *config; /* the file that was looked for */
    bool config_found;  /* and it was there */
    const char *state_dir;
    const char *socket;

    const char *http; /* listening addresses; "" does not listen */
    const char *grpc;
    const char *allowed_hosts; /* OPTION_LIST */
    const char *token;         /* what senders have to show; token_read() knows it from either */
    const char *token_file;
    bool token_on_loopback;
    bool allow_unauthenticated;
    const char *tls_cert; /* files */
    const char *tls_key;
    const char *tls_client_ca;
    struct otlp_limits limits;

    struct upstream_options upstream;                         /* the destination that needs no name */
    struct option_upstream *upstreams[OPTIONS_UPSTREAMS_MAX]; /* the further ones, in order of appearance */
    size_t upstream_count;

    int journal_mode; /* enum journal_mode */
    uint64_t journal_max_bytes;
    uint64_t journal_segment_bytes;
    int64_t journal_max_age_ns;
    int journal_fsync; /* enum journal_fsync */

    size_t model_max_bytes;
    int turn_boundary_mode; /* enum turn_mode */
    int64_t turn_idle_end_ns;
    int session_id_policy;  /* enum session_id_policy */
    int synthesize;         /* enum trace_synthesize */
    int synthesize_content; /* enum trace_content */
    int64_t synthesize_delay_ns;
    int64_t session_id_buffer_max_ns;
    size_t session_id_buffer_max_spans;
    const char *prices; /* the user's prices.ini */
    bool prices_asked_for;
    struct deeplink_config grafana;
    const char *grafana_token; /* grafana_token_read() knows it from either */
    const char *grafana_token_file;
    int64_t grafana_cache_ns;

    const char *theme;
    const char *check; /* of the command themes: a file; "": none */
    int color;         /* enum color_choice */
    int ascii;         /* enum ascii_choice */
    bool mouse;
    int sort;            /* enum ui_sort */
    const char *columns; /* column_set of columns.h, as text */
    bool attention_highlight;
    bool attention_title;
    int attention_bell, attention_notify; /* enum ui_when */
    int attention_notify_by;              /* enum term_notify */
    int64_t attention_again_ns;
    struct alert_limits alerts;
    struct option_binding bindings[OPTION_BINDINGS_MAX];
    size_t binding_count;

    const char *cwd;    /* the folder whose project's sessions are shown; "": all */
    const char *format; /* status: a template (status_format.h); "" is not given */
    bool watch;         /* status: a line whenever it changes */
    bool take_over;     /* a viewer takes the ports when their owner goes */
    bool take_over_now; /* and asks the owner to go */
    int view;           /* enum ui_view_id */
    const char *filter; /* as filter.h reads it */
    int dump;           /* enum dump_choice */
    const char *size;   /* "COLSxROWS", for dump */
    const char *keys;   /* as key_script_next() reads them, for dump */

    bool once;
    bool json;
    bool open;
    bool print_env; /* of `setup`: */
    bool print_json;
    bool apply;
    bool remove;
    bool project;
    bool local;
    bool details;
    bool traceparent;
    bool adopt_upstream;
    bool drop_upstream;
    bool statusline;
    const char *client_version;
    const char *then;    /* of `statusline` */
    int window;          /* enum red_window (status_json.h) */
    const char *session; /* id, "last" or "all" */
    int64_t turn;        /* 0: not given */
    const char *call;    /* of `link`: an id; these may be "" */
    const char *link_model;
    const char *link_tool;
    bool errors;
    double speed;  /* 0: as fast as it goes */
    int64_t at_ns; /* from the recording's first frame */

    struct option_source sources[OPTIONS_MAX];
    struct buf warnings; /* lines for stderr, each with its newline */
    struct arena arena;
};

/* Both are needed whatever options_parse() returned. */
void options_init(struct options *o);
void options_finish(struct options *o);

/*
 * argv[0] is skipped. CT_ERR_USAGE with the words for stderr when a flag, variable or config.ini is wrong.
 * With an action other than OPTIONS_RUN and OPTIONS_PRINT_… neither config.ini nor the environment is
 * looked at.
 */
enum ct_err options_parse(struct options *o, int argc, const char *const *argv, const struct env *env,
                          struct ct_errmsg *msg);

/*
 * Texts for stdout; they depend on the table only, but for --print-config. That one holds no secret: what it
 * leaves out (tokens, values of headers, passwords in URLs) is *** in a line that is a comment.
 */
enum ct_err options_print_help(const struct options *o, struct buf *out);
enum ct_err options_print_config(const struct options *o, struct buf *out);
enum ct_err options_print_completions(enum shell_choice shell, struct buf *out);
enum ct_err options_print_man(const char *version, struct buf *out); /* scdoc's input language */

#endif
