/* gRPC over the HTTP/2 core: the OTLP transport rules 11 to 14, and what a handler's answers become. */
#include "test.h"

#include "h2_peer.h"
#include "respond.h"

#include <stdlib.h>
#include <string.h>

static void open_holding(struct peer *p)
{
    peer_init(p);
    p->host.hold = true;
    peer_open(p);
}

/* Ends the oldest held request. */
static void respond_to_first(struct peer *p, const struct exchange_reply *reply)
{
    struct exchange *x = p->host.held[0];
    assert_non_null(x);
    p->host.held[0] = NULL;
    p->host.held_count = 0;
    exchange_respond(x, reply, p->host.now);
    peer_run(p);
}

static void expect_failure(const struct peer_stream *s, int code, const char *message)
{
    assert_int_equal(s->status, 200);
    assert_string_equal(s->content_type, "application/grpc");
    assert_int_equal(s->grpc_status, code);
    assert_string_equal(s->message, message);
    assert_int_equal(s->blocks, 1); /* trailers-only (rule 13) */
    assert_int_equal(s->reply.len, 0);
    assert_true(s->closed);
    assert_int_equal(s->code, NGHTTP2_NO_ERROR);
}

static void rule_11_the_otlp_methods_are_handed_out_and_others_are_unimplemented(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool known;
    } cases[] = {
        {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", true},
        {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", true},
        {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", true},
        {"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", true},
        {"/opentelemetry.proto.collector.logs.v1.LogsService/Import", false},
        {"/grpc.health.v1.Health/Check", false},
        {"/v1/logs", false}, /* OTLP/HTTP's */
        {"/", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct peer p;
        peer_init(&p);
        peer_open(&p);
        struct peer_stream *s = peer_call(&p, cases[i].path, NULL, SLICE_LIT("hello"));
        peer_run(&p);
        assert_int_equal(p.host.requests, cases[i].known);
        assert_int_equal(p.host.refused[OTLP_REFUSED_PATH], !cases[i].known);
        assert_int_equal(s->grpc_status, cases[i].known ? 0 : 12);
        if (!cases[i].known)
            expect_failure(s, 12, "unknown service or method: the OTLP Export methods are served");
        peer_finish(&p);
    }
}

static void rule_11_a_method_that_the_handler_does_not_find_is_unimplemented(void **state)
{
    (void)state;
    struct peer p;
    open_holding(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT(""));
    peer_run(&p);
    respond_to_first(&p, &(struct exchange_reply){.status = 404, .message = "no profiles here"});
    expect_failure(s, 12, "no profiles here");
    peer_finish(&p);
}

static void rule_12_the_body_is_the_message_with_its_prefix_wherever_frames_cut_it(void **state)
{
    (void)state;
    static const char message[] = "a message of some length";
    for (size_t frame_max = 1; frame_max < 32; frame_max++) {
        for (int apart = 0; apart < 2; apart++) {
            struct peer p;
            peer_init(&p);
            peer_open(&p);
            struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT(message));
            s->frame_max = frame_max;
            s->end_apart = apart; /* as the real client does */
            peer_run(&p);
            assert_int_equal(s->grpc_status, 0);
            assert_true(slice_find_slice(buf_slice(&p.host.log), slice_make(" 29:\0\0\0\0\x18"
                                                                            "a message of some length\n",
                                                                            34)) < p.host.log.len);
            peer_finish(&p);
        }
    }
}

static void rule_12_what_is_not_one_message_is_invalid(void **state)
{
    (void)state;
    static const struct {
        struct slice body;
        int code;
        const char *message;
    } cases[] = {
        {{"", 0}, 3, "no gRPC message in the call"},
        {{"\0\0", 2}, 3, "the gRPC message is cut off"},
        {{"\0\0\0\0\5hell", 9}, 3, "the gRPC message is cut off"},
        {{"\0\0\0\0\1a\0\0\0\0\1b", 12}, 3, "more than one gRPC message in a unary call"},
        {{"\0\0\0\0\0x", 6}, 3, "more than one gRPC message in a unary call"},
        {{"\2\0\0\0\1a", 6}, 3, "the flag byte of a gRPC message is 0 or 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (size_t frame_max = 0; frame_max < 3; frame_max++) {
            struct peer p;
            peer_init(&p);
            peer_open(&p);
            struct peer_stream *s = peer_call_raw(&p, PEER_LOGS, NULL, cases[i].body);
            s->frame_max = frame_max;
            peer_run(&p);
            expect_failure(s, cases[i].code, cases[i].message);
            assert_int_equal(p.host.requests, 0);
            assert_int_equal(p.host.refused[OTLP_REFUSED_MALFORMED], 1);
            peer_finish(&p);
        }
    }
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    struct peer_stream *s = peer_call_raw(&p, PEER_LOGS, NULL, SLICE_NULL); /* END_STREAM with the headers */
    peer_run(&p);
    expect_failure(s, 3, "no gRPC message in the call");
    peer_finish(&p);
}

static void rule_12_compression_needs_a_known_grpc_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *encoding; /* NULL: none */
        bool flag;
        int code;
    } cases[] = {
        {"gzip", true, 0},      {"gzip", false, 0},     {NULL, false, 0},
        {"identity", false, 0}, {NULL, true, 13},       {"identity", true, 13},
        {"deflate", true, 12},  {"deflate", false, 12}, {"snappy", true, 12},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct peer p;
        peer_init(&p);
        peer_open(&p);
        const struct peer_header extra[] = {{cases[i].encoding ? "grpc-encoding" : NULL, cases[i].encoding},
                                            {NULL, NULL}};
        struct peer_stream *s =
            peer_call_raw(&p, PEER_LOGS, extra, slice_make(cases[i].flag ? "\1\0\0\0\1x" : "\0\0\0\0\1x", 6));
        peer_run(&p);
        assert_int_equal(s->grpc_status, cases[i].code);
        assert_int_equal(p.host.refused[OTLP_REFUSED_ENCODING], cases[i].code != 0);
        assert_true(strncmp(s->accept, "identity,gzip", 13) == 0);
        if (!cases[i].code)
            assert_int_equal(s->blocks, 2);
        peer_finish(&p);
    }
}

