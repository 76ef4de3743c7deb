# verify: every planted tampering is found and the first bad chunk is named; the ledger as it was
# written is whole. Each tampering is done as one who owns the server could, with triggers off, to
# the ledger as it was before all others. Of those that are alike a third is drawn; with DAYBOOK_FULL=1
# all.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
. "$BUILD_SOURCE/tests/support/tamper.sh"
full=${DAYBOOK_FULL:-}
seed=${DAYBOOK_SEED:-$(($(date +%s) % 30000 + 1))}
unset "${!DAYBOOK_@}" "${!PG@}"
RANDOM=$seed
echo "seed $seed (DAYBOOK_SEED=$seed draws the same tamperings)"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-verify.XXXXXX")
finish() {
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- two paydays of 60; the first is run twice, so that it has two epochs and two closings ----

cluster_start "max_wal_size=1GB"
cluster_psql -c "CREATE DATABASE payday"
server=$CLUSTER_CONNINFO
export DAYBOOK_DATABASE="${server/dbname=postgres/dbname=payday}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 60 "$PAYDAY_FOLDER" 3 50 30
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 1ms --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 1s' 'progress_every: 500ms' 'chunk_delay: 20ms' 'chunk_records: 60')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 16' 'poll_interval: 100ms'
    'processing_time: 50ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 100ms')
payday_config "$DAYBOOK_CONFIG"
expect 0 'applied' "$DAYBOOK" schema apply
expect 0 '60 accounts' "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
# A second profile that says the same but for its comment, of a run that finds nothing to send.
expect 3 'some are left' "$DAYBOOK" run acme --date $date
head=$(sed -n 's/^ *closing hash of partition 0 at chunk [0-9]*: //p' <<<"$SAID")
cp "$BUILD_SOURCE/ops/banks/rest-idempotency-key.yaml" "$PAYDAY_FOLDER/second.yaml"
echo '# as before' >>"$PAYDAY_FOLDER/second.yaml"
expect 3 'some are left' "$DAYBOOK" run acme --date $date --set banks.mock.profile=second.yaml
expect 0 'revision 1' "$DAYBOOK" import beta --date 2026-04-25 \
    <(sed -e 's/^P/Q/' -e 's/,VA-/,VB-/' "$PAYDAY_FOLDER/accounts.csv")
payday_bank_stop
expect 0 'the ledger is whole: 2 batches' "$DAYBOOK" verify
expect 0 'the ledger is whole: 1 batch,' "$DAYBOOK" verify acme --date $date --expect-head "$head"
expect_said "closing hash $head"
expect 64 'is no head' "$DAYBOOK" verify acme --date $date --expect-head 0:1:zz
expect 64 'of one batch' "$DAYBOOK" verify --expect-head "$head"

# ---- tamperings ----

mine="settlement_id >= 1::bigint << 32 AND settlement_id < 2::bigint << 32"
last=$(sql "SELECT max(chunk) FROM daybook.chunk WHERE batch_id = 1")
# The chunk that is tampered with: some way in, and with entries of payouts.
chunk=$(sql "SELECT min(chunk) FROM daybook.entry WHERE step = 4 AND chunk > 2 AND $mine")
if [ "$last" -le "$chunk" ]; then
    expect_fail "the payday has too few chunks: $last, of which $chunk is the one to change"
fi
EXPECT_COUNT=$((EXPECT_COUNT + 1))
one() { # TABLE [CONDITION]: one row of the table in that chunk
    echo "ctid = (SELECT ctid FROM daybook.$1 WHERE chunk = $chunk AND $mine AND ${2:-true}
        ORDER BY position LIMIT 1)"
}
swap() { # TABLE COLUMN CONDITION: the first and the last such row of the chunk exchange it
    echo "WITH two AS (SELECT ctid AS place, $2 AS value,
            row_number() OVER (ORDER BY position) AS up,
            row_number() OVER (ORDER BY position DESC) AS down
        FROM daybook.$1 WHERE chunk = $chunk AND $mine AND $3)
        UPDATE daybook.$1 SET $2 = b.value FROM two a, two b
        WHERE (a.up = 1 AND b.down = 1 OR a.down = 1 AND b.up = 1) AND daybook.$1.ctid = a.place"
}
is_drawn() {
    [ -n "$full" ] || [ $((RANDOM % 3)) = 0 ]
}
first="the first bad chunk: acme $date partition 0 chunk"
tamper_keep

