# import: the schema comes first; a plan comes in whole or not at all; until the first run another
# may replace it, afterwards it is refused with the difference shown.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-import.XXXXXX")
finish() {
    cluster_stop
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

import() {
    "$DAYBOOK" import "$@"
}

# Rows of everything that an import may write.
rows() {
    cluster_psql -At -c "SELECT concat_ws(' ', (SELECT count(*) FROM daybook.account),
        (SELECT count(*) FROM daybook.mapping), (SELECT count(*) FROM daybook.plan),
        (SELECT count(*) FROM daybook.plan_revision), (SELECT count(*) FROM daybook.batch))"
}

expect_rows() {
    local found
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    found=$(rows)
    [ "$found" = "$1" ] || expect_fail "rows $found instead of $1"
}

# ---- where the database is ----

cat >"$folder/daybook.yaml" <<'YAML'
banks:
  north:
    profile: p.yaml
    url: http://127.0.0.1:1
    collection_account: C-1
YAML
export DAYBOOK_CONFIG=$folder/daybook.yaml
head='account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,repayment_minor,hold_minor,expected_minor,expect_at,opening_minor'
{
    echo "$head"
    echo 'a-1,north,V-1,004,P-1,김철수,KRW,100,20,5000,,'
    echo 'a-2,north,V-2,004,P-2,"Lee, Anna",KRW,0,0,,2026-03-25T09:00+09:00,'
    echo 'a-3,north,V-3,004,P-3,back\slash,KRW,300,0,4000,,70'
} >"$folder/good.csv"

expect 78 'no database is configured' import acme --date 2026-03-25 "$folder/good.csv"
expect 69 'start Postgres' env DAYBOOK_DATABASE="host=$folder dbname=postgres" \
    "$DAYBOOK" schema apply
cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
expect 77 'the server is there but refuses' env DAYBOOK_DATABASE="$CLUSTER_CONNINFO user=nobody" \
    "$DAYBOOK" schema apply
expect 78 'run `daybook schema apply`' import acme --date 2026-03-25 "$folder/good.csv"
export PGHOST=/nowhere PGDATABASE=nothing PGUSER=nobody PGSERVICE=none # must not redirect
expect 0 'applied 0001' "$DAYBOOK" schema apply
unset PGHOST PGDATABASE PGUSER PGSERVICE
expect 0 'the schema is up to date' "$DAYBOOK" schema apply
expect_not_said 'applied'

# ---- a good file, again, and another one ----

expect 0 'imported acme 2026-03-25: 3 accounts, revision 1' \
    import acme --date 2026-03-25 "$folder/good.csv"
