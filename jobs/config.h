/*
 * config: what an installation decides, from one YAML file, the environment and flags.
 *
 * Precedence: flag > environment > file > default. Every key stands in one table (config_keys.c),
 * from which the parser, `--help` and the messages come. A wrong key or value is an error that
 * names where it stands. Secrets come from files (mode 0600) or the environment only.
 *
 * A resource: config_open reads everything, config_close wipes secrets and frees.
 */
#ifndef DAYBOOK_JOBS_CONFIG_H
#define DAYBOOK_JOBS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bank_rules.h"
#include "base/transfer.h"
#include "jobs/job.h"

#define CONFIG_UNSET INT64_C(-1) /* a bank's rule that is left to its profile */
#define CONFIG_FILE_BYTES_MAX (1U << 20)
#define CONFIG_HOST_MAX 255
#define CONFIG_VARIABLE_BYTES 128

#define CONFIG_KEYS_MAX 96      /* general keys */
#define CONFIG_BANK_KEYS_MAX 32 /* of a bank */

/* Where a value comes from, for `config show`. */
enum config_from {
    CONFIG_FROM_DEFAULT,
    CONFIG_FROM_FILE,
    CONFIG_FROM_ENVIRONMENT,
    CONFIG_FROM_FLAG
};

struct config_origin {
    enum config_from from;
    int line, column; /* file: from 1 */
    const char *flag; /* flag: "--set", "--database" */
};

struct config_bank {
    char name[BANK_TEXT_MAX + 1];
    int line, column; /* where its name stands in the file; 0: it came otherwise */
    char *profile;    /* as written */
    char *url;        /* http://host:port[/prefix] */
    char host[CONFIG_HOST_MAX + 1];
    uint16_t port;
    char *path_prefix; /* points into url: "" or "/…", without a slash at its end */
    char *token_file;
    char *token; /* secret; NULL: none */
    char *collection_account;
    char *suspense_account;
    char *pool_account;
    int64_t connections;
    /* CONFIG_UNSET: the profile's */
    int64_t rate, burst, calls;
    int64_t poll_interval_ns, processing_ns, linger_ns, call_timeout_ns, repeat_delay_ns;
    int64_t later_wait_ns, later_tries;
    struct config_origin origins[CONFIG_BANK_KEYS_MAX]; /* by index of the table of keys */
    enum config_from token_from;
};

struct config {
    char *file;     /* NULL: none was read */
    char *database; /* conninfo as given, NULL: none */
    char *database_password_file;
    char *database_password; /* secret */
    char *time_zone;
    char *profiles;
    char *state_folder; /* NULL: not given */
    int64_t lanes, partitions;
    int64_t slots, chunk_records, chunk_delay_ns, send_before_ns, resolve_wait_ns, drain_ns;
    int64_t alive_ns, retry_base_ns, retry_cap_ns, poll_tries, chunk_tries;
    int64_t closing_check;                                    /* enum closing_check */
    int64_t over;                                             /* enum over_policy */
    int64_t hold;                                             /* 0 post, 1 transfer */
    int64_t unhold;                                           /* 0 no, 1 yes */
    int64_t collect_rejected, hold_rejected, payout_rejected; /* 0 park, 1 compensate */
    int64_t restarts, database_wait_ns, progress_every_ns;
    int64_t io; /* enum ring_io */
    int64_t lock_wait_ns, stale_after_ns, heartbeat_ns;
    int64_t answer_within_ns;
    int64_t login;                                 /* enum config_login */
    struct config_origin origins[CONFIG_KEYS_MAX]; /* by index of the table of keys */
    enum config_from password_from;
    uint32_t bank_count;
    struct config_bank banks[BANKS_MAX];
};

/* What becomes of a login that may do more than an engine must. */
enum config_login { CONFIG_LOGIN_WARN, CONFIG_LOGIN_REFUSE, CONFIG_LOGIN_ANY };

/* One row of the table. */
struct config_key {
    const char *name; /* "run.slots"; of a bank: "rate" */
    struct value_rule rule;
    const char *initial; /* NULL: none */
    size_t offset;       /* of a char * (VALUE_TEXT) or an int64_t in its struct */
    bool required;
    /* Further check of a text. False: `error` says what is wrong. NULL: none. */
    bool (*check)(const char *text, char error[VALUE_ERROR_BYTES]);
    const char *help;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;
extern const struct config_key config_bank_keys[];
extern const size_t config_bank_key_count;

/* Where values come from; members may be NULL. */
struct config_sources {
    const char *file; /* its name, for messages and relative paths */
    const char *text; /* the file's whole text */
    size_t text_bytes;
    char **environment;      /* like environ */
    const char *const *sets; /* "key=value", ended by NULL */
    const char *database;    /* --database */
};

/* False: every error (at most 20, then their count) was written to `errors`. */
MUST_USE bool config_load(struct config *config, const struct config_sources *sources,
                          FILE *errors);

/* Read by the command's options. Where something is wrong (told to `errors`), *failure says which,
   and the rest is there: for `doctor`. */
struct config *config_read(const struct job *job, FILE *errors, int *failure);
/* The same, for all others; on errors NULL, and *exit_code says which. */
struct config *config_open(const struct job *job, int *exit_code);
void config_close(struct config *config);

const struct config_bank *config_bank(const struct config *config, const char *name);
/* Where the bank's profile lies: beside the configuration file, else in `profiles`. To be freed.
   NULL: nowhere, and the error was printed. */
char *config_profile_path(const struct config *config, const struct config_bank *bank);
/* The profile's rules, with what the configuration states over them. */
struct bank_rules config_rules(const struct config_bank *bank, const struct bank_rules *rules);

/* run.resolve_wait must be more: only after so long does a bank's "not found" prove anything. */
uint64_t config_resolve_least_ns(const struct config *config, const struct bank_rules *rules);

/* The variable of a key: DAYBOOK_SECTION_KEY; of a bank's (`bank` not NULL) DAYBOOK_BANKS_NAME_KEY.
 */
void config_variable(const struct config_bank *bank, const char *name,
                     char variable[CONFIG_VARIABLE_BYTES]);

/* The keys, for --help. */
void config_print_help(FILE *out);

#endif
