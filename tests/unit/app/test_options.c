#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "options_table.h"
#include "options_value.h"

#include "clock.h"

static struct options o;
static struct ct_errmsg msg;

static int setup(void **state)
{
    memset(&msg, 0, sizeof msg);
    options_init(&o);
    return make_temp_dir(state);
}

static int teardown(void **state)
{
    options_finish(&o);
    return remove_temp_dir(state);
}

/* A command line in one string, split at blanks. */
static enum ct_err parse_env(struct env env, const char *line)
{
    static char copy[8192];
    const char *argv[32] = {"claude-top"};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    options_finish(&o);
    options_init(&o);
    return options_parse(&o, argc, argv, &env, &msg);
}

static enum ct_err parse(const char *line)
{
    return parse_env(FAKE_ENV("HOME", "/nonexistent"), line);
}

static void assert_usage(const char *line, const char *words)
{
    enum ct_err err = parse(line);
    if (err != CT_ERR_USAGE || !strstr(msg.text, words))
        fail_msg("claude-top %s: %s: %s (expected: %s)", line, ct_err_name(err), msg.text, words);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse(""), CT_OK);
    assert_int_equal(o.command, COMMAND_RUN);
    assert_string_equal(o.http, "127.0.0.1:4318");
    assert_string_equal(o.upstream.http, "");
    assert_string_equal(o.state_dir, "/nonexistent/.local/state/claude-top");
    assert_string_equal(o.socket, "/nonexistent/.local/state/claude-top/claude-top.sock");
    assert_string_equal(o.config, "/nonexistent/.config/claude-top/config.ini");
    assert_false(o.config_found);
    assert_true(o.mouse);
    assert_int_equal(o.warnings.len, 0);
}

static void test_flag_spellings(void **state)
{
    (void)state;
    assert_int_equal(parse("serve --http 127.0.0.1:0 --grpc=[::1]:5 --journal memory --journal-max-age=36h"),
                     CT_OK);
    assert_int_equal(o.command, COMMAND_SERVE);
    assert_string_equal(o.http, "127.0.0.1:0");
    assert_string_equal(o.grpc, "[::1]:5");
    assert_int_equal(o.journal_mode, JOURNAL_MODE_MEMORY);
    assert_int_equal(o.journal_max_age_ns, 36 * 3600 * NS_PER_SEC);
    assert_int_equal(parse("--no-mouse --grpc= --once --json"), CT_OK);
    assert_false(o.mouse);
    assert_string_equal(o.grpc, "");
    assert_true(o.once && o.json);
    assert_int_equal(parse("--mouse=off --mouse"), CT_OK);
    assert_true(o.mouse);
}

static void test_flags_before_the_command(void **state)
{
    (void)state;
    assert_int_equal(parse("--socket /tmp/x.sock status --json"), CT_OK);
    assert_int_equal(o.command, COMMAND_STATUS);
    assert_string_equal(o.socket, "/tmp/x.sock");
}

static void test_arguments(void **state)
{
    (void)state;
    assert_int_equal(parse("replay a.ctj --speed 2.5 --at 90s"), CT_OK);
    assert_string_equal(o.args[0], "a.ctj");
    assert_int_equal(o.arg_count, 1);
    assert_true(o.speed > 2.4 && o.speed < 2.6);
    assert_int_equal(o.at_ns, 90 * NS_PER_SEC);
    assert_int_equal(parse("replay -- --odd-name"), CT_OK);
    assert_string_equal(o.args[0], "--odd-name");
    assert_int_equal(parse("link loki --session abc --turn 7 --open"), CT_OK);
    assert_string_equal(o.args[0], "loki");
    assert_string_equal(o.session, "abc");
    assert_int_equal(o.turn, 7);
    assert_true(o.open);
    assert_int_equal(parse("link"), CT_OK);
    assert_null(o.args[0]);
    assert_string_equal(o.session, "last");
}