expect_said 'repayment 400, hold 20, expected 9,000 KRW'
expect_rows '3 3 3 1 1'
expect 0 'nothing changed' import acme --date 2026-03-25 "$folder/good.csv"
expect_rows '3 3 3 1 1'
sed 's/$/\r/' "$folder/good.csv" >"$folder/crlf.csv"
{ head -n 1 "$folder/good.csv"; tail -n +2 "$folder/good.csv" | tac; } >"$folder/turned.csv"
expect 0 'nothing changed' import acme --date 2026-03-25 "$folder/crlf.csv"
expect 0 'nothing changed' import acme --date 2026-03-25 "$folder/turned.csv"
expect 0 '' import -q acme --date 2026-03-25 "$folder/good.csv"
[ -z "$SAID" ] || expect_fail "-q is not quiet"
expect 0 'nothing changed' import acme --date 2026-03-25 - <"$folder/good.csv"
names=$(cluster_psql -At -c "SELECT string_agg(m.holder_name, '|' ORDER BY a.account_ref)
    FROM daybook.mapping m JOIN daybook.account a USING (account_id)")
[ "$names" = '김철수|Lee, Anna|back\slash' ] || expect_fail "names $names"
seed=$(cluster_psql -At -c "SELECT replace(p.key_seed::text, '-', '') FROM daybook.plan p
    JOIN daybook.account a USING (account_id) WHERE a.account_ref = 'a-1'")
agreed=$(printf 'daybook key seed 1\0acme\0002026-03-25\0a-1\0' | sha256sum | cut -c 1-32)
[ "$seed" = "$agreed" ] || expect_fail "key seed $seed instead of $agreed"

sed 's/,P-1,/,P-9,/; s/4000/4100/' "$folder/good.csv" >"$folder/other.csv"
expect 0 'revision 2' import acme --date 2026-03-25 "$folder/other.csv"
expect_rows '3 4 6 2 1' # one new mapping version
expect 0 'revision 3' import acme --date 2026-03-25 "$folder/good.csv"
expect_rows '3 5 9 3 1'

# ---- bad files: nothing changes ----

bad() {
    local place=$1 text=$2
    cat >"$folder/bad.csv"
    expect 65 "$folder/bad.csv:$place: $text" import acme --date 2026-03-25 "$folder/bad.csv"
    expect_said 'was refused as a whole'
    expect_rows '3 5 9 3 1'
}
bad 3:1 'account_ref a-1 stands here twice; first in line 2' <<CSV
$head
a-1,north,V-1,004,P-1,Kim,KRW,100,20,5000,,
a-1,north,V-2,004,P-1,Kim,KRW,100,20,5000,,
CSV
bad 2:31 'repayment_minor "-5" is not an amount' <<CSV
$head
a-1,north,V-1,004,P-1,Kim,KRW,-5,20,5000,,
CSV
bad 2:38 'expected_minor 110 is below' <<CSV
$head
a-1,north,V-1,004,P-1,Kim,KRW,100,20,110,,
CSV
bad 2:5 'bank south is not in the configuration (known: north)' <<CSV
$head
a-1,south,V-1,004,P-1,Kim,KRW,100,20,500,,
CSV
bad 2:13 'a NUL byte' < <(printf '%s\na-1,north,V-\0,004,P-1,Kim,KRW,1,0,,,\n' "$head")
bad 2:23 'bytes that are not' < <(printf '%s\na-1,north,V-1,004,P-1,\xb1\xe8,KRW,1,0,,,\n' "$head")
bad 1:1 'the file names columns but has no account' < <(printf '%s\n' "$head")
bad 1:1 'the file is empty' </dev/null
expect 65 'No such file' import acme --date 2026-03-25 "$folder/none.csv"
expect 65 'another currency is another cohort' import acme --date 2026-03-25 \
    <(sed 's/KRW/USD/' "$folder/good.csv")
expect 64 'letters, digits' import 'ac me' --date 2026-03-25 "$folder/good.csv"
expect_rows '3 5 9 3 1'

# ---- frozen ----

cluster_psql -c "UPDATE daybook.batch_head SET frozen_at = now(), hold_by_transfer = false"
expect 0 'nothing changed' import acme --date 2026-03-25 "$folder/good.csv"
{ head -n 2 "$folder/other.csv"; echo 'a-4,north,V-4,004,P-4,Neu,KRW,1,0,,,'; } >"$folder/late.csv"
expect 65 'its plan is frozen' import acme --date 2026-03-25 "$folder/late.csv"
expect_said '1 account would be added:'
expect_said '  a-4'
expect_said '2 accounts would be removed:'
expect_said '  a-1: payout_account'
sed '2s/,,$/,2026-03-25T09:00+09:00,/' "$folder/good.csv" >"$folder/expected.csv"
expect 65 'its plan is frozen' import acme --date 2026-03-25 "$folder/expected.csv"
expect_said ': expect_at'
expect_rows '3 5 9 3 1'

# ---- a virtual account belongs to one account for good ----

taken() {
    { echo "$head"; echo "$1"; } >"$folder/taken.csv"
    expect 65 "$folder/taken.csv:2:1: the virtual_account of account $2 belongs to account $3" \
        import "$4" --date 2026-04-25 "$folder/taken.csv"
    expect_said 'was refused as a whole'
    expect_rows '3 5 9 3 1'
}
taken 'renamed,north,V-1,004,P-1,Kim,KRW,100,20,5000,,' renamed a-1 acme
taken 'x-1,north,V-2,004,P-8,Kim,KRW,100,20,5000,,' x-1 a-2 beta
taken 'a-1,north,V-3,004,P-1,Kim,KRW,100,20,5000,,' a-1 a-3 acme
for statement in "INSERT INTO daybook.mapping (account_id, version, bank, virtual_account,
        payout_bank, payout_account, holder_name)
        SELECT account_id, 99, 'north', 'V-1', '004', 'P', 'K' FROM daybook.account
        WHERE account_ref = 'a-2'" \
    "UPDATE daybook.virtual_account SET account_id = 2" "DELETE FROM daybook.virtual_account"; do
    expect 1 'ERROR' cluster_psql -c "$statement"
done
expect_rows '3 5 9 3 1'

# ---- opening money only in an account's first batch ----

cluster_psql -c "INSERT INTO daybook.opening (account_id, settlement_id, ordinal)
    SELECT account_id, 1::bigint << 32 | 3, 1 FROM daybook.account WHERE account_ref = 'a-3'"
expect 65 "$folder/good.csv:4:1: account a-3 has opening_minor, but settled before" \
    import acme --date 2026-04-25 "$folder/good.csv"
expect_rows '3 5 9 3 1'

# An account may get a number of its own, and its old one back.
expect 0 'imported other' import other --date 2026-04-25 \
    <(sed 's/,V-1,/,V-11,/; s/,70$/,/' "$folder/good.csv")
expect 0 'imported other' import other --date 2026-04-25 \
    <(sed 's/,70$/,/' "$folder/good.csv")
expect 65 'the virtual_account of account b-1 belongs to account a-1' import beta \
    --date 2026-04-25 <(echo "$head"; echo 'b-1,north,V-11,004,P-8,Kim,KRW,100,20,5000,,')

# ---- a schema that is not this program's ----

cluster_psql -c "ALTER TABLE daybook.schema_version DISABLE TRIGGER ALL" \
    -c "UPDATE daybook.schema_version SET sha256 = sha256('other') WHERE version = 2"
expect 78 'was applied with another text' "$DAYBOOK" schema apply
cluster_psql -c "INSERT INTO daybook.schema_version (version, name, sha256)
    VALUES (9999, 'later', sha256('later'))"
expect 78 'knows only' "$DAYBOOK" plan acme --date 2026-03-25
cluster_psql -c "DELETE FROM daybook.schema_version WHERE version > 1"
expect 78 'run `daybook schema apply`' "$DAYBOOK" plan acme --date 2026-03-25

expect_done
