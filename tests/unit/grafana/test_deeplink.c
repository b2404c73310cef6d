#include "test.h"

#include "deeplink.h"
#include "url_reader.h"

#define ROOT    "http://localhost:3000"
#define SESSION "6ec0e0a2-58f6-4f0f-8d3b-2f4b3a0a1c55"
#define TRACE   "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN    "00f067aa0ba902b7"

/* 2026-11-22T12:00:00Z and ten seconds later. */
#define START_NS INT64_C(1795348800000000000)
#define END_NS   INT64_C(1795348810000000000)

static struct deeplink_target session_target(void)
{
    return (struct deeplink_target){.session_id = SLICE_LIT(SESSION), .from_ns = START_NS, .to_ns = END_NS};
}

/* A link that must come out; the text lives until the next call. */
static const char *build(const struct deeplink_config *config, enum deeplink_kind kind,
                         const struct deeplink_target *target)
{
    static char url[DEEPLINK_URL_MAX + 1];
    struct deeplink_config standard;
    struct buf out;
    deeplink_config_init(&standard);
    buf_init(&out, DEEPLINK_URL_MAX);
    assert_int_equal(deeplink_build(config ? config : &standard, kind, target, &out), CT_OK);
    memcpy(url, out.data, out.len);
    url[out.len] = '\0';
    buf_finish(&out);
    return url;
}

static cJSON *panes_of(enum deeplink_kind kind, const struct deeplink_target *target)
{
    return url_panes(build(NULL, kind, target), ROOT);
}

static void kinds_have_names(void **state)
{
    (void)state;
    enum deeplink_kind kind;
    for (int i = 0; i < DEEPLINK_KIND_COUNT; i++) {
        assert_true(deeplink_kind_parse(deeplink_kind_name((enum deeplink_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_string_equal(deeplink_kind_name(DEEPLINK_MIMIR), "mimir");
    assert_false(deeplink_kind_parse("", &kind));
    assert_false(deeplink_kind_parse("temp", &kind));
    assert_false(deeplink_kind_parse(NULL, &kind));
}

static void tempo_shows_a_known_trace_and_focuses_the_span(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    target.trace_id = SLICE_LIT("4BF92F3577B34DA6A3CE929D0E0E4736");
    target.span_id = SLICE_LIT(SPAN);
    cJSON *panes = panes_of(DEEPLINK_TEMPO, &target);
    const cJSON *query = pane_query(panes, "tra", 0);
    assert_string_equal(json_text(json_object(query, "datasource"), "type"), "tempo");
    assert_string_equal(json_text(json_object(query, "datasource"), "uid"), "tempo");
    assert_string_equal(json_text(query, "queryType"), "traceql");
    assert_string_equal(json_text(query, "query"), TRACE);
    const cJSON *state_of = json_object(json_object(panes, "tra"), "panelsState");
    assert_string_equal(json_text(json_object(state_of, "trace"), "spanId"), SPAN);
    cJSON_Delete(panes);
}

static void tempo_searches_when_no_trace_is_known(void **state)
{
    (void)state;
    const struct slice bad[] = {SLICE_NULL, SLICE_LIT("4bf92f"),
                                SLICE_LIT("00000000000000000000000000000000"),
                                SLICE_LIT("4bf92f3577b34da6a3ce929d0e0e473g"), SLICE_LIT(TRACE "00")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct deeplink_target target = session_target();
        target.trace_id = bad[i];
        target.span_id = SLICE_LIT(SPAN);
        cJSON *panes = panes_of(DEEPLINK_TEMPO, &target);
        const cJSON *query = pane_query(panes, "tra", 0);
        assert_string_equal(json_text(query, "queryType"), "traceql");
        assert_string_equal(json_text(query, "query"), "{ span.session.id = \"" SESSION "\" }");
        assert_string_equal(json_text(query, "tableType"), "traces");
        assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(query, "limit")) == 20.0);
        assert_null(cJSON_GetObjectItem(json_object(panes, "tra"), "panelsState"));
        cJSON_Delete(panes);
    }
}

static void a_bad_span_id_only_loses_the_focus(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    target.trace_id = SLICE_LIT(TRACE);
    target.span_id = SLICE_LIT("\"},\"x\":{");
    cJSON *panes = panes_of(DEEPLINK_TEMPO, &target);
    assert_string_equal(json_text(pane_query(panes, "tra", 0), "query"), TRACE);
    assert_null(cJSON_GetObjectItem(json_object(panes, "tra"), "panelsState"));
    cJSON_Delete(panes);
}

static void check_loki(const struct deeplink_target *target, const char *expected)
{
    cJSON *panes = panes_of(DEEPLINK_LOKI, target);
    const cJSON *query = pane_query(panes, "log", 0);
    assert_string_equal(json_text(json_object(query, "datasource"), "type"), "loki");
    assert_string_equal(json_text(query, "expr"), expected);
    assert_string_equal(json_text(query, "queryType"), "range");
    assert_string_equal(json_text(query, "editorMode"), "code");
    cJSON_Delete(panes);
}

static void loki_narrows_to_the_most_specific_id(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    check_loki(&target, "{service_name=\"claude-code\"} | session_id=\"" SESSION "\"");
    target.prompt_id = SLICE_LIT("p-1");
    check_loki(&target, "{service_name=\"claude-code\"} | session_id=\"" SESSION "\" | prompt_id=\"p-1\"");
    target.request_id = SLICE_LIT("req_1");
    check_loki(&target, "{service_name=\"claude-code\"} | session_id=\"" SESSION "\" | request_id=\"req_1\"");
    target.tool_use_id = SLICE_LIT("toolu_1");
    check_loki(&target,
               "{service_name=\"claude-code\"} | session_id=\"" SESSION "\" | tool_use_id=\"toolu_1\"");
    target = (struct deeplink_target){.from_ns = START_NS};
    check_loki(&target, "{service_name=\"claude-code\"}");
}

static void check_promql(const cJSON *query, const char *expected)
{
    assert_string_equal(json_text(json_object(query, "datasource"), "type"), "prometheus");
    assert_string_equal(json_text(query, "expr"), expected);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(query, "range")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(query, "instant")));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(query, "exemplar")));
}

