/* The screens that are drawn again and again: by test_golden against their files, by show for the eye. */
#include "fixture.h"

#include <stdio.h>

#define OPUS   "claude-opus-4-5-20251101"
#define SONNET "claude-sonnet-4-5-20250929"
#define HAIKU  "claude-haiku-4-5-20251001"

static void busy_header(struct fixture *f)
{
    static const int64_t SPARK[FLEET_SPARK] = {200, 640, 900, 0, 1500, 2100, 2600, 1900, 1100, 700, 400, 360};
    struct fleet *fleet = &f->model.fleet;
    fleet->sessions = 5;
    fleet->live = 4;
    fleet->waiting = 1;
    fleet->cost_today_nano_usd = INT64_C(4820000000);
    fleet->tokens_per_min = 12400;
    memcpy(fleet->spark, SPARK, sizeof(SPARK));
    fleet->llm_per_min = 18;
    fleet->llm_error_ratio = 0.012;
    fleet->llm_p95_ns = 4100 * NS_PER_MS;
    f->data.received = (struct ui_received){.requests = 812, .logs = 5120, .spans = 3000, .hooks = 410};
}

static void web_ui(struct fixture *f)
{
    struct session *s = fixture_session(f, "3f2a91bc-5b1e-4c7e-9d52-0a1b2c3d4e5f", NULL, "/home/dev/web-ui");
    struct node *t =
        fixture_turn(f, s, 5, "why does the login page flash", NODE_DONE, 12 * MIN + 41 * SEC, 95 * SEC);
    fixture_llm(f, s, t, OPUS, false, 12 * MIN, 9 * SEC, 18000, 1400, 520000, 126);
    t = fixture_turn(f, s, 6, "add a test for expired tokens", NODE_DONE, 6 * MIN, 130 * SEC);
    fixture_llm(f, s, t, OPUS, true, 6 * MIN, 7 * SEC, 9000, 600, 300000, 31);
    fixture_tool(f, s, t, "Edit", "/home/dev/web-ui/test/auth.test.ts", NODE_DONE, 5 * MIN, 22 * NS_PER_MS);
    fixture_llm(f, s, t, OPUS, false, 4 * MIN, 5 * SEC, 3000, 300, 100000, 13);

    t = fixture_turn(f, s, 7, "fix the flaky login test", NODE_WAITING, 108 * SEC, -1);
    fixture_llm(f, s, t, OPUS, true, 108 * SEC, 6100 * NS_PER_MS, 2000, 310, 80000, 12);
    struct node *task =
        fixture_tool(f, s, t, "Task", "explore the auth flow", NODE_DONE, 101 * SEC, 22 * SEC);
    struct node *agent = fixture_node(f, s, task, NODE_AGENT, NODE_DONE, 101 * SEC);
    agent->name = SLICE_LIT("Explore");
    agent->duration_ns = 22 * SEC;
    ((struct fixture_node *)agent)->self.agents = 1;
    fixture_llm(f, s, agent, HAIKU, true, 100 * SEC, 3 * SEC, 5000, 700, 20000, 1.2);
    fixture_tool(f, s, agent, "Read", "/home/dev/web-ui/src/auth.ts", NODE_DONE, 96 * SEC, 14 * NS_PER_MS);
    fixture_tool(f, s, agent, "Grep", "refreshToken", NODE_DONE, 95 * SEC, 41 * NS_PER_MS);
    fixture_llm(f, s, agent, HAIKU, false, 94 * SEC, 4200 * NS_PER_MS, 4000, 412, 20000, 0.8);
    fixture_llm(f, s, t, OPUS, true, 79 * SEC, 6 * SEC, 1800, 502, 90000, 17);
    struct node *bash = fixture_tool(f, s, t, "Bash", "rm -rf dist/", NODE_WAITING, 72 * SEC, -1);
    fixture_state(s, RUN_PERMISSION, 72 * SEC, bash);
    struct fixture_session *made = (struct fixture_session *)s;
    made->burn.cost_nano_usd_per_hour = INT64_C(8760000000);
    made->burn.tokens_per_min = 4200;
    s->has_hooks = s->has_logs = s->has_metrics = s->native = true;
    made->health = (struct session_health){.lost_events = 3,
                                           .lost_settled = true,
                                           .metrics = METRICS_AGREE,
                                           .has_clock = true,
                                           .delay_ns = 4300 * NS_PER_MS,
                                           .skew_ns = 12 * SEC,
                                           .no_traces = true,
                                           .tools_withheld = true};
    f->model.health[0] = (struct health_item){
        HEALTH_ERROR, HEALTH_LOST_EVENTS, s,
        "3 log events never came. Its exporter's queue overflowed, or a request was lost on the way here."};
    f->model.health[1] = (struct health_item){
        HEALTH_INFO, HEALTH_NO_TRACES, s,
        "no traces: set OTEL_TRACES_EXPORTER=otlp and CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1."};
    f->model.health_count = 2;
    s->branch = SLICE_LIT("feat/login");
    s->context = (struct session_context){FIXTURE_NOW - MIN, 166000, 200000, 83};
    s->limits = (struct session_limits){
        FIXTURE_NOW - MIN, {42, FIXTURE_NOW + 2 * HOUR + 10 * MIN}, {13, FIXTURE_NOW + 90 * HOUR}};
}

