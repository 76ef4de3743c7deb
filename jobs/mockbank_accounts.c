#include "jobs/mockbank_accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/time.h"
#include "jobs/file.h"
#include "jobs/value.h"

#define FILE_BYTES_MAX (UINT64_C(1) << 30)
#define FIELDS_MAX (3 + 2 * MOCKBANK_DEPOSITS_MAX)

/* Fields of one line, cut in place; FIELDS_MAX + 1 where there are more. */
static uint32_t split(char *line, char *fields[FIELDS_MAX])
{
    uint32_t count = 0;
    for (char *rest = line, *field; (field = strsep(&rest, ",")) != NULL; count++) {
        if (count == FIELDS_MAX)
            return FIELDS_MAX + 1;
        fields[count] = field;
    }
    return count;
}

static bool read_state(const char *text, enum mock_account_state *state)
{
    static const char *const words[] = {
        [MOCK_ACCOUNT_OPEN] = "open",
        [MOCK_ACCOUNT_STOPPED] = "stopped",
        [MOCK_ACCOUNT_CLOSED] = "closed",
        [MOCK_ACCOUNT_POOLED] = "pooled",
    };
    for (int i = MOCK_ACCOUNT_OPEN; i <= MOCK_ACCOUNT_POOLED; i++) {
        if (strcmp(text, words[i]) == 0) {
            *state = (enum mock_account_state)i;
            return true;
        }
    }
    return false;
}

/* An absent or empty field is 0. */
static bool read_number(char *fields[FIELDS_MAX], uint32_t count, uint32_t i, int64_t *number)
{
    *number = 0;
    return i >= count || fields[i][0] == 0 || money_parse(fields[i], strlen(fields[i]), number);
}

/* A number of ms, or a duration with its unit; an absent or empty field is 0. */
static bool read_after(char *fields[FIELDS_MAX], uint32_t count, uint32_t i, uint64_t *after_ns)
{
    const struct value_rule rule = {.kind = VALUE_DURATION, .most = INT32_MAX * (int64_t)NS_PER_MS};
    char error[VALUE_ERROR_BYTES];
    int64_t number;
    if (read_number(fields, count, i, &number)) {
        *after_ns = (uint64_t)number * NS_PER_MS;
        return number <= INT32_MAX;
    }
    bool good = value_parse(&rule, fields[i], &number, error);
    *after_ns = good ? (uint64_t)number : 0;
    return good;
}

/* NULL, or what is wrong with them. */
static const char *read_deposits(struct mockbank_accounts *accounts, char *fields[FIELDS_MAX],
                                 uint32_t count)
{
    int64_t deposit_minor;
    uint64_t after_ns;
    for (uint32_t i = 3; i < count; i += 2) {
        if (!read_number(fields, count, i, &deposit_minor))
            return "deposit_minor is not an amount";
        if (!read_after(fields, count, i + 1, &after_ns))
            return "arrives_after_ms is not a number of milliseconds, nor a time with its unit";
        if (deposit_minor > 0)
            accounts->deposits[accounts->deposit_count++] = (struct mockbank_deposit){
                .account = accounts->account_count,
                .amount_minor = deposit_minor,
                .after_ns = after_ns,
            };
    }
    return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct mockbank_accounts *accounts, char *line)
{
    char *fields[FIELDS_MAX];
    uint32_t count = split(line, fields);
    struct mockbank_account *account = &accounts->accounts[accounts->account_count];
    if (count < 3 || count > FIELDS_MAX)
        return "needs account,balance_minor,state[,deposit_minor[,arrives_after_ms]]…, with at "
               "most 4 deposits";
    if (fields[0][0] == 0 || strlen(fields[0]) >= sizeof account->account)
        return "the account has to have 1 to 40 characters";
    memcpy(account->account, fields[0], strlen(fields[0]) + 1);
    if (fields[1][0] == 0 || !read_number(fields, count, 1, &account->balance_minor))
        return "balance_minor is not an amount";
    if (!read_state(fields[2], &account->state))
        return "state is not open, stopped, closed or pooled";
    const char *wrong = read_deposits(accounts, fields, count);
    accounts->account_count++;
    return wrong;
}

static uint32_t count_lines(const char *text)
{
    uint32_t count = 1;
    while ((text = strchr(text, '\n')) != NULL) {
        text++;
        count++;
    }
    return count;
}

static bool read_lines(struct mockbank_accounts *accounts, const char *file, char *text,
                       char error[MOCKBANK_ERROR_BYTES])
{
    uint32_t number = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        size_t bytes = strlen(line);
        number++;
        if (bytes > 0 && line[bytes - 1] == '\r')
            line[--bytes] = 0;
        if (bytes == 0 || (number == 1 && strncmp(line, "account,", 8) == 0))
            continue;
        const char *wrong = read_line(accounts, line);
        if (wrong != NULL) {
            snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s:%u: %s", file, number, wrong);
            return false;
        }
    }
    if (accounts->account_count == 0)
        snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: holds no account", file);
    return accounts->account_count > 0;
}

static int by_arrival(const void *a, const void *b)
{
    const struct mockbank_deposit *x = a, *y = b;
    if (x->after_ns != y->after_ns)
        return x->after_ns < y->after_ns ? -1 : 1;
    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    return x->amount_minor < y->amount_minor ? -1 : x->amount_minor > y->amount_minor;
}

bool mockbank_accounts_load(struct mockbank_accounts *accounts, const char *file,
                            char error[MOCKBANK_ERROR_BYTES])
{
    size_t bytes;
    char file_error[FILE_ERROR_BYTES];
    *accounts = (struct mockbank_accounts){0};
    char *text = file_read(file, FILE_BYTES_MAX, &bytes, file_error);
    if (text == NULL) {
        snprintf(error, MOCKBANK_ERROR_BYTES, "%.*s", MOCKBANK_ERROR_BYTES - 1, file_error);
        return false;
    }
    uint32_t line_count = count_lines(text);
    accounts->accounts = calloc(line_count, sizeof *accounts->accounts);
    accounts->deposits =
        calloc((size_t)line_count * MOCKBANK_DEPOSITS_MAX, sizeof *accounts->deposits);
    CHECK(accounts->accounts != NULL && accounts->deposits != NULL);
    bool is_good = strlen(text) == bytes;
    if (!is_good)
        snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: holds a NUL byte", file);
    is_good = is_good && read_lines(accounts, file, text, error);
    free(text);
    qsort(accounts->deposits, accounts->deposit_count, sizeof *accounts->deposits, by_arrival);
    return is_good;
}

void mockbank_accounts_free(struct mockbank_accounts *accounts)
{
    free(accounts->accounts);
    free(accounts->deposits);
    *accounts = (struct mockbank_accounts){0};
}

bool mockbank_accounts_enter(const struct mockbank_accounts *accounts, struct mock_bank *bank,
                             char error[MOCKBANK_ERROR_BYTES])
{
    for (uint32_t i = 0; i < accounts->account_count; i++) {
        const struct mockbank_account *account = &accounts->accounts[i];
        if (mock_bank_account(bank, account->account, account->balance_minor, account->state))
            continue;
        snprintf(
            error, MOCKBANK_ERROR_BYTES,
            "account %s: is there twice, is not letters, digits and ._-, is too much money, or "
            "is pooled without the account that --pooled names before it",
            account->account);
        return false;
    }
    return true;
}
