#include "h2_frames.h"

void h2_frames_init(struct h2_frames *f)
{
    *f = (struct h2_frames){.preface_left = H2_PREFACE_BYTES};
}

static struct slice take(struct slice *in, size_t n)
{
    struct slice taken = slice_sub(*in, 0, n);
    *in = slice_sub(*in, taken.len, in->len);
    return taken;
}

static void read_head(struct h2_frames *f, const char *bytes)
{
    const uint8_t *b = (const uint8_t *)bytes;
    f->frame.length = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
    f->frame.type = b[3];
    f->frame.flags = b[4];
    f->left = f->frame.length;
    f->starts = true;
}

bool h2_frames_next(struct h2_frames *f, struct slice *in, struct slice *piece)
{
    f->starts = f->ends = false;
    if (!in->len)
        return false;
    if (f->preface_left) {
        *piece = take(in, f->preface_left);
        f->preface_left -= piece->len;
        return true;
    }
    if (f->left) {
        *piece = take(in, f->left);
        f->left -= (uint32_t)piece->len;
        f->ends = f->left == 0;
        return true;
    }
    if (f->have == 0 && in->len >= H2_FRAME_HEAD_BYTES) {
        read_head(f, in->ptr);
        *piece = take(in, H2_FRAME_HEAD_BYTES + (size_t)f->left);
        f->left -= (uint32_t)(piece->len - H2_FRAME_HEAD_BYTES);
    } else {
        struct slice more = take(in, H2_FRAME_HEAD_BYTES - f->have);
        memcpy(f->head + f->have, more.ptr, more.len);
        f->have += more.len;
        if (f->have < H2_FRAME_HEAD_BYTES)
            return false;
        f->have = 0;
        read_head(f, (const char *)f->head);
        *piece = slice_make(f->head, H2_FRAME_HEAD_BYTES);
    }
    f->ends = f->left == 0;
    return true;
}
