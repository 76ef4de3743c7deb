# trace: what a real run wrote agrees with what it says of itself; a killed run's trace is readable
# to its cut-off end; a disk that takes nothing ends the trace and not the run; no account numbers,
# names or tokens are in it.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-trace.XXXXXX")
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

# number FILE NAME: the value of the first "NAME": in a JSON document of daybook.
number() {
    sed -n "s/^ *\"$2\": \"*\([0-9]*\)\"*,*$/\1/p" "$1" | head -n 1
}

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 150 "$PAYDAY_FOLDER" 5 0 30
token=canary-7f3a9c
(umask 077 && echo "$token" >"$PAYDAY_FOLDER/token")
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --latency 5ms --rate 5000 --burst 200 --token-file "$PAYDAY_FOLDER/token" \
    --fault lost_after=3% --fault error_after=3%
PAYDAY_RUN_KEYS=('send_before: 1s' 'retry_base: 20ms')
PAYDAY_BANK_KEYS=('rate: 400' 'burst: 20' 'calls: 32' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 500ms' 'later_wait: 100ms'
    "token_file: $PAYDAY_FOLDER/token")
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' daybook schema apply
expect 0 '150 accounts' daybook import acme --date $date "$PAYDAY_FOLDER/accounts.csv"

# ---- killed ----

killed=$PAYDAY_FOLDER/killed.trace
# So slow that it is not at its end before anybody has looked.
"$DAYBOOK" run acme --date $date --quiet --trace "$killed" --set banks.mock.rate=100 &
engine=$!
# What is not handed over to the file is lost: killed once there are transfers in it.
for _ in $(seq 1 400); do
    [ "$(daybook trace "$killed" --kind transfer 2>/dev/null | wc -l)" -lt 40 ] || break
    sleep 0.025
done
kill -KILL "$engine"
code=0
wait "$engine" 2>/dev/null || code=$?
engine=
SAID="exit $code of the killed engine"
expect 0 '' test "$code" = 137
expect 0 'claim ' daybook trace "$killed"
expect_said ' transfer '
expect 0 'epoch=1' daybook trace "$killed" --kind claim
# Every cut shows what is whole before it. (All prefixes: tests/unit.)
for bytes in 1 60 500 5001; do
    head -c "$bytes" "$killed" >"$PAYDAY_FOLDER/cut.trace"
    code=0
    daybook trace "$PAYDAY_FOLDER/cut.trace" >"$PAYDAY_FOLDER/cut.out" 2>&1 || code=$?
    wanted=0
    [ "$bytes" -gt 50 ] || wanted=65 # not even the header
    SAID=$(cat "$PAYDAY_FOLDER/cut.out")
    expect "$wanted" '' bash -c "exit $code"
done
{ cat "$killed" && printf '\335\377\0\0\0'; } >"$PAYDAY_FOLDER/bad.trace"

# ---- the run that goes on agrees with its own totals ----

trace=$PAYDAY_FOLDER/run.trace
code=0
daybook run acme --date $date --quiet -o json --trace "$trace" >"$PAYDAY_FOLDER/run.json" || code=$?
expect 0 '' bash -c "[ $code = 0 ] || [ $code = 3 ]"
expect 0 'epoch=2' daybook trace "$trace" --kind claim
expect 0 ' end ' daybook trace "$trace" --kind end
daybook trace "$trace" --summary -o json >"$PAYDAY_FOLDER/summary.json"
for pair in balance:poll transfer:transfer inquiry:inquiry chunks:chunk chunks:written \
    entries:entry records:chunk_records entries:chunk_entries; do
    said=$(number "$PAYDAY_FOLDER/run.json" "${pair%%:*}")
    SAID="${pair%%:*} $said, in the trace $(number "$PAYDAY_FOLDER/summary.json" "${pair##*:}")"
    expect 0 '' test "${said:-0}" -gt 0 -a "$said" = \
        "$(number "$PAYDAY_FOLDER/summary.json" "${pair##*:}")"
done
[ "$(number "$PAYDAY_FOLDER/summary.json" dropped)" = 0 ] || expect_fail 'items were dropped'
[ "$(number "$PAYDAY_FOLDER/summary.json" unknown_replies)" = 0 ] ||
    expect_fail 'replies to calls that the trace does not show'
# Calls and replies are one to one, and each line of JSON is an object.
[ "$(daybook trace "$trace" --kind reply -o json | grep -c '^{.*"latency_ns":[0-9]*}$')" = \
    "$(daybook trace "$trace" --kind poll --kind transfer --kind inquiry | wc -l)" ] ||
    expect_fail 'calls and replies differ in number'

# One settlement's story, as the ledger has it.
position=$(daybook trace "$trace" --kind intent | awk 'NR == 1 { print $3 }')
expect 0 " intent   " daybook trace "$trace" --settlement "$position"
expect_said ' written '
expect_said ' settled'
! grep -E '^ *[0-9.]+ (intent|transfer|outcome|entry|row|reply)' <<<"$SAID" |
    awk -v position="$position" '$3 != position' | grep -q . ||
    expect_fail 'it shows other settlements, too'

# ---- what is not in it ----

for secret in "$token" VA- COLLECT-1; do
    ! grep -qaF -- "$secret" "$trace" "$killed" || expect_fail "the trace holds $secret"
done
awk -F, 'NR > 1 { print $3; print $5; print $6 }' "$PAYDAY_FOLDER/accounts.csv" | sort -u \
    >"$PAYDAY_FOLDER/private"
! grep -qaFf "$PAYDAY_FOLDER/private" "$trace" "$killed" ||
    expect_fail 'the trace holds account numbers or names'
[ "$(stat -c %a "$trace")" = 600 ] || expect_fail 'others may read the trace'

# ---- what is no trace ----

expect 65 "at byte $(($(stat -c %s "$killed") + 4))" daybook trace "$PAYDAY_FOLDER/bad.trace"
expect 65 'not a trace' daybook trace "$DAYBOOK_CONFIG"
expect 65 'No such file' daybook trace "$PAYDAY_FOLDER/none"
expect 64 "no kind 'polls'" daybook trace "$trace" --kind polls

# ---- a disk that takes nothing, and a place that cannot be written ----

expect 0 '150 accounts' daybook import acme --date 2026-04-25 "$PAYDAY_FOLDER/accounts.csv"
expect 77 'nothing was done' daybook run acme --date 2026-04-25 --trace "$PAYDAY_FOLDER/no/trace"
# What could make the run wait for ever: a pipe, with a reader and without.
mkfifo "$PAYDAY_FOLDER/pipe"
expect 77 'a pipe or the like' timeout 20 "$DAYBOOK" run acme --date 2026-04-25 \
    --trace "$PAYDAY_FOLDER/pipe"
exec 8<>"$PAYDAY_FOLDER/pipe"
expect 77 'a pipe or the like' timeout 20 "$DAYBOOK" run acme --date 2026-04-25 \
    --trace "$PAYDAY_FOLDER/pipe"
exec 8<&-
expect 3 'the trace is not whole: No space left on device' daybook run acme --date 2026-04-25 \
    --trace /dev/full
expect_said 'short'
expect_done
