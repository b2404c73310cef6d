#include "text.h"
#include "trace_private.h"

static void add(struct trace_draft *d, const char *key, struct otlp_value value)
{
    if (d->attr_count < TRACE_ATTRS_MAX)
        d->attrs[d->attr_count++] = (struct otlp_attr){slice_str(key), value};
}

/* At most TRACE_TEXT_MAX bytes, and no half characters. */
static struct slice cut(struct slice text)
{
    if (text.len <= TRACE_TEXT_MAX)
        return text;
    size_t len = TRACE_TEXT_MAX;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return slice_make(text.ptr, len);
}

void attr_text(struct trace_draft *d, const char *key, struct slice value)
{
    if (value.len)
        add(d, key, (struct otlp_value){.type = OTLP_VALUE_STRING, .str = cut(value)});
}

void attr_int(struct trace_draft *d, const char *key, int64_t value)
{
    if (value >= 0)
        add(d, key, (struct otlp_value){.type = OTLP_VALUE_INT, .integer = value});
}

void attr_ms(struct trace_draft *d, const char *key, int64_t ns)
{
    attr_int(d, key, ns < 0 ? -1 : ns / 1000000);
}

void attr_double(struct trace_draft *d, const char *key, double value)
{
    add(d, key, (struct otlp_value){.type = OTLP_VALUE_DOUBLE, .number = value});
}

void attr_bool(struct trace_draft *d, const char *key, bool value)
{
    add(d, key, (struct otlp_value){.type = OTLP_VALUE_BOOL, .boolean = value});
}

void attr_list(struct trace_draft *d, const char *key, const char *item)
{
    struct otlp_value *items = arena_alloc(d->arena, sizeof *items);
    if (!items)
        return;
    *items = (struct otlp_value){.type = OTLP_VALUE_STRING, .str = slice_str(item)};
    add(d, key, (struct otlp_value){.type = OTLP_VALUE_ARRAY, .array = {items, 1}});
}

/* Tokens as Anthropic counts them: the cache's are not part of the input. A cost that is not known of every
 * call is a lower bound, and says so. */
void attr_usage(struct trace_draft *d, const struct counters *c)
{
    attr_int(d, "gen_ai.usage.input_tokens", c->input_tokens);
    attr_int(d, "gen_ai.usage.output_tokens", c->output_tokens);
    attr_int(d, "gen_ai.usage.cache_read_input_tokens", c->cache_read_tokens);
    attr_int(d, "gen_ai.usage.cache_creation_input_tokens", c->cache_creation_tokens);
    if (c->cost_nano_usd > 0 || c->cost_unknown == 0)
        attr_double(d, "gen_ai.usage.cost_usd", (double)c->cost_nano_usd / 1e9);
    if (c->cost_estimated > 0)
        attr_bool(d, "gen_ai.usage.cost_is_estimate", true);
    if (c->cost_unknown > 0)
        attr_int(d, "gen_ai.usage.cost_unknown_calls", c->cost_unknown);
}
