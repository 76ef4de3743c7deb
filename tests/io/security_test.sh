# security: what the engine's own login cannot do; who sees account numbers; where secrets are not;
# hostile input in every place, hostile PG* variables.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}" "${!PG@}"
date=2026-03-25
canary_db=canary-db-7f3a91c2
canary_bank=canary-bank-5e8d0b64

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-security.XXXXXX")
engine=
finish() {
    [ -z "$engine" ] || kill -KILL "$engine" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- logins as the README has them: each is a member of one role; the engine's has a password ----

cluster_start "log_statement=all"
cluster_psql -c "CREATE DATABASE payday" -c "CREATE ROLE app LOGIN PASSWORD '$canary_db'" \
    -c "CREATE ROLE app2 LOGIN" -c "CREATE ROLE clerk LOGIN" -c "CREATE ROLE checker LOGIN" \
    -c "CREATE ROLE dba LOGIN"
# The password itself was written into the log by the line above.
truncate -s 0 "$CLUSTER_DIR/server.log"
{ echo 'local all app scram-sha-256' && echo 'local all all trust'; } |
    cluster_as tee "$CLUSTER_DIR/data/pg_hba.conf" >/dev/null
cluster_psql -c 'SELECT pg_reload_conf()' >/dev/null
server=$CLUSTER_CONNINFO
owner="${server/dbname=postgres/dbname=payday}"
expect 0 'applied' env DAYBOOK_DATABASE="$owner" "$DAYBOOK" schema apply --engine-role app
cluster_psql -c 'GRANT daybook_engine TO app2' -c 'GRANT daybook_reader TO clerk' \
    -c 'GRANT daybook_auditor TO checker' -c 'GRANT daybook_owner TO dba'

as() { # LOGIN: its conninfo
    echo "${owner/user=postgres/user=$1}"
}
export DAYBOOK_DATABASE=$(as app)
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
(umask 077 && echo "$canary_db" >"$PAYDAY_FOLDER/db.password" &&
    echo "$canary_bank" >"$PAYDAY_FOLDER/bank.token")
"$BUILD_SOURCE/bench/payday_accounts" 60 "$PAYDAY_FOLDER" 3 50 30
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" \
    --book "$PAYDAY_FOLDER/book" --latency 1ms --rate 5000 --burst 200
PAYDAY_RUN_KEYS=('send_before: 1s' 'progress_every: 500ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 16' 'poll_interval: 100ms'
    'processing_time: 50ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 100ms'
    'token_file: bank.token')
payday_config "$DAYBOOK_CONFIG"
sed -i 's/login: any/login: refuse/' "$DAYBOOK_CONFIG"
echo 'database_password_file: db.password' >>"$DAYBOOK_CONFIG"

expect 0 '60 accounts' "$DAYBOOK" import acme --date $date "$PAYDAY_FOLDER/accounts.csv"
expect 77 'postgres is a superuser' env DAYBOOK_DATABASE="$owner" "$DAYBOOK" run acme --date $date
expect_said 'GRANT daybook_engine TO'
expect 77 'dba owns the schema' env DAYBOOK_DATABASE="$(as dba)" "$DAYBOOK" run acme --date $date

# ---- a slow run, with its secrets from files, then from the environment ----

{
    "$DAYBOOK" show acme --date $date
    "$DAYBOOK" plan acme --date $date
} >"$PAYDAY_FOLDER/said" 2>&1
slow=(--set banks.mock.rate=25 --set banks.mock.burst=2)
reaches() {
    [ "$(psql -X -At -d "$owner" -c "$1")" -ge "$2" ]
}
await() {
    local try
    for try in $(seq 1 400); do
        ! "$@" || return 0
        sleep 0.025
    done
    expect_fail "waited in vain: $*"
}
nowhere_in_process() {
    local file
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    for file in cmdline environ; do
        ! grep -aqE "$canary_db|$canary_bank" "/proc/$1/$file" || expect_fail "a secret in /proc/$file"
    done
    grep -qE '^Max core file size +0 +0 ' "/proc/$1/limits" || expect_fail 'core files are allowed'
}
mkdir "$PAYDAY_FOLDER/cwd"
(
    cd "$PAYDAY_FOLDER/cwd"
    ulimit -c unlimited 2>/dev/null || true
    exec "$DAYBOOK" run acme --date $date "${slow[@]}"
) >>"$PAYDAY_FOLDER/said" 2>&1 &
engine=$!
await reaches 'SELECT coalesce(max(chunk), 0) FROM daybook.head' 2
nowhere_in_process "$engine"
kill -SEGV "$engine"
code=0
wait "$engine" 2>"$PAYDAY_FOLDER/wait" || code=$?
engine=
EXPECT_COUNT=$((EXPECT_COUNT + 2))
[ "$code" = 139 ] || expect_fail "a segmentation fault ended with $code"
[ -z "$(ls -A "$PAYDAY_FOLDER/cwd")" ] || expect_fail 'it left a core file'
sed -i '/_file:/d' "$DAYBOOK_CONFIG"
DAYBOOK_DATABASE_PASSWORD=$canary_db DAYBOOK_BANKS_MOCK_TOKEN=$canary_bank \
    "$DAYBOOK" run acme --date $date "${slow[@]}" --take-over >>"$PAYDAY_FOLDER/said" 2>&1 &
engine=$!
await reaches "SELECT count(*) FROM daybook.run WHERE ended_at IS NULL" 2
nowhere_in_process "$engine"

# ---- another login of the engine: it may not end that one's session, unless it is let ----

secrets=(DAYBOOK_DATABASE_PASSWORD=$canary_db DAYBOOK_BANKS_MOCK_TOKEN=$canary_bank)
other=(env DAYBOOK_DATABASE="$(as app2)" DAYBOOK_BANKS_MOCK_TOKEN=$canary_bank "$DAYBOOK" run acme
    --date $date)
expect 11 'is owned by run' "${other[@]}" --set claim.lock_wait=100ms
expect 77 'pg_signal_backend' "${other[@]}" --set claim.lock_wait=100ms --take-over
cluster_psql -c 'GRANT pg_read_all_stats, pg_signal_backend TO app2'
expect 3 'finished, some are left' "${other[@]}" --take-over
cluster_psql -c 'REVOKE pg_read_all_stats, pg_signal_backend FROM app2'
code=0
wait "$engine" || code=$?
engine=
EXPECT_COUNT=$((EXPECT_COUNT + 1))
case $code in
3 | 11 | 75) ;;
*) expect_fail "the run that was ended by another ended with $code" ;;
esac
expect 0 'the ledger is whole' env "${secrets[@]}" "$DAYBOOK" verify

