/* resolve: a person's word about a transfer in doubt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "jobs/request.h"

static const char *const steps[] = {"", "deposit", "collect", "hold", "payout", "closing"};

/* The words of the command line, and of the table. */
static const struct {
    const char *word, *kind;
} words[] = {{"paid", "paid"}, {"paid-by-hand", "paid_by_hand"}, {"not-paid", "not_paid"}};

static const char *kind_of(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].kind;
    }
    job_fail(JOB_USAGE,
             "as in: daybook resolve A17 paid --bank-ref R123 --reason 'seen in the book'",
             "%s is none of paid, paid-by-hand, not-paid", word);
    return NULL;
}

/* A number up to the end of the text or to a dot; advances. */
static bool read_number(const char **text, uint16_t *number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long value = strtoul(*text, &end, 10);
    *text = end;
    *number = (uint16_t)value;
    return value <= INT16_MAX;
}

/* "payout.1.0": step, generation, attempts, as `explain` writes them; an undo begins with "undo-".
 */
static bool read_seen(const char *text, struct request *request)
{
    request->transfer = strncmp(text, "undo-", 5) == 0;
    text += request->transfer ? 5 : 0;
    size_t bytes = strcspn(text, ".");
    for (uint8_t i = 1; i < sizeof steps / sizeof steps[0]; i++) {
        if (strlen(steps[i]) == bytes && memcmp(steps[i], text, bytes) == 0)
            request->step = i;
    }
    text += bytes;
    bool is_whole = *text++ == '.' && read_number(&text, &request->generation) && *text == '.';
    if (is_whole) {
        text++;
        is_whole = read_number(&text, &request->attempts) && *text == '\0';
    }
    return is_whole && request->step != 0 && request->generation >= 1;
}

static int take_seen(const struct run *run, const struct request_target *target,
                     struct request *request)
{
    const char *seen = job_text(run->job, "seen");
    if (seen != NULL && !read_seen(seen, request))
        return job_fail(JOB_USAGE, "as in: --seen payout.1.0 (step, generation, attempts)",
                        "--seen: %s is no transfer", seen);
    if (seen == NULL) {
        request->step = target->transfer_step;
        request->transfer = target->transfer_kind;
        request->generation = target->generation;
        request->attempts = target->attempts;
    }
    return JOB_DONE;
}

static int check_reference(const char *kind, const char *bank_ref)
{
    size_t bytes = bank_ref == NULL ? 0 : strlen(bank_ref);
    if (strcmp(kind, "not_paid") != 0 && bytes == 0)
        return job_fail(JOB_USAGE, "--bank-ref is where anybody finds it in the bank's book",
                        "what was paid has a reference at the bank");
    if (bytes > BANK_REF_MAX || (bytes > 0 && !text_is_clean(bank_ref, bytes)))
        return job_fail(JOB_USAGE, NULL, "--bank-ref takes at most %d bytes of text", BANK_REF_MAX);
    return JOB_DONE;
}

static void tell_transfer(const struct request_target *target)
{
    char amount[MONEY_TEXT_BYTES];
    fprintf(stderr, "%s %s, account %s: %s%s.%u.%u of %s %s\n", target->cohort, target->date,
            target->account_ref, target->transfer_kind == 1 ? "undo-" : "",
            steps[target->transfer_step], target->generation, target->attempts,
            money_format(target->amount_minor, amount), target->currency);
}

static int resolve(struct run *run)
{
    const char *account_ref = job_operand(run->job, 0);
    struct request_target target;
    struct request_answer answer;
    struct request request = {.kind = kind_of(job_operand(run->job, 1)),
                              .reason = request_reason(run->job),
                              .bank_ref = job_text(run->job, "bank-ref")};
    if (request.kind == NULL || request.reason == NULL)
        return JOB_USAGE;
    int exit_code = check_reference(request.kind, request.bank_ref);
    if (exit_code == JOB_DONE)
        exit_code = request_find(run->db, run->job, account_ref, &target);
    if (exit_code == JOB_DONE && !target.is_open)
        exit_code = job_fail(JOB_BAD_INPUT, "`daybook explain` tells what became of it",
                             "%s %s, account %s: no transfer is in doubt, it is %s", target.cohort,
                             target.date, account_ref, target.state);
    if (exit_code == JOB_DONE)
        exit_code = take_seen(run, &target, &request);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (!run->is_quiet)
        tell_transfer(&target);
    request_about(&request, &target);
    exit_code = request_carry_out(run, &request, &answer);
    return exit_code == JOB_DONE ? request_tell(run, &request, account_ref, &answer) : exit_code;
}

int job_resolve(struct job *job)
{
    return request_command(job, resolve, NULL);
}
