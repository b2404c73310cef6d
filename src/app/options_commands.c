#include "options_table.h"

const struct command_info command_table[COMMAND_COUNT] = {
    [COMMAND_RUN] =
        {
            .word = "",
            .args = "",
            .summary = "receive, forward and show",
            .text = "Receives the telemetry of Claude Code, forwards it to the upstream collector and shows "
                    "sessions, "
                    "turns and calls. When a collector of this user is running already, attaches to it as "
                    "one more "
                    "viewer.",
            .example = "claude-top --upstream-http http://127.0.0.1:14318",
            .example_says = "show what arrives and forward it to Alloy on port 14318",
        },
    [COMMAND_SERVE] =
        {
            .word = "serve",
            .args = "",
            .summary = "receive and forward, without a screen",
            .text = "For systemd --user, launchd or a spare terminal. Prints one line \"ready http=ADDR "
                    "grpc=ADDR "
                    "socket=PATH\" when it listens, and tells systemd so. SIGTERM ends it cleanly. Takes "
                    "sockets from "
                    "LISTEN_FDS.",
            .example = "claude-top serve --journal memory",
            .example_says = "leave no telemetry on disk",
        },
    [COMMAND_STATUS] =
        {
            .word = "status",
            .args = "",
            .summary = "print one snapshot of the running collector",
            .text =
                "Asks the running collector for what it knows and prints it as text or JSON, or with "
                "--format as one line for a status bar: that ends with 0 also when no collector runs, and "
                "takes some milliseconds.",
            .example = "claude-top status --json | jq .totals.cost_usd",
            .example_says = "what it cost so far",
        },
    [COMMAND_RECORD] =
        {
            .word = "record",
            .args = "FILE",
            .args_min = 1,
            .args_max = 1,
            .file_arg = true,
            .summary = "write what the running collector receives to a file",
            .text = "Writes every frame that arrives from now on to FILE, which must not exist, until it is "
                    "interrupted. "
                    "Recordings hold prompts and outputs as they were sent: look at them before you give "
                    "them away.",
            .example = "claude-top record bug.ctj",
            .example_says = "record until Ctrl-C",
        },
    [COMMAND_REPLAY] =
        {
            .word = "replay",
            .args = "FILE",
            .args_min = 1,
            .args_max = 1,
            .file_arg = true,
            .summary = "show a recording, with its own clock",
            .text =
                "Feeds a recording to the screen as if it happened now. Nothing is received and nothing is "
                "forwarded. With --json it prints the state at the recording's end, or at --at.",
            .example = "claude-top replay bug.ctj --speed 10 --at 5m",
            .example_says = "ten times as fast, from the fifth minute",
        },
    [COMMAND_DEMO] =
        {
            .word = "demo",
            .args = "",
            .summary = "show the recording that came with the program",
            .text = "The screen without Claude Code: a recording shipped with the program is replayed.",
            .example = "claude-top demo --speed 4",
            .example_says = "four times as fast",
        },
    [COMMAND_LINK] =
        {
            .word = "link",
            .args = "[KIND]",
            .choices = "tempo|loki|mimir|profiles|split|dashboard|fleet|red|cost|drilldown|drilldown_logs|"
                       "drilldown_metrics|drilldown_profiles|all",
            .args_max = 1,
            .summary = "print the Grafana deep link of a session, turn, call or row of the RED table",
            .text = "KIND is tempo (default), loki, mimir, profiles, split (trace and logs side by side); a "
                    "dashboard of "
                    "alloy/: dashboard (the session's), fleet, red, cost; one of Grafana's Drilldown apps: "
                    "drilldown (traces), "
                    "drilldown_logs, drilldown_metrics, drilldown_profiles; or all, which lists them.",
            .example = "claude-top link loki --session last --turn 7",
            .example_says = "the log lines of the last session's seventh turn",
        },
    [COMMAND_SETUP] =
        {
            .word = "setup",
            .args = "",
            .summary = "make Claude Code send its telemetry and hooks here",
            .text = "Shows, as a diff, what it would write into Claude Code's settings.json: telemetry by "
                    "OTLP, hooks, and, when asked for, a status line. --apply writes it, with a backup "
                    "beside the file; --remove takes out exactly what was added, gives back what stood "
                    "there, and leaves what you changed since. Everything else in the file stays as it is, "
                    "to the blank. A file that is no JSON is not touched.",
            .example = "claude-top setup --apply",
            .example_says = "for every Claude Code of this user; --project for one project",
        },
    [COMMAND_DOCTOR] =
        {
            .word = "doctor",
            .args = "",
            .summary = "look at everything between Claude Code and Grafana, and say what to do",
            .text =
                "Ports, the receiver by each protocol, upstreams (with an empty export), Grafana with its "
                "data sources and dashboards, what Claude Code is configured to send, what the running "
                "collector knows of its telemetry, disk, clock, versions, modes of files with secrets. "
                "Takes a few seconds at most and changes nothing. Ends with 0 when all is well, 1 when there "
                "is "
                "something to look at, 2 when something is wrong.",
            .example = "claude-top doctor --json | jq '.checks[] | select(.level != \"ok\")'",
            .example_says = "what is not well, for a script",
        },
    [COMMAND_THEMES] =
        {
            .word = "themes",
            .args = "[NAME]",
            .suggest = OPTION_THEMES,
            .args_max = 1,
            .summary = "show the themes, or say whether one is well made",
            .text =
                "Shows every theme, the built-in ones and those in $XDG_CONFIG_HOME/claude-top/themes, on a "
                "piece "
                "of the demo; with NAME (or the path of a file) that one on more of it, with each of its "
                "roles. "
                "Where the output is no terminal, it is a list, unless --color says otherwise. --check reads "
                "a "
                "theme of your own: ok, or one line that says what is wrong in which line, and which text is "
                "hard to read.",
            .example = "claude-top themes --check ~/.config/claude-top/themes/mine.ini",
            .example_says = "whether that file is a theme, and what of it is hard to read",
        },
    [COMMAND_HOOK] =
        {
            .word = "hook",
            .args = "",
            .summary = "hand a hook's JSON from standard input to the collector",
            .text =
                "A command hook for Claude Code: for SessionStart, which it does not send over HTTP, and for "
                "any "
                "other. Prints nothing, takes a millisecond, and ends with 0 whatever happens, also when no "
                "collector runs.",
            .example = "claude-top hook < hook.json",
            .example_says = "as Claude Code runs it",
        },
    [COMMAND_STATUSLINE] =
        {
            .word = "statusline",
            .args = "",
            .summary = "print a status line for Claude Code",
            .text =
                "Reads what Claude Code tells its status line command, prints it as one line (model, folder, "
                "context, cost, what is burned, limits) and hands it to the collector, from which the line's "
                "burn rates come. Waits 20 ms for that at most and ends with 0 whatever happens, also when "
                "no "
                "collector runs.",
            .example = "claude-top statusline < status.json",
            .example_says = "as Claude Code runs it",
        },
};