static void rule_12_another_content_type_gets_http_415(void **state)
{
    (void)state;
    static const struct {
        const char *type, *path;
        int status;
    } cases[] = {
        {"application/json", PEER_LOGS, 415},      {NULL, PEER_LOGS, 415},
        {"application/grpc+json", PEER_LOGS, 415}, {"application/grpc-web", "/v1/logs", 415},
        {"application/json", "/v1/logs", 200},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct peer p;
        peer_init(&p);
        peer_open(&p);
        struct peer_stream *s = peer_post(&p, cases[i].path, cases[i].type, NULL, SLICE_LIT("{}"));
        peer_run(&p);
        assert_int_equal(s->status, cases[i].status);
        assert_int_equal(s->grpc_status, -1);
        assert_int_equal(p.host.refused[OTLP_REFUSED_CONTENT_TYPE], cases[i].status == 415);
        peer_finish(&p);
    }
}

static void rule_13_success_is_headers_one_message_and_trailers(void **state)
{
    (void)state;
    struct peer p;
    open_holding(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    respond_to_first(&p, &(struct exchange_reply){.status = 200,
                                                  .content_type = "application/x-protobuf",
                                                  .body = respond_success(OTLP_PROTOBUF)});
    assert_int_equal(s->status, 200);
    assert_string_equal(s->content_type, "application/grpc");
    assert_int_equal(s->blocks, 2);
    assert_int_equal(s->grpc_status, 0);
    assert_string_equal(s->message, "");
    assert_int_equal(s->reply.len, 5);
    assert_memory_equal(s->reply.data, "\0\0\0\0\0", 5);
    assert_true(s->closed);

    /* Rule 5: a partial success is a message of its own. */
    struct buf partial;
    buf_init(&partial, 4096);
    assert_int_equal(respond_partial(OTLP_PROTOBUF, OTLP_LOGS, 3, SLICE_LIT("no"), &partial), CT_OK);
    s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    respond_to_first(&p, &(struct exchange_reply){.status = 200, .body = buf_slice(&partial)});
    assert_int_equal(s->grpc_status, 0);
    assert_int_equal(s->reply.len, GRPC_PREFIX_BYTES + partial.len);
    assert_int_equal(s->reply.data[4], partial.len);
    buf_finish(&partial);
    peer_finish(&p);
}

static void rule_13_messages_are_cleaned_and_percent_encoded(void **state)
{
    (void)state;
    struct peer p;
    open_holding(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    respond_to_first(&p, &(struct exchange_reply){.status = 400, .message = "100% \"caf\xc3\xa9\"\r\nx: y"});
    expect_failure(s, 3, "100%25 \"caf%C3%A9\"%E2%86%B5x: y");
    peer_finish(&p);
}

static void a_status_in_the_reply_body_lends_its_words(void **state)
{
    (void)state;
    for (int encoding = 0; encoding < 2; encoding++) {
        struct peer p;
        struct buf body;
        buf_init(&body, 4096);
        assert_int_equal(respond_status((enum otlp_encoding)encoding, 413, SLICE_LIT("too many"), &body),
                         CT_OK);
        open_holding(&p);
        struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
        peer_run(&p);
        respond_to_first(
            &p, &(struct exchange_reply){.status = 413,
                                         .content_type = respond_content_type((enum otlp_encoding)encoding),
                                         .body = buf_slice(&body)});
        expect_failure(s, 8, "too many");
        buf_finish(&body);
        peer_finish(&p);
    }
}

static void rule_13_grpc_timeout_cancels_what_is_not_answered(void **state)
{
    (void)state;
    static const struct peer_header extra[] = {{"grpc-timeout", "2500m"}, {NULL, NULL}};
    struct peer p;
    open_holding(&p);
    struct peer_stream *handed = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("x"));
    peer_run(&p);
    assert_int_equal(core_deadline(p.host.core), p.host.now + 2500);
    p.host.now += 500;
    struct peer_stream *half = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("x"));
    peer_keep_open(half);
    peer_run(&p);
    host_expire_after(&p.host, 2000);
    peer_run(&p);
    expect_failure(handed, 4, "grpc-timeout has passed");
    assert_null(p.host.held[0]->core); /* orphaned: the late answer goes nowhere */
    assert_false(half->closed);
    host_expire_after(&p.host, 500);
    peer_run(&p);
    expect_failure(half, 4, "grpc-timeout has passed");
    assert_int_equal(p.host.refused[OTLP_REFUSED_TIMEOUT], 2);
    host_answer(&p.host, 0, "late");
    struct peer_stream *next = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    host_answer(&p.host, 1, "");
    peer_run(&p);
    assert_int_equal(next->grpc_status, 0);
    peer_finish(&p);
}

