#include "telemetry.h"

#include "label.h"
#include "ui_private.h"

/* With so many sessions, and each time so many more, one pace longer. */
#define SESSIONS_PER_PACE 1000

/* Without anything new, what settles by time alone is looked at this often, when a screen is drawn anyway. */
#define IDLE_PACES 10

static void take_items(struct telemetry *t, const struct ui_data *data)
{
    struct health_item found[TELEMETRY_ITEMS_MAX];
    bool forwarding = data->upstream.state != UI_UPSTREAM_NONE;
    t->all = model_health(data->model, data->now_ns, forwarding, found, TELEMETRY_ITEMS_MAX);
    t->count = t->all < TELEMETRY_ITEMS_MAX ? t->all : TELEMETRY_ITEMS_MAX;
    t->serious = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct telemetry_item *item = &t->items[i];
        item->severity = found[i].severity;
        t->serious += found[i].severity > HEALTH_INFO;
        text_clean(found[i].session ? label_session(found[i].session) : SLICE_NULL, item->session,
                   sizeof(item->session));
        text_clean(slice_str(found[i].message), item->message, sizeof(item->message));
    }
}

static void take_reports(struct telemetry *t, const struct ui_data *data)
{
    t->limits = (struct session_limits){.reported_ns = 0};
    t->fullest = -1;
    for (const struct session *s = model_sessions(data->model); s; s = s->next) {
        if (s->limits.reported_ns > t->limits.reported_ns)
            t->limits = s->limits;
        if (s->context.reported_ns > 0 && s->last_activity_ns >= data->now_ns - LIVE_WITHIN_NS &&
            s->context.used_percentage > t->fullest)
            t->fullest = s->context.used_percentage;
    }
}

void telemetry_refresh(struct ui *ui, const struct ui_data *data)
{
    struct telemetry *t = &ui->telemetry;
    uint64_t generation = model_generation(data->model);
    int64_t pace = TELEMETRY_PACE_NS * (1 + (int64_t)ui->rows.sessions / SESSIONS_PER_PACE);
    int64_t since = data->now_ns - t->asked_ns;
    bool news = generation != t->generation;
    /* A clock that went back (a replay's) asks at once. */
    if (t->known && since >= 0 && since < (news ? pace : IDLE_PACES * pace)) {
        if (news)
            ui_wake_at(ui, t->asked_ns + pace);
        return;
    }
    t->known = true;
    t->generation = generation;
    t->asked_ns = data->now_ns;
    take_items(t, data);
    take_reports(t, data);
}

enum role telemetry_role(enum health_severity severity)
{
    return severity == HEALTH_ERROR ? ROLE_ERROR : severity == HEALTH_WARNING ? ROLE_WARNING : ROLE_DIM;
}
