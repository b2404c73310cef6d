#include "test.h"

#include "answer.h"

#include <stdio.h>

static struct grafana_facts facts;

static int start(void **state)
{
    (void)state;
    facts = (struct grafana_facts){.version = ""};
    return 0;
}

static void the_version_is_a_word(void **state)
{
    (void)state;
    assert_int_equal(answer_health(SLICE_LIT("{\"database\":\"ok\",\"version\":\"12.1.0+sec-01\"}"), &facts),
                     CT_OK);
    assert_string_equal(facts.version, "12.1.0+sec-01");
    const struct slice bad[] = {SLICE_LIT(""),
                                SLICE_LIT("[]"),
                                SLICE_LIT("{\"version\":12}"),
                                SLICE_LIT("{\"version\":\"\"}"),
                                SLICE_LIT("{\"version\":\"1\\u001b[2J\"}"),
                                SLICE_LIT("{\"version\":\"1 2\"}"),
                                SLICE_LIT("{\"version\":\"12345678901234567890123456789012\"}")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(answer_health(bad[i], &facts), CT_ERR_FORMAT);
    assert_string_equal(facts.version, "12.1.0+sec-01");
}

static void sources_are_found_by_type(void **state)
{
    (void)state;
    /* Not the usual uids: the default one, else the first. */
    assert_int_equal(
        answer_data_sources(SLICE_LIT("[{\"type\":\"prometheus\",\"uid\":\"a\"},"
                                      "{\"type\":\"prometheus\",\"uid\":\"b\",\"isDefault\":true},"
                                      "{\"type\":\"loki\",\"uid\":\"c\"},{\"type\":\"loki\",\"uid\":\"d\"},"
                                      "{\"type\":\"tempo\",\"uid\":\"with \\u001b\"},{\"type\":\"tempo\"},"
                                      "{\"type\":\"mysql\",\"uid\":\"e\"},17,null,{\"uid\":\"f\"}]"),
                            &facts),
        CT_OK);
    assert_true(facts.has_sources);
    assert_string_equal(facts.prometheus_uid, "b");
    assert_string_equal(facts.loki_uid, "c");
    assert_string_equal(facts.tempo_uid, "");
    assert_string_equal(facts.pyroscope_uid, "");
    /* Grafana Cloud has several of a type. */
    assert_int_equal(
        answer_data_sources(SLICE_LIT("[{\"type\":\"loki\",\"uid\":\"grafanacloud-alert-state-history\"},"
                                      "{\"type\":\"loki\",\"uid\":\"grafanacloud-logs\"},"
                                      "{\"type\":\"loki\",\"uid\":\"x\",\"isDefault\":true}]"),
                            &facts),
        CT_OK);
    assert_string_equal(facts.loki_uid, "grafanacloud-logs");
    assert_string_equal(facts.prometheus_uid, "");
    assert_int_equal(answer_data_sources(SLICE_LIT("{\"message\":\"Unauthorized\"}"), &facts), CT_ERR_FORMAT);
    assert_string_equal(facts.loki_uid, "grafanacloud-logs");
}

static void dashboards_that_lack_are_named(void **state)
{
    (void)state;
    assert_int_equal(answer_dashboards(SLICE_LIT("[{\"uid\":\"claude-top-fleet\"},{\"uid\":\"other\"},"
                                                 "{\"uid\":\"claude-top-session\"},{\"uid\":3}]"),
                                       &facts),
                     CT_OK);
    assert_true(facts.has_dashboards);
    assert_int_equal(facts.lacks, 1u << DEEPLINK_RED | 1u << DEEPLINK_COST);
}

static void a_short_url_stays_below_the_root(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(answer_short_request("http://g/sub/", SLICE_LIT("http://g/sub/explore?a=b"), &out),
                     CT_OK);
    assert_slice_equal(buf_slice(&out), "{\"path\":\"explore?a=b\"}");
    buf_clear(&out);
    assert_int_equal(answer_short_request("http://g/sub", SLICE_LIT("http://g/subway/explore"), &out),
                     CT_ERR_USAGE);
    assert_int_equal(answer_short_request("http://g/sub", SLICE_LIT("http://g/sub/"), &out), CT_ERR_USAGE);
    assert_int_equal(out.len, 0);
    assert_int_equal(
        answer_short_url(SLICE_LIT("{\"uid\":\"AT76wBvGk\",\"url\":\"http://evil/goto/AT76wBvGk\"}"),
                         "http://g/sub/", "2", &out),
        CT_OK);
    assert_slice_equal(buf_slice(&out), "http://g/sub/goto/AT76wBvGk?orgId=2");
    buf_clear(&out);
    const struct slice bad[] = {SLICE_LIT("{\"uid\":\"../admin\"}"), SLICE_LIT("{\"uid\":\"a?b\"}"),
                                SLICE_LIT("{\"url\":\"http://g/goto/x\"}"), SLICE_LIT("null")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(answer_short_url(bad[i], "http://g", "1", &out), CT_ERR_FORMAT);
    assert_int_equal(out.len, 0);
    buf_finish(&out);
}

static void what_is_kept_comes_back_for_the_same_grafana(void **state)
{
    (void)state;
    struct buf out;
    struct grafana_facts back;
    int64_t known = 0;
    buf_init(&out, ANSWER_MAX);
    facts = (struct grafana_facts){.version = "11.2.0",
                                   .has_sources = true,
                                   .tempo_uid = "t1",
                                   .prometheus_uid = "p1",
                                   .has_dashboards = true,
                                   .lacks = 1u << DEEPLINK_RED};
    assert_int_equal(answer_keep(&facts, "http://g", "1", INT64_C(1795348800000000001), &out), CT_OK);
    assert_int_equal(answer_kept(buf_slice(&out), "http://g", "1", &back, &known), CT_OK);
    assert_string_equal(back.version, "11.2.0");
    assert_string_equal(back.tempo_uid, "t1");
    assert_string_equal(back.loki_uid, "");
    assert_string_equal(back.prometheus_uid, "p1");
    assert_true(back.has_sources && back.has_dashboards);
    assert_int_equal(back.lacks, facts.lacks);
    assert_true(known == INT64_C(1795348800000000001));
    assert_int_equal(answer_kept(buf_slice(&out), "http://h", "1", &back, &known), CT_ERR_NOT_FOUND);
    assert_int_equal(answer_kept(buf_slice(&out), "http://g", "2", &back, &known), CT_ERR_NOT_FOUND);
    assert_int_equal(answer_kept(SLICE_LIT("{}"), "http://g", "1", &back, &known), CT_ERR_FORMAT);
    for (size_t cut = 0; cut + 2 < out.len; cut += 7)
        assert_int_equal(answer_kept(slice_make(out.data, cut), "http://g", "1", &back, &known),
                         CT_ERR_FORMAT);
    buf_finish(&out);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    static char deep[20000], large[ANSWER_MAX + 2];
    memset(deep, '[', sizeof deep);
    assert_int_equal(answer_data_sources(slice_make(deep, sizeof deep), &facts), CT_ERR_FORMAT);
    memset(large, ' ', sizeof large);
    large[0] = '[';
    large[sizeof large - 1] = ']';
    assert_int_equal(answer_data_sources(slice_make(large, sizeof large), &facts), CT_ERR_FORMAT);
    assert_false(facts.has_sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_version_is_a_word, start),
        cmocka_unit_test_setup(sources_are_found_by_type, start),
        cmocka_unit_test_setup(dashboards_that_lack_are_named, start),
        cmocka_unit_test_setup(a_short_url_stays_below_the_root, start),
        cmocka_unit_test_setup(what_is_kept_comes_back_for_the_same_grafana, start),
        cmocka_unit_test_setup(bombs_are_refused, start),
    };
    return cmocka_run_group_tests_name("grafana/answer", tests, NULL, NULL);
}
