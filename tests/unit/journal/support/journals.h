/*
 * journals.h - what the journal's tests share: a folder that goes away, and frames whose content follows from
 * their number, so that any frame that comes back can be checked whole.
 */
#ifndef CT_TESTS_JOURNALS_H
#define CT_TESTS_JOURNALS_H

#include "test.h"

#include "journal.h"

/* The time of frame 1; each later one is a second younger. */
#define SAMPLE_WALL_NS INT64_C(1790000000000000000)
#define SAMPLE_STEP_NS INT64_C(1000000000)

/* A new folder under $TMPDIR; folder_drop() removes it with everything in it, and frees the name. */
char *folder_new(void);
void folder_drop(char *path);

/* "folder/name"; free() it. */
char *path_join(const char *folder, const char *name);

/* Files of the folder whose names end like that. */
size_t folder_count(const char *folder, const char *end);

/* The whole file; free() *bytes. */
size_t file_read(const char *path, char **bytes);
void file_write(const char *path, const void *bytes, size_t len);
uint64_t file_size(const char *path); /* 0 when there is none */

/* Bytes of *f live until the next call. Its body has body_len bytes that depend on seq; f->seq is 0. */
void sample_frame(uint64_t seq, size_t body_len, struct frame *f);

/* Fails the test unless f is sample_frame(f->seq, any length). */
void assert_sample(const struct frame *f);

/* Without cmocka, for child processes. */
bool sample_matches(const struct frame *f);

/* Appends one sample and checks the number that it got. */
void append_sample(struct journal *j, uint64_t seq, size_t body_len);

/* Reads on until CT_END, checks every frame; returns how many came. Adds to *skipped and *damaged (NULL is
 * fine). */
size_t read_samples(struct journal_reader *r, uint64_t *skipped, uint64_t *damaged);

/* Opens, and fails the test with the message if that does not work. */
struct journal *open_journal(const struct journal_config *config);

#endif
