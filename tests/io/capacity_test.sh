# capacity: what can be carried by when; what a run forecasts, and what it leaves for the next one; how
# soon a deposit is seen.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" XDG_STATE_HOME
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-capacity.XXXXXX")
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
# number NAME: a number of the JSON that was said last, the first of that name
number() {
    sed -n 's/.*"'"$1"'": \(-\{0,1\}[0-9]*\).*/\1/p' <<<"$SAID" | head -n 1
}

# ---- without any configuration ----

export DAYBOOK_CONFIG=$PAYDAY_FOLDER/none.yaml
echo 'time_zone: Asia/Seoul' >"$DAYBOOK_CONFIG"
question=(capacity --start 06:00 --rate 500 --latency 50ms --calls 64)
# 400,000 calls at 500 a second: 800 s.
expect 0 'yes: 100,000 accounts, begun at 06:00, are settled by 06:13' \
    daybook "${question[@]}" --accounts 100_000 --by 07:30
expect_said 'before 07:30 (Asia/Seoul)'
expect_said "limit    bank bank's rate of 500 calls/s: 13 min 20 s"
expect_said 'no benchmark of this machine is known: assuming 2,000 settlements/s, a commit 25 ms'
expect_said '`daybook bench run` measures it'
expect_not_said 'assuming 100 ms'
expect 99 'no: 1,000,000 accounts, begun at 06:00, are settled by 08:13' \
    daybook "${question[@]}" --accounts 1_000_000 --by 07:30
expect_said 'needed   bank bank: 741 calls/s'
expect 99 'after 00:30 on ' daybook "${question[@]}" --start 23:59 --accounts 1_000_000 --by 00:30
expect 0 '1,000,000 accounts, begun at' daybook capacity --accounts 1_000_000 --rate 500
expect_said 'no run has measured a call of bank bank: assuming 100 ms'
expect 99 'deposits that arrive earlier' \
    daybook "${question[@]}" --accounts 10 --by 07:00 --arrive-over 2h
expect 99 'more time' daybook "${question[@]}" --latency 20s --accounts 1 --by 06:01
expect 0 '' bash -c "'$DAYBOOK' ${question[*]} --accounts 100_000 --by 07:30 -o json 2>/dev/null"
[ "$(number duration_ns)" -gt 800000000000 ] || expect_fail 'the duration'
expect_said '"answer": "yes"'
expect_said '"limit": "rate"'
expect_said '"machine_assumed": true'
expect 99 '"needed":741' daybook "${question[@]}" --accounts 1_000_000 --by 07:30 -o jsonl
expect 64 'no bank is configured' daybook capacity --accounts 10
expect 64 'is not within 1 to 1000000' daybook capacity --accounts 10 --rate 0
expect 64 'no such bank is configured' daybook capacity --accounts 10 --rate 5 --calls north=3
expect 64 'names no bank' daybook capacity --accounts 10 --rate 5 --share 3
expect 64 'no bank has any accounts' daybook capacity --accounts 10 --rate 5 --share bank=0
expect 78 'does not know the time zone "Asia/Nowhere"' \
    daybook capacity --accounts 10 --rate 5 --set time_zone=Asia/Nowhere

# ---- a payday ----

