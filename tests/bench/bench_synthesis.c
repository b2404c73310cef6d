/*
 * What it costs to make spans of sessions: microseconds of CPU a span, in requests of protobuf that are kept
 * nowhere.
 *
 * many: the recorded sessions under many ids, all at once. long: one session of very many turns, of which one
 * more is due in each run; this holds what a run costs that has little to send.
 */
#include "test.h"

#include "mem.h"
#include "trace_export.h"
#include "world.h"

#include <stdio.h>
#include <time.h>

#define SESSIONS   2000
#define LONG_TURNS 5000
#define CALLS      8
#define SECOND_NS  INT64_C(1000000000)
#define START_NS   (INT64_C(1795352400) * SECOND_NS)

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool keep(void *ctx, const struct trace_request *request)
{
    *(uint64_t *)ctx += request->body.len;
    return true;
}

static struct trace_exporter *exporter(uint64_t *bytes)
{
    const struct trace_config config = {.synthesize = TRACE_SYNTHESIZE_ALWAYS,
                                        .content = TRACE_CONTENT_ALWAYS,
                                        .version = "1.0.0",
                                        .emit = keep,
                                        .ctx = bytes};
    return trace_exporter_create(&config);
}

/* One request or tool call of Claude Code's log. */
static void tell(struct model *m, enum event_kind kind, const char *session, int turn, int call, int64_t ns)
{
    char prompt[32], id[48];
    struct event e;
    event_init(&e, kind, WITNESS_LOG);
    snprintf(prompt, sizeof prompt, "p-%d", turn);
    snprintf(id, sizeof id, "%s-%d-%d", kind == EVENT_TOOL ? "toolu" : "req", turn, call);
    e.native = true;
    e.time_ns = e.arrival_ns = e.end_ns = ns;
    e.start_ns = ns - SECOND_NS / 2;
    e.duration_ns = SECOND_NS / 2;
    e.ids.session_id = slice_str(session);
    e.ids.prompt_id = slice_str(prompt);
    e.phase = PHASE_FINISHED;
    if (kind == EVENT_PROMPT) {
        e.phase = PHASE_STARTED;
        e.detail = SLICE_LIT("look at the failing test and make it pass");
    } else if (kind == EVENT_TOOL) {
        e.ids.tool_use_id = slice_str(id);
        e.name = SLICE_LIT("Bash");
        e.detail = SLICE_LIT("meson test -C build --suite unit");
    } else {
        e.ids.request_id = slice_str(id);
        e.model = SLICE_LIT("claude-opus-5-5");
        e.usage = (struct event_usage){4, 200, 41500, 900, -1, 42900000};
    }
    model_apply(m, &e);
}

static int64_t tell_turn(struct model *m, const char *session, int turn, int64_t ns)
{
    tell(m, EVENT_PROMPT, session, turn, 0, ns);
    for (int i = 0; i < CALLS; i++) {
        tell(m, EVENT_LLM, session, turn, i, ns += SECOND_NS);
        if (i + 1 < CALLS)
            tell(m, EVENT_TOOL, session, turn, i, ns += SECOND_NS);
    }
    return ns + SECOND_NS;
}

static struct model *new_model(void)
{
    struct model_config config;
    model_config_init(&config);
    config.max_bytes = SIZE_MAX / 4;
    return model_create(&config);
}

static void many(void)
{
    struct model *m = new_model();
    uint64_t bytes = 0;
    int64_t ns = START_NS;
    for (int i = 0; i < SESSIONS; i++) {
        char session[40];
        snprintf(session, sizeof session, "00000000-0000-4000-8000-%012d", i);
        for (int turn = 0; turn < 3; turn++)
            ns = tell_turn(m, session, turn, START_NS + turn * 60 * SECOND_NS);
    }
    model_sessions(m); /* settled: that is the model's own cost */
    struct trace_exporter *x = exporter(&bytes);
    double start = cpu();
    trace_exporter_run(x, m, ns, ns, TRACE_LAST);
    double took = cpu() - start;
    struct trace_stats stats = trace_exporter_stats(x);
    printf("synthesis many     %7.2f us a span, %.0f bytes (%llu spans of %d sessions, %llu requests)\n",
           took * 1e6 / (double)stats.spans, (double)bytes / (double)stats.spans,
           (unsigned long long)stats.spans, SESSIONS, (unsigned long long)stats.requests);
    start = cpu();
    for (int i = 0; i < 100; i++)
        trace_exporter_run(x, m, ns + i, ns + i, TRACE_NOW);
    printf("synthesis idle     %7.2f us a run with nothing new (%d sessions)\n", (cpu() - start) * 1e4,
           SESSIONS);
    trace_exporter_destroy(x);
    model_destroy(m);
}

static void one_long(void)
{
    struct model *m = new_model();
    uint64_t bytes = 0;
    struct trace_exporter *x = exporter(&bytes);
    int64_t ns = START_NS;
    double spent = 0, last = 0;
    for (int turn = 0; turn < LONG_TURNS; turn++) {
        ns = tell_turn(m, "long", turn, ns + 60 * SECOND_NS);
        model_sessions(m);
        double start = cpu();
        trace_exporter_run(x, m, ns, ns, TRACE_NOW);
        spent += cpu() - start;
        last = turn >= LONG_TURNS - 100 ? last + cpu() - start : 0;
    }
    struct trace_stats stats = trace_exporter_stats(x);
    printf("synthesis long     %7.2f us a span, %.0f us a run at the end (%llu spans of one session)\n",
           spent * 1e6 / (double)stats.spans, last * 1e4, (unsigned long long)stats.spans);
    trace_exporter_destroy(x);
    model_destroy(m);
}

int main(void)
{
    many();
    one_long();
    return 0;
}
