# verify_people: a ledger in which people decided something is whole, the end of its runs counts right,
# and every change planted in a decision, a request or their effect is found.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
. "$BUILD_SOURCE/tests/support/tamper.sh"
unset "${!DAYBOOK_@}" "${!PG@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-people.XXXXXX")
finish() {
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- a payday of 40, and what people made of it ----

cluster_start
cluster_psql -c "CREATE DATABASE payday"
server=$CLUSTER_CONNINFO
export DAYBOOK_DATABASE="${server/dbname=postgres/dbname=payday}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 40 "$PAYDAY_FOLDER" 3 100 150
echo 'PA-OTHER,0,open' >>"$PAYDAY_FOLDER/bank.csv"
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" --latency 1ms \
    --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 200ms' 'chunk_delay: 5ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 16' 'poll_interval: 50ms'
    'processing_time: 50ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 50ms')
payday_config "$DAYBOOK_CONFIG"
of_batch() { # STATE NUMBER: that account of the batch
    sql "SELECT account_ref FROM daybook.v_settlement WHERE batch_id = 1 AND state = '$1'
        ORDER BY settlement_id OFFSET $2 - 1 LIMIT 1"
}
decide() { # COMMAND ACCOUNT [OPTION…]
    "$DAYBOOK" "$@" --reason "so it was agreed"
}
closed() {
    sql "SELECT state FROM daybook.v_batch WHERE batch_id = 1"
}
expect 0 'applied' "$DAYBOOK" schema apply
expect 0 '40 accounts' "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
expect 3 'finished, some are left' "$DAYBOOK" run acme --date $date
amended=$(of_batch parked 1) written=$(of_batch parked 2) refused=$(of_batch parked 3)
expect 0 '' decide amend "$amended" --payout-account PA-OTHER
expect 0 '' decide release "$amended"
expect 0 settled sql "SELECT state FROM daybook.v_settlement v WHERE account_ref = '$amended'"
expect 0 '' decide write-off "$written"
expect 0 '' decide release "$refused" # and the bank refuses it again
expect 0 parked sql "SELECT state FROM daybook.v_settlement v WHERE account_ref = '$refused'"
short=$(of_batch short 1)
expect 0 '' decide park "$short"
expect 65 '' decide park "$short"
expect 3 'written off             1' "$DAYBOOK" run acme --date $date
expect 0 'the ledger is whole' "$DAYBOOK" verify
# All that is left is given up: closed, which is told as it is.
while left=$(of_batch parked 1) && [ -n "$left" ]; do
    expect 0 '' decide write-off "$left"
done
expect 0 idle closed
while left=$(of_batch short 1) && [ -n "$left" ]; do
    expect 0 '' decide write-off "$left"
done
expect 0 closed closed
expect 0 'nothing to do, the batch is closed' "$DAYBOOK" run acme --date $date
expect_said 'written off'
expect 0 '"written_off"' "$DAYBOOK" run acme --date $date -o json
expect 0 'the ledger is whole: 1 batch' "$DAYBOOK" verify
# What is asked of a closed batch is answered by its next run all the same.
sql "INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, reason)
    SELECT 1, settlement_id, account_id, 'release', 'alice', 'for nothing' FROM daybook.plan
    WHERE settlement_id = (1::bigint << 32) + 1" >/dev/null
expect 0 'finished, nothing is left to do' "$DAYBOOK" run acme --date $date
expect 0 'refused nothing_to_release' sql "SELECT state || ' ' || code FROM daybook.v_request
    ORDER BY request_id DESC LIMIT 1"
payday_bank_stop
expect 0 'the ledger is whole: 1 batch' "$DAYBOOK" verify

# ---- tamperings ----

tamper_keep
kind() { # NUMBER: decisions that were done, of that kind
    echo "request_kind = $1 AND state = 1"
}
for change in "state = 2" "at = at + interval '1 us'" "amount_minor = 7" "request_id = 99999" \
    "code = 'ended'" "mapping_id = 1" "request_kind = 7" "position = position + 1000"; do
    tampered 'the first bad chunk' "UPDATE decision SET $change WHERE $(kind 5)"
