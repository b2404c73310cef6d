#include "segment.h"

#include "disk.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

/* Not text, and broken by anything that treats it as such: a high bit, CR LF, and the end-of-file of old
 * systems. */
static const char magic[8] = {(char)0x89, 'C', 'T', 'J', '\r', '\n', 0x1a, '\n'};

#define AT_VERSION 8
#define AT_SALT    12
#define AT_CRC     16

/* First byte of a stored frame: field 1 (seq), varint. seq is never 0 on disk, so it is always there. */
#define FRAME_FIRST_BYTE 0x08

/* Envelope, first byte, one byte of seq. */
#define FRAME_LEAST (SEGMENT_ENVELOPE_BYTES + 2u)

static void put_u32(char *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (char)(v >> (8 * i) & 0xff);
}

static uint32_t get_u32(const char *in)
{
    const unsigned char *p = (const unsigned char *)in;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t crc(uint32_t start, const char *bytes, size_t len)
{
    return (uint32_t)crc32_z(start, (const Bytef *)bytes, len);
}

static uint32_t frame_crc(uint32_t salt, const char *length, const char *payload, size_t len)
{
    char salted[4];
    put_u32(salted, salt);
    return crc(crc(crc(0, salted, 4), length, 4), payload, len);
}

void segment_header_write(char *out, uint32_t salt)
{
    memcpy(out, magic, sizeof magic);
    put_u32(out + AT_VERSION, SEGMENT_VERSION);
    put_u32(out + AT_SALT, salt);
    put_u32(out + AT_CRC, crc(0, out, AT_CRC));
}

enum ct_err segment_header_read(struct slice bytes, uint32_t *salt)
{
    if (bytes.len < SEGMENT_HEADER_BYTES || memcmp(bytes.ptr, magic, sizeof magic) != 0 ||
        get_u32(bytes.ptr + AT_CRC) != crc(0, bytes.ptr, AT_CRC))
        return CT_ERR_FORMAT;
    if (get_u32(bytes.ptr + AT_VERSION) != SEGMENT_VERSION)
        return CT_ERR_UNSUPPORTED;
    *salt = get_u32(bytes.ptr + AT_SALT);
    return CT_OK;
}

void segment_seal(char *payload, size_t len, uint32_t salt)
{
    char *envelope = payload - SEGMENT_ENVELOPE_BYTES;
    put_u32(envelope, (uint32_t)len);
    put_u32(envelope + 4, frame_crc(salt, envelope, payload, len));
}

void segment_scanner_init(struct segment_scanner *s, int fd, uint32_t salt, uint64_t limit)
{
    *s = (struct segment_scanner){
        .fd = fd, .salt = salt, .offset = SEGMENT_HEADER_BYTES, .limit = limit, .seq_max = UINT64_MAX};
}

void segment_scanner_init_memory(struct segment_scanner *s, struct slice bytes, uint32_t salt)
{
    segment_scanner_init(s, -1, salt, bytes.len);
    s->memory = bytes;
}

void segment_scanner_finish(struct segment_scanner *s)
{
    free(s->data);
    s->data = NULL;
    s->cap = s->data_len = 0;
}

static enum ct_err make_window_room(struct segment_scanner *s, size_t want)
{
    if (want <= s->cap && (s->cap <= SEGMENT_BUFFER_KEPT || want > SEGMENT_BUFFER_KEPT))
        return CT_OK;
    if (want < SEGMENT_READ_AHEAD)
        want = SEGMENT_READ_AHEAD;
    char *data = malloc(want); /* fresh: what the old window holds is not needed */
    if (!data)
        return CT_ERR_NOMEM;
    free(s->data);
    s->data = data;
    s->cap = want;
    s->data_len = 0;
    return CT_OK;
}

/* After EIO: whether the block is given up now. */
static bool give_up_block(struct segment_scanner *s)
{
    if (s->failing_at != s->offset)
        s->failures = 0;
    s->failing_at = s->offset;
    if (s->failures < SEGMENT_IO_TRIES)
        s->failures++;
    return s->failures == SEGMENT_IO_TRIES;
}

/* Reads want bytes at data_at into the window, or as many as the file has; more than need is only worth a
 * try. */
static enum ct_err fill(struct segment_scanner *s, size_t want, size_t need)
{
    while (s->data_len < want) {
        size_t got;
        bool whole =
            disk_read(s->fd, s->data + s->data_len, want - s->data_len, s->data_at + s->data_len, &got);
        s->data_len += got;
        if (whole || (errno == EIO && s->data_len >= need))
            break;
        if (errno != EIO || !give_up_block(s)) {
            s->data_len = 0;
            return CT_ERR_IO;
        }
        size_t rest = SEGMENT_BLOCK_BYTES - (size_t)((s->data_at + s->data_len) % SEGMENT_BLOCK_BYTES);
        if (rest > want - s->data_len)
            rest = want - s->data_len;
        memset(s->data + s->data_len, 0, rest);
        s->data_len += rest;
        s->lost_blocks = true;
    }
    return CT_OK;
}

/*
 * *out: at least need bytes from off on (need <= limit - off). CT_END: the file is shorter than its owner
 * said.
 */
static enum ct_err window(struct segment_scanner *s, uint64_t off, size_t need, struct slice *out)
{
    if (s->fd < 0) {
        *out = slice_sub(s->memory, (size_t)off, (size_t)(s->limit - off));
        return out->len >= need ? CT_OK : CT_END;
    }
    if (off < s->data_at || off + need > s->data_at + s->data_len) {
        uint64_t want = need > SEGMENT_READ_AHEAD ? need : SEGMENT_READ_AHEAD;
        if (want > s->limit - off)
            want = s->limit - off;
        enum ct_err err = make_window_room(s, (size_t)want);
        if (err)
            return err;
        s->data_at = off;
        s->data_len = 0;
        err = fill(s, (size_t)want, need);
        if (err)
            return err;
        if (s->data_len < need)
            return CT_END;
    }
    size_t from = (size_t)(off - s->data_at);
    *out = slice_make(s->data + from, s->data_len - from);
    return CT_OK;
}

enum verdict { VERDICT_WHOLE, VERDICT_DAMAGED, VERDICT_CUT_SHORT };

/*
 * Judges the envelope at off. *next: where its length says that the next one is; 0 when that is behind limit.
 * The return value is about the system, the verdict about the bytes.
 */
static enum ct_err judge(struct segment_scanner *s, uint64_t off, enum verdict *verdict,
                         struct slice *payload, uint64_t *next)
{
    *next = 0;
    *verdict = VERDICT_CUT_SHORT;
    uint64_t left = s->limit - off;
    if (left < SEGMENT_ENVELOPE_BYTES)
        return CT_OK;
    struct slice bytes;
    enum ct_err err = window(s, off, SEGMENT_ENVELOPE_BYTES, &bytes);
    if (err)
        return err == CT_END ? CT_OK : err;
    uint32_t len = get_u32(bytes.ptr);
    if (len > FRAME_BYTES_MAX) {
        *verdict = VERDICT_DAMAGED;
        return CT_OK;
    }
    if (len > left - SEGMENT_ENVELOPE_BYTES)
        return CT_OK;
    err = window(s, off, SEGMENT_ENVELOPE_BYTES + (size_t)len, &bytes);
    if (err)
        return err == CT_END ? CT_OK : err;
    *next = off + SEGMENT_ENVELOPE_BYTES + len;
    *payload = slice_make(bytes.ptr + SEGMENT_ENVELOPE_BYTES, len);
    bool same = get_u32(bytes.ptr + 4) == frame_crc(s->salt, bytes.ptr, payload->ptr, len);
    *verdict = same ? VERDICT_WHOLE : VERDICT_DAMAGED;
    return CT_OK;
}

/* True when the bytes at p may be the start of a frame: cheap, before anything is checksummed. */
static bool looks_like_frame(const char *p, uint64_t left)
{
    uint32_t len = get_u32(p);
    return len >= 2 && len <= FRAME_BYTES_MAX && len <= left - SEGMENT_ENVELOPE_BYTES;
}

/* The first whole frame at or behind from, or limit; then *all says whether everything up to there was looked
 * at. */
static enum ct_err search(struct segment_scanner *s, uint64_t from, uint64_t *found, bool *all)
{
    uint64_t end = s->limit;
    *all = end - from <= SEGMENT_SEARCH_BYTES_MAX;
    if (!*all)
        end = from + SEGMENT_SEARCH_BYTES_MAX;
    uint64_t checked = 0;
    uint64_t off = from;
    *found = s->limit;
    while (off < end && end - off >= FRAME_LEAST) {
        struct slice bytes;
        enum ct_err err = window(s, off, FRAME_LEAST, &bytes);
        if (err)
            return err == CT_END ? CT_OK : err;
        if (bytes.len > end - off)
            bytes.len = (size_t)(end - off);
        /* Every frame has this byte behind its envelope: memchr finds the places worth a look. */
        const char *first =
            memchr(bytes.ptr + SEGMENT_ENVELOPE_BYTES, FRAME_FIRST_BYTE, bytes.len - SEGMENT_ENVELOPE_BYTES);
        if (!first) {
            off += bytes.len - SEGMENT_ENVELOPE_BYTES;
            continue;
        }
        off += (uint64_t)(first - bytes.ptr) - SEGMENT_ENVELOPE_BYTES;
        if (looks_like_frame(first - SEGMENT_ENVELOPE_BYTES, s->limit - off)) {
            checked += get_u32(first - SEGMENT_ENVELOPE_BYTES);
            if (checked > SEGMENT_SEARCH_CHECK_MAX) {
                *all = false;
                return CT_OK;
            }
            enum verdict verdict;
            struct slice payload;
            uint64_t next;
            err = judge(s, off, &verdict, &payload, &next);
            if (err)
                return err;
            if (verdict == VERDICT_WHOLE) {
                *found = off;
                *all = true;
                return CT_OK;
            }
        }
        off++;
    }
    return CT_OK;
}

/* Where to go on behind the damaged frame at off, whose length leads to next (0: nowhere). */
static enum ct_err resync(struct segment_scanner *s, uint64_t off, uint64_t next, uint64_t *found, bool *all)
{
    *all = true;
    if (next != 0) {
        *found = next;
        if (next == s->limit)
            return CT_OK;
        enum verdict verdict;
        struct slice payload;
        uint64_t unused;
        enum ct_err err = judge(s, next, &verdict, &payload, &unused);
        if (err || verdict == VERDICT_WHOLE)
            return err;
    }
    return search(s, off + 1, found, all);
}

enum ct_err segment_next(struct segment_scanner *s, struct frame *out, struct frame_header *headers)
{
    if (s->offset >= s->limit)
        return CT_END;
    enum verdict verdict;
    struct slice payload = SLICE_NULL;
    uint64_t next;
    enum ct_err err = judge(s, s->offset, &verdict, &payload, &next);
    if (err)
        return err;
    if (verdict == VERDICT_WHOLE) {
        err = frame_decode(payload, out, headers);
        if (!err && (out->seq < s->seq_min || out->seq > s->seq_max))
            err = CT_ERR_FORMAT;
        s->damaged_at = s->offset;
        s->damage = SEGMENT_FOREIGN;
        s->offset = next;
        return err;
    }
    uint64_t found;
    bool all;
    err = resync(s, s->offset, next, &found, &all);
    if (err)
        return err;
    s->damaged_at = s->offset;
    s->damage = !all                           ? SEGMENT_GIVEN_UP
                : verdict == VERDICT_CUT_SHORT ? SEGMENT_CUT_SHORT
                                               : SEGMENT_UNREADABLE;
    s->offset = found;
    return CT_ERR_FORMAT;
}
