# frozen: what a batch began with holds for all of its runs: how holds are made, and where its
# ledger ended. Each test is a sentence, printed.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

STAGE_SEED=11
STAGE_ACCOUNTS=60
STAGE_RATE=600
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
STAGE_FAULTS=()

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-frozen.XXXXXX")
finish() {
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    payday_bank_stop
    cluster_stop immediate
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

run() {
    "$DAYBOOK" run acme --date "$STAGE_DATE" --quiet "$@"
}

ask() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}

# Everything that a start may change.
heads() {
    ask "SELECT to_jsonb(h) FROM daybook.batch_head h"
    ask "SELECT to_jsonb(h) FROM daybook.head h"
    ask "SELECT count(*) FROM daybook.run"
    ask "SELECT count(*) FROM daybook.bank_profile"
}

# stopped_then_refused NAME FIRST OTHER: two starts with different run.hold.
stopped_then_refused() {
    local code=0 try before
    echo "a batch that began with run.hold: $2 does not go on with run.hold: $3"
    stage_begin "$1"
    stage_engine --set run.hold="$2" --set banks.mock.suspense_account=COLLECT-1 \
        --set banks.mock.rate=40 --set banks.mock.burst=1
    for try in $(seq 1 1000); do
        [ "$(ask "SELECT count(*) FROM daybook.chunk")" = 0 ] || break
        stage_nap 0.01
    done
    kill -TERM "$STAGE_ENGINE"
    wait "$STAGE_ENGINE" || code=$?
    STAGE_ENGINE=
    [ "$code" = 4 ] || stage_fail "the stopped run ended with $code"
    [ "$(ask "SELECT count(*) FROM daybook.chunk")" -gt 0 ] || stage_fail "it did not begin"
    before=$(heads)
    expect 78 "began with run.hold: $2, and cannot go on with run.hold: $3" run \
        --set run.hold="$3" --set banks.mock.suspense_account=COLLECT-1
    expect_said "set run.hold to $2 for this batch"
    [ "$(heads)" = "$before" ] || stage_fail "the refused start changed something"
    expect 1 'is frozen' psql -X -q -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c \
        "UPDATE daybook.batch_head SET hold_by_transfer = NOT hold_by_transfer"
}

cluster_start
stage_open
stopped_then_refused began_post post transfer
expect 0 '' run --set run.hold=post
expect 0 '' "$DAYBOOK" verify

echo "a closed batch looks at the heads that are known, too"
expect 0 'nothing to do' "$DAYBOOK" run acme --date "$STAGE_DATE"
expect 69 'but chunk 999 is known' run --expect-head 0:999
newest=$(ask "SELECT partition || ':' || chunk FROM daybook.head")
expect 69 'another hash than is known' run --expect-head "$newest:$(printf '%064d' 0)"
expect 0 '' run --expect-head "$newest"
stage_end

stopped_then_refused began_transfer transfer post
expect 0 '' run --set run.hold=transfer --set banks.mock.suspense_account=COLLECT-1
expect 0 '' "$DAYBOOK" verify
stage_end
expect_done
