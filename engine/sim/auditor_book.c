/*
 * auditor_book: judges what the bank books: nothing twice, nothing unasked, nothing else than
 * asked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "sim/auditor_state.h"

void auditor_deposited(struct auditor *auditor, uint32_t person, int64_t amount_minor)
{
    auditor->persons[person].bank_minor += amount_minor;
    auditor->persons[person].came_minor += amount_minor;
}

static bool key_of_text(const char *text, struct idem_key *key)
{
    return strlen(text) == 2 * IDEM_KEY_BYTES && hex_read(key->bytes, IDEM_KEY_BYTES, text);
}

/* Our own account that the step moves money to. */
static const char *house(const struct auditor *auditor, uint8_t step)
{
    return step == STEP_COLLECT ? auditor->rules.collection_account
                                : auditor->rules.suspense_account;
}

static const char *receiver(const struct auditor *auditor, const struct audited_transfer *transfer,
                            const struct parties *parties)
{
    switch ((enum step_kind)transfer->step) {
    case STEP_COLLECT:
        return auditor->rules.collection_account;
    case STEP_HOLD:
        return auditor->rules.suspense_account;
    case STEP_PAYOUT:
        return parties->payout_account;
    case STEP_DEPOSIT:
    case STEP_CLOSING:
        return "";
    }
    return "";
}

/* A step that is in doubt, or that never was done, is not undone. */
static void check_undo(struct auditor *auditor, const struct audited_transfer *transfer)
{
    const struct audited_account *account = &auditor->accounts[transfer->account];
    const struct audited_transfer *undone =
        auditor_newest_of(auditor, transfer->account, transfer->step, TRANSFER_NORMAL);
    bool is_done = undone != NULL && (undone->is_by_hand || undone->is_booked);
    bool is_back =
        undone != NULL && undone->is_reversed; // what the bank undid, too, is nobody's fault
    if (!is_done && !is_back)
        auditor_complain(auditor, "account %u step %u is undone at the bank, and was never done",
                         transfer->account + 1, transfer->step);
    if (!account->is_compensating)
        auditor_complain(auditor, "account %u step %u is undone without a reason",
                         transfer->account + 1, transfer->step);
}

static void on_accepted(struct auditor *auditor, struct audited_transfer *transfer,
                        const struct mock_transfer *booked)
{
    struct audited_account *account = &auditor->accounts[transfer->account];
    struct audited_person *person = auditor_person(auditor, transfer->account);
    uint32_t who = transfer->account + 1;
    bool is_undo = transfer->kind == TRANSFER_UNDO;
    if (account->is_booked[transfer->kind][transfer->step])
        auditor_complain(auditor, "I1: account %u step %u is %s twice", who, transfer->step,
                         is_undo ? "undone" : "paid");
    if (transfer->is_by_hand)
        auditor_complain(auditor, "I1: account %u step %u is paid after it was paid by hand", who,
                         transfer->step);
    else if (outcome_is_rejected(transfer->state))
        auditor_complain(auditor, "I13: account %u step %u is paid after its recorded rejection",
                         who, transfer->step);
    if (is_undo)
        check_undo(auditor, transfer);
    account->is_booked[transfer->kind][transfer->step] = true;
    person->bank_minor += is_undo ? booked->amount_minor : -booked->amount_minor;
    transfer->is_booked = true;
    transfer->bank_id = booked->id;
    if (person->bank_minor < 0 && !person->is_clouded)
        auditor_complain(auditor, "account %u was paid out more than it had", who);
    // What the bank takes for itself, from a pool too, is not the engine's to prevent.
    transfer->fee_minor = booked->fee_minor;
    if (!auditor->rules.fee_is_ours && !is_undo)
        person->bank_minor -= booked->fee_minor;
}

static void check_parties(struct auditor *auditor, const struct audited_transfer *transfer,
                          const struct mock_transfer *booked)
{
    struct parties parties;
    bool is_known =
        workload_parties(auditor->workload, transfer->account, transfer->mapping_id, &parties);
    const char *person =
        auditor->rules.pool == POOL_NONE ? parties.virtual_account : auditor->rules.pool_account;
    bool is_undo = transfer->kind == TRANSFER_UNDO;
    const char *from = is_undo ? house(auditor, transfer->step) : person;
    const char *to = is_undo ? person : receiver(auditor, transfer, &parties);
    if (!is_known || booked->amount_minor != transfer->amount_minor ||
        strcmp(booked->from, from) != 0 || strcmp(booked->to, to) != 0)
        auditor_complain(auditor, "I2: account %u step %u: the bank has other parties or amount",
                         transfer->account + 1, transfer->step);
}

void auditor_booked(struct auditor *auditor, const struct mock_transfer *booked)
{
    struct idem_key key;
    uint32_t at = KEYMAP_NONE;
    if (key_of_text(booked->key, &key))
        at = keymap_find(&auditor->keys, &key);
    if (at == KEYMAP_NONE) {
        auditor_complain(auditor, "I1: the bank has %s, which no intent names", booked->key);
        return;
    }
    struct audited_transfer *transfer = &auditor->transfers[at];
    check_parties(auditor, transfer, booked);
    if (transfer->sends == 0)
        auditor_complain(auditor, "I13: account %u step %u is at the bank and was never sent",
                         transfer->account + 1, transfer->step);
    if (booked->accepted)
        on_accepted(auditor, transfer, booked);
    else
        transfer->is_refused = true;
}

void auditor_reversed(struct auditor *auditor, const struct mock_transfer *reversed)
{
    struct idem_key key;
    CHECK(key_of_text(reversed->key, &key));
    uint32_t at = keymap_find(&auditor->keys, &key);
    if (at == KEYMAP_NONE)
        return; // told as booked, and complained of
    struct audited_transfer *transfer = &auditor->transfers[at];
    struct audited_account *account = &auditor->accounts[transfer->account];
    struct audited_person *person = auditor_person(auditor, transfer->account);
    transfer->is_booked = false;
    transfer->is_reversed = true;
    transfer->reversed_at_ns = reversed->reversed_at_ns;
    account->is_booked[transfer->kind][transfer->step] = false;
    if (transfer->kind == TRANSFER_UNDO) { // no answer tells of it: the closing look may
        person->bank_minor -= reversed->amount_minor;
        person->is_clouded = true;
        return;
    }
    person->bank_minor += reversed->amount_minor;
    account->back_minor += reversed->amount_minor;
}

void auditor_paid_by_hand(struct auditor *auditor, uint64_t request_id, bool is_there)
{
    struct audited_request *request = &auditor->requests[request_id - 1];
    struct audited_transfer *transfer = &auditor->transfers[request->transfer - 1];
    int64_t amount_minor = transfer->amount_minor;
    CHECK(request->decision == DECISION_DONE && !request->is_paid && transfer->is_by_hand);
    struct audited_person *person = auditor_person(auditor, transfer->account);
    request->is_paid = true;
    if (!is_there) { // an undo: our own account has spent it
        if (transfer->kind == TRANSFER_NORMAL && !person->is_clouded)
            auditor_complain(auditor, "account %u step %u: no money is there to pay by hand",
                             transfer->account + 1, transfer->step);
        person->is_clouded = true;
        return;
    }
    person->bank_minor += transfer->kind == TRANSFER_UNDO ? amount_minor : -amount_minor;
    if (transfer->is_booked)
        auditor_complain(auditor,
                         "I1: account %u step %u is paid by hand, and the bank had done it",
                         transfer->account + 1, transfer->step);
}
