/*
 * lossy_disk.h - disk.h with a device that forgets what was not synced, and that fails when it is told to.
 *
 * A test that is linked with lossy_disk.c has it in place of src/journal/disk.c. Calls go to real files, and
 * it notes what each changed since the last fsync: of a file its bytes, of the folder its names. One folder,
 * no folders in it. lossy_cut() is the power cut: from then on the process reaches no disk, and
 * lossy_restart() makes the folder what the device has kept.
 */
#ifndef CT_TESTS_LOSSY_DISK_H
#define CT_TESTS_LOSSY_DISK_H

#include "test.h"

enum lossy_keeps {
    LOSSY_SYNCED, /* only what an fsync returned for */
    LOSSY_CHANCE, /* also sectors of later writes, each or none, in no order; and the first few changed names
                   */
};

void lossy_begin(const char *folder);
void lossy_end(void);

void lossy_cut(void);
void lossy_restart(enum lossy_keeps keeps, unsigned seed);

/*
 * The next count fsyncs fail with EIO, after the first passed. Like a kernel, the device then never gets what
 * they were for, though the process still reads it and the next fsync succeeds.
 */
void lossy_fail_syncs(unsigned passed, unsigned count);

/* Writes of the next count calls fail with that errno, after the first passed; half of the bytes are there.
 */
void lossy_fail_writes(unsigned passed, unsigned count, int error);

/* Reading any of these bytes of the file fails with EIO, count times; to 0: never. */
void lossy_bad_block(const char *name, uint64_t from, uint64_t to, unsigned count);

#endif