static void mimir_shows_tokens_cost_and_exemplars(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    cJSON *panes = panes_of(DEEPLINK_MIMIR, &target);
    assert_int_equal(cJSON_GetArraySize(panes), 2);
    check_promql(pane_query(panes, "tok", 0),
                 "sum by (type) (last_over_time(claude_code_token_usage_tokens_total{session_id=\"" SESSION
                 "\"}[$__range]))");
    check_promql(pane_query(panes, "usd", 0),
                 "sum by (model) (last_over_time(claude_code_cost_usage_USD_total{session_id=\"" SESSION
                 "\"}[$__range]))");
    check_promql(pane_query(panes, "usd", 1),
                 "histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{"
                 "service_name=\"claude-code\"}[$__rate_interval])))");
    /* Equal ranges: the panes open in step. */
    const cJSON *left = json_object(json_object(panes, "tok"), "range");
    assert_true(cJSON_Compare(left, json_object(json_object(panes, "usd"), "range"), true));
    cJSON_Delete(panes);

    target.model = SLICE_LIT("claude-opus-4");
    panes = panes_of(DEEPLINK_MIMIR, &target);
    check_promql(pane_query(panes, "tok", 0),
                 "sum by (type) (last_over_time(claude_code_token_usage_tokens_total{session_id=\"" SESSION
                 "\",model=\"claude-opus-4\"}[$__range]))");
    cJSON_Delete(panes);
}

static void mimir_of_all_sessions_shows_increases(void **state)
{
    (void)state;
    struct deeplink_target target = {.from_ns = START_NS};
    cJSON *panes = panes_of(DEEPLINK_MIMIR, &target);
    check_promql(pane_query(panes, "tok", 0),
                 "sum by (type) (increase(claude_code_token_usage_tokens_total[$__rate_interval]))");
    cJSON_Delete(panes);
    target.model = SLICE_LIT("m");
    panes = panes_of(DEEPLINK_MIMIR, &target);
    check_promql(
        pane_query(panes, "usd", 0),
        "sum by (model) (increase(claude_code_cost_usage_USD_total{model=\"m\"}[$__rate_interval]))");
    cJSON_Delete(panes);
}

