/* A profile from its file. */
#include "wire/profile_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *profile_load_keep(struct loading *loading, struct fy_node *node, const char *text,
                              size_t text_bytes)
{
    struct profile *profile = loading->profile;
    if (text_bytes >= POOL_BYTES - profile->pool_bytes) {
        yaml_fail(&loading->yaml, node, "the profile is too large; shorten it");
        return NULL;
    }
    char *kept = profile->pool + profile->pool_bytes;
    memcpy(kept, text, text_bytes);
    kept[text_bytes] = 0;
    profile->pool_bytes += (uint32_t)text_bytes + 1;
    return kept;
}

/* ---- the site ---- */

enum site_letters { SITE_VISIBLE, SITE_PATH, SITE_CURRENCY, SITE_TEXT };

static bool site_text_fits(enum site_letters letters, const char *text)
{
    if (letters == SITE_TEXT)
        return text_is_clean(text, strlen(text));
    for (size_t i = 0; text[i] != 0; i++) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letters == SITE_VISIBLE && (c <= 0x20 || c >= 0x7f))
            return false;
        if (letters == SITE_PATH && !is_letter && strchr("/-._~", c) == NULL)
            return false;
        if (letters == SITE_CURRENCY && (c < 'A' || c > 'Z'))
            return false;
    }
    return letters != SITE_PATH || (text[0] == '/' && text[strlen(text) - 1] != '/');
}

struct site_value {
    const char *name;
    const char *text;
    enum site_letters letters;
    size_t least;
    size_t most;
    const char *hint;
    const char **kept;
};

/* The text itself is not printed: the token is one of them. */
static bool keep_site_value(struct loading *loading, const struct site_value *value)
{
    size_t text_bytes = value->text == NULL ? 0 : strlen(value->text);
    if (text_bytes < value->least || text_bytes > value->most ||
        (text_bytes > 0 && !site_text_fits(value->letters, value->text))) {
        snprintf(loading->yaml.error, PROFILE_ERROR_BYTES,
                 "%s: the %s given for this bank does not fit: %s", loading->yaml.file, value->name,
                 value->hint);
        return false;
    }
    *value->kept =
        profile_load_keep(loading, NULL, value->text == NULL ? "" : value->text, text_bytes);
    CHECK(*value->kept != NULL);
    return true;
}

