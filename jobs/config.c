#include "jobs/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/config_source.h"
#include "jobs/config_url.h"
#include "jobs/file.h"

#define DEFAULT_FILE "/etc/daybook/daybook.yaml"

/* ---- one value ---- */

static const struct config_key *find_key(const struct config_key *keys, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

struct key_list {
    const struct config_key *keys;
};

static const char *key_name_at(size_t index, void *context)
{
    const struct key_list *list = context;
    return list->keys[index].name;
}

static void unknown_key(struct config_reader *reader, const struct config_bank *bank,
                        const char *name, const struct config_place *place)
{
    struct key_list list = {.keys = bank != NULL ? config_bank_keys : config_keys};
    size_t count = bank != NULL ? config_bank_key_count : config_key_count;
    char hint[160];
    const char *near = value_nearest(name, key_name_at, count, &list);
    if (bank != NULL && strcmp(name, "token") == 0)
        snprintf(hint, sizeof hint, "secrets come from token_file or the environment");
    else if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean %s?", near);
    else
        snprintf(hint, sizeof hint, "`daybook run --help` lists the keys");
    config_error(reader, place, hint, "unknown key %s%s%s%s", bank != NULL ? "banks." : "",
                 bank != NULL ? bank->name : "", bank != NULL ? "." : "", name);
}

/* Replaces a text, wiping nothing: secrets do not come this way. */
static void set_text(char **member, const char *text)
{
    char *copy = strdup(text);
    CHECK(copy != NULL);
    free(*member);
    *member = copy;
}

static bool may_carry_password(const struct config_place *place)
{
    return place->from == CONFIG_FROM_ENVIRONMENT;
}

static void note_origin(struct config *config, struct config_bank *bank,
                        const struct config_key *key, const struct config_place *place)
{
    bool is_flag = place->from == CONFIG_FROM_FLAG;
    struct config_origin origin = {.from = place->from,
                                   .line = place->line,
                                   .column = place->column,
                                   .flag = is_flag ? place->label : NULL};
    CHECK(config_key_count <= CONFIG_KEYS_MAX && config_bank_key_count <= CONFIG_BANK_KEYS_MAX);
    if (bank != NULL)
        bank->origins[key - config_bank_keys] = origin;
    else
        config->origins[key - config_keys] = origin;
}

void config_take(struct config_reader *reader, struct config_bank *bank, const char *name,
                 const char *text, const struct config_place *key_place,
                 const struct config_place *place)
{
    const struct config_key *key = bank != NULL
                                       ? find_key(config_bank_keys, config_bank_key_count, name)
                                       : find_key(config_keys, config_key_count, name);
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    if (key == NULL) {
        unknown_key(reader, bank, name, key_place);
        return;
    }
    if (!value_parse(&key->rule, text, &value, error) ||
        (key->check != NULL && !key->check(text, error))) {
        config_error(reader, place, NULL, "%s: %s", name, error);
        return;
    }
    if (strcmp(name, "database") == 0 && !may_carry_password(place) && config_has_password(text)) {
        config_error(reader, key_place, "use database_password_file, or DAYBOOK_DATABASE_PASSWORD",
                     "database: a password does not belong here");
        return;
    }
    void *member = (char *)(bank != NULL ? (void *)bank : (void *)reader->config) + key->offset;
    if (key->rule.kind == VALUE_TEXT)
        set_text(member, text);
    else
        *(int64_t *)member = value;
    note_origin(reader->config, bank, key, place);
}

static bool is_bank_name(const char *name)
{
    size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        if (!config_is_account_byte(name[i]) && name[i] != '_')
            return false;
    }
    return bytes > 0 && bytes <= BANK_TEXT_MAX;
}

static void set_bank_defaults(struct config_bank *bank)
{
    for (size_t i = 0; i < config_bank_key_count; i++) {
        const struct config_key *key = &config_bank_keys[i];
        int64_t *member = (int64_t *)(void *)((char *)bank + key->offset);
        char error[VALUE_ERROR_BYTES];
        if (key->rule.kind == VALUE_TEXT)
            continue;
        *member = CONFIG_UNSET;
        if (key->initial != NULL)
            CHECK(value_parse(&key->rule, key->initial, member, error));
    }
}

