/*
 * request: what a person asks for, answered at a chunk boundary by the partition's owner.
 *
 * Every request gets one decision, a record of the chunk that carries its effect. What is in flight
 * or being written answers busy; what is no longer as the person saw it answers stale. What a word
 * about a transfer in doubt is worth, `evidence` knows.
 */
#ifndef DAYBOOK_CORE_REQUEST_H
#define DAYBOOK_CORE_REQUEST_H

#include "core/settle_state.h"

/* Why a request is not done, besides the codes of parks that nobody can lift. */
#define REQUEST_CODE_OFF "other_request_failed"
#define REQUEST_CODE_BLOCKED "blocked"
#define REQUEST_CODE_ENDED "ended"
#define REQUEST_CODE_NOT_ENDED "not_ended"
#define REQUEST_CODE_PARKED "already_parked"
#define REQUEST_CODE_NOT_PARKED "not_parked"
#define REQUEST_CODE_IN_DOUBT "in_doubt"
#define REQUEST_CODE_NOT_IN_DOUBT "not_in_doubt"
#define REQUEST_CODE_UNDER_WAY "under_way"
#define REQUEST_CODE_NEWER "newer_attempt"
#define REQUEST_CODE_PAID "payout_done"
#define REQUEST_CODE_HAS_DEPOSIT "has_deposit"
#define REQUEST_CODE_LATER "later_settlement"
#define REQUEST_CODE_NOTHING "nothing_to_release"
#define REQUEST_CODE_BANK_PAID "bank_has_paid"
#define REQUEST_CODE_BANK_PENDING "bank_still_works"
#define REQUEST_CODE_BANK_REJECTED "bank_rejected"
#define REQUEST_CODE_BANK_UNKNOWN "bank_never_received"
#define REQUEST_CODE_BANK_SILENT "bank_silent"
#define REQUEST_CODE_NO_BANK "no_such_bank"
#define REQUEST_CODE_TOO_EARLY "too_early"

/* What is recorded where a person's word stands for the bank's. */
#define REQUEST_WORD "by_person"
#define REQUEST_WORD_NOT_PAID "not_paid"

/* A row of a page of requests. */
void request_on_row(struct settle *settle, const struct load_row *row);

#endif
