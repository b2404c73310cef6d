#include "sent_spans.h"

#include "otlp_limits.h"

void sent_spans_init(struct sent_spans *s)
{
    *s = (struct sent_spans){.decoder = NULL};
    id_set_init(&s->ids);
}

void sent_spans_finish(struct sent_spans *s)
{
    otlp_decoder_destroy(s->decoder);
    id_set_finish(&s->ids);
}

static bool on_span(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                    const struct otlp_span *span)
{
    (void)resource;
    (void)scope;
    if (span->ids.has_span_id)
        id_set_add(ctx, span->ids.span_id);
    return true;
}

void sent_spans_frame(struct sent_spans *s, const struct frame *frame)
{
    if (frame->source != FRAME_SYNTHESIZED)
        return;
    if (slice_eq_str(frame->path, SENT_SPANS_PATH)) {
        for (size_t i = 0; i + OTLP_SPAN_ID_LEN <= frame->body.len; i += OTLP_SPAN_ID_LEN)
            id_set_add(&s->ids, (const uint8_t *)frame->body.ptr + i);
        return;
    }
    if (!s->decoder) {
        struct otlp_limits limits;
        otlp_limits_init(&limits);
        s->decoder = otlp_decoder_create(&limits);
    }
    const struct otlp_sink sink = {.ctx = &s->ids, .span = on_span};
    otlp_decode(s->decoder, OTLP_TRACES, OTLP_PROTOBUF, OTLP_IDENTITY, frame->body, &sink, NULL, NULL, NULL);
}