static void rule_13_a_grpc_timeout_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct peer_header extra[] = {{"grpc-timeout", "soon"}, {NULL, NULL}};
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("x"));
    peer_run(&p);
    expect_failure(s, 3, "grpc-timeout is not a timeout");
    peer_finish(&p);
}

static void rule_14_overload_is_unavailable_with_retry_info(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.limits.budget_bytes = 4000; /* for heads and bodies */
    peer_open(&p);
    static char big[6000];
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, slice_make(big, sizeof(big)));
    peer_run(&p);
    expect_failure(s, 14, "too much in flight, try again");
    assert_true(strncmp(s->details, "CA4S", 4) == 0); /* code 14 and a message; test_grpc.c reads the rest */
    assert_int_equal(p.host.refused[OTLP_REFUSED_OVERLOAD], 1);
    peer_finish(&p);

    open_holding(&p);
    s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    respond_to_first(&p, &(struct exchange_reply){.status = 503, .message = "full", .retry_after_s = 7});
    expect_failure(s, 14, "full");
    assert_string_not_equal(s->details, "");
    peer_finish(&p);
}

static void rule_2_an_oversize_message_is_resource_exhausted_without_retry_info(void **state)
{
    (void)state;
    static char big[2000];
    struct peer p;
    peer_init(&p);
    p.host.limits.body_bytes = 1000;
    peer_open(&p);
    struct peer_stream *fits = peer_call(&p, PEER_LOGS, NULL, slice_make(big, 1000 - GRPC_PREFIX_BYTES));
    struct peer_stream *big_one = peer_call(&p, PEER_LOGS, NULL, slice_make(big, 1001 - GRPC_PREFIX_BYTES));
    /* Refused by what the prefix announces, before the bytes. */
    struct peer_stream *announced = peer_call_raw(&p, PEER_LOGS, NULL, slice_make("\0\377\377\377\377", 5));
    peer_keep_open(announced);
    peer_run(&p);
    assert_int_equal(fits->grpc_status, 0);
    expect_failure(big_one, 8, "body too large");
    expect_failure(announced, 8, "body too large");
    assert_string_equal(big_one->details, "");
    assert_int_equal(p.host.refused[OTLP_REFUSED_BODY_SIZE], 2);
    peer_finish(&p);
}

