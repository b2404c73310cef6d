/* What is generated from the table: consistency of its rows, help, man page, completions. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "options_table.h"
#include "options_value.h"

#include <sys/wait.h>

#define TEXT_MAX (1u << 20)

static struct buf out;

static int setup(void **state)
{
    buf_init(&out, TEXT_MAX);
    return make_temp_dir(state);
}

static int teardown(void **state)
{
    buf_finish(&out);
    return remove_temp_dir(state);
}

static void test_rows(void **state)
{
    (void)state;
    struct options *o = malloc(sizeof *o);
    options_init(o);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *opt = &option_table[i];
        struct ct_errmsg msg;
        char env[OPTION_ENV_MAX];
        if (option_by_flag(slice_str(opt->flag)) != opt)
            fail_msg("--%s stands twice in the table", opt->flag);
        if (opt->key && option_by_key(slice_str(opt->section), slice_str(opt->key)) != opt)
            fail_msg("%s.%s stands twice in the table", opt->section, opt->key);
        if (opt->commands == 0)
            fail_msg("--%s belongs to no command", opt->flag);
        if (strchr(opt->help, '.') && opt->help[strlen(opt->help) - 1] == '.')
            fail_msg("--%s: help ends in a full stop", opt->flag);
        if (opt->type != OPTION_BOOL && (!opt->value_name || !opt->example))
            fail_msg("--%s has no value name or example", opt->flag);
        if (opt->example && option_set(o, opt, slice_str(opt->example), &msg) != CT_OK)
            fail_msg("--%s %s: %s", opt->flag, opt->example, msg.text);
        if (option_set(o, opt, slice_str(opt->fallback), &msg) != CT_OK)
            fail_msg("--%s %s: %s", opt->flag, opt->fallback, msg.text);
        /* The built-in text is how the value is printed, so that help and --print-config agree. */
        buf_clear(&out);
        assert_int_equal(option_format(o, opt, &out), CT_OK);
        if (!slice_eq_str(buf_slice(&out), opt->fallback))
            fail_msg("--%s: built in \"%s\", printed \"%s\"", opt->flag, opt->fallback, buf_cstr(&out));
        if (option_env_name(opt, env))
            assert_true(strlen(env) < OPTION_ENV_MAX - 1);
    }
    options_finish(o);
    free(o);
}

static void test_sections(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        bool known = !option_table[i].section;
        for (size_t s = 0; s < option_section_count; s++)
            known = known || (option_sections[s].name &&
                              strcmp(option_table[i].section, option_sections[s].name) == 0);
        if (!known)
            fail_msg("--%s: section [%s] has no title", option_table[i].flag, option_table[i].section);
    }
}

static void test_help(void **state)
{
    (void)state;
    struct options *o = malloc(sizeof *o);
    options_init(o);
    for (int c = 0; c < COMMAND_COUNT; c++) {
        o->command = (enum command)c;
        for (int all = 0; all < 2; all++) {
            o->help_all = all;
            buf_clear(&out);
            assert_int_equal(options_print_help(o, &out), CT_OK);
            assert_contains(out.data, command_table[c].example);
            for (size_t i = 0; i < option_count; i++) {
                char flag[80];
                const struct option *opt = &option_table[i];
                bool on = opt->type == OPTION_BOOL && strcmp(opt->fallback, "on") == 0;
                snprintf(flag, sizeof flag, "  --%s%s%s", on ? "[no-]" : "", opt->flag,
                         opt->type == OPTION_BOOL ? " "
                         : opt->choices           ? ""
                                                  : " ");
                bool expected = !opt->secret && (opt->commands & (1u << c)) && (all || !opt->advanced);
                if ((strstr(out.data, flag) != NULL) != expected)
                    fail_msg("claude-top %s --help%s: %s is %s", command_table[c].word, all ? "-all" : "",
                             flag, expected ? "missing" : "there");
            }
            for (struct slice rest = buf_slice(&out); rest.len;) {
                struct slice line = slice_sub(rest, 0, slice_find(rest, '\n'));
                rest = slice_sub(rest, line.len + 1, rest.len);
                if (line.len > 110)
                    fail_msg("too wide: %.*s", SLICE_ARG(line));
            }
        }
    }
    options_finish(o);
    free(o);
}

static bool installed(const char *program)
{
    char command[100];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

static void check_with(const char *dir, const char *file, const char *program, const char *command)
{
    if (!installed(program)) {
        print_message("%s is not installed: its check is left out\n", program);
        return;
    }
    char line[8400];
    const char *path = temp_path(dir, file);
    assert_non_null(buf_cstr(&out));
    write_file(path, out.data, 0600);
    snprintf(line, sizeof line, "cd '%s' && %s '%s'", dir, command, path);
    int status = system(line);
    if (status != 0)
        fail_msg("%s: status %d", line, status);
}

static void test_man(void **state)
{
    assert_int_equal(options_print_man("1.2.3", &out), CT_OK);
    for (size_t i = 0; i < option_count; i++) {
        char flag[80];
        /* A secret is no flag: other users could read it. */
        const struct option *opt = &option_table[i];
        snprintf(flag, sizeof flag, "%s*", opt->secret ? opt->key : opt->flag);
        assert_contains(out.data, flag);
    }
    check_with(*state, "claude-top.1.scd", "scdoc", "scdoc >page.1 <");
}

static void test_bash(void **state)
{
    assert_int_equal(options_print_completions(SHELL_BASH, &out), CT_OK);
    check_with(*state, "c.bash", "bash", "bash -n");
    if (!installed("bash"))
        return;
    write_file(temp_path(*state, "try.bash"),
               "set -eu\n. ./c.bash\n"
               "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _claude_top; echo "
               "\"${COMPREPLY[*]}\"; }\n"
               "expect() { [ \"$1\" = \"$2\" ] || { echo \"# got '$1', expected '$2'\" >&2; exit 1; }; }\n"
               "expect \"$(try claude-top se)\" 'serve setup'\n"
               "expect \"$(try claude-top serve --grp)\" '--grpc'\n"
               "expect \"$(try claude-top --journal m)\" 'memory'\n"
               "expect \"$(try claude-top --journal = d)\" 'disk'\n"
               "expect \"$(try claude-top link lo)\" 'loki'\n"
               "expect \"$(try claude-top status --sp)\" ''\n"
               "expect \"$(try claude-top replay --sp)\" '--speed'\n"
               "touch some-file\n"
               "expect \"$(try claude-top replay some)\" 'some-file'\n"
               "expect \"$(try claude-top --config some)\" 'some-file'\n",
               0600);
    char line[8400];
    snprintf(line, sizeof line, "cd '%s' && bash try.bash", (const char *)*state);
    assert_int_equal(system(line), 0);
}

static void test_zsh(void **state)
{
    assert_int_equal(options_print_completions(SHELL_ZSH, &out), CT_OK);
    check_with(*state, "_claude-top", "zsh", "zsh -n");
}

static void test_fish(void **state)
{
    assert_int_equal(options_print_completions(SHELL_FISH, &out), CT_OK);
    check_with(*state, "c.fish", "fish", "HOME=. fish --no-execute");
    if (!installed("fish"))
        return;
    char line[8400];
    snprintf(line, sizeof line,
             "cd '%s' && HOME=$PWD fish -c 'source c.fish; complete -C \"claude-top --journal m\"' | grep -q "
             "'^memory' && "
             "HOME=$PWD fish -c 'source c.fish; complete -C \"claude-top replay --sp\"' | grep -q '^--speed'",
             (const char *)*state);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_man, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zsh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fish, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
