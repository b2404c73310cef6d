#include "test.h"

#include "upstream_request.h"

#include <stdio.h>

#define LOGS_METHOD "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

static struct frame_header headers[FRAME_HEADERS_MAX];

/* A frame whose headers are "name: value" lines. */
static struct frame frame(enum frame_source source, const char *path, const char *const *lines,
                          struct slice body)
{
    struct frame f = {.source = source,
                      .method = SLICE_LIT("POST"),
                      .path = slice_str(path),
                      .headers = headers,
                      .body = body};
    for (; *lines; lines++) {
        struct slice line = slice_str(*lines);
        size_t colon = slice_find(line, ':');
        headers[f.header_count].name = slice_sub(line, 0, colon);
        headers[f.header_count++].value = slice_trim(slice_sub(line, colon + 1, line.len));
    }
    return f;
}
#define LINES(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

/* The request's headers as "name: value" lines, joined by "|". */
static const char *joined(const struct upstream_request *r)
{
    static char text[2048];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->header_count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s: %.*s", i ? "|" : "",
                              SLICE_ARG(r->headers[i].name), SLICE_ARG(r->headers[i].value));
    return text;
}

static void assert_slice(struct slice s, const char *text, size_t len)
{
    assert_int_equal(s.len, len);
    assert_memory_equal(s.ptr ? s.ptr : "", text, len);
}

static const struct upstream_added none;

static void kinds(void **state)
{
    (void)state;
    struct frame f =
        frame(FRAME_OTLP_HTTP, "/v1/logs", LINES("Content-Type: Application/X-Protobuf; a=b"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_HTTP_PROTOBUF);
    f = frame(FRAME_OTLP_HTTP, "/v1/logs", LINES("content-type: application/json"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_HTTP_OTHER);
    f = frame(FRAME_OTLP_HTTP, "/v1/logs", LINES("x: y"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_HTTP_OTHER);
    f = frame(FRAME_OTLP_GRPC, LOGS_METHOD, LINES("content-type: application/grpc"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_GRPC);
    f = frame(FRAME_OTLP_GRPC, "/v1/logs", LINES("x: y"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_NONE);
    f = frame(FRAME_HOOK, "/v1/logs", LINES("content-type: application/x-protobuf"), SLICE_NULL);
    assert_int_equal(upstream_kind_of(&f), UPSTREAM_KIND_NONE);
    static const enum upstream_fit fits[2][UPSTREAM_KIND_COUNT] = {
        {UPSTREAM_FIT_NONE, UPSTREAM_FIT_NATIVE, UPSTREAM_FIT_NATIVE, UPSTREAM_FIT_CONVERTED},
        {UPSTREAM_FIT_NONE, UPSTREAM_FIT_CONVERTED, UPSTREAM_FIT_NONE, UPSTREAM_FIT_NATIVE},
    };
    for (int p = 0; p < 2; p++) {
        for (int k = 0; k < UPSTREAM_KIND_COUNT; k++)
            assert_int_equal(upstream_fit((enum upstream_protocol)p, (enum upstream_kind)k), fits[p][k]);
    }
}

static void http_stays(void **state)
{
    (void)state;
    const char *why;
    struct upstream_request r;
    struct frame f =
        frame(FRAME_OTLP_HTTP, "/v1/logs",
              LINES("Content-Type: application/json", "TE: trailers", "Connection: x", "X-A: 1",
                    "grpc-timeout: 1S", "Proxy-Connection: y", "HOST: h", "Content-Encoding: gzip"),
              SLICE_LIT("body"));
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &none, &why), CT_OK);
    assert_string_equal(joined(&r),
                        "Content-Type: application/json|X-A: 1|grpc-timeout: 1S|Content-Encoding: gzip");
    assert_slice(r.path, "/v1/logs", 8);
    assert_int_equal(r.head.len, 0);
    assert_ptr_equal(r.body.ptr, f.body.ptr);
}

static void grpc_stays(void **state)
{
    (void)state;
    const char *why;
    struct upstream_request r;
    struct frame f = frame(FRAME_OTLP_GRPC, LOGS_METHOD,
                           LINES("content-type: application/grpc", "te: trailers", "grpc-timeout: 1S",
                                 "grpc-encoding: gzip", "x-bin: AA", "user-agent: u"),
                           SLICE_LIT("\1\0\0\0\4body"));
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_GRPC, &f, &none, &why), CT_OK);
    assert_string_equal(
        joined(&r),
        "te: trailers|content-type: application/grpc|grpc-encoding: gzip|x-bin: AA|user-agent: u");
    assert_slice(r.path, LOGS_METHOD, sizeof LOGS_METHOD - 1);
    assert_int_equal(r.head.len, 0);
    assert_ptr_equal(r.body.ptr, f.body.ptr);
    assert_int_equal(r.body.len, 9);
}

static void grpc_to_http(void **state)
{
    (void)state;
    const char *why;
    struct upstream_request r;
    struct frame f = frame(FRAME_OTLP_GRPC, LOGS_METHOD,
                           LINES("content-type: application/grpc", "te: trailers", "grpc-encoding: gzip",
                                 "grpc-accept-encoding: gzip", "authorization: a"),
                           SLICE_LIT("\1\0\0\0\4body"));
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &none, &why), CT_OK);
    assert_string_equal(joined(&r),
                        "content-type: application/x-protobuf|content-encoding: gzip|authorization: a");
    assert_slice(r.path, "/v1/logs", 8);
    assert_slice(r.body, "body", 4);
    f.body = SLICE_LIT("\0\0\0\0\0"); /* empty, and not compressed whatever the header says */
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &none, &why), CT_OK);
    assert_string_equal(joined(&r), "content-type: application/x-protobuf|authorization: a");
    assert_int_equal(r.body.len, 0);
    static const struct slice wrong[] = {{"", 0},
                                         {"\0\0\0\0", 4},
                                         {"\0\0\0\0\1", 5},
                                         {"\0\0\0\0\1ab", 7},
                                         {"\2\0\0\0\1a", 6},
                                         {"\0\xff\xff\xff\xff"
                                          "a",
                                          6}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        f.body = wrong[i];
        why = NULL;
        assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &none, &why), CT_ERR_FORMAT);
        assert_non_null(why);
    }
    static const char *const unsaid[] = {"grpc-encoding: identity", "grpc-encoding:", "x: y"};
    for (size_t i = 0; i < 3; i++) {
        f = frame(FRAME_OTLP_GRPC, LOGS_METHOD, LINES(unsaid[i]), SLICE_LIT("\1\0\0\0\1a"));
        assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &none, &why), CT_ERR_FORMAT);
    }
}