# Records: what a chunk committed.
for change in \
    "UPDATE entry SET debit = credit, credit = debit WHERE $(one entry)" \
    "UPDATE entry SET debit = debit + 256 WHERE $(one entry)" \
    "UPDATE intent SET intended_at = intended_at - interval '1 us' WHERE $(one intent)" \
    "UPDATE intent SET send_before = send_before + interval '1 h' WHERE $(one intent)" \
    "UPDATE intent SET mapping_id = mapping_id + 1 WHERE $(one intent)" \
    "UPDATE intent SET generation = 2 WHERE $(one intent)" \
    "UPDATE intent SET body_sha256 = sha256('x') WHERE $(one intent)" \
    "UPDATE intent SET body_sha256 = '' WHERE $(one intent)" \
    "UPDATE intent SET profile_id = 2 WHERE $(one intent)" \
    "UPDATE outcome SET bank_ref = 'tr_0' WHERE $(one outcome 'bank_ref IS NOT NULL')" \
    "UPDATE outcome SET code = repeat('x', 500) WHERE $(one outcome)" \
    "UPDATE outcome SET at = at + interval '1 us' WHERE $(one outcome)" \
    "UPDATE outcome SET state = 3 WHERE $(one outcome 'state = 1')" \
    "UPDATE outcome SET step = step + 256 WHERE $(one outcome)" \
    "DELETE FROM intent WHERE $(one intent)" \
    "DELETE FROM outcome WHERE $(one outcome)" \
    "DELETE FROM entry WHERE chunk = $chunk" \
    "INSERT INTO entry SELECT settlement_id, amount_minor, chunk, position, step, kind, generation,
        9, debit, credit FROM entry WHERE $(one entry)" \
    "INSERT INTO attempt SELECT settlement_id, intended_at, send_before, chunk, position + 100000,
        step, kind, generation, 1 FROM intent WHERE $(one intent)" \
    "INSERT INTO outcome SELECT settlement_id, amount_minor, at, chunk, 100000, 99, step, kind,
        generation, state FROM outcome WHERE $(one outcome)" \
    "$(swap entry amount_minor 'step = 4')" \
    "$(swap entry position 'step = 4')" \
    "$(swap outcome bank_ref 'state = 1 AND step = 4')" \
    "UPDATE entry SET position = position + 100000 WHERE $(one entry)" \
    "UPDATE entry SET chunk = chunk + 1 WHERE $(one entry)"; do
    ! is_drawn || tampered "$first $chunk" "$change"
done
tampered "$first $chunk" "UPDATE entry SET amount_minor = amount_minor + 1 WHERE $(one entry)"
expect_said 'its hash is not that of its records'
expect_said 'its debit total is not that of its entries'
tampered "$first $chunk" "DELETE FROM entry WHERE $(one entry)"
expect_said 'were written'
tampered "$first $chunk" "UPDATE intent SET amount_minor = amount_minor + 1 WHERE $(one intent)"
expect_said 'an intent with another amount'
tampered "$first $chunk" "UPDATE intent SET idem_key = gen_random_uuid() WHERE $(one intent)"
expect_said 'an intent with a key that is not its own'
tampered "$first $chunk" "UPDATE intent SET profile_id = 99 WHERE $(one intent)"
expect_said 'names no bank profile'
# Two rows exchanged between two settlements: the key stands in the way of doing it at once.
tampered "$first $chunk" "CREATE TEMP TABLE two AS SELECT * FROM entry
    WHERE chunk = $chunk AND step = 4 AND $mine ORDER BY position LIMIT 2;
    DELETE FROM entry e USING two t WHERE e.settlement_id = t.settlement_id AND e.step = 4;
    INSERT INTO entry SELECT o.settlement_id, t.amount_minor, t.chunk, t.position, t.step, t.kind,
        t.generation, t.line, t.debit, t.credit
    FROM two t JOIN two o ON o.settlement_id <> t.settlement_id"
tampered 'body is not what its profile' "UPDATE intent SET body_sha256 = sha256('x')
    WHERE $(one intent)"
tampered "another profile than its run's" "UPDATE intent SET profile_id = 2 WHERE $(one intent)"
tampered 'whose text was changed' "UPDATE bank_profile SET body = body || ' '"
tampered 'body is not what its profile' "UPDATE bank_profile SET collection_account = 'EVIL-1'"
tampered "$first $((chunk - 1))" "UPDATE entry SET chunk = chunk - 1 WHERE $(one entry)"
tampered "chunk 999999: its records are in no chunk" "UPDATE entry SET chunk = 999999
    WHERE $(one entry)"