struct config_bank *config_take_bank(struct config_reader *reader, const char *name,
                                     const struct config_place *place)
{
    struct config *config = reader->config;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        if (strcmp(config->banks[i].name, name) == 0)
            return &config->banks[i];
    }
    if (!is_bank_name(name)) {
        config_error(reader, place, NULL,
                     "a bank's name is 1 to %d letters, digits, hyphens and underscores",
                     BANK_TEXT_MAX);
        return NULL;
    }
    if (config->bank_count == BANKS_MAX) {
        config_error(reader, place, NULL, "more than %d banks", BANKS_MAX);
        return NULL;
    }
    struct config_bank *bank = &config->banks[config->bank_count++];
    memcpy(bank->name, name, strlen(name) + 1);
    bank->line = place->line;
    bank->column = place->column;
    set_bank_defaults(bank);
    return bank;
}

/* ---- environment ---- */

void config_variable(const struct config_bank *bank, const char *name,
                     char out[CONFIG_VARIABLE_BYTES])
{
    snprintf(out, CONFIG_VARIABLE_BYTES, "DAYBOOK_%s%s%s%s", bank != NULL ? "BANKS_" : "",
             bank != NULL ? bank->name : "", bank != NULL ? "_" : "", name);
    for (char *at = out; *at != '\0'; at++)
        *at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
}

static const char *look_up(char **environment, const char *variable)
{
    size_t bytes = strlen(variable);
    for (char **at = environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, variable, bytes) == 0 && (*at)[bytes] == '=')
            return *at + bytes + 1;
    }
    return NULL;
}

static void read_variables(struct config_reader *reader, struct config_bank *bank)
{
    const struct config_key *keys = bank != NULL ? config_bank_keys : config_keys;
    size_t count = bank != NULL ? config_bank_key_count : config_key_count;
    for (size_t i = 0; i < count; i++) {
        char variable[CONFIG_VARIABLE_BYTES];
        config_variable(bank, keys[i].name, variable);
        const char *text = look_up(reader->sources->environment, variable);
        struct config_place place = {.from = CONFIG_FROM_ENVIRONMENT, .label = variable};
        if (text != NULL && text[0] != '\0')
            config_take(reader, bank, keys[i].name, text, &place, &place);
    }
}

static bool is_known_variable(const struct config *config, const char *variable)
{
    char known[CONFIG_VARIABLE_BYTES];
    for (size_t i = 0; i < config_key_count; i++) {
        config_variable(NULL, config_keys[i].name, known);
        if (strcmp(known, variable) == 0)
            return true;
    }
    for (uint32_t bank = 0; bank < config->bank_count; bank++) {
        for (size_t i = 0; i < config_bank_key_count; i++) {
            config_variable(&config->banks[bank], config_bank_keys[i].name, known);
            if (strcmp(known, variable) == 0)
                return true;
        }
        config_variable(&config->banks[bank], "token", known);
        if (strcmp(known, variable) == 0)
            return true;
    }
    return false;
}

/* A misspelt variable of a section would otherwise be a setting silently not made. */
static void refuse_unknown_variables(struct config_reader *reader)
{
    static const char *const sections[] = {"DAYBOOK_RUN_", "DAYBOOK_CLAIM_", "DAYBOOK_BANKS_"};
    for (char **at = reader->sources->environment; at != NULL && *at != NULL; at++) {
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
            char variable[CONFIG_VARIABLE_BYTES];
            if (strncmp(*at, sections[i], strlen(sections[i])) != 0)
                continue;
            snprintf(variable, sizeof variable, "%.*s", (int)strcspn(*at, "="), *at);
            struct config_place place = {.from = CONFIG_FROM_ENVIRONMENT, .label = variable};
            if (!is_known_variable(reader->config, variable))
                config_error(reader, &place, "`daybook run --help` lists the keys",
                             "no configuration key goes by this variable");
        }
    }
}

/* ---- flags ---- */

static void read_set(struct config_reader *reader, const char *set)
{
    struct config_place place = {.from = CONFIG_FROM_FLAG, .label = "--set"};
    char name[96], bank_name[96];
    const char *equals = strchr(set, '=');
    if (equals == NULL || equals == set || (size_t)(equals - set) >= sizeof name) {
        config_error(reader, &place, "as in --set run.send_before=1s", "\"%s\" is not KEY=VALUE",
                     set);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - set), set);
    struct config_bank *bank = NULL;
    const char *key = name;
    const char *dot = strncmp(name, "banks.", 6) == 0 ? strchr(name + 6, '.') : NULL;
    if (dot != NULL) {
        snprintf(bank_name, sizeof bank_name, "%.*s", (int)(dot - name - 6), name + 6);
        bank = config_take_bank(reader, bank_name, &place);
        if (bank == NULL)
            return;
        key = dot + 1;
    }
    config_take(reader, bank, key, equals + 1, &place, &place);
}

