#include "event.h"

void event_init(struct event *e, enum event_kind kind, enum witness witness)
{
    *e = (struct event){
        .kind = kind,
        .witness = witness,
        .duration_ns = -1,
        .sequence = -1,
        .usage = {-1, -1, -1, -1, -1, -1},
        .report = {.used_tokens = -1,
                   .window_tokens = -1,
                   .used_percentage = -1,
                   .five_hour.used_percentage = -1,
                   .seven_day.used_percentage = -1,
                   .cost_nano_usd = -1},
        .ttft_ns = -1,
        .wait_ns = -1,
        .tokens_before = -1,
        .tokens_after = -1,
    };
}