static void test_mistakes(void **state)
{
    (void)state;
    assert_usage("--htpp 1:2", "did you mean --http?");
    assert_usage("--no-http", "--no-http is not an option");
    assert_usage("--nonsense-beyond-recognition", "--help-all");
    assert_usage("-x", "-x is not an option");
    assert_usage("serv", "did you mean claude-top serve?");
    assert_usage("qqq", "see claude-top --help");
    assert_usage("replay", "wants FILE, for example: claude-top replay");
    assert_usage("replay a b", "what is b?");
    assert_usage("serve x", "no arguments: what is x?");
    assert_usage("link nowhere", "tempo|loki|mimir|profiles");
    assert_usage("serve --json",
                 "--json means nothing to claude-top serve; it belongs to claude-top, claude-top status");
    assert_usage("--http", "--http wants a value: --http ADDR");
    assert_usage("--http --grpc x:1", "--http wants a value");
    assert_usage("--help=x", "takes no value");
    assert_usage("--http 4318", "--http wants an address such as 127.0.0.1:4318, not \"4318\"");
    assert_usage("--http x:99999", "wants an address");
    assert_usage("--upstream-http localhost:4318", "wants a URL");
    assert_usage("--journal-max-bytes 10", "must be 1MiB to");
    assert_usage("--journal-max-bytes lots", "wants a size such as 64MiB, not \"lots\"");
    assert_usage("--journal-max-age 5", "wants a time");
    assert_usage("--journal tape", "wants one of disk|memory, not \"tape\"");
    assert_usage("--mouse=maybe", "wants on or off");
    assert_usage("replay f --speed -1", "wants a number");
    assert_usage("replay f --speed nan", "wants a number");
    assert_usage("link --turn -1", "must be 0 to");
    assert_usage("link --turn 99999999999999999999", "a whole number");
    assert_usage("--limit-header-count 1000", "must be 1 to 128");
    assert_usage("--config /does/not/exist.ini", "cannot read /does/not/exist.ini");
    assert_usage("--journal-segment-bytes 2GiB", "must not be larger than journal-max-bytes");
    assert_usage("--completions tcsh", "bash, zsh or fish");
}

/* Texts need no settings: they work with a broken config.ini. */
static void test_actions(void **state)
{
    (void)state;
    assert_int_equal(parse("--help --config /does/not/exist"), CT_OK);
    assert_int_equal(o.action, OPTIONS_HELP);
    assert_int_equal(parse("replay -h"), CT_OK);
    assert_int_equal(o.action, OPTIONS_HELP);
    assert_int_equal(o.command, COMMAND_REPLAY);
    assert_int_equal(parse("-V"), CT_OK);
    assert_int_equal(o.action, OPTIONS_VERSION);
    assert_int_equal(parse("--man"), CT_OK);
    assert_int_equal(o.action, OPTIONS_MAN);
    assert_int_equal(parse("--completions fish"), CT_OK);
    assert_int_equal(o.action, OPTIONS_COMPLETIONS);
    assert_int_equal(o.shell, SHELL_FISH);
    assert_int_equal(parse("serve --help-all"), CT_OK);
    assert_true(o.help_all);
    assert_int_equal(parse("replay --print-config"), CT_OK);
    assert_int_equal(o.action, OPTIONS_PRINT_CONFIG);
}

static void test_precedence(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    write_file(path,
               "[receiver]\nhttp = 127.0.0.1:1\ngrpc = 127.0.0.1:1\n[upstream]\nhttp = http://file:9\n"
               "[ui]\nmouse = no\n",
               0600);
    struct env env = FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path, "CLAUDE_TOP_GRPC", "127.0.0.1:2",
                              "CLAUDE_TOP_UPSTREAM_HTTP", "http://env:9", "CLAUDE_TOP_JOURNAL", "memory");
    assert_int_equal(parse_env(env, "--upstream-http http://flag:9"), CT_OK);
    assert_true(o.config_found);
    assert_string_equal(o.http, "127.0.0.1:1");
    assert_string_equal(o.grpc, "127.0.0.1:2");
    assert_string_equal(o.upstream.http, "http://flag:9");
    assert_int_equal(o.journal_mode, JOURNAL_MODE_MEMORY);
    assert_false(o.mouse);

    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(options_print_config(&o, &out), CT_OK);
    char line[300];
    snprintf(line, sizeof line, "c.ini:2\n");
    assert_contains(out.data, line);
    assert_contains(out.data, "; CLAUDE_TOP_GRPC\n");
    assert_contains(out.data, "; --upstream-http\n");
    assert_contains(out.data, "; built-in\n");
    buf_finish(&out);
}

