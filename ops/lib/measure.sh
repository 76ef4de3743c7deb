# measure.sh: what the programs in bench/ share: options, figures from /proc, tables, targets, JSON.
# Sourced by bash, after build.sh, cluster.sh and payday.sh.
#
#   measure_options ARGS…    reads --NAME VALUE for every NAME of the array OPTIONS, which has the
#                            defaults (a default of `off` is a flag), and --json FILE, --strict, --help
#   measure_begin [TARGET…]  builds, makes PAYDAY_FOLDER, removes all at the end; prints the machine
#   measure_setting NAME TEXT           one line of the configuration
#   measure_table NAME…                 the table's head; a name ends with its unit
#   measure_row VALUE…                  one line of it
#   measure_target NAME RELATION WANTED MEASURED   RELATION: >= or <=; told at the end
#   measure_end              the targets, a line each; the JSON file; 99 with --strict where one is missed
#
#   measure_now_us           the clock, as the mock bank's log has it
#   measure_cpu_ms PID…      user and system time so far, with that of the children waited for
#   measure_postgres_pids    the server of cluster.sh and its children
#   measure_peak_kb PID      VmHWM
#   measure_run COMMAND…     runs it to its end; sets MEASURE_US, MEASURE_USER_MS, MEASURE_SYSTEM_MS,
#                            MEASURE_PEAK_KB and MEASURE_CODE
#   measure_median VALUE…    of numbers
#   measure_ratio A B [DIGITS]  A / B
#   measure_fresh NAME       a fresh database in the cluster, with its schema, for the next commands
#   measure_engine ARGS…     starts `daybook run ARGS…`; sets MEASURE_ENGINE, its pid
#   measure_engine_stop      asks it to stop and waits; sets MEASURE_CODE
#   measure_window SECONDS PID…         looks at processes for so long; sets MEASURE_FROM_US and
#                            MEASURE_TO_US, its ends, and the array MEASURE_CPU_MS, of each
#   measure_calls LOG        the bank's calls in that window
#   measure_until SECONDS COMMAND…      until it succeeds; 1: not within so long, or the engine ended
#
# Before that: BUILD_SOURCE, the top of the clone. Sets DAYBOOK.

MEASURE_ENGINE=
MEASURE_TICKS=$(getconf CLK_TCK)
MEASURE_SETTINGS=() # JSON members
MEASURE_ROWS=()     # JSON objects
MEASURE_TARGETS=()  # lines
MEASURE_COLUMNS=()

# ---- figures ----

measure_now_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}

measure_cpu_ms() {
    local pid line sum=0 field
    for pid in "$@"; do
        { read -r line <"/proc/$pid/stat"; } 2>/dev/null || continue
        # After the name, which may hold spaces, field 12 on: utime stime cutime cstime.
        read -r -a field <<<"${line##*) }"
        sum=$((sum + field[11] + field[12] + field[13] + field[14]))
    done
    echo $((sum * 1000 / MEASURE_TICKS))
}

measure_postgres_pids() {
    echo "$CLUSTER_PID" $(cat "/proc/$CLUSTER_PID/task/$CLUSTER_PID/children")
}

measure_peak_kb() {
    local name value
    while read -r name value _; do
        [ "$name" != VmHWM: ] || echo "$value"
    done <"/proc/$1/status"
}

