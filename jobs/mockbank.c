/* mockbank: a bank to rehearse on (engine/mock behind a port). */
#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/money.h"
#include "jobs/file.h"
#include "jobs/job.h"
#include "jobs/mockbank_accounts.h"
#include "jobs/mockbank_log.h"
#include "jobs/mockbank_server.h"

#define MILLION 1000000

struct mockbank {
    struct mock_settings settings;
    struct mockbank_setup setup;
    struct mockbank_accounts accounts;
    struct mockbank_past past;
    char host[64];
};

/* "127.0.0.1:8080" or "[::1]:8080". */
static bool read_address(struct mockbank *mockbank, const char *text)
{
    const char *colon = strrchr(text, ':');
    char *rest;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return false;
    unsigned long port = strtoul(colon + 1, &rest, 10);
    size_t bytes = (size_t)(colon - text);
    if (*rest != 0 || port > UINT16_MAX)
        return false;
    if (bytes > 2 && text[0] == '[' && text[bytes - 1] == ']') {
        text++;
        bytes -= 2;
    }
    if (bytes == 0 || bytes >= sizeof mockbank->host)
        return false;
    memcpy(mockbank->host, text, bytes);
    struct in6_addr unused;
    if (inet_pton(AF_INET, mockbank->host, &unused) != 1 &&
        inet_pton(AF_INET6, mockbank->host, &unused) != 1)
        return false;
    mockbank->setup.host = mockbank->host;
    mockbank->setup.port = (uint16_t)port;
    return true;
}

static uint32_t *fault_chance(struct mock_faults *faults, const char *name, size_t bytes)
{
    static const struct {
        const char *name;
        size_t at;
    } rows[] = {
#define X(name, field, strikes) {#field, offsetof(struct mock_faults, field)},
        MOCK_FAULT_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strlen(rows[i].name) == bytes && memcmp(rows[i].name, name, bytes) == 0)
            return (uint32_t *)(void *)((char *)faults + rows[i].at);
    return NULL;
}

/* "lost_after=20000" (in a million) or "lost_after=2%". */
static bool read_fault(struct mock_faults *faults, const char *text)
{
    const struct value_rule chance = {.kind = VALUE_CHANCE};
    char error[VALUE_ERROR_BYTES];
    int64_t per_million;
    const char *equals = strchr(text, '=');
    uint32_t *field = equals == NULL ? NULL : fault_chance(faults, text, (size_t)(equals - text));
    if (field == NULL)
        return false;
    if (!money_parse(equals + 1, strlen(equals + 1), &per_million) &&
        !value_parse(&chance, equals + 1, &per_million, error))
        return false;
    if (per_million > MILLION)
        return false;
    *field = (uint32_t)per_million;
    return true;
}

#define X(name, field, strikes) " " #field
#define FAULT_NAMES MOCK_FAULT_TABLE(X)

static int read_faults(struct mock_faults *faults, const struct job *job)
{
    const char *text;
    for (size_t i = 0; (text = job_text_at(job, "fault", i)) != NULL; i++)
        if (!read_fault(faults, text))
            return job_fail(JOB_USAGE,
                            "write NAME=N (in a million) or NAME=2%; the names:" FAULT_NAMES,
                            "--fault %s: not a fault with its chance", text);
    return JOB_DONE;
}

static int read_token(struct mock_settings *settings, const struct job *job)
{
    const char *file = job_text(job, "token-file");
    char error[FILE_ERROR_BYTES];
    if (file == NULL)
        return JOB_DONE;
    char *token = file_read_secret(file, error);
    if (token == NULL)
        return job_fail(JOB_BAD_CONFIG, NULL, "%s", error);
    size_t bytes = strlen(token);
    bool fits = bytes > 0 && bytes < sizeof settings->token;
    if (fits)
        memcpy(settings->token, token, bytes + 1);
    explicit_bzero(token, bytes);
    free(token);
    return fits ? JOB_DONE
                : job_fail(JOB_BAD_CONFIG, NULL, "%s: a token has 1 to 128 characters", file);
}

/* "" when it is not given; the accounts file says whether it is there. */
static bool read_account(char account[MOCK_ACCOUNT_BYTES], const char *text)
{
    size_t bytes = text == NULL ? 0 : strlen(text);
    if (bytes >= MOCK_ACCOUNT_BYTES || (text != NULL && bytes == 0))
        return false;
    memcpy(account, text == NULL ? "" : text, bytes + 1);
    return true;
}