static void api(struct fixture *f)
{
    struct session *s = fixture_session(f, "b81c07de-1111-4222-8333-444455556666",
                                        "Rate limits for the public API", "/home/dev/api");
    struct node *t =
        fixture_turn(f, s, 1, "add rate limits to every public route", NODE_RUNNING, 4 * MIN + 5 * SEC, -1);
    struct node *n = fixture_llm(f, s, t, SONNET, true, 4 * MIN, 8 * SEC, 9000, 1100, 240000, 52);
    n->attempts = 3;
    fixture_tool(f, s, t, "Write", "/home/dev/api/src/limits.ts", NODE_DONE, 230 * SEC, 9 * NS_PER_MS);
    n = fixture_tool(f, s, t, "Bash", "npm run lint", NODE_FAILED, 200 * SEC, 5200 * NS_PER_MS);
    n->error_type = SLICE_LIT("exit 1");
    n->error_message = SLICE_LIT("3 problems (3 errors, 0 warnings)");
    fixture_tool(f, s, t, "mcp__github__create_issue", "limits: document the headers", NODE_REJECTED,
                 180 * SEC, -1);
    fixture_llm(f, s, t, SONNET, true, 60 * SEC, 11 * SEC, 9000, 900, 260000, 50);
    n = fixture_tool(f, s, t, "Bash", "npm test", NODE_RUNNING, 34 * SEC, -1);
    fixture_state(s, RUN_TOOL, 34 * SEC, n);
    ((struct fixture_session *)s)->burn = (struct burn_rate){9000, INT64_C(12240000000), true};
}

static void docs(struct fixture *f)
{
    struct session *s = fixture_session(f, "0d9f8e7c-aaaa-4bbb-8ccc-ddddeeeeffff", NULL, "/home/dev/docs");
    struct node *t =
        fixture_turn(f, s, 1, "proofread the install guide", NODE_DONE, 22 * MIN + 10 * SEC, 300 * SEC);
    fixture_llm(f, s, t, HAIKU, false, 22 * MIN, 12 * SEC, 3000, 400, 60000, 9);
    fixture_state(s, RUN_IDLE, 17 * MIN, NULL);
}

static void ml(struct fixture *f)
{
    struct session *s =
        fixture_session(f, "77aa0011-2222-4333-8444-555566667777", NULL, "/home/dev/ml-pipeline");
    struct node *t = fixture_turn(f, s, 1, "profile the loader", NODE_RUNNING, 50 * SEC, -1);
    fixture_llm(f, s, t, "claude-nova-9-20261101", true, 50 * SEC, 12 * SEC, 4100, 820, 12000, 0);
    ((struct fixture_node *)t->first_child)->self.cost_unknown = 1;
    fixture_llm(f, s, t, "claude-nova-9-20261101", false, 6 * SEC, -1, 0, 0, 0, 0);
    fixture_state(s, RUN_THINKING, 6 * SEC, t);
}

