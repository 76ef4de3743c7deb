# rerun: those that failed, and only those, from the step that failed; a second one finds nothing to do.
# DAYBOOK_FULL=1: 5,000 of 50,000.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
full=${DAYBOOK_FULL:-}
unset "${!DAYBOOK_@}"
PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-rerun.XXXXXX")
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
same() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ "$2" = "$3" ] || expect_fail "$1: $2, not $3"
}
# What each settlement has so far, but for those that are parked.
others() {
    ask "SELECT o.settlement_id, max(o.seq) FROM daybook.outcome o
        WHERE o.settlement_id NOT IN (SELECT x.settlement_id FROM daybook.outcome x WHERE x.state = 21)
        GROUP BY 1 ORDER BY 1" | sha256sum
}

STAGE_ACCOUNTS=1000 STAGE_RATE=20000
[ -z "$full" ] || STAGE_ACCOUNTS=50000
STAGE_NODEPOSIT=0 STAGE_STOPPED=100 STAGE_FAULTS=() STAGE_SEED=11
cluster_start
stage_open
stage_begin rerun
expect 3 'account_stopped' daybook run acme --date $STAGE_DATE
failed=$(ask "SELECT count(*) FROM daybook.v_settlement WHERE state = 'parked'")
before=$(others)
same 'as many are parked as were stopped' "$failed" "$(grep -c ',stopped$' "$PAYDAY_FOLDER/bank.csv")"

# ---- selectors and preview; nothing is changed ----

one=$(ask "SELECT account_ref FROM daybook.v_settlement WHERE state = 'parked' ORDER BY 1 LIMIT 1")
expect 64 'say which of the parked ones' daybook rerun acme --date $STAGE_DATE --reason x
expect 64 'reason' daybook rerun acme --date $STAGE_DATE --failed
expect 0 'nothing to rerun' daybook rerun acme --date $STAGE_DATE --code limit_exceeded --reason x
expect 0 'nothing to rerun' daybook rerun acme --date $STAGE_DATE --step collect --reason x
expect 0 'nothing to rerun' daybook rerun acme --date $STAGE_DATE --least 999999999 --reason x
expect 0 "$(printf '%s' "$failed" | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta') to rerun" \
    daybook rerun acme --date $STAGE_DATE --failed --bank mock --step payout --dry-run --reason x
expect_said 'at payout   account_stopped'
printf 'account_ref\n%s\nP9999999\n' "$one" >"$PAYDAY_FOLDER/list.csv"
expect 65 'account P9999999 (2 of the list) is not in batch' daybook rerun acme --date $STAGE_DATE \
    --accounts "$PAYDAY_FOLDER/list.csv" --reason x
printf '"%s\n' "$one" >"$PAYDAY_FOLDER/list.csv"
expect 65 'is not CSV' daybook rerun acme --date $STAGE_DATE --accounts "$PAYDAY_FOLDER/list.csv" --reason x
same 'requests so far' "$(ask 'SELECT count(*) FROM daybook.request')" 0

# ---- the bank has opened the accounts: one by a list, then all ----

payday_bank_stop
sed -i 's/,stopped$/,open/' "$PAYDAY_FOLDER/bank.csv"
stage_bank_again
printf 'account_ref\n%s\n' "$one" >"$PAYDAY_FOLDER/list.csv"
sent=$(stage_posts)
expect 3 'finished, some are left' daybook rerun acme --date $STAGE_DATE \
    --accounts "$PAYDAY_FOLDER/list.csv" --reason 'the branch opened it'
same 'sent for one' "$(($(stage_posts) - sent))" 1
expect 0 'all settled' daybook rerun acme --date $STAGE_DATE --failed --reason 'the bank opened them'
same 'sent in all, a payout each' "$(($(stage_posts) - sent))" "$failed"
same 'the others' "$(others)" "$before"
same 'settled' "$(ask "SELECT count(*) FROM daybook.v_settlement WHERE state = 'settled'")" "$STAGE_ACCOUNTS"
same 'who and why' "$(ask "SELECT DISTINCT kind || '|' || reason FROM daybook.v_run WHERE reason IS NOT NULL ORDER BY 1")" \
    "$(printf 'rerun|the bank opened them\nrerun|the branch opened it')"
runs=$(ask 'SELECT count(*) FROM daybook.run')
expect 0 'nothing to rerun' daybook rerun acme --date $STAGE_DATE --failed --reason 'the bank opened them'
same 'runs after a rerun of nothing' "$(ask 'SELECT count(*) FROM daybook.run')" "$runs"
expect 0 'the ledger is whole' daybook verify
payday_bank_book "$PAYDAY_FOLDER/book"
expect 0 'ledger = book' daybook verify --book "$PAYDAY_FOLDER/book"
stage_end

# ---- a rerun whose terminal closes, and which is killed: the next command goes on ----

STAGE_ACCOUNTS=300 STAGE_STOPPED=1000 STAGE_SEED=12
stage_begin killed
expect 3 'account_stopped' daybook run acme --date $STAGE_DATE
payday_bank_stop
sed -i 's/,stopped$/,open/' "$PAYDAY_FOLDER/bank.csv"
stage_bank_again
setsid "$DAYBOOK" rerun acme --date $STAGE_DATE --failed --reason 'all of them' \
    --set banks.mock.rate=100 --set banks.mock.burst=5 </dev/null >/dev/null 2>&1 &
STAGE_ENGINE=$!
for try in $(seq 1 400); do
    [ "$(ask 'SELECT count(*) FROM daybook.decision')" = 0 ] || break
    stage_nap 0.025
done
kill -HUP "$STAGE_ENGINE"
stage_nap 0.1
kill -KILL "$STAGE_ENGINE"
wait "$STAGE_ENGINE" 2>/dev/null || true
STAGE_ENGINE=
expect 0 'all settled' daybook run acme --date $STAGE_DATE
expect 0 'nothing to rerun' daybook rerun acme --date $STAGE_DATE --failed --reason 'all of them'
same 'requests without a decision' "$(ask "SELECT count(*) FROM daybook.v_request WHERE state = 'open'")" 0
expect 0 'the ledger is whole' daybook verify
payday_bank_book "$PAYDAY_FOLDER/book"
expect 0 'ledger = book' daybook verify --book "$PAYDAY_FOLDER/book"
stage_end

expect_done
