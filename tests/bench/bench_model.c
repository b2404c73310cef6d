/*
 * What the model costs, on the events of the recorded sessions under many session ids.
 *
 * One line a figure: applying, settling, memory, the queries that a frame makes, and one session of very many
 * turns that is looked at after every batch.
 */
#include "test.h"

#include "arena.h"
#include "mem.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SESSIONS   10000
#define LONG_TURNS 10000

struct recorded {
    struct event *events;
    size_t count;
    struct arena texts;
};

static struct slice keep(struct recorded *r, struct slice text)
{
    return text.ptr ? arena_dup(&r->texts, text) : text;
}

static void record(void *ctx, const struct event *event)
{
    struct recorded *r = ctx;
    r->events = mem_grow(r->events, r->count + 1, sizeof *r->events);
    struct event *e = &r->events[r->count++];
    *e = *event;
    struct slice *const texts[] = {&e->ids.session_id,
                                   &e->ids.prompt_id,
                                   &e->ids.request_id,
                                   &e->ids.tool_use_id,
                                   &e->ids.agent_id,
                                   &e->ids.parent_agent_id,
                                   &e->service_name,
                                   &e->service_version,
                                   &e->name,
                                   &e->detail,
                                   &e->model,
                                   &e->query_source,
                                   &e->error_type,
                                   &e->error_message,
                                   &e->source,
                                   &e->agent_type,
                                   &e->cwd,
                                   &e->title};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(r, *texts[i]);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(struct recorded *r)
{
    static const char *const names[] = {"tools-json", "subagents-background", "failing-tool", "no-traces"};
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    arena_init(&r->texts, SIZE_MAX / 4);
    struct ingest *in = ingest_create(&limits, record, r);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct capture c;
        capture_load(&c, names[i], CAPTURE_WITH_HOOKS);
        for (size_t k = 0; k < c.count; k++)
            ingest_frame(in, &c.frames[k]);
        capture_free(&c);
    }
    ingest_destroy(in);
}

static void many_sessions(const struct recorded *r)
{
    struct model_config config;
    char id[64];
    model_config_init(&config);
    config.max_bytes = SIZE_MAX / 4;
    struct model *m = model_create(&config);
    size_t applied = 0, sessions = SESSIONS / 4; /* four captures each */
    double start = now();
    for (size_t copy = 0; copy < sessions; copy++) {
        for (size_t i = 0; i < r->count; i++) {
            struct event e = r->events[i];
            if (e.ended)
                continue; /* an ended session's state takes no finding out */
            int n = snprintf(id, sizeof id, "%zu-%.*s", copy, (int)slice_sub(e.ids.session_id, 0, 40).len,
                             e.ids.session_id.ptr);
            e.ids.session_id = slice_make(id, (size_t)n);
            model_apply(m, &e);
            applied++;
        }
    }
    double took = now() - start;
    printf("model apply        %7.0f ns an event, %.2f million events/s (%zu events)\n",
           took / (double)applied * 1e9, (double)applied / took / 1e6, applied);
    start = now();
    model_sessions(m);
    took = now() - start;
    struct model_stats stats = model_stats(m);
    struct fleet fleet;
    int64_t wall = r->events[0].arrival_ns;
    printf("model settle       %7.0f ns a node, once after a change (%zu sessions in %.0f ms)\n",
           took / (double)stats.nodes * 1e9, (size_t)stats.sessions, took * 1e3);
    model_fleet(m, wall, wall, &fleet);
    int64_t calls = fleet.total.llm_calls + fleet.total.tool_calls;
    printf("model memory       %7.0f bytes a call, %.1f MiB for %lld calls in %zu sessions\n",
           (double)stats.bytes / (double)calls, (double)stats.bytes / (1 << 20), (long long)calls,
           (size_t)stats.sessions);
    enum { ROUNDS = 200 };
    start = now();
    for (int i = 0; i < ROUNDS; i++)
        model_fleet(m, wall + i, wall, &fleet);
    printf("model_fleet        %7.0f µs with %zu sessions\n", (now() - start) / ROUNDS * 1e6,
           (size_t)stats.sessions);
    size_t asked = 0, live = 0;
    start = now();
    for (int i = 0; i < ROUNDS; i++)
        for (const struct session *s = model_sessions(m); s; s = s->next, asked++)
            live += model_session_status(s, wall + i).state != RUN_ENDED;
    printf("model status       %7.1f ns a session (%zu open)\n", (now() - start) / (double)asked * 1e9,
           live / ROUNDS);
    struct red_row rows[256];
    start = now();
    for (int i = 0; i < ROUNDS; i++)
        model_red(m, wall, 900 * INT64_C(1000000000), rows, 256);
    printf("model_red          %7.0f µs over 15 minutes\n", (now() - start) / ROUNDS * 1e6);
    model_destroy(m);
}

static struct slice numbered(char *room, const char *prefix, size_t n)
{
    return slice_make(room, (size_t)snprintf(room, 32, "%s%zu", prefix, n));
}

static void turn_of_one_session(struct model *m, size_t turn, int64_t base)
{
    char prompt[32], id[32];
    struct event e;
    event_init(&e, EVENT_PROMPT, WITNESS_LOG);
    e.phase = PHASE_STARTED;
    e.ids.session_id = SLICE_LIT("long");
    e.ids.prompt_id = numbered(prompt, "p", turn);
    memcpy(e.ids.trace_id, &turn, sizeof turn);
    e.ids.trace_id[15] = 1;
    e.ids.has_trace_id = true;
    e.time_ns = e.arrival_ns = base + (int64_t)turn * INT64_C(10000000000);
    model_apply(m, &e);
    for (size_t call = 0; call < 5; call++) {
        e.kind = call % 2 ? EVENT_TOOL : EVENT_LLM;
        e.phase = PHASE_FINISHED;
        e.time_ns = e.end_ns = e.arrival_ns += 1000000000;
        e.start_ns = e.end_ns - 500000000;
        e.ids.request_id = e.kind == EVENT_LLM ? numbered(id, "r", turn * 5 + call) : SLICE_NULL;
        e.ids.tool_use_id = e.kind == EVENT_TOOL ? numbered(id, "u", turn * 5 + call) : SLICE_NULL;
        model_apply(m, &e);
    }
}

static void one_long_session(void)
{
    struct model_config config;
    model_config_init(&config);
    struct model *m = model_create(&config);
    int64_t base = INT64_C(1795352400000000000);
    double start = now();
    for (size_t turn = 0; turn < LONG_TURNS; turn++)
        turn_of_one_session(m, turn, base);
    double applied = now() - start;
    model_sessions(m);
    printf("one long session   %7.0f ns an event for %d turns of 5 calls, %.0f bytes a call\n",
           applied / (LONG_TURNS * 6) * 1e9, LONG_TURNS, (double)model_stats(m).bytes / (LONG_TURNS * 5));
    enum { ROUNDS = 20 };
    start = now();
    for (size_t i = 0; i < ROUNDS; i++) {
        turn_of_one_session(m, LONG_TURNS + i, base);
        model_sessions(m);
    }
    printf("  looked at after  %7.2f ms for each batch (%d nodes)\n", (now() - start) / ROUNDS * 1e3,
           LONG_TURNS * 6);
    model_destroy(m);
}

int main(void)
{
    struct recorded r = {0};
    load(&r);
    many_sessions(&r);
    one_long_session();
    free(r.events);
    arena_finish(&r.texts);
    return 0;
}
