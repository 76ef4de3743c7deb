/*
 * sin: mistakes made on purpose, one at a time, to prove that the simulator's auditor sees them.
 *
 * Promise   In the product SIN is the constant false, and no code of a sin is left. In the variant
 *           built with DAYBOOK_SINS (tests/sins) the one chosen is committed wherever it can be.
 * Names     one table; each stands in one file or two, none is where no variant has it (a tidy
 *           test), and each is caught by tests/sins within its bound of seeds.
 */
#ifndef DAYBOOK_BASE_SIN_H
#define DAYBOOK_BASE_SIN_H

#include <stdbool.h>

#define SIN_TABLE(X)                                                                               \
    X(new_key_on_retry, "a transfer sent again gets a new key")                                    \
    X(error_is_rejected, "an answer 5xx is taken for a no")                                        \
    X(not_found_is_rejected, "the first not-found is taken for a no")                              \
    X(not_found_resends, "the first not-found, however early, permits sending again")              \
    X(intent_after_send, "a transfer is sent before its intent is written")                        \
    X(send_before_ignored, "a permission that ran out still permits")                              \
    X(no_epoch_check, "the store takes chunks of any epoch")                                       \
    X(no_head_check, "the store takes a chunk wherever its head stands")                           \
    X(differing_is_done, "a chunk that is there with another digest counts as written")            \
    X(slot_generation_ignored, "an answer belongs to whoever has the slot now")                    \
    X(key_lifetime_ignored, "a key is believed to be kept for ever")                               \
    X(pending_is_accepted, "what the bank still works on counts as paid")                          \
    X(full_bucket, "the token bucket is full after a start")                                       \
    X(own_buckets, "each partition has all of the bank's tokens")                                  \
    X(floor_ignored, "what lay in the account before counts as new money")                         \
    X(second_opening, "an account opens while its last settlement has not ended")                  \
    X(unproven_generation, "a no to a repeat begins the next generation at once")                  \
    X(changed_body, "a transfer that reads differently now is sent again all the same")            \
    X(echo_ignored, "an answer about another transfer counts as this one's")                       \
    X(alive_ignored, "an engine that has not heard of its database for long still sends")          \
    X(one_not_found, "one not-found is proof enough")                                              \
    X(linger_ignored, "what was handed over is believed to arrive at once")                        \
    X(doubt_is_accepted, "no answer to a transfer counts as paid")                                 \
    X(closing_skipped, "an account is settled without a last look")                                \
    X(reversal_is_residue, "what came back is recorded as money from outside")                     \
    X(unconfirmed_is_residue, "what may have come back is recorded as money from outside")         \
    X(part_is_deposit, "a part of the expected money counts as the deposit")                       \
    X(over_is_paid, "a deposit that is far too large is paid out")                                 \
    X(fee_forgotten, "a fee that the bank took is not posted")                                     \
    X(hold_paid_out, "what is to be held is paid out")                                             \
    X(busy_is_written, "a chunk refused for now counts as written")                                \
    X(poison_dropped, "a chunk refused for its data is dropped")                                   \
    X(gone_ignored, "an engine that lost its database goes on")                                    \
    X(word_is_proof, "a person's word that it was not paid counts at any time")                    \
    X(word_is_not_asked, "a person's word is believed, whatever the bank says")                    \
    X(stale_word, "a word about an older attempt counts for the newest")                           \
    X(busy_ignored, "what is in flight is parked all the same")                                    \
    X(undo_key, "an undo goes under the key of what it undoes")                                    \
    X(undo_in_doubt, "an undo in doubt counts as done")                                            \
    X(doubt_undone, "a step in doubt goes backwards")                                              \
    X(undo_forgotten, "where it goes backwards a step stays done")                                 \
    X(park_not_compensate, "what the plan wants undone is parked")                                 \
    X(decision_dropped, "what is asked for is done, and nobody says so")                           \
    X(amend_ignored, "an amended account is not paid to")                                          \
    X(raise_ignored, "money that came back raises no floor")                                       \
    X(residue_kept, "residue that is released stays residue")                                      \
    X(interval_ignored, "an account is looked at again at once")                                   \
    X(page_is_new, "a page of requests is never older than what it is about")

enum sin {
#define X(name, text) SIN_##name,
    SIN_TABLE(X)
#undef X
        SINS,
};

const char *sin_name(enum sin sin);
const char *sin_text(enum sin sin);

#ifdef DAYBOOK_SINS
/* SINS: none. */
void sin_choose(enum sin sin);
bool sin_is_chosen(enum sin sin);
#define SIN(name) sin_is_chosen(SIN_##name)
#else
#define SIN(name) false
#endif

#endif
