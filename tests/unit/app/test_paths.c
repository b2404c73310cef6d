#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "paths.h"

static struct arena arena;

static void find(struct env env, struct paths *out)
{
    struct ct_errmsg msg;
    arena_finish(&arena);
    arena_init(&arena, 1 << 16);
    assert_int_equal(paths_find(&env, &arena, out, &msg), CT_OK);
}

static void test_xdg(void **state)
{
    (void)state;
    struct paths p;
    find(FAKE_ENV("HOME", "/home/a", "XDG_STATE_HOME", "/s/", "XDG_CONFIG_HOME", "/c", "XDG_RUNTIME_DIR",
                  "/run/user/1"),
         &p);
    assert_string_equal(p.state_dir, "/s/claude-top");
    assert_string_equal(p.config_file, "/c/claude-top/config.ini");
    assert_string_equal(p.prices_file, "/c/claude-top/prices.ini");
    assert_string_equal(paths_socket(&p, p.state_dir, &arena), "/run/user/1/claude-top.sock");
}

static void test_home_fallback(void **state)
{
    (void)state;
    struct paths p;
    find(FAKE_ENV("HOME", "/home/a", "XDG_STATE_HOME", "relative", "XDG_RUNTIME_DIR", ""), &p);
    assert_string_equal(p.state_dir, "/home/a/.local/state/claude-top");
    assert_string_equal(p.config_dir, "/home/a/.config/claude-top");
    assert_null(p.runtime_dir);
    assert_string_equal(paths_socket(&p, "/state", &arena), "/state/claude-top.sock");
}

static void test_user_database(void **state)
{
    (void)state;
    struct paths p;
    find(FAKE_ENV("LANG", "C"), &p);
    assert_int_equal(p.home[0], '/');
}

static void test_expand(void **state)
{
    (void)state;
    arena_finish(&arena);
    arena_init(&arena, 1 << 16);
    assert_string_equal(paths_expand("~/x", "/home/a", &arena), "/home/a/x");
    assert_string_equal(paths_expand("~", "/home/a", &arena), "/home/a");
    assert_string_equal(paths_expand("~bob/x", "/home/a", &arena), "~bob/x");
    assert_string_equal(paths_expand("/x~", "/home/a", &arena), "/x~");
}

static void test_private_dir(void **state)
{
    struct ct_errmsg msg;
    struct stat st;
    const char *path = temp_path(*state, "a/b/c");
    assert_int_equal(paths_make_private_dir(path, &msg), CT_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(paths_make_private_dir(path, &msg), CT_OK);
    assert_int_equal(stat(temp_path(*state, "a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_private_dir_tightened(void **state)
{
    struct ct_errmsg msg;
    struct stat st;
    static const mode_t lax[] = {0755, 0750, 0711, 0740};
    for (size_t i = 0; i < sizeof lax / sizeof *lax; i++) {
        const char *path = temp_path(*state, "lax");
        assert_int_equal(paths_make_private_dir(path, &msg), CT_OK);
        assert_int_equal(chmod(path, lax[i]), 0);
        assert_int_equal(paths_make_private_dir(path, &msg), CT_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
    }
}

static void test_private_dir_refused(void **state)
{
    struct ct_errmsg msg;
    const char *file = temp_path(*state, "file");
    write_file(file, "", 0600);
    assert_int_equal(paths_make_private_dir(file, &msg), CT_ERR_IO);
    assert_contains(msg.text, "not a folder");
    assert_int_equal(paths_make_private_dir(temp_path(*state, "file/x"), &msg), CT_ERR_IO);
    const char *open_dir = temp_path(*state, "open");
    assert_int_equal(mkdir(open_dir, 0700), 0);
    assert_int_equal(chmod(open_dir, 0777), 0);
    assert_int_equal(paths_make_private_dir(open_dir, &msg), CT_ERR_IO);
    assert_contains(msg.text, "others can write");
    assert_int_equal(paths_make_private_dir("", &msg), CT_ERR_USAGE);
}

static void test_socket_length(void **state)
{
    (void)state;
    struct ct_errmsg msg;
    char path[300];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[299] = '\0';
    assert_int_equal(paths_check_socket("/run/x.sock", &msg), CT_OK);
    assert_int_equal(paths_check_socket(path, &msg), CT_ERR_LIMIT);
    assert_contains(msg.text, "--socket");
    assert_int_equal(paths_check_socket("", &msg), CT_ERR_USAGE);
}

static int finish(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xdg),
        cmocka_unit_test(test_home_fallback),
        cmocka_unit_test(test_user_database),
        cmocka_unit_test(test_expand),
        cmocka_unit_test_setup_teardown(test_private_dir, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_private_dir_tightened, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_private_dir_refused, make_temp_dir, remove_temp_dir),
        cmocka_unit_test(test_socket_length),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
