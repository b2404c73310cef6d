/* test_status_format - templates of status lines. */
#include "test.h"

#include "status_format.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#define SUMMARY                                                                                              \
    "{\"schema\":1,\"sessions\":12,\"live\":4,\"waiting\":1,\"running\":2,\"failed\":0,\"turns\":40,"        \
    "\"llm_calls\":1200,\"llm_errors\":3,\"tool_calls\":800,\"tool_errors\":0,\"input_tokens\":41000,"       \
    "\"output_tokens\":3200,\"cache_read_tokens\":1200000,\"cost_usd\":4.82,\"cost_is_estimate\":true,"      \
    "\"cost_unknown_calls\":0,\"cost_today_usd\":2.11,\"tokens_per_min\":12400,\"cost_per_hour_usd\":3.2,"   \
    "\"upstream\":\"retrying\",\"queued\":7,\"dropped\":0,\"refused\":0,\"session\":{\"session_id\":\"s\","  \
    "\"name\":\"web-ui #1 <b>\",\"folder\":\"web-ui\",\"branch\":\"feat/login\",\"state\":\"permission\","   \
    "\"state_seconds\":72,\"call\":\"Bash\",\"model\":\"claude-opus-5-5\",\"turns\":7,\"cost_usd\":0.31,"    \
    "\"context_percentage\":31.5,\"five_hour_percentage\":42,\"seven_day_percentage\":null}}"

static const char *line_of(const char *format, const char *summary)
{
    static struct buf out;
    struct ct_errmsg msg = {""};
    buf_finish(&out);
    buf_init(&out, 2 * STATUS_LINE_MAX);
    if (status_format_check(slice_str(format), &msg))
        fail_msg("\"%s\" is refused: %s", format, msg.text);
    assert_int_equal(status_format_line(slice_str(format), slice_str(summary), &out), CT_OK);
    assert_true(out.len > 0 && out.data[out.len - 1] == '\n');
    assert_int_equal(slice_find(buf_slice(&out), '\n'), out.len - 1);
    out.len--;
    return buf_cstr(&out);
}

static void names_are_what_the_summary_says(void **state)
{
    static const struct {
        const char *format, *line;
    } cases[] = {
        {"{sessions} {live} {waiting} {running} {failed}", "12 4 1 2 0"},
        {"{turns} {calls} {errors} {tools} {tool_errors}", "40 1.2k 3 800 0"},
        {"{in} {out} {cache}", "41.0k 3.2k 1.2M"},
        {"{cost} {today} {burn}/h {rate}", "~$4.82 $2.11 $3.20/h 12.4k"},
        {"{name}|{folder}|{branch}", "web-ui #1 <b>|web-ui|feat/login"},
        {"{state} {age} {call} {model} {turn} {spent}", "permission 72s Bash claude-opus-5-5 7 $0.31"},
        {"{context} {limit5h} [{limit7d}]", "31% 42% []"},
        {"{upstream} {queued} {lost} {collector}", "down 7 0 on"},
        {"a {{b}} c", "a {b} c"},
        {"", ""},
        {"two\nlines", "two lines"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(line_of(cases[i].format, SUMMARY), cases[i].line);
}

static void widths_are_columns(void **state)
{
    (void)state;
    assert_string_equal(line_of("[{waiting:>4}] [{waiting:<4}] [{waiting:4}] [{waiting:^5}]", SUMMARY),
                        "[   1] [1   ] [1   ] [  1  ]");
    assert_string_equal(line_of("[{branch:.6}] [{branch:>8.6}] [{branch:.10}] [{branch:.1}]", SUMMARY),
                        "[feat/…] [  feat/…] [feat/login] […]");
    assert_string_equal(line_of("[{limit7d:3}]", SUMMARY), "[   ]");
    assert_string_equal(line_of("[{name:.4}]", "{\"session\":{\"name\":\"会議室予約\"}}"), "[会…]");
}

static void conditions_nest(void **state)
{
    (void)state;
    assert_string_equal(line_of("{waiting?⏸ {waiting} }{failed?✗ {failed} }.", SUMMARY), "⏸ 1 .");
    assert_string_equal(line_of("{failed!fine}{waiting!free}", SUMMARY), "fine");
    assert_string_equal(line_of("{waiting?{failed?a}{failed!b{running?c{running:>3}}}}", SUMMARY), "bc  2");
    assert_string_equal(line_of("{limit7d?x}{limit7d!y}{lost?z}{context?{context}}", SUMMARY), "y31%");
}

static void without_a_collector_nothing_is_known(void **state)
{
    static const char *const nothing[] = {"", "nonsense", "[]", "{", "null"};
    (void)state;
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        assert_string_equal(line_of("plain", nothing[i]), "");
        assert_string_equal(line_of("tmux", nothing[i]), "");
        assert_string_equal(line_of("starship", nothing[i]), "");
        assert_string_equal(line_of("{sessions}{cost}{name}{collector!off}", nothing[i]), "off");
    }
    assert_string_equal(line_of("plain", "{}"), "");
    assert_string_equal(line_of("waybar", ""),
                        "{\"text\":\"\",\"tooltip\":\"no collector runs\",\"class\":\"off\"}");
}

static void every_bar_gets_its_own_markup(void **state)
{
    (void)state;
    assert_string_equal(line_of("plain", SUMMARY),
                        "⏸ 1 web-ui #1 <b>  ● 2  $2.11  12.4k tok/min  ⇄ down");
    assert_string_equal(
        line_of("tmux", SUMMARY),
        "#[fg=yellow,bold]⏸ 1 web-ui ##1 <b>#[default]  #[fg=green]● 2#[default]  $2.11  12.4k "
        "tok/min  #[fg=red]⇄ down#[default]");
    assert_string_equal(line_of("starship", SUMMARY), "⏸ 1 ● 2 $2.11 ");
    assert_string_equal(line_of("tmux:#[bold]{name}", SUMMARY), "#[bold]web-ui ##1 <b>");
    assert_string_equal(line_of("waybar:<b>{name}</b>", SUMMARY),
                        "{\"text\":\"<b>web-ui #1 &lt;b&gt;</b>\",\"tooltip\":\"4 live, 1 waiting, 2 "
                        "running\\n$2.11 today, $3.20/h, 12.4k tok/min\\nweb-ui #1 &lt;b&gt;: permission "
                        "72s\",\"class\":\"waiting\"}");
    cJSON *o = cJSON_Parse(line_of("i3status", SUMMARY));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "state")), "Warning");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(o, "urgent")));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "full_text")),
                        cJSON_GetStringValue(cJSON_GetObjectItem(o, "text")));
    cJSON_Delete(o);
}

