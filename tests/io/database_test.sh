# database: what a run does when Postgres is not as it must be: refused at the start, or lost, stuck or
# refusing on the way (ops/lib/stage.sh has what must hold after each payday). Each test is a
# sentence, printed.
#
# DAYBOOK_SEED draws the moments; printed. With DAYBOOK_FULL=1 also what takes long: a rival that
# keeps the head locked, and more restarts.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
full=${DAYBOOK_FULL:-}
seed=${DAYBOOK_SEED:-$(($(date +%s) % 30000 + 1))}
unset "${!DAYBOOK_@}"
RANDOM=$seed
echo "seed $seed (DAYBOOK_SEED=$seed draws the same moments)"

STAGE_SEED=$seed
STAGE_ACCOUNTS=80
STAGE_RATE=600
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
STAGE_FAULTS=()
STAGE_SEND_BEFORE=300ms
STAGE_LINGER=60ms
STAGE_PROCESSING=100ms

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-database.XXXXXX")
doing=
finish() {
    local code=$?
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    payday_bank_stop
    cluster_stop immediate
    if [ "$code" = 0 ]; then
        rm -rf "$PAYDAY_FOLDER"
    else
        echo "failed: $doing (seed $seed); the files are kept in $PAYDAY_FOLDER; the engine's last" \
            "words:"
        tail -n 20 "$PAYDAY_FOLDER/run.err" 2>/dev/null || true
    fi
}
trap finish EXIT
trap 'exit 130' INT TERM

as_admin() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}

# ends "CODES": the engine, within 60 s; sets code.
ends() {
    code=0
    stage_gone "$STAGE_ENGINE" 60 || stage_fail "no end within 60 s"
    wait "$STAGE_ENGINE" 2>/dev/null || code=$?
    STAGE_ENGINE=
    case " $1 " in
    *" $code "*) ;;
    *) stage_fail "exit code $code instead of $1" ;;
    esac
}

# Goes on until it is whole: by itself, or by the same command as long as it says "try again".
goes_on() {
    local try
    ends "0 69 75"
    for try in 1 2 3 4 5; do
        [ "$code" != 0 ] || return 0
        until cluster_psql -c "SELECT" >/dev/null 2>&1; do stage_nap 0.1; done
        stage_engine
        ends "0 69 75"
    done
    [ "$code" = 0 ] || stage_fail "it did not come to its end in $try runs"
}

# refused CODE TEXT [ARGS…]: a start is refused, says so with a hint, and calls no bank.
refused() {
    local wanted=$1 text=$2 posts said got=0
    shift 2
    posts=$(stage_calls)
    said=$("$DAYBOOK" run acme --date "$STAGE_DATE" "$@" 2>&1 </dev/null) || got=$?
    [ "$got" = "$wanted" ] || stage_fail "exit code $got instead of $wanted: $said"
    grep -qF -- "$text" <<<"$said" || stage_fail "it did not say \"$text\": $said"
    grep -q '^hint: ' <<<"$said" || stage_fail "it gave no hint: $said"
    [ "$(stage_calls)" = "$posts" ] || stage_fail "it called the bank"
}

stage_calls() {
    awk '$1 == "call" { n++ } END { print n + 0 }' "$PAYDAY_FOLDER/receipts"
}

await_posts() {
    local try
    for try in $(seq 1 2000); do
        [ "$(stage_posts)" -lt "$1" ] || return 0
        kill -0 "$STAGE_ENGINE" 2>/dev/null || return 0
        stage_nap 0.01
    done
    stage_fail "no $1 transfers were sent"
}

begin() {
    doing=$2
    SECONDS=0
    echo "$2"
    stage_begin "$1"
}

end() {
    stage_check
    stage_end
    echo "  $SECONDS s"
}

# ---- refused at the start ----

# set_server NAME VALUE: once new sessions see it.
set_server() {
    local try
    cluster_psql -c "ALTER SYSTEM SET $1 = $2" -c "SELECT pg_reload_conf()" >/dev/null
    for try in $(seq 1 500); do
        [ "$(cluster_psql -At -c "SHOW $1")" != "$2" ] || return 0
        stage_nap 0.01
    done
    stage_fail "$1 did not become $2"
}

