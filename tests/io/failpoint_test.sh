# failpoint: the engine dies, is cut off from Postgres, or is stopped and taken over at each of its
# failpoints, and again at the same one while it recovers. Afterwards everything must be whole
# (ops/lib/stage.sh has what that means). A failpoint that is never reached fails the test.
#
# A sixth of them, and for each one hit, one action and "once or again", are drawn from DAYBOOK_SEED
# (printed); with DAYBOOK_FULL=1 all of them: hit 1st, 2nd, middle, last x kill, cut, stop x once,
# again.
# DAYBOOK_ONLY=NAME:HIT:ACTION:TIMES repeats one of them.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook-failpoints
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"

seed=${DAYBOOK_SEED:-$(($(date +%s) % 30000 + 1))}
full=${DAYBOOK_FULL:-}
only=${DAYBOOK_ONLY:-}
unset "${!DAYBOOK_@}"
RANDOM=$seed
echo "seed $seed (DAYBOOK_SEED=$seed draws the same)"

STAGE_SEED=$seed
STAGE_ACCOUNTS=60
STAGE_RATE=1500
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
STAGE_FAULTS=()
STAGE_SEND_BEFORE=300ms
STAGE_LINGER=60ms
STAGE_PROCESSING=100ms
STAGE_HEARTBEAT=50ms

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-failpoint.XXXXXX")
first=
doing=
finish() {
    local code=$?
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    [ -z "$first" ] || kill -KILL "$first" 2>/dev/null || true
    payday_bank_stop
    cluster_stop immediate
    if [ "$code" = 0 ]; then
        rm -rf "$PAYDAY_FOLDER"
    else
        echo "failed at $doing (seed $seed; DAYBOOK_ONLY=$doing repeats it); the files are kept" \
            "in $PAYDAY_FOLDER; the engine's last words:"
        tail -n 20 "$PAYDAY_FOLDER/run.err" 2>/dev/null || true
    fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# Ends with one of these codes; sets code.
ends() {
    local may=$1
    shift
    code=0
    { "$@"; } >>"$PAYDAY_FOLDER/run.out" 2>>"$PAYDAY_FOLDER/run.err" || code=$?
    case " $may " in
    *" $code "*) ;;
    *) stage_fail "exit code $code instead of $may: $*" ;;
    esac
}

engine_ends() {
    local may=$1 pid=${2:-$STAGE_ENGINE}
    stage_gone "$pid" 30 || stage_fail "no end within 30 s"
    ends "$may" wait "$pid"
}

# An engine that is told to stop (TERM) once it has sent a transfer: then it listens to signals.
start_and_term() {
    local before
    before=$(stage_posts)
    "$@"
    until [ "$(stage_posts)" -gt "$before" ] || ! kill -0 "$STAGE_ENGINE" 2>/dev/null; do
        stage_nap 0.01
    done
    kill -TERM "$STAGE_ENGINE" 2>/dev/null || true
}

# ---- which there are, and how often an undisturbed payday reaches each ----

names=$(grep -oE '^ +X\([a-z_]+\)' "$BUILD_SOURCE/engine/base/failpoint.h" | tr -d ' X()')
declare -A hits

reach_all() {
    local log=$PAYDAY_FOLDER/reached name
    export FAILPOINT_LOG=$log
    cluster_psql -c "CREATE DATABASE stage"
    DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=stage} \
        ends 0 "$DAYBOOK" schema apply
    stage_begin reach
    stage_engine
    engine_ends 0
    while read -r name; do hits[$name]=$((${hits[$name]:-0} + 1)); done <"$log"
    stage_end
    stage_begin reach_stop
    start_and_term stage_engine
    engine_ends "4 5"
    while read -r name; do hits[$name]=$((${hits[$name]:-1})); done <"$log"
    unset FAILPOINT_LOG
    stage_run_to_end
    stage_check
    stage_end
    for name in $names; do
        [ -n "${hits[$name]:-}" ] || stage_fail "failpoint $name was never reached"
    done
}

# ---- one of them ----

order() {
    FAILPOINT=$1:$2:$3 stage_engine
}

is_stopped() {
    [[ "$(cat "/proc/$1/stat" 2>/dev/null)" =~ \)\ T\  ]]
}