static void test_config_flag_wins(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    char line[4300];
    write_file(path, "[ui]\ntheme = x\n", 0600);
    snprintf(line, sizeof line, "--config %s", path);
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", "/does/not/exist"), line), CT_OK);
    assert_string_equal(o.theme, "x");
    assert_string_equal(o.config, path);
}

/* What --print-config prints, read as config.ini, is the same settings. */
static void test_print_config_is_a_config(void **state)
{
    struct buf text;
    char line[4300];
    buf_init(&text, 1 << 16);
    assert_int_equal(
        parse("--color 16 --limit-idle-time 1500ms --journal-max-age 90m --no-mouse --upstream-http "
              "http://u:1/x?y=z --journal-max-bytes 150000000"),
        CT_OK);
    assert_int_equal(options_print_config(&o, &text), CT_OK);
    const char *path = temp_path(*state, "c.ini");
    snprintf(line, sizeof line, "--config %s", path);
    write_file(path, text.data, 0600);
    assert_int_equal(parse(line), CT_OK);
    assert_int_equal(o.warnings.len, 0);
    assert_int_equal(o.limits.idle_ms, 1500);
    assert_int_equal(o.color, COLOR_CHOICE_16);
    for (size_t i = 0; i < option_count; i++) {
        if (!option_table[i].key)
            continue;
        assert_int_equal(o.sources[i].origin, ORIGIN_FILE);
    }
    assert_int_equal(o.journal_max_bytes, 150000000);
    assert_string_equal(o.upstream.http, "http://u:1/x?y=z");
    buf_finish(&text);
}

static void test_config_warnings(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    char line[4300];
    write_file(path, "[ui]\ntehme = x\nqqqqqqqq = 1\n[recever]\nhttp = 1\n[keys]\nquit = q F10\n", 0600);
    snprintf(line, sizeof line, "--config %s", path);
    assert_int_equal(parse(line), CT_OK);
    const char *warnings = buf_cstr(&o.warnings);
    assert_contains(warnings, "c.ini:2: tehme is not known: did you mean theme?\n");
    assert_contains(warnings, "c.ini:3: qqqqqqqq is not known and does nothing\n");
    assert_contains(warnings, "c.ini:5: [recever] is not known: did you mean [receiver]?\n");
    assert_int_equal(o.binding_count, 1);
    assert_string_equal(o.bindings[0].action, "quit");
    assert_string_equal(o.bindings[0].keys, "q F10");
    assert_int_equal(o.bindings[0].line, 7);
    write_file(path, "[ui]\n\ncolor = pink\n", 0600);
    assert_int_equal(parse(line), CT_ERR_USAGE);
    assert_contains(msg.text, "c.ini:3: color wants one of auto|truecolor|256|16|mono, not \"pink\"");
}

/* Keys of [limits] are named as in struct otlp_limits; those in _ms take bare milliseconds. */
static void test_limits(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    char line[4300];
    write_file(path, "[limits]\nheader_ms = 250\nidle_ms = 2s\nbody_bytes = 1M\nnesting = 8\n", 0600);
    snprintf(line, sizeof line, "--config %s", path);
    assert_int_equal(parse(line), CT_OK);
    assert_int_equal(o.limits.header_ms, 250);
    assert_int_equal(o.limits.idle_ms, 2000);
    assert_int_equal(o.limits.body_bytes, 1 << 20);
    assert_int_equal(o.limits.nesting, 8);
}

static void test_otel_names(void **state)
{
    (void)state;
    /* The user's own variables point at us: they are for Claude Code. */
    assert_int_equal(
        parse_env(FAKE_ENV("HOME", "/h", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318",
                           "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4318/v1/traces"),
                  ""),
        CT_OK);
    assert_string_equal(o.upstream.http, "");
    assert_string_equal(o.upstream.grpc, "");
    assert_int_equal(o.warnings.len, 0);
    assert_int_equal(
        parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:4318"), ""),
        CT_OK);
    assert_string_equal(o.upstream.http, "http://alloy:4318");
    assert_int_equal(
        parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:4317",
                           "CLAUDE_TOP_OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "CLAUDE_TOP_UPSTREAM_HTTP",
                           "http://other:1", "CLAUDE_TOP_OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t"),
                  ""),
        CT_OK);
    assert_string_equal(o.upstream.grpc, "http://alloy:4317");
    assert_string_equal(o.upstream.http, "http://other:1");
    assert_contains(buf_cstr(&o.warnings), "TRACES_ENDPOINT does nothing");
    assert_int_equal(
        parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_OTEL_EXPORTER_OTLP_ENDPOINT", "http://alloy:4317",
                           "CLAUDE_TOP_OTEL_EXPORTER_OTLP_PROTOCOL", "smoke"),
                  ""),
        CT_ERR_USAGE);
}