# ---- what the engine's login may not do: every table and view of the schema by itself ----

try=(env PGPASSWORD=$canary_db psql -X -q -At -d "$(as app)" -v VERBOSITY=sqlstate)
# Of each table whatever changes it; of the three that move, the columns that say whose they are.
env "${try[@]:1}" -o "$PAYDAY_FOLDER/statements" <<'SQL'
SELECT replace(s.statement, '@', format('daybook.%I', c.relname))
FROM pg_class c
CROSS JOIN unnest(ARRAY['DELETE FROM @', 'TRUNCATE @', 'TRUNCATE @ CASCADE',
    'ALTER TABLE @ DISABLE TRIGGER ALL', 'ALTER TABLE @ DISABLE TRIGGER USER',
    'ALTER TABLE @ ADD COLUMN x int', 'ALTER TABLE @ ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE @ OWNER TO app', 'DROP TABLE @', 'CREATE INDEX ON @ ((1))',
    'CREATE TRIGGER x BEFORE INSERT ON @ EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'CREATE RULE x AS ON INSERT TO @ DO INSTEAD NOTHING',
    'DO $$ BEGIN LOCK TABLE @ IN ACCESS EXCLUSIVE MODE; END $$',
    'CREATE POLICY x ON @', 'COPY @ FROM PROGRAM ''true''', 'COPY @ TO PROGRAM ''true''',
    'COPY @ TO ''/tmp/daybook-x''', 'ALTER TABLE @ SET SCHEMA public',
    'COMMENT ON TABLE @ IS ''x''']) AS s (statement)
WHERE c.relnamespace = 'daybook'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT format('UPDATE daybook.%I SET %I = %2$I', c.relname, a.attname)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity = ''
WHERE c.relnamespace = 'daybook'::regnamespace AND c.relkind = 'r'
  AND (c.relname NOT IN ('head', 'batch_head', 'run')
       OR a.attname IN ('batch_id', 'partition', 'operator', 'host', 'pid', 'started_at', 'kind'))