servers_that_are_refused() {
    local setting
    begin refused "a server that may lose or refuse what is written is refused before anything is sent"
    for setting in fsync full_page_writes synchronous_commit; do
        set_server "$setting" off
        refused 78 "$setting = off"
        set_server "$setting" on
    done
    as_admin "ALTER DATABASE $STAGE_NAME SET synchronous_commit = off"
    refused 78 "synchronous_commit = off"
    as_admin "ALTER DATABASE $STAGE_NAME RESET synchronous_commit"
    as_admin "ALTER DATABASE $STAGE_NAME SET default_transaction_read_only = on"
    refused 78 "read-only"
    PGOPTIONS='-c default_transaction_read_only=off' \
        as_admin "ALTER DATABASE $STAGE_NAME RESET default_transaction_read_only"
    as_admin "INSERT INTO daybook.schema_version (version, name, sha256)
        VALUES (9999, 'newer', sha256('n'))"
    refused 78 "version 9999"
    as_admin "ALTER TABLE daybook.schema_version DISABLE TRIGGER ALL;
        DELETE FROM daybook.schema_version WHERE version IN (SELECT version
            FROM daybook.schema_version ORDER BY version DESC LIMIT 2)"
    refused 78 "schema apply"
    [ "$(as_admin "SELECT epoch FROM daybook.batch_head")" = 0 ] ||
        stage_fail "a refused start took an epoch"
    stage_end
    echo "  $SECONDS s"
}

another_encoding_is_refused() {
    local said got=0
    doing="a database of another encoding is refused"
    echo "$doing"
    cluster_psql -c "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C'
        LC_CTYPE 'C'"
    export DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=ascii}
    "$DAYBOOK" schema apply >/dev/null 2>&1
    "$DAYBOOK" import acme --date "$STAGE_DATE" --quiet "$PAYDAY_FOLDER/accounts.csv"
    said=$("$DAYBOOK" run acme --date "$STAGE_DATE" 2>&1) || got=$?
    [ "$got" = 78 ] || stage_fail "exit code $got instead of 78: $said"
    grep -q 'server_encoding = SQL_ASCII' <<<"$said" || stage_fail "it said $said"
}

# ---- lost on the way ----

restarted_at_any_moment() {
    local i times=2
    [ -z "$full" ] || times=20
    begin restarted "Postgres that restarts at once, at drawn moments of a payday: it goes on"
    stage_engine --set banks.mock.rate=150
    for i in $(seq 1 $times); do
        stage_nap "0.$((RANDOM % 8))$((RANDOM % 10))"
        [ $((RANDOM % 2)) = 0 ] || await_posts $((i * 35))
        cluster_restart
        kill -0 "$STAGE_ENGINE" 2>/dev/null || stage_engine --set banks.mock.rate=150
    done
    goes_on
    end
}

# The run's sessions but the one that reads the batch, in the order in which a claim opens them:
# control, chunks, pages.
session_of_run="FROM pg_stat_activity WHERE application_name ~ '^daybook:[0-9]+:[0-9]+$'
    ORDER BY backend_start"

each_backend_is_ended() {
    local which
    begin backends "the control, chunk or page session is ended, or its process killed: it goes on"
    stage_engine --set banks.mock.rate=40
    for which in 0 1 2; do
        await_posts $((15 + which * 35))
        await_hit end_session $which
    done
    await_posts 110
    await_hit kill_session $((RANDOM % 3))
    goes_on
    end
}

# A run that has just lost one is starting over: until all three are there, and that one was hit.
await_hit() {
    local try
    for try in $(seq 1 500); do
        ! "$@" || return 0
        stage_nap 0.01
    done
    stage_fail "no such session: $*"
}

has_sessions() {
    [ "$(as_admin "SELECT count(*) FROM (SELECT $session_of_run) s")" = 3 ]
}

end_session() {
    has_sessions && [ "$(as_admin "SELECT pg_terminate_backend(pid) $session_of_run
        OFFSET $1 LIMIT 1")" = t ]
}

kill_session() {
    local pid
    has_sessions && pid=$(as_admin "SELECT pid $session_of_run OFFSET $1 LIMIT 1") &&
        [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
}

# ---- refusing on the way ----

# break_chunks SQLSTATE TIMES SKIP TABLE: of the next chunks' writes to that table, after SKIP, so
# many are refused.
break_chunks() {
    as_admin "DROP FUNCTION IF EXISTS public.break_chunk CASCADE"
    as_admin "
        CREATE SEQUENCE IF NOT EXISTS public.chunks_seen;
        SELECT setval('public.chunks_seen', 1);
        GRANT USAGE ON SEQUENCE public.chunks_seen TO PUBLIC;
        CREATE FUNCTION public.break_chunk() RETURNS trigger LANGUAGE plpgsql AS \$\$
        BEGIN
            IF nextval('public.chunks_seen') BETWEEN $3 + 2 AND $3 + 1 + $2 THEN
                RAISE EXCEPTION 'broken by a test' USING ERRCODE = '$1';
            END IF;
            RETURN NULL;
        END \$\$;
        CREATE TRIGGER break_chunk AFTER INSERT ON daybook.$4
            FOR EACH STATEMENT EXECUTE FUNCTION public.break_chunk()" >/dev/null
}

# await_seen N: until the trigger of break_chunks has seen so many.
await_seen() {
    local try
    for try in $(seq 1 2000); do
        [ "$(as_admin "SELECT last_value FROM public.chunks_seen")" -le "$1" ] || return 0
        kill -0 "$STAGE_ENGINE" 2>/dev/null || break
        stage_nap 0.01
    done
    stage_fail "not $1 chunks were written"
}

each_refusal_is_tried_again() {
    local state
    begin again "40001, 40P01, 55P03, 57014 and 53100: the whole chunk is tried again"
    for state in 40001 40P01 55P03 57014 53100; do
        break_chunks "$state" 3 2 "$(case $((RANDOM % 3)) in
        0) echo chunk ;; 1) echo entry ;; 2) echo outcome ;; esac)"
        [ -n "$STAGE_ENGINE" ] || stage_engine --set banks.mock.rate=50
        await_seen 6 # two that pass, three that are refused, and the one that is tried again
    done
    as_admin "DROP FUNCTION public.break_chunk CASCADE"
    ends 0
    end
}