# Stopped there; another takes over and goes to the end; then the first is continued.
stop_and_take_over() {
    first=$STAGE_ENGINE
    until is_stopped "$first" || ! kill -0 "$first" 2>/dev/null; do stage_nap 0.01; done
    stage_engine --take-over
    engine_ends 0
    kill -CONT "$first" 2>/dev/null || true
    engine_ends "0 11 75" "$first"
    first=
}

once() {
    local name=$1 hit=$2 action=$3
    case $name in
    stop_told | lane_drained) start_and_term order "$name" "$hit" "$action" ;;
    *) order "$name" "$hit" "$action" ;;
    esac
    case $action in
    # 0: the hit was not reached any more; the end was written already. 4, 5: told to stop.
    kill) engine_ends "137 0 4 5" ;;
    cut) engine_ends "0 4 5 69 75" ;;
    stop) stop_and_take_over ;;
    esac
}

run_one() {
    local name=$1 hit=$2 action=$3 times=$4
    stage_begin "point_$count"
    once "$name" "$hit" "$action"
    [ "$hit" -gt 2 ] || [ "$action" != kill ] || [ "$code" = 137 ] ||
        stage_fail "$name was not reached $hit times"
    [ "$times" = once ] || once "$name" 1 "$action"
    stage_run_to_end
    stage_check
    stage_end
}

# Commands that are one transaction: the same command again, and all is there once.
run_command() {
    local name=$1 hit=$2 action=$3 times=$4 database=point_$count
    local -x DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=$database}
    local command=(schema apply) again
    cluster_psql -c "CREATE DATABASE $database"
    case $name in
    import_*)
        ends 0 "$DAYBOOK" schema apply
        command=(import acme --date "$STAGE_DATE" "$PAYDAY_FOLDER/accounts.csv")
        ;;
    esac
    for again in once again; do
        [ $again = once ] || [ "$times" = again ] || continue
        FAILPOINT=$name:$hit:$action ends "137 0 69 75" "$DAYBOOK" "${command[@]}"
    done
    ends 0 "$DAYBOOK" "${command[@]}"
    case $name in
    schema_*)
        ends 0 "$DAYBOOK" import acme --date "$STAGE_DATE" "$PAYDAY_FOLDER/accounts.csv"
        ;;
    esac
    [ "$(psql -XAt -d "$DAYBOOK_DATABASE" -c "SELECT string_agg(accounts::text, ' ')
        FROM daybook.v_batch")" = "$STAGE_ACCOUNTS" ] || stage_fail "not one batch with its accounts"
    cluster_psql -c "DROP DATABASE $database"
}

sweep_one() {
    local name=$1 action=$3
    doing=$1:$2:$3:$4
    count=$((count + 1))
    case $name in
    schema_* | import_*)
        [ "$action" = stop ] || run_command "$@"
        ;;
    *) run_one "$@" ;;
    esac
}

# 1st, 2nd, middle, last: those that differ.
hits_of() {
    local all=${hits[$1]}
    printf '%s\n' 1 2 $(((all + 1) / 2)) "$all" | awk -v all="$all" '$1 <= all' | sort -nu
}

draw() {
    shift "$((RANDOM % $#))"
    drawn=$1
}

cluster_start
count=0 place=0 sixth=$((RANDOM % 6))
reach_all
echo "$(wc -w <<<"$names") failpoints, all reached; hits: $(for name in $names; do
    printf '%s %s, ' "$name" "${hits[$name]}"
done | sed 's/, $//')"
for name in $names; do
    mapfile -t some < <(hits_of "$name")
    actions=(kill kill cut stop)
    times=(once again)
    if [ -n "$only" ]; then
        [ "${only%%:*}" = "$name" ] || continue
        IFS=: read -r _ hit action time <<<"$only"
        some=("$hit") actions=("$action") times=("$time")
    elif [ -z "$full" ]; then
        [ $((place++ % 6)) = "$sixth" ] || continue
        draw "${some[@]}" && some=("$drawn")
        draw "${actions[@]}" && actions=("$drawn")
        draw "${times[@]}" && times=("$drawn")
    else
        actions=(kill cut stop)
    fi
    for hit in "${some[@]}"; do
        for action in "${actions[@]}"; do
            for time in "${times[@]}"; do
                sweep_one "$name" "$hit" "$action" "$time"
            done
        done
    done
done
echo "$count paydays, each disturbed at a failpoint: all whole"
