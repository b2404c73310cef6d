/* Further upstreams: sections, flags and variables with a name, and what is taken over from [upstream]. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "options_table.h"

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

static enum ct_err parse_argv(struct env env, const char *const *args)
{
    const char *argv[32] = {"claude-top"};
    int argc = 1;
    for (; *args; args++)
        argv[argc++] = *args;
    options_finish(&o);
    options_init(&o);
    return options_parse(&o, argc, argv, &env, &msg);
}
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ARGS   ((const char *const[]){NULL})

static const struct upstream_options *upstream(const char *name)
{
    for (size_t i = 0; i < o.upstream_count; i++) {
        if (strcmp(o.upstreams[i]->name, name) == 0)
            return &o.upstreams[i]->set;
    }
    fail_msg("no upstream %s", name);
    return NULL;
}

static void assert_usage(const char *const *args, const char *words)
{
    enum ct_err err = parse_argv(FAKE_ENV("HOME", "/h"), args);
    if (err != CT_ERR_USAGE || !strstr(msg.text, words))
        fail_msg("%s: %s: %s (expected: %s)", args[0], ct_err_name(err), msg.text, words);
}

static const char file_text[] =
    "[upstream]\n"
    "http = http://first:1\nheaders = Authorization: first\nca = /first.pem\n"
    "cert = /first.crt\nkey = /first.key\nconvert = off\n"
    "request_timeout_ms = 9s\nbackoff_max_ms = 7s\nsignals = logs\n"
    "[upstream cloud]\ngrpc = https://cloud:2\nbackoff_max_ms = 3s\n"
    "headers = Authorization: cloud\n"
    "[upstream.lab]\nhttp = http://lab:3\nsignals = traces, Profiles\nconvert = on\n";

static void test_sections(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    write_file(path, file_text, 0600);
    assert_int_equal(parse_argv(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path), NO_ARGS), CT_OK);
    assert_int_equal(o.warnings.len, 0);
    assert_int_equal(o.upstream_count, 2);
    const struct upstream_options *cloud = upstream("cloud"), *lab = upstream("lab");
    /* Its own, then what it takes over, then what it never does. */
    assert_string_equal(cloud->grpc, "https://cloud:2");
    assert_string_equal(cloud->headers, "Authorization: cloud");
    assert_int_equal(cloud->backoff_max_ms, 3000);
    assert_int_equal(cloud->request_timeout_ms, 9000);
    assert_false(cloud->convert);
    assert_int_equal(cloud->signals, 1 << 2);
    assert_string_equal(cloud->http, "");
    assert_true(lab->convert);
    assert_int_equal(lab->signals, 1 << 0 | 1 << 3);
    assert_int_equal(lab->backoff_max_ms, 7000);
    assert_int_equal(lab->from, UPSTREAM_FROM_AUTO);
    const char *const leaks[] = {lab->headers, lab->ca, lab->cert, lab->key, lab->grpc};
    for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++)
        assert_string_equal(leaks[i], "");
}

static void test_flags_and_environment(void **state)
{
    const char *path = temp_path(*state, "c.ini");
    write_file(path, file_text, 0600);
    struct env env =
        FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path, "CLAUDE_TOP_UPSTREAM_HEADER_CLOUD",
                 "Authorization: of-the-environment", "CLAUDE_TOP_UPSTREAM_CA_ON_THE_SIDE", "~/side.pem",
                 "CLAUDE_TOP_UPSTREAM_BACKOFF_MAX", "2s", "CLAUDE_TOP_UPSTREAM_CONVERT_CLOUD", "on");
    assert_int_equal(
        parse_argv(env, ARGS("--upstream-cert", "on-the-side=c=d.pem", "--upstream-cert", "nobody=c.pem",
                             "--upstream-http", "on-the-side=http://side:4/?a=b", "--upstream-header",
                             "lab=X-Scope-OrgID: a=b", "--upstream-header", "lab=X-Other: c;d",
                             "--upstream-http", "http://u:5/x?y=z", "--upstream-convert=cloud=off",
                             "--upstream-request-timeout", "lab=1s")),
        CT_OK);
    assert_int_equal(o.upstream_count, 3);
    assert_string_equal(o.upstream.http, "http://u:5/x?y=z");
    assert_string_equal(o.upstream.cert, "nobody=c.pem"); /* no such upstream: it is a file's name */
    assert_int_equal(o.upstream.backoff_max_ms, 2000);
    assert_string_equal(upstream("cloud")->headers, "Authorization: of-the-environment");
    assert_false(upstream("cloud")->convert);
    assert_int_equal(upstream("cloud")->backoff_max_ms, 3000);
    assert_string_equal(upstream("lab")->headers, "X-Scope-OrgID: a=b; X-Other: c\\;d");
    assert_int_equal(upstream("lab")->request_timeout_ms, 1000);
    assert_int_equal(upstream("lab")->backoff_max_ms, 2000);
    assert_string_equal(upstream("on-the-side")->http, "http://side:4/?a=b");
    assert_string_equal(upstream("on-the-side")->cert, "c=d.pem");
    assert_string_equal(upstream("on-the-side")->ca, "/h/side.pem");
    assert_string_equal(upstream("on-the-side")->headers, "");
}

