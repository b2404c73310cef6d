#include "errors.h"

#include <stdio.h>

const char *ct_err_name(enum ct_err err)
{
    switch (err) {
    case CT_OK:
        return "ok";
    case CT_END:
        return "end";
    case CT_AGAIN:
        return "again";
    case CT_ERR_NOMEM:
        return "out of memory";
    case CT_ERR_LIMIT:
        return "limit";
    case CT_ERR_FORMAT:
        return "malformed";
    case CT_ERR_UNSUPPORTED:
        return "unsupported";
    case CT_ERR_IO:
        return "i/o error";
    case CT_ERR_NOT_FOUND:
        return "not found";
    case CT_ERR_BUSY:
        return "busy";
    case CT_ERR_USAGE:
        return "usage";
    }
    return "unknown";
}

enum ct_err ct_fail(struct ct_errmsg *msg, enum ct_err err, const char *format, ...)
{
    if (msg) {
        va_list args;
        va_start(args, format);
        vsnprintf(msg->text, sizeof msg->text, format, args);
        va_end(args);
    }
    return err;
}