static int read_options(struct mockbank *mockbank, const struct job *job)
{
    struct mock_settings *settings = &mockbank->settings;
    const char *currency = job_text(job, "currency");
    *settings = (struct mock_settings){
        .seed = (uint64_t)job_number(job, "seed"),
        .latency_ns = (uint64_t)job_number(job, "latency"),
        .latency_spread_ns = (uint64_t)job_number(job, "spread"),
        .slow_ns = (uint64_t)job_number(job, "slow"),
        .late_ns = (uint64_t)job_number(job, "late"),
        .settle_ns = (uint64_t)job_number(job, "settle"),
        .reverse_ns = (uint64_t)job_number(job, "reverse"),
        .lag_ns = (uint64_t)job_number(job, "lag"),
        .drip_ns = (uint64_t)job_number(job, "drip"),
        .key_lifetime_ns = (uint64_t)job_number(job, "key-lifetime"),
        .meter_per_s = (uint32_t)job_number(job, "meter-rate"),
        .meter_burst = (uint32_t)job_number(job, "meter-burst"),
        .fee_minor = job_number(job, "fee"),
        .rate_per_s = (uint32_t)job_number(job, "rate"),
        .burst = (uint32_t)job_number(job, "burst"),
        .transfers_max = (uint32_t)job_number(job, "transfers-max"),
    };
    if (strlen(currency) != 3 || money_exponent(currency) < 0)
        return job_fail(JOB_USAGE, NULL, "--currency %s: not a currency that daybook knows",
                        currency);
    memcpy(settings->currency, currency, sizeof settings->currency);
    mockbank->setup.book = job_text(job, "book");
    mockbank->setup.arrivals_from_ns = (uint64_t)job_number(job, "arrivals-from");
    if (!read_account(settings->pool_account, job_text(job, "pooled")) ||
        !read_account(settings->fee_account, job_text(job, "fee-account")))
        return job_fail(JOB_USAGE, NULL, "--pooled, --fee-account: an account has 1 to 40 letters");
    if (!read_address(mockbank, job_text(job, "listen")))
        return job_fail(JOB_USAGE, "for example --listen 127.0.0.1:8080",
                        "--listen %s: not a numeric address with a port", job_text(job, "listen"));
    int exit_code = read_faults(&settings->faults, job);
    return exit_code == JOB_DONE ? read_token(settings, job) : exit_code;
}

/* The bank as the log left it. */
static int open_bank(struct mockbank *mockbank)
{
    struct mockbank_setup *setup = &mockbank->setup;
    struct mockbank_past *past = &mockbank->past;
    char error[MOCKBANK_ERROR_BYTES];
    if (setup->log != NULL && !mockbank_log_past(setup->log, past, error))
        return job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    mockbank->settings.accounts_max = mockbank->accounts.account_count;
    // Each life draws its own faults, or a restarted bank would begin its bad luck anew.
    mockbank->settings.seed += past->starts;
    setup->bank = mock_bank_open(&mockbank->settings);
    if (setup->bank == NULL)
        return job_fail(FAIL_NO_MEMORY, "ask for fewer with --transfers-max",
                        "no memory for a book of %u transfers", mockbank->settings.transfers_max);
    if (!mockbank_accounts_enter(&mockbank->accounts, setup->bank, error))
        return job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    int64_t unused_minor;
    const char *fee_account = mockbank->settings.fee_account;
    if (fee_account[0] != 0 && !mock_bank_balance(setup->bank, fee_account, &unused_minor))
        return job_fail(JOB_BAD_INPUT, "add it to the accounts file",
                        "--fee-account %s: there is no such account", fee_account);
    if (setup->log != NULL && !mockbank_log_replay(setup->log, setup->bank, past, error))
        return job_fail(JOB_BAD_INPUT, "was it kept with this --accounts file?", "%s", error);
    return JOB_DONE;
}

static void print_meter(const struct mock_bank *bank)
{
    struct mock_meter meter;
    mock_bank_meter(bank, &meter);
    if (meter.per_s > 0)
        printf("arrivals: at most %" PRIu64 " beyond %u/s in any window, %u allowed: %" PRIu64
               " over\n",
               meter.most, meter.per_s, meter.burst, meter.over);
}

static int serve(struct mockbank *mockbank)
{
    struct mockbank_setup *setup = &mockbank->setup;
    char error[MOCKBANK_ERROR_BYTES];
    uint64_t over_limit;
    setup->past = &mockbank->past;
    struct mockbank_server *server = mockbank_server_open(setup, error);
    if (server == NULL)
        return job_fail(FAIL_ADDRESS_TAKEN, "is another process listening there?", "%s", error);
    bool is_v6 = strchr(setup->host, ':') != NULL;
    printf("listening on %s%s%s:%u\n", is_v6 ? "[" : "", setup->host, is_v6 ? "]" : "",
           mockbank_server_port(server));
    fflush(stdout);
    bool is_good = mockbank_server_run(server, error);
    uint64_t held_ns = mockbank_server_held_ns(server);
    mockbank_server_close(server);
    uint64_t calls = mock_bank_calls(setup->bank, &over_limit);
    printf("served %" PRIu64 " calls, %" PRIu64 " over the limit, %u transfers in the book\n",
           calls, over_limit, mock_bank_transfer_count(setup->bank));
    print_meter(setup->bank);
    printf("held answers back for %" PRIu64 " ns in all\n", held_ns);
    return is_good ? JOB_DONE : job_fail(JOB_TRY_AGAIN, NULL, "%s", error);
}

int job_mockbank(struct job *job)
{
    struct mockbank mockbank = {.setup.accounts = &mockbank.accounts};
    char error[MOCKBANK_ERROR_BYTES];
    if (job_flag(job, "die-with-parent"))
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int exit_code = read_options(&mockbank, job);
    if (exit_code == JOB_DONE &&
        !mockbank_accounts_load(&mockbank.accounts, job_text(job, "accounts"), error))
        exit_code = job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    if (exit_code == JOB_DONE && job_text(job, "log") != NULL) {
        mockbank.setup.log = mockbank_log_open(job_text(job, "log"), error);
        if (mockbank.setup.log == NULL)
            exit_code = job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    }
    if (exit_code == JOB_DONE)
        exit_code = open_bank(&mockbank);
    if (exit_code == JOB_DONE)
        exit_code = serve(&mockbank);
    mockbank_log_close(mockbank.setup.log);
    mock_bank_close(mockbank.setup.bank);
    mockbank_accounts_free(&mockbank.accounts);
    return exit_code;
}