static void busy_events(struct fixture *f)
{
    const struct session *web = f->model.first, *other = web->next;
    fixture_event(f, other, EVENT_PROMPT, WITNESS_HOOK, "", "rate limits for the public API", "", 245 * SEC);
    fixture_event(f, web, EVENT_PROMPT, WITNESS_HOOK, "", "fix the flaky login test", "", 108 * SEC);
    fixture_event(f, web, EVENT_LLM, WITNESS_LOG, "claude-opus-4-5", "", "", 102 * SEC);
    fixture_event(f, web, EVENT_AGENT, WITNESS_HOOK, "Explore", "explore the auth flow", "", 101 * SEC);
    fixture_event(f, web, EVENT_TOOL, WITNESS_HOOK, "Read", "/home/dev/web-ui/src/auth.ts", "toolu_read",
                  95 * SEC);
    fixture_event(f, web, EVENT_TOOL, WITNESS_SPAN, "Read", "/home/dev/web-ui/src/auth.ts", "toolu_read",
                  94 * SEC);
    fixture_event(f, web, EVENT_METRIC, WITNESS_METRIC, "claude_code.token.usage", "", "", 90 * SEC);
    fixture_event(f, web, EVENT_PERMISSION, WITNESS_HOOK, "Bash", "rm -rf dist/", "", 72 * SEC);
    fixture_event(f, other, EVENT_TOOL, WITNESS_HOOK, "Bash", "npm test", "", 12 * SEC);
    fixture_event(f, other, EVENT_TURN, WITNESS_SPAN, "", "", "", 2 * SEC);
}

static void busy_flow(struct fixture *f)
{
    static const struct ui_flow_client CLIENTS[] = {
        {SLICE_LIT("OTel-OTLP-Exporter-JavaScript/0.208.0"), SLICE_LIT("grpc"), SLICE_LIT("protobuf"), 18204,
         91000000, 41000, 812000, 9200, 0, 0, FIXTURE_NOW - 3 * SEC},
        {SLICE_LIT("axios/1.15.2"), SLICE_LIT("http1"), SLICE_LIT("hook"), 912, 1300000, 0, 0, 0, 912, 0,
         FIXTURE_NOW - 12 * SEC},
        {SLICE_LIT("curl/8.5.0"), SLICE_LIT("http1"), SLICE_LIT("json"), 0, 0, 0, 0, 0, 0, 3,
         FIXTURE_NOW - 2 * HOUR},
    };
    static const struct ui_flow_reason REFUSED[] = {{SLICE_LIT("content_type"), 2},
                                                    {SLICE_LIT("body_size"), 1}};
    static const struct ui_flow_upstream UPSTREAMS[] = {
        {SLICE_LIT("upstream"), SLICE_LIT("grpc"), SLICE_LIT("127.0.0.1:14317"), UI_UPSTREAM_OK, 18204,
         91000000, 0, 0, 0, 0, 0, 0, 0, -1, SLICE_NULL},
        {SLICE_LIT("backup"), SLICE_LIT("http"), SLICE_LIT("collector.example:4318"), UI_UPSTREAM_RETRYING,
         9100, 44000000, 412, 2100000, 0, 37, 0, 5, 95 * SEC, 4 * SEC,
         SLICE_LIT("collector.example:4318: connection refused")},
    };
    static const struct ui_flow FLOW = {.model_behind = 1234,
                                        .clients = CLIENTS,
                                        .client_count = 3,
                                        .refused = REFUSED,
                                        .refused_count = 2,
                                        .upstreams = UPSTREAMS,
                                        .upstream_count = 2,
                                        .connections = 4,
                                        .connections_total = 31,
                                        .budget_used = 120000,
                                        .budget_max = 64000000,
                                        .on_disk = true,
                                        .journal_bytes = 212000000,
                                        .journal_segments = 4,
                                        .unsaved = 12,
                                        .model_bytes = 9100000,
                                        .model_bytes_max = 268435456,
                                        .lost_events = 12};
    f->data.flow = &FLOW;
    f->data.received = (struct ui_received){19116, 92300000, 41000, 812000, 9200, 912, 3, 1};
    f->data.http_address = SLICE_LIT("127.0.0.1:4318");
    f->data.grpc_address = SLICE_LIT("127.0.0.1:4317");
}

