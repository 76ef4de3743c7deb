/* The table of configuration keys; everything about a key stands in its row. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/limits.h"
#include "jobs/config.h"
#include "jobs/config_url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS INT64_C(1000000)
#define S (1000 * MS)
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

#define TEXT                                                                                       \
    {                                                                                              \
        .kind = VALUE_TEXT                                                                         \
    }
#define INTEGER(low, high)                                                                         \
    {                                                                                              \
        .kind = VALUE_INTEGER, .least = (low), .most = (high)                                      \
    }
#define DURATION(low, high)                                                                        \
    {                                                                                              \
        .kind = VALUE_DURATION, .least = (low), .most = (high)                                     \
    }
#define CHOICE(words)                                                                              \
    {                                                                                              \
        .kind = VALUE_CHOICE, .choices = (words)                                                   \
    }
#define AT(member) offsetof(struct config, member)
#define BANK_AT(member) offsetof(struct config_bank, member)

/* An account number, as profiles may put it into a path or a body. */
static bool check_account(const char *text, char error[VALUE_ERROR_BYTES])
{
    size_t bytes = strlen(text);
    bool fits = bytes > 0 && bytes <= ACCOUNT_TEXT_MAX;
    for (size_t i = 0; i < bytes && fits; i++)
        fits = config_is_account_byte(text[i]);
    if (!fits)
        snprintf(error, VALUE_ERROR_BYTES,
                 "an account number is 1 to %d letters, digits and hyphens", ACCOUNT_TEXT_MAX);
    return fits;
}

const struct config_key config_keys[] = {
    {"database", TEXT, NULL, AT(database), false, config_check_database,
     "where Postgres is: host=… dbname=… user=… or postgresql://…, without a password"},
    {"database_password_file", TEXT, NULL, AT(database_password_file), false, NULL,
     "file (mode 0600) with the password; or DAYBOOK_DATABASE_PASSWORD in the environment"},
    {"time_zone", TEXT, "UTC", AT(time_zone), false, NULL,
     "in which --deadline, --date today and the times of forecasts are meant"},
    {"profiles", TEXT, "/usr/share/daybook/banks", AT(profiles), false, NULL,
     "folder of bank profiles that do not lie beside this file"},
    {"state_folder", TEXT, NULL, AT(state_folder), false, NULL,
     "remembers where each ledger ended, to notice an older copy of the database; none: does not "
     "[$XDG_STATE_HOME/daybook]"},
    {"run.lanes", INTEGER(1, PARTITIONS_MAX), "1", AT(lanes), false, NULL,
     "threads that work at once, each on whole partitions of the batch"},
    {"run.partitions", INTEGER(1, PARTITIONS_MAX), NULL, AT(partitions), false, NULL,
     "partitions that an import plans; fixed when the batch begins [run.lanes]"},
    {"run.slots", INTEGER(1, SLOTS_MAX), "16384", AT(slots), false, NULL,
     "settlements under way at once, all partitions together"},
    {"run.chunk_records", INTEGER(1, CHUNK_RECORDS_MAX), "16000", AT(chunk_records), false, NULL,
     "a chunk closes at so many records"},
    {"run.chunk_delay", DURATION(MS, 10 * S), "50ms", AT(chunk_delay_ns), false, NULL,
     "… or so long after its first record"},
    {"run.send_before", DURATION(100 * MS, HOUR), "10s", AT(send_before_ns), false, NULL,
     "how long a written intent permits its send"},
    {"run.resolve_wait", DURATION(0, 7 * DAY), "15min", AT(resolve_wait_ns), false, NULL,
     "how long a run waits for transfers in doubt"},
    {"run.drain", DURATION(0, HOUR), "30s", AT(drain_ns), false, NULL,
     "how long a stopped run waits for answers"},
    {"run.alive", DURATION(100 * MS, HOUR), "5s", AT(alive_ns), false, NULL,
     "no call to a bank when the database was silent for so long"},
    {"run.retry_base", DURATION(MS, HOUR), "200ms", AT(retry_base_ns), false, NULL,
     "first wait after a failed call; doubles"},
    {"run.retry_cap", DURATION(MS, HOUR), "30s", AT(retry_cap_ns), false, NULL, "… up to this"},
    {"run.poll_tries", INTEGER(1, 1000), "5", AT(poll_tries), false, NULL,
     "failed balance calls in a row before an account waits again"},
    {"run.chunk_tries", INTEGER(1, 1000), "10", AT(chunk_tries), false, NULL,
     "times a chunk is tried when the database asks to"},
    {"run.closing_check", CHOICE("all|sample|off"), "all", AT(closing_check), false, NULL,
     "whose balance is read once more at the end"},
    {"run.over", CHOICE("park|pay"), "park", AT(over), false, NULL,
     "a deposit of more than 1.5 times what was expected"},
    {"run.hold", CHOICE("post|transfer"), "post", AT(hold), false, NULL,
     "keep the hold in the account, or move it to the suspense account"},
    {"run.unhold", CHOICE("no|yes"), "no", AT(unhold), false, NULL,
     "give back, with this batch's payouts, what was held in the accounts before"},
    {"run.collect_rejected", CHOICE("park|compensate"), "park", AT(collect_rejected), false, NULL,
     "what to do when a person would have to decide about a rejected collect"},
    {"run.hold_rejected", CHOICE("park|compensate"), "park", AT(hold_rejected), false, NULL,
     "… about a rejected hold: compensate undoes the collect"},
    {"run.payout_rejected", CHOICE("park|compensate"), "park", AT(payout_rejected), false, NULL,
     "… about a rejected payout: compensate undoes hold and collect"},
    {"run.restarts", INTEGER(0, 1000), "3", AT(restarts), false, NULL,
     "times a run starts over when it loses the database"},
    {"run.database_wait", DURATION(0, DAY), "1min", AT(database_wait_ns), false, NULL,
     "how long a new start waits for a database that is down"},
    {"run.progress_every", DURATION(100 * MS, HOUR), "30s", AT(progress_every_ns), false, NULL,
     "a plain progress line so often, where stderr is no terminal"},
    {"run.io", CHOICE("auto|uring|epoll"), "auto", AT(io), false, NULL,
     "how sockets are driven: by io_uring, or by epoll; auto: by epoll where io_uring is blocked"},
    {"claim.lock_wait", DURATION(0, HOUR), "3s", AT(lock_wait_ns), false, NULL,
     "how long a start waits for another run of the batch"},
    {"claim.stale_after", DURATION(100 * MS, DAY), "30s", AT(stale_after_ns), false, NULL,
     "a heartbeat older than this may be taken over"},
    {"claim.heartbeat", DURATION(10 * MS, HOUR), "1s", AT(heartbeat_ns), false, NULL,
     "how often a run says that it lives"},
    {"claim.answer_within", DURATION(2 * S, DAY), NULL, AT(answer_within_ns), false, NULL,
     "a database session that answers nothing for so long is lost [2 x stale_after, 2s at least]"},
    {"claim.login", CHOICE("warn|refuse|any"), "warn", AT(login), false, NULL,
     "what to do where the database login is a superuser or owns the schema"},
};
const size_t config_key_count = COUNT(config_keys);

