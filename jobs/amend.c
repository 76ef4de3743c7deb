/* amend: where an account's money is paid out, for what is not intended yet. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jobs/config_url.h"
#include "jobs/request.h"
#include "sql.h"

/* A new value of a party, checked as an import checks it; NULL: it stays. */
static int check_party(const struct job *job, const char *option, size_t most, bool is_account)
{
    const char *text = job_text(job, option);
    if (text == NULL)
        return JOB_DONE;
    size_t bytes = strlen(text);
    bool fits = bytes >= 1 && bytes <= most && text_is_clean(text, bytes);
    for (size_t i = 0; i < bytes && fits && is_account; i++)
        fits = config_is_account_byte(text[i]);
    if (fits)
        return JOB_DONE;
    return job_fail(JOB_BAD_INPUT, NULL, "--%s takes 1 to %zu %s", option, most,
                    is_account ? "letters, digits and hyphens" : "bytes of text on one line");
}

static int check_parties(const struct job *job)
{
    if (!job_given(job, "payout-account") && !job_given(job, "payout-bank") &&
        !job_given(job, "holder-name"))
        return job_fail(JOB_USAGE, NULL,
                        "say what is to change: --payout-account, --payout-bank, --holder-name");
    int exit_code = check_party(job, "payout-account", ACCOUNT_TEXT_MAX, true);
    if (exit_code == JOB_DONE)
        exit_code = check_party(job, "payout-bank", BANK_TEXT_MAX, true);
    return exit_code == JOB_DONE ? check_party(job, "holder-name", HOLDER_TEXT_MAX, false)
                                 : exit_code;
}

/* The version that says what is wanted. */
static int find_mapping(struct run *run, const struct request_target *target, char mapping[24])
{
    const struct job *job = run->job;
    const char *const params[] = {target->account_id, target->mapping_id,
                                  job_text(job, "payout-bank"), job_text(job, "payout-account"),
                                  job_text(job, "holder-name")};
    PGresult *result = db_query(run->db, sql_request_mapping, 5, params);
    if (result == NULL)
        return db_exit_code(run->db);
    CHECK(PQntuples(result) == 1);
    snprintf(mapping, 24, "%s", db_text(result, 0, 0));
    PQclear(result);
    if (strcmp(mapping, target->mapping_id) != 0)
        return JOB_DONE;
    return job_fail(JOB_BAD_INPUT, NULL, "account %s says that already", target->account_ref);
}

static int amend(struct run *run)
{
    const char *account_ref = job_operand(run->job, 0);
    struct request_target target;
    struct request_answer answer;
    char mapping[24];
    struct request request = {.kind = "amend", .reason = request_reason(run->job)};
    if (request.reason == NULL)
        return JOB_USAGE;
    int exit_code = check_parties(run->job);
    if (exit_code == JOB_DONE)
        exit_code = request_find(run->db, run->job, account_ref, &target);
    if (exit_code == JOB_DONE)
        exit_code = find_mapping(run, &target, mapping);
    if (exit_code != JOB_DONE)
        return exit_code;
    request_about(&request, &target);
    request.mapping_id = mapping;
    exit_code = request_carry_out(run, &request, &answer);
    return exit_code == JOB_DONE ? request_tell(run, &request, account_ref, &answer) : exit_code;
}

int job_amend(struct job *job)
{
    return request_command(job, amend, NULL);
}
