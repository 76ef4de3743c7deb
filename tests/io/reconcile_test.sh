# reconcile: a real payday against the bank's own list, page by page; planted breaks in a statement are
# found exactly; what the list proves is filed; a batch whose database went back is refused until it
# is proven that the bank has nothing which the ledger lacks.
#
# With DAYBOOK_FULL=1 the statement has a million lines.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
full=${DAYBOOK_FULL:-}
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" "${!PG@}"

STAGE_SEED=5
STAGE_ACCOUNTS=120
STAGE_RATE=2000
STAGE_NODEPOSIT=30
STAGE_STOPPED=30
STAGE_FAULTS=()
STAGE_SEND_BEFORE=300ms
STAGE_LINGER=60ms
STAGE_PROCESSING=100ms

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-reconcile.XXXXXX")
finish() {
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    payday_bank_stop
    cluster_stop immediate
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}
batch=(acme --date "$STAGE_DATE")
reconcile() {
    "$DAYBOOK" reconcile "$@"
}

# ---- a million planted lines, or some ----

cluster_start
lines=20000 breaks=10
[ -z "$full" ] || lines=1000000 breaks=100
"$BUILD_SOURCE/bench/reconcile" --daybook "$DAYBOOK" --server "$CLUSTER_CONNINFO" --lines $lines \
    --breaks $breaks

# ---- the bank's own list ----

stage_open
stage_begin list
printf 'state_folder: %s\n' "$PAYDAY_FOLDER/state" >>"$DAYBOOK_CONFIG"
expect 0 'agreed                        0' reconcile "${batch[@]}"
stage_run_to_end
expect 0 'breaks                        0' reconcile "${batch[@]}"
accepted=$(sql "SELECT count(*) FROM daybook.v_transfer WHERE state = 'accepted'")
expect_said "agreed        $(printf '%17s' "$accepted")"
[ "$accepted" -gt 150 ] || expect_fail "only $accepted transfers: the list has no pages"
expect 0 '"break_count": 0' reconcile "${batch[@]}" -o json
expect_said '"schema_version": 1'
expect 0 '' reconcile "${batch[@]}" -q
[ -z "$SAID" ] || expect_fail "-q is not quiet"

expect 0 'breaks                        0' reconcile --bank mock --from "$(date -d '-1 day' +%F)" \
    --to "$(date -d '+1 day' +%F)"
expect_said "agreed        $(printf '%17s' "$accepted")"
expect 64 'what is to be reconciled' reconcile --bank mock
expect 64 'needs a --reason' reconcile "${batch[@]}" --resolve
expect 78 'nowhere is not configured' reconcile x.csv --bank nowhere
[ "$(sql "SELECT count(*) FROM daybook.reconciliation")" = 0 ] ||
    expect_fail "a batch that is not refused was recorded as reconciled"

# Its pages come at the bank's rate; who is put off waits.
address=$PAYDAY_BANK_ADDRESS
payday_bank_stop
stage_bank --listen "$address" --rate 1 --burst 5 --fault half_body=20%
expect 0 'breaks                        0' reconcile "${batch[@]}"
payday_bank_stop
expect 69 'does not give its list' reconcile "${batch[@]}"
head -c 20 /dev/urandom | base64 >"$PAYDAY_FOLDER/token"
chmod 600 "$PAYDAY_FOLDER/token"
stage_bank --listen "$address" --token-file "$PAYDAY_FOLDER/token"
expect 77 'invalid_api_key_error' reconcile "${batch[@]}"
payday_bank_stop
stage_bank --listen "$address"

# ---- a statement that cannot be used is refused as a whole ----

names=idem_key,bank_ref,from_account,to_account,amount_minor,currency,status,booked_at
good=$(printf '%032d' 1),tr_1,VA-1,COLLECT-1,5,KRW,accepted,2026-03-25T09:00:00Z
wrong() { # TEXT LINES…
    local text=$1
    shift
    printf '%s\n' "$@" >"$PAYDAY_FOLDER/s.csv"
    expect 65 "s.csv:$text" reconcile "$PAYDAY_FOLDER/s.csv" --bank mock
}
wrong '1:1: the file is empty' # printf writes an empty line, which is no record
wrong '1:10: unknown column "ref"' "idem_key,ref"
wrong '1:1: column to_account is missing' "idem_key,from_account"
wrong '3:54: amount_minor "5.0" is not an amount' "$names" "$good" "${good/,5,/,5.0,}"
wrong '2:60: status "done" is not' "$names" "${good/accepted/done}"
wrong '2:69: booked_at' "$names" "${good/T09:00:00Z/}"
wrong '2:1: 7 fields' "$names" "${good%,*}"
wrong '2:1: neither a key nor a reference' "$names" ",,${good#*,*,}"

