/*
 * trace_private.h - what the files of src/trace share. Nobody else includes it.
 */
#ifndef CT_TRACE_TRACE_PRIVATE_H
#define CT_TRACE_TRACE_PRIVATE_H

#include "arena.h"
#include "record.h"
#include "trace_export.h"
#include "trace_ids.h"

/* Attributes of one span and of its links and events. */
#define TRACE_ATTRS_MAX 40
#define TRACE_LINKS_MAX 64
/* A text in an attribute; Tempo cuts longer ones. */
#define TRACE_TEXT_MAX 2048
/* Columns of the prompt, command or pattern that stands in a span's name. */
#define TRACE_NAME_COLUMNS 60

/* What of people's words may leave: see trace_export.h. */
struct trace_words {
    bool prompts, tools;
};

/* One span while it is made. Texts are borrowed from the model or live in the arena. */
struct trace_draft {
    struct arena *arena;
    struct trace_words words;
    struct otlp_span span;
    struct otlp_attr attrs[TRACE_ATTRS_MAX];
    size_t attr_count;
    struct otlp_span_link links[TRACE_LINKS_MAX];
    size_t link_count;
};

/* trace_attrs.c: one attribute; what is unknown (an empty text, a number below 0) is left out */
void attr_text(struct trace_draft *d, const char *key, struct slice value);
void attr_int(struct trace_draft *d, const char *key, int64_t value);
void attr_ms(struct trace_draft *d, const char *key, int64_t ns);
void attr_double(struct trace_draft *d, const char *key, double value);
void attr_bool(struct trace_draft *d, const char *key, bool value);
void attr_list(struct trace_draft *d, const char *key, const char *item); /* an array of one text */
void attr_usage(struct trace_draft *d, const struct counters *c);

/* trace_name.c: for people */
struct slice name_of_session(struct trace_draft *d, const struct session *s);
struct slice name_of_node(struct trace_draft *d, const struct node *n);
struct slice name_of_permission(struct trace_draft *d, const struct node *tool);

/* trace_links.c */
void links_of_node(struct trace_draft *d, const struct node *n);

/* trace_span.c */
void draft_session(struct trace_draft *d, const struct session *s);
void draft_node(struct trace_draft *d, const struct node *n, struct slice end_reason);
void draft_permission(struct trace_draft *d, const struct node *tool);
bool has_permission_span(const struct node *tool); /* a human waited, decided, or somebody refused */
bool is_exported_kind(const struct node *n);       /* spans of others and placeholders are none of ours */

#endif
