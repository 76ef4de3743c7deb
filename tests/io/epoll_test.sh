# epoll: paydays where io_uring is blocked, as in most containers, and where it is not wanted. A run
# says by what it goes and why; the ledger is whole and agrees with the bank's book.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
seccomp=$DAYBOOK_BUILD/tests/io_seccomp_driver
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-epoll.XXXXXX")
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
# As in a container whose profile has no io_uring, and on a kernel without epoll_pwait2.
blocked() {
    "$seccomp" deny 1 io_uring_setup -- "$DAYBOOK" "$@"
}
old() {
    "$seccomp" deny 38 io_uring_setup epoll_pwait2 -- "$DAYBOOK" "$@"
}

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
accounts=300
"$BUILD_SOURCE/bench/payday_accounts" $accounts "$PAYDAY_FOLDER" 3 0 0
# Some answers are lost on their way, and some connections with them.
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --book "$PAYDAY_FOLDER/book" --latency 2ms --seed 1 \
    --fault reset_before=2% --fault lost_after=2% --fault drip=3% --drip 1ms
PAYDAY_RUN_KEYS=('send_before: 1s' 'retry_base: 50ms')
PAYDAY_BANK_KEYS=('rate: 100000' 'burst: 1000' 'calls: 64' 'connections: 64' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 500ms' 'call_timeout: 1s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' daybook schema apply

import() { # COHORT FROM TO
    { head -n 1 "$PAYDAY_FOLDER/accounts.csv" && sed -n "$2,$3p" "$PAYDAY_FOLDER/accounts.csv"; } \
        >"$PAYDAY_FOLDER/some.csv"
    expect 0 'accounts, revision 1' daybook import "$1" --date $date "$PAYDAY_FOLDER/some.csv"
}
# What stands in the summary as JSON; the rest goes to the terminal.
fields() { # PYTHON-EXPRESSION COMMAND…
    local wanted=$1 code=0
    shift
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    SAID=$("$@" 2>"$PAYDAY_FOLDER/err") || code=$?
    [ "$code" = 0 ] && python3 -c "import json, sys; j = json.loads(sys.argv[1]); assert ($wanted)" "$SAID" ||
        expect_fail "exit $code, and not: $wanted"
}

# ---- refused, where io_uring is asked for ----

import first 2 101
expect 69 'a seccomp filter blocks io_uring' blocked run first --date $date --set run.io=uring
expect_said 'io: uring, for run.io is uring'
expect_said 'io_uring_setup, io_uring_enter and io_uring_register'
expect_said 'or set run.io: auto'
expect 78 'run.io' daybook run first --date $date --set run.io=kqueue

# ---- taken by itself, with the reason ----

expect 0 'daybook: io: epoll, for a seccomp filter blocks io_uring (Operation not permitted)' \
    blocked run first --date $date
expect_said 'all settled'
import second 102 201
fields 'j["io"] == "epoll" and j["io_reason"].startswith("a seccomp filter blocks io_uring (Function")
    and j["settlements"]["settled"] == 100' old run second --date $date -o json
EXPECT_COUNT=$((EXPECT_COUNT + 1))
grep -q '^daybook: io: epoll, for a seccomp' "$PAYDAY_FOLDER/err" || expect_fail 'the line is not on stderr'
expect 0 '' blocked run second --date $date --quiet
expect_not_said 'io:'

# ---- and as it is configured ----

import third 202 301
fields 'j["io"] == "epoll" and j["io_reason"] == "run.io is epoll"
    and j["settlements"]["settled"] == 100' daybook run third --date $date -o json --set run.io=epoll
# Where io_uring works, it is taken; a batch that is closed needs neither.
fields 'j["io"] == "uring" and j["io_reason"] == "" and j["calls"]["balance"] == 0' \
    daybook run third --date $date -o json
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ ! -s "$PAYDAY_FOLDER/err" ] || expect_fail 'it told of what it did not use'

expect 0 'the ledger is whole: ' daybook verify
payday_bank_book "$PAYDAY_FOLDER/book"
for cohort in first second third; do
    expect 0 '' daybook verify $cohort --date $date --book "$PAYDAY_FOLDER/book"
done
expect_done
