/* The built-in values of the table are those of the modules that they configure. */
#include "test.h"

#include "model.h"
#include "options_table.h"
#include "options_value.h"
#include "tee.h"
#include "ui.h"

#include <stdlib.h>

static struct options o;

static void test_limits(void **state)
{
    (void)state;
    struct otlp_limits want;
    otlp_limits_init(&want);
#define SAME(field) assert_int_equal(o.limits.field, want.field)
    SAME(header_bytes);
    SAME(header_count);
    SAME(body_bytes);
    SAME(inflated_bytes);
    SAME(inflate_ratio);
    SAME(budget_bytes);
    SAME(nesting);
    SAME(records);
    SAME(attributes);
    SAME(json_nodes);
    SAME(connections);
    SAME(header_ms);
    SAME(idle_ms);
    SAME(keepalive_ms);
    SAME(total_ms);
#undef SAME
}

/* Every limit is a setting: a new field in struct otlp_limits makes this fail until it has its row. */
static void test_all_limits_are_settings(void **state)
{
    (void)state;
    size_t bytes = 0;
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].section && strcmp(option_table[i].section, "limits") == 0)
            bytes += option_table[i].size;
    }
    assert_int_equal(bytes, sizeof(struct otlp_limits));
}

static void test_grafana(void **state)
{
    (void)state;
    struct deeplink_config want;
    deeplink_config_init(&want);
    assert_string_equal(o.grafana.root_url, want.root_url);
    assert_string_equal(o.grafana.org_id, want.org_id);
    assert_string_equal(o.grafana.tempo_uid, want.tempo_uid);
    assert_string_equal(o.grafana.loki_uid, want.loki_uid);
    assert_string_equal(o.grafana.prometheus_uid, want.prometheus_uid);
    assert_string_equal(o.grafana.pyroscope_uid, want.pyroscope_uid);
    assert_string_equal(o.grafana.service_name, want.service_name);
    assert_string_equal(o.grafana.version, want.version);
    assert_int_equal(o.grafana.lacks, want.lacks);
}

static void test_link_kinds(void **state)
{
    (void)state;
    struct slice rest = slice_str(command_table[COMMAND_LINK].choices), choice;
    int count = 0;
    for (; option_next_choice(&rest, &choice) && count < DEEPLINK_KIND_COUNT; count++)
        assert_slice_equal(choice, deeplink_kind_name((enum deeplink_kind)count));
    assert_slice_equal(choice, "all");
    assert_int_equal(count, DEEPLINK_KIND_COUNT);
}

static void test_journal_and_model(void **state)
{
    (void)state;
    assert_int_equal(o.journal_max_bytes, JOURNAL_MAX_BYTES_DEFAULT);
    assert_int_equal(o.journal_segment_bytes, JOURNAL_SEGMENT_BYTES_DEFAULT);
    assert_int_equal(o.journal_max_age_ns, JOURNAL_MAX_AGE_DEFAULT_NS);
    assert_int_equal(o.journal_fsync, JOURNAL_FSYNC_INTERVAL);
    assert_int_equal(o.model_max_bytes, MODEL_MAX_BYTES_DEFAULT);
    assert_int_equal(o.turn_boundary_mode, TURN_MODE_AUTO);
    assert_int_equal(o.turn_idle_end_ns, MODEL_TURN_IDLE_END_NS);
    assert_int_equal(o.session_id_policy, SESSION_ID_BUFFER);
    assert_int_equal(o.session_id_buffer_max_ns, MODEL_SESSION_ID_WAIT_NS);
    assert_int_equal(o.session_id_buffer_max_spans, MODEL_SESSION_ID_WAITING_MAX);
}

static void test_alerts(void **state)
{
    (void)state;
    struct alert_limits want;
    alert_limits_init(&want);
    assert_memory_equal(&o.alerts, &want, sizeof want);
}

static void test_upstream(void **state)
{
    (void)state;
    struct tee_config want;
    tee_config_init(&want);
    assert_int_equal(o.upstream.connect_timeout_ms, want.connect_timeout_ms);
    assert_int_equal(o.upstream.request_timeout_ms, want.request_timeout_ms);
    assert_int_equal(o.upstream.backoff_first_ms, want.backoff_first_ms);
    assert_int_equal(o.upstream.backoff_max_ms, want.backoff_max_ms);
    assert_int_equal(o.upstream.retry_after_max_ms, want.retry_after_max_ms);
    assert_int_equal(o.upstream.connection_age_ms, want.connection_age_ms);
    assert_int_equal(o.upstream.poison_attempts, want.poison_attempts);
    assert_int_equal(o.upstream.poison_after_ms, want.poison_after_ms);
    assert_int_equal(o.upstream.response_bytes_max, want.response_bytes_max);
    assert_int_equal(o.upstream.convert, want.other == TEE_OTHER_CONVERT);
}

/* Choices are numbered as the enums of the layers below, whose values they become. */
static void test_choices(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *word;
        int value;
    } choices[] = {
        {"sort", "activity", UI_SORT_ACTIVITY},
        {"sort", "state", UI_SORT_STATE},
        {"sort", "name", UI_SORT_NAME},
        {"sort", "cost", UI_SORT_COST},
        {"sort", "tokens", UI_SORT_TOKENS},
        {"sort", "time", UI_SORT_TIME},
        {"view", "tree", UI_VIEW_TREE},
        {"view", "waterfall", UI_VIEW_WATERFALL},
        {"view", "red", UI_VIEW_RED},
        {"view", "events", UI_VIEW_EVENTS},
        {"view", "detail", UI_VIEW_DETAIL},
        {"view", "flow", UI_VIEW_FLOW},
        {"view", "alerts", UI_VIEW_ALERTS},
        {"journal", "disk", JOURNAL_MODE_DISK},
        {"journal", "memory", JOURNAL_MODE_MEMORY},
        {"journal-fsync", "never", JOURNAL_FSYNC_NEVER},
        {"journal-fsync", "interval", JOURNAL_FSYNC_INTERVAL},
        {"journal-fsync", "always", JOURNAL_FSYNC_ALWAYS},
        {"color", "auto", COLOR_CHOICE_AUTO},
        {"color", "truecolor", COLOR_CHOICE_TRUE},
        {"color", "256", COLOR_CHOICE_256},
        {"color", "16", COLOR_CHOICE_16},
        {"color", "mono", COLOR_CHOICE_MONO},
        {"ascii", "auto", ASCII_AUTO},
        {"ascii", "on", ASCII_ON},
        {"ascii", "off", ASCII_OFF},
    };
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const struct option *opt = option_by_flag(slice_str(choices[i].flag));
        struct ct_errmsg msg;
        int value;
        assert_int_equal(option_set(&o, opt, slice_str(choices[i].word), &msg), CT_OK);
        memcpy(&value, (char *)&o + opt->offset, sizeof value);
        if (value != choices[i].value)
            fail_msg("--%s %s is %d, not %d", choices[i].flag, choices[i].word, value, choices[i].value);
    }
}

static int setup(void **state)
{
    (void)state;
    options_init(&o);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    options_finish(&o);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_all_limits_are_settings),
        cmocka_unit_test(test_grafana),
        cmocka_unit_test(test_link_kinds),
        cmocka_unit_test(test_journal_and_model),
        cmocka_unit_test(test_alerts),
        cmocka_unit_test(test_upstream),
        cmocka_unit_test(test_choices),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
