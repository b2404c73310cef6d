/*
 * What Grafana answers (grafana/answer.h), and what was kept of it. Byte 0: which.
 *
 * Whatever it is, the uids are words, a short URL stays below the root, and links are made of it.
 */
#include "fuzz.h"

#include "answer.h"

#include <string.h>

#define ROOT "http://g.example/sub"

static void check_word(const char *word, size_t cap)
{
    fuzz_check(memchr(word, '\0', cap) != NULL);
    for (; *word; word++)
        fuzz_check(*word > ' ' && *word < 0x7f);
}

static void check_links(const struct grafana_facts *f)
{
    struct deeplink_config config;
    struct deeplink_entry entries[DEEPLINK_KIND_COUNT];
    struct deeplink_target target = {.session_id = SLICE_LIT("s")};
    struct arena arena;
    deeplink_config_init(&config);
    config.version = f->version;
    config.lacks = f->lacks;
    config.tempo_uid = f->tempo_uid;
    config.loki_uid = f->loki_uid;
    config.prometheus_uid = f->prometheus_uid;
    config.pyroscope_uid = f->pyroscope_uid;
    arena_init(&arena, 1 << 20);
    size_t count = deeplink_list(&config, &target, &arena, entries);
    fuzz_check(count == DEEPLINK_KIND_COUNT);
    for (size_t i = 0; i < count; i++)
        for (const char *c = entries[i].url; c && *c; c++)
            fuzz_check(*c > ' ' && *c < 0x7f);
    arena_finish(&arena);
}

static void short_url(struct slice in)
{
    struct buf url;
    buf_init(&url, 4096);
    if (answer_short_url(in, ROOT, "1", &url) == CT_OK) {
        fuzz_check(slice_starts(buf_slice(&url), SLICE_LIT(ROOT "/goto/")));
        fuzz_check(slice_find_slice(buf_slice(&url), SLICE_LIT("..")) == url.len);
    }
    buf_finish(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice in = slice_make(data + 1, size - 1);
    struct grafana_facts facts = {.version = ""};
    int64_t known = 0;
    switch (data[0] % 5) {
    case 0:
        answer_health(in, &facts);
        break;
    case 1:
        answer_data_sources(in, &facts);
        break;
    case 2:
        answer_dashboards(in, &facts);
        break;
    case 3:
        answer_kept(in, ROOT, "1", &facts, &known);
        break;
    default:
        short_url(in);
        return 0;
    }
    check_word(facts.version, sizeof facts.version);
    check_word(facts.tempo_uid, sizeof facts.tempo_uid);
    check_word(facts.loki_uid, sizeof facts.loki_uid);
    check_word(facts.prometheus_uid, sizeof facts.prometheus_uid);
    check_word(facts.pyroscope_uid, sizeof facts.pyroscope_uid);
    check_links(&facts);
    return 0;
}
