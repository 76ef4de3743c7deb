# Sourced: a private Postgres cluster for tests, the demo and benchmarks. Unix socket only.
#
#   cluster_start [NAME=VALUE …]   makes one, starts it; sets CLUSTER_DIR, CLUSTER_CONNINFO
#   cluster_stop                   ends it by its own pid file and removes its folder
#   cluster_psql ARGS…             psql there, without any start-up file
#   cluster_as COMMAND…            runs as the user who may run Postgres
#
# Postgres refuses root; then user postgres runs it, in a folder that this user can enter. Commits
# are durable (fsync stays on): the engine refuses a server that does not keep what it promised.

cluster_as() {
    if [ "$(id -u)" -eq 0 ]; then
        # A login's PG* variables do not follow; neither does a folder postgres cannot enter.
        (cd / && exec runuser -u postgres -- env -u PGHOST -u PGPORT -u PGSERVICE "$@")
    else
        "$@"
    fi
}

# The folder of the newest Postgres there is.
cluster_bin() {
    local newest
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$newest" ] && [ -x "$newest/initdb" ]; then
        echo "$newest"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    else
        echo "cluster: no Postgres server programs found" >&2
        echo "HINT: apt-get install postgresql" >&2
        return 1
    fi
}

cluster_start() {
    local bin setting base
    bin=$(cluster_bin) || return 1
    # A socket's path has room for 107 bytes, and user postgres must be able to enter.
    base=${TMPDIR:-/tmp}
    if [ "${#base}" -gt 60 ] || ! cluster_as test -x "$base" -a -w "$base"; then
        base=/tmp
    fi
    CLUSTER_DIR=$(cluster_as mktemp -d "$base/daybook-pg.XXXXXX") || return 1
    cluster_as "$bin/initdb" -D "$CLUSTER_DIR/data" -U postgres -A trust -E UTF8 --locale=C \
        --no-instructions >"$CLUSTER_DIR/initdb.log" 2>&1 || {
        cat "$CLUSTER_DIR/initdb.log" >&2
        return 1
    }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$CLUSTER_DIR'"
        echo "max_connections = 50"
        echo "shared_buffers = '256MB'"
        echo "max_wal_size = '4GB'"
        echo "wal_compression = off"
        echo "log_destination = stderr"
        echo "logging_collector = off"
        for setting in "$@"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } | cluster_as tee -a "$CLUSTER_DIR/data/postgresql.conf" >/dev/null
    cluster_as "$bin/pg_ctl" -D "$CLUSTER_DIR/data" -l "$CLUSTER_DIR/server.log" -w -t 60 -s start || {
        tail -n 20 "$CLUSTER_DIR/server.log" >&2
        return 1
    }
    CLUSTER_CONNINFO="host=$CLUSTER_DIR port=5432 user=postgres dbname=postgres"
}

cluster_stop() {
    [ -n "${CLUSTER_DIR:-}" ] || return 0
    if [ -f "$CLUSTER_DIR/data/postmaster.pid" ]; then
        cluster_as "$(cluster_bin)/pg_ctl" -D "$CLUSTER_DIR/data" -m "${1:-fast}" -w -s stop || true
    fi
    rm -rf "$CLUSTER_DIR"
    CLUSTER_DIR=
}

cluster_psql() {
    psql -X -q -v ON_ERROR_STOP=1 -d "$CLUSTER_CONNINFO" "$@"
}
