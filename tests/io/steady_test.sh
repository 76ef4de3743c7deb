# steady: by jemalloc's own figures, a run that looks for deposits does not grow, and its lane asks for
# no memory at all while it does nothing but ask the bank.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
probe=$DAYBOOK_BUILD/tests/io_steady_probe.so
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25
accounts=3000
grown_most=65536 # bytes: what libpq's buffers may still take

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-steady.XXXXXX")
engine=
finish() {
    [ -z "$engine" ] || kill -KILL "$engine" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

run() {
    before=$(wc -l <"$PAYDAY_FOLDER/receipts")
    env LD_PRELOAD="$probe" STEADY_PROBE="$PAYDAY_FOLDER/probe" \
        "$DAYBOOK" run acme --date $date --deadline 23:59 --quiet "$@" </dev/null \
        2>"$PAYDAY_FOLDER/run.err" &
    engine=$!
}

# sample CALLS: waits until the run has made so many, then for a line of the probe that began after
# that; sets allocated and asked.
sample() {
    local lines
    for _ in $(seq 1 2400); do
        [ $(($(wc -l <"$PAYDAY_FOLDER/receipts") - before)) -lt "$1" ] && kill -0 "$engine" || break
        sleep 0.025
    done
    lines=$(wc -l <"$PAYDAY_FOLDER/probe")
    for _ in $(seq 1 400); do
        [ "$(wc -l <"$PAYDAY_FOLDER/probe")" -lt $((lines + 2)) ] && kill -0 "$engine" || break
        sleep 0.01
    done
    calls=$(($(wc -l <"$PAYDAY_FOLDER/receipts") - before))
    read -r allocated asked < <(sed -n "$((lines + 2))p" "$PAYDAY_FOLDER/probe")
    SAID="$calls calls; probe: $(tail -n 1 "$PAYDAY_FOLDER/probe"); $(cat "$PAYDAY_FOLDER/run.err")"
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    if [ "$calls" -lt "$1" ] || [[ ! $allocated =~ ^[0-9]+$ ]]; then
        expect_fail "the run made $1 calls, and the probe has jemalloc's figures"
        expect_done
    fi
}

stop() {
    local code=0
    kill -TERM "$engine"
    wait "$engine" || code=$?
    engine=
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    SAID=$(cat "$PAYDAY_FOLDER/run.err")
    [ "$code" = 4 ] || expect_fail "a stopped run ended with exit code $code"
}

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" $accounts "$PAYDAY_FOLDER" 1 1000
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" --latency 8ms
# No heartbeat meanwhile: it is the claim's session that would allocate.
PAYDAY_CLAIM_KEYS=('heartbeat: 20min' 'stale_after: 1d')
PAYDAY_RUN_KEYS=('alive: 1h' 'resolve_wait: 3h')
# A second of tokens is more than there are accounts: all of them come in at once.
PAYDAY_BANK_KEYS=('rate: 4000' 'burst: 10' 'calls: 8' 'poll_interval: 1h' 'linger: 1s')
payday_config "$DAYBOOK_CONFIG"
payday_long_day "$DAYBOOK_CONFIG"
"$DAYBOOK" schema apply >/dev/null
"$DAYBOOK" import acme --date $date --quiet "$PAYDAY_FOLDER/accounts.csv"

# ---- all accounts are in slots: nothing but calls, throttle and waiting ----

run
sample 1200
first_asked=$asked first_calls=$calls
sample 2400
EXPECT_COUNT=$((EXPECT_COUNT + 1))
SAID="$first_asked bytes asked for after $first_calls calls, $asked after $calls"
[ "$asked" = "$first_asked" ] || expect_fail "the lane allocated while it asked the bank"
stop

# ---- looking again and again: pages are read for it ----

run --set banks.mock.poll_interval=20ms --set banks.mock.rate=1000000 \
    --set banks.mock.calls=256
sample $((3 * accounts))
first_allocated=$allocated first_asked=$asked first_calls=$calls
sample $((8 * accounts))
EXPECT_COUNT=$((EXPECT_COUNT + 2))
SAID="$first_allocated bytes allocated after $first_calls calls, $allocated after $calls"
[ "$allocated" -le $((first_allocated + grown_most)) ] || expect_fail "the run grew"
# Else the figures would be of something else, or stand still.
[ "$asked" -gt "$first_asked" ] || expect_fail "pages were read without any allocation"
stop
expect_done