# ---- what the list proves ----

# Of three transfers the outcome is gone, as after a crash. (Of a copy: the ledger is not whole then.)
cluster_psql -c "CREATE DATABASE copy TEMPLATE list"
list_database=$DAYBOOK_DATABASE
DAYBOOK_DATABASE=${DAYBOOK_DATABASE/dbname=list/dbname=copy}
three="SELECT settlement_id FROM daybook.outcome WHERE step = 4 AND state = 1
    ORDER BY settlement_id LIMIT 3"
doubt="SET session_replication_role = replica; CREATE TEMP TABLE three AS $three;
    DELETE FROM daybook.entry WHERE step > 3 AND settlement_id IN (TABLE three);
    DELETE FROM daybook.outcome WHERE step > 3 AND settlement_id IN (TABLE three);
    UPDATE daybook.batch_head SET closed_at = NULL"
sql "$doubt"
expect 3 'missing_here                  3' reconcile "${batch[@]}" --breaks "$PAYDAY_FOLDER/breaks"
expect_said 'of these in_doubt             3'
[ "$(grep -c '^"missing_here","in_doubt"' "$PAYDAY_FOLDER/breaks")" = 3 ] ||
    expect_fail "the file of breaks has not these three"
[ "$(stat -c %a "$PAYDAY_FOLDER/breaks")" = 600 ] || expect_fail "others may read the breaks"
[ "$(sql "SELECT count(*) FROM daybook.request")" = 0 ] || expect_fail "it filed without --resolve"
expect 3 'requests filed                3' reconcile "${batch[@]}" --resolve --reason 'as listed'
expect_said '… done                      3'
[ "$(sql "SELECT count(*), min(kind), max(kind), min(state), max(state) FROM daybook.v_request")" = \
    '3|paid|paid|done|done' ] || expect_fail "not three requests that are done"
expect 0 'breaks                        0' reconcile "${batch[@]}" --resolve --reason 'again'
expect_not_said 'requests filed'
# The bank shows nothing of a transfer in doubt: no request says that it was not paid.
sql "$doubt; UPDATE daybook.intent SET idem_key = gen_random_uuid()
    WHERE step = 4 AND settlement_id IN (TABLE three)"
expect 3 'of these lost                 3' reconcile "${batch[@]}" --open-after 1ms --resolve \
    --reason 'nothing is shown'
expect_said 'status                        3'
expect_not_said 'requests filed'
DAYBOOK_DATABASE=$list_database
stage_end
cluster_psql -c "DROP DATABASE copy"

# What comes back after a settlement's end is filed as a return.
STAGE_FAULTS=(--fault reversed=100% --reverse 500ms)
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
stage_begin back
"$DAYBOOK" run "${batch[@]}" --set run.closing_check=off >/dev/null 2>&1 || true
ended=$(sql "SELECT count(*) FROM daybook.v_settlement WHERE state = 'settled'")
stage_nap 0.7
expect 3 'returned' reconcile "${batch[@]}" --resolve --reason 'came back'
filed=$(sql "SELECT count(*) FROM daybook.request WHERE kind = 'return'")
if [ "$ended" = 0 ] || [ "$filed" -lt "$ended" ]; then
    expect_fail "$filed returns filed for $ended settlements"
fi
stage_end
STAGE_FAULTS=()

# ---- a database that went back ----

# The cluster is stopped, changed by the command, and started again.
change_cluster() {
    cluster_halt INT
    (cd "$CLUSTER_DIR" && cluster_as sh -c "cd '$CLUSTER_DIR' && $1")
    cluster_boot "$(cluster_bin)"
}