measure_run() {
    local begin end folder
    folder=$(mktemp -d "$PAYDAY_FOLDER/run.XXXXXX")
    begin=$(measure_now_us)
    # In a subshell: its `times` tell of the command alone. Only builtins while it runs.
    (
        peak=0 code=0
        "$@" </dev/null >&2 &
        command=$!
        exec 9<> <(:)
        while read -r line <"/proc/$command/stat" && [[ ${line##*) } != Z* ]]; do
            while read -r name value _; do
                [ "$name" != VmHWM: ] || peak=$value
            done <"/proc/$command/status"
            read -r -t 0.1 -u 9 || true
        done 2>/dev/null
        wait "$command" || code=$?
        echo "$peak $code" >"$folder/end"
        times >"$folder/times" # not in a pipe: that would be another process
    )
    end=$(measure_now_us)
    MEASURE_US=$((end - begin))
    read -r MEASURE_PEAK_KB MEASURE_CODE <"$folder/end"
    read -r MEASURE_USER_MS MEASURE_SYSTEM_MS < <(awk -F '[ms ]+' 'NR == 2 {
        printf "%d %d\n", ($1 * 60 + $2) * 1000, ($3 * 60 + $4) * 1000 }' "$folder/times")
    rm -rf "$folder"
}

measure_median() {
    printf '%s\n' "$@" | sort -g | awk '{ value[NR] = $1 } END {
        print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}

measure_ratio() {
    awk -v a="$1" -v b="$2" -v digits="${3:-3}" 'BEGIN {
        if (b == 0) print "none"; else printf "%.*f\n", digits, a / b }'
}

# ---- a run that is looked at while it goes ----

measure_fresh() {
    cluster_psql -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS $1" \
        -c "CREATE DATABASE $1"
    export DAYBOOK_DATABASE="${CLUSTER_CONNINFO/dbname=postgres/dbname=$1}"
    "$DAYBOOK" schema apply >/dev/null
}

measure_engine() {
    "$DAYBOOK" run "$@" </dev/null >"$PAYDAY_FOLDER/run.out" 2>"$PAYDAY_FOLDER/run.err" &
    MEASURE_ENGINE=$!
}

measure_engine_stop() {
    [ -n "$MEASURE_ENGINE" ] || return 0
    MEASURE_CODE=0
    kill -TERM "$MEASURE_ENGINE" 2>/dev/null || true
    wait "$MEASURE_ENGINE" 2>/dev/null || MEASURE_CODE=$?
    MEASURE_ENGINE=
}

measure_until() {
    local until=$(($(measure_now_us) + $1 * 1000000))
    shift
    until "$@"; do
        [ "$(measure_now_us)" -lt "$until" ] && kill -0 "${MEASURE_ENGINE:-$$}" 2>/dev/null || {
            echo "${0##*/}: waited in vain for: $*" >&2
            [ -z "$MEASURE_ENGINE" ] || cat "$PAYDAY_FOLDER/run.err" >&2
            return 1
        }
        sleep 0.05
    done
}

measure_window() {
    local seconds=$1 pid before=() i
    shift
    MEASURE_FROM_US=$(measure_now_us)
    for pid in "$@"; do
        before+=("$(measure_cpu_ms "$pid")")
    done
    sleep "$seconds"
    MEASURE_TO_US=$(measure_now_us)
    MEASURE_CPU_MS=()
    for pid in "$@"; do
        i=${#MEASURE_CPU_MS[@]}
        MEASURE_CPU_MS+=($(($(measure_cpu_ms "$pid") - before[i])))
        kill -0 "$pid" 2>/dev/null || {
            echo "${0##*/}: process $pid ended while it was measured" >&2
            return 1
        }
    done
}

measure_calls() {
    awk -F '\t' -v from="$MEASURE_FROM_US" -v to="$MEASURE_TO_US" '
        $1 == "call" && $2 >= from && $2 < to { n++ } END { print n + 0 }' "$1"
}

# ---- begin ----

measure_help() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
}

measure_options() {
    local name
    OPTIONS[json]=
    OPTIONS[strict]=off
    while [ $# -gt 0 ]; do
        name=${1#--}
        if [ "$1" = --help ]; then
            measure_help
            exit 0
        elif [[ $1 != --* ]] || [ -z "${OPTIONS[$name]+there}" ]; then
            echo "${0##*/}: $1: no such option" >&2
            measure_help >&2
            exit 64
        elif [[ ${OPTIONS[$name]} =~ ^(off|on)$ ]]; then
            OPTIONS[$name]=on
            shift
        else
            if [ $# -lt 2 ] || { [[ ${OPTIONS[$name]} =~ ^[0-9]+$ ]] && [[ ! $2 =~ ^[0-9]+$ ]]; }; then
                echo "${0##*/}: $1 wants a value such as ${OPTIONS[$name]:-results.json}" >&2
                exit 64
            fi
            OPTIONS[$name]=$2
            shift 2
        fi
    done
}

measure_finish() {
    [ -z "$MEASURE_ENGINE" ] || kill -KILL "$MEASURE_ENGINE" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}

measure_begin() {
    unset "${!DAYBOOK_@}"
    DAYBOOK=$BUILD_SOURCE/build/release/daybook
    BUILD_TARGETS=(daybook "$@")
    build "$BUILD_SOURCE/build/release" -DCMAKE_BUILD_TYPE=Release -DDAYBOOK_TESTS=OFF \
        -DDAYBOOK_WERROR=OFF
    PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-bench.XXXXXX")
    trap measure_finish EXIT
    trap 'exit 130' INT TERM
    measure_machine
}

measure_machine() {
    measure_setting machine "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), \
$(nproc) cores, $(awk '/MemTotal/ { printf "%d GB", $2 / 1e6 }' /proc/meminfo), kernel $(uname -r)"
    measure_setting versions "$("$DAYBOOK" --version), $(cc --version | head -n 1), \
$("$(cluster_bin)/postgres" --version)"
}

# ---- what is said ----

measure_text() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# A number as it is, anything else as text.
measure_value() {
    if [[ $1 =~ ^-?(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then
        printf '%s' "$1"
    else
        measure_text "$1"
    fi
}

measure_setting() {
    printf '%-11s %s\n' "$1" "$2"
    MEASURE_SETTINGS+=("$(measure_text "$1"): $(measure_text "$2")")
}

measure_line() {
    local i
    for i in "${!MEASURE_COLUMNS[@]}"; do
        printf '%*s  ' "$((${#MEASURE_COLUMNS[i]} > 8 ? ${#MEASURE_COLUMNS[i]} : 8))" "$1"
        shift
    done
    echo
}

measure_table() {
    MEASURE_COLUMNS=("$@")
    echo
    measure_line "$@"
}

measure_row() {
    local i row=
    measure_line "$@"
    for i in "${!MEASURE_COLUMNS[@]}"; do
        row+="${row:+, }$(measure_text "${MEASURE_COLUMNS[i]}"): $(measure_value "$1")"
        shift
    done
    MEASURE_ROWS+=("{$row}")
}

measure_target() {
    local verdict=missed
    if [[ $4 =~ ^-?[0-9.]+$ ]] &&
        awk -v a="$4" -v b="$3" -v relation="$2" 'BEGIN { exit !(relation == ">=" ? a >= b : a <= b) }'; then
        verdict=reached
    fi
    MEASURE_TARGETS+=("$1 $2 $3 $4 $verdict")
}

# The JSON members of one list, a line each.
measure_list() {
    local first=1 item
    for item in "$@"; do
        [ "$first" = 1 ] || printf ',\n'
        first=0
        printf '    %s' "$item"
    done
    [ "$first" = 1 ] || echo
}

measure_json() {
    local line name relation wanted measured verdict targets=()
    for line in "${MEASURE_TARGETS[@]}"; do
        read -r name relation wanted measured verdict <<<"$line"
        targets+=("{\"name\": $(measure_text "$name"), \"relation\": \"$relation\", \
\"wanted\": $(measure_value "$wanted"), \"measured\": $(measure_value "$measured"), \
\"reached\": $([ "$verdict" = reached ] && echo true || echo false)}")
    done
    echo "{"
    echo "  \"schema_version\": 1,"
    echo "  \"program\": $(measure_text "bench/${0##*/}"),"
    echo "  \"settings\": {"
    measure_list "${MEASURE_SETTINGS[@]}"
    echo "  },"
    echo "  \"rows\": ["
    measure_list "${MEASURE_ROWS[@]}"
    echo "  ],"
    echo "  \"targets\": ["
    measure_list "${targets[@]}"
    echo "  ]"
    echo "}"
}

measure_end() {
    local line name relation wanted measured verdict code=0
    echo
    for line in "${MEASURE_TARGETS[@]}"; do
        read -r name relation wanted measured verdict <<<"$line"
        echo "target $name $relation$wanted $measured $verdict"
        [ "$verdict" = reached ] || [ "${OPTIONS[strict]}" = off ] || code=99
    done
    [ -z "${OPTIONS[json]}" ] || measure_json >"${OPTIONS[json]}"
    return "$code"
}
