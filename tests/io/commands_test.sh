# commands: plan, run, show, verify on a small payday; what they say, how they end, and that verify
# finds what was changed behind the engine's back.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-commands.XXXXXX")
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

# ---- a payday of 200, by a login that may only be the engine: some without deposit, some payout accounts stopped ----

cluster_start
cluster_psql -c "CREATE DATABASE payday" -c "CREATE ROLE app LOGIN" -c "CREATE ROLE stranger LOGIN"
server=$CLUSTER_CONNINFO
owner="${server/dbname=postgres/dbname=payday}"
export DAYBOOK_DATABASE="${owner/user=postgres/user=app}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 200 "$PAYDAY_FOLDER" 3 50 30
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 2ms --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 1s' 'progress_every: 500ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 200ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 1s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"

short=$(grep -c '^VA-.*,0,open$' "$PAYDAY_FOLDER/bank.csv")
posts() {
    payday_bank_book "$PAYDAY_FOLDER/book"
    grep -c "$(printf '\tPOST ')" "$PAYDAY_FOLDER/receipts" || true
}

expect 0 'applied' env DAYBOOK_DATABASE="$owner" "$DAYBOOK" schema apply --engine-role app
expect 77 'GRANT daybook_engine' env DAYBOOK_DATABASE="${owner/user=postgres/user=stranger}" \
    "$DAYBOOK" plan acme --date $date
expect 65 '`daybook import acme --date 2026-03-25 FILE.csv` makes it' daybook run acme --date $date
expect 0 '200 accounts' daybook import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
expect 65 'cohort acme has batches on 2026-03-25' daybook plan acme --date 2026-03-26
expect 0 'look for the deposits of 200 accounts' daybook plan acme --date $date
expect_said 'planned, 200 accounts, plan revision 1'

# ---- a run that loses the database, is owned, and is stopped; then the same command goes on ----

reaches() {
    [ "$(cluster_psql -At -d "$owner" -c "$1")" -ge "$2" ]
}
await() {
    local try
    for try in $(seq 1 400); do
        ! "$@" || return 0
        sleep 0.025
    done
    expect_fail "waited in vain: $*"
}
"$DAYBOOK" run acme --date $date --set banks.mock.rate=150 --set banks.mock.burst=10 \
    >"$PAYDAY_FOLDER/slow.out" 2>"$PAYDAY_FOLDER/slow.err" &
engine=$!
await reaches 'SELECT coalesce(max(chunk), 0) FROM daybook.head' 2
cluster_psql -At -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'daybook:%'" >/dev/null
await reaches 'SELECT count(*) FROM daybook.run' 2
expect 11 'is owned by run' daybook run acme --date $date --set claim.lock_wait=100ms
kill -TERM "$engine"
code=0
wait "$engine" || code=$?
expect 0 'starting over from the claim (1 of 3)' cat "$PAYDAY_FOLDER/slow.err"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
case "$code" in
4) expect 0 'stopped; the same command goes on' cat "$PAYDAY_FOLDER/slow.out" ;;
5) expect 0 'transfers without a definitive answer' cat "$PAYDAY_FOLDER/slow.out" ;;
*) expect_fail "a stopped run ended with $code instead of 4, or 5 with some in doubt" ;;
esac
expect 0 'a run would' daybook plan acme --date $date
expect_said 'look for the deposits of'

expect 3 'finished, some are left' daybook run acme --date $date
expect_said 'account_stopped'
expect_said 'closing hash of partition 0'
expect_said 'accounts left'
expect_said ', account_stopped'
sent=$(posts)
expect 3 'transfer                0' daybook run acme --date $date
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(posts)" = "$sent" ] || expect_fail "the second run sent something"
expect 65 'its plan is frozen' daybook import acme --date $date \
    <(sed 's/^P0000001,.*KRW,/&1/' "$PAYDAY_FOLDER/accounts.csv")
expect 0 "look for the deposits of $short accounts" daybook plan acme --date $date
expect_said 'parked accounts to a person'

# ---- show ----