static void profiles_select_the_service(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    cJSON *panes = panes_of(DEEPLINK_PROFILES, &target);
    const cJSON *query = pane_query(panes, "pro", 0);
    assert_string_equal(json_text(json_object(query, "datasource"), "type"), "grafana-pyroscope-datasource");
    assert_string_equal(json_text(query, "labelSelector"), "{service_name=\"claude-code\"}");
    assert_string_equal(json_text(query, "profileTypeId"), "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(query, "groupBy")));
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(query, "spanSelector")));
    cJSON_Delete(panes);
}

static void a_profiled_span_narrows_to_its_profile_and_its_service(void **state)
{
    (void)state;
    struct deeplink_target target = session_target();
    target.profile_id = SLICE_LIT("00f067aa0ba902b7");
    target.profile_service = SLICE_LIT("gateway");
    cJSON *panes = panes_of(DEEPLINK_PROFILES, &target);
    const cJSON *query = pane_query(panes, "pro", 0);
    const cJSON *spans = cJSON_GetObjectItem(query, "spanSelector");
    assert_string_equal(json_text(query, "labelSelector"), "{service_name=\"gateway\"}");
    assert_int_equal(cJSON_GetArraySize(spans), 1);
    assert_string_equal(cJSON_GetArrayItem(spans, 0)->valuestring, "00f067aa0ba902b7");
    cJSON_Delete(panes);
    panes = panes_of(DEEPLINK_LOKI, &target); /* the log lines are the session's all the same */
    assert_non_null(strstr(json_text(pane_query(panes, "log", 0), "expr"), "{service_name=\"claude-code\"}"));
    cJSON_Delete(panes);
}

static void check_range(int64_t from_ns, int64_t to_ns, const char *from, const char *to)
{
    struct deeplink_target target = session_target();
    target.from_ns = from_ns;
    target.to_ns = to_ns;
    cJSON *panes = panes_of(DEEPLINK_LOKI, &target);
    const cJSON *range = json_object(json_object(panes, "log"), "range");
    assert_string_equal(json_text(range, "from"), from);
    assert_string_equal(json_text(range, "to"), to);
    cJSON_Delete(panes);
}

static void ranges_have_a_margin_and_sane_ends(void **state)
{
    (void)state;
    check_range(START_NS, END_NS, "1795348740000", "1795348870000");
    check_range(START_NS, 0, "1795348740000", "now"); /* live */
    check_range(0, 0, "now-3600s", "now");
    check_range(0, END_NS, "1795345150000", "1795348870000");
    check_range(END_NS, START_NS, "1795348750000", "1795348870000"); /* backwards: never an empty range */
    /* Whatever a sender claims, a bound keeps the 13 digits that Grafana reads as milliseconds. */
    check_range(1, 2, "1000000000000", "1000000000000");
    check_range(12345678000000, INT64_MAX, "1000000000000", "9223372096854");
    check_range(INT64_MAX, INT64_MAX, "9223371976854", "9223372096854");
    check_range(INT64_MIN, INT64_MIN, "now-3600s", "now");
}