static void busy_red(struct fixture *f)
{
    /* clang-format off */
    static const struct red_row ROWS[] = {
        {RED_LLM, SLICE_LIT("claude-haiku-4-5"), 41, 0, 0, 2.7, 900 * NS_PER_MS, 2 * SEC, 3 * SEC, 300 * NS_PER_MS, 700 * NS_PER_MS, {{0}}},
        {RED_LLM, SLICE_LIT("claude-opus-4-5-20251101"), 212, 3, 9, 14.1, 3100 * NS_PER_MS, 9 * SEC, 31 * SEC, 1200 * NS_PER_MS, 4 * SEC, {{0}}},
        {RED_TOOL, SLICE_LIT("Bash"), 180, 17, 0, 12, 40 * NS_PER_MS, 22 * SEC, 95 * SEC, -1, -1, {{0}}},
        {RED_TOOL, SLICE_LIT("Read"), 1204, 1, 0, 80.2, 9 * NS_PER_MS, 41 * NS_PER_MS, 80 * NS_PER_MS, -1, -1, {{0}}},
        {RED_MCP, SLICE_LIT("github"), 6, 0, 0, 0.4, 300 * NS_PER_MS, 800 * NS_PER_MS, 800 * NS_PER_MS, -1, -1, {{0}}},
        {RED_SESSION, SLICE_LIT("3f2a91bc-5b1e-4c7e-9d52-0a1b2c3d4e5f"), 150, 3, 9, 10, 3 * SEC, 9 * SEC, 31 * SEC, SEC, 4 * SEC, {{0}}},
        {RED_AGENT, SLICE_LIT("Explore"), 4, 0, 0, 0.3, 22 * SEC, 40 * SEC, 40 * SEC, -1, -1, {{0}}},
    };
    /* clang-format on */
    memcpy(f->model.red, ROWS, sizeof(ROWS));
    f->model.red_count = sizeof(ROWS) / sizeof(ROWS[0]);
    /* Rises and falls; the second row failed at first, the fifth has done nothing of late. */
    for (int i = 0; i < RED_ROW_MINUTES; i++)
        for (size_t r = 0; r < f->model.red_count; r++)
            f->model.red[r].minutes[i] =
                (struct red_minute){r == 4 ? 0 : (i * (int)(r + 2)) % 9, r == 1 && i < 4 ? 1 : 0};
}

static void build_busy(struct fixture *f)
{
    busy_header(f);
    web_ui(f);
    api(f);
    docs(f);
    ml(f);
    struct session *s = fixture_session(f, "deadbeef-0000-4000-8000-000000000000", NULL, "/home/dev/scratch");
    struct node *t = fixture_turn(f, s, 1, "say hello", NODE_DONE, 3 * HOUR, 4 * SEC);
    fixture_llm(f, s, t, HAIKU, false, 3 * HOUR, 2 * SEC, 400, 20, 9000, 0.06);
    fixture_state(s, RUN_ENDED, 3 * HOUR - 10 * SEC, NULL);
    busy_events(f);
    busy_flow(f);
    busy_red(f);
    fixture_settle(f);
}

