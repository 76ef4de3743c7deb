# bench: closed and open loop, a sweep, a sandbox; what is written is what was agreed; thresholds and
# comparisons decide the exit code; no database of anybody else is used, and nothing is left behind.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
bench=
finish() {
    [ -z "$bench" ] || kill -KILL "$bench" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

# What the benchmarks make lies here; user postgres passes through, and lists nothing.
chmod 711 "$PAYDAY_FOLDER"
made=$PAYDAY_FOLDER/made
mkdir -m 711 "$made"
daybook() {
    TMPDIR=$made "$DAYBOOK" "$@"
}
check() {
    expect 0 'as agreed' python3 "$BUILD_SOURCE/tests/io/bench_check.py" "$@"
}
results=$PAYDAY_FOLDER/results
mkdir "$results"

# ---- closed loop, on a private Postgres ----

expect 0 'settlements' daybook bench run --accounts 120 --warm-up 20 --repeats 1 --connections 16 \
    --out "$results/closed.json" --require 'settlements_per_s>=0.001' \
    --require 'payout.response.p99 <= 1h' --require 'trace_dropped<=0'
expect_said 'repeat 1 of 2: warm-up of 20, then 120 accounts'
expect_said 'repeat 2 of 2, traced for latencies'
expect_said 'met          payout.response.p99 <= 3600 s'
expect_said 'from the instant at which the engine opened it'
check run closed "$results/closed.json"

# ---- open loop, in a given database; a threshold that fails ----

cluster_start
cluster_psql -c 'CREATE DATABASE bench' -c 'CREATE DATABASE other' -c 'CREATE DATABASE foreign_one'
given=${CLUSTER_CONNINFO/dbname=postgres/dbname=bench}
opened() {
    daybook bench run --accounts 60 --warm-up 0 --repeats 1 --rate 300 --latency 2ms --spread 1ms \
        --poll-interval 100ms --database "$given" --quiet "$@"
}
expect 99 'thresholds are not met' opened --out "$results/open.msgpack" --output json \
    --require 'settlements_per_s>=1000000000' --require 'deposit.response.max<=1h'
expect_said 'failed       settlements_per_s >= 1,000,000,000/s'
expect_said 'met          deposit.response.max <= 3600 s'
expect 0 'from the instant at which its deposit was to land' opened --out "$results/open.json"
check run open "$results/open.json"
expect 0 '' daybook bench compare "$results/open.msgpack" "$results/open.msgpack"

# ---- a sweep, where the database has runs already ----

expect 0 'concurrency' daybook bench sweep --over concurrency --values 4,16 --accounts 60 \
    --warm-up 0 --repeats 1 --latency-repeats 0 --database "$given" --out "$results/sweep.json"
expect_said 'concurrency 16 (2 of 2), repeat 1 of 1'
check sweep closed "$results/sweep.json"

# ---- comparing ----

expect 0 'same' daybook bench compare "$results/closed.json" "$results/closed.json"
python3 "$BUILD_SOURCE/tests/io/bench_check.py" --slower "$results/closed.json" "$results/slow.json"
expect 99 'B is worse than A by more than 5%' daybook bench compare "$results/closed.json" \
    "$results/slow.json"
expect 0 'better' daybook bench compare "$results/slow.json" "$results/closed.json"
expect 0 'same' daybook bench compare --tolerance 60% "$results/closed.json" "$results/slow.json"
expect 65 'nothing in common' daybook bench compare "$results/closed.json" "$results/sweep.json"
expect 65 'not results' daybook bench compare "$results/closed.json" - <<<'{}'

# ---- a bank of the configuration: its sandbox, here a mock bank that somebody else started ----

"$BUILD_SOURCE/bench/payday_accounts" 40 "$PAYDAY_FOLDER"
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --meter-rate 400 --meter-burst 60
PAYDAY_RUN_KEYS=('closing_check: all')
PAYDAY_BANK_KEYS=('rate: 400' 'burst: 20' 'calls: 8')
payday_config "$PAYDAY_FOLDER/sandbox.yaml"
expect 0 'settlements' daybook bench run --bank mock --config "$PAYDAY_FOLDER/sandbox.yaml" \
    --accounts-file "$PAYDAY_FOLDER/accounts.csv" --database "$given" --out "$results/sandbox.json"
expect 0 '"concurrency": 8' cat "$results/sandbox.json" # of the configuration, within the profile's
payday_bank_stop
expect 0 '' grep -E 'arrivals: .*: 0 over$' "$PAYDAY_FOLDER/bank.out"
expect 64 'for the mock bank' daybook bench run --bank mock --config "$PAYDAY_FOLDER/sandbox.yaml" \
    --accounts-file "$PAYDAY_FOLDER/accounts.csv" --latency 5ms

# ---- nobody else's database ----

other=${CLUSTER_CONNINFO/dbname=postgres/dbname=other}
DAYBOOK_DATABASE=$other daybook schema apply >/dev/null
DAYBOOK_CONFIG=$PAYDAY_FOLDER/sandbox.yaml DAYBOOK_DATABASE=$other daybook import acme \
    --date 2026-03-25 --quiet "$PAYDAY_FOLDER/accounts.csv"
expect 65 "1 batches that are no benchmark's, of cohort acme" daybook bench run --accounts 10 \
    --database "$other"
foreign=${CLUSTER_CONNINFO/dbname=postgres/dbname=foreign_one}
psql -X -q -d "$foreign" -c 'CREATE TABLE theirs ()'
expect 65 "not daybook's" daybook bench run --accounts 10 --database "$foreign"

# ---- what is wrong is refused before anything is started ----

expect 64 'did you mean settlements_per_s?' daybook bench run --require 'settlement_per_s>=1'
expect 64 '--values' daybook bench sweep --over rate --values 100,x
expect 64 'no --latency-repeats' daybook bench run --rate 100 --latency-repeats 2
expect 64 'more than 3 hours' daybook bench run --rate 1 --accounts 20000
expect 64 '--out /nonexistent/a.json: No such file' daybook bench run --out /nonexistent/a.json
expect 64 'NAME=VALUE' daybook bench run --postgres "x='1'"

# ---- stopped ----

"$DAYBOOK" bench run --accounts 20000 --rate 10 --warm-up 0 --database "$given" \
    >"$PAYDAY_FOLDER/stopped" 2>&1 &
bench=$!
for _ in $(seq 1 400); do
    ! grep -q 'repeat 1' "$PAYDAY_FOLDER/stopped" || break
    sleep 0.025
done
code=0
kill -TERM "$bench"
wait "$bench" || code=$?
bench=
expect 0 '' test "$code" = 4
expect 0 'nothing is kept' cat "$PAYDAY_FOLDER/stopped"
expect 0 '' test -z "$(ls "$made")"
expect_done
