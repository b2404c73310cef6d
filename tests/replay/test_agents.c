/*
 * Other agents, by the recordings in tests/data/agents that were written from their documentation: totals and
 * trees, in order, twice, backwards and in any order.
 */
#include "test.h"

#include "mem.h"
#include "world.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(o, key);
    assert_non_null(v);
    return (int64_t)v->valuedouble;
}

static void check(const struct capture *c, const struct world *w)
{
    const cJSON *want = cJSON_GetArrayItem(cJSON_GetObjectItem(c->expected, "sessions"), 0);
    const struct session *s = model_sessions(w->model);
    assert_non_null(s);
    assert_null(s->next);
    assert_slice_equal(s->session_id, cJSON_GetStringValue(cJSON_GetObjectItem(want, "session_id")));
    const struct counters *t = &s->total;
    const struct {
        const char *name;
        int64_t got;
    } counts[] = {
        {"turns", t->turns},
        {"llm_calls", t->llm_calls},
        {"llm_errors", t->llm_errors},
        {"tool_calls", t->tool_calls},
        {"tool_errors", t->tool_errors},
        {"tool_rejections", t->tool_rejections},
        {"agents", t->agents},
        {"input_tokens", t->input_tokens},
        {"output_tokens", t->output_tokens},
        {"cache_read_tokens", t->cache_read_tokens},
        {"cache_creation_tokens", t->cache_creation_tokens},
        {"cost_usd", t->cost_nano_usd},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].got != number(want, counts[i].name))
            fail_msg("%s: %s is %lld, not %lld", c->name, counts[i].name, (long long)counts[i].got,
                     (long long)number(want, counts[i].name));
    /* Nobody reported a cost, and the model has no prices here. */
    assert_int_equal(t->cost_unknown, t->llm_calls - t->llm_errors);
    struct slice models[4];
    const cJSON *names = cJSON_GetObjectItem(want, "models");
    assert_int_equal(model_session_models(s, models, 4), cJSON_GetArraySize(names));
    struct session_health h;
    model_session_health(s, w->newest_ns + INT64_C(3600) * 1000000000, &h);
    assert_false(h.no_traces || h.no_ids || h.prompts_withheld || h.hooks_only); /* Claude Code's settings */
}

static char *read_tree(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/replay/trees/agent-%s.txt", getenv("CT_SOURCE_ROOT"), name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    char *text = mem_alloc(1 << 16);
    text[fread(text, 1, (1 << 16) - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void feed(struct world *w, const struct capture *c, const size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(world_feed(w, &c->frames[order[i]]), CT_OK);
}

static void agent(void **state)
{
    const char *name = *state;
    char folder[64], *first = NULL;
    struct capture c;
    snprintf(folder, sizeof folder, "../agents/%s", name);
    capture_load(&c, folder, CAPTURE_WITHOUT_HOOKS);
    size_t *order = mem_array(c.count, sizeof *order);
    for (size_t i = 0; i < c.count; i++)
        order[i] = i;
    for (int round = 0; round < 24; round++) {
        struct world w;
        world_open(&w);
        feed(&w, &c, order, c.count);
        if (round % 2)
            feed(&w, &c, order, c.count);
        check(&c, &w);
        const char *text = world_text(&w, TREE_SHAPE).ptr;
        if (!first) {
            first = mem_strdup(slice_str(text));
            char *want = read_tree(name);
            assert_string_equal(text, want);
            free(want);
        }
        assert_string_equal(text, first);
        world_close(&w);
        for (size_t i = c.count; i > 1; i--) {
            size_t k = (size_t)rand() % i, swap = order[i - 1];
            order[i - 1] = order[k];
            order[k] = swap;
        }
    }
    free(first);
    free(order);
    capture_free(&c);
}

int main(void)
{
    static char names[][8] = {"codex", "gemini", "genai"};
    struct CMUnitTest tests[3];
    srand(11);
    for (size_t i = 0; i < 3; i++)
        tests[i] = (struct CMUnitTest){names[i], agent, NULL, NULL, names[i]};
    return _cmocka_run_group_tests("agents", tests, 3, NULL, NULL);
}