static void hostile_ids_stay_inside_their_literal(void **state)
{
    (void)state;
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    const struct slice ids[] = {
        SLICE_LIT("\" } || { true"),
        SLICE_LIT("\"} | json | line_format \"x"),
        SLICE_LIT("\\\" } \\"),
        SLICE_LIT("%22%7D&panes=evil&orgId=2#?"),
        SLICE_LIT("\xc3\xa9 \xe2\x80\xae \xf0\x9f\x98\x80 + \xff\xfe"),
        SLICE_LIT("$__range ${__user.login} {{x}}"),
        SLICE_LIT("\x1b]8;;http://evil\x1b\\ \x07 \r\n\t\0 end"),
        slice_make(all, 64),
        slice_make(all + 64, 64),
        slice_make(all + 128, 64),
        slice_make(all + 192, 64),
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        char read[512];
        const char *after;
        struct deeplink_target target = session_target();
        target.session_id = ids[i];

        cJSON *panes = panes_of(DEEPLINK_TEMPO, &target);
        size_t len = literal_after(json_text(pane_query(panes, "tra", 0), "query"),
                                   "{ span.session.id = ", read, sizeof(read), &after);
        assert_true(slice_eq(slice_make(read, len), ids[i]));
        assert_string_equal(after, " }");
        cJSON_Delete(panes);

        panes = panes_of(DEEPLINK_LOKI, &target);
        len = literal_after(json_text(pane_query(panes, "log", 0), "expr"), "| session_id=", read,
                            sizeof(read), &after);
        assert_true(slice_eq(slice_make(read, len), ids[i]));
        assert_string_equal(after, "");
        cJSON_Delete(panes);

        target.session_id = SLICE_LIT(SESSION);
        target.tool_use_id = ids[i];
        panes = panes_of(DEEPLINK_LOKI, &target);
        len = literal_after(json_text(pane_query(panes, "log", 0), "expr"), "| tool_use_id=", read,
                            sizeof(read), &after);
        assert_true(slice_eq(slice_make(read, len), ids[i]));
        assert_string_equal(after, "");
        cJSON_Delete(panes);
    }
}

static void hostile_ids_stay_inside_their_matcher(void **state)
{
    (void)state;
    const struct slice ids[] = {SLICE_LIT("\"} or vector(1) #"), SLICE_LIT("\\"),
                                SLICE_LIT("a\0\x1b\xff\n\"b")};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        char read[64];
        const char *after;
        struct deeplink_target target = session_target();
        target.session_id = ids[i];
        cJSON *panes = panes_of(DEEPLINK_MIMIR, &target);
        for (int pane = 0; pane < 2; pane++) {
            const char *expr = json_text(pane_query(panes, pane ? "usd" : "tok", 0), "expr");
            size_t len = literal_after(expr, "session_id=", read, sizeof(read), &after);
            assert_true(slice_eq(slice_make(read, len), ids[i]));
            assert_string_equal(after, "}[$__range]))");
        }
        cJSON_Delete(panes);
    }
}

static void what_is_too_long_is_refused_and_out_stays(void **state)
{
    (void)state;
    char id[4096];
    memset(id, '"', sizeof(id));
    struct deeplink_config config;
    deeplink_config_init(&config);
    for (int kind = 0; kind < DEEPLINK_KIND_COUNT; kind++) {
        struct buf out;
        struct deeplink_target target = session_target();
        target.session_id = slice_make(id, sizeof(id));
        buf_init(&out, 1 << 20);
        assert_int_equal(buf_append_str(&out, "before "), CT_OK);
        enum ct_err err = deeplink_build(&config, (enum deeplink_kind)kind, &target, &out);
        bool of_session = kind != DEEPLINK_PROFILES && kind != DEEPLINK_FLEET && kind != DEEPLINK_RED &&
                          kind != DEEPLINK_COST && kind != DEEPLINK_DRILLDOWN_PROFILES;
        bool drilldown = kind >= DEEPLINK_DRILLDOWN;
        if (!of_session) {
            assert_int_equal(err, CT_OK);
        } else if (drilldown) {
            assert_int_equal(err, CT_ERR_UNSUPPORTED);
            assert_slice_equal(buf_slice(&out), "before ");
        } else {
            assert_int_equal(err, CT_ERR_LIMIT);
            assert_slice_equal(buf_slice(&out), "before ");
        }
        buf_finish(&out);
    }
    /* With the trace known, the session's id is not needed. */
    struct deeplink_target target = {.session_id = slice_make(id, sizeof(id)), .trace_id = SLICE_LIT(TRACE)};
    cJSON_Delete(panes_of(DEEPLINK_TEMPO, &target));

    struct buf small;
    target = session_target();
    buf_init(&small, 100);
    assert_int_equal(deeplink_build(&config, DEEPLINK_LOKI, &target, &small), CT_ERR_LIMIT);
    assert_int_equal(small.len, 0);
    buf_finish(&small);
}