static void read_flags(struct config_reader *reader)
{
    const struct config_sources *sources = reader->sources;
    struct config_place place = {.from = CONFIG_FROM_FLAG, .label = "--database"};
    for (size_t i = 0; sources->sets != NULL && sources->sets[i] != NULL; i++)
        read_set(reader, sources->sets[i]);
    if (sources->database != NULL)
        config_take(reader, NULL, "database", sources->database, &place, &place);
}

/* ---- what belongs together ---- */

/* Where a thing that is missing would stand: at the bank's name, or in the file as a whole. */
static struct config_place place_of(const struct config_reader *reader,
                                    const struct config_bank *bank)
{
    if (reader->sources->file == NULL || (bank != NULL && bank->line == 0))
        return (struct config_place){.from = CONFIG_FROM_FLAG, .label = "configuration"};
    return (struct config_place){
        .from = CONFIG_FROM_FILE,
        .line = bank != NULL ? bank->line : 1,
        .column = bank != NULL ? bank->column : 1,
    };
}

static void finish_bank(struct config_reader *reader, struct config_bank *bank)
{
    struct config_place place = place_of(reader, bank);
    bool complete = true;
    for (size_t i = 0; i < config_bank_key_count; i++) {
        const struct config_key *key = &config_bank_keys[i];
        if (key->required && *(char **)(void *)((char *)bank + key->offset) == NULL) {
            complete = false;
            config_error(reader, &place, key->help, "banks.%s.%s is missing", bank->name,
                         key->name);
        }
    }
    if (complete)
        config_split_url(bank);
    if (complete && reader->config->hold == 1 && bank->suspense_account == NULL)
        config_error(reader, &place, "or set run.hold: post",
                     "banks.%s.suspense_account is missing, and run.hold is transfer", bank->name);
}

/* Who is not heard of for stale_after may be taken over: about then it must give up by itself. */
static int64_t answer_within_of(const struct config *config)
{
    int64_t twice_ns = 2 * config->stale_after_ns;
    int64_t least_ns = 2 * (int64_t)NS_PER_S;
    return twice_ns > least_ns ? twice_ns : least_ns;
}

static void finish(struct config_reader *reader)
{
    struct config *config = reader->config;
    struct config_place place = place_of(reader, NULL);
    for (uint32_t i = 0; i < config->bank_count; i++)
        finish_bank(reader, &config->banks[i]);
    if (config->partitions == 0)
        config->partitions = config->lanes;
    if (config->answer_within_ns == 0)
        config->answer_within_ns = answer_within_of(config);
    if (config->retry_cap_ns < config->retry_base_ns)
        config_error(reader, &place, NULL, "run.retry_cap is below run.retry_base");
    if (config->stale_after_ns <= config->heartbeat_ns)
        config_error(reader, &place, NULL, "claim.stale_after must be more than claim.heartbeat");
    if (config->alive_ns <= config->heartbeat_ns)
        config_error(reader, &place, NULL, "run.alive must be more than claim.heartbeat");
}

/* A secret: from its file, else from the environment. False: reported. */
static char *read_secret(struct config_reader *reader, const char *what, const char *file,
                         const char *variable, enum config_from *from)
{
    const char *text = look_up(reader->sources->environment, variable);
    struct config_place place = {.from = CONFIG_FROM_FLAG, .label = what};
    char error[FILE_ERROR_BYTES];
    *from = text != NULL && text[0] != '\0' ? CONFIG_FROM_ENVIRONMENT
            : file != NULL                  ? CONFIG_FROM_FILE
                                            : CONFIG_FROM_DEFAULT;
    if (*from == CONFIG_FROM_ENVIRONMENT)
        return strdup(text);
    if (file == NULL)
        return NULL;
    char *path = file_beside(reader->sources->file, file);
    char *secret = file_read_secret(path, error);
    if (secret == NULL)
        config_error(reader, &place, NULL, "%s", error);
    free(path);
    return secret;
}