/* Every state of a session and of a call, once. */
static void build_states(struct fixture *f)
{
    static const char *const NAMES[] = {"starting", "thinking", "streaming", "tool", "permission", "input",
                                        "compact",  "retrying", "failed",    "idle", "ended",      "stale"};
    for (int i = RUN_STARTING; i <= RUN_STALE; i++) {
        struct session *s = fixture_session(f, NAMES[i], NAMES[i], NULL);
        s->started_ns = FIXTURE_NOW - (20 + i) * MIN;
        fixture_state(s, (enum run_state)i, (i + 1) * 7 * SEC, NULL);
    }
    struct session *s = fixture_session(f, "calls", "calls", "/srv/calls");
    struct node *t = fixture_turn(f, s, 1, "one of each", NODE_RUNNING, 10 * MIN, -1);
    for (int i = NODE_UNKNOWN; i <= NODE_INTERRUPTED; i++)
        fixture_tool(f, s, t, "Bash", "make", (enum node_state)i, 5 * MIN, i == NODE_DONE ? 90 * SEC : -1);
    struct node *n = fixture_llm(f, s, t, OPUS, false, MIN, 31 * SEC, 0, 0, 0, 0);
    n->state = NODE_FAILED;
    n->error_type = SLICE_LIT("rate_limit");
    n->error_message = SLICE_LIT("429 Number of requests has exceeded your rate limit");
    n->attempts = 10;
    ((struct fixture_node *)n)->self.llm_errors = 1;
    n = fixture_node(f, s, t, NODE_COMPACTION, NODE_DONE, MIN);
    n->source = SLICE_LIT("auto");
    n->detail = SLICE_LIT("180k to 24k tokens");
    n = fixture_node(f, s, t, NODE_HOOK, NODE_DONE, MIN);
    n->name = SLICE_LIT("PreToolUse");
    n = fixture_node(f, s, t, NODE_PERMISSION, NODE_WAITING, MIN);
    n->name = SLICE_LIT("WebFetch");
    n = fixture_node(f, s, t, NODE_EVENT, NODE_DONE, MIN);
    n->name = SLICE_LIT("notification");
    n->detail = SLICE_LIT("Claude is waiting for your input");
    fixture_state(s, RUN_THINKING, 3 * SEC, t);
    f->model.fleet = (struct fleet){.live = 11, .waiting = 2, .llm_error_ratio = 0.5, .llm_p95_ns = 31 * SEC};
    f->data.upstream = (struct ui_upstream){
        .state = UI_UPSTREAM_RETRYING, .name = SLICE_LIT("alloy"), .queued = 1234, .dropped = 7};
    fixture_settle(f);
}

static void build_empty(struct fixture *f)
{
    f->data.upstream.state = UI_UPSTREAM_NONE;
}

static void build_connected(struct fixture *f)
{
    f->data.received =
        (struct ui_received){.requests = 3, .bytes = 4000, .logs = 2, .metric_points = 14, .refused = 1};
    f->data.upstream.state = UI_UPSTREAM_OK;
}

/* Text that breaks careless layouts. Escapes cannot come this far; everything else can. */
static void build_hostile(struct fixture *f)
{
    struct session *s = fixture_session(f, "\xe2\x80\xa6id", "会議の議事録をまとめて翻訳するセッション",
                                        "/home/dev/資料/翻訳");
    struct node *t =
        fixture_turn(f, s, 1, "日本語と English を mix した、とても長いプロンプト ⇄ ✓ ▾ with everything",
                     NODE_RUNNING, MIN, -1);
    fixture_llm(f, s, t, "a-model-nobody-knows-with-a-very-long-name-indeed", true, MIN, 99 * HOUR,
                INT64_MAX / 4, 999950, INT64_MAX / 4, 1e9);
    fixture_tool(f, s, t, "", "", NODE_RUNNING, -MIN, -1);
    fixture_tool(f, s, t, "mcp____", "e\xcc\x81\xcc\x81 o\xcc\x88", NODE_DONE, MIN, 0);
    fixture_tool(f, s, t, "mcp__a__", "👩‍💻", NODE_DONE, MIN, 1);
    struct node *deep = t;
    for (int i = 0; i < 40; i++) {
        deep = fixture_node(f, s, deep, NODE_AGENT, NODE_RUNNING, MIN);
        deep->name = SLICE_LIT("agent");
        deep->detail = SLICE_LIT("回");
    }
    s = fixture_session(f, "", NULL, NULL);
    fixture_state(s, RUN_PERMISSION, -HOUR, NULL);
    s = fixture_session(f, "x", NULL, "/");
    s->redacted = true;
    fixture_turn(f, s, 2000000000, NULL, NODE_UNKNOWN, 400 * 24 * HOUR, -1);
    fixture_state(s, RUN_STALE, 400 * 24 * HOUR, NULL);
    f->model.fleet = (struct fleet){.live = INT64_MAX,
                                    .waiting = INT64_MAX,
                                    .cost_today_nano_usd = INT64_MAX,
                                    .tokens_per_min = INT64_MAX,
                                    .llm_per_min = INT64_MAX,
                                    .llm_error_ratio = 7,
                                    .llm_p95_ns = INT64_MAX,
                                    .spark = {INT64_MAX, -5, 1}};
    f->model.stats = (struct model_stats){.refused_events = UINT64_MAX};
    f->data.upstream = (struct ui_upstream){.state = UI_UPSTREAM_REJECTING,
                                            .name = SLICE_LIT("アロイアロイアロイアロイ"),
                                            .rejected = UINT64_MAX,
                                            .dropped = UINT64_MAX};
    f->data.source = SLICE_LIT("再生再生再生再生再生再生再生再生");
    fixture_settle(f);
}