settled=$(cluster_psql -At -d "$DAYBOOK_DATABASE" -c "SELECT account_ref FROM daybook.v_settlement
    WHERE state = 'settled' ORDER BY account_ref LIMIT 1")
expect 0 'idle, 200 accounts, KRW' daybook show acme --date $date
expect_said 'account_stopped'
expect 0 "account $settled" daybook explain "$settled"
expect_said 'Dr collection / Cr virtual'
expect_said 'its reference: tr_'
expect 0 '' daybook show -o json acme --date $date
python=$(command -v python3 || true)
[ -z "$python" ] || "$python" -c 'import json, sys; j = json.loads(sys.argv[1])
assert j["schema_version"] == 1 and isinstance(j["money"]["paid_minor"], str)' "$SAID" ||
    expect_fail 'not the JSON that was promised'
expect 0 '"exit_code": 3' bash -c "'$DAYBOOK' run -o json acme --date $date || [ \$? = 3 ]"
parked=$(cluster_psql -At -d "$DAYBOOK_DATABASE" -c "SELECT account_ref FROM daybook.v_settlement
    WHERE state = 'parked' ORDER BY settlement_id LIMIT 1")
expect_said "\"account_ref\": \"$parked\""
expect 65 'E6502: no settlement of account nobody' daybook explain nobody
expect 64 'show: --date is missing' daybook show acme
expect 64 'did you mean --date?' daybook show acme --dat x

# ---- an account whose last settlement has not ended is blocked in the next batch ----

grep -v ',100000,' "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/next.csv"
expect 0 'revision 1' daybook import acme --date 2026-04-25 "$PAYDAY_FOLDER/next.csv"
expect 0 'blocked accounts' daybook plan acme --date 2026-04-25
expect_said ': in acme 2026-03-25'
expect 0 '… and' daybook plan acme --date 2026-04-25 --blocked-most 1
expect 3 'their last settlement has not ended' daybook run acme --date 2026-04-25

# ---- verify ----

expect 0 'the ledger is whole: 2 batches' daybook verify
expect_said 'closing hash'
expect 0 'the ledger is whole: 1 batch,' daybook verify acme --date $date
expect 0 '' daybook verify -q
[ -z "$SAID" ] || expect_fail 'verify -q is not quiet'
payday_bank_book "$PAYDAY_FOLDER/book"
expect 0 'ledger = book' daybook verify --book "$PAYDAY_FOLDER/book"
book_is_wrong() {
    expect 3 "$1" daybook verify --book "$PAYDAY_FOLDER/wrong"
    expect_said 'ledger and book differ in'
}
accepted=$(grep -n -m 1 ',accepted,' "$PAYDAY_FOLDER/book" | cut -d : -f 1)
sed "${accepted}d" "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
book_is_wrong 'accepted in the ledger, missing at the bank'
sed "${accepted}s/^../zz/" "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
book_is_wrong 'accepted by the bank, missing in the ledger'
sed "${accepted}p" "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
book_is_wrong 'accepted twice by the bank'
awk -F , -v OFS=, -v at="$accepted" 'NR == at { $4 = $4 + 1 } { print }' \
    "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
book_is_wrong 'the amount differs'
awk -F , -v OFS=, -v at="$accepted" 'NR == at { $3 = "X-1" } { print }' \
    "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
book_is_wrong 'the receiving account differs'
echo 'no,book' >"$PAYDAY_FOLDER/wrong"
expect 65 'wrong:1:1: unknown column "no"' daybook verify --book "$PAYDAY_FOLDER/wrong"
sed "${accepted}s/,accepted,/,settled,/" "$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/wrong"
expect 65 'state "settled" is not accepted, pending, rejected or returned' daybook verify --book "$PAYDAY_FOLDER/wrong"
tr '\n' '\r' <"$PAYDAY_FOLDER/book" >"$PAYDAY_FOLDER/right"
expect 0 'ledger = book' timeout 20 "$DAYBOOK" verify --book "$PAYDAY_FOLDER/right"

# A change behind the engine's back, with triggers off, as for one who owns the server; in a copy of
# the database. (All others: verify_test.sh.)
payday_bank_stop
cluster_psql -c "CREATE DATABASE tampered TEMPLATE payday"
tampered="${server/dbname=postgres/dbname=tampered}"
psql -X -q -v ON_ERROR_STOP=1 -d "$tampered" -c "SET session_replication_role = replica" \
    -c "UPDATE daybook.entry SET amount_minor = amount_minor + 1 WHERE chunk = 2"
expect 70 'the ledger is not whole' env DAYBOOK_DATABASE="$tampered" "$DAYBOOK" verify acme \
    --date $date
expect_said 'partition 0 chunk 2: its hash is not that of its records'

# ---- every bank down: nothing is claimed, nothing is sent ----

runs=$(psql -X -At -d "$DAYBOOK_DATABASE" -c 'SELECT count(*) FROM daybook.run')
expect 69 'no bank of this batch can be reached' daybook run acme --date $date
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(psql -X -At -d "$DAYBOOK_DATABASE" -c 'SELECT count(*) FROM daybook.run')" = "$runs" ] ||
    expect_fail 'a run without a bank claimed the batch'
expect 78 'is not configured' env DAYBOOK_CONFIG=/dev/null "$DAYBOOK" run acme --date $date

expect_done
