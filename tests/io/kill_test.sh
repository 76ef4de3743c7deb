# kill: the engine dies (-9) at drawn moments of real 2,000-account paydays at a faulty bank and is
# started again by the same command until it ends. Then
#   - the ledger is whole (verify) and agrees with the bank's own book (verify --book);
#   - every account at the bank holds exactly what the input says it must;
#   - the bank's receipt log has accepted each step's transfer once;
#   - one more run sends nothing and ends with the same exit code.
#
# DAYBOOK_KILLS  how many kills, over all paydays (15; with DAYBOOK_FULL=1: 60)
# DAYBOOK_SEED   draws the input, the bank's faults and the moments; printed
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"

kills=${DAYBOOK_KILLS:-$([ -n "${DAYBOOK_FULL:-}" ] && echo 60 || echo 15)}
seed=${DAYBOOK_SEED:-$(($(date +%s) % 30000 + 1))}
unset "${!DAYBOOK_@}"
accounts=2000
kills_a_payday=5
paydays_most=$((kills + 3))
date=2026-03-25
ended_code=3 # some have no deposit, some payout accounts are stopped
RANDOM=$seed
echo "seed $seed (DAYBOOK_SEED=$seed draws the same input, faults and moments)"

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-kill.XXXXXX")
engine=
finish() {
    local code=$?
    [ -z "$engine" ] || kill -KILL "$engine" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    if [ "$code" = 0 ]; then
        rm -rf "$PAYDAY_FOLDER"
    else
        echo "failed (seed $seed); the files are kept in $PAYDAY_FOLDER; the engine's last words:"
        tail -n 20 "$PAYDAY_FOLDER/run.err" 2>/dev/null || true
    fi
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "kill_test: $*"
    exit 1
}

# ---- one payday's stage ----

begin_payday() {
    cluster_psql -c "CREATE DATABASE payday_$1"
    export DAYBOOK_DATABASE="${CLUSTER_CONNINFO/dbname=postgres/dbname=payday_$1}"
    rm -f "$PAYDAY_FOLDER"/{receipts,book,book.accounts,run.out,run.err}
    "$BUILD_SOURCE/bench/payday_accounts" "$accounts" "$PAYDAY_FOLDER" "$((seed + $1))" 30 20
    payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --seed "$((seed + $1))" \
        --latency 5ms --spread 10ms --rate 2500 --burst 100 --late 700ms \
        --fault lost_after=15000 --fault error_after=10000 --fault error_before=10000 \
        --fault reset_before=10000 --fault hang=4000 --fault late_accept=4000 \
        --fault throttle=400 \
        --log "$PAYDAY_FOLDER/receipts" --book "$PAYDAY_FOLDER/book"
    PAYDAY_RUN_KEYS=("send_before: 1s" "resolve_wait: 60s" "retry_base: 50ms" "retry_cap: 500ms"
        "chunk_delay: 20ms")
    PAYDAY_BANK_KEYS=("rate: 2400" "burst: 50" "calls: 256" "connections: 64" "poll_interval: 500ms"
        "processing_time: 1s" "linger: 200ms" "call_timeout: 500ms" "later_wait: 500ms")
    payday_config "$PAYDAY_FOLDER/daybook.yaml"
    export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
    "$DAYBOOK" schema apply >/dev/null
    "$DAYBOOK" import acme --date "$date" --quiet "$PAYDAY_FOLDER/accounts.csv"
}

engine_start() {
    "$DAYBOOK" run acme --date "$date" </dev/null >>"$PAYDAY_FOLDER/run.out" \
        2>>"$PAYDAY_FOLDER/run.err" &
    engine=$!
}

receipt_bytes() {
    stat -c %s "$PAYDAY_FOLDER/receipts"
}

# A moment: so many bytes of receipts from now (200 or so a call), or so many ms.
# Returns 0 when it has come, 1 when the engine ended before.
await_moment() {
    local from begin
    from=$(receipt_bytes)
    begin=${EPOCHREALTIME/[.,]/}
    while kill -0 "$engine" 2>/dev/null; do
        case $moment_kind in
        receipts) [ "$(receipt_bytes)" -lt $((from + moment)) ] || return 0 ;;
        ms) [ "${EPOCHREALTIME/[.,]/}" -lt $((begin + moment * 1000)) ] || return 0 ;;
        esac
        [ "${EPOCHREALTIME/[.,]/}" -lt $((begin + 60000000)) ] || fail "no end after 60 s"
        sleep 0.002
    done
    return 1
}

