/*
 * bench_frame.c - what one frame of the screen costs, and what the model needs for it.
 *
 *   bench_frame [sessions [nodes a session]]
 *
 * The model is built by model_apply() of made-up events: sessions of a few turns with LLM and tool calls,
 * each told by a log record and a span; one in ten is at work. Drawn at 200x60 in follow mode. The cases:
 *
 *   still       nothing changed since the last frame
 *   second      nothing arrived, but a second has passed: ages tick
 *   counter     one LLM call more in one session
 *   scrolled    every row shows another node (a page down, or back to the top)
 *   expanded    the newest sessions' folds opened, a page down
 *   fleet       model_fleet() alone, which every drawing asks
 *   health      model_health() alone, which a drawing asks once a second, with n thousand sessions every
 *               n + 1 seconds
 *
 * Without arguments 1,000 and 10,000 sessions of 30 nodes. Times are those of the thread on its processor, so
 * that what else the machine does is not in them.
 */
#include "clock.h"
#include "mem.h"
#include "ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COLS         200
#define ROWS         60
#define FRAMES       400
#define FRAMES_MIN   40
#define CASE_NS      (INT64_C(2) * NS_PER_SEC) /* a case ends after this, or FRAMES */
#define START_NS     INT64_C(1795350000000000000)
#define TURN_CALLS   9
#define HEALTH_ITEMS 32

static int64_t busy_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

struct bench {
    struct model *model;
    struct ui *ui;
    struct grid grid;
    struct ui_data data;
    size_t sessions;
    size_t nodes; /* in each session */
    uint64_t calls;
    int64_t samples[FRAMES];
};

struct names {
    char session[64], prompt[64], call[64], text[128];
};

static void common(struct event *e, const struct names *n, int64_t time_ns)
{
    e->time_ns = e->arrival_ns = time_ns;
    e->ids.session_id = slice_str(n->session);
    e->ids.prompt_id = slice_str(n->prompt);
    e->service_name = SLICE_LIT("claude-code");
}

static void llm(struct bench *b, struct names *n, int64_t end_ns)
{
    for (int witness = WITNESS_LOG; witness <= WITNESS_SPAN; witness++) {
        struct event e;
        event_init(&e, EVENT_LLM, (enum witness)witness);
        common(&e, n, end_ns);
        snprintf(n->call, sizeof n->call, "req_%010llu", (unsigned long long)b->calls);
        e.ids.request_id = slice_str(n->call);
        e.phase = PHASE_FINISHED;
        e.end_ns = end_ns;
        e.duration_ns = 800 * NS_PER_MS + (int64_t)(b->calls % 97) * 10 * NS_PER_MS;
        e.start_ns = end_ns - e.duration_ns;
        e.model = SLICE_LIT("claude-opus-4-5-20251101");
        e.ttft_ns = 300 * NS_PER_MS;
        e.usage = (struct event_usage){600, 150, 21000, 900, 0, 12000000};
        model_apply(b->model, &e);
    }
    b->calls++;
}

static void tool(struct bench *b, struct names *n, int64_t end_ns)
{
    static const char *const tools[] = {"Bash", "Read", "Edit", "Grep"};
    for (int witness = WITNESS_LOG; witness <= WITNESS_SPAN; witness++) {
        struct event e;
        event_init(&e, EVENT_TOOL, (enum witness)witness);
        common(&e, n, end_ns);
        snprintf(n->call, sizeof n->call, "toolu_%012llu", (unsigned long long)b->calls);
        snprintf(n->text, sizeof n->text, "src/module_%03u/file_%llu.c", (unsigned)(b->calls % 997),
                 (unsigned long long)b->calls);
        e.ids.tool_use_id = slice_str(n->call);
        e.phase = PHASE_FINISHED;
        e.end_ns = end_ns;
        e.duration_ns = 40 * NS_PER_MS;
        e.start_ns = end_ns - e.duration_ns;
        e.name = slice_str(tools[b->calls % 4]);
        e.detail = slice_str(n->text);
        e.failed = b->calls % 53 == 0;
        model_apply(b->model, &e);
    }
    b->calls++;
}