static void requests_of_web_pages_are_refused(void **state)
{
    (void)state;
    static const struct peer_header extra[] = {{"origin", "http://evil.example"}, {NULL, NULL}};
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    struct peer_stream *grpc = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("x"));
    struct peer_stream *http = peer_post(&p, "/v1/logs", "application/json", extra, SLICE_LIT("{}"));
    peer_run(&p);
    expect_failure(grpc, 7, "requests from web pages are refused");
    assert_int_equal(http->status, 403);
    assert_int_equal(p.host.refused[OTLP_REFUSED_ORIGIN], 2);
    peer_finish(&p);
}

static void a_unary_call_cannot_be_streamed_to(void **state)
{
    (void)state;
    struct peer p;
    open_holding(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    struct exchange *x = p.host.held[0];
    p.host.held[0] = NULL;
    assert_int_equal(exchange_stream_begin(x, "text/plain", NULL, NULL, NULL, p.host.now), CT_OK);
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), p.host.now), CT_END);
    peer_run(&p); /* ends the exchange: on_close would come */
    expect_failure(s, 12, "the method does not stream");
    peer_finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_11_the_otlp_methods_are_handed_out_and_others_are_unimplemented),
        cmocka_unit_test(rule_11_a_method_that_the_handler_does_not_find_is_unimplemented),
        cmocka_unit_test(rule_12_the_body_is_the_message_with_its_prefix_wherever_frames_cut_it),
        cmocka_unit_test(rule_12_what_is_not_one_message_is_invalid),
        cmocka_unit_test(rule_12_compression_needs_a_known_grpc_encoding),
        cmocka_unit_test(rule_12_another_content_type_gets_http_415),
        cmocka_unit_test(rule_13_success_is_headers_one_message_and_trailers),
        cmocka_unit_test(rule_13_messages_are_cleaned_and_percent_encoded),
        cmocka_unit_test(a_status_in_the_reply_body_lends_its_words),
        cmocka_unit_test(rule_13_grpc_timeout_cancels_what_is_not_answered),
        cmocka_unit_test(rule_13_a_grpc_timeout_that_is_none_is_refused),
        cmocka_unit_test(rule_14_overload_is_unavailable_with_retry_info),
        cmocka_unit_test(rule_2_an_oversize_message_is_resource_exhausted_without_retry_info),
        cmocka_unit_test(requests_of_web_pages_are_refused),
        cmocka_unit_test(a_unary_call_cannot_be_streamed_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