a_refusal_that_stays_stops() {
    begin stays "a refusal that stays: a clean stop with 75 after its tries, and nothing is lost"
    break_chunks 53100 1000000 5 outcome
    stage_engine --set run.chunk_tries=3 --set run.restarts=1
    ends 75
    as_admin "DROP FUNCTION public.break_chunk CASCADE"
    stage_run_to_end
    end
}

a_rival_holds_the_head() {
    begin rival "a rival that keeps the head locked: the run waits, starts over, and ends the rival"
    stage_engine --set run.chunk_tries=2 --set banks.mock.rate=200
    await_posts 30
    coproc RIVAL { psql -X -At -d "$DAYBOOK_DATABASE"; }
    echo "BEGIN; SELECT 'it has it' FROM daybook.head FOR UPDATE;" >&"${RIVAL[1]}"
    goes_on
    echo '\q' >&"${RIVAL[1]}"
    wait "$RIVAL_PID" 2>/dev/null || true
    end
}

# ---- gone back ----

# The cluster is stopped, changed by the command, and started again.
change_cluster() {
    cluster_halt INT
    (cd "$CLUSTER_DIR" && cluster_as sh -c "cd '$CLUSTER_DIR' && $1")
    cluster_boot "$(cluster_bin)"
}

head_of() {
    as_admin "SELECT partition || ':' || chunk || ':' || encode(hash, 'hex') FROM daybook.head"
}

an_older_copy_is_refused() {
    local early late state=$PAYDAY_FOLDER/state
    begin older "a database restored to an older copy is refused: by the state file, by --expect-head"
    printf 'state_folder: %s\n' "$state" >>"$DAYBOOK_CONFIG"
    stage_engine --set banks.mock.rate=200
    await_posts 40
    kill -TERM "$STAGE_ENGINE"
    ends 4
    early=$(head_of)
    change_cluster "cp -a data early"
    stage_run_to_end
    late=$(head_of)
    grep -qF "$late" "$PAYDAY_FOLDER/run.out" || stage_fail "the summary does not tell the head"
    [ "$(stat -c %a "$state"/heads-*)" = 600 ] || stage_fail "others may read the state file"
    "$DAYBOOK" run acme --date "$STAGE_DATE" --expect-head "$late" --quiet
    change_cluster "rm -rf data && mv early data"
    refused 69 "the state file"
    refused 69 "older copy" --set state_folder=none --expect-head "${late%:*}"
    refused 69 "another past" --set state_folder=none \
        --expect-head "${early%:*}:$(printf '0%.0s' {1..64})"
    refused 64 "is no head" --expect-head 0
    # With the file goes the warning. Most are gone from the virtual accounts already: short, or in
    # doubt; what is paid again has the same key.
    rm -rf "$state"
    stage_engine
    ends "0 3 5"
    stage_check_receipts
    stage_end
    echo "  $SECONDS s"
}

a_standby_is_refused_and_so_is_another_timeline() {
    begin standby "a hot standby is refused, and so is one that was promoted since the last run"
    stage_engine --set banks.mock.rate=200
    await_posts 40
    kill -TERM "$STAGE_ENGINE"
    ends 4
    change_cluster "touch data/standby.signal"
    refused 78 "standby in recovery"
    as_admin "SELECT pg_promote()" >/dev/null
    refused 69 "is on timeline 2, run"
    stage_end
    echo "  $SECONDS s"
}

cluster_start
export PGOPTIONS='-c client_min_messages=error' # of this script's own sessions
stage_open
servers_that_are_refused
another_encoding_is_refused
restarted_at_any_moment
each_backend_is_ended
each_refusal_is_tried_again
[ -z "$full" ] || a_refusal_that_stays_stops
[ -z "$full" ] || a_rival_holds_the_head
an_older_copy_is_refused
a_standby_is_refused_and_so_is_another_timeline
