# text: a bank whose words are chosen to do harm (text_driver.c: NUL, EUC-KR, terminal escapes, %n,
# SQL, lines of a false log, 10 MB). The payday goes to its end, the ledger is whole, and what people
# are shown is clean: each of them one line.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
driver=$DAYBOOK_BUILD/tests/io_text_driver
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" "${!PG@}"
date=2026-03-25
accounts=24

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-text.XXXXXX")
bank=
finish() {
    [ -z "$bank" ] || kill -KILL "$bank" 2>/dev/null || true
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" $accounts "$PAYDAY_FOLDER" 3 0 0
"$driver" "$PAYDAY_FOLDER/port" &
bank=$!
until [ -s "$PAYDAY_FOLDER/port" ]; do
    kill -0 "$bank"
    sleep 0.01
done
PAYDAY_BANK_ADDRESS=127.0.0.1:$(cat "$PAYDAY_FOLDER/port")
PAYDAY_RUN_KEYS=('send_before: 500ms' 'retry_base: 30ms' 'retry_cap: 300ms' 'over: pay')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 8' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 2s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' "$DAYBOOK" schema apply
expect 0 "$accounts accounts" "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"

# What was said last: printable UTF-8 in lines, and none of the bank's lines begins one.
expect_clean() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    ! LC_ALL=C grep -q '[[:cntrl:]]' <<<"$(tr -d '\n' <<<"$SAID")" ||
        expect_fail 'control bytes reached a person'
    iconv -f UTF-8 -t UTF-8 <<<"$SAID" >/dev/null 2>&1 || expect_fail 'not UTF-8'
    ! grep -Eq '^ *(2026-03-25 daybook:|daybook: error: pay again)' <<<"$SAID" ||
        expect_fail "the bank wrote a line of ours"
    ! grep -q "$(printf '\342\200\256\|\342\200\250\|\357\273\277\|\302\205')" <<<"$SAID" ||
        expect_fail 'text that turns, breaks or hides reached a person'
}

expect 3 "parked                 $accounts" "$DAYBOOK" run acme --date $date
expect_clean
expect 3 '"exit_code": 3' "$DAYBOOK" run acme --date $date -o json
expect_clean
expect 0 'the ledger is whole' "$DAYBOOK" verify
expect_clean
expect 0 "$accounts accounts" "$DAYBOOK" show acme --date $date
expect_clean
for i in $(seq 1 $accounts); do
    expect 0 "account P$(printf %07d "$i")" "$DAYBOOK" explain "P$(printf %07d "$i")"
    expect_clean
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ "$(grep -c ' parked for a person, code ' <<<"$SAID")" = 1 ] || expect_fail 'its park is not one line'
done
expect 0 "<$accounts>" psql -X -At -d "$DAYBOOK_DATABASE" -c \
    "SELECT '<' || count(*) || '>' FROM daybook.v_settlement WHERE state = 'parked'"
# A refusal is no doubt, whatever it says.
expect 0 '<0>' psql -X -At -d "$DAYBOOK_DATABASE" -c \
    "SELECT '<' || count(*) || '>' FROM daybook.v_transfer WHERE state <> 'rejected'"
expect_done
