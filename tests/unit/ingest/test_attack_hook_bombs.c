/* Hook calls and status lines that are bombs. They are answered and kept whatever they hold; reading them
 * must cost neither memory nor stack, and the next one is read all the same. */
#include "test.h"

#include "hearing.h"
#include "ingest_private.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

/* A node of cJSON's tree with its short key. */
#define NODE_BYTES ((size_t)128)
/* The scratch arena, and what the test keeps of events. */
#define BASE_BYTES ((size_t)512 * 1024)
/* Held between frames, however large one was. */
#define KEPT_BYTES (BASE_BYTES + INGEST_JSON_KEEP)
/* A text is copied for cJSON's value, and once more where the scan patches it. */
#define TEXT_PEAK(bytes) (BASE_BYTES + 3 * (bytes))

static void repeat(struct buf *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        assert_int_equal(buf_append_str(b, text), CT_OK);
}

#define HOOK                                                                                                 \
    "{\"session_id\":\"s1\",\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_use_id\":"      \
    "\"t\","

/* Reads h->body as a hook call and as a status line; what it costs, and that another one is heard afterwards.
 */
static void read_as(struct hearing *h, const char *path, enum ct_err err, size_t peak)
{
    static const char good[] =
        "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\",\"cwd\":\"/x\",\"prompt_id\":\"p\"}";
    uint64_t errors = ingest_stats(h->ingest).decode_errors;
    memory_watch();
    enum ct_err got = hear_body(h, FRAME_HOOK, path, buf_slice(&h->body));
    size_t most = memory_peak(), kept = memory_growth();
    if (got != err || most > peak || kept > KEPT_BYTES)
        fail_msg("%s: %s, not %s; %zu bytes, not %zu at most; %zu kept", path, ct_err_name(got),
                 ct_err_name(err), most, peak, kept);
    assert_int_equal(ingest_stats(h->ingest).decode_errors, errors + (err != CT_OK));
    assert_int_equal(hear_body(h, FRAME_HOOK, "/hooks", SLICE_LIT(good)), CT_OK);
    assert_int_equal(heard(h)->kind, EVENT_TURN);
}

static void nested_without_end(void **state)
{
    (void)state;
    static const char *const opens[] = {"[", "{\"a\":"};
    struct hearing h;
    hearing_open(&h);
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&h.body);
        repeat(&h.body, HOOK "\"tool_input\":", 1);
        repeat(&h.body, opens[i], 1000000);
        read_as(&h, "/hooks", CT_ERR_FORMAT, BASE_BYTES);
        read_as(&h, INGEST_STATUSLINE_PATH, CT_ERR_LIMIT, BASE_BYTES);
    }
    /* As deep as is read. */
    buf_clear(&h.body);
    repeat(&h.body, HOOK "\"tool_input\":", 1);
    repeat(&h.body, "[", 900);
    repeat(&h.body, "]", 900);
    repeat(&h.body, "}", 1);
    read_as(&h, "/hooks", CT_OK, BASE_BYTES + 1000 * NODE_BYTES);
    hearing_close(&h);
}

static void values_without_end(void **state)
{
    (void)state;
    static const char *const values[] = {",0", ",[]", ",\"\"", ",{\"a\":0}"};
    struct hearing h;
    hearing_open(&h);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_clear(&h.body);
        repeat(&h.body, HOOK "\"tool_input\":[0", 1);
        repeat(&h.body, values[i], INGEST_JSON_NODES);
        repeat(&h.body, "]}", 1);
        read_as(&h, "/hooks", CT_ERR_FORMAT, BASE_BYTES);
    }
    buf_clear(&h.body);
    repeat(&h.body, HOOK "\"tool_input\":[0", 1);
    repeat(&h.body, ",0", INGEST_JSON_NODES - 100);
    repeat(&h.body, "]}", 1);
    read_as(&h, "/hooks", CT_OK, BASE_BYTES + INGEST_JSON_NODES * NODE_BYTES);
    hearing_close(&h);
}

/* The first of equal keys counts, and none costs a search through all the others. */
static void one_key_again_and_again(void **state)
{
    (void)state;
    struct hearing h;
    hearing_open(&h);
    buf_clear(&h.body);
    repeat(&h.body, HOOK "\"x\":1", 1);
    repeat(&h.body, ",\"session_id\":\"other\"", 50000);
    repeat(&h.body, "}", 1);
    read_as(&h, "/hooks", CT_OK, BASE_BYTES + 60000 * NODE_BYTES);
    hearing_close(&h);
}

static void texts_without_end(void **state)
{
    (void)state;
    struct hearing h;
    hearing_open(&h);
    buf_clear(&h.body);
    repeat(&h.body, HOOK "\"tool_input\":{\"command\":\"", 1);
    repeat(&h.body, "0123456789abcdef", INGEST_HOOK_MAX / 16 - 16);
    repeat(&h.body, "\"}}", 1);
    assert_in_range(h.body.len, INGEST_HOOK_MAX - 256, INGEST_HOOK_MAX);
    read_as(&h, "/hooks", CT_OK, TEXT_PEAK(INGEST_HOOK_MAX));
    /* One byte too large is not looked at. */
    buf_clear(&h.body);
    repeat(&h.body, HOOK "\"prompt\":\"", 1);
    repeat(&h.body, "x", INGEST_HOOK_MAX + 1 - h.body.len - 2);
    repeat(&h.body, "\"}", 1);
    assert_int_equal(h.body.len, INGEST_HOOK_MAX + 1);
    read_as(&h, "/hooks", CT_ERR_LIMIT, BASE_BYTES);
    hearing_close(&h);
}

/* Escapes that the scan patches: its copy is longer than the text. */
static void escapes_without_end(void **state)
{
    (void)state;
    static const char *const escapes[] = {"\\u0000", "\\ud800", "\\ud83d\\ude00"};
    struct hearing h;
    hearing_open(&h);
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        buf_clear(&h.body);
        repeat(&h.body, HOOK "\"tool_input\":{\"command\":\"", 1);
        repeat(&h.body, escapes[i], 200000);
        repeat(&h.body, "\"}}", 1);
        read_as(&h, "/hooks", CT_OK, TEXT_PEAK(h.body.len));
    }
    hearing_close(&h);
}

static void texts_that_are_kept_are_cut(void **state)
{
    (void)state;
    struct hearing h;
    hearing_open(&h);
    buf_clear(&h.body);
    repeat(&h.body, "{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"", 1);
    repeat(&h.body, "s", 100000);
    repeat(&h.body, "\",\"tool_name\":\"", 1);
    repeat(&h.body, "n", 100000);
    repeat(&h.body, "\",\"tool_input\":{\"command\":\"", 1);
    repeat(&h.body, "c", 100000);
    repeat(&h.body, "\"}}", 1);
    assert_int_equal(hear_body(&h, FRAME_HOOK, "/hooks", buf_slice(&h.body)), CT_OK);
    const struct event *e = heard(&h);
    assert_in_range(e->ids.session_id.len, 1, INGEST_ID_MAX);
    assert_in_range(e->name.len, 1, INGEST_NAME_MAX);
    assert_in_range(e->detail.len, 1, INGEST_DETAIL_MAX);
    hearing_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_without_end),      cmocka_unit_test(values_without_end),
        cmocka_unit_test(one_key_again_and_again), cmocka_unit_test(texts_without_end),
        cmocka_unit_test(escapes_without_end),     cmocka_unit_test(texts_that_are_kept_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
