# pool: paydays of virtual accounts that share one account of the bank, under faults, on a real
# database: once where a poll shows what is left of a person's share, once where it shows all that
# ever came in. The ledger is whole, it is what the bank's book says, and a further run sends nothing.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" "${!PG@}"
date=2026-03-25
accounts=100

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-pool.XXXXXX")
finish() {
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

posts() {
    grep -c "$(printf '\tPOST ')" "$PAYDAY_FOLDER/receipts" || true
}

# The pool first, then everybody's share.
pooled_accounts() {
    awk -F, 'NR == 1 { print; print "POOL-1,0,open" }
        NR > 1 && /^VA-/ { print $1 "," $2 ",pooled"; next }
        NR > 1 { print }' "$PAYDAY_FOLDER/bank.csv"
}

payday_of() {
    local kind=$1 before
    cluster_psql -c "CREATE DATABASE pool_$kind"
    export DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=pool_$kind}
    rm -f "$PAYDAY_FOLDER"/{receipts,book,book.accounts,book.meter}
    payday_bank --accounts "$PAYDAY_FOLDER/pooled.csv" --pooled POOL-1 --seed 5 --latency 2ms \
        --rate 5000 --burst 200 --late 200ms --settle 200ms --log "$PAYDAY_FOLDER/receipts" \
        --book "$PAYDAY_FOLDER/book" --fault lost_after=4% --fault error_after=3% \
        --fault late_accept=3% --fault half_body=2% --fault reset_before=3% --fault processing=4%
    payday_config "$DAYBOOK_CONFIG"
    sed -i -e "s/profile: .*/profile: pooled-$kind.yaml/" \
        -e 's/collection_account: .*/&\n    pool_account: POOL-1/' "$DAYBOOK_CONFIG"
    expect 0 'applied' "$DAYBOOK" schema apply
    expect 0 "$accounts accounts" "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
    expect 0 "settled               $accounts" "$DAYBOOK" run acme --date $date
    expect_not_said 'in doubt 0,' # faults were met
    expect 0 'the ledger is whole' "$DAYBOOK" verify
    payday_bank_book "$PAYDAY_FOLDER/book"
    expect 0 'ledger = book' "$DAYBOOK" verify --book "$PAYDAY_FOLDER/book"
    expect 0 "<POOL-1,$held>" pool_left
    before=$(posts)
    expect 0 'nothing to do' "$DAYBOOK" run acme --date $date
    expect 0 "<$before>" echo "<$(posts)>"
    payday_bank_stop
}

# All that came in has gone out, but for the holds.
pool_left() {
    awk -F, '$1 == "POOL-1" { print "<" $1 "," $2 ">" }' "$PAYDAY_FOLDER/book.accounts"
}

cluster_start
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" $accounts "$PAYDAY_FOLDER" 11 0 0
pooled_accounts >"$PAYDAY_FOLDER/pooled.csv"
held=$(awk -F, 'NR > 1 { sum += $9 } END { printf "%.0f", sum }' "$PAYDAY_FOLDER/accounts.csv")
PAYDAY_RUN_KEYS=('send_before: 1s' 'retry_base: 30ms' 'retry_cap: 300ms' 'resolve_wait: 30s')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 200ms'
    'processing_time: 300ms' 'linger: 100ms' 'call_timeout: 500ms' 'later_wait: 200ms')
payday_of available
payday_of received
expect_done