static void test_mistakes(void **state)
{
    assert_usage(
        ARGS("--upstream-http", "http://a:1", "--upstream-http", "http://b:1"),
        "--upstream-http is given twice: one more upstream has a name of its own: --upstream-http NAME=URL");
    assert_usage(ARGS("--upstream-grpc", "x=http://a:1", "--upstream-grpc", "x=http://b:1"),
                 "is given twice for x");
    assert_usage(ARGS("--upstream-http", "Cloud=http://a:1"),
                 "--upstream-http: \"Cloud\" cannot be the name");
    assert_usage(ARGS("--upstream-http", "upstream=http://a:1"), "is not \"upstream\"");
    assert_usage(ARGS("--upstream-http", "=http://a:1"), "cannot be the name");
    assert_usage(ARGS("--upstream-http", "abcdefghijklmnopqrstu=http://a:1"), "1 to 20 small letters");
    assert_usage(ARGS("--upstream-http", "x=localhost:1"), "wants a URL");
    assert_usage(ARGS("--upstream-http", "x=http://localhost:4318"),
                 "[upstream x]: http://localhost:4318 is where claude-top itself listens");
    assert_usage(ARGS("--upstream-http", "x=http://a:1", "--upstream-backoff-first", "x=1h"),
                 "[upstream x]: upstream-backoff-first must not be longer");
    assert_usage(ARGS("--upstream-signals", "traces,smoke"),
                 "wants some of traces|metrics|logs|profiles, joined by commas, not \"traces,smoke\"");
    assert_usage(ARGS("--upstream-signals", ""), "wants some of");
    assert_usage(ARGS("--upstream-http", "a=http://a:1", "--upstream-http", "b=http://a:1", "--upstream-http",
                      "c=http://a:1", "--upstream-http", "d=http://a:1", "--upstream-http", "e=http://a:1",
                      "--upstream-http", "f=http://a:1", "--upstream-http", "g=http://a:1", "--upstream-http",
                      "h=http://a:1"),
                 "more than 8 upstreams");
    const char *path = temp_path(*state, "c.ini");
    write_file(path, "[upstream x]\nheaders = a: b\nhtpp = 1\n", 0600);
    assert_int_equal(parse_argv(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path), NO_ARGS), CT_OK);
    assert_contains(buf_cstr(&o.warnings), "c.ini:3: htpp is not known: did you mean http?\n");
    assert_contains(buf_cstr(&o.warnings), "[upstream x]: nothing is forwarded there without http or grpc\n");
    write_file(path, "[upstream not good]\nhttp = http://a:1\n", 0600);
    assert_int_equal(parse_argv(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path), NO_ARGS), CT_ERR_USAGE);
    assert_contains(msg.text, "c.ini:2: \"not good\" cannot be the name of an upstream");
}

/* What --print-config prints is the same settings again, and says where each comes from. */
static void test_print_config(void **state)
{
    const char *path = temp_path(*state, "c.ini"), *again = temp_path(*state, "again.ini");
    struct buf text;
    write_file(path, file_text, 0600);
    buf_init(&text, 1 << 16);
    assert_int_equal(parse_argv(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", path), NO_ARGS), CT_OK);
    assert_int_equal(options_print_config(&o, &text), CT_OK);
    const char *cloud = strstr(text.data, "\n[upstream cloud]\n");
    assert_non_null(cloud);
    assert_contains(cloud, "c.ini:12\n");
    assert_contains(cloud, "; [upstream]\n");
    assert_contains(cloud, "\n[upstream lab]\n");
    write_file(again, text.data, 0600);
    assert_int_equal(parse_argv(FAKE_ENV("HOME", "/h", "CLAUDE_TOP_CONFIG", again), NO_ARGS), CT_OK);
    assert_int_equal(o.warnings.len, 0);
    assert_int_equal(upstream("cloud")->backoff_max_ms, 3000);
    assert_int_equal(upstream("lab")->signals, 1 << 0 | 1 << 3);
    assert_string_equal(upstream("lab")->headers, "");
    assert_int_equal(upstream("lab")->request_timeout_ms, 9000);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags_and_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_config, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