const struct config_key config_bank_keys[] = {
    {"profile", TEXT, NULL, BANK_AT(profile), true, NULL, "file of the bank's profile"},
    {"url", TEXT, NULL, BANK_AT(url), true, config_check_url, "http://host:port[/prefix]"},
    {"token_file", TEXT, NULL, BANK_AT(token_file), false, NULL,
     "file (mode 0600) with the bearer token; or DAYBOOK_BANKS_NAME_TOKEN in the environment"},
    {"collection_account", TEXT, NULL, BANK_AT(collection_account), true, check_account,
     "where repayments go"},
    {"suspense_account", TEXT, NULL, BANK_AT(suspense_account), false, check_account,
     "where holds go with run.hold: transfer"},
    {"pool_account", TEXT, NULL, BANK_AT(pool_account), false, check_account,
     "what the virtual accounts share, where the profile says pooled"},
    {"connections", INTEGER(1, CALLS_MAX), NULL, BANK_AT(connections), false, NULL,
     "connections at most; fewer than calls: so many calls"},
    {"rate", INTEGER(1, 1000000), NULL, BANK_AT(rate), false, NULL, "calls a second"},
    {"burst", INTEGER(1, 65536), NULL, BANK_AT(burst), false, NULL, "calls at once after silence"},
    {"calls", INTEGER(1, CALLS_MAX), NULL, BANK_AT(calls), false, NULL, "calls in flight"},
    {"poll_interval", DURATION(MS, DAY), NULL, BANK_AT(poll_interval_ns), false, NULL,
     "least wait between two polls of an account"},
    {"processing_time", DURATION(0, 30 * DAY), NULL, BANK_AT(processing_ns), false, NULL,
     "the longest the bank works on a request"},
    {"linger", DURATION(0, VALUE_NONE), NULL, BANK_AT(linger_ns), false, NULL,
     "the longest a connection delivers after the send was permitted; never: unknown"},
    {"call_timeout", DURATION(10 * MS, HOUR), NULL, BANK_AT(call_timeout_ns), false, NULL,
     "an answer later than this is in doubt"},
    {"repeat_delay", DURATION(0, DAY), NULL, BANK_AT(repeat_delay_ns), false, NULL,
     "least wait before the same key is sent again"},
    {"later_wait", DURATION(0, DAY), NULL, BANK_AT(later_wait_ns), false, NULL,
     "wait after \"rejected, later\""},
    {"later_tries", INTEGER(1, GENERATIONS_MAX), NULL, BANK_AT(later_tries), false, NULL,
     "transfers tried by itself before it parks"},
};
const size_t config_bank_key_count = COUNT(config_bank_keys);

static void print_key(FILE *out, const char *prefix, const struct config_key *key)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, key->name);
    fprintf(out, "  %-28s %s", name, key->help);
    if (key->rule.kind == VALUE_CHOICE)
        fprintf(out, " (%s)", key->rule.choices);
    if (key->initial != NULL)
        fprintf(out, " [%s]", key->initial);
    fprintf(out, "%s\n", key->required ? " (required)" : "");
}

void config_print_help(FILE *out)
{
    fprintf(out, "\nconfiguration (flag > DAYBOOK_SECTION_KEY > file > default):\n");
    for (size_t i = 0; i < config_key_count; i++)
        print_key(out, "", &config_keys[i]);
    fprintf(out, "\nof each bank (what is not given is the profile's):\n");
    for (size_t i = 0; i < config_bank_key_count; i++)
        print_key(out, "banks.NAME.", &config_bank_keys[i]);
}