static bool keep_site(struct loading *loading, const struct profile_site *site)
{
    struct profile *p = loading->profile;
    const struct site_value values[] = {
        {"host", site->host, SITE_VISIBLE, 1, 255, "a name or number, with :port where needed",
         &p->host},
        {"path prefix", site->path_prefix, SITE_PATH, 0, 128, "empty, or as /api/v1",
         &p->path_prefix},
        {"token", site->token, SITE_VISIBLE, 0, 512, "up to 512 visible ASCII letters", &p->token},
        {"collection account", site->collection_account, SITE_TEXT, 1, ACCOUNT_TEXT_MAX,
         "an account number of up to 40 bytes", &p->collection_account},
        {"suspense account", site->suspense_account, SITE_TEXT, 0, ACCOUNT_TEXT_MAX,
         "empty, or an account number of up to 40 bytes", &p->suspense_account},
        {"pool account", site->pool_account, SITE_TEXT, 0, ACCOUNT_TEXT_MAX,
         "empty, or an account number of up to 40 bytes", &p->pool_account},
        {"currency", site->currency, SITE_CURRENCY, 3, 3, "three capital letters, as KRW",
         &p->currency},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (!keep_site_value(loading, &values[i]))
            return false;
    return true;
}

/* ---- rules and forms ---- */

static bool load_duration(struct loading *loading, struct fy_node *map, const char *key,
                          const char *never, uint64_t *duration_ns)
{
    struct fy_node *node = yaml_need(&loading->yaml, map, key);
    return node != NULL && yaml_duration(&loading->yaml, node, never, duration_ns);
}

static bool load_number(struct loading *loading, struct fy_node *map, const char *key,
                        uint64_t least, uint64_t most, uint32_t *number)
{
    uint64_t wide;
    struct fy_node *node = yaml_need(&loading->yaml, map, key);
    if (node == NULL || !yaml_number(&loading->yaml, node, least, most, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool load_word(struct loading *loading, struct fy_node *map, const char *key,
                      const char *const *words, uint32_t *index)
{
    struct fy_node *node = yaml_need(&loading->yaml, map, key);
    return node != NULL && yaml_word(&loading->yaml, node, words, index);
}

static bool load_times(struct loading *loading, struct fy_node *root)
{
    struct bank_rules *rules = &loading->profile->rules;
    if (!load_duration(loading, root, "key_lifetime", "none", &rules->key_lifetime_ns) ||
        !load_duration(loading, root, "repeat_delay", NULL, &rules->repeat_delay_ns) ||
        !load_duration(loading, root, "call_timeout", NULL, &rules->call_timeout_ns) ||
        !load_duration(loading, root, "processing_time", NULL, &rules->processing_ns) ||
        !load_duration(loading, root, "linger", "unknown", &rules->linger_ns) ||
        !load_duration(loading, root, "poll_interval", NULL, &rules->poll_interval_ns))
        return false;
    if (rules->call_timeout_ns == 0)
        return yaml_fail(&loading->yaml, yaml_get(root, "call_timeout"),
                         "no call can be answered in no time; take 10s");
    return true;
}

static bool load_limits(struct loading *loading, struct fy_node *root)
{
    static const char *const limit_keys[] = {"rate", "burst", "calls_in_flight", NULL};
    static const char *const later_keys[] = {"wait", "tries", NULL};
    struct bank_rules *rules = &loading->profile->rules;
    struct fy_node *limits = yaml_need(&loading->yaml, root, "limits");
    if (limits == NULL || !yaml_map(&loading->yaml, limits, limit_keys) ||
        !load_number(loading, limits, "rate", 1, 1000000, &rules->rate_per_s) ||
        !load_number(loading, limits, "burst", 1, 65536, &rules->burst) ||
        !load_number(loading, limits, "calls_in_flight", 1, BANK_CALLS_MAX, &rules->calls_max))
        return false;
    struct fy_node *later = yaml_need(&loading->yaml, root, "later");
    return later != NULL && yaml_map(&loading->yaml, later, later_keys) &&
           load_duration(loading, later, "wait", NULL, &rules->later_wait_ns) &&
           load_number(loading, later, "tries", 0, 100, &rules->later_tries);
}

static bool load_key(struct loading *loading, struct fy_node *root)
{
    static const char *const keys[] = {"form", "length", NULL};
    static const char *const forms[] = {"hex", "uuid", NULL};
    struct profile *profile = loading->profile;
    uint32_t form;
    struct fy_node *key = yaml_need(&loading->yaml, root, "key");
    if (key == NULL || !yaml_map(&loading->yaml, key, keys) ||
        !load_word(loading, key, "form", forms, &form))
        return false;
    profile->key_form = form == 0 ? KEY_HEX : KEY_UUID;
    profile->key_digits = 2 * IDEM_KEY_BYTES;
    struct fy_node *length = yaml_get(key, "length");
    if (profile->key_form == KEY_UUID && length != NULL)
        return yaml_fail(&loading->yaml, length, "a uuid has its own length; take this out");
    if (profile->key_form == KEY_UUID)
        return true;
    // 20 digits are 80 bits: with fewer, two transfers could come to share a key.
    return load_number(loading, key, "length", 20, 2 * IDEM_KEY_BYTES, &profile->key_digits);
}

/* Optional: how accounts share one, and who pays fees. */
static bool load_pool(struct loading *loading, struct fy_node *root)
{
    static const char *const shown[] = {"available", "received", NULL};
    static const char *const payers[] = {"payer", "collection", NULL};
    struct profile *profile = loading->profile;
    struct fy_node *pooled = yaml_get(root, "pooled");
    struct fy_node *fees = yaml_get(root, "fees_from");
    uint32_t index = 0;
    if (pooled != NULL) {
        if (!yaml_word(&loading->yaml, pooled, shown, &index))
            return false;
        profile->rules.pool = index == 0 ? POOL_AVAILABLE : POOL_RECEIVED;
    }
    if (fees != NULL) {
        if (!yaml_word(&loading->yaml, fees, payers, &index))
            return false;
        profile->rules.fee_is_ours = index == 1;
    }
    if (pooled != NULL && profile->pool_account[0] == 0)
        return yaml_fail(&loading->yaml, pooled,
                         "no pool account is given for this bank; its transfers come from it");
    if (pooled == NULL && profile->pool_account[0] != 0)
        return yaml_fail(&loading->yaml, root,
                         "a pool account is given for this bank, which pools none; take it out, or "
                         "say `pooled` here");
    return true;
}

static bool load_forms(struct loading *loading, struct fy_node *root)
{
    static const char *const auths[] = {"bearer", "none", NULL};
    static const char *const amounts[] = {"integer", "string", NULL};
    static const char *const inquiries[] = {"none", "by_key", "repeat", NULL};
    static const enum inquiry_kind kinds[] = {INQUIRY_NONE, INQUIRY_BY_KEY, INQUIRY_REPEAT};
    struct profile *profile = loading->profile;
    uint32_t auth;
    uint32_t amount;
    uint32_t inquiry;
    const char *name;
    size_t name_bytes;
    struct fy_node *node = yaml_need(&loading->yaml, root, "name");
    if (node == NULL || !yaml_text(&loading->yaml, node, &name, &name_bytes) ||
        !load_word(loading, root, "auth", auths, &auth) ||
        !load_word(loading, root, "amount", amounts, &amount) ||
        !load_word(loading, root, "inquiry", inquiries, &inquiry))
        return false;
    if (auth == 1)
        profile->token = "";
    profile->amount_is_text = amount == 1;
    profile->rules.inquiry = kinds[inquiry];
    return true;
}

/* ---- calls ---- */

static bool load_balance(struct loading *loading, struct fy_node *root)
{
    static const char *const keys[] = {"ask", "answer", NULL};
    static const char *const ask_keys[] = {"method", "path", "headers", "body", NULL};
    struct fy_node *balance = yaml_need(&loading->yaml, root, "balance");
    if (balance == NULL || !yaml_map(&loading->yaml, balance, keys))
        return false;
    struct fy_node *ask = yaml_need(&loading->yaml, balance, "ask");
    struct fy_node *answer = yaml_need(&loading->yaml, balance, "answer");
    return ask != NULL && answer != NULL && yaml_map(&loading->yaml, ask, ask_keys) &&
           profile_load_request(loading, ask, SUBJECT_BALANCE, &loading->profile->balance) &&
           profile_load_balance_answer(loading, answer);
}

static bool load_steps(struct loading *loading, struct fy_node *node, struct transfer_call *call)
{
    struct profile *profile = loading->profile;
    struct fy_node *item;
    uint32_t i = 0;
    for (; (item = yaml_item(node, i)) != NULL; i++) {
        uint32_t index;
        enum step_kind step;
        enum transfer_kind kind;
        if (!yaml_word(&loading->yaml, item, profile_step_names, &index))
            return false;
        profile_step(index, &step, &kind);
        if (profile->by_step[step][kind] != NULL)
            return yaml_fail(&loading->yaml, item, "the step `%s` has a transfer already",
                             profile_step_names[index]);
        profile->by_step[step][kind] = call;
    }
    if (i == 0)
        return yaml_fail(&loading->yaml, node, "the list is empty; name a step");
    return true;
}

static bool load_ask(struct loading *loading, struct fy_node *transfer, struct transfer_call *call)
{
    static const char *const keys[] = {"method", "path", "headers", "body", "list", "next", NULL};
    struct yaml *yaml = &loading->yaml;
    struct fy_node *ask = yaml_get(transfer, "ask");
    call->has_ask = ask != NULL;
    bool is_wanted = loading->profile->rules.inquiry == INQUIRY_BY_KEY;
    if (is_wanted && ask == NULL)
        return yaml_fail(yaml, transfer, "`ask` is missing; add it, as inquiry is by_key");
    if (!is_wanted && ask != NULL)
        return yaml_fail(yaml, ask, "nothing is asked unless inquiry is by_key; take `ask` out");
    return ask == NULL || (yaml_map(yaml, ask, keys) &&
                           profile_load_request(loading, ask, SUBJECT_TRANSFER, &call->ask) &&
                           profile_load_path(loading, ask, "list", &call->list) &&
                           profile_load_path(loading, ask, "next", &call->next));
}

/* Optional: without it a bank can be reconciled by its statements only. */
static bool load_list(struct loading *loading, struct fy_node *transfer, struct transfer_call *call)
{
    struct fy_node *list = yaml_get(transfer, "list");
    return list == NULL || profile_load_listing(loading, list, call);
}

static bool load_transfer(struct loading *loading, struct fy_node *transfer,
                          struct transfer_call *call)
{
    static const char *const keys[] = {"steps", "send", "ask", "answer", "list", NULL};
    static const char *const send_keys[] = {"method", "path", "headers", "body", NULL};
    struct yaml *yaml = &loading->yaml;
    if (!yaml_map(yaml, transfer, keys))
        return false;
    struct fy_node *steps = yaml_need(yaml, transfer, "steps");
    struct fy_node *send = yaml_need(yaml, transfer, "send");
    struct fy_node *answer = yaml_need(yaml, transfer, "answer");
    return steps != NULL && send != NULL && answer != NULL && load_steps(loading, steps, call) &&
           yaml_map(yaml, send, send_keys) &&
           profile_load_request(loading, send, SUBJECT_TRANSFER, &call->send) &&
           load_ask(loading, transfer, call) &&
           profile_load_transfer_answer(loading, answer, &call->answer) &&
           load_list(loading, transfer, call);
}

static bool load_transfers(struct loading *loading, struct fy_node *root)
{
    struct profile *profile = loading->profile;
    struct yaml *yaml = &loading->yaml;
    struct fy_node *transfers = yaml_need(yaml, root, "transfers");
    if (transfers == NULL)
        return false;
    if (!fy_node_is_mapping(transfers))
        return yaml_fail(yaml, transfers, "here must be transfers, each under a name of its own");
    void *at = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(transfers, &at)) != NULL) {
        struct fy_node *transfer = fy_node_pair_value(pair);
        const char *name;
        size_t name_bytes;
        if (!yaml_pair(yaml, pair, &name, &name_bytes))
            return false;
        if (profile->transfer_count == TRANSFERS_MAX)
            return yaml_fail(yaml, fy_node_pair_key(pair), "there are more transfers than steps");
        if (!load_transfer(loading, transfer, &profile->transfers[profile->transfer_count++]))
            return false;
    }
    bool has_collect = profile->by_step[STEP_COLLECT][TRANSFER_NORMAL] != NULL;
    if (!has_collect || profile->by_step[STEP_PAYOUT][TRANSFER_NORMAL] == NULL)
        return yaml_fail(yaml, transfers, "no transfer has the step `%s`; name it in one",
                         has_collect ? "payout" : "collect");
    return true;
}

static bool load_root(struct loading *loading, struct fy_node *root)
{
    static const char *const keys[] = {
        "name",         "auth",          "amount",  "key",       "key_lifetime",
        "repeat_delay", "inquiry",       "limits",  "later",     "call_timeout",
        "linger",       "poll_interval", "balance", "transfers", "processing_time",
        "error",        "outcomes",      "pooled",  "fees_from", NULL,
    };
    struct yaml *yaml = &loading->yaml;
    if (!yaml_map(yaml, root, keys) || !load_forms(loading, root) || !load_pool(loading, root) ||
        !load_key(loading, root) || !load_times(loading, root) || !load_limits(loading, root) ||
        !load_balance(loading, root) || !load_transfers(loading, root))
        return false;
    struct fy_node *error = yaml_need(yaml, root, "error");
    struct fy_node *outcomes = yaml_need(yaml, root, "outcomes");
    return error != NULL && outcomes != NULL && profile_load_error(loading, error) &&
           profile_load_outcomes(loading, outcomes);
}

/* ---- the file ---- */

static bool read_file(struct profile *profile, const char *file, char error[PROFILE_ERROR_BYTES])
{
    FILE *stream = fopen(file, "rbe");
    if (stream == NULL) {
        snprintf(error, PROFILE_ERROR_BYTES,
                 "%s: cannot be read: %s; check the path and its permissions", file,
                 strerror(errno));
        return false;
    }
    profile->text = malloc(PROFILE_TEXT_BYTES_MAX + 1);
    CHECK(profile->text != NULL);
    profile->text_bytes = fread(profile->text, 1, PROFILE_TEXT_BYTES_MAX + 1, stream);
    bool is_read = ferror(stream) == 0;
    fclose(stream);
    if (!is_read || profile->text_bytes > PROFILE_TEXT_BYTES_MAX) {
        snprintf(error, PROFILE_ERROR_BYTES, "%s: %s", file,
                 is_read ? "is larger than 64 KiB; a profile is not"
                         : "reading failed; is it a file?");
        return false;
    }
    return true;
}

static void take_digest(struct profile *profile)
{
    struct hash *hash = hash_open();
    profile->digest = hash_once(hash, profile->text, profile->text_bytes);
    hash_close(hash);
}

/* Takes the profile over, its text read: as it is, or not at all. */
static struct profile *load(struct profile *profile, const char *name,
                            const struct profile_site *site, char error[PROFILE_ERROR_BYTES])
{
    struct loading loading = {.profile = profile};
    struct fy_node *root = yaml_open(&loading.yaml, name, profile->text, profile->text_bytes, error,
                                     PROFILE_ERROR_BYTES);
    bool is_loaded = root != NULL && keep_site(&loading, site) && load_root(&loading, root);
    yaml_close(&loading.yaml);
    if (!is_loaded) {
        CHECK(error[0] != 0);
        profile_close(profile);
        return NULL;
    }
    take_digest(profile);
    return profile;
}

struct profile *profile_load(const char *file, const struct profile_site *site,
                             char error[PROFILE_ERROR_BYTES])
{
    struct profile *profile = calloc(1, sizeof(*profile));
    CHECK(profile != NULL);
    error[0] = 0;
    if (!read_file(profile, file, error)) {
        profile_close(profile);
        return NULL;
    }
    return load(profile, file, site, error);
}

struct profile *profile_load_text(const char *name, const char *text, size_t text_bytes,
                                  const struct profile_site *site, char error[PROFILE_ERROR_BYTES])
{
    error[0] = 0;
    if (text_bytes > PROFILE_TEXT_BYTES_MAX) {
        snprintf(error, PROFILE_ERROR_BYTES, "%s: is larger than 64 KiB; a profile is not", name);
        return NULL;
    }
    struct profile *profile = calloc(1, sizeof(*profile));
    CHECK(profile != NULL);
    profile->text = malloc(text_bytes + 1);
    CHECK(profile->text != NULL);
    memcpy(profile->text, text, text_bytes);
    profile->text_bytes = text_bytes;
    return load(profile, name, site, error);
}
