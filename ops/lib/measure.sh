# measure.sh: time, CPU and memory of programs, from /proc. Sourced by bash.
#
#   measure_now_us            prints the clock's microseconds
#   measure_cpu_ms PID…       prints user + system time of the processes, and of the children that
#                             they have waited for
#   measure_program FILE COMMAND…  runs it, its stdout on stderr, and writes to FILE one line: elapsed µs,
#                             CPU in ms, peak memory (VmHWM) in kB, exit code. Looks ten times a second.

MEASURE_TICKS=$(getconf CLK_TCK)

measure_now_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}

measure_cpu_ms() {
    local pid line sum=0 field
    for pid in "$@"; do
        read -r line <"/proc/$pid/stat" 2>/dev/null || continue
        # After the name, which may hold spaces, field 12 on: utime stime cutime cstime.
        read -r -a field <<<"${line##*) }"
        sum=$((sum + field[11] + field[12] + field[13] + field[14]))
    done
    echo $((sum * 1000 / MEASURE_TICKS))
}

# In a subshell: its `times` tell of the program alone, the one child that it has waited for by then.
measure_program() (
    file=$1 code=0
    shift
    begin=${EPOCHREALTIME/[.,]/}
    "$@" </dev/null >&2 &
    program=$!
    measure_peak "$program" >"$file.peak" &
    sampler=$!
    wait "$program" || code=$?
    end=${EPOCHREALTIME/[.,]/}
    times >"$file" # not in a pipe: that would be another process
    wait "$sampler"
    cpu=$(awk -F '[ms ]+' 'NR == 2 { print ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }' "$file")
    echo $((end - begin)) "$cpu" "$(cat "$file.peak")" "$code" >"$file"
)

# Prints the peak as last seen. Only builtins while the program runs.
measure_peak() {
    local line name value peak=0
    exec 9<> <(:)
    while read -r line <"/proc/$1/stat" && [[ ${line##*) } != Z* ]]; do
        while read -r name value _; do
            [ "$name" != VmHWM: ] || peak=$value
        done <"/proc/$1/status"
        read -r -t 0.1 -u 9 || true
    done 2>/dev/null
    echo "$peak"
}