static void prompt(struct bench *b, struct names *n, size_t session, size_t turn, int64_t time_ns)
{
    struct event e;
    event_init(&e, EVENT_PROMPT, WITNESS_LOG);
    snprintf(n->prompt, sizeof n->prompt, "prompt-%06zu-%03zu", session, turn);
    snprintf(n->text, sizeof n->text, "fix the flaky login test, take %zu of session %zu", turn, session);
    common(&e, n, time_ns);
    e.phase = PHASE_STARTED;
    e.start_ns = time_ns;
    e.detail = slice_str(n->text);
    e.cwd = SLICE_LIT("/home/dev/projects/web-ui");
    model_apply(b->model, &e);
}

static void stop(struct bench *b, const struct names *n, int64_t time_ns)
{
    struct event e;
    event_init(&e, EVENT_TURN, WITNESS_HOOK);
    common(&e, n, time_ns);
    e.phase = PHASE_FINISHED;
    e.end_ns = time_ns;
    e.source = SLICE_LIT("stop_hook");
    model_apply(b->model, &e);
}

/* The last turn of every tenth session is still open. */
static int64_t build(struct bench *b)
{
    int64_t newest = START_NS;
    for (size_t s = 0; s < b->sessions; s++) {
        struct names n;
        int64_t now = START_NS + (int64_t)(s % 1000) * NS_PER_SEC;
        snprintf(n.session, sizeof n.session, "%08zx-0000-4000-8000-%012zx", s * 2654435761u % 0xffffffffu,
                 s);
        for (size_t made = 0, turn = 1; made < b->nodes; turn++) {
            prompt(b, &n, s, turn, now += NS_PER_SEC);
            made++;
            for (size_t c = 0; c < TURN_CALLS && made < b->nodes; c++, made++) {
                now += NS_PER_SEC;
                if (c % 2)
                    tool(b, &n, now);
                else
                    llm(b, &n, now);
            }
            if (made < b->nodes || s % 10)
                stop(b, &n, now += NS_PER_MS);
        }
        newest = now > newest ? now : newest;
    }
    return newest;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct bench *b, const char *name, size_t count)
{
    double sum = 0;
    qsort(b->samples, count, sizeof *b->samples, by_value);
    for (size_t i = 0; i < count; i++)
        sum += (double)b->samples[i];
    printf("  %-10s mean %8.0f us, p50 %8.0f us, p99 %8.0f us (%zu frames)\n", name,
           sum / (double)count / 1e3, (double)b->samples[count / 2] / 1e3,
           (double)b->samples[count - 1 - count / 100] / 1e3, count);
}

static void press(struct bench *b, const char *name)
{
    struct key key;
    if (!key_parse(slice_str(name), &key))
        abort();
    ui_key(b->ui, &b->data, &key);
}

static void nothing(struct bench *b, size_t i)
{
    (void)b;
    (void)i;
}

static void second(struct bench *b, size_t i)
{
    (void)i;
    b->data.now_ns += NS_PER_SEC;
}

static void counter(struct bench *b, size_t i)
{
    struct names n;
    size_t s = i * 7919 % b->sessions / 10 * 10;
    snprintf(n.session, sizeof n.session, "%08zx-0000-4000-8000-%012zx", s * 2654435761u % 0xffffffffu, s);
    snprintf(n.prompt, sizeof n.prompt, "prompt-%06zu-%03zu", s, (b->nodes + TURN_CALLS) / (TURN_CALLS + 1));
    b->data.now_ns += 33 * NS_PER_MS;
    llm(b, &n, b->data.now_ns);
}

static void page(struct bench *b, size_t i)
{
    press(b, i % 100 == 99 ? "Home" : "PgDn");
}

