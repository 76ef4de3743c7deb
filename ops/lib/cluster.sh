# cluster.sh: a private Postgres cluster for the demo, tests and benchmarks. Sourced by bash.
#
#   cluster_start [SETTING=VALUE…]  makes and starts one; sets
#       CLUSTER_DIR       its folder: data/, the socket, postgres.log
#       CLUSTER_PID       the postmaster, a child of the calling shell
#       DAYBOOK_DATABASE  exported: libpq words for its database `daybook`, as superuser `postgres`
#   cluster_stop          stops it by its pid and removes the folder; nothing when none runs
#   cluster_kill          ends it without a word (SIGQUIT), keeps the folder
#   cluster_restart       starts it again on the same folder
#   cluster_sql SQL…      psql on it: unaligned, tuples only, stops at the first error
#
# It listens on a Unix socket only, in a folder that only its user (and root) can enter, so `trust`
# trusts nobody else. Root runs it as user `postgres`. It also ends when the calling shell dies,
# by kill -9 too: call cluster_start in the main shell, never in $( ). fsync stays on: the engine
# refuses to pay on a database that may forget. Call cluster_stop from a trap on EXIT.
#
# One cluster a shell, without job control (no `set -m`). Needs: postgresql (14 or newer), util-linux (setpriv, setsid).

CLUSTER_DIR=
CLUSTER_PID=
CLUSTER_SETTINGS=()

cluster_bin() {
    local dir
    for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -rn) \
        "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
            echo "$dir"
            return 0
        fi
    done
    echo "cluster: no Postgres server programs found. HINT: install the package postgresql" >&2
    return 1
}

# What stands before a command so that it runs as the cluster's user and dies with this shell.
cluster_as() {
    if [ "$(id -u)" = 0 ]; then
        setsid setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig INT -- "$@"
    else
        setsid setpriv --pdeathsig INT -- "$@"
    fi
}

# A new folder that the cluster's user can enter and whose socket path is not too long.
cluster_folder() {
    local base
    for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        [ -d "$base" ] && [ "${#base}" -lt 70 ] || continue
        CLUSTER_DIR=$(mktemp -d "$base/daybook-pg.XXXXXX" 2>/dev/null) || continue
        if [ "$(id -u)" != 0 ]; then
            return 0
        fi
        chown postgres:postgres "$CLUSTER_DIR"
        if cluster_as test -w "$CLUSTER_DIR" 2>/dev/null; then
            return 0
        fi
        rm -rf "$CLUSTER_DIR"
    done
    CLUSTER_DIR=
    echo "cluster: no folder for temporary files that the user postgres can enter" >&2
    return 1
}

cluster_boot() {
    local bin args=() setting
    bin=$(cluster_bin) || return 1
    for setting in "${CLUSTER_SETTINGS[@]}"; do
        args+=(-c "$setting")
    done
    # Background by hand, not through cluster_as: $! must be the postmaster itself.
    local as=(setsid setpriv --pdeathsig INT)
    [ "$(id -u)" != 0 ] || as+=(--reuid=postgres --regid=postgres --init-groups)
    (
        cd "$CLUSTER_DIR" &&
            exec "${as[@]}" -- "$bin/postgres" -D "$CLUSTER_DIR/data" -k "$CLUSTER_DIR" \
                -c listen_addresses= "${args[@]}" </dev/null >>"$CLUSTER_DIR/postgres.log" 2>&1
    ) &
    CLUSTER_PID=$!
    local try
    for try in $(seq 1 600); do
        if "$bin/pg_isready" -q -h "$CLUSTER_DIR" -U postgres -d postgres; then
            return 0
        fi
        if ! kill -0 "$CLUSTER_PID" 2>/dev/null; then
            break
        fi
        sleep 0.05
    done
    echo "cluster: Postgres did not start; the end of its log:" >&2
    tail -n 15 "$CLUSTER_DIR/postgres.log" >&2
    return 1
}

cluster_start() {
    CLUSTER_SETTINGS=("$@")
    local bin
    bin=$(cluster_bin) && cluster_folder || return 1
    if ! (cd "$CLUSTER_DIR" && cluster_as "$bin/initdb" -D "$CLUSTER_DIR/data" -U postgres \
        -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions \
        </dev/null >"$CLUSTER_DIR/initdb.log" 2>&1); then
        echo "cluster: initdb failed:" >&2
        tail -n 15 "$CLUSTER_DIR/initdb.log" >&2
        cluster_stop
        return 1
    fi
    if ! cluster_boot; then
        cluster_stop
        return 1
    fi
    export DAYBOOK_DATABASE="host=$CLUSTER_DIR port=5432 user=postgres dbname=daybook"
    "$bin/psql" -X -q -h "$CLUSTER_DIR" -U postgres -d postgres -c 'CREATE DATABASE daybook' \
        </dev/null
}

cluster_restart() {
    cluster_halt QUIT
    cluster_boot
}

cluster_kill() {
    cluster_halt QUIT
}

# Ask by the given signal, for 10 s; then by SIGQUIT; at last by SIGKILL.
cluster_halt() {
    local signal try
    [ -n "$CLUSTER_PID" ] || return 0
    for signal in "$1" QUIT KILL; do
        kill -s "$signal" "$CLUSTER_PID" 2>/dev/null || break
        for try in $(seq 1 200); do
            kill -0 "$CLUSTER_PID" 2>/dev/null || break 2
            sleep 0.05
        done
    done
    wait "$CLUSTER_PID" 2>/dev/null || true
    CLUSTER_PID=
}

cluster_stop() {
    cluster_halt INT
    [ -z "$CLUSTER_DIR" ] || rm -rf "$CLUSTER_DIR"
    CLUSTER_DIR=
}

cluster_sql() {
    "$(cluster_bin)/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$*" </dev/null
}
