#include "jobs/verify_requests.h"

#include <stdlib.h>
#include <string.h>

#include "sql.h"

enum request_column {
    REQUEST_ID,
    REQUEST_SETTLEMENT,
    REQUEST_KIND,
    REQUEST_AMOUNT,
    REQUEST_RESIDUE,
    REQUEST_MAPPING,
    REQUEST_STEP,
    REQUEST_TRANSFER,
    REQUEST_GENERATION,
    REQUEST_ATTEMPTS,
    REQUEST_BANK_REF,
    REQUEST_BANK, /* of the mapping; NULL: it is none of the account's */
    REQUEST_VIRTUAL_ACCOUNT,
    REQUEST_PAYOUT_BANK,
    REQUEST_PAYOUT_ACCOUNT,
    REQUEST_HOLDER_NAME,
};

static void take_text(char *out, size_t capacity, const PGresult *row, int column)
{
    snprintf(out, capacity, "%s", PQgetvalue(row, 0, column));
}

static void take_parties(struct verify *verify, struct verify_request *request, const PGresult *row)
{
    struct parties parties;
    char bank[BANK_TEXT_MAX + 1];
    request->has_mapping = !PQgetisnull(row, 0, REQUEST_BANK);
    if (!request->has_mapping)
        return;
    take_text(bank, sizeof bank, row, REQUEST_BANK);
    take_text(parties.virtual_account, sizeof parties.virtual_account, row,
              REQUEST_VIRTUAL_ACCOUNT);
    take_text(parties.payout_bank, sizeof parties.payout_bank, row, REQUEST_PAYOUT_BANK);
    take_text(parties.payout_account, sizeof parties.payout_account, row, REQUEST_PAYOUT_ACCOUNT);
    take_text(parties.holder_name, sizeof parties.holder_name, row, REQUEST_HOLDER_NAME);
    request->parties = verify_bodies_add(verify->bodies, bank, &parties);
}

static void take_request(struct verify *verify, const PGresult *row)
{
    if (verify->request_count == verify->request_capacity) {
        verify->request_capacity =
            verify->request_capacity == 0 ? 256 : verify->request_capacity * 2;
        verify->requests =
            realloc(verify->requests, verify->request_capacity * sizeof verify->requests[0]);
        CHECK(verify->requests != NULL);
    }
    struct verify_request *request = &verify->requests[verify->request_count++];
    *request = (struct verify_request){
        .id = (uint64_t)db_binary_int(row, 0, REQUEST_ID),
        .settlement_id = (uint64_t)db_binary_int(row, 0, REQUEST_SETTLEMENT),
        .amount_minor = db_binary_int(row, 0, REQUEST_AMOUNT),
        .residue_minor = db_binary_int(row, 0, REQUEST_RESIDUE),
        .mapping_id = db_binary_int(row, 0, REQUEST_MAPPING),
        .generation = (uint16_t)db_binary_int(row, 0, REQUEST_GENERATION),
        .attempts = (uint16_t)db_binary_int(row, 0, REQUEST_ATTEMPTS),
        .kind = (uint8_t)db_binary_int(row, 0, REQUEST_KIND),
        .step = (uint8_t)db_binary_int(row, 0, REQUEST_STEP),
        .transfer_kind = (uint8_t)db_binary_int(row, 0, REQUEST_TRANSFER),
    };
    take_text(request->bank_ref, sizeof request->bank_ref, row, REQUEST_BANK_REF);
    take_parties(verify, request, row);
}

bool verify_requests_read(struct verify *verify)
{
    const char *const params[] = {verify->batch->id, verify->batch->revision};
    bool failed = false;
    const PGresult *row;
    if (!db_stream_begin(verify->db, sql_verify_requests, 2, params))
        return false;
    while ((row = db_stream_next(verify->db, &failed)) != NULL)
        take_request(verify, row);
    return !failed;
}

static struct verify_request *find(struct verify *verify, uint64_t id)
{
    uint32_t low = 0, high = verify->request_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (verify->requests[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < verify->request_count && verify->requests[low].id == id ? &verify->requests[low]
                                                                         : NULL;
}

static const char *why_not(const struct verify_request *request, const struct record *record)
{
    bool is_done = record->decision.state == DECISION_DONE;
    bool is_of_run = settlement_position(record->settlement_id) == 0;
    int64_t mapping_id = is_done ? request->mapping_id : 0;
    if (is_of_run ? request->settlement_id != 0 : request->settlement_id != record->settlement_id)
        return "a decision about a request of another settlement";
    if (record->decision.request_kind != request->kind ||
        record->decision.amount_minor != request->amount_minor ||
        record->decision.mapping_id != mapping_id)
        return "a decision about something else than was asked for";
    if (record->decision.state < DECISION_DONE || record->decision.state > DECISION_STALE ||
        is_done != (record->decision.code[0] == 0))
        return "a decision that this program does not know";
    if (mapping_id != 0 && !request->has_mapping)
        return "an amendment to names that are not the account's";
    return NULL;
}

const struct verify_request *verify_requests_decide(struct verify *verify,
                                                    const struct record *record, const char **wrong)
{
    uint64_t partition = UINT64_C(1) << settlement_partition(record->settlement_id);
    struct verify_request *request = find(verify, record->decision.request_id);
    *wrong =
        request == NULL ? "a decision about a request that is not there" : why_not(request, record);
    if (*wrong == NULL && (request->decided_in & partition) != 0)
        *wrong = "a second decision about one request";
    if (*wrong != NULL)
        return NULL;
    request->decided_in |= partition;
    return request;
}