static void ordinary_links_fit_a_terminal(void **state)
{
    (void)state;
    struct deeplink_config config;
    deeplink_config_init(&config);
    config.root_url = "https://grafana.monitoring.some-company.example/observability/grafana";
    config.tempo_uid = config.loki_uid = config.prometheus_uid = config.pyroscope_uid = "P8E80F9AEF21F6940";
    struct deeplink_target target = session_target();
    target.model = SLICE_LIT("claude-sonnet-4-5-20250929");
    target.tool_use_id = SLICE_LIT("toolu_01A09q90qw90lq917835lq9");
    for (int kind = 0; kind < DEEPLINK_KIND_COUNT; kind++)
        assert_in_range(strlen(build(&config, (enum deeplink_kind)kind, &target)), 150,
                        DEEPLINK_URL_MAX - 20);
}

static void the_configuration_reaches_the_url(void **state)
{
    (void)state;
    char org[16];
    struct deeplink_config config;
    deeplink_config_init(&config);
    config.root_url = "HTTPS://grafana.example/sub/path///";
    config.org_id = "7 &x";
    config.loki_uid = "u\"id/1";
    config.service_name = "my\"svc";
    struct deeplink_target target = session_target();
    const char *url = build(&config, DEEPLINK_LOKI, &target);
    cJSON *panes = url_panes(url, "HTTPS://grafana.example/sub/path");
    assert_string_equal(json_text(json_object(panes, "log"), "datasource"), "u\"id/1");
    assert_string_equal(json_text(pane_query(panes, "log", 0), "expr"),
                        "{service_name=\"my\\\"svc\"} | session_id=\"" SESSION "\"");
    url_param(url, "orgId", org, sizeof(org));
    assert_string_equal(org, "7 &x");
    cJSON_Delete(panes);
}

static void a_root_that_is_no_url_is_refused(void **state)
{
    (void)state;
    const char *const roots[] = {NULL,
                                 "",
                                 "http://",
                                 "https://",
                                 "http:///x",
                                 "http://:3000",
                                 "ftp://host",
                                 "host:3000",
                                 "javascript://host",
                                 "http://host?x=1",
                                 "http://host#x",
                                 "http://ho st",
                                 "http://host/\x1b]0;x\x07",
                                 "http://h\xc3\xb6st",
                                 "http://host\n",
                                 "http://host/\"x"};
    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        struct deeplink_config config;
        struct deeplink_target target = session_target();
        struct buf out;
        deeplink_config_init(&config);
        config.root_url = roots[i];
        buf_init(&out, DEEPLINK_URL_MAX);
        if (deeplink_build(&config, DEEPLINK_TEMPO, &target, &out) != CT_ERR_USAGE)
            fail_msg("\"%s\" was taken for a root URL", roots[i] ? roots[i] : "NULL");
        assert_int_equal(out.len, 0);
        buf_finish(&out);
    }
}

static void names_may_have_dashes(void **state)
{
    (void)state;
    enum deeplink_kind kind;
    assert_true(deeplink_kind_parse("drilldown-logs", &kind));
    assert_int_equal(kind, DEEPLINK_DRILLDOWN_LOGS);
    assert_false(deeplink_kind_parse("drilldown_", &kind));
    assert_string_equal(deeplink_dashboard_uid(DEEPLINK_DASHBOARD), "claude-top-session");
    assert_null(deeplink_dashboard_uid(DEEPLINK_TEMPO));
}

