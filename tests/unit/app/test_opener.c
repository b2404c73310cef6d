#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#define URL "http://localhost:3000/explore?a=%22b%22&c='$(id)'"

static struct arena arena;

static int setup(void **state)
{
    arena_init(&arena, 1 << 20);
    return make_temp_dir(state);
}

static int teardown(void **state)
{
    arena_finish(&arena);
    return remove_temp_dir(state);
}

static void add_program(const char *dir, const char *name)
{
    write_file(temp_path(dir, name), "#!/bin/sh\n", 0700);
}

static void test_browser_list(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    add_program(*state, "second");
    struct env env = FAKE_ENV("PATH", *state, "BROWSER", "missing:second --new %s 100%%:third");
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_OK);
    assert_string_equal(c.argv[0], temp_path(*state, "second"));
    assert_string_equal(c.argv[1], "--new");
    assert_string_equal(c.argv[2], URL);
    assert_string_equal(c.argv[3], "100%");
    assert_null(c.argv[4]);
}

static void test_url_is_appended(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    add_program(*state, "b");
    struct env env = FAKE_ENV("PATH", *state, "BROWSER", "  b   -x ");
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_OK);
    assert_string_equal(c.argv[1], "-x");
    assert_string_equal(c.argv[2], URL);
    assert_null(c.argv[3]);
}

static void test_system_openers(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    struct env env = FAKE_ENV("PATH", *state);
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_ERR_NOT_FOUND);
    add_program(*state, "open");
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_OK);
    assert_string_equal(c.argv[0], temp_path(*state, "open"));
    add_program(*state, "xdg-open");
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_OK);
    assert_string_equal(c.argv[0], temp_path(*state, "xdg-open"));
}

static void test_ssh(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    add_program(*state, "xdg-open");
    struct env bare = FAKE_ENV("PATH", *state, "SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22");
    assert_int_equal(opener_find(&bare, URL, &arena, &c, &msg), CT_ERR_UNSUPPORTED);
    struct env forwarded =
        FAKE_ENV("PATH", *state, "SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22", "DISPLAY", ":10");
    assert_int_equal(opener_find(&forwarded, URL, &arena, &c, &msg), CT_OK);
    struct env chosen = FAKE_ENV("PATH", *state, "SSH_CONNECTION", "x", "BROWSER", "xdg-open");
    assert_int_equal(opener_find(&chosen, URL, &arena, &c, &msg), CT_OK);
}

static void test_only_web_links(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    add_program(*state, "xdg-open");
    struct env env = FAKE_ENV("PATH", *state);
    assert_int_equal(opener_find(&env, "file:///etc/passwd", &arena, &c, &msg), CT_ERR_USAGE);
    assert_int_equal(opener_find(&env, "--help", &arena, &c, &msg), CT_ERR_USAGE);
    assert_int_equal(opener_find(&env, "", &arena, &c, &msg), CT_ERR_USAGE);
}

/* A program in the current folder is never meant. */
static void test_relative_path_entries(void **state)
{
    struct opener_command c;
    struct ct_errmsg msg;
    struct env env = FAKE_ENV("PATH", ".::bin", "BROWSER", "./x");
    (void)state;
    assert_int_equal(opener_find(&env, URL, &arena, &c, &msg), CT_ERR_NOT_FOUND);
}

/*
 * The program tells a FIFO what it got: the URL as one argument, with all that a shell would act on, and an
 * empty input.
 */
static void test_open_for_real(void **state)
{
    struct ct_errmsg msg = {""};
    const char *fifo = temp_path(*state, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    char script[8192];
    snprintf(
        script, sizeof script,
        "#!/bin/sh\necho to-stdout; echo to-stderr >&2\n"
        "{ echo \"$#\"; echo \"$1\"; test -t 0 && echo tty; read -r line && echo input; echo end; } > '%s'\n",
        fifo);
    write_file(temp_path(*state, "browser"), script, 0700);
    int fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    struct env env = FAKE_ENV("PATH", *state, "BROWSER", "browser");
    assert_int_equal(opener_open(&env, URL, &msg), CT_OK);
    char got[1024];
    size_t len = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (len < sizeof got - 1 && !(len >= 4 && memcmp(got + len - 4, "end\n", 4) == 0)) {
        assert_int_equal(poll(&p, 1, 10000), 1);
        ssize_t n = read(fd, got + len, sizeof got - 1 - len);
        if (n > 0)
            len += (size_t)n;
        else if (n < 0)
            assert_int_equal(errno, EAGAIN);
        else
            break;
    }
    got[len] = '\0';
    close(fd);
    assert_string_equal(got, "1\n" URL "\nend\n");
}

static void test_start_fails(void **state)
{
    struct ct_errmsg msg;
    write_file(temp_path(*state, "browser"), "#!/does/not/exist\n", 0700);
    struct env env = FAKE_ENV("PATH", *state, "BROWSER", "browser");
    assert_int_equal(opener_open(&env, URL, &msg), CT_ERR_IO);
    assert_contains(msg.text, "cannot start");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_browser_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_url_is_appended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_system_openers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ssh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_web_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relative_path_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_for_real, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
