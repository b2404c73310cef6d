#include "base64.h"

enum ct_err base64_encode(struct slice bytes, enum base64_padding padding, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum ct_err err = CT_OK;
    for (size_t i = 0; !err && i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        bits |= left > 1 ? (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)(uint8_t)bytes.ptr[i + 2] : 0;
        const char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                              left > 1 ? digits[bits >> 6 & 63] : '=', left > 2 ? digits[bits & 63] : '='};
        size_t used = padding == BASE64_PADDED || left > 2 ? sizeof four : left + 1;
        err = buf_append(out, slice_make(four, used));
    }
    return err;
}

static int digit_of(char c, enum base64_reading reading)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (reading == BASE64_LENIENT && (c == '-' || c == '_'))
        return c == '-' ? 62 : 63;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct slice text, enum base64_reading reading, void *out, size_t cap, size_t *len)
{
    uint8_t *bytes = out;
    uint32_t bits = 0;
    *len = 0;
    if (text.len % 4 == 0)
        for (int pads = 0; pads < 2 && text.len && text.ptr[text.len - 1] == '='; pads++)
            text.len--;
    if (text.len % 4 == 1) /* six bits are no byte */
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.ptr[i], reading);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 0)
            continue;
        if (*len == cap)
            return false;
        bytes[(*len)++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    uint32_t left_over = text.len % 4 == 2 ? bits & 15 : text.len % 4 == 3 ? bits & 3 : 0;
    return left_over == 0 || reading == BASE64_LENIENT;
}
