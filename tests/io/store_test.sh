# store and claim on a real Postgres: chunks, pages, takeover, privileges, views.
set -eu
. "$DAYBOOK_SOURCE/ops/lib/cluster.sh"
trap cluster_stop EXIT
cluster_start

for file in "$DAYBOOK_SOURCE"/sql/migrations/*.sql; do
    name=$(basename "$file" .sql)
    version=$(echo "$name" | sed 's/_.*//; s/^0*//')
    sum=$(sha256sum "$file" | cut -d ' ' -f 1)
    cluster_psql -1 -f "$file" -c "INSERT INTO daybook.schema_version (version, name, sha256)
        VALUES ($version, '$name', '\\x$sum')"
done

"$DAYBOOK_BUILD/tests/io_store_driver" "$CLUSTER_CONNINFO" \
    "$DAYBOOK_SOURCE/ops/banks/rest-idempotency-key.yaml" "$@"