UNION ALL
SELECT replace(s.statement, '@', format('daybook.%I', c.relname))
FROM pg_class c
CROSS JOIN unnest(ARRAY['DELETE FROM @', 'INSERT INTO @ DEFAULT VALUES', 'DROP VIEW @',
    'CREATE OR REPLACE VIEW @ AS SELECT 1 AS x', 'ALTER VIEW @ OWNER TO app']) AS s (statement)
WHERE c.relnamespace = 'daybook'::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO app', p.oid::regprocedure) FROM pg_proc p
WHERE p.pronamespace = 'daybook'::regnamespace
UNION ALL
SELECT format('DROP FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
WHERE p.pronamespace = 'daybook'::regnamespace
SQL
cat >>"$PAYDAY_FOLDER/statements" <<'SQL'
INSERT INTO daybook.schema_version (version, name, sha256) VALUES (99, 'x', sha256('x'))
CREATE TABLE daybook.x ()
CREATE VIEW daybook.x AS SELECT 1
CREATE FUNCTION daybook.x() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE OR REPLACE FUNCTION daybook.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
CREATE TYPE daybook.x AS ENUM ()
CREATE SEQUENCE daybook.x
ALTER SCHEMA daybook RENAME TO x
DROP SCHEMA daybook CASCADE
CREATE SCHEMA x
CREATE DATABASE x
CREATE ROLE x
ALTER ROLE app SUPERUSER
ALTER ROLE app BYPASSRLS
ALTER ROLE daybook_engine CREATEDB
DROP ROLE daybook_engine
SET ROLE daybook_owner
SET ROLE daybook_auditor
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
GRANT daybook_owner TO app
GRANT daybook_auditor TO app
SET session_replication_role = replica
ALTER SYSTEM SET fsync = off
ALTER DATABASE payday SET synchronous_commit = off
CREATE EXTENSION file_fdw
CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION daybook.refuse_change()
CREATE PUBLICATION x FOR ALL TABLES
COPY (SELECT 1) TO PROGRAM 'true'
COPY (SELECT 1) TO '/tmp/daybook-x'
SELECT pg_read_file('/etc/hostname')
SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/daybook-x')
SELECT pg_reload_conf()
REASSIGN OWNED BY daybook_owner TO app
DROP OWNED BY daybook_owner
ALTER DEFAULT PRIVILEGES FOR ROLE daybook_owner GRANT ALL ON TABLES TO app
SQL
# As many refusals as statements, each for want of a right; a view of a join takes no row at all.
while IFS= read -r statement; do
    printf '\\echo %s\n%s;\n' "$(tr -d "'\"\\\\" <<<"$statement")" "$statement"
done <"$PAYDAY_FOLDER/statements" >"$PAYDAY_FOLDER/tries"
"${try[@]}" -f "$PAYDAY_FOLDER/tries" >"$PAYDAY_FOLDER/tried" 2>&1 || true
count=$(wc -l <"$PAYDAY_FOLDER/statements")
refused=$(grep -cE 'ERROR:  (42501|55000)$' "$PAYDAY_FOLDER/tried" || true)
SAID=$(awk '/ERROR:  (42501|55000)$/ { said = ""; next } { if (said != "") print "not refused: " said; said = $0 }
    END { if (said != "") print "not refused: " said }' "$PAYDAY_FOLDER/tried" | sed -n 1,30p)
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$count" -gt 500 ] && [ "$refused" = "$count" ] ||
    expect_fail "of $count statements by the engine's login $refused were refused"
# Rights that it tried to give away are warned of only; then nothing must be wider.
"${try[@]}" -c 'GRANT ALL ON ALL TABLES IN SCHEMA daybook TO PUBLIC' \
    -c 'GRANT ALL ON SCHEMA daybook TO PUBLIC' >/dev/null 2>&1 || true
expect 0 'the ledger is whole' env "${secrets[@]}" "$DAYBOOK" verify

# ---- who sees account numbers ----

sees() { # LOGIN SQL WANTED
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    SAID=$(PGPASSWORD=$canary_db psql -X -q -At -v VERBOSITY=sqlstate -d "$(as "$1")" -c "$2" 2>&1) ||
        true
    [ "$SAID" = "$3" ] || expect_fail "$1: $2: wanted $3"
}
# The first person who was paid.
paid=$(psql -X -At -d "$owner" -c "SELECT min(settlement_id) FROM daybook.outcome WHERE state = 22")
parties="SELECT step, from_account, to_account FROM daybook.v_transfer
    WHERE settlement_id = $paid ORDER BY step"
number=$(printf '%07d' $((paid & 0xffff)))
whole="collect|VA-$number|COLLECT-1"$'\n'"payout|VA-$number|PA-$number"
masked="collect|****${number:3}|****CT-1"$'\n'"payout|****${number:3}|****${number:3}"
sees clerk "$parties" "$masked"
sees app "$parties" "$masked"
sees dba "$parties" "$masked"
sees checker "$parties" "$whole"
sees clerk "SELECT daybook.masked(x) FROM unnest(ARRAY['', '1', '1234', '1234567', '12345678']) x" \
    $'****\n****\n****\n****\n****5678'
for table in account mapping plan intent bank_profile; do
    sees clerk "SELECT FROM daybook.$table" 'ERROR:  42501'
done
sees clerk 'SELECT daybook.check_epoch(1, 0, 1)' 'ERROR:  42501'
sees clerk 'SELECT count(*) FROM daybook.v_settlement' 60
sees checker 'SELECT count(*) FROM daybook.mapping' 60
sees checker 'DELETE FROM daybook.entry' 'ERROR:  42501'
sees checker "INSERT INTO daybook.account (account_ref) VALUES ('x')" 'ERROR:  42501'
for login in clerk checker dba; do
    sees $login 'SET ROLE daybook_engine' 'ERROR:  42501'
done
expect 0 'the ledger is whole' env DAYBOOK_DATABASE="$(as checker)" "$DAYBOOK" verify
expect 77 '' env DAYBOOK_DATABASE="$(as clerk)" "$DAYBOOK" verify

# ---- secrets: in no output, record, log or dump; their files are theirs alone ----

echo "$canary_db" >"$PAYDAY_FOLDER/open.password"
chmod 640 "$PAYDAY_FOLDER/open.password"
expect 78 'chmod 600' "$DAYBOOK" verify --set database_password_file="$PAYDAY_FOLDER/open.password"
expect 77 'password authentication failed' env DAYBOOK_DATABASE_PASSWORD=$canary_bank "$DAYBOOK" verify
expect_not_said canary
expect 77 '' env DAYBOOK_DATABASE="$DAYBOOK_DATABASE password=$canary_bank" "$DAYBOOK" verify
expect_not_said canary
for line in "database: host=x password=$canary_db" "database: postgresql://me:$canary_db@x/y" \
    "database_password: $canary_db" "banks: {mock: {token: $canary_bank}}" \
    "database: \"host=x password=$canary_db'\""; do
    echo "$line" >"$PAYDAY_FOLDER/wrong.yaml"
    expect 78 '' env -u DAYBOOK_DATABASE "$DAYBOOK" verify --config "$PAYDAY_FOLDER/wrong.yaml"
    expect_not_said canary
done
expect 78 'password does not belong' "$DAYBOOK" verify --database "host=x password=$canary_db"
expect_not_said canary
payday_bank_book "$PAYDAY_FOLDER/book"
pg_dump -d "$owner" >"$PAYDAY_FOLDER/dump"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
grep -q 'COPY daybook.intent' "$PAYDAY_FOLDER/dump" || expect_fail 'the dump is none'
for file in "$PAYDAY_FOLDER"/{dump,said,receipts,book,bank.out,bank.err,tried} \
    "$CLUSTER_DIR/server.log"; do
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    ! grep -aq canary- "$file" || expect_fail "a secret in $file"
done

# ---- hostile text in every place: one line stays one line, no byte moves the terminal ----

evil=$'x\nFAKE record\e[2J\r%n%s\x9b1m\x7f'
quiet_lines() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    if LC_ALL=C grep -aq $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$SAID" || grep -aq '^FAKE' <<<"$SAID" ||
        LC_ALL=C grep -aqP '(?<![\xc2-\xf4\x80-\xbf])[\x80-\xbf]' <<<"$SAID"; then
        expect_fail "control bytes or a line of its own: $*"
    fi
}
said_of() {
    SAID=$(env "${secrets[@]}" "$@" 2>&1 </dev/null) && expect_fail "hostile input was taken: $*"
    quiet_lines "$@"
}
printf '%s\n' "$evil" >"$PAYDAY_FOLDER/evil"
{ head -n 1 "$PAYDAY_FOLDER/accounts.csv" && printf '"%s",mock,VA-1,NORTH,PA-1,"%s",KRW,1,0,,,\n' \
    "$evil" "$evil"; } >"$PAYDAY_FOLDER/evil.csv"
{ head -n 1 "$PAYDAY_FOLDER/accounts.csv" && printf 'P1,"%s","%s",NORTH,PA-1,x,"%s",1,"%s","%s",,\n' \
    "$evil" "$evil" "$evil" "$evil" "$evil"; } >"$PAYDAY_FOLDER/evil2.csv"
printf 'key,from,to,amount_minor,state,bank_ref,at_us\n"%s","%s",x,"%s",accepted,x,1\n' \
    "$evil" "$evil" "$evil" >"$PAYDAY_FOLDER/evil.book"
printf 'key,from,to,amount_minor,state,bank_ref,at_us\n"%s","%s",x,1,accepted,x,1\n' \
    "$evil" "$evil" >"$PAYDAY_FOLDER/evil2.book"
printf 'account,balance_minor,state\n"%s","%s","%s"\n' "$evil" "$evil" "$evil" \
    >"$PAYDAY_FOLDER/evil.bank"
printf '"%s": "%s"\nrun:\n  "%s": 1\n  slots: "%s"\n' 'a\n\e[2J' 'b' 'c\nFAKE\e' 'd\nFAKE\e' \
    >"$PAYDAY_FOLDER/evil.yaml"
said_of "$DAYBOOK" "$evil"
said_of "$DAYBOOK" run "--$evil"
said_of "$DAYBOOK" run "$evil" --date $date
said_of "$DAYBOOK" run acme --date "$evil"
said_of "$DAYBOOK" run acme --date $date --deadline "$evil"
said_of "$DAYBOOK" run acme --date $date --expect-head "$evil"
said_of "$DAYBOOK" run acme --date $date --set "$evil"
said_of "$DAYBOOK" run acme --date $date --set "run.slots=$evil"
said_of "$DAYBOOK" run acme --date $date --set "banks.$evil.rate=1"
said_of "$DAYBOOK" run acme --date $date --set "time_zone=$evil" --deadline 10:00
said_of "$DAYBOOK" run acme --date $date --set "banks.mock.profile=$evil"
said_of "$DAYBOOK" run acme --date $date --set "banks.mock.url=http://$evil:1"
said_of "$DAYBOOK" run acme --date $date --config "$evil"
said_of "$DAYBOOK" run acme --date $date --config "$PAYDAY_FOLDER/evil"
said_of "$DAYBOOK" run acme --date $date --config "$PAYDAY_FOLDER/evil.yaml"
said_of "$DAYBOOK" run acme --date $date --database "host='$evil'"
said_of "$DAYBOOK" run acme --date $date --database "$evil"
said_of env "DAYBOOK_RUN_${evil//$'\n'/}=1" "$DAYBOOK" run acme --date $date
said_of env "DAYBOOK_RUN_SLOTS=$evil" "$DAYBOOK" run acme --date $date
said_of "$DAYBOOK" plan "$evil" --date $date
said_of "$DAYBOOK" show "$evil" --date $date
said_of "$DAYBOOK" explain "$evil"
said_of "$DAYBOOK" explain P0000001 --cohort "$evil"
said_of "$DAYBOOK" runs "$evil"
said_of "$DAYBOOK" help "$evil"
said_of "$DAYBOOK" config show --set "run.slots=$evil"
said_of "$DAYBOOK" import "$evil" --date $date "$PAYDAY_FOLDER/accounts.csv"
for file in evil evil.csv evil2.csv "$evil"; do
    said_of "$DAYBOOK" import new --date $date "$PAYDAY_FOLDER/$file"
done
said_of "$DAYBOOK" verify "$evil" --date $date
said_of "$DAYBOOK" verify acme --date $date --expect-head "$evil"
for file in evil evil.book evil2.book "$evil"; do
    said_of "$DAYBOOK" verify --book "$PAYDAY_FOLDER/$file"
done
said_of "$DAYBOOK" schema apply --engine-role "$evil"
said_of "$DAYBOOK" mockbank --accounts "$PAYDAY_FOLDER/evil.bank" --listen 127.0.0.1:0
said_of "$DAYBOOK" mockbank --accounts "$PAYDAY_FOLDER/$evil" --listen 127.0.0.1:0
said_of "$DAYBOOK" mockbank --listen "$evil"
said_of "$DAYBOOK" simulate --seed "$evil"
said_of "$DAYBOOK" trace "$PAYDAY_FOLDER/$evil"
said_of "$DAYBOOK" trace "$PAYDAY_FOLDER/evil"
# In the ledger itself, by one who owns the server.
cluster_psql -c 'CREATE DATABASE evil TEMPLATE payday'
evil_sql="E'x\\nFAKE record\\x1b[2J\\r%n%s'"
psql -X -q -v ON_ERROR_STOP=1 -d "${server/dbname=postgres/dbname=evil}" <<SQL
SET session_replication_role = replica;
UPDATE daybook.run SET operator = $evil_sql, host = $evil_sql;
UPDATE daybook.outcome SET code = $evil_sql, bank_ref = $evil_sql;
UPDATE daybook.mapping SET holder_name = $evil_sql WHERE mapping_id < 9;
UPDATE daybook.account SET account_ref = $evil_sql || account_ref;
ALTER TABLE daybook.entry RENAME CONSTRAINT entry_pkey TO "x
FAKE";
SQL
ledger=(env "${secrets[@]}" DAYBOOK_DATABASE="${DAYBOOK_DATABASE/dbname=payday/dbname=evil}")
for command in 'verify' "plan acme --date $date" "show acme --date $date" \
    "show -o json acme --date $date" "show -o jsonl acme --date $date" "runs" "runs -o jsonl" "verify --book $PAYDAY_FOLDER/evil2.book"; do
    # shellcheck disable=SC2086
    SAID=$("${ledger[@]}" "$DAYBOOK" $command 2>&1) || true
    quiet_lines "$command"
done
SAID=$("${ledger[@]}" "$DAYBOOK" explain $'x\nFAKE record\e[2J\r%n%sP0000001' 2>&1) || true
quiet_lines "explain"

# ---- no PG* variable, service or password file redirects ----

mkdir "$PAYDAY_FOLDER/house"
printf '[evil]\nhost=/nowhere\n' | tee "$PAYDAY_FOLDER/house/.pg_service.conf" \
    >"$PAYDAY_FOLDER/house/pg_service.conf"
hostile=(env HOME="$PAYDAY_FOLDER/house" PGHOST=/nowhere PGHOSTADDR=192.0.2.1 PGPORT=1
    PGDATABASE=postgres PGUSER=postgres PGPASSWORD=wrong PGPASSFILE="$PAYDAY_FOLDER/open.password"
    PGSERVICE=evil PGSERVICEFILE="$PAYDAY_FOLDER/house/.pg_service.conf"
    PGSYSCONFDIR="$PAYDAY_FOLDER/house" PGOPTIONS='-c search_path=evil -c role=postgres'
    PGSSLMODE=verify-full PGREQUIRESSL=1 PGTARGETSESSIONATTRS=standby PGREQUIREPEER=nobody
    PGCHANNELBINDING=require PGGSSENCMODE=require PGCLIENTENCODING=EUC_KR PGTZ=Asia/Seoul
    PGDATESTYLE=German PGAPPNAME=evil PGSSLROOTCERT=/nowhere PGCONNECT_TIMEOUT=1)
expect 0 'the ledger is whole' "${hostile[@]}" "${secrets[@]}" "$DAYBOOK" verify
expect 3 'finished, some are left' "${hostile[@]}" "${secrets[@]}" "$DAYBOOK" run acme --date $date
expect 78 'service file' "${hostile[@]}" "$DAYBOOK" verify --database 'service=evil'
# What somebody put into schema public is not taken for the server's own.
psql -X -q -d "$owner" -c "CREATE FUNCTION public.format(text, int) RETURNS text LANGUAGE sql
    AS 'SELECT (1/0)::text'" -c "CREATE TABLE public.pg_class (x int)" \
    -c "ALTER ROLE app SET search_path = public, pg_catalog"
expect 0 'the ledger is whole' env "${secrets[@]}" "$DAYBOOK" verify
expect_done
