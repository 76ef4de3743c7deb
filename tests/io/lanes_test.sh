# lanes: several partitions in several threads. Together they keep to one bank's rate and calls, pay
# each account once, die and resume as one, and stop as one; each answers requests of its own.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25
accounts=300

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-lanes.XXXXXX")
engine=
finish() {
    [ -z "$engine" ] || kill -KILL "$engine" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

daybook() {
    "$DAYBOOK" "$@"
}
sql() {
    cluster_psql -At -c "$1"
}
# Waits until a query says true.
await() {
    local try
    for try in $(seq 1 400); do
        [ "$(sql "$1")" != t ] || return 0
        sleep 0.025
    done
    echo "lanes: waited in vain for: $1" >&2
    return 1
}

is() {
    expect 0 "$2" echo "$1"
    [ "$1" = "$2" ] || expect_fail "\"$1\" instead of \"$2\""
}

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" $accounts "$PAYDAY_FOLDER"
# The bank has the very limits that it states: what comes too fast is refused (429).
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 2ms --rate 600 --burst 40
PAYDAY_RUN_KEYS=('lanes: 2' 'partitions: 3' 'closing_check: off' 'send_before: 1s' 'drain: 2s'
    'resolve_wait: 10s' 'chunk_delay: 10ms')
PAYDAY_CLAIM_KEYS=('heartbeat: 200ms')
PAYDAY_BANK_KEYS=('rate: 600' 'burst: 20' 'calls: 32' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 1s')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' daybook schema apply

# ---- import: partitions are the configuration's until the batch begins ----

expect 0 "$accounts accounts, revision 1" daybook import acme --date $date \
    --set run.partitions=2 "$PAYDAY_FOLDER/accounts.csv"
expect 0 "$accounts accounts, revision 2" daybook import acme --date $date \
    "$PAYDAY_FOLDER/accounts.csv"
expect 0 'nothing changed' daybook import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
is "$(sql "SELECT string_agg(n::text, ' ') FROM (SELECT count(*) AS n FROM daybook.plan
    WHERE revision = 2 GROUP BY settlement_id >> 26 ORDER BY settlement_id >> 26) p")" '100 100 100'

# ---- a bank that allows too few calls for so many partitions ----

expect 78 'set banks.mock.calls to 3 or more' daybook run acme --date $date \
    --set banks.mock.calls=2

# ---- stopped: all lanes drain; a request of each partition is answered ----

"$DAYBOOK" run acme --date $date --trace "$PAYDAY_FOLDER/trace" --output json \
    --set banks.mock.rate=10 >"$PAYDAY_FOLDER/run.out" 2>"$PAYDAY_FOLDER/run.err" &
engine=$!
await "SELECT count(*) = 3 FROM daybook.head WHERE chunk >= 3"
kill -TERM "$engine"
code=0
wait "$engine" || code=$?
engine=
is "$code" 4
for partition in 0 1 2; do
    expect 0 'claim' daybook trace "$PAYDAY_FOLDER/trace.$partition"
    # The newest that was opened has waited the least, and is not done.
    account=$(sql "SELECT a.account_ref FROM daybook.opening o JOIN daybook.account a USING (account_id)
        WHERE (o.settlement_id >> 26) & 63 = $partition ORDER BY o.settlement_id DESC LIMIT 1")
    expect 0 'park: done' daybook park "$account" --reason 'to look at it'
    expect 0 'release: done' daybook release "$account" --reason 'looked at'
done

# ---- killed in the middle: the next start goes on with all partitions ----

"$DAYBOOK" run acme --date $date --quiet --set banks.mock.rate=20 >"$PAYDAY_FOLDER/run.out" 2>&1 &
engine=$!
await "SELECT count(DISTINCT c.partition) = 3 FROM daybook.chunk c
    JOIN daybook.run r USING (batch_id, epoch) WHERE r.ended_at IS NULL"
is "$(ls "/proc/$engine/task" | wc -l | tr -d " ")" 2
kill -KILL "$engine"
wait "$engine" 2>/dev/null || true
engine=
expect 0 'nothing changed' daybook import acme --date $date --set run.partitions=5 \
    "$PAYDAY_FOLDER/accounts.csv"

# ---- to the end, at a rate that somebody changes meanwhile: each partition answers ----

"$DAYBOOK" run acme --date $date --set banks.mock.rate=10 --output json \
    >"$PAYDAY_FOLDER/run.out" 2>"$PAYDAY_FOLDER/run.err" &
engine=$!
await "SELECT count(*) = 3 FROM daybook.head h JOIN daybook.run r USING (batch_id, epoch)
    WHERE r.ended_at IS NULL"
expect 0 'rate: done' daybook rate mock --cohort acme --date $date --calls 600 --reason 'the bank can'
code=0
wait "$engine" || code=$?
engine=
is "$code" 0
is "$(sql "SELECT count(*) FROM daybook.decision WHERE request_kind = 8 AND state = 1")" 3
is "$(sql "SELECT count(*) FROM daybook.v_settlement WHERE state = 'settled'")" $accounts
expect 0 'the ledger is whole' daybook verify
payday_bank_book "$PAYDAY_FOLDER/book"
expect 0 '' daybook verify --quiet --book "$PAYDAY_FOLDER/book"
# Nobody was ever told to slow down: the lanes share one bucket.
is "$(grep -c "$(printf 'answer\t429\t')" "$PAYDAY_FOLDER/receipts" || true)" 0
expect_done
