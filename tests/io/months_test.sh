# months: the same cohort three months in a row: what is held stays held and is given back, a short is
# superseded, an over-deposit is parked and released, late money becomes residue and is released, a
# rejected payout is compensated and paid out in the next month.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-months.XXXXXX")
finish() {
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
# The settlement of an account in a month: one column of the view.
of() {
    ask "SELECT s.$3 FROM daybook.v_settlement s JOIN daybook.v_batch b USING (batch_id)
        WHERE s.account_ref = '$1' AND b.settle_date = '$2'"
}
owed() {
    ask "SELECT coalesce(sum(balance_minor), 0) FROM daybook.v_balance
        WHERE owner = '$1' AND ledger_account = '$2'"
}
people=(HELD SHORT OVER LATE COMP PLAIN)

# The bank as the last month left it, with these salaries on top: NAME=AMOUNT …; STOPPED is an array of
# whose payout account takes nothing this month.
bank_of_month() {
    local name
    payday_bank_stop
    {
        echo account,balance_minor,state
        echo "COLLECT-1,${balance[COLLECT-1]:-0},open"
        for name in "${people[@]}"; do
            echo "VA-$name,$((${balance[VA-$name]:-0} + ${salary[$name]:-0})),open"
            echo "PA-$name,${balance[PA-$name]:-0},${stopped[$name]:-open}"
        done
    } >"$PAYDAY_FOLDER/bank.csv"
    rm -f "$PAYDAY_FOLDER/receipts"
    payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
        --book "$PAYDAY_FOLDER/book" --latency 1ms --rate 20000 --burst 2000
    payday_config "$DAYBOOK_CONFIG"
}
read_bank() {
    local account amount state
    payday_bank_book "$PAYDAY_FOLDER/book"
    while IFS=, read -r account amount state; do
        [ "$account" = account ] || balance[$account]=$amount
    done <"$PAYDAY_FOLDER/book.accounts"
}
# What the ledger says lies in each account is what the bank has there.
agrees() {
    local name
    read_bank
    for name in "${people[@]}"; do
        same "$1: the account of $name" "$(owed "$name" virtual)" "${balance[VA-$name]}"
    done
    expect 0 'the ledger is whole' daybook verify
}
import_month() { # DATE [COHORT]
    local name
    {
        echo "account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,repayment_minor,hold_minor,expected_minor,expect_at,opening_minor"
        for name in "${people[@]}"; do
            echo "$name,mock,VA-$name,NORTH,PA-$name,Person $name,KRW,300,50,1000,,$([ "$1" = 2026-01-25 ] && [ "$name" = HELD ] && echo 20 || true)"
        done
    } >"$PAYDAY_FOLDER/accounts.csv"
    expect 0 'revision 1' daybook import "${2:-acme}" --date "$1" "$PAYDAY_FOLDER/accounts.csv"
}

declare -A balance salary stopped
cluster_start
cluster_psql -c "CREATE DATABASE months"
export DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=months}
PAYDAY_RUN_KEYS=('send_before: 500ms' 'chunk_delay: 5ms' 'retry_base: 20ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 100ms')
daybook schema apply >/dev/null
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml

# ---- January ----

balance[VA-HELD]=20 # held there from the beginning
salary=([HELD]=1000 [SHORT]=0 [OVER]=2100 [LATE]=1000 [COMP]=1000 [PLAIN]=1000)
stopped=([LATE]=stopped)
bank_of_month
import_month 2026-01-25
expect 3 'over_deposit' daybook run acme --date 2026-01-25
same 'SHORT in January' "$(of SHORT 2026-01-25 state)" short
same 'OVER in January' "$(of OVER 2026-01-25 state)" parked
same 'LATE in January' "$(of LATE 2026-01-25 state)" parked
same 'HELD: held' "$(owed HELD held)" 70
agrees 'January, run'
# Money comes late, after the deposit of LATE was taken; and its bank opens the payout account.
salary=([LATE]=500)
stopped=()
bank_of_month
expect 0 'now settled' daybook release LATE --reason 'the bank opened it'
same 'LATE: residue' "$(of LATE 2026-01-25 residue_minor)" 500
expect 0 'now settled' daybook release OVER --reason 'the employer paid two months'
same 'OVER: paid out' "$(of OVER 2026-01-25 payout_minor)" 1750
agrees 'January, released'

# ---- February: a rejected payout is compensated ----

salary=([HELD]=1000 [SHORT]=1000 [OVER]=1000 [LATE]=1000 [COMP]=1000 [PLAIN]=1000)
stopped=([COMP]=stopped)
bank_of_month
import_month 2026-02-25
expect 0 'leave 1 blocked accounts' daybook plan acme --date 2026-02-25
expect 3 'compensated' daybook run acme --date 2026-02-25 --set run.payout_rejected=compensate
same 'SHORT in January' "$(of SHORT 2026-01-25 state)" superseded
same 'SHORT in February' "$(of SHORT 2026-02-25 state)" settled
same 'COMP in February' "$(of COMP 2026-02-25 state)" compensated
same 'COMP: payable' "$(owed COMP payable)" 1000
same 'COMP: held of January' "$(owed COMP held)" 50
same 'COMP: receivable of January alone' "$(owed COMP receivable)" -300
same 'LATE: the residue is carried, not paid' "$(of LATE 2026-02-25 payout_minor)" 650
same 'LATE: residue' "$(of LATE 2026-02-25 residue_minor)" 500
same 'HELD: held' "$(owed HELD held)" 120
agrees 'February, run'
expect 0 'release: done' daybook release LATE --reason 'it is theirs'
same 'LATE: payable' "$(owed LATE payable)" 500
agrees 'February, released'

# ---- March: what was held is given back ----

stopped=()
bank_of_month
import_month 2026-03-25
expect 0 'all settled' daybook run acme --date 2026-03-25 --set run.unhold=yes
expect 78 'began with run.unhold: yes' daybook park HELD --reason 'another configuration'
same 'COMP: paid out with what was carried and held' "$(of COMP 2026-03-25 payout_minor)" 1700
same 'LATE: paid out with its residue and what was held' "$(of LATE 2026-03-25 payout_minor)" 1250
same 'HELD: given back' "$(of HELD 2026-03-25 payout_minor)" 770
same 'HELD: held, of March alone' "$(owed HELD held)" 50
same 'PLAIN: in all three months' "$(ask "SELECT sum(payout_minor) FROM daybook.v_settlement
    WHERE account_ref = 'PLAIN'")" 2050
same 'nobody is owed anything' "$(ask "SELECT sum(balance_minor) FROM daybook.v_balance
    WHERE ledger_account = 'payable'")" 0
agrees 'March'
same 'debits are credits' "$(ask "SELECT sum(debit_minor) - sum(credit_minor) FROM daybook.v_balance")" 0

# ---- April: a batch of an older date that is run later ----

salary=([PLAIN]=1000)
bank_of_month
people=(PLAIN SHORT)
import_month 2026-04-26 beta
expect 3 'short' daybook run beta --date 2026-04-26
same 'PLAIN in beta' "$(of PLAIN 2026-04-26 state)" settled
people=(PLAIN)
import_month 2026-04-25
expect 3 'short' daybook run acme --date 2026-04-25
expect 3 'short' daybook run beta --date 2026-04-26
same 'PLAIN in acme: nobody else looks for it' "$(of PLAIN 2026-04-25 state)" short
expect 0 'the ledger is whole' daybook verify

expect_done
