/*
 * setup_plan.h - what `claude-top setup` wants in a settings.json, how it gets there, and how it is taken out
 * again.
 *
 * A plan is a list of values that shall stand at a place, and of elements that shall be in an array. Applying
 * it to a text changes only what is not so already, and writes down what stood there before (the record).
 * Undoing by the record gives back what was there, but leaves what somebody changed since, and says so.
 */
#ifndef CT_APP_SETUP_PLAN_H
#define CT_APP_SETUP_PLAN_H

#include "arena.h"
#include "json_text.h"

#include <cjson/cJSON.h>

#define SETUP_CHANGES_MAX 128

struct setup_change {
    struct json_path path; /* of the value, or of the array */
    const char *value;     /* JSON; NULL: nothing shall stand there */
    bool element;          /* the value shall be in the array */
};

/* Everything in it lives in the arena. */
struct setup_plan {
    struct arena arena;
    struct setup_change changes[SETUP_CHANGES_MAX];
    size_t count;
};

void setup_plan_init(struct setup_plan *p);
void setup_plan_finish(struct setup_plan *p);

/* Each takes the JSON over (and frees it). */
void setup_plan_set(struct setup_plan *p, const char *object, const char *key, cJSON *value);
void setup_plan_unset(struct setup_plan *p, const char *object, const char *key);
void setup_plan_add(struct setup_plan *p, const char *object, const char *array, cJSON *element);

/*
 * Makes it so in the text. *record (to be deleted with cJSON_Delete()) is what setup_undo() needs; it has
 * nothing of what was so already. CT_ERR_FORMAT with the place in msg: something else stands where an object
 * or array has to be; the text is then of no use.
 */
enum ct_err setup_apply(const struct setup_plan *p, struct buf *text, cJSON **record, struct ct_errmsg *msg);

/*
 * Takes out what the record says. notes gets a line for everything that was left, because it is not what it
 * was. taken (may be NULL): how many changes were taken back.
 */
enum ct_err setup_undo(const cJSON *record, struct buf *text, struct buf *notes, size_t *taken);

/* A record as if the plan had been applied to a text without any of it: for settings of which no record is
 * left. It has what is so in the text already. */
cJSON *setup_recognise(const struct setup_plan *p, struct slice text);

/* The same JSON, whatever the layout and the order of keys. */
bool setup_same(struct slice a, struct slice b);

#endif
