# doctor: a machine that is ready, and what it says of one that is not: io_uring blocked, a database
# that forgets, is absent or has not the schema, a wrong configuration, a token that others may read, a
# bank that is down.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
seccomp=$DAYBOOK_BUILD/tests/io_seccomp_driver
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-doctor.XXXXXX")
clock=
finish() {
    [ -z "$clock" ] || kill "$clock" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

doctor() {
    "$DAYBOOK" doctor "$@"
}
blocked() {
    "$seccomp" deny "$1" io_uring_setup -- "$DAYBOOK" doctor "${@:2}"
}

cluster_start
cluster_psql -c "CREATE DATABASE payday" -c "CREATE ROLE app LOGIN" -c "CREATE ROLE stranger LOGIN"
owner="${CLUSTER_CONNINFO/dbname=postgres/dbname=payday}"
export DAYBOOK_DATABASE="${owner/user=postgres/user=app}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 10 "$PAYDAY_FOLDER" 3 0 0
echo secret >"$PAYDAY_FOLDER/token"
chmod 600 "$PAYDAY_FOLDER/token"
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts"
PAYDAY_RUN_KEYS=('send_before: 1s')
PAYDAY_BANK_KEYS=('linger: 1s' 'token_file: token')
payday_config "$DAYBOOK_CONFIG"
mkdir "$PAYDAY_FOLDER/state"
sed -i "1i state_folder: $PAYDAY_FOLDER/state" "$DAYBOOK_CONFIG"

# ---- not yet, then ready ----

expect 78 'daybook schema apply' doctor
expect_said 'fail  schema'
expect_said 'fail  engine session'
env DAYBOOK_DATABASE="$owner" "$DAYBOOK" schema apply --engine-role app >/dev/null
expect 0 'ready: ' doctor
expect_not_said '  fail '
expect_not_said '  warn '
expect_said 'ok    io                 uring: a request went through a ring'
expect_said 'ok    fsync'
expect_said 'ok    timeline'
expect_said 'app has the rights of an engine and no more'
expect_said 'ok    round trip'
expect_said "$PAYDAY_FOLDER/state"
expect_said ' takes connections'
expect_said 'it does not tell'
expect 0 '' doctor -o json
EXPECT_COUNT=$((EXPECT_COUNT + 1))
python3 -c 'import json, sys; j = json.loads(sys.argv[1])
assert j["schema_version"] == 1 and j["exit_code"] == 0 and len(j["checks"]) > 20
assert {c["result"] for c in j["checks"]} == {"ok"}' "$SAID" || expect_fail 'not the JSON that was promised'

# ---- io_uring ----

expect 0 'warn  io                 epoll, for a seccomp filter blocks io_uring (Operation not perm' blocked 1 # EPERM
expect_said 'io_uring_setup, io_uring_enter and io_uring_register'
expect_said 'ready: '
expect 0 'epoll, for a seccomp filter blocks io_uring (Function' blocked 38 # ENOSYS
expect 0 "epoll, for no memory for io_uring's ring" blocked 12               # ENOMEM
expect_said 'locked-memory limit'
expect 78 'fail  io                 a seccomp filter blocks io_uring' blocked 1 --set run.io=uring
expect_said 'io_uring_setup, io_uring_enter and io_uring_register'
expect_said 'not ready: '
expect 0 'ok    io                 epoll, for run.io is epoll' blocked 1 --set run.io=epoll
expect 0 'ok    io                 epoll, for run.io is epoll' doctor --set run.io=epoll

# ---- database ----

cluster_psql -c "ALTER SYSTEM SET fsync = off" -c "SELECT pg_reload_conf()" >/dev/null
for _ in $(seq 1 200); do
    [ "$(cluster_psql -At -c 'SHOW fsync')" = on ] || break
done
expect 78 'set fsync to on' doctor
expect_said 'ok    full_page_writes'
cluster_psql -c "ALTER SYSTEM RESET fsync" -c "ALTER SYSTEM SET synchronous_commit = off" \
    -c "SELECT pg_reload_conf()" >/dev/null
for _ in $(seq 1 200); do
    [ "$(cluster_psql -At -c 'SHOW fsync')$(cluster_psql -At -c 'SHOW synchronous_commit')" != onoff ] || break
done
expect 78 'synchronous_commit = off' doctor
expect_said 'ok    fsync'
cluster_psql -c "ALTER SYSTEM RESET synchronous_commit" -c "SELECT pg_reload_conf()" >/dev/null
for _ in $(seq 1 200); do
    [ "$(cluster_psql -At -c 'SHOW synchronous_commit')" = off ] || break
done
expect 77 'GRANT daybook_engine TO "stranger"' \
    env DAYBOOK_DATABASE="${owner/user=postgres/user=stranger}" "$DAYBOOK" doctor
expect 0 'warn  login              postgres is a superuser' \
    env DAYBOOK_DATABASE="$owner" "$DAYBOOK" doctor
expect 77 'claim.login is refuse' \
    env DAYBOOK_DATABASE="$owner" "$DAYBOOK" doctor --set claim.login=refuse
expect 77 'check user, password and database name' \
    env DAYBOOK_DATABASE="${owner/dbname=payday/dbname=elsewhere}" "$DAYBOOK" doctor
expect 69 'start Postgres' env DAYBOOK_DATABASE="host=$PAYDAY_FOLDER dbname=x user=x" \
    "$DAYBOOK" doctor
expect_said 'ok    io                 uring: a request went through a ring'
expect_said ' takes connections'
expect 78 'Postgres does not know "Asia/Soul"' doctor --set time_zone=Asia/Soul

# ---- configuration, token, bank ----

expect 78 'did you mean run.slots?' doctor --set run.slotz=1
expect_said 'ok    schema version'
expect 78 'is not configured' doctor --bank south
expect 78 'No such file' doctor --config "$PAYDAY_FOLDER/none.yaml"
expect_said 'ok    schema version'
expect 78 'run.resolve_wait is too short' doctor --set run.resolve_wait=1s
expect 78 'no profile at' doctor --set banks.mock.profile=none.yaml
chmod 644 "$PAYDAY_FOLDER/token"
expect 78 'fail  token' doctor
expect_said 'chmod 600'
expect_said ' takes connections'
chmod 600 "$PAYDAY_FOLDER/token"
expect 78 'are needed, 70 allowed' bash -c "ulimit -n 70; exec '$DAYBOOK' doctor"
expect 0 'absent/state: No such file' doctor --set "state_folder=$PAYDAY_FOLDER/absent/state"

# A server that answers with the time of another day.
perl -MIO::Socket::INET -e '$| = 1;
    my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:0") or die;
    print $server->sockport, "\n";
    while (my $bank = $server->accept) {
        my $line = <$bank>; # nothing, where somebody only looked
        print $bank "HTTP/1.1 404 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n" if defined $line;
        close $bank;
    }' >"$PAYDAY_FOLDER/clock" &
clock=$!
for _ in $(seq 1 400); do
    [ ! -s "$PAYDAY_FOLDER/clock" ] || break
    sleep 0.025
done
expect 0 's behind this machine' doctor --set "banks.mock.url=http://127.0.0.1:$(cat "$PAYDAY_FOLDER/clock")"
payday_bank_stop
expect 69 'takes no connection' doctor
expect 69 'was not found' doctor --set banks.mock.url=http://no-such-bank.invalid:80

# It has asked no account and changed nothing.
EXPECT_COUNT=$((EXPECT_COUNT + 1))
! grep -q "$(printf '\t')\\(POST\\|GET\\) " "$PAYDAY_FOLDER/receipts" || expect_fail 'it asked the bank something'
[ "$(cluster_psql -At -d "$owner" -c 'SELECT count(*) FROM daybook.run')" = 0 ] ||
    expect_fail 'it began a run'

# ---- the database of another day: a run of an open batch saw another timeline ----

expect 0 '' "$DAYBOOK" import acme --date 2026-03-25 --quiet "$PAYDAY_FOLDER/accounts.csv"
expect 69 'ok    timeline' doctor # the bank is down, still
cluster_psql -d "$owner" -c "INSERT INTO daybook.run (batch_id, epoch, kind, operator, host, pid,
    control_pid, control_start, timeline, ended_at, exit_code)
    SELECT batch_id, 1, 'run', 'x', 'x', 1, 1, now(), 99, now(), 0 FROM daybook.batch"
expect 69 'fail  timeline           acme 2026-03-25: the database is on timeline 1, run 1 saw timeline 99' doctor
expect_said 'daybook reconcile COHORT --date DATE'
expect_done