static void read_secrets(struct config_reader *reader)
{
    struct config *config = reader->config;
    config->database_password =
        read_secret(reader, "database_password_file", config->database_password_file,
                    "DAYBOOK_DATABASE_PASSWORD", &config->password_from);
    for (uint32_t i = 0; i < config->bank_count; i++) {
        struct config_bank *bank = &config->banks[i];
        char variable[CONFIG_VARIABLE_BYTES], what[64];
        config_variable(bank, "token", variable);
        snprintf(what, sizeof what, "banks.%s.token_file", bank->name);
        bank->token = read_secret(reader, what, bank->token_file, variable, &bank->token_from);
    }
}

static void set_defaults(struct config *config)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        void *member = (char *)config + key->offset;
        char error[VALUE_ERROR_BYTES];
        int64_t value;
        if (key->initial == NULL)
            continue;
        CHECK(value_parse(&key->rule, key->initial, &value, error));
        if (key->rule.kind == VALUE_TEXT)
            set_text(member, key->initial);
        else
            *(int64_t *)member = value;
    }
}

bool config_load(struct config *config, const struct config_sources *sources, FILE *errors)
{
    struct config_reader reader = {.config = config, .sources = sources, .errors = errors};
    set_defaults(config);
    if (sources->file != NULL) {
        set_text(&config->file, sources->file);
        config_read_file(&reader);
    }
    read_variables(&reader, NULL);
    for (uint32_t i = 0; i < config->bank_count; i++)
        read_variables(&reader, &config->banks[i]);
    read_flags(&reader);
    refuse_unknown_variables(&reader);
    if (reader.error_count == 0)
        finish(&reader);
    if (reader.error_count == 0)
        read_secrets(&reader);
    if (reader.error_count > 20)
        fprintf(errors, "… and %u more errors\n", reader.error_count - 20);
    return reader.error_count == 0;
}

/* ---- by the command's options ---- */

/* The file's name, or NULL for none; *must: it was asked for. */
static const char *choose_file(const struct job *job, bool *must)
{
    const char *name = job_text(job, "config");
    if (name == NULL)
        name = getenv("DAYBOOK_CONFIG");
    *must = name != NULL && name[0] != '\0';
    if (*must)
        return name;
    return access(DEFAULT_FILE, F_OK) == 0 ? DEFAULT_FILE : NULL;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
}

/* Every text of the environment that is a secret or holds one; /proc shows the very same bytes. */
static void wipe_environment(char **environment)
{
    for (char **at = environment; *at != NULL; at++) {
        char *value = strchr(*at, '=');
        size_t bytes = value == NULL ? 0 : (size_t)(value - *at);
        bool is_token = bytes > 20 && strncmp(*at, "DAYBOOK_BANKS_", 14) == 0 &&
                        strncmp(value - 6, "_TOKEN", 6) == 0;
        bool is_password = bytes == 25 && strncmp(*at, "DAYBOOK_DATABASE_PASSWORD", 25) == 0;
        bool holds_one = bytes == 16 && strncmp(*at, "DAYBOOK_DATABASE", 16) == 0 &&
                         config_has_password(value + 1);
        if (is_token || is_password || holds_one)
            wipe(value + 1);
    }
}

struct config *config_read(const struct job *job, FILE *errors, int *failure)
{
    struct config *config = calloc(1, sizeof *config);
    const char *sets[JOB_VALUES_MAX + 1] = {NULL};
    char error[FILE_ERROR_BYTES];
    bool must;
    CHECK(config != NULL);
    struct config_sources sources = {
        .file = choose_file(job, &must),
        .environment = environ,
        .sets = sets,
        .database = job_text(job, "database"),
    };
    for (size_t i = 0; i < JOB_VALUES_MAX; i++)
        sets[i] = job_text_at(job, "set", i);
    char *text = NULL;
    *failure = JOB_DONE;
    if (sources.file != NULL) {
        text = file_read(sources.file, CONFIG_FILE_BYTES_MAX, &sources.text_bytes, error);
        sources.text = text;
        if (text == NULL) {
            fprintf(errors, "%s\nhint: --config FILE or DAYBOOK_CONFIG names the file\n", error);
            sources.file = NULL;
            *failure = FAIL_CONFIG_FILE;
        }
    }
    if (!config_load(config, &sources, errors) && *failure == JOB_DONE)
        *failure = FAIL_CONFIG_VALUES;
    free(text);
    wipe_environment(environ);
    return config;
}