static void test_loops(void **state)
{
    (void)state;
    assert_usage("--upstream-http http://localhost:4318", "where claude-top itself listens");
    assert_usage("--upstream-grpc http://127.0.0.1:4318/x", "where claude-top itself listens");
    assert_usage("--http [::1]:80 --upstream-http http://localhost", "where claude-top itself listens");
    assert_int_equal(parse("--upstream-http http://localhost:14318"), CT_OK);
    assert_int_equal(parse("--upstream-http http://alloy:4318"), CT_OK);
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* What listening beyond the loopback means is said once. Whether it may is the receiver's matter. */
static void test_exposure(void **state)
{
    (void)state;
    assert_int_equal(parse("--http 0.0.0.0:4318 --grpc [::]:4317 --allow-unauthenticated"), CT_OK);
    assert_contains(buf_cstr(&o.warnings), "lets other machines send here");
    assert_int_equal(count_lines(buf_cstr(&o.warnings)), 1);
    assert_int_equal(parse("--http 0.0.0.0:4318 --grpc 0.0.0.0:4317 --token-file /t"), CT_OK);
    assert_contains(buf_cstr(&o.warnings), "without TLS");
    assert_int_equal(count_lines(buf_cstr(&o.warnings)), 1);
    static const char *const silent[] = {
        "",
        "--allow-unauthenticated",
        "--token-file /t",
        "--http 0.0.0.0:4318 --token-file /t --tls-cert /c",
        "--http 0.0.0.0:4318 --tls-client-ca /c --tls-cert /c",
        "--http 0.0.0.0:4318", /* will be refused, which says more */
        "status",
    };
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        assert_int_equal(parse(silent[i]), CT_OK);
        assert_int_equal(o.warnings.len, 0);
    }
}

/* Secrets do not come by the command line and do not leave by --print-config. */
static void test_secrets(void **state)
{
    static const char secret[] = "s3cretS3cretS3cret";
    const char *path = temp_path(*state, "c.ini");
    char line[4300], text[600];
    snprintf(line, sizeof line, "--token %s", secret);
    assert_usage(line, "--token is not taken here");
    assert_null(strstr(msg.text, secret));
    snprintf(line, sizeof line, "--token=%s", secret);
    assert_usage(line, "--token-file FILE");
    assert_null(strstr(msg.text, secret));

    snprintf(
        text, sizeof text,
        "[receiver]\ntoken = %s\n[upstream]\nhttp = https://me:%s@u.example:1/x?y\n"
        "headers = Authorization: Basic %s; X-Scope-OrgID: %s; %s\n[grafana]\nroot_url = http://a:%s@g/\n",
        secret, secret, secret, secret, secret, secret);
    write_file(path, text, 0600);
    snprintf(line, sizeof line, "--config %s --print-config", path);
    assert_int_equal(parse(line), CT_OK);
    assert_string_equal(o.token, secret);
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(options_print_config(&o, &out), CT_OK);
    const char *shown = buf_cstr(&out);
    assert_null(strstr(shown, secret));
    assert_contains(shown, "\n; token = *** ");
    assert_contains(shown, "\n; headers = Authorization: ***; X-Scope-OrgID: ***; *** ");
    assert_contains(shown, "\n; http = https://***@u.example:1/x?y ");
    assert_contains(shown, "\n; root_url = http://***@g/ ");
    assert_contains(shown, "c.ini:2\n"); /* where it came from is no secret */
    /* Put into a config.ini, what was left out is not set: nobody gets *** for a token. */
    write_file(path, shown, 0600);
    buf_finish(&out);
    assert_int_equal(parse(line), CT_OK);
    assert_string_equal(o.token, "");
    assert_string_equal(o.upstream.headers, "");

    /* An @ behind the host is no user. */
    assert_int_equal(parse("--upstream-http http://u:1/a@b"), CT_OK);
    buf_init(&out, 1 << 16);
    assert_int_equal(options_print_config(&o, &out), CT_OK);
    assert_contains(buf_cstr(&out), "\nhttp = http://u:1/a@b ");
    buf_finish(&out);

    struct env env = FAKE_ENV("HOME", "/h", "CLAUDE_TOP_TOKEN", secret);
    assert_int_equal(parse_env(env, ""), CT_OK);
    assert_string_equal(o.token, secret);
    assert_int_equal(parse_env(env, "--token-file /t"), CT_ERR_USAGE);
    assert_contains(msg.text, "both set");
    assert_null(strstr(msg.text, secret));
}

