/*
 * Frames into a model and onto a screen: hooks, status lines, and OTLP in both encodings.
 *
 * Byte 0: MODEL_SMALL makes a model so small that sessions are evicted, NOT_DRAWN saves the time of the
 * screen. Then follow frames: one byte of kind and time, three of length (little endian; cut to what is
 * left), the body. After every frame the model must hold together (fuzz_model.h); at the end the screen must
 * be clean. A second round of the same frames must change no total: everything may be sent twice.
 */
#include "fuzz.h"

#include "fuzz_model.h"
#include "ingest.h"
#include "screens.h"
#include "ui.h"

#define FRAMES_MAX  48
#define START_NS    INT64_C(1795350000000000000)
#define STEP_NS     INT64_C(150000000)
#define MODEL_SMALL 1
#define NOT_DRAWN   2
#define SMALL_BYTES ((size_t)64 * 1024)

/* A hook with the bit of protobuf is a status line. */
enum kind { KIND_HOOK, KIND_TRACES, KIND_METRICS, KIND_LOGS, KIND_PROTOBUF = 4 };

static const struct price prices[] = {{"claude-*", false, 0, 4, 20, 0.2, 5, 8}};
static const struct price_table price_table = {prices, 1};

struct world {
    struct model *model;
    struct ingest *ingest;
    int64_t now_ns;
};

static void on_event(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

static void open_world(struct world *w, bool small)
{
    struct model_config config;
    struct otlp_limits limits;
    model_config_init(&config);
    config.prices = &price_table;
    otlp_limits_init(&limits);
    if (small)
        config.max_bytes = SMALL_BYTES;
    *w = (struct world){.model = model_create(&config), .now_ns = START_NS};
    w->ingest = ingest_create(&limits, on_event, w->model);
}

static void feed(struct world *w, uint8_t head, struct slice body)
{
    static const char *const paths[] = {"/hooks", "/v1/traces", "/v1/metrics", "/v1/logs"};
    unsigned kind = head & 3;
    const char *type = head & KIND_PROTOBUF ? "application/x-protobuf" : "application/json";
    const struct frame_header headers[] = {{SLICE_LIT("Content-Type"), slice_str(type)}};
    w->now_ns += (head >> 3) * STEP_NS;
    const struct frame frame = {
        .wall_ns = w->now_ns,
        .mono_ns = w->now_ns,
        .source = kind == KIND_HOOK ? FRAME_HOOK : FRAME_OTLP_HTTP,
        .method = SLICE_LIT("POST"),
        .path = slice_str(kind == KIND_HOOK && head & KIND_PROTOBUF ? INGEST_STATUSLINE_PATH : paths[kind]),
        .headers = headers,
        .header_count = 1,
        .body = body};
    ingest_frame(w->ingest, &frame);
    fuzz_check_model(w->model, w->now_ns);
}

static void feed_all(struct world *w, const uint8_t *data, size_t size)
{
    for (int i = 0; i < FRAMES_MAX && size >= 4; i++) {
        size_t len = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
        len = len < size - 4 ? len : size - 4;
        feed(w, data[0], slice_make(data + 4, len));
        data += 4 + len;
        size -= 4 + len;
    }
}

static void draw(const struct world *w)
{
    struct grid grid;
    struct ui *ui = ui_create(NULL);
    const struct ui_data data = {.model = w->model, .now_ns = w->now_ns, .day_start_ns = START_NS};
    grid_init(&grid, 100, 20);
    ui_draw(ui, &data, &grid);
    const char *problem = screen_problem(&grid);
    if (problem)
        fprintf(stderr, "%s\n", problem);
    fuzz_check(!problem);
    grid_finish(&grid);
    ui_destroy(ui);
}

/* Drawing takes most of the time: a fuzzer has one screen in four. */
static bool is_drawn(uint8_t mode, size_t size)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    if (size % 4)
        return false;
#endif
    (void)size;
    return !(mode & NOT_DRAWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    struct fleet once, twice;
    if (size < 1)
        return 0;
    bool small = data[0] & MODEL_SMALL;
    open_world(&w, small);
    feed_all(&w, data + 1, size - 1);
    if (is_drawn(data[0], size))
        draw(&w);
    model_fleet(w.model, w.now_ns, 0, &once);
    w.now_ns = START_NS;
    feed_all(&w, data + 1, size - 1);
    model_fleet(w.model, w.now_ns, 0, &twice);
    if (!small)
        fuzz_check(fuzz_counters_equal(&once.total, &twice.total));
    ingest_destroy(w.ingest);
    model_destroy(w.model);
    return 0;
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    static const uint8_t kinds[] = {
        [OTLP_TRACES] = KIND_TRACES, [OTLP_METRICS] = KIND_METRICS, [OTLP_LOGS] = KIND_LOGS};
    if (request->compression != OTLP_IDENTITY || request->signal > OTLP_LOGS)
        return false;
    size_t len = request->body.len;
    uint8_t kind =
        (uint8_t)(kinds[request->signal] | (request->encoding == OTLP_PROTOBUF ? KIND_PROTOBUF : 0));
    const char head[] = {NOT_DRAWN, (char)kind, (char)len, (char)(len >> 8), (char)(len >> 16)};
    return buf_append(out, slice_make(head, sizeof head)) == CT_OK && buf_append(out, request->body) == CT_OK;
}
