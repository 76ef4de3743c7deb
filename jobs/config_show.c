/* config show: every key with its value and, with --origin, where it comes from. */
#include "jobs/config_show.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "jobs/config_url.h"
#include "jobs/report.h"
#include "jobs/run_banks.h"

#define MASKED "********"

/* ---- values ---- */

/* As value_parse would take it. */
static void format_duration(int64_t value, char out[CONFIG_SHOW_BYTES])
{
    static const struct {
        int64_t ns;
        const char *unit;
    } units[] = {
        {INT64_C(3600000000000), "h"}, {INT64_C(60000000000), "min"}, {(int64_t)NS_PER_S, "s"},
        {(int64_t)NS_PER_MS, "ms"},    {(int64_t)NS_PER_US, "us"},    {1, "ns"},
    };
    size_t unit = 0;
    if (value == VALUE_NONE || value == 0) {
        snprintf(out, CONFIG_SHOW_BYTES, "%s", value == 0 ? "0" : "never");
        return;
    }
    while (value % units[unit].ns != 0)
        unit++;
    snprintf(out, CONFIG_SHOW_BYTES, "%" PRId64 "%s", value / units[unit].ns, units[unit].unit);
}

static void format_choice(const char *choices, int64_t value, char out[CONFIG_SHOW_BYTES])
{
    for (; value > 0; value--)
        choices += strcspn(choices, "|") + 1;
    snprintf(out, CONFIG_SHOW_BYTES, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void format_number(const struct value_rule *rule, int64_t value, char out[CONFIG_SHOW_BYTES])
{
    if (rule->kind == VALUE_DURATION)
        format_duration(value, out);
    else if (rule->kind == VALUE_CHOICE)
        format_choice(rule->choices, value, out);
    else
        snprintf(out, CONFIG_SHOW_BYTES, "%" PRId64, value);
}

/* A connection string, without what it may hold of secrets. */
static void format_database(const char *text, char out[CONFIG_SHOW_BYTES])
{
    PQconninfoOption *options = PQconninfoParse(text, NULL);
    size_t used = 0;
    out[0] = '\0';
    for (PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++) {
        bool is_secret =
            strcmp(at->keyword, "password") == 0 || strcmp(at->keyword, "sslpassword") == 0;
        if (at->val == NULL || used >= CONFIG_SHOW_BYTES)
            continue;
        used += (size_t)snprintf(out + used, CONFIG_SHOW_BYTES - used, "%s%s=%s",
                                 used > 0 ? " " : "", at->keyword, is_secret ? MASKED : at->val);
        if (is_secret)
            explicit_bzero(at->val, strlen(at->val));
    }
    PQconninfoFree(options);
}

/* Members of struct bank_rules that the configuration may state over the profile's. */
static const struct {
    const char *key;
    size_t offset;
    bool is_ns;
} profile_keys[] = {
    {"rate", offsetof(struct bank_rules, rate_per_s), false},
    {"burst", offsetof(struct bank_rules, burst), false},
    {"calls", offsetof(struct bank_rules, calls_max), false},
    {"poll_interval", offsetof(struct bank_rules, poll_interval_ns), true},
    {"processing_time", offsetof(struct bank_rules, processing_ns), true},
    {"linger", offsetof(struct bank_rules, linger_ns), true},
    {"call_timeout", offsetof(struct bank_rules, call_timeout_ns), true},
    {"repeat_delay", offsetof(struct bank_rules, repeat_delay_ns), true},
    {"later_wait", offsetof(struct bank_rules, later_wait_ns), true},
    {"later_tries", offsetof(struct bank_rules, later_tries), false},
};

/* False: a profile does not state it. */
static bool find_rule(const struct bank_rules *rules, const char *key, int64_t *value)
{
    for (size_t i = 0; i < sizeof profile_keys / sizeof profile_keys[0]; i++) {
        const void *member = (const char *)rules + profile_keys[i].offset;
        if (strcmp(profile_keys[i].key, key) != 0)
            continue;
        uint64_t stated =
            profile_keys[i].is_ns ? *(const uint64_t *)member : *(const uint32_t *)member;
        *value = stated == AT_NEVER ? VALUE_NONE : (int64_t)stated;
        return true;
    }
    return false;
}

/* ---- where from ---- */

static void format_origin(const struct config *config, const struct config_bank *bank,
                          const char *key, const struct config_origin *origin,
                          char out[CONFIG_SHOW_BYTES])
{
    char variable[CONFIG_VARIABLE_BYTES];
    switch (origin->from) {
    case CONFIG_FROM_DEFAULT:
        snprintf(out, CONFIG_SHOW_BYTES, "default");
        return;
    case CONFIG_FROM_FILE:
        snprintf(out, CONFIG_SHOW_BYTES, "%.480s:%d:%d", config->file, origin->line,
                 origin->column);
        return;
    case CONFIG_FROM_ENVIRONMENT:
        config_variable(bank, key, variable);
        snprintf(out, CONFIG_SHOW_BYTES, "%s", variable);
        return;
    case CONFIG_FROM_FLAG:
        snprintf(out, CONFIG_SHOW_BYTES, "%s", origin->flag);
        return;
    }
    CHECK(false);
}

static void name_key(const struct config_bank *bank, const char *key, struct config_line *line)
{
    *line = (struct config_line){{0}, {0}, {0}};
    snprintf(line->key, sizeof line->key, "%s%s%s%s", bank != NULL ? "banks." : "",
             bank != NULL ? bank->name : "", bank != NULL ? "." : "", key);
}

void config_show_key(const struct config *config, const struct config_bank *bank,
                     const struct bank_rules *rules, size_t index, struct config_line *line)
{
    const struct config_key *key = bank != NULL ? &config_bank_keys[index] : &config_keys[index];
    const void *owner = bank != NULL ? (const void *)bank : (const void *)config;
    const void *member = (const char *)owner + key->offset;
    name_key(bank, key->name, line);
    format_origin(config, bank, key->name,
                  bank != NULL ? &bank->origins[index] : &config->origins[index], line->origin);
    if (key->rule.kind == VALUE_TEXT) {
        const char *text = *(char *const *)member;
        if (text != NULL && strcmp(key->name, "database") == 0 && config_has_password(text))
            format_database(text, line->value);
        else if (text != NULL)
            snprintf(line->value, sizeof line->value, "%s", text);
        return;
    }
    int64_t value = *(const int64_t *)member;
    if (bank != NULL && value == CONFIG_UNSET) {
        if (rules == NULL || !find_rule(rules, key->name, &value))
            return;
        snprintf(line->origin, sizeof line->origin, "profile %s", bank->profile);
    }
    format_number(&key->rule, value, line->value);
}

void config_show_secret(const struct config *config, const struct config_bank *bank,
                        struct config_line *line)
{
    const char *key = bank != NULL ? "token" : "database_password";
    const char *secret = bank != NULL ? bank->token : config->database_password;
    const char *file = bank != NULL ? bank->token_file : config->database_password_file;
    enum config_from from = bank != NULL ? bank->token_from : config->password_from;
    struct config_origin origin = {.from = from};
    name_key(bank, key, line);
    if (secret != NULL)
        snprintf(line->value, sizeof line->value, MASKED);
    if (from == CONFIG_FROM_FILE)
        snprintf(line->origin, sizeof line->origin, "%s", file);
    else
        format_origin(config, bank, key, &origin, line->origin);
}

/* ---- the command ---- */

struct showing {
    const struct config *config;
    struct report_table *table; /* NULL: */
    struct report_doc *doc;
    bool with_origin;
};

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static void tell(struct showing *showing, const struct config_line *line)
{
    if (showing->table != NULL) {
        report_table_add(showing->table, line->key);
        report_table_add(showing->table, line->value[0] != '\0' ? line->value : "-");
        if (showing->with_origin)
            report_table_add(showing->table, line->origin);
        return;
    }
    json_t *row = json_pack("{s:s, s:o}", "key", line->key, "value", text_or_null(line->value));
    if (showing->with_origin)
        json_object_set_new(row, "origin", text_or_null(line->origin));
    report_doc_row(showing->doc, "keys", "key", row);
}

static int tell_bank(struct showing *showing, const struct config_bank *bank)
{
    struct config_line line;
    // Only its rules are asked for, which no currency changes.
    struct profile *profile = run_banks_load(showing->config, bank, "KRW");
    const struct bank_rules *rules = profile == NULL ? NULL : profile_rules(profile);
    for (size_t i = 0; i < config_bank_key_count; i++) {
        config_show_key(showing->config, bank, rules, i, &line);
        tell(showing, &line);
    }
    config_show_secret(showing->config, bank, &line);
    tell(showing, &line);
    int exit_code = profile == NULL ? JOB_BAD_CONFIG : JOB_DONE;
    if (profile != NULL)
        profile_close(profile);
    return exit_code;
}

static int tell_all(struct showing *showing)
{
    struct config_line line;
    int exit_code = JOB_DONE;
    for (size_t i = 0; i < config_key_count; i++) {
        config_show_key(showing->config, NULL, NULL, i, &line);
        tell(showing, &line);
    }
    config_show_secret(showing->config, NULL, &line);
    tell(showing, &line);
    for (uint32_t i = 0; i < showing->config->bank_count; i++) {
        int bank_exit_code = tell_bank(showing, &showing->config->banks[i]);
        exit_code = bank_exit_code != JOB_DONE ? bank_exit_code : exit_code;
    }
    return exit_code;
}

static int show(const struct job *job, const struct config *config)
{
    static const struct report_column columns[] = {
        {"key", false}, {"value", false}, {"from", false}};
    enum report_form form = (enum report_form)job_number(job, "output");
    struct showing showing = {.config = config, .with_origin = job_flag(job, "origin")};
    if (form == REPORT_TABLE) {
        showing.table = report_table_open(columns, showing.with_origin ? 3 : 2);
    } else {
        showing.doc = report_doc_open(form, "config", stdout);
        report_doc_set(showing.doc, "file",
                       config->file != NULL ? json_string(config->file) : json_null());
        report_doc_list(showing.doc, "keys");
    }
    int exit_code = tell_all(&showing);
    if (showing.table != NULL) {
        report_table_print(showing.table, 0, stdout);
        report_table_close(showing.table);
    } else {
        report_doc_close(showing.doc);
    }
    return exit_code;
}

int job_config_show(struct job *job)
{
    int exit_code;
    struct config *config = config_open(job, &exit_code);
    if (config != NULL)
        exit_code = show(job, config);
    config_close(config);
    return exit_code;
}