/* The names that users of the request interceptor have in their shells. */
static void test_aliases(void **state)
{
    (void)state;
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "OTEL_INTERCEPTOR_TURN_BOUNDARY_MODE", "hooks",
                                        "OTEL_INTERCEPTOR_TURN_IDLE_END_MS", "2500"),
                               ""),
                     CT_OK);
    assert_int_equal(o.turn_boundary_mode, 1);
    assert_int_equal(o.turn_idle_end_ns, INT64_C(2500000000));
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "OTEL_INTERCEPTOR_TURN_IDLE_END_MS", "2500",
                                        "CLAUDE_TOP_TURN_IDLE_END", "3s"),
                               ""),
                     CT_OK);
    assert_int_equal(o.turn_idle_end_ns, INT64_C(3000000000));
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "OTEL_INTERCEPTOR_TURN_BOUNDARY_MODE", "guess"), ""),
                     CT_ERR_USAGE);
    assert_non_null(strstr(msg.text, "OTEL_INTERCEPTOR_TURN_BOUNDARY_MODE"));
}

static void test_unknown_knobs(void **state)
{
    (void)state;
    struct env known = FAKE_ENV(
        "HOME", "/h", "OTEL_INTERCEPTOR_TURN_BOUNDARY_MODE", "hooks", "OTEL_INTERCEPTOR_TURN_IDLE_END_MS",
        "1", "OTEL_INTERCEPTOR_SESSION_ID_POLICY", "eager", "OTEL_INTERCEPTOR_SESSION_ID_BUFFER_MAX_MS", "1",
        "OTEL_INTERCEPTOR_SESSION_ID_BUFFER_MAX_SPANS", "1", "OTEL_INTERCEPTOR_INJECT_TRACEPARENT", "1");
    assert_int_equal(parse_env(known, ""), CT_OK);
    assert_int_equal(o.warnings.len, 0);
    struct env some =
        FAKE_ENV("HOME", "/h", "OTEL_INTERCEPTOR_TURN_IDLE_MS", "1", "OTEL_INTERCEPTOR_X", "\x1b[2J",
                 "OTEL_INTERCEPTOR_\x1b[2J", "", "OTEL_INTERCEPTOR_FOURTH", "", "OTEL_INTERCEPTOR_", "");
    static const char *const lines[] = {"", "serve", "--print-config"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(parse_env(some, lines[i]), CT_OK);
        const char *words = buf_cstr(&o.warnings);
        assert_contains(words, "nothing here knows OTEL_INTERCEPTOR_TURN_IDLE_MS (did you mean "
                               "OTEL_INTERCEPTOR_TURN_IDLE_END_MS?), OTEL_INTERCEPTOR_X");
        assert_contains(words, "and 2 more; known are OTEL_INTERCEPTOR_");
        assert_contains(words, "OTEL_INTERCEPTOR_SESSION_ID_BUFFER_MAX_SPANS");
        assert_contains(words, "OTEL_INTERCEPTOR_INJECT_TRACEPARENT");
        assert_null(strchr(words, '\x1b'));
        assert_ptr_equal(strchr(words, '\n'), words + o.warnings.len - 1); /* one message */
    }
    assert_int_equal(parse_env(some, "status"), CT_OK);
    assert_int_equal(o.warnings.len, 0);
}