/* 1,000 sessions with thirty nodes each. */
static void build_many(struct fixture *f)
{
    static char names[1000][24];
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof(names[i]), "session-%03d", i);
        struct session *s = fixture_session(f, names[i], names[i], "/home/dev/many");
        for (int turn = 1; turn <= 3; turn++) {
            struct node *t =
                fixture_turn(f, s, turn, "do the next thing", NODE_DONE, (i + 4 - turn) * MIN, 50 * SEC);
            for (int call = 0; call < 9; call++)
                if (call % 3)
                    fixture_tool(f, s, t, "Bash", "make test", NODE_DONE, (i + 4 - turn) * MIN, SEC);
                else
                    fixture_llm(f, s, t, SONNET, true, (i + 4 - turn) * MIN, 4 * SEC, 1000, 200, 30000, 2);
        }
        fixture_state(s, i % 10 ? RUN_IDLE : RUN_THINKING, i * MIN, s->last_child);
    }
    f->model.fleet.live = 31;
    fixture_settle(f);
}

/* Everything that alerts can say, of the busy sessions. */
static void build_alarms(struct fixture *f)
{
    static const struct ui_flow_upstream AWAY = {.name = SLICE_LIT("cloud"),
                                                 .protocol = SLICE_LIT("http"),
                                                 .state = UI_UPSTREAM_RETRYING,
                                                 .queued = 812,
                                                 .oldest_ns = 7 * MIN,
                                                 .next_attempt_ns = 4 * SEC};
    static const struct ui_flow FLOW = {.upstreams = &AWAY, .upstream_count = 1, .lost_events = -1};
    build_busy(f);
    f->data.flow = &FLOW;
    for (struct session *s = f->model.first; s; s = s->next)
        s->last_arrival_ns = FIXTURE_NOW - 2 * SEC;
    struct session *web = f->model.first, *other = web->next, *third = other->next;
    const struct node *call = ((struct fixture_session *)web)->status.node;
    fixture_state(web, RUN_PERMISSION, 12 * MIN, call);
    ((struct fixture_session *)other)->signs =
        (struct session_signs){.failures = 14, .repeated = other->last_child->last_child, .repeats = 6};
    third->context = (struct session_context){.reported_ns = FIXTURE_NOW - MIN,
                                              .used_tokens = 186000,
                                              .window_tokens = 200000,
                                              .used_percentage = 93};
    f->model.generation++;
}

const struct scenario SCENARIOS[] = {
    {"busy", build_busy},           {"alarms", build_alarms},
    {"states", build_states},       {"empty", build_empty},
    {"connected", build_connected}, {"hostile", build_hostile},
    {"many", build_many},           {NULL, NULL},
};

const struct scenario *scenario_find(const char *name)
{
    for (const struct scenario *s = SCENARIOS; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}
