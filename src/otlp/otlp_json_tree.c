#include "otlp_json_tree.h"

#if defined(__SANITIZE_ADDRESS__)
#define PIECE_BY_PIECE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIECE_BY_PIECE 1
#endif
#endif
#ifndef PIECE_BY_PIECE
#define PIECE_BY_PIECE 0
#endif

/* The arena rounds each piece up: a value is a node, and at most its name and its text. */
#define ROUNDING  16u
#define PER_VALUE (sizeof(cJSON) + 3 * ROUNDING)

static struct arena *in_use; /* by the one call that parses */

static void *take(size_t size)
{
    return arena_alloc(in_use, size);
}

static void leave(void *piece)
{
    (void)piece; /* goes with the arena */
}

void json_tree_init(struct json_tree *t)
{
    *t = (struct json_tree){0};
    arena_init(&t->arena, 0);
}

void json_tree_finish(struct json_tree *t)
{
    json_tree_clear(t);
    arena_finish(&t->arena);
}

bool json_tree_parse(struct json_tree *t, struct slice text, size_t max_values)
{
    if (PIECE_BY_PIECE) {
        t->root = cJSON_ParseWithLength(text.ptr, text.len);
        return t->root != NULL;
    }
    cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = leave};
    t->arena.max = max_values * PER_VALUE + 2 * text.len + JSON_TREE_SLACK;
    in_use = &t->arena;
    cJSON_InitHooks(&hooks);
    t->root = cJSON_ParseWithLength(text.ptr, text.len);
    cJSON_InitHooks(NULL);
    in_use = NULL;
    return t->root != NULL;
}

void json_tree_clear(struct json_tree *t)
{
    if (PIECE_BY_PIECE)
        cJSON_Delete(t->root);
    t->root = NULL;
    arena_reset(&t->arena);
}
