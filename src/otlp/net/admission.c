#include "admission.h"

#include "mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Nothing, or a colon and at most five digits (RFC 3986, 3.2.3: the digits may be missing). */
static bool is_port(struct slice rest)
{
    if (!rest.len)
        return true;
    if (rest.ptr[0] != ':' || rest.len > 6)
        return false;
    for (size_t i = 1; i < rest.len; i++)
        if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
            return false;
    return true;
}

/* A host as it stands in a header: its literal, or its name without the dot at the end. */
static bool parse_host(struct slice value, struct ip_address *literal, struct slice *name)
{
    *literal = (struct ip_address){.family = IP_NONE};
    *name = SLICE_NULL;
    if (value.len && value.ptr[0] == '[') {
        size_t close = slice_find(value, ']');
        return close < value.len && is_port(slice_sub(value, close + 1, value.len)) &&
               ip_address_parse(slice_sub(value, 1, close - 1), IP_V6, literal);
    }
    size_t colon = slice_find(value, ':');
    if (!is_port(slice_sub(value, colon, value.len)))
        return false;
    *name = slice_sub(value, 0, colon);
    if (name->len && name->ptr[name->len - 1] == '.')
        name->len--;
    if (!name->len || name->len > ADMISSION_HOST_MAX)
        return false;
    ip_address_parse(*name, IP_V4, literal);
    return true;
}

/* What may stand in the list: letters, digits, and the punctuation of names in DNS and in containers. */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_alnum(name.ptr[i]) && !strchr("-._", name.ptr[i]))
            return false;
    return name.ptr[0] != '.' && name.ptr[0] != '-';
}

static enum ct_err add_host(struct admission *a, const char *text, struct ct_errmsg *msg)
{
    struct slice value = slice_str(text), name;
    struct ip_address literal;
    if (slice_eq_str(value, "*")) {
        a->any_host = true;
        return CT_OK;
    }
    if (a->host_count == RECEIVER_HOSTS_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "allowed_hosts takes at most %d hosts; \"*\" allows all",
                       RECEIVER_HOSTS_MAX);
    /* An IPv6 literal may come without brackets: nothing else has two colons. */
    bool bare_v6 = ip_address_parse(value, IP_V6, &literal);
    if (!bare_v6 && (!parse_host(value, &literal, &name) || (name.ptr && !is_name(name))))
        return ct_fail(
            msg, CT_ERR_USAGE,
            "allowed_hosts: \"%.80s\" is not a host: write a name (box.example.org), an address or \"*\"",
            text);
    struct admission_host *host = &a->hosts[a->host_count++];
    host->literal = literal;
    if (literal.family == IP_NONE)
        memcpy(host->name, name.ptr, name.len);
    return CT_OK;
}

static enum ct_err take_token(struct admission *a, const char *token, struct ct_errmsg *msg)
{
    size_t len = strlen(token);
    if (len < RECEIVER_TOKEN_MIN || len > RECEIVER_TOKEN_MAX)
        return ct_fail(msg, CT_ERR_USAGE,
                       "the token has %zu characters, it takes %d to %d: make one with openssl rand -hex 32",
                       len, RECEIVER_TOKEN_MIN, RECEIVER_TOKEN_MAX);
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(token[i]) && !strchr("-._~+/=", token[i]))
            return ct_fail(msg, CT_ERR_USAGE,
                           "the token's character %zu is none that a token may have (letters, digits and "
                           "-._~+/=): make one with openssl rand -hex 32",
                           i + 1);
    a->token = mem_strdup(slice_make(token, len));
    a->token_len = len;
    return CT_OK;
}

enum ct_err admission_init(struct admission *a, const char *const *hosts, const char *token,
                           struct ct_errmsg *msg)
{
    size_t room = 0;
    while (hosts && hosts[room] && room < RECEIVER_HOSTS_MAX)
        room++;
    *a = (struct admission){.hosts = mem_array(room + 1, sizeof(struct admission_host))};
    struct slice name;
    struct ip_address literal;
    /* A name that had to be cut, or that could be read as something else, is nobody's. */
    if (gethostname(a->machine, sizeof(a->machine)) || a->machine[sizeof(a->machine) - 1] ||
        !parse_host(slice_str(a->machine), &literal, &name) || literal.family != IP_NONE || !is_name(name))
        a->machine[0] = '\0';
    else
        a->machine[name.len] = '\0';
    enum ct_err err = CT_OK;
    for (; hosts && *hosts && !err; hosts++)
        err = add_host(a, *hosts, msg);
    if (!err && token && token[0])
        err = take_token(a, token, msg);
    if (err)
        admission_finish(a);
    return err;
}

void admission_finish(struct admission *a)
{
    if (a->token)
        OPENSSL_cleanse(a->token, a->token_len);
    free(a->token);
    free(a->hosts);
    *a = (struct admission){0};
}

static bool is_localhost(struct slice name)
{
    static const struct slice below = {".localhost", 10};
    return slice_eq_nocase(name, SLICE_LIT("localhost")) ||
           (name.len > below.len && slice_eq_nocase(slice_sub(name, name.len - below.len, name.len), below));
}

bool admission_host(const struct admission *a, struct slice value, const struct ip_address *arrived_at)
{
    struct ip_address literal;
    struct slice name;
    if (a->any_host)
        return true;
    if (!parse_host(value, &literal, &name))
        return false;
    bool is_literal = literal.family != IP_NONE;
    if (is_literal ? ip_address_is_loopback(&literal) || ip_address_eq(&literal, arrived_at)
                   : is_localhost(name) || (a->machine[0] && slice_eq_nocase(name, slice_str(a->machine))))
        return true;
    for (size_t i = 0; i < a->host_count; i++) {
        const struct admission_host *host = &a->hosts[i];
        if (is_literal ? ip_address_eq(&literal, &host->literal)
                       : host->literal.family == IP_NONE && slice_eq_nocase(name, slice_str(host->name)))
            return true;
    }
    return false;
}

bool admission_hosts(const struct admission *a, const struct exchange *x, const struct ip_address *arrived_at,
                     struct slice *named)
{
    *named = x->authority.ptr ? x->authority : x->host;
    if (a->any_host)
        return true;
    if (x->authority.ptr && !admission_host(a, x->authority, arrived_at))
        return false;
    *named = x->host;
    if (x->transport == EXCHANGE_HTTP1)
        return !x->host.ptr || admission_host(a, x->host, arrived_at);
    if (!x->host.ptr || !admission_host(a, x->host, arrived_at))
        return false;
    for (size_t i = 0; i < x->header_count; i++) {
        *named = x->headers[i].value;
        if (slice_eq_nocase(x->headers[i].name, SLICE_LIT("host")) && !admission_host(a, *named, arrived_at))
            return false;
    }
    return true;
}

bool admission_is_token(const struct admission *a, struct slice value)
{
    static const struct slice scheme = {"bearer ", 7};
    if (!a->token || !slice_eq_nocase(slice_sub(value, 0, scheme.len), scheme))
        return false;
    struct slice given = slice_trim(slice_sub(value, scheme.len, value.len));
    return given.len == a->token_len && CRYPTO_memcmp(given.ptr, a->token, a->token_len) == 0;
}

bool admission_token(const struct admission *a, const struct exchange *x)
{
    size_t count = 0, good = 0;
    for (size_t i = 0; i < x->header_count; i++) {
        if (!slice_eq_nocase(x->headers[i].name, SLICE_LIT("authorization")))
            continue;
        count++;
        good += admission_is_token(a, x->headers[i].value);
    }
    return count == 1 && good == 1;
}
