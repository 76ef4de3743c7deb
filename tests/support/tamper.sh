# tamper.sh: plants changes in a ledger, as one who owns the server could, and has verify find them.
# Source after cluster.sh and expect.sh; DAYBOOK, DAYBOOK_DATABASE (a database `payday`) and
# PAYDAY_FOLDER are set, and server is the cluster's own conninfo.
TAMPER_COUNT=0

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}

# tamper_keep: the ledger as it is now is what every tampering begins with.
tamper_keep() {
    # The copies need not last.
    cluster_psql -c "ALTER SYSTEM SET fsync = off" -c "ALTER SYSTEM SET full_page_writes = off" \
        -c "ALTER SYSTEM SET synchronous_commit = off" -c "SELECT pg_reload_conf()" >/dev/null
    sql "CREATE SCHEMA kept" >/dev/null
    sql "DO \$\$
    DECLARE
        t text;
    BEGIN
        FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'daybook'::regnamespace
            AND relkind = 'r' LOOP
            EXECUTE format('CREATE TABLE kept.%I AS TABLE daybook.%1\$I', t);
        END LOOP;
    END
    \$\$" >/dev/null
}
TAMPER_RESTORE="DO \$\$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace LOOP
        EXECUTE format('DELETE FROM daybook.%I', t);
        EXECUTE format('INSERT INTO daybook.%I OVERRIDING SYSTEM VALUE TABLE kept.%1\$I', t);
    END LOOP;
END
\$\$"
# tamper_undo: the ledger as it was kept.
tamper_undo() {
    sql "SET session_replication_role = replica; $TAMPER_RESTORE" >/dev/null
}

# tampered_in DATABASE TEXT SQL [VERIFY OPTION…]: the SQL must change something, and verify must
# find it and say TEXT.
tampered_in() {
    local there="${server/dbname=postgres/dbname=$1}" text=$2 change=$3
    shift 3
    TAMPER_COUNT=$((TAMPER_COUNT + 1))
    if ! psql -X -v ON_ERROR_STOP=1 -d "$there" >"$PAYDAY_FOLDER/tag" 2>&1 <<SQL
SET session_replication_role = replica;
SET search_path = daybook;
$TAMPER_RESTORE;
$change;
SQL
    then
        SAID=$(cat "$PAYDAY_FOLDER/tag")
        expect_fail "the tampering itself failed: $change"
    elif grep -qE '^(UPDATE|DELETE|INSERT 0) 0$' "$PAYDAY_FOLDER/tag" &&
        ! grep -qE '^(UPDATE|DELETE|INSERT 0) [1-9]' "$PAYDAY_FOLDER/tag"; then
        expect_fail "the tampering changed nothing: $change"
    fi
    expect 70 "$text" env DAYBOOK_DATABASE="$there" "$DAYBOOK" verify "$@"
    expect_said 'the ledger is not whole'
}
# Rows are put back before the next one …
tampered() {
    tampered_in payday "$@"
}
# … what guards them is changed in a copy.
unguarded() {
    cluster_psql -c "CREATE DATABASE copy_$TAMPER_COUNT TEMPLATE payday"
    tampered_in "copy_$TAMPER_COUNT" "$@"
}