static void measure(struct bench *b, const char *name, void (*before)(struct bench *, size_t))
{
    size_t count = 0;
    int64_t began = clock_mono();
    ui_draw(b->ui, &b->data, &b->grid);
    while (count < FRAMES && (count < FRAMES_MIN || clock_mono() - began < CASE_NS)) {
        before(b, count);
        int64_t start = busy_ns();
        ui_draw(b->ui, &b->data, &b->grid);
        b->samples[count++] = busy_ns() - start;
    }
    report(b, name, count);
}

/* cold: behind a drawing, whose rows have pushed the sessions out of the caches, as in a program at work. */
static void measure_fleet(struct bench *b, const char *name, bool cold)
{
    size_t count = 0;
    int64_t began = clock_mono();
    while (count < FRAMES && (count < FRAMES_MIN || clock_mono() - began < CASE_NS)) {
        struct fleet fleet;
        if (cold) {
            counter(b, count);
            ui_draw(b->ui, &b->data, &b->grid);
        }
        int64_t start = busy_ns();
        model_fleet(b->model, b->data.now_ns, b->data.day_start_ns, &fleet);
        b->samples[count++] = busy_ns() - start;
        if (fleet.sessions != (int64_t)b->sessions)
            abort();
    }
    report(b, name, count);
}

static void measure_health(struct bench *b)
{
    static struct health_item items[HEALTH_ITEMS];
    size_t count = 0;
    int64_t began = clock_mono();
    while (count < FRAMES && (count < FRAMES_MIN || clock_mono() - began < CASE_NS)) {
        counter(b, count);
        ui_draw(b->ui, &b->data, &b->grid);
        int64_t start = busy_ns();
        model_health(b->model, b->data.now_ns, true, items, HEALTH_ITEMS);
        b->samples[count++] = busy_ns() - start;
    }
    report(b, "health", count);
}

static void run(size_t sessions, size_t nodes)
{
    struct bench b = {.sessions = sessions, .nodes = nodes};
    struct model_config config;
    model_config_init(&config);
    config.max_bytes = (size_t)4 << 30; /* what eviction costs is another matter */
    b.model = model_create(&config);
    int64_t began = clock_mono();
    b.data.now_ns = build(&b);
    double took = (double)(clock_mono() - began) / 1e9;
    b.data.day_start_ns = START_NS;
    b.data.model = b.model;
    b.ui = ui_create(NULL);
    grid_init(&b.grid, COLS, ROWS);
    struct model_stats stats = model_stats(b.model);
    printf("%zu sessions, %llu nodes, %llu events applied in %.2f s (%.2f us each), %.0f bytes a node\n",
           sessions, (unsigned long long)stats.nodes, (unsigned long long)stats.events, took,
           took * 1e6 / (double)stats.events, (double)stats.bytes / (double)stats.nodes);
    ui_draw(b.ui, &b.data, &b.grid);
    printf("  %zu rows by default\n", ui_view(b.ui, &b.data).rows);
    measure(&b, "still", nothing);
    measure(&b, "second", second);
    measure(&b, "counter", counter);
    measure_fleet(&b, "fleet", false);
    measure_fleet(&b, "fleet cold", true);
    measure_health(&b);
    measure(&b, "scrolled", page);
    press(&b, "Home");
    for (size_t i = 0; i < 200 && i < sessions; i++) {
        press(&b, "*");
        press(&b, "Down");
    }
    measure(&b, "expanded", page);
    ui_destroy(b.ui);
    grid_finish(&b.grid);
    model_destroy(b.model);
}

int main(int argc, char **argv)
{
    size_t nodes = argc > 2 ? strtoul(argv[2], NULL, 10) : 30;
    if (argc > 1) {
        run(strtoul(argv[1], NULL, 10), nodes);
        return 0;
    }
    run(1000, nodes);
    run(10000, nodes);
    return 0;
}
