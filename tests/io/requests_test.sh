# requests: what people ask for about one account: answered by the run that is active, or by the command
# itself; a word about a transfer in doubt counts only where the bank does not contradict.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-requests.XXXXXX")
finish() {
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

daybook() {
    "$DAYBOOK" "$@"
}
ask() {
    cluster_psql -At -d "$DAYBOOK_DATABASE" -c "$1"
}
state_of() {
    ask "SELECT state FROM daybook.v_settlement WHERE account_ref = '$1' ORDER BY batch_id DESC LIMIT 1"
}
is_state() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ "$(state_of "$1")" = "$2" ] || expect_fail "account $1 is $(state_of "$1"), not $2"
}
await() {
    local try
    for try in $(seq 1 400); do
        ! "$@" || return 0
        stage_nap 0.025
    done
    expect_fail "waited in vain: $*"
}
has_chunks() {
    [ "$(ask 'SELECT coalesce(max(chunk), 0) FROM daybook.head')" -ge "$1" ]
}
runs() {
    ask 'SELECT count(*) FROM daybook.run'
}
whole() {
    expect 0 'the ledger is whole' daybook verify
}
why=(--reason 'asked by the payroll office')

cluster_start
stage_open
STAGE_NODEPOSIT=0 STAGE_STOPPED=0 STAGE_FAULTS=() STAGE_SEED=5

# ---- while a run is active, it answers ----

STAGE_ACCOUNTS=60 STAGE_RATE=3000
stage_begin active
stage_engine --set banks.mock.rate=30 --set banks.mock.burst=1
await has_chunks 1
last=P0000060
# Those that it has not come to yet: asked about by their batch.
of=(--cohort acme --date "$STAGE_DATE" "${why[@]}")
expect 0 'park: done' daybook park $last "${of[@]}"
expect_said 'now parked'
expect 65 'already_parked' daybook park $last "${why[@]}"
expect 65 'is refused: not_parked' daybook release P0000059 "${of[@]}"
expect 0 'amend: done' daybook amend P0000059 --payout-account PA-0000001 "${why[@]}"
expect 65 'says that already' daybook amend P0000059 --payout-account PA-0000001 "${why[@]}"
expect 11 'a run of acme 2026-03-25 is active' daybook rerun acme --date $STAGE_DATE --failed "${why[@]}"
expect 65 'no accounts at bank south' daybook rate south --cohort acme --date $STAGE_DATE --calls 9 "${why[@]}"
expect 0 'rate: done' daybook rate mock --cohort acme --date $STAGE_DATE --calls 3000 "${why[@]}"
stage_gone "$STAGE_ENGINE" 60 || stage_fail "the run did not end"
code=0
wait "$STAGE_ENGINE" || code=$?
STAGE_ENGINE=
EXPECT_COUNT=$((EXPECT_COUNT + 2))
[ "$code" = 3 ] || expect_fail "the run ended with $code instead of 3"
[ "$(runs)" = 1 ] || expect_fail "a command claimed the batch of an active run"
is_state $last parked
is_state P0000059 settled
expect 65 'no run of acme 2026-03-25 is active' daybook rate mock --cohort acme --date $STAGE_DATE --calls 9 "${why[@]}"

# ---- without one, the command does ----

expect 0 'now settled' daybook release $last "${why[@]}"
EXPECT_COUNT=$((EXPECT_COUNT + 2))
[ "$(runs)" -gt 1 ] || expect_fail "nobody claimed the batch for the release"
[ "$(ask "SELECT payout_account FROM daybook.intent i JOIN daybook.mapping m USING (mapping_id)
    JOIN daybook.account a USING (account_id) WHERE a.account_ref = 'P0000059' AND i.step = 4")" = PA-0000001 ] ||
    expect_fail "P0000059 was not paid at its new account"
expect 65 'is refused: ended' daybook write-off $last "${why[@]}"
expect 65 'has no settlement that ever opened' daybook park nobody "${why[@]}"
expect 64 '--reason' daybook park $last
expect 64 'is none of paid, paid-by-hand, not-paid' daybook resolve $last maybe "${why[@]}"
whole
stage_end

# ---- in doubt: the bank did all of it, and says for an hour that it knows nothing ----

STAGE_ACCOUNTS=4 STAGE_FAULTS=(--fault lost_after=100% --fault lagging=100% --lag 1h)
stage_begin doubtful
expect 5 'without a definitive answer' daybook run acme --date $STAGE_DATE --set run.resolve_wait=4s
expect 65 'is refused' daybook write-off P0000001 "${why[@]}"
expect_said 'in_doubt'
expect 65 'is stale: newer_attempt' daybook resolve P0000001 paid --bank-ref tr_1 \
    --seen collect.1.99 "${why[@]}"
payday_bank_stop
STAGE_BANK_ARGS=(--accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts"
    --book "$PAYDAY_FOLDER/book")
stage_bank_again
expect 65 'not_paid is refused: bank_has_paid' daybook resolve P0000001 not-paid "${why[@]}"
expect_said 'collect.1.'
expect 65 'bank_has_paid' daybook resolve P0000001 paid-by-hand --bank-ref mine "${why[@]}"
expect 64 'has a reference at the bank' daybook resolve P0000001 paid "${why[@]}"
sent=$(stage_posts)
expect 0 'now settled' daybook resolve P0000001 paid --bank-ref tr_1 "${why[@]}"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(stage_posts)" = $((sent + 1)) ] || expect_fail "$(($(stage_posts) - sent)) sent instead of the payout alone"
expect 65 'no transfer is in doubt' daybook resolve P0000001 paid --bank-ref tr_1 "${why[@]}"
expect 0 'all settled' daybook run acme --date $STAGE_DATE
whole
stage_end

# ---- in doubt: the bank never received anything ----

STAGE_FAULTS=(--fault reset_before=100%)
stage_begin never
expect 5 'without a definitive answer' daybook run acme --date $STAGE_DATE --set run.resolve_wait=4s
payday_bank_stop
STAGE_BANK_ARGS=(--accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts"
    --book "$PAYDAY_FOLDER/book")
stage_bank_again
stage_nap 2 # what was sent last cannot arrive any more
expect 65 'paid is refused: bank_never_received' daybook resolve P0000001 paid --bank-ref tr_1 "${why[@]}"
expect 0 'now settled' daybook resolve P0000001 not-paid "${why[@]}"
expect 0 'now settled' daybook resolve P0000002 paid-by-hand --bank-ref branch-77 "${why[@]}"
EXPECT_COUNT=$((EXPECT_COUNT + 2))
[ "$(ask "SELECT string_agg(t.generation || t.state, ' ' ORDER BY t.generation) FROM daybook.v_transfer t
    JOIN daybook.v_settlement s USING (settlement_id)
    WHERE s.account_ref = 'P0000001' AND t.step = 'collect'")" = '1rejected 2accepted' ] ||
    expect_fail "P0000001 was not collected under a second key"
# Nobody moved it at the bank, so it lies there still: residue, until somebody releases it.
[ "$(ask "SELECT residue_minor = repayment_minor FROM daybook.v_settlement
    WHERE account_ref = 'P0000002'")" = t ] || expect_fail "what was not moved by hand is no residue"
expect 0 'release: done' daybook release P0000002 "${why[@]}"
expect 65 'nothing_to_release' daybook release P0000002 "${why[@]}"
expect 0 'all settled' daybook run acme --date $STAGE_DATE
whole
stage_end

expect_done