static void mistakes_are_said_with_their_place(void **state)
{
    static const struct {
        const char *format, *words;
    } cases[] = {
        {"tmx", "--format: no \"tmx\": plain, tmux, zellij, starship, i3status, waybar, or a template such "
                "as {waiting}"},
        {"{bogus}", "--format: no such name at \"bogus\""},
        {"{waiting?{bogus:3}}", "--format: no such name at \"bogus:3\""},
        {"{}", "--format: no such name at \"\""},
        {"{waiting", "--format: no closing brace at \"{waiting\""},
        {"{waiting?{x}", "--format: no closing brace at \"{waiting?{x}\""},
        {"a}b", "--format: no opening brace at \"}b\""},
        {"{waiting:}", "--format: no such width: <12, >7, ^9, .20, >7.7 at \"waiting:\""},
        {"{waiting:x}", "--format: no such width: <12, >7, ^9, .20, >7.7 at \"waiting:x\""},
        {"{waiting:>9999}", "--format: no such width: <12, >7, ^9, .20, >7.7 at \"waiting:>9999\""},
        {"{waiting:.0}", "--format: no such width: <12, >7, ^9, .20, >7.7 at \"waiting:.0\""},
    };
    struct ct_errmsg msg;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_format_check(slice_str(cases[i].format), &msg), CT_ERR_USAGE);
        assert_string_equal(msg.text, cases[i].words);
    }
    char deep[STATUS_DEPTH_MAX * 20 + 200] = "", end[STATUS_DEPTH_MAX + 20] = "";
    for (int i = 0; i < STATUS_DEPTH_MAX + 1; i++) {
        strcat(deep, "{waiting?");
        strcat(end, "}");
    }
    strcat(deep, end);
    assert_int_equal(status_format_check(slice_str(deep), &msg), CT_ERR_USAGE);
    static char large[STATUS_FORMAT_MAX + 2];
    memset(large, '.', sizeof large - 1);
    assert_int_equal(status_format_check(slice_str(large), &msg), CT_ERR_USAGE);
}

/* Whatever the collector says, a line is one line without controls, and never longer than its room. */
static void hostile_summaries_stay_one_line(void **state)
{
    static const char *const hostile[] = {
        "{\"session\":{\"name\":\"a\\nb\\u001b[31m\\u202ec\"}}",
        "{\"waiting\":1e300,\"cost_today_usd\":-5,\"tokens_per_min\":\"x\",\"session\":[1]}",
        "{\"session\":{\"state_seconds\":1e18,\"cost_usd\":1e300,\"context_percentage\":1e99}}",
        "{\"waiting\":{},\"session\":{\"name\":{}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const char *line = line_of("{waiting}{today}{rate}{name:>30}{age}{spent}{context}", hostile[i]);
        for (; *line; line++)
            assert_true((unsigned char)*line >= 0x20 && *line != 0x7f);
    }
    char wide[STATUS_FORMAT_MAX] = "";
    while (strlen(wide) + 16 < sizeof wide)
        strcat(wide, "{waiting:>200}");
    assert_true(strlen(line_of(wide, SUMMARY)) <= STATUS_LINE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_the_summary_says),
        cmocka_unit_test(widths_are_columns),
        cmocka_unit_test(conditions_nest),
        cmocka_unit_test(without_a_collector_nothing_is_known),
        cmocka_unit_test(every_bar_gets_its_own_markup),
        cmocka_unit_test(mistakes_are_said_with_their_place),
        cmocka_unit_test(hostile_summaries_stay_one_line),
    };
    return cmocka_run_group_tests_name("status_format", tests, NULL, NULL);
}