# The chain.
for change in \
    "UPDATE chunk SET hash = sha256('x') WHERE chunk = $chunk" \
    "UPDATE chunk SET records = records + 1 WHERE chunk = $chunk" \
    "UPDATE chunk SET entries = entries + 1 WHERE chunk = $chunk" \
    "UPDATE chunk SET debit_total_minor = debit_total_minor + 1 WHERE chunk = $chunk" \
    "UPDATE chunk SET epoch = 77 WHERE chunk = $chunk"; do
    ! is_drawn || tampered 'the first bad chunk' "$change"
done
tampered 'the first bad chunk' "UPDATE chunk SET prev_hash = hash WHERE chunk = $chunk"
expect_said 'does not follow'
tampered "chunks before it are missing" "DELETE FROM chunk WHERE chunk = $chunk"
tampered "which no run had" "UPDATE chunk SET epoch = 77 WHERE chunk = $last"
tampered "the head is at chunk" "DELETE FROM chunk WHERE chunk = $last"
tampered "the head's totals" "UPDATE head SET entries = entries + 1 WHERE batch_id = 1"
tampered "the head is at chunk" "UPDATE head SET hash = sha256('x') WHERE batch_id = 1"
tampered "has given out" "UPDATE head SET epoch = 99 WHERE batch_id = 1"
tampered "there are chunks but no head" "DELETE FROM head WHERE batch_id = 1"

# The tail, cut off so that what is left agrees with itself: only what was printed tells.
cut="DELETE FROM intent WHERE chunk = $last; DELETE FROM outcome WHERE chunk = $last;
    UPDATE run SET ended_at = NULL, exit_code = NULL WHERE batch_id = 1;
    DELETE FROM closing WHERE batch_id = 1;
    DELETE FROM entry WHERE chunk = $last; DELETE FROM chunk WHERE chunk = $last"
whole="UPDATE head SET chunk = c.chunk, hash = c.hash, records = s.records, entries = s.entries,
        debit_total_minor = s.debit
    FROM chunk c, (SELECT sum(records) AS records, sum(entries) AS entries,
        sum(debit_total_minor) AS debit FROM chunk) s
    WHERE head.batch_id = 1 AND c.chunk = $last - 1"
tampered 'its end was cut off' "$cut; $whole" acme --date $date --expect-head "$head"
tampered 'it has another hash than is expected' "UPDATE entry SET amount_minor = amount_minor + 1
    WHERE $(one entry)" acme --date $date --expect-head "0:1:${head##*:}"

# Closing records and runs.
for change in "chunk = chunk - 1" "records = records + 1" "entries = entries - 1" \
    "debit_total_minor = 0" "hash = sha256('x')" "settled = settled + 1" "parked = parked + 1" \
    "short = short + 1000" "waiting = -1" "run_id = 99"; do
    ! is_drawn || tampered 'the closing record of run' "UPDATE closing SET $change WHERE run_id = 1"
done
tampered 'has no closing record' "DELETE FROM closing WHERE run_id = 1"
tampered 'of no run' "DELETE FROM run WHERE run_id = 1"

# What was planned, and who it is for.
tampered 'opened on another floor' "UPDATE opening SET payable_minor = payable_minor + 1
    WHERE settlement_id = (SELECT min(settlement_id) FROM outcome WHERE state = 22)"
tampered 'opened on another floor' "UPDATE opening SET payable_minor = payable_minor + 1
    WHERE settlement_id = (SELECT min(settlement_id) FROM outcome WHERE state = 20)"
tampered 'never opened' "DELETE FROM opening
    WHERE settlement_id = (SELECT min(settlement_id) FROM outcome WHERE state = 22)"
tampered 'planned for no such account' "INSERT INTO opening (account_id, settlement_id, ordinal)
    SELECT account_id, 77, 1 FROM plan WHERE settlement_id = (2::bigint << 32) + 1"
for change in "repayment_minor = repayment_minor + 1" "hold_minor = hold_minor + 1" \
    "expected_minor = 1" "expect_at = now()" "opening_minor = 5"; do
    ! is_drawn || tampered 'the plan is not the one' "UPDATE plan SET $change
        WHERE settlement_id = (1::bigint << 32) + 7"
done
for change in "accounts = accounts + 1" "collects = collects - 1" "holds = holds - 1" \
    "repayment_minor = 0" "hold_minor = 0" "expected_minor = 0" "bank = 'other'"; do
    ! is_drawn || tampered 'what was counted at bank' "UPDATE plan_bank SET $change
        WHERE batch_id = 1"
done
tampered 'what was counted at bank' "DELETE FROM plan_bank WHERE batch_id = 1"
tampered 'another key seed' "UPDATE plan SET key_seed = gen_random_uuid()
    WHERE settlement_id = (1::bigint << 32) + 7"
tampered 'the plan is not the one' "DELETE FROM plan WHERE settlement_id = (1::bigint << 32) + 60"
tampered 'the plan has more accounts' "INSERT INTO plan SELECT settlement_id + 60, account_id,
    mapping_id, repayment_minor, hold_minor, key_seed, revision FROM plan
    WHERE settlement_id = (1::bigint << 32) + 7"
tampered 'the plan is not the one' "UPDATE plan_revision SET plan_digest = sha256('x')
    WHERE batch_id = 1"
tampered 'the plan is not the one' "UPDATE batch SET currency = 'USD' WHERE batch_id = 1"
tampered 'another key seed' "UPDATE account SET account_ref = 'P9999999'
    WHERE account_ref = 'P0000007'"
for change in "virtual_account" "payout_account" "holder_name"; do
    ! is_drawn || tampered 'the plan is not the one' "UPDATE mapping SET $change = 'X-1'
        WHERE mapping_id = (SELECT mapping_id FROM plan ORDER BY settlement_id LIMIT 1)"
done
tampered 'mapping: 500 is in no plan' "INSERT INTO mapping (mapping_id, account_id, version, bank,
    virtual_account, payout_bank, payout_account, holder_name) OVERRIDING SYSTEM VALUE
    SELECT 500, account_id, 2, bank, virtual_account, payout_bank, 'EVIL-1', holder_name
    FROM mapping WHERE mapping_id = 1"
