#include "claude_settings.h"

#include "file_io.h"
#include "json_text.h"

#include <stdio.h>

#ifdef __APPLE__
#define MANAGED_PATH "/Library/Application Support/ClaudeCode/managed-settings.json"
#else
#define MANAGED_PATH "/etc/claude-code/managed-settings.json"
#endif

const char *claude_scope_name(enum claude_scope scope)
{
    static const char *const names[CLAUDE_SCOPE_COUNT] = {[CLAUDE_USER] = "user",
                                                          [CLAUDE_PROJECT] = "project",
                                                          [CLAUDE_LOCAL] = "local",
                                                          [CLAUDE_MANAGED] = "managed"};
    return (unsigned)scope < CLAUDE_SCOPE_COUNT ? names[scope] : "environment";
}

static void load(struct claude_file *f)
{
    struct buf text;
    buf_init(&text, CLAUDE_SETTINGS_MAX);
    enum ct_err err = file_read(f->path, &text, &f->why);
    f->there = err != CT_ERR_NOT_FOUND;
    if (!err)
        err = json_text_check(buf_slice(&text), &f->why);
    if (!err) {
        size_t mark = slice_starts(buf_slice(&text), SLICE_LIT("\xef\xbb\xbf")) ? 3 : 0;
        f->json = cJSON_ParseWithLength(text.data + mark, text.len - mark);
    }
    buf_finish(&text);
}

void claude_settings_load(struct claude_settings *s, const struct env *env, const char *home,
                          const char *folder)
{
    const char *own = env_get(env, "CLAUDE_CONFIG_DIR"),
               *managed = env_get(env, "CLAUDE_TOP_MANAGED_SETTINGS");
    memset(s, 0, sizeof *s);
    snprintf(s->files[CLAUDE_USER].path, PATH_MAX, "%s%s/settings.json", own ? own : home,
             own ? "" : "/.claude");
    snprintf(s->files[CLAUDE_PROJECT].path, PATH_MAX, "%s/.claude/settings.json", folder);
    snprintf(s->files[CLAUDE_LOCAL].path, PATH_MAX, "%s/.claude/settings.local.json", folder);
    snprintf(s->files[CLAUDE_MANAGED].path, PATH_MAX, "%s", managed ? managed : MANAGED_PATH);
    for (int i = 0; i < CLAUDE_SCOPE_COUNT; i++)
        load(&s->files[i]);
    /* In the home folder the project's file is the user's. */
    if (strcmp(s->files[CLAUDE_USER].path, s->files[CLAUDE_PROJECT].path) == 0) {
        cJSON_Delete(s->files[CLAUDE_PROJECT].json);
        s->files[CLAUDE_PROJECT].json = NULL;
        s->files[CLAUDE_PROJECT].there = false;
    }
}

void claude_settings_finish(struct claude_settings *s)
{
    for (int i = 0; i < CLAUDE_SCOPE_COUNT; i++) {
        cJSON_Delete(s->files[i].json);
        s->files[i].json = NULL;
    }
}

const cJSON *claude_settings_key(const struct claude_settings *s, const char *key, enum claude_scope *scope)
{
    for (int i = CLAUDE_SCOPE_COUNT - 1; i >= 0; i--) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(s->files[i].json, key);
        if (value) {
            *scope = (enum claude_scope)i;
            return value;
        }
    }
    return NULL;
}

const char *claude_settings_env(const struct claude_settings *s, const struct env *env, const char *name,
                                enum claude_scope *scope)
{
    for (int i = CLAUDE_SCOPE_COUNT - 1; i >= 0; i--) {
        const cJSON *vars = cJSON_GetObjectItemCaseSensitive(s->files[i].json, "env");
        const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(vars, name));
        if (value) {
            *scope = (enum claude_scope)i;
            return value;
        }
    }
    *scope = CLAUDE_SCOPE_COUNT;
    return env_get(env, name);
}
