/*
 * The program on a terminal that says, or does not say, whether its paper is light: theme = auto, the key T,
 * and what becomes of the user's choice.
 */
#define _XOPEN_SOURCE 700
#include "tty_fixture.h"

#include "palette.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUESTION "\033]11;?"
#define LIGHT    "\033]11;rgb:ffff/ffff/ffff\033\\"

static const char *program;
static const char *theme;     /* --theme; NULL: the default */
static const char *colorfgbg; /* NULL: unset */
static char home[] = "/tmp/claude-top-auto-XXXXXX";

static const struct terminal_config xterm = {.term = "xterm-256color"};

static void run_demo(struct tty *tty, const struct terminal_config *config)
{
    setenv("TERM", config->term, 1);
    setenv("HOME", home, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    unsetenv("COLORFGBG");
    if (colorfgbg)
        setenv("COLORFGBG", colorfgbg, 1);
    execl(program, program, "demo", theme ? "--theme" : (char *)NULL, theme, (char *)NULL);
    tty_say(tty, "cannot run %s: %s", program, strerror(errno));
    _exit(98);
}

static struct tty *start(const char *with_theme, const char *with_colorfgbg)
{
    theme = with_theme;
    colorfgbg = with_colorfgbg;
    struct tty *tty = tty_start(24, 80, &xterm, run_demo);
    tty_wait_text(tty, "SESSION / TURN / CALL");
    return tty;
}

/* The first line tells the themes apart. */
static void wait_theme(struct tty *tty, const char *name)
{
    struct theme t;
    theme_builtin(&t, theme_builtin_find(slice_str(name)));
    tty_wait_background(tty, 0, 1, theme_style(&t, ROLE_HEADER, 0, DEPTH_256).bg);
}

static bool asked(struct tty *tty)
{
    struct slice raw = buf_slice(&tty->raw);
    return slice_find_slice(raw, SLICE_LIT(QUESTION)) < raw.len;
}

static void quit(struct tty *tty)
{
    tty_type(tty, "q");
    assert_int_equal(tty_wait_exit(tty), 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

/* The first frame does not wait for the answer, and when that comes, all is drawn anew. */
static void it_follows_the_terminal(void **state)
{
    (void)state;
    struct tty *tty = start(NULL, NULL);
    wait_theme(tty, "dark");
    assert_true(asked(tty));
    tty_type(tty, LIGHT);
    wait_theme(tty, "light");
    tty_type(tty, "\033[?997;1n"); /* the user's desktop goes over to dark */
    wait_theme(tty, "dark");
    quit(tty);
}

static void it_understands_an_answer_in_pieces(void **state)
{
    static const char *const PIECES[] = {"\033", "]11", ";rgb:ff", "ff/ffff/", "ffff", "\033", "\\"};
    (void)state;
    struct tty *tty = start(NULL, NULL);
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++)
        tty_type(tty, PIECES[i]);
    wait_theme(tty, "light");
    quit(tty);
}

/* Keys mean the same before, between and after. */
static void keys_are_not_lost_to_garbage(void **state)
{
    (void)state;
    struct tty *tty = start(NULL, NULL);
    tty_type(tty, "\033]11;qqqq\a3");
    tty_wait_text(tty, "RED 15 min");
    tty_type(tty, "\033Ptmux;\033\033]11;rgb:q/q/q\033\033\\\033\\4");
    tty_wait_text(tty, "EVENT ");
    wait_theme(tty, "dark");
    quit(tty);
}

static void the_environment_is_asked_first(void **state)
{
    (void)state;
    struct tty *tty = start(NULL, "0;default;15");
    wait_theme(tty, "light");
    tty_type(tty, "\033]11;rgb:0000/0000/0000\a"); /* it knows better */
    wait_theme(tty, "dark");
    quit(tty);
}

static void a_chosen_theme_asks_nothing(void **state)
{
    (void)state;
    struct tty *tty = start("dusk", "0;15");
    wait_theme(tty, "dusk");
    tty_type(tty, LIGHT "3");
    tty_wait_text(tty, "RED 15 min");
    wait_theme(tty, "dusk");
    assert_false(asked(tty));
    quit(tty);
}

/* Whoever leaves before the answer has come does not find it on the command line of the shell. */
static void a_late_answer_is_not_left_to_the_shell(void **state)
{
    (void)state;
    struct tty *tty = start(NULL, NULL);
    assert_true(asked(tty));
    tty_type(tty, "q" LIGHT);
    assert_int_equal(tty_wait_exit(tty), 0);
    int left = -1;
    assert_int_equal(ioctl(tty->slave, FIONREAD, &left), 0);
    assert_int_equal(left, 0);
    tty_assert_restored(tty);
    tty_finish(tty);
}

static void assert_config(const char *expected)
{
    char path[128], text[256] = "";
    snprintf(path, sizeof path, "%s/.config/claude-top/config.ini", home);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void the_key_keeps_what_it_chooses(void **state)
{
    (void)state;
    struct tty *tty = start(NULL, NULL);
    tty_type(tty, "TTT");
    tty_wait_text(tty, "theme dusk, kept in config.ini");
    wait_theme(tty, "dusk");
    assert_config("[ui]\ntheme = dusk\n");
    quit(tty);
    tty = start(NULL, NULL);
    wait_theme(tty, "dusk");
    assert_false(asked(tty));
    tty_type(tty, "TTTTT"); /* colorblind, high-contrast, mono, mine, auto */
    tty_wait_text(tty, "theme auto, kept in config.ini");
    tty_type(tty, LIGHT);
    wait_theme(tty, "light");
    assert_true(asked(tty));
    assert_config("[ui]\ntheme = auto\n");
    quit(tty);
    /* What a flag says holds for this run alone. */
    tty = start("dark", NULL);
    tty_type(tty, "T");
    tty_wait_text(tty, "theme light, for this run");
    assert_config("[ui]\ntheme = auto\n");
    quit(tty);
}

static void a_bad_theme_is_one_line_and_the_default(void **state)
{
    (void)state;
    struct tty *tty = start("neon", NULL);
    tty_wait_text(tty, "there is no theme neon");
    wait_theme(tty, "dark");
    quit(tty);
}

static int make_home(void **state)
{
    (void)state;
    char path[128];
    if (!mkdtemp(home))
        return -1;
    static const char *const folders[] = {"", "/.config", "/.config/claude-top",
                                          "/.config/claude-top/themes"};
    for (size_t i = 1; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s%s", home, folders[i]);
        if (mkdir(path, 0700) != 0)
            return -1;
    }
    snprintf(path, sizeof path, "%s/.config/claude-top/themes/mine.ini", home);
    FILE *file = fopen(path, "w");
    return file && fputs("[theme]\nbase = light\n", file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int remove_home(void **state)
{
    (void)state;
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_terminal),
        cmocka_unit_test(it_understands_an_answer_in_pieces),
        cmocka_unit_test(keys_are_not_lost_to_garbage),
        cmocka_unit_test(the_environment_is_asked_first),
        cmocka_unit_test(a_chosen_theme_asks_nothing),
        cmocka_unit_test(a_late_answer_is_not_left_to_the_shell),
        cmocka_unit_test(a_bad_theme_is_one_line_and_the_default),
        cmocka_unit_test(the_key_keeps_what_it_chooses),
    };
    program = argc > 1 ? argv[1] : "claude-top";
    return cmocka_run_group_tests_name("tty/auto", tests, make_home, remove_home);
}
