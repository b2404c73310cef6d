#include "http1_chunks.h"

enum {
    SIZE_FIRST,
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER,
    TRAILER_LF,
    END_LF
};

void http1_chunks_init(struct http1_chunks *c, uint64_t body_max, size_t trailers_max)
{
    *c = (struct http1_chunks){.state = SIZE_FIRST, .room = body_max, .trailers_max = trailers_max};
}

static enum ct_err fail(struct http1_fault *fault, enum ct_err err, enum otlp_refusal why,
                        const char *message)
{
    *fault = (struct http1_fault){.why = why, .message = message};
    return err;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum ct_err step_size(struct http1_chunks *c, char ch, struct http1_fault *fault)
{
    int digit = hex_digit(ch);
    if (digit >= 0) {
        if (++c->digits > HTTP1_CHUNK_DIGITS_MAX)
            return fail(fault, CT_ERR_LIMIT, OTLP_REFUSED_MALFORMED, "a chunk size without end");
        c->left = c->left << 4 | (unsigned)digit; /* 16 digits fit */
        c->state = SIZE;
        return CT_OK;
    }
    if (c->state == SIZE && (ch == ';' || ch == '\r')) {
        c->state = ch == ';' ? EXTENSION : SIZE_LF;
        return CT_OK;
    }
    return fail(fault, CT_ERR_FORMAT, OTLP_REFUSED_SMUGGLING, "illegal chunk size");
}

static enum ct_err step_extension(struct http1_chunks *c, char ch, struct http1_fault *fault)
{
    if (ch == '\r') {
        c->state = SIZE_LF;
        return CT_OK;
    }
    if (((unsigned char)ch < 0x20 && ch != '\t') || ch == 0x7f)
        return fail(fault, CT_ERR_FORMAT, OTLP_REFUSED_SMUGGLING, "control character in a chunk extension");
    if (++c->extensions > HTTP1_CHUNK_EXTENSIONS_MAX)
        return fail(fault, CT_ERR_LIMIT, OTLP_REFUSED_MALFORMED, "too many chunk extensions");
    return CT_OK;
}

static enum ct_err step_size_end(struct http1_chunks *c, char ch, struct http1_fault *fault)
{
    if (ch != '\n')
        return fail(fault, CT_ERR_FORMAT, OTLP_REFUSED_SMUGGLING, "a CR within a chunk header");
    if (c->left > c->room)
        return fail(fault, CT_ERR_LIMIT, OTLP_REFUSED_BODY_SIZE, "body too large");
    c->room -= c->left;
    c->state = c->left ? DATA : TRAILER_START;
    return CT_OK;
}

static enum ct_err step_trailer(struct http1_chunks *c, char ch, struct http1_fault *fault)
{
    if (++c->trailers > c->trailers_max)
        return fail(fault, CT_ERR_LIMIT, OTLP_REFUSED_HEADERS, "trailers too large");
    if (ch == '\r') {
        c->state = c->state == TRAILER_START ? END_LF : TRAILER_LF;
        return CT_OK;
    }
    if (c->state == TRAILER_START ? !http1_is_token(ch)
                                  : ((unsigned char)ch < 0x20 && ch != '\t') || ch == 0x7f)
        return fail(fault, CT_ERR_FORMAT, OTLP_REFUSED_SMUGGLING, "illegal character in a trailer");
    c->state = TRAILER;
    return CT_OK;
}

/* Expects exactly ch. */
static enum ct_err step_fixed(struct http1_chunks *c, char ch, char expected, int next,
                              struct http1_fault *fault)
{
    if (ch != expected)
        return fail(fault, CT_ERR_FORMAT, OTLP_REFUSED_SMUGGLING,
                    "a chunk that does not end where it should");
    c->state = next;
    return CT_OK;
}

enum ct_err http1_chunks_next(struct http1_chunks *c, struct slice *in, struct slice *data,
                              struct http1_fault *fault)
{
    *data = SLICE_LIT("");
    enum ct_err err = CT_OK;
    while (in->len && !err) {
        if (c->state == DATA) {
            *data = slice_sub(*in, 0, c->left < in->len ? (size_t)c->left : in->len);
            *in = slice_sub(*in, data->len, in->len);
            c->left -= data->len;
            if (!c->left)
                c->state = DATA_CR;
            return CT_OK;
        }
        char ch = in->ptr[0];
        *in = slice_sub(*in, 1, in->len);
        switch (c->state) {
        case SIZE_FIRST:
        case SIZE:
            err = step_size(c, ch, fault);
            break;
        case EXTENSION:
            err = step_extension(c, ch, fault);
            break;
        case SIZE_LF:
            err = step_size_end(c, ch, fault);
            break;
        case DATA_CR:
            err = step_fixed(c, ch, '\r', DATA_LF, fault);
            break;
        case DATA_LF:
            err = step_fixed(c, ch, '\n', SIZE_FIRST, fault);
            c->digits = 0;
            break;
        case TRAILER_START:
        case TRAILER:
            err = step_trailer(c, ch, fault);
            break;
        case TRAILER_LF:
            err = step_fixed(c, ch, '\n', TRAILER_START, fault);
            break;
        case END_LF:
            err = step_fixed(c, ch, '\n', END_LF, fault);
            if (!err)
                return CT_END;
            break;
        }
    }
    return err;
}