static void http_to_grpc(void **state)
{
    (void)state;
    const char *why;
    struct upstream_request r;
    static char body[70000];
    struct frame f =
        frame(FRAME_OTLP_HTTP, "/v1/logs",
              LINES("Content-Type: application/x-protobuf", "Content-Encoding: GZIP", "Accept: x",
                    "Accept-Encoding: gzip", "Content-Language: en", "grpc-status: 1", "User-Agent: u"),
              slice_make(body, sizeof body));
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_GRPC, &f, &none, &why), CT_OK);
    assert_string_equal(joined(&r),
                        "content-type: application/grpc|te: trailers|grpc-encoding: GZIP|User-Agent: u");
    assert_slice(r.path, LOGS_METHOD, sizeof LOGS_METHOD - 1);
    assert_slice(r.head, "\1\0\1\x11\x70", 5);
    assert_ptr_equal(r.body.ptr, body);
    f = frame(FRAME_OTLP_HTTP, "/v1development/profiles",
              LINES("Content-Type: application/x-protobuf", "Content-Encoding: identity"), SLICE_LIT(""));
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_GRPC, &f, &none, &why), CT_OK);
    assert_slice(r.head, "\0\0\0\0\0", 5);
    assert_string_equal(joined(&r), "content-type: application/grpc|te: trailers");
    assert_true(
        slice_eq_str(r.path, "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"));
}

/* There and back again: the same bytes, for each signal. */
static void both_ways(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/traces", "/v1/metrics", "/v1/logs", "/v1development/profiles"};
    for (size_t i = 0; i < 4; i++) {
        const char *why;
        struct upstream_request there, back;
        struct frame f = frame(FRAME_OTLP_HTTP, paths[i],
                               LINES("content-type: application/x-protobuf", "content-encoding: gzip"),
                               SLICE_LIT("some bytes"));
        assert_int_equal(upstream_request_make(&there, UPSTREAM_PROTOCOL_GRPC, &f, &none, &why), CT_OK);
        char message[32];
        memcpy(message, there.head.ptr, there.head.len);
        memcpy(message + there.head.len, there.body.ptr, there.body.len);
        struct frame g = {.source = FRAME_OTLP_GRPC,
                          .path = there.path,
                          .headers = there.headers,
                          .header_count = there.header_count,
                          .body = slice_make(message, there.head.len + there.body.len)};
        assert_int_equal(upstream_kind_of(&g), UPSTREAM_KIND_GRPC);
        assert_int_equal(upstream_request_make(&back, UPSTREAM_PROTOCOL_HTTP, &g, &none, &why), CT_OK);
        assert_slice(back.path, paths[i], strlen(paths[i]));
        assert_slice(back.body, "some bytes", 10);
        assert_string_equal(joined(&back), "content-type: application/x-protobuf|content-encoding: gzip");
    }
}

