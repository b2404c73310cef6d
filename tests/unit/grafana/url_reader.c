#include "test.h"

#include "url_reader.h"

#include <ctype.h>

static unsigned hex_value(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 2; i++) {
        assert_true(isxdigit((unsigned char)digits[i]));
        int c = tolower((unsigned char)digits[i]);
        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

size_t url_param(const char *url, const char *name, char *out, size_t cap)
{
    const char *at = strchr(url, '?');
    assert_non_null(at);
    size_t name_len = strlen(name), len = 0;
    for (at++; strncmp(at, name, name_len) != 0 || at[name_len] != '='; at++) {
        at = strchr(at, '&');
        if (!at)
            fail_msg("no parameter %s in %s", name, url);
    }
    for (at += name_len + 1; *at && *at != '&'; at++) {
        assert_true(len + 1 < cap);
        if (*at == '%') {
            out[len++] = (char)hex_value(at + 1);
            at += 2;
        } else {
            if (!isalnum((unsigned char)*at) && !strchr("-_.~", *at))
                fail_msg("'%c' stands unencoded in %s", *at, url);
            out[len++] = *at;
        }
    }
    out[len] = '\0';
    return len;
}

const cJSON *json_object(const cJSON *parent, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (!cJSON_IsObject(item))
        fail_msg("%s is not an object", key);
    return item;
}

const char *json_text(const cJSON *parent, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, key);
    if (!cJSON_IsString(item))
        fail_msg("%s is not a string", key);
    return item->valuestring;
}

static void check_bound(const char *text)
{
    if (strncmp(text, "now", 3) == 0)
        return;
    if (strlen(text) != 13 || strspn(text, "0123456789") != 13)
        fail_msg("the bound \"%s\" is not a time in milliseconds of 13 digits", text);
}

static void check_pane(const cJSON *pane)
{
    if (strlen(pane->string) != 3 || strspn(pane->string, "abcdefghijklmnopqrstuvwxyz") != 3)
        fail_msg("the pane id \"%s\" is not three letters", pane->string);
    const char *uid = json_text(pane, "datasource");
    check_bound(json_text(json_object(pane, "range"), "from"));
    check_bound(json_text(json_object(pane, "range"), "to"));
    const cJSON *queries = cJSON_GetObjectItemCaseSensitive(pane, "queries");
    assert_true(cJSON_IsArray(queries));
    assert_true(cJSON_GetArraySize(queries) > 0);
    const cJSON *query;
    cJSON_ArrayForEach(query, queries)
    {
        assert_int_equal(strlen(json_text(query, "refId")), 1);
        assert_string_equal(json_text(json_object(query, "datasource"), "uid"), uid);
        assert_true(strlen(json_text(json_object(query, "datasource"), "type")) > 0);
    }
}

cJSON *url_panes(const char *url, const char *root)
{
    static char json[8192];
    size_t root_len = strlen(root);
    assert_memory_equal(url, root, root_len);
    const char *rest = "/explore?schemaVersion=1&panes=";
    if (strncmp(url + root_len, rest, strlen(rest)) != 0)
        fail_msg("%s does not go on with %s after its root", url, rest);
    for (const char *c = url; *c; c++)
        assert_true(*c > 0x20 && *c < 0x7f);

    size_t len = url_param(url, "panes", json, sizeof(json));
    const char *end = NULL;
    cJSON *panes = cJSON_ParseWithLengthOpts(json, len + 1, &end, true);
    if (!cJSON_IsObject(panes))
        fail_msg("the panes are not JSON: %s", json);
    assert_int_equal(strlen(json), len);
    const cJSON *pane;
    cJSON_ArrayForEach(pane, panes) check_pane(pane);
    return panes;
}

const cJSON *pane_query(const cJSON *panes, const char *pane, int number)
{
    const cJSON *query =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json_object(panes, pane), "queries"), number);
    assert_true(cJSON_IsObject(query));
    return query;
}

size_t literal_after(const char *query, const char *before, char *out, size_t cap, const char **after)
{
    const char *at = strstr(query, before);
    if (!at)
        fail_msg("no \"%s\" in %s", before, query);
    at += strlen(before);
    assert_int_equal(*at++, '"');
    size_t len = 0;
    for (; *at != '"'; at++) {
        assert_true(len < cap);
        assert_true((unsigned char)*at >=
                    0x20); /* a raw line break ends a literal; so does the end of the query */
        if (*at != '\\') {
            out[len++] = *at;
            continue;
        }
        at++;
        if (*at == 'x') {
            out[len++] = (char)hex_value(at + 1);
            at += 2;
        } else {
            static const char codes[] = "\\\"nrt", values[] = "\\\"\n\r\t";
            const char *code = *at ? strchr(codes, *at) : NULL;
            assert_non_null(code);
            out[len++] = values[code - codes];
        }
    }
    if (after)
        *after = at + 1;
    return len;
}
