/*
 * trace_private.h - what the files of src/trace share. Nobody else includes it.
 */
#ifndef CT_TRACE_TRACE_PRIVATE_H
#define CT_TRACE_TRACE_PRIVATE_H

#include "arena.h"
#include "buf.h"
#include "map.h"
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

/* A session that is still in the model. */
struct record {
    uint64_t id;    /* of the session in the model */
    int64_t *marks; /* by the low half of a node's id */
    size_t mark_cap;
    int64_t session_mark;
    int64_t arrival_ns;  /* session.last_arrival_ns when it was looked at */
    int64_t due_ns;      /* 0: nothing by itself */
    uint64_t pending;    /* what is over and not due yet */
    bool has_open_turn;  /* which time may end */
    bool sent;           /* something of it was, by this exporter */
    uint64_t done_to;    /* the node up to which all of the session is sent and over for good; 0: none … */
    uint64_t done_thaws; /* … as long as this is so (model_session_settled()) */
    uint64_t round;
    struct record *next;
};

/* A span in the request that is being made. */
struct part {
    uint8_t id[SPAN_ID_LEN];
    int64_t *mark; /* NULL: it has none of its own */
};

struct trace_exporter {
    struct trace_config config;
    struct id_set own;
    struct id_set *sent; /* that, or the one of the configuration */
    struct map by_id;
    struct record *records;
    uint64_t round;
    struct trace_stats stats;

    struct arena arena;
    struct trace_draft draft;
    struct buf spans; /* of the request that is being made */
    struct buf body;
    struct part *parts;
    size_t part_count, part_cap;
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