static void added(void **state)
{
    (void)state;
    const char *why;
    struct upstream_added a;
    struct upstream_request r;
    struct ct_errmsg msg;
    assert_int_equal(
        upstream_added_init(&a, LINES("X-A:  one ", "authorization: Bearer a:b", "X-Empty:"), &msg), CT_OK);
    struct frame f =
        frame(FRAME_OTLP_HTTP, "/v1/logs", LINES("x-a: sender", "X-B: 2", "x-A: again"), SLICE_NULL);
    assert_int_equal(upstream_request_make(&r, UPSTREAM_PROTOCOL_HTTP, &f, &a, &why), CT_OK);
    assert_string_equal(joined(&r), "X-B: 2|X-A: one|authorization: Bearer a:b|X-Empty: ");
    upstream_added_finish(&a);
    assert_int_equal(upstream_added_init(&a, NULL, &msg), CT_OK);
    assert_int_equal(a.count, 0);
    upstream_added_finish(&a);
    static const char *const wrong[] = {"s3cret",
                                        ": s3cret",
                                        "a b: s3cret",
                                        "content-type: s3cret",
                                        "Content-Length: s3cret",
                                        "TE: s3cret",
                                        "host: s3cret",
                                        "grpc-timeout: s3cret",
                                        "Proxy-Authorization: s3cret",
                                        "accept-encoding: s3cret",
                                        "x: s3cret\r\ny: z",
                                        "x: s3cret\x7f"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(upstream_added_init(&a, LINES("X-A: 1", wrong[i]), &msg), CT_ERR_USAGE);
        if (strstr(msg.text, "s3cret"))
            fail_msg("the message repeats the value: %s", msg.text);
        upstream_added_finish(&a);
    }
    const char *many[UPSTREAM_ADDED_MAX + 2] = {NULL};
    for (size_t i = 0; i <= UPSTREAM_ADDED_MAX; i++)
        many[i] = "x: y";
    assert_int_equal(upstream_added_init(&a, many, &msg), CT_ERR_USAGE);
    upstream_added_finish(&a);
}

/* Without its content a frame is an empty request of the same kind and sender. */
static void empty_requests(void **state)
{
    (void)state;
    static const struct frame_header all[] = {
        {SLICE_LIT("Content-Type"), SLICE_LIT("application/json")},
        {SLICE_LIT("Content-Encoding"), SLICE_LIT("gzip")},
        {SLICE_LIT("grpc-encoding"), SLICE_LIT("gzip")},
        {SLICE_LIT("Authorization"), SLICE_LIT("Bearer x")},
    };
    static const char message[5];
    struct frame f = {.source = FRAME_OTLP_HTTP,
                      .method = SLICE_LIT("POST"),
                      .path = SLICE_LIT("/v1/logs"),
                      .headers = all,
                      .header_count = 4,
                      .body = SLICE_LIT("body")};
    struct frame out;
    upstream_request_empty(&f, &out, headers);
    assert_true(slice_eq_str(out.body, "{}"));
    assert_true(slice_eq_str(out.path, "/v1/logs"));
    assert_int_equal(out.header_count, 2);
    assert_true(slice_eq_str(out.headers[0].name, "Content-Type"));
    assert_true(slice_eq_str(out.headers[1].name, "Authorization"));
    f.headers = (struct frame_header[]){{SLICE_LIT("content-type"), SLICE_LIT("application/x-protobuf")}};
    f.header_count = 1;
    upstream_request_empty(&f, &out, headers);
    assert_int_equal(out.body.len, 0);
    f.source = FRAME_OTLP_GRPC;
    f.path = SLICE_LIT("/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    upstream_request_empty(&f, &out, headers);
    assert_true(slice_eq(out.body, slice_make(message, sizeof message)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),        cmocka_unit_test(http_stays),     cmocka_unit_test(grpc_stays),
        cmocka_unit_test(grpc_to_http), cmocka_unit_test(http_to_grpc),   cmocka_unit_test(both_ways),
        cmocka_unit_test(added),        cmocka_unit_test(empty_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
