#include "token.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static enum ct_err read_file(const char *path, char *out, struct ct_errmsg *warning, struct ct_errmsg *msg)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file)
        return ct_fail(msg, errno == ENOENT ? CT_ERR_NOT_FOUND : CT_ERR_IO,
                       "cannot read the token's file %s: %s", path, strerror(errno));
    errno = 0;
    size_t n = fread(out, 1, TOKEN_ROOM - 1, file);
    int err = ferror(file) ? errno : 0;
    bool lax = fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0077);
    fclose(file);
    if (err)
        return ct_fail(msg, CT_ERR_IO, "cannot read the token's file %s: %s", path, strerror(err));
    if (n == TOKEN_ROOM - 1)
        return ct_fail(msg, CT_ERR_USAGE,
                       "the token's file %s holds more than a token: one line, at most %d bytes", path,
                       RECEIVER_TOKEN_MAX);
    out[n] = '\0';
    size_t from = strspn(out, " \t\r\n");
    struct slice text = slice_trim(slice_str(out + from));
    while (text.len && strchr(" \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    memmove(out, text.ptr, text.len);
    out[text.len] = '\0';
    if (!text.len)
        return ct_fail(msg, CT_ERR_USAGE, "the token's file %s is empty: openssl rand -hex 32 > %s", path,
                       path);
    if (lax)
        ct_fail(warning, CT_OK, "others can read the token's file %s: chmod 600 it", path);
    return CT_OK;
}

enum ct_err token_read(const struct options *o, char *out, struct ct_errmsg *warning, struct ct_errmsg *msg)
{
    out[0] = warning->text[0] = '\0';
    if (o->token_file[0]) {
        enum ct_err err = read_file(o->token_file, out, warning, msg);
        if (err)
            token_forget(out);
        return err;
    }
    size_t len = strlen(o->token);
    if (len >= TOKEN_ROOM)
        len = TOKEN_ROOM - 1; /* the receiver refuses that */
    memcpy(out, o->token, len);
    out[len] = '\0';
    return CT_OK;
}

void token_forget(char *token)
{
    volatile char *p = token;
    for (size_t i = 0; i < TOKEN_ROOM; i++)
        p[i] = '\0';
}