# A quarter falls into start and take-over, the rest anywhere in the sending and recording.
draw_moment() {
    if [ $((RANDOM % 4)) = 0 ]; then
        moment_kind=ms
        moment=$((RANDOM % 400))
    else
        moment_kind=receipts
        moment=$((RANDOM * 15))
    fi
}

# Until the engine ends by itself; $1 kills on the way, if it lives that long. Sets `killed`.
settle() {
    local allowed=$1 code
    killed=0
    while :; do
        engine_start
        if [ "$killed" -lt "$allowed" ]; then
            draw_moment
        else
            moment_kind=none
        fi
        code=0
        if await_moment; then
            kill -KILL "$engine"
            wait "$engine" 2>/dev/null || code=$?
            engine=
            [ "$code" = 137 ] || fail "killed, but ended with exit code $code"
            killed=$((killed + 1))
            echo "  killed after $moment $moment_kind"
            continue
        fi
        wait "$engine" || code=$?
        engine=
        [ "$code" = "$ended_code" ] || fail "the run ended with exit code $code, not $ended_code"
        return 0
    done
}

# ---- what must hold ----

# From the input alone: what each account must hold when all that can be settled is settled.
expected_accounts() {
    awk -F, '
        NR == FNR { balance[$1] = $2; state[$1] = $3; next }
        $1 == "account_ref" { next }
        balance[$3] == 0 { print $3 "," 0; print $5 "," 0; next }
        {
            collected += $8
            paid = state[$5] == "stopped" ? 0 : balance[$3] - $8 - $9
            print $3 "," balance[$3] - $8 - paid
            print $5 "," paid
        }
        END { print "COLLECT-1," collected }' \
        "$PAYDAY_FOLDER/bank.csv" "$PAYDAY_FOLDER/accounts.csv" | sort
}

check_accounts() {
    local differ
    differ=$(diff <(expected_accounts) \
        <(awk -F, 'NR > 1 { print $1 "," $2 }' "$PAYDAY_FOLDER/book.accounts" | sort)) ||
        fail "the bank's accounts are not what the input says (< must be, > is):
$(head -n 20 <<<"$differ")"
}

# Accepted transfers by account and step, from what the bank received.
check_receipts() {
    local twice
    twice=$(awk -F '\t' '
        function name(body) {
            match(body, /"account_id":"[^"]*"/)
            account = substr(body, RSTART, RLENGTH)
            match(body, /"description":"[^"]*"/)
            return account " " substr(body, RSTART, RLENGTH)
        }
        $1 == "call" && $5 ~ /^POST / && !($4 in of) { of[$4] = name($13) }
        $1 == "call" && $10 == "accepted" { accepted[of[$4]]++ }
        $1 == "late" && $4 == "accepted" { accepted[of[$3]]++ }
        END {
            for (transfer in accepted) {
                total++
                if (accepted[transfer] != 1)
                    print transfer " " accepted[transfer] " times"
            }
            if (total < 1000)
                print "only " total " transfers accepted"
        }' "$PAYDAY_FOLDER/receipts")
    [ -z "$twice" ] || fail "not each transfer once: $twice"
}

posts() {
    awk -F '\t' '$1 == "call" && $5 ~ /^POST / { n++ } END { print n + 0 }' \
        "$PAYDAY_FOLDER/receipts"
}

check_payday() {
    local before code=0
    "$DAYBOOK" verify --quiet || fail "verify ended with exit code $?"
    payday_bank_book "$PAYDAY_FOLDER/book"
    "$DAYBOOK" verify --quiet --book "$PAYDAY_FOLDER/book" || fail "verify --book: exit code $?"
    check_accounts
    check_receipts
    before=$(posts)
    settle 0
    [ "$(posts)" = "$before" ] || fail "a further run sent $(($(posts) - before)) requests"
}

cluster_start
payday=0
done_kills=0
while [ "$done_kills" -lt "$kills" ]; do
    payday=$((payday + 1))
    [ "$payday" -le "$paydays_most" ] || fail "only $done_kills kills in $paydays_most paydays"
    begin_payday "$payday"
    echo "payday $payday"
    left=$((kills - done_kills))
    settle "$((left < kills_a_payday ? left : kills_a_payday))"
    done_kills=$((done_kills + killed))
    check_payday
    payday_bank_stop
done
echo "$done_kills kills in $payday paydays of $accounts accounts: ledger = book, each transfer once"