static void test_environment_errors(void **state)
{
    (void)state;
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_JOURNAL_MAX_BYTES", "x"), ""),
                     CT_ERR_USAGE);
    assert_contains(msg.text, "CLAUDE_TOP_JOURNAL_MAX_BYTES wants a size");
    /* Empty is a value: it takes away what config.ini said. */
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_GRPC", ""), ""), CT_OK);
    assert_string_equal(o.grpc, "");
    /* Flags of one run have no variable. */
    assert_int_equal(parse_env(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_JSON", "on"), ""), CT_OK);
    assert_false(o.json);
}

static void test_socket_too_long(void **state)
{
    (void)state;
    char line[300] = "--socket /";
    memset(line + 10, 'x', 200);
    assert_int_equal(parse(line), CT_ERR_LIMIT);
    assert_contains(msg.text, "shorter one with --socket");
}

static void test_addresses(void **state)
{
    (void)state;
    struct slice host;
    unsigned port;
    assert_true(option_split_address(slice_str("[::1]:80"), &host, &port));
    assert_slice_equal(host, "::1");
    assert_int_equal(port, 80);
    static const char *const bad[] = {"",     ":80",   "a",    "a:",    "a:b",     "::1:80", "[::1]80",
                                      "[]:1", "a b:1", "a:1x", "a/b:1", "u@a:1:2", "a:65536"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (option_split_address(slice_str(bad[i]), &host, &port))
            fail_msg("\"%s\" was taken for an address", bad[i]);
    }
    assert_true(option_split_url(slice_str("https://user:pw@h.example/x?y"), &host, &port));
    assert_slice_equal(host, "h.example");
    assert_int_equal(port, 443);
    assert_true(option_split_url(slice_str("http://[::1]"), &host, &port));
    assert_slice_equal(host, "::1");
    static const char *const bad_urls[] = {"",           "http://",    "ftp://a",        "http:///x",
                                           "http://a b", "http://a:x", "http://a:99999", "http://[::1"};
    for (size_t i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++) {
        if (option_split_url(slice_str(bad_urls[i]), &host, &port))
            fail_msg("\"%s\" was taken for a URL", bad_urls[i]);
    }
}

/* Lists: joined by "; " in config.ini and the environment, an item a time as a flag. */
static void test_lists(void **state)
{
    static const struct {
        const char *text, *items[4];
        size_t count;
    } splits[] = {
        {"", {NULL}, 0},
        {" ; ;", {NULL}, 0},
        {"a: b", {"a: b"}, 1},
        {" a: b ;c:d;; e ", {"a: b", "c:d", "e"}, 3},
        {"a: x\\;y; b: \\\\; c\\", {"a: x;y", "b: \\; c\\"}, 2},
        {"1;2;3;4;5", {"1", "2", "3"}, 5},
    };
    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
        const char *items[4];
        struct slice text = slice_str(splits[i].text);
        char *room = malloc(text.len + 1);
        assert_int_equal(option_list_split(text, room, items, 3), splits[i].count);
        size_t k = 0;
        for (; splits[i].items[k]; k++)
            assert_string_equal(items[k], splits[i].items[k]);
        assert_null(items[k]);
        free(room);
    }
    const char *path = temp_path(*state, "c.ini");
    write_file(path, "[upstream]\nheaders = a:1; b:2\nconvert = off\nca = ~/ca.pem\n", 0600);
    struct env env = FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path);
    assert_int_equal(parse_env(env, ""), CT_OK);
    assert_string_equal(o.upstream.headers, "a:1; b:2");
    assert_false(o.upstream.convert);
    assert_string_equal(o.upstream.ca, "/h/ca.pem");
    assert_string_equal(o.upstream.key, "");
    /* A flag takes the place of the file's list; given again it adds, and its semicolons are its own. */
    assert_int_equal(parse_env(env, "--upstream-header c:3;4 --upstream-header=d:5 --upstream-convert"),
                     CT_OK);
    assert_string_equal(o.upstream.headers, "c:3\\;4; d:5");
    assert_true(o.upstream.convert);
    const char *items[4];
    char room[32];
    assert_int_equal(option_list_split(slice_str(o.upstream.headers), room, items, 3), 2);
    assert_string_equal(items[0], "c:3;4");
    assert_int_equal(parse("--upstream-header="), CT_OK);
    assert_string_equal(o.upstream.headers, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flag_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags_before_the_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_actions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_config_flag_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_config_is_a_config, setup, teardown),
        cmocka_unit_test_setup_teardown(test_config_warnings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_otel_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exposure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_aliases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_knobs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_socket_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
