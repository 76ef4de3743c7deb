# run: what shows only where clock, database and bank are real: waits end by themselves, and a plan
# that was replaced while a run waited for its batch is not taken for the one it read before.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-run.XXXXXX")
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

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 20 "$PAYDAY_FOLDER" 3 0 0
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 2ms --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 1s' 'retry_base: 50ms' 'poll_tries: 4')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 1s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' daybook schema apply

# The first ten as they are, and ten that the bank does not know: every look at those fails.
head -n 11 "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/few.csv"
{ cat "$PAYDAY_FOLDER/few.csv" && sed -n '12,21s/,VA-/,NO-/p' "$PAYDAY_FOLDER/accounts.csv"; } \
    >"$PAYDAY_FOLDER/more.csv"

# ---- the plan is replaced while a run waits for its batch ----

expect 0 '10 accounts, revision 1' daybook import acme --date $date "$PAYDAY_FOLDER/few.csv"
coproc OTHER { psql -X -At -d "$DAYBOOK_DATABASE"; }
echo "SELECT 'it has the lock', pg_advisory_lock(1684108642, 1);" >&"${OTHER[1]}"
read -r -t 10 SAID <&"${OTHER[0]}"
"$DAYBOOK" run acme --date $date --set claim.lock_wait=1min >"$PAYDAY_FOLDER/run.out" 2>&1 &
engine=$!
for _ in $(seq 1 400); do
    [ "$(cluster_psql -At -c "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'daybook:control'")" = 0 ] || break
    sleep 0.025
done
expect 0 '20 accounts, revision 2' daybook import acme --date $date "$PAYDAY_FOLDER/more.csv"
echo '\q' >&"${OTHER[1]}"
code=0
wait "$engine" || code=$?
engine=
expect 0 'its plan was replaced' cat "$PAYDAY_FOLDER/run.out"
[ "$code" = 75 ] || expect_fail "a run of a plan that was replaced ended with $code instead of 75"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
! grep -q "$(printf '\tPOST ')" "$PAYDAY_FOLDER/receipts" || expect_fail 'it sent something'

# ---- waits end by the run's own clock: there is no heartbeat that would wake it ----

expect 3 'finished, some are left' timeout 20 "$DAYBOOK" run acme --date $date \
    --set claim.heartbeat=30min --set claim.stale_after=1h --set run.alive=1h
expect_said 'short                  10'
expect_said 'settled                10'
# ---- a bank's "not found" could never count ----

expect 0 '10 accounts, revision 1' daybook import early --date $date "$PAYDAY_FOLDER/few.csv"
expect 78 "$DAYBOOK_CONFIG:" daybook run early --date $date --set run.resolve_wait=1200ms
expect_said ':3: run.resolve_wait is too short for bank mock'
expect_said 'hint: set run.resolve_wait to more than 1200ms'

expect 0 'the ledger is whole: ' daybook verify
expect_done
