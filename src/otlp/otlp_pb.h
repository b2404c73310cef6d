/*
 * otlp_pb.h - an Export<Signal>ServiceRequest in protobuf to records.
 *
 * Messages are walked by hand: strings are parts of the body, arrays lie in the walk's arenas, nothing is
 * allocated per field. Each message is read twice where order matters, so that a resource or scope that
 * stands behind its records in the bytes still comes before them. Embedded messages that are repeated where
 * the specification has one are merged (attributes are joined, of other fields the last wins); of a oneof the
 * last wins. Invalid UTF-8 is passed on. Profiles are checked to be protobuf and count nothing.
 */
#ifndef CT_OTLP_PB_H
#define CT_OTLP_PB_H

#include "walk.h"

/* False when the walk has failed. */
bool otlp_pb_walk(struct walk *w, enum otlp_signal signal, struct slice body);

#endif