static void the_menu_has_every_kind_with_its_url_or_why_not(void **state)
{
    (void)state;
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    struct deeplink_config config;
    struct arena arena;
    deeplink_config_init(&config);
    arena_init(&arena, 1 << 20);
    struct deeplink_target target = session_target();
    assert_int_equal(deeplink_list(&config, &target, &arena, entries), DEEPLINK_KIND_COUNT);
    for (int i = 0; i < DEEPLINK_KIND_COUNT; i++) {
        assert_int_equal(entries[i].kind, i);
        assert_true(entries[i].title[0] != '\0');
        assert_string_equal(entries[i].url, build(&config, entries[i].kind, &target));
        assert_null(entries[i].why_not);
        assert_null(entries[i].left_out);
    }

    config.pyroscope_uid = "";
    config.lacks = 1u << DEEPLINK_COST;
    target.session_id = SLICE_LIT("a|b");
    assert_int_equal(deeplink_list(&config, &target, &arena, entries), DEEPLINK_KIND_COUNT);
    for (int i = 0; i < DEEPLINK_KIND_COUNT; i++) {
        bool none = i == DEEPLINK_PROFILES || i == DEEPLINK_COST || i == DEEPLINK_DRILLDOWN ||
                    i == DEEPLINK_DRILLDOWN_LOGS || i == DEEPLINK_DRILLDOWN_METRICS ||
                    i == DEEPLINK_DRILLDOWN_PROFILES;
        assert_int_equal(entries[i].url == NULL, none);
        assert_int_equal(entries[i].why_not != NULL, none);
    }
    assert_non_null(strstr(entries[DEEPLINK_PROFILES].why_not, "no data source"));
    assert_non_null(strstr(entries[DEEPLINK_COST].why_not, "dashboard"));
    assert_non_null(strstr(entries[DEEPLINK_DRILLDOWN].why_not, "characters"));

    /* Without a session its dashboard does not apply. */
    target.session_id = SLICE_NULL;
    assert_int_equal(deeplink_list(&config, &target, &arena, entries), DEEPLINK_KIND_COUNT - 1);

    config.root_url = "nonsense";
    assert_int_equal(deeplink_list(&config, &target, &arena, entries), DEEPLINK_KIND_COUNT - 1);
    for (int i = 0; i < DEEPLINK_KIND_COUNT - 1; i++)
        assert_non_null(strstr(entries[i].why_not, "root_url"));
    arena_finish(&arena);
}

static void what_is_too_long_says_what_it_leaves_out(void **state)
{
    (void)state;
    struct deeplink_config config;
    struct deeplink_target target = session_target();
    struct buf url;
    const char *left_out;
    char id[100];
    memset(id, '"', sizeof id);
    deeplink_config_init(&config);
    target.session_id = slice_make(id, sizeof id);
    buf_init(&url, DEEPLINK_LONG_MAX);
    assert_int_equal(deeplink_make(&config, DEEPLINK_MIMIR, &target, &url, &left_out), CT_OK);
    assert_non_null(left_out);
    assert_true(url.len <= DEEPLINK_URL_MAX);
    cJSON *panes = url_panes(buf_cstr(&url), ROOT);
    assert_int_equal(cJSON_GetArraySize(panes), 1);
    cJSON_Delete(panes);
    buf_clear(&url);
    assert_int_equal(deeplink_build_long(&config, DEEPLINK_MIMIR, &target, &url), CT_OK);
    assert_true(url.len > DEEPLINK_URL_MAX);
    buf_finish(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(tempo_shows_a_known_trace_and_focuses_the_span),
        cmocka_unit_test(tempo_searches_when_no_trace_is_known),
        cmocka_unit_test(a_bad_span_id_only_loses_the_focus),
        cmocka_unit_test(loki_narrows_to_the_most_specific_id),
        cmocka_unit_test(mimir_shows_tokens_cost_and_exemplars),
        cmocka_unit_test(mimir_of_all_sessions_shows_increases),
        cmocka_unit_test(profiles_select_the_service),
        cmocka_unit_test(a_profiled_span_narrows_to_its_profile_and_its_service),
        cmocka_unit_test(ranges_have_a_margin_and_sane_ends),
        cmocka_unit_test(hostile_ids_stay_inside_their_literal),
        cmocka_unit_test(hostile_ids_stay_inside_their_matcher),
        cmocka_unit_test(what_is_too_long_is_refused_and_out_stays),
        cmocka_unit_test(ordinary_links_fit_a_terminal),
        cmocka_unit_test(the_configuration_reaches_the_url),
        cmocka_unit_test(a_root_that_is_no_url_is_refused),
        cmocka_unit_test(names_may_have_dashes),
        cmocka_unit_test(the_menu_has_every_kind_with_its_url_or_why_not),
        cmocka_unit_test(what_is_too_long_says_what_it_leaves_out),
    };
    return cmocka_run_group_tests_name("grafana/deeplink", tests, NULL, NULL);
}