const struct option_meta option_metas[] = {
    {"help", 'h', NULL, "print this help", OPTIONS_HELP},
    {"help-all", 0, NULL, "print this help with all settings", OPTIONS_HELP},
    {"version", 'V', NULL, "print the version", OPTIONS_VERSION},
    {"print-config", 0, NULL, "print every setting as config.ini, with where it came from",
     OPTIONS_PRINT_CONFIG},
    {"print-keys", 0, NULL, "print every action of the screen with its keys, as config.ini has them",
     OPTIONS_PRINT_KEYS},
    {"completions", 0, "SHELL", "print completions for bash, zsh or fish", OPTIONS_COMPLETIONS},
    {"man", 0, NULL, "print the manual page's source (scdoc)", OPTIONS_MAN},
};
const size_t option_meta_count = sizeof option_metas / sizeof option_metas[0];

const struct exit_info exit_table[] = {
    {EXIT_CODE_OK, "all is well"},
    {EXIT_CODE_FAILURE, "it failed; the reason stands on stderr"},
    {EXIT_CODE_USAGE, "the command line, the environment or config.ini is wrong"},
    {EXIT_CODE_NOT_FOUND, "no such session, file or running collector"},
    {EXIT_CODE_BUSY, "a port, socket or folder is held by another process"},
};
const size_t exit_count = sizeof exit_table / sizeof exit_table[0];
