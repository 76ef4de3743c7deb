# poison: records that the database refuses. The settlement is parked, the rest goes on, exit 70;
# the ledger is whole, and one more run changes nothing.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" "${!PG@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-poison.XXXXXX")
finish() {
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

cluster_start "fsync=on"
cluster_psql -c "CREATE DATABASE payday"
server=$CLUSTER_CONNINFO
export DAYBOOK_DATABASE="${server/dbname=postgres/dbname=payday}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 200 "$PAYDAY_FOLDER" 0 0 0
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 1ms --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 1s' 'progress_every: 500ms' 'chunk_delay: 20ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 16' 'poll_interval: 100ms'
    'processing_time: 50ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' "$DAYBOOK" schema apply
expect 0 '200 accounts' "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}

# What is counted must be exactly this.
expect_is() {
    expect 0 "<$2>" echo "$1 <$3>"
}

# One whose collect, one whose deposit, one whose end cannot be written; as a row that breaks a rule.
sql "ALTER TABLE daybook.outcome ADD CONSTRAINT poison CHECK
    (NOT (settlement_id & 67108863 = 17 AND step = 2 AND state = 1
       OR settlement_id & 67108863 = 90 AND state = 7
       OR settlement_id & 67108863 = 91 AND state = 22))"
expect 70 'refused' "$DAYBOOK" run acme --date $date
expect_said 'record_refused'
expect_is 'settled' 197 "$(sql "SELECT count(*) FROM daybook.v_settlement WHERE state = 'settled'")"
expect_is 'parked' '17|collect 90|deposit 91|closing' "$(sql "
    SELECT string_agg((settlement_id & 67108863) || '|' || step, ' ' ORDER BY settlement_id)
    FROM daybook.v_settlement WHERE state = 'parked' AND code = 'record_refused'")"
expect_is 'in doubt' 17 "$(sql "SELECT settlement_id & 67108863 FROM daybook.intent i
    WHERE NOT EXISTS (SELECT FROM daybook.outcome o WHERE o.settlement_id = i.settlement_id
                      AND o.step = i.step AND o.generation = i.generation AND o.state = 1)")"
expect 0 'the ledger is whole' "$DAYBOOK" verify acme --date $date

# Parked stays parked: another run sends nothing. What is in doubt is told.
sql "ALTER TABLE daybook.outcome DROP CONSTRAINT poison"
sent=$(sql "SELECT count(*) FROM daybook.intent")
expect 5 'in doubt' "$DAYBOOK" run acme --date $date
expect_is 'intents' "$sent" "$(sql "SELECT count(*) FROM daybook.intent")"

# … and who it is: in doubt the one whose answer could not be written, parked the others.
expect 5 '"exit_code": 5' "$DAYBOOK" run -o json acme --date $date
summary=$SAID
named() {
    sed -n '/^  "left": {/,/^  }/p' <<<"$summary" |
        awk -v kind="\"$1\":" '/^    "/ { on = $1 == kind } on && /"count"|"account_ref"|"step"|"code"/' |
        sed 's/[^:]*: //' | tr -d '",' | paste -sd ' ' -
}
expect_is 'named in doubt' '1 P0000017 collect record_refused' "$(named in_doubt)"
expect_is 'named parked' '2 P0000090 deposit record_refused P0000091 closing record_refused' \
    "$(named parked)"
expect_is 'named pending' 0 "$(named pending)"

# Where even the park is refused, the run stops at once.
expect 0 '200 accounts' "$DAYBOOK" import beta --date 2026-04-25 \
    <(sed -e 's/^P/Q/' -e 's/,VA-/,VB-/' "$PAYDAY_FOLDER/accounts.csv")
sql "ALTER TABLE daybook.outcome ADD CONSTRAINT poison CHECK (state <> 20 AND state <> 21) NOT VALID"
expect 70 'the run ended' "$DAYBOOK" run beta --date 2026-04-25
expect_done
