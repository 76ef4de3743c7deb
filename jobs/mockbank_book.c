#include "jobs/mockbank_book.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

static void write_transfers(const struct mock_bank *bank, FILE *stream)
{
    uint32_t count = mock_bank_transfer_count(bank);
    fputs("key,from,to,amount_minor,state,bank_ref,at_us\n", stream);
    for (uint32_t i = 0; i < count; i++) {
        const struct mock_transfer *transfer = mock_bank_transfer(bank, i);
        const char *state = transfer->accepted             ? "accepted"
                            : transfer->reversed_at_ns > 0 ? "reversed"
                                                           : "rejected";
        fprintf(stream, "%s,%s,%s,%" PRId64 ",%s,tr_%" PRIu64 ",%" PRIu64 "\n", transfer->key,
                transfer->from, transfer->to, transfer->amount_minor, state, transfer->id,
                transfer->done_at_ns / NS_PER_US);
    }
}

static void write_accounts(const struct mock_bank *bank, FILE *stream)
{
    static const char *const words[] = {
        [MOCK_ACCOUNT_OPEN] = "open",
        [MOCK_ACCOUNT_STOPPED] = "stopped",
        [MOCK_ACCOUNT_CLOSED] = "closed",
        [MOCK_ACCOUNT_POOLED] = "pooled",
    };
    fputs("account,balance_minor,state\n", stream);
    for (uint32_t i = 0; i < mock_bank_account_count(bank); i++) {
        int64_t balance_minor;
        enum mock_account_state state;
        const char *account = mock_bank_account_at(bank, i, &balance_minor, &state);
        fprintf(stream, "%s,%" PRId64 ",%s\n", account, balance_minor, words[state]);
    }
}

static void write_meter(const struct mock_bank *bank, FILE *stream)
{
    struct mock_meter meter;
    mock_bank_meter(bank, &meter);
    fprintf(stream, "calls,rate_per_s,burst,most,over\n%" PRIu64 ",%u,%u,%" PRIu64 ",%" PRIu64 "\n",
            meter.calls, meter.per_s, meter.burst, meter.most, meter.over);
}

static bool write_whole(const struct mock_bank *bank, const char *file,
                        void (*write_rows)(const struct mock_bank *bank, FILE *stream))
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.new", file) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *stream = fopen(beside, "we");
    if (stream == NULL)
        return false;
    write_rows(bank, stream);
    bool is_good = fflush(stream) == 0 && ferror(stream) == 0;
    is_good = fclose(stream) == 0 && is_good;
    is_good = is_good && rename(beside, file) == 0;
    if (!is_good)
        (void)unlink(beside);
    return is_good;
}

static bool write_beside(const struct mock_bank *bank, const char *file, const char *suffix,
                         void (*write_rows)(const struct mock_bank *bank, FILE *stream))
{
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s%s", file, suffix) >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return false;
    }
    return write_whole(bank, name, write_rows);
}

bool mockbank_book_write(const struct mock_bank *bank, const char *file)
{
    // The transfers come last: who waits for FILE finds all three.
    return write_beside(bank, file, ".accounts", write_accounts) &&
           write_beside(bank, file, ".meter", write_meter) &&
           write_whole(bank, file, write_transfers);
}
