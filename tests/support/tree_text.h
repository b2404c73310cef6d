/*
 * tree_text.h - a model's sessions as text, for tests that compare whole trees.
 *
 * One line a node, two spaces for each level. TREE_WHOLE writes every public field with its times and ids, so
 * that two models with the same text are the same to every reader. TREE_SHAPE leaves out what changes from
 * one recording to the next (ids, times, costs).
 */
#ifndef CT_TESTS_SUPPORT_TREE_TEXT_H
#define CT_TESTS_SUPPORT_TREE_TEXT_H

#include "buf.h"
#include "model.h"

enum tree_detail { TREE_SHAPE, TREE_WHOLE };

/* Sessions in order of their ids (those that are not real only in TREE_WHOLE). */
void tree_text(struct buf *out, const struct model *m, int64_t now_ns, enum tree_detail detail);

#endif
