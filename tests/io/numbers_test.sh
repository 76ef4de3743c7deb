# numbers: a virtual account belongs to the account that had it first, for good, however its
# mappings come: in one statement or by several, one after another or at once.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-numbers.XXXXXX")
first_in= first_pid=
finish() {
    [ -z "$first_in" ] || exec {first_in}>&-
    [ -z "$first_pid" ] || wait "$first_pid" 2>/dev/null || true
    cluster_stop
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# maps "ACCOUNT VERSION NUMBER" …: the statement that adds these mappings at once.
maps() {
    local row account version number values=
    for row in "$@"; do
        read -r account version number <<<"$row"
        values+="${values:+, }($account, $version, 'north', '$number', '004', 'P', 'K')"
    done
    echo "INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, payout_bank,
        payout_account, holder_name) VALUES $values;"
}

adds() {
    expect 0 '' cluster_psql -c "$(maps "$@")"
}

# All of them are refused, and nothing is added.
refuses() {
    local before
    before=$(owners)
    expect 1 'ERROR:  23505: a virtual account of this mapping belongs to another account' \
        cluster_psql -v VERBOSITY=verbose -c "$(maps "$@")"
    expect_owners "$before"
}

owners() {
    cluster_psql -At -c "SELECT string_agg(virtual_account || '=' || account_id, ' '
        ORDER BY virtual_account) FROM daybook.virtual_account WHERE bank = 'north'"
}

expect_owners() {
    local found
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    found=$(owners)
    [ "$found" = "$1" ] || expect_fail "owners are $found instead of $1"
}

await() {
    local try
    for try in $(seq 1 2000); do
        [ "$(cluster_psql -At -c "$1")" != t ] || return 0
        sleep 0.02
    done
    expect_fail "never: $1"
}

# A session that adds these mappings and keeps its transaction open.
first_adds() {
    mkfifo "$folder/in"
    psql -X -q -v ON_ERROR_STOP=1 -d "$CLUSTER_CONNINFO application_name=first" \
        <"$folder/in" >"$folder/first.out" 2>&1 &
    first_pid=$!
    exec {first_in}>"$folder/in"
    rm "$folder/in"
    { echo "BEGIN;"; maps "$@"; } >&"$first_in"
    await "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'first'
        AND state = 'idle in transaction' AND query LIKE 'INSERT%')"
}

first_ends() {
    echo "$1;" >&"$first_in"
    exec {first_in}>&-
    first_in=
    wait "$first_pid" || expect_fail "the first session: $(cat "$folder/first.out")"
    first_pid=
}

# at_once COMMIT|ROLLBACK FIRST SECOND CODE: the second comes while the first's is open, and waits.
at_once() {
    local code=0
    first_adds "$2"
    psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -d "$CLUSTER_CONNINFO \
application_name=second" -c "$(maps "$3")" >"$folder/second.out" 2>&1 &
    local second=$!
    await "SELECT EXISTS (SELECT FROM pg_stat_activity s, pg_stat_activity f
        WHERE s.application_name = 'second' AND f.application_name = 'first'
          AND f.pid = ANY (pg_blocking_pids(s.pid)))"
    first_ends "$1"
    wait "$second" || code=$?
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ "$code" = "$4" ] || expect_fail "exit code $code instead of $4: $(cat "$folder/second.out")"
    [ "$code" = 0 ] || grep -q 'ERROR:  23505: a virtual account of this mapping' \
        "$folder/second.out" || expect_fail "it said $(cat "$folder/second.out")"
}

cluster_start
expect 0 'applied 0009' env DAYBOOK_DATABASE="$CLUSTER_CONNINFO" "$DAYBOOK" schema apply

# ---- one after another ----

adds '1 1 A' '2 1 B'
expect_owners 'A=1 B=2'
refuses '3 1 A'           # another's
refuses '3 1 C' '4 1 B'   # another's beside a new one
refuses '3 1 C' '4 1 C'   # one new number for two accounts
refuses '1 2 A' '3 1 A'   # its own, and another's, in one statement
refuses '1 2 B' '2 2 A'   # two accounts that change places
adds '1 2 A'              # its own again
adds '1 3 A' '1 4 D'      # its own, and a new one
adds '3 1 C' '3 2 C'      # a new one twice, for the same account
adds '1 5 A' '1 6 A' '1 7 E' '1 8 E' '2 2 F' # all of these at once
expect_owners 'A=1 B=2 C=3 D=1 E=1 F=2'
expect 0 '' cluster_psql -c "INSERT INTO daybook.mapping (account_id, version, bank,
    virtual_account, payout_bank, payout_account, holder_name)
    SELECT 9, 1, 'north', 'Z', '004', 'P', 'K' WHERE false" # nothing at all
expect 0 '' cluster_psql -c "INSERT INTO daybook.mapping (account_id, version, bank,
    virtual_account, payout_bank, payout_account, holder_name)
    VALUES (4, 1, 'south', 'A', '004', 'P', 'K')" # the same digits at another bank
[ "$(cluster_psql -At -c "SELECT account_id FROM daybook.virtual_account
    WHERE bank = 'south' AND virtual_account = 'A'")" = 4 ] || expect_fail "south's A is not of 4"

# ---- at once ----

at_once COMMIT '5 1 G' '6 1 G' 1
at_once COMMIT '5 2 H' '5 3 H' 0
at_once ROLLBACK '5 4 I' '6 2 I' 0
[ "$(cluster_psql -At -c "SELECT string_agg(virtual_account || '=' || account_id, ' '
    ORDER BY virtual_account) FROM daybook.virtual_account WHERE virtual_account > 'F'")" = \
    'G=5 H=5 I=6' ] || expect_fail "owners are $(owners)"
[ "$(cluster_psql -At -c "SELECT count(*) FROM daybook.mapping
    WHERE (account_id, version) IN ((6, 1), (5, 4))")" = 0 ] ||
    expect_fail "a refused mapping is there"

expect_done