done
tampered 'between a decision and what it does' "UPDATE outcome SET state = 21 WHERE state = 31"
tampered 'a parked settlement went on without a person' "DELETE FROM decision WHERE $(kind 5)"
tampered 'an end that nobody asked for' "DELETE FROM decision WHERE $(kind 7)
    AND settlement_id IN (SELECT settlement_id FROM v_settlement WHERE deposit_minor IS NULL)"
tampered 'parked by a person who did not ask' "DELETE FROM decision WHERE $(kind 4)"
tampered 'another mapping than the plan' "DELETE FROM decision WHERE $(kind 6)"
tampered 'between a decision and what it does' "DELETE FROM outcome WHERE state = 31"
tampered 'another payable amount than' "UPDATE outcome SET amount_minor = amount_minor + 1
    WHERE state = 26 AND amount_minor > 0"
tampered 'another residue than' "UPDATE outcome SET residue_minor = 1 WHERE state = 26"
tampered 'a second decision about one request' "CREATE TEMP TABLE d AS SELECT * FROM decision
    WHERE $(kind 5) LIMIT 1; ALTER TABLE decision DROP CONSTRAINT decision_pkey;
    INSERT INTO decision SELECT * FROM d"
sql "ALTER TABLE daybook.decision DISABLE TRIGGER ALL; SET session_replication_role = replica;
    $TAMPER_RESTORE; ALTER TABLE daybook.decision ENABLE TRIGGER ALL,
    ADD PRIMARY KEY (settlement_id, request_id)" >/dev/null
# Requests are in no chain: the decisions about them are.
tampered 'a request that is not there' "DELETE FROM request"
tampered 'something else than was asked for' "UPDATE request SET kind = 'supersede'
    WHERE kind = 'write_off'"
tampered 'of another settlement' "UPDATE request SET settlement_id = settlement_id + 1"
tampered 'not planned for its account' "UPDATE request SET account_id = account_id + 1"
tampered 'batch 9 is not there' "UPDATE request SET batch_id = 9, settlement_id = 9::bigint << 32"
tampered 'as if request' "UPDATE request SET after_request = 99999 WHERE kind = 'park'"
tampered 'decision: settlement' "INSERT INTO decision
    SELECT (jsonb_populate_record(NULL::decision, to_jsonb(x) ||
        jsonb_build_object('settlement_id', 7::bigint << 32))).* FROM decision x LIMIT 1"
# The names that somebody asked for are the account's, and what was sent.
tampered 'body is not what its profile' "UPDATE mapping SET payout_account = 'EVIL-1'
    WHERE version = 2"
tampered 'names that are not the account' "UPDATE mapping SET account_id = account_id + 1
    WHERE version = 2"
# The ends of runs.
tampered 'the closing record of run' "UPDATE closing SET ended = ended + 1 WHERE run_id = 1"
tampered 'the closing record of run' "UPDATE closing SET ended = 0 WHERE ended > 0"
tampered 'the batch is closed, but' "DELETE FROM outcome WHERE state = 26
    AND chunk = (SELECT max(chunk) FROM outcome WHERE state = 26)"

tamper_undo
unguarded 'table decision: the trigger that refuses' 'DROP TRIGGER refuse_change ON decision'
unguarded 'daybook_engine may UPDATE' 'GRANT UPDATE ON decision TO daybook_engine'
unguarded 'no migration made the function guard_batch_head' "DO \$do\$ BEGIN
    EXECUTE replace(pg_get_functiondef('daybook.guard_batch_head'::regproc),
        'OR NEW.unhold IS DISTINCT FROM OLD.unhold', ''); END \$do\$"
expect 0 'the ledger is whole: 1 batch' "$DAYBOOK" verify
echo "$TAMPER_COUNT tamperings"
expect_done
