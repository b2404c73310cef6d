#include "whereabouts.h"

#include "project.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* Where the first member begins, or json.len. */
static size_t first_member(struct slice json)
{
    static const char blanks[] = " \t\r\n";
    size_t at = 0;
    while (at < json.len && json.ptr[at] && strchr(blanks, json.ptr[at]))
        at++;
    if (at == json.len || json.ptr[at] != '{')
        return json.len;
    at++;
    while (at < json.len && json.ptr[at] && strchr(blanks, json.ptr[at]))
        at++;
    return at < json.len && json.ptr[at] == '"' ? at : json.len;
}

/* The value of our member, to be freed by cJSON_free(); NULL: there is nothing to say. */
static char *value(const char *folder, const char *home)
{
    char branch[PROJECT_BRANCH_MAX];
    if (!project_branch(folder, home, branch))
        return NULL;
    cJSON *o = cJSON_CreateObject();
    char *text = cJSON_AddStringToObject(o, "branch", branch) ? cJSON_PrintUnformatted(o) : NULL;
    cJSON_Delete(o);
    return text;
}

enum ct_err whereabouts_add(struct slice json, const char *folder, const char *home, struct buf *out)
{
    size_t at = first_member(json);
    char *text = at < json.len ? value(folder, home) : NULL;
    enum ct_err err = buf_reserve(out, json.len + (text ? WHEREABOUTS_BYTES_MAX : 0));
    if (!err && text) {
        err = buf_printf(out, "{\"" WHEREABOUTS_MEMBER "\":%s,", text);
        json = slice_sub(json, at, json.len);
    }
    if (!err)
        err = buf_append(out, json);
    cJSON_free(text);
    return err;
}