tampered 'mapping: ' "DELETE FROM plan WHERE settlement_id = (2::bigint << 32) + 3"

# A batch that is gone, and rows of one that never was.
tampered 'entry: settlement' "DELETE FROM batch WHERE batch_id = 1"
for table in plan intent outcome entry; do
    tampered "$table: settlement" "INSERT INTO $table
        SELECT (jsonb_populate_record(NULL::$table, to_jsonb(x) ||
            jsonb_build_object('settlement_id', 7::bigint << 32))).*
        FROM $table x WHERE settlement_id = (SELECT max(settlement_id) FROM entry) LIMIT 1"
done
tampered 'has no head or no plan' "DELETE FROM batch_head WHERE batch_id = 2"
tampered 'batch 9 is not there' "INSERT INTO run OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::run, to_jsonb(r) || '{\"run_id\": 99, \"batch_id\": 9}')).*
    FROM run r WHERE r.run_id = 1"

tamper_undo
# What guards the ledger.
unguarded 'table entry: the trigger that refuses' 'ALTER TABLE entry DISABLE TRIGGER ALL'
unguarded 'table entry: the trigger that refuses' 'DROP TRIGGER refuse_change ON entry'
unguarded 'table head: the trigger that refuses' 'DROP TRIGGER refuse_removal ON head'
unguarded 'the trigger by guard_head' 'ALTER TABLE head DISABLE TRIGGER guard'
unguarded 'no migration made the function' 'CREATE OR REPLACE FUNCTION refuse_change()
    RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$'
unguarded 'no migration made its trigger' 'CREATE TRIGGER extra BEFORE INSERT ON entry
    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'
unguarded 'no migration made its rule' 'CREATE RULE away AS ON INSERT TO entry DO INSTEAD NOTHING'
unguarded 'table extra belongs to postgres' 'CREATE TABLE extra ()'
unguarded 'daybook_engine may UPDATE' 'GRANT UPDATE ON entry TO daybook_engine'
unguarded 'daybook_engine may UPDATE' 'GRANT UPDATE (batch_id) ON head TO daybook_engine'
unguarded 'daybook_engine may DELETE' 'GRANT DELETE ON head TO daybook_engine'
unguarded 'daybook_engine may CREATE' 'GRANT CREATE ON SCHEMA daybook TO daybook_engine'
unguarded 'PUBLIC may INSERT' 'GRANT INSERT ON entry TO PUBLIC'
unguarded 'PUBLIC may EXECUTE' 'GRANT EXECUTE ON FUNCTION check_epoch TO PUBLIC'
unguarded "owner's rights" 'ALTER FUNCTION check_epoch SECURITY DEFINER'
cluster_psql -c 'ALTER ROLE daybook_engine CREATEDB'
expect 70 'role daybook_engine has attributes' "$DAYBOOK" verify
cluster_psql -c 'ALTER ROLE daybook_engine NOCREATEDB' -c 'GRANT daybook_owner TO daybook_engine'
expect 70 'role daybook_engine is a member' "$DAYBOOK" verify
cluster_psql -c 'REVOKE daybook_owner FROM daybook_engine'

# What was not tampered with is whole still.
expect 0 'the ledger is whole: 2 batches' "$DAYBOOK" verify
echo "$TAMPER_COUNT tamperings"
expect_done