stop_after() { # POSTS: a run that is stopped when so many transfers were sent
    local try
    stage_engine --set banks.mock.rate=200
    for try in $(seq 1 1000); do
        [ "$(stage_posts)" -lt "$1" ] && kill -0 "$STAGE_ENGINE" 2>/dev/null || break
        stage_nap 0.03
    done
    kill -TERM "$STAGE_ENGINE"
    wait "$STAGE_ENGINE" 2>/dev/null || true
    STAGE_ENGINE=
}

runs_are_refused() {
    local posts
    posts=$(stage_posts)
    expect 69 "$1" "$DAYBOOK" run "${batch[@]}"
    expect_said 'daybook reconcile'
    [ "$(stage_posts)" = "$posts" ] || expect_fail "a refused run called the bank"
}

# Transfers that were on their way are so still: 3 or 5.
is_lifted() {
    local code=0
    SAID=$(reconcile "${batch[@]}" 2>&1) || code=$?
    expect_said 'the refusal is lifted'
    case $code in 0 | 3 | 5) ;; *) expect_fail "exit code $code" ;; esac
}

# An older copy, while the bank has more: it stays refused, and what was lost is named.
stage_begin older
printf 'state_folder: %s\n' "$PAYDAY_FOLDER/state-older" >>"$DAYBOOK_CONFIG"
stop_after 40
change_cluster "cp -a data early"
stage_run_to_end
change_cluster "rm -rf data && mv early data"
runs_are_refused 'the state file'
expect 69 'the batch stays refused: the bank has done what this ledger does not know' \
    reconcile "${batch[@]}"
expect_said 'of these lost'
expect_said 'waiting 460 ms'
runs_are_refused 'the state file'
[ "$(sql "SELECT count(*), bool_or(lifts) FROM daybook.reconciliation")" = '1|f' ] ||
    expect_fail "it was not recorded, or recorded as lifting"
stage_end

# An older copy that lost nothing the bank did: only waiting was written since. Then it is lifted, and
# the run goes on; nothing is paid twice.
stage_begin same
printf 'state_folder: %s\n' "$PAYDAY_FOLDER/state-same" >>"$DAYBOOK_CONFIG"
stop_after 40
change_cluster "cp -a data early"
sed -i "s/^\(0:[0-9]*\):.*/0:4000000:$(printf '0%.0s' {1..64})/" "$PAYDAY_FOLDER"/state-same/heads-*
runs_are_refused 'the state file'
expect 69 'linger' reconcile "${batch[@]}" --set banks.mock.linger=never
expect 69 '--from' reconcile "${batch[@]}" --from "$(date -d '+1 day' +%F)"
runs_are_refused 'the state file'
is_lifted
stage_run_to_end
stage_check
stage_end

# A standby that was promoted in the middle of a payday, with transfers under way: another timeline.
stage_begin standby
stage_engine --set banks.mock.rate=200
for try in $(seq 1 1000); do
    [ "$(stage_posts)" -lt 60 ] || break
    stage_nap 0.03
done
kill -KILL "$STAGE_ENGINE"
wait "$STAGE_ENGINE" 2>/dev/null || true
STAGE_ENGINE=
change_cluster "touch data/standby.signal"
sql "SELECT pg_promote()" >/dev/null
runs_are_refused 'is on timeline 2, run'
is_lifted
# Another batch was not compared, nor planned since: it stays refused.
later=$(date -d '+60 days' +%F)
expect 0 'accounts' "$DAYBOOK" import other --date "$later" \
    <(sed -e 's/^P/Q/' -e 's/,VA-/,VB-/' "$PAYDAY_FOLDER/accounts.csv")
sql "SET session_replication_role = replica; UPDATE daybook.batch SET created_at = created_at -
    interval '1 hour' WHERE cohort = 'other'"
expect 69 'is on timeline 2, run' "$DAYBOOK" run other --date "$later"
# One that was planned since is as if there had been no failover.
sql "SET session_replication_role = replica; UPDATE daybook.batch SET created_at = clock_timestamp()
    WHERE cohort = 'other'"
expect 3 'short' timeout 20 "$DAYBOOK" run other --date "$later" --set run.closing_check=off
stage_run_to_end
expect 0 'breaks                        0' reconcile "${batch[@]}"
expect_done