# Noon, or a little later, wherever that is now: deadlines lie in the future.
west=$((10#$(date -u +%H) - 12))
zone=Etc/GMT$([ "$west" -eq 0 ] || printf '%+d' "$west")
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
PAYDAY_RUN_KEYS=('send_before: 1s' 'progress_every: 100ms')
PAYDAY_BANK_KEYS=('rate: 2000' 'burst: 100' 'calls: 64' 'poll_interval: 300ms'
    'processing_time: 100ms' 'linger: 100ms')
cluster_start
cluster_psql -c "CREATE DATABASE payday"
export DAYBOOK_DATABASE="${CLUSTER_CONNINFO/dbname=postgres/dbname=payday}"
bank() { # ACCOUNTS.csv
    payday_bank_stop
    payday_bank --accounts "$1" --latency 2ms
    payday_config "$DAYBOOK_CONFIG"
    printf 'state_folder: %s\ntime_zone: %s\n' "$PAYDAY_FOLDER/state" "$zone" >>"$DAYBOOK_CONFIG"
}
kept=$PAYDAY_FOLDER/state/capacity.json

"$BUILD_SOURCE/bench/payday_accounts" 60 "$PAYDAY_FOLDER"
bank "$PAYDAY_FOLDER/bank.csv"
expect 0 'applied' daybook schema apply
expect 0 '' daybook import first --date $date "$PAYDAY_FOLDER/accounts.csv"
# A sweep of 60 at 2,000 a second is shorter than the poll interval: half of it, and a call.
expect 0 'bank mock: p50 250 ms, p99 397 ms; its 60 accounts are looked at once in 300 ms' \
    daybook plan first --date $date
expect_said 'assuming a call of 100 ms'
expect 0 '' bash -c "'$DAYBOOK' plan first --date $date -o json 2>/dev/null"
[ "$(number detection_p50_ns)" = 250000000 ] || expect_fail 'half a sweep and a call'
[ "$(number sweep_ns)" = 300000000 ] || expect_fail 'the sweep'

expect 0 'daybook: forecast: 60 settlements in ' daybook run first --date $date
expect_said ', where the deposits are there; limit: '
expect_said '; assuming 2,000 settlements/s and 100 ms a call of mock'
expect_said ' than forecast: '
expect_not_said 'came between two looks' # all were there at the first
[ "$(stat -c %a "$kept")" = 600 ] || expect_fail 'others may read what was measured'
grep -q "\"url\": \"http://$PAYDAY_BANK_ADDRESS\"" "$kept" || expect_fail 'the bank was not kept'
grep -q '"run_commit_ns": [1-9]' "$kept" || expect_fail 'the commits were not kept'

# Nothing is to do any more: no forecast.
expect 0 'nothing to do' daybook run first --date $date
expect_not_said 'forecast'

# ---- deposits that come late, by a bank whose calls are known by now ----

# Look, wait, look again: where the machine is so slow that the first look comes after the deposits,
# they come later in the next attempt.
for late_ms in 2000 10000 50000; do
    cohort=late$late_ms
    head -n 1 "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/late.csv"
    head -n 1 "$PAYDAY_FOLDER/bank.csv" >"$PAYDAY_FOLDER/late_bank.csv"
    echo 'COLLECT-1,0,open' >>"$PAYDAY_FOLDER/late_bank.csv"
    for i in 1 2 3 4 5 6 7 8 9; do
        echo "L$late_ms-$i,mock,VL-$late_ms-$i,NORTH,PL-$late_ms-$i,Late $i,KRW,1000,0,9000,,"
    done >>"$PAYDAY_FOLDER/late.csv"
    for i in 1 2 3 4 5 6 7 8 9; do
        echo "VL-$late_ms-$i,0,open,9000,$late_ms"
        echo "PL-$late_ms-$i,0,open"
    done >>"$PAYDAY_FOLDER/late_bank.csv"
    address=$PAYDAY_BANK_ADDRESS
    payday_bank_stop
    payday_bank --accounts "$PAYDAY_FOLDER/late_bank.csv" --latency 2ms --listen "$address"
    expect 0 '' daybook import $cohort --date $date "$PAYDAY_FOLDER/late.csv"
    expect 0 '9 accounts are looked at once in 300 ms' daybook plan $cohort --date $date
    expect_not_said 'assuming a call'
    daybook run $cohort --date $date --deadline 23:59 -o json >"$PAYDAY_FOLDER/late.json" \
        2>"$PAYDAY_FOLDER/late.err" || expect_fail "the run ended with $?"
    SAID=$(cat "$PAYDAY_FOLDER/late.json")
    [ "$(number deposits)" -eq 0 ] || break
done
[ "$(number deposits)" -gt 0 ] || expect_fail 'no deposit came between two looks'
# A look is answered, and 300 ms later the next one begins; a bucket is 1/32 of its value wide.
[ "$(number between_looks_p50_ns)" -ge 300000000 ] || expect_fail 'looks nearer than the interval'
expect_said '"error_per_mille": '
expect_said '"assumed": true'
SAID=$(cat "$PAYDAY_FOLDER/late.err")
expect_said '; assuming 2,000 settlements/s'
expect_not_said 'a call of mock'
expect 0 '' daybook run $cohort --date $date --quiet
[ -z "$SAID" ] || expect_fail 'a quiet run said something'

# ---- what a benchmark has measured ----

ask() { # CODE TEXT BY
    expect "$1" "$2" daybook capacity --accounts 60_000 --start 06:00 --by "$3" --rate 1_000_000
}
ask 0 'no benchmark of this machine is known: assuming 2,000 settlements/s' 07:00
expect_not_said 'no run has measured'
benchmark='"settlements_per_s": 100, "engine_ns": 4000, "bank_ns": 3000, "postgres_ns": 3000,'
benchmark+='"lanes": 1, "chunk_commit_ns": 9000000, "measured_at": "2026-03-24T10:00:00Z",'
sed -i "s/^{/{$benchmark \"daybook\": \"0.1.0\",/" "$kept"
# 60,000 at 100 a second, less for the closing check's call: 10 instead of 12.33 parts, 740 s.
ask 99 'no: 60,000 accounts, begun at 06:00, are settled by 06:12' 06:10
expect_said 'this machine and its database, 81 settlements/s: 12 min 2'
expect_said 'needed   a machine and database for 101 settlements/s'
expect_said 'measured at 2026-03-24T10:00:00Z'
expect_not_said 'assuming'
sed -i 's/"cores": [0-9]*/"cores": 4711/' "$kept"
ask 0 'measured on another machine' 07:00
expect_said 'not used: '
expect_said 'assuming 2,000 settlements/s'
printf '{' >"$kept"
ask 0 "not used: $kept:1:1" 07:00

expect_done
