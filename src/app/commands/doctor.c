/* doctor: looks at everything between Claude Code and Grafana, and says what to do. */
#include "doctor.h"

#include "commands.h"
#include "feed.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const level_words[] = {[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"};
static const char *const groups[] = {"ports",  "receiver", "upstream", "grafana",
                                     "claude", "sessions", "system"};

static void on_time(uv_timer_t *timer)
{
    struct doctor *d = timer->data;
    const struct http_result late = {.failure = "no answer in time"};
    for (size_t i = 0; i < d->probe_count; i++) {
        struct doctor_probe *p = &d->probes[i];
        if (p->over)
            continue;
        http_transfer_cancel(p->transfer);
        p->over = true;
        d->running--;
        p->done(p, &late);
    }
}

static void on_closed(void *ctx)
{
    ((struct doctor_probe *)ctx)->client = NULL;
}

/* Until every request has its answer, or time is up. */
static void wait_for_answers(struct doctor *d)
{
    uv_timer_init(&d->loop, &d->timer);
    d->timer.data = d;
    uv_timer_start(&d->timer, on_time, DOCTOR_MS, 0);
    while (d->running > 0 && uv_run(&d->loop, UV_RUN_ONCE))
        ;
    uv_close((uv_handle_t *)&d->timer, NULL);
    for (size_t i = 0; i < d->probe_count; i++) {
        struct doctor_probe *p = &d->probes[i];
        http_transfer_destroy(p->transfer);
        if (p->client)
            http_client_close(p->client, on_closed, p);
    }
    uv_run(&d->loop, UV_RUN_DEFAULT);
}

static void load_settings(struct doctor *d)
{
    char folder[PATH_MAX];
    struct paths paths;
    struct ct_errmsg msg;
    struct arena arena;
    arena_init(&arena, 64u * 1024);
    if (!getcwd(folder, sizeof folder))
        folder[0] = '\0';
    if (paths_find(&env_process, &arena, &paths, &msg) == CT_OK)
        claude_settings_load(&d->settings, &env_process, paths.home, folder);
    arena_finish(&arena);
}

static void load_status(struct doctor *d)
{
    struct buf json;
    struct ct_errmsg msg;
    buf_init(&json, FEED_STATUS_MAX);
    enum ct_err err = feed_get_within(d->o->socket, "/status", DOCTOR_STATUS_MS, &json, &msg);
    if (!err)
        d->status = cJSON_ParseWithLength(json.data, json.len);
    else if (err != CT_ERR_NOT_FOUND)
        d->deaf = msg;
    buf_finish(&json);
}

static enum doctor_level worst(const struct doctor *d)
{
    enum doctor_level level = DOCTOR_OK;
    for (size_t i = 0; i < d->count; i++)
        if (d->checks[i].level > level)
            level = d->checks[i].level;
    return level;
}

static void print_text(const struct doctor *d)
{
    size_t counts[3] = {0};
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (size_t i = 0; i < d->count; i++) {
            const struct doctor_check *c = &d->checks[i];
            if (strcmp(c->group, groups[g]) != 0)
                continue;
            counts[c->level]++;
            printf("%-4s  %-8s  %s\n", level_words[c->level], c->group, c->text);
            if (c->remedy[0])
                printf("%16s  -> %s\n", "", c->remedy);
        }
    if (d->dropped)
        printf("and %zu more\n", d->dropped);
    printf("%zu ok, %zu to look at, %zu wrong\n", counts[DOCTOR_OK], counts[DOCTOR_WARN],
           counts[DOCTOR_FAIL]);
}

static void print_json(const struct doctor *d)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "schema", 1);
    cJSON_AddStringToObject(root, "result", level_words[worst(d)]);
    cJSON *list = cJSON_AddArrayToObject(root, "checks");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (size_t i = 0; i < d->count; i++) {
            const struct doctor_check *c = &d->checks[i];
            if (strcmp(c->group, groups[g]) != 0)
                continue;
            cJSON *o = cJSON_CreateObject();
            cJSON_AddStringToObject(o, "group", c->group);
            cJSON_AddStringToObject(o, "level", level_words[c->level]);
            cJSON_AddStringToObject(o, "text", c->text);
            if (c->remedy[0])
                cJSON_AddStringToObject(o, "remedy", c->remedy);
            else
                cJSON_AddNullToObject(o, "remedy");
            cJSON_AddItemToArray(list, o);
        }
    char *text = cJSON_Print(root);
    printf("%s\n", text);
    cJSON_free(text);
    cJSON_Delete(root);
}

enum exit_code command_doctor(const struct options *o)
{
    struct doctor *d = mem_alloc(sizeof *d);
    memset(d, 0, sizeof *d);
    d->o = o;
    uv_loop_init(&d->loop);
    load_settings(d);
    load_status(d);
    doctor_receiver(d);
    doctor_upstreams(d);
    doctor_grafana(d);
    doctor_claude(d);
    doctor_sessions(d);
    doctor_system(d);
    wait_for_answers(d);
    if (o->json)
        print_json(d);
    else
        print_text(d);
    /* 0, 1 and 2 by the worst of them. */
    enum exit_code code = (enum exit_code)worst(d);
    claude_settings_finish(&d->settings);
    cJSON_Delete(d->status);
    uv_loop_close(&d->loop);
    free(d);
    return code;
}