/* The first of them, in one line. */
static int tell_first(int failure, char *errors)
{
    char *hint = strstr(errors, "\nhint: ");
    if (hint != NULL) {
        hint[7 + strcspn(hint + 7, "\n")] = '\0';
        hint += 7;
    }
    errors[strcspn(errors, "\n")] = '\0';
    return job_fail(failure, hint, "%s", errors);
}

static int tell_all(const char *errors)
{
    fputs(errors, stderr);
    return job_fail(FAIL_CONFIG_VALUES, NULL, "the configuration has errors, as shown above");
}

struct config *config_open(const struct job *job, int *exit_code)
{
    char *text = NULL;
    size_t bytes;
    int failure;
    FILE *errors = open_memstream(&text, &bytes);
    CHECK(errors != NULL);
    struct config *config = config_read(job, errors, &failure);
    CHECK(fclose(errors) == 0);
    if (failure != JOB_DONE) {
        config_close(config);
        config = NULL;
        *exit_code = failure == FAIL_CONFIG_FILE || job_is_keeping() ? tell_first(failure, text)
                                                                     : tell_all(text);
    }
    free(text);
    return config;
}

static void free_secret(char *secret)
{
    wipe(secret);
    free(secret);
}

static void free_texts(void *owner, const struct config_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].rule.kind == VALUE_TEXT)
            free(*(char **)(void *)((char *)owner + keys[i].offset));
    }
}

void config_close(struct config *config)
{
    if (config == NULL)
        return;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        free_secret(config->banks[i].token);
        free_texts(&config->banks[i], config_bank_keys, config_bank_key_count);
    }
    free_secret(config->database_password);
    wipe(config->database); // one from the environment may hold a password
    free_texts(config, config_keys, config_key_count);
    free(config->file);
    free(config);
}

const struct config_bank *config_bank(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->bank_count; i++) {
        if (strcmp(config->banks[i].name, name) == 0)
            return &config->banks[i];
    }
    return NULL;
}

char *config_profile_path(const struct config *config, const struct config_bank *bank)
{
    char *beside = file_beside(config->file, bank->profile);
    if (access(beside, R_OK) == 0)
        return beside;
    char *folder = file_beside(config->file, config->profiles);
    char *shared = file_in(folder, bank->profile);
    free(folder);
    if (bank->profile[0] != '/' && access(shared, R_OK) == 0) {
        free(beside);
        return shared;
    }
    job_fail(FAIL_NO_PROFILE,
             "banks.NAME.profile is looked for beside the configuration file, "
             "then in the folder `profiles`",
             "bank %s: no profile at %s nor at %s", bank->name, beside, shared);
    free(beside);
    free(shared);
    return NULL;
}

static uint64_t over_ns(int64_t given, uint64_t otherwise)
{
    if (given == CONFIG_UNSET)
        return otherwise;
    return given == VALUE_NONE ? AT_NEVER : (uint64_t)given;
}

static uint32_t over_count(int64_t given, uint32_t otherwise)
{
    return given == CONFIG_UNSET ? otherwise : (uint32_t)given;
}

struct bank_rules config_rules(const struct config_bank *bank, const struct bank_rules *rules)
{
    struct bank_rules merged = *rules;
    merged.rate_per_s = over_count(bank->rate, rules->rate_per_s);
    merged.burst = over_count(bank->burst, rules->burst);
    merged.calls_max = over_count(bank->calls, rules->calls_max);
    merged.call_timeout_ns = over_ns(bank->call_timeout_ns, rules->call_timeout_ns);
    merged.processing_ns = over_ns(bank->processing_ns, rules->processing_ns);
    merged.linger_ns = over_ns(bank->linger_ns, rules->linger_ns);
    merged.repeat_delay_ns = over_ns(bank->repeat_delay_ns, rules->repeat_delay_ns);
    merged.poll_interval_ns = over_ns(bank->poll_interval_ns, rules->poll_interval_ns);
    merged.later_wait_ns = over_ns(bank->later_wait_ns, rules->later_wait_ns);
    merged.later_tries = over_count(bank->later_tries, rules->later_tries);
    return merged;
}

/* As core/doubt.c counts, after a start. */
uint64_t config_resolve_least_ns(const struct config *config, const struct bank_rules *rules)
{
    int64_t sent_within_ns =
        config->alive_ns < config->send_before_ns ? config->alive_ns : config->send_before_ns;
    uint64_t linger_ns = rules->linger_ns == AT_NEVER ? 0 : rules->linger_ns;
    return (uint64_t)sent_within_ns + linger_ns + rules->processing_ns;
}
