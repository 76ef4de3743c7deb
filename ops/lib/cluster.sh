# Sourced: a private Postgres cluster for tests, the demo and benchmarks. Unix socket only.
#
#   cluster_start [NAME=VALUE …]   makes one, starts it; sets CLUSTER_DIR, CLUSTER_CONNINFO and
#                                  CLUSTER_PID, the server, a child of the calling shell
#   cluster_stop [fast|immediate]  ends it by its pid and removes its folder
#   cluster_restart                ends it at once, as a power cut would, and starts it again
#   cluster_psql ARGS…             psql there, without any start-up file
#   cluster_as COMMAND…            runs as the user who may run Postgres
#   cluster_seed FOLDER            makes there what initdb makes, anew
#
# CLUSTER_SEED, where the environment has it, is such a folder: cluster_start copies it, which takes
# a quarter of initdb's time.
#
# Postgres refuses root; then user postgres runs it, in a folder that this user (and root) alone
# can enter, so that `trust` trusts nobody else. Commits are durable (fsync stays on): the engine
# refuses a server that does not keep what it promised.
#
# Call cluster_stop from a trap on EXIT. Where even that cannot run (kill -9), the server ends with
# the shell that called cluster_start: call it in the main shell, not in $( ), without `set -m`.

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

cluster_folder() {
    local base=${TMPDIR:-/tmp}
    # A socket's path has room for 107 bytes, and user postgres must be able to enter.
    if [ "${#base}" -gt 60 ] || ! cluster_as test -x "$base" -a -w "$base"; then
        base=/tmp
    fi
    CLUSTER_DIR=$(cluster_as mktemp -d "$base/daybook-pg.XXXXXX")
}

cluster_init() {
    cluster_as "$1/initdb" -D "$CLUSTER_DIR/data" -U postgres -A trust -E UTF8 --locale=C \
        --no-sync --no-instructions >"$CLUSTER_DIR/initdb.log" 2>&1 || {
        cat "$CLUSTER_DIR/initdb.log" >&2
        return 1
    }
}

cluster_seed() {
    local bin code=0
    bin=$(cluster_bin) && cluster_folder || return 1
    rm -rf "$1"
    # Whoever may run Postgres may not be able to write there.
    cluster_init "$bin" && cp -a "$CLUSTER_DIR/data" "$1" || code=1
    cluster_stop
    return "$code"
}

cluster_start() {
    local bin setting
    bin=$(cluster_bin) || return 1
    # Debian's psql finds the version first, which costs more than what most tests ask.
    PATH=$bin:$PATH
    cluster_folder || return 1
    if [ -n "${CLUSTER_SEED:-}" ]; then
        cp -a "$CLUSTER_SEED" "$CLUSTER_DIR/data"
    else
        cluster_init "$bin"
    fi || {
        cluster_stop
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
    CLUSTER_CONNINFO="host=$CLUSTER_DIR port=5432 user=postgres dbname=postgres"
    cluster_boot "$bin"
}

# What the server gives back to the kernel after each COPY it would ask for again for the next.
CLUSTER_MALLOC=(MALLOC_TOP_PAD_=67108864 MALLOC_TRIM_THRESHOLD_=268435456
    MALLOC_MMAP_THRESHOLD_=268435456)

# The server as a child of this shell, in a session of its own (so that Ctrl-C ends the program that
# uses it first), told by the kernel when this shell dies.
cluster_boot() {
    local bin=$1 try as=(setsid setpriv --pdeathsig INT)
    if [ "$(id -u)" -eq 0 ]; then
        as+=(--reuid=postgres --regid=postgres --init-groups)
    fi
    (
        cd "$CLUSTER_DIR" && export "${CLUSTER_MALLOC[@]}" && exec "${as[@]}" -- "$bin/postgres" -D "$CLUSTER_DIR/data" \
            </dev/null >>"$CLUSTER_DIR/server.log" 2>&1
    ) &
    CLUSTER_PID=$!
    for try in $(seq 1 1200); do
        ! cluster_is_ready || return 0
        kill -0 "$CLUSTER_PID" 2>/dev/null || break
        sleep 0.05
    done
    echo "cluster: Postgres did not start:" >&2
    tail -n 20 "$CLUSTER_DIR/server.log" >&2
    cluster_stop
    return 1
}

# The server writes its pid and its state there; that of one that was killed before may still lie there.
cluster_is_ready() {
    local told
    told=$(cat "$CLUSTER_DIR/data/postmaster.pid" 2>/dev/null) || return 1
    [[ $told == "$CLUSTER_PID"$'\n'* && $told == *$'\n'ready* ]]
}

# Ask by the signal; where it is not heeded for 15 s, by harder ones.
cluster_halt() {
    local signal try
    [ -n "${CLUSTER_PID:-}" ] || return 0
    for signal in "$1" QUIT KILL; do
        kill -s "$signal" "$CLUSTER_PID" 2>/dev/null || break
        for try in $(seq 1 300); do
            kill -0 "$CLUSTER_PID" 2>/dev/null || break 2
            sleep 0.05
        done
    done
    wait "$CLUSTER_PID" 2>/dev/null || true
    CLUSTER_PID=
}

cluster_stop() {
    case ${1:-fast} in
    fast) cluster_halt INT ;;
    immediate) cluster_halt QUIT ;;
    esac
    [ -z "${CLUSTER_DIR:-}" ] || rm -rf "$CLUSTER_DIR"
    CLUSTER_DIR=
}

cluster_restart() {
    cluster_halt QUIT
    cluster_boot "$(cluster_bin)"
}

cluster_psql() {
    psql -X -q -v ON_ERROR_STOP=1 -d "$CLUSTER_CONNINFO" "$@"
}
