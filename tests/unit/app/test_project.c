/* test_project - folders of a project, on files laid out as Git does. */
#include "test.h"

#include "project.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/ct-project-XXXXXX";
static char base[sizeof root];

static void shell(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && %s", base, command);
    assert_int_equal(system(line), 0);
}

static int set_up(void **state)
{
    (void)state;
    memcpy(base, root, sizeof base);
    return mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    shell("cd / && rm -rf \"$OLDPWD\"");
    return 0;
}

/* The folders, relative to the test's own, sorted by hand in the expectation: order is that of discovery. */
static void assert_folders(const char *from, const char *home, const char *const *names, size_t count)
{
    struct project p;
    struct ct_errmsg msg = {""};
    char path[512], own_home[512];
    project_init(&p);
    snprintf(path, sizeof path, "%s/%s", base, from);
    snprintf(own_home, sizeof own_home, "%s/%s", base, home);
    if (project_find(&p, path, own_home, &msg))
        fail_msg("%s", msg.text);
    assert_int_equal(p.count, count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        snprintf(path, sizeof path, "%s/%s", base, names[i]);
        for (size_t k = 0; k < p.count; k++)
            found |= slice_eq_str(p.folders[k], path);
        if (!found)
            fail_msg("%s is not among the %zu folders", path, p.count);
    }
    project_finish(&p);
}

#define FOLDERS(from, ...)                                                                                   \
    assert_folders(from, "home", (const char *const[]){__VA_ARGS__},                                         \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void make_repository(void)
{
    /* as `git worktree add ../fix` leaves it, once with an absolute and once with a relative path */
    shell("mkdir -p shop/.git/worktrees/fix shop/.git/worktrees/rel shop/.git/worktrees/gone shop/src/deep "
          "fix/src "
          "rel bare/dir && echo \"gitdir: $PWD/shop/.git/worktrees/fix\" > fix/.git && "
          "echo \"$PWD/fix/.git\" > shop/.git/worktrees/fix/gitdir && echo ../.. > "
          "shop/.git/worktrees/fix/commondir && "
          "echo 'gitdir: ../shop/.git/worktrees/rel' > rel/.git && echo ../../../../rel/.git > "
          "shop/.git/worktrees/rel/gitdir && echo ../.. > shop/.git/worktrees/rel/commondir && "
          "echo \"$PWD/gone/.git\" > shop/.git/worktrees/gone/gitdir");
}

static void working_trees_of_a_repository_belong_together(void **state)
{
    (void)state;
    make_repository();
    FOLDERS("shop", "shop", "fix", "rel");
    FOLDERS("shop/src/deep", "shop", "fix", "rel");
    FOLDERS("fix/src", "shop", "fix", "rel");
    FOLDERS("rel", "shop", "fix", "rel");
}

static void outside_of_git_it_is_the_folder(void **state)
{
    (void)state;
    make_repository();
    FOLDERS("bare/dir", "bare/dir");
    shell("ln -s ../bare/dir shop/link");
    FOLDERS("shop/link", "bare/dir"); /* where it leads, as the shell's own idea of it may differ */
}

static void a_submodule_stands_for_itself(void **state)
{
    (void)state;
    make_repository();
    shell("mkdir -p shop/.git/modules/lib shop/lib && echo 'gitdir: ../.git/modules/lib' > shop/lib/.git");
    FOLDERS("shop/lib", "shop/lib");
}

static void settings_kept_in_the_home_folder_are_no_project(void **state)
{
    (void)state;
    shell("mkdir -p home/.git home/notes");
    FOLDERS("home/notes", "home/notes");
    FOLDERS("home", "home");
}

static void broken_files_are_passed_over(void **state)
{
    (void)state;
    shell(
        "mkdir -p a b c/.git/worktrees/x c/.git/worktrees/y && echo nonsense > a/.git && : > b/.git && "
        ": > c/.git/worktrees/x/gitdir && head -c 100000 /dev/zero | tr '\\0' x > c/.git/worktrees/y/gitdir");
    FOLDERS("a", "a");
    FOLDERS("b", "b");
    FOLDERS("c", "c");
}

static void what_is_not_there_is_said(void **state)
{
    struct project p;
    struct ct_errmsg msg = {""};
    (void)state;
    project_init(&p);
    assert_int_equal(project_find(&p, "/nowhere/at/all", NULL, &msg), CT_ERR_NOT_FOUND);
    assert_string_equal(msg.text, "--cwd /nowhere/at/all: no such folder");
    assert_int_equal(p.count, 0);
    assert_int_equal(project_find(&p, "/", NULL, &msg), CT_OK);
    assert_int_equal(p.count, 1);
    project_finish(&p);
}

static void assert_branch(const char *folder, const char *expected)
{
    char path[512], own_home[512], branch[PROJECT_BRANCH_MAX];
    snprintf(path, sizeof path, "%s/%s", base, folder);
    snprintf(own_home, sizeof own_home, "%s/home", base);
    assert_int_equal(project_branch(path, own_home, branch), expected[0] != '\0');
    assert_string_equal(branch, expected);
}

static void each_working_tree_has_its_branch(void **state)
{
    (void)state;
    make_repository();
    shell("echo 'ref: refs/heads/feat/login' > shop/.git/HEAD && echo 'ref: refs/heads/fix' > "
          "shop/.git/worktrees/fix/HEAD && "
          "echo 0123456789abcdef0123456789abcdef01234567 > shop/.git/worktrees/rel/HEAD");
    assert_branch("shop", "feat/login");
    assert_branch("shop/src/deep", "feat/login");
    assert_branch("fix/src", "fix");
    assert_branch("rel", "0123456");
    assert_branch("bare/dir", "");
    assert_branch("nowhere", "");
}

static void a_branch_of_the_home_folder_is_for_the_home_folder(void **state)
{
    (void)state;
    shell("mkdir -p home/.git home/notes && echo 'ref: refs/heads/dots' > home/.git/HEAD");
    assert_branch("home", "dots");
    assert_branch("home/notes", "");
}

static void a_head_that_is_none_has_no_branch(void **state)
{
    (void)state;
    shell("mkdir -p a/.git b/.git c/.git d/.git e/.git && echo 'ref: refs/tags/v1' > a/.git/HEAD && "
          "echo 'ref: refs/heads/' > b/.git/HEAD && mkfifo c/.git/HEAD && "
          "printf 'ref: refs/heads/\\033[2Jx' > d/.git/HEAD && "
          "(printf 'ref: refs/heads/'; head -c 300 /dev/zero | tr '\\0' x) > e/.git/HEAD");
    assert_branch("a", "");
    assert_branch("b", "");
    assert_branch("c", ""); /* and does not wait for a writer */
    assert_branch("d", "\xe2\x90\x9b[2Jx");
    assert_branch("e", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(working_trees_of_a_repository_belong_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outside_of_git_it_is_the_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_submodule_stands_for_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settings_kept_in_the_home_folder_are_no_project, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_files_are_passed_over, set_up, tear_down),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test_setup_teardown(each_working_tree_has_its_branch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_branch_of_the_home_folder_is_for_the_home_folder, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_head_that_is_none_has_no_branch, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("project", tests, NULL, NULL);
}
