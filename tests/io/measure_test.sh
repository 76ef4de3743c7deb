# measure: what bench/ measures with: options, targets, JSON; the windows of an allowance.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
. "$BUILD_SOURCE/tests/support/expect.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# ---- any window ----

windows() { # RATE BURST, instants in ms
    local rate=$1 burst=$2
    shift 2
    printf '%s000000\n' "$@" | "$BUILD_SOURCE/bench/throttle_windows" "$rate" "$burst" 0
}
expect 0 '3 1.0000 0 100.0' windows 10 1 1000 1100 1200 1300
expect 0 '3 1.0345 1 100.0' windows 10 1 1000 1100 1190 1290
expect 0 '3 1.0345 0 100.0' windows 10 2 1000 1100 1190 1290
# Two at once: more than one may be.
expect 0 '4 0.8000 1 300.0' windows 10 1 1000 1100 1400 1400 1500
expect 0 '4 0.8000 0 300.0' windows 10 2 1000 1100 1400 1400 1500
# Four in a window of no width, in the middle.
expect 0 '6 0.6000 1 600.0' windows 10 3 1000 1600 1600 1600 1600 1700 2000
expect 1 '' windows 10 1 1000
expect 1 '' windows 10 1 1000 dropped

# ---- a program of bench/ with nothing to measure ----

cat >"$folder/planted" <<EOF
#!/usr/bin/env bash
# planted: what its help says.
set -euo pipefail
BUILD_SOURCE=$BUILD_SOURCE
. "$BUILD_SOURCE/ops/lib/measure.sh"
declare -A OPTIONS=([size]=5 [long]=off)
measure_options "\$@"
measure_setting size "\${OPTIONS[size]}, long \${OPTIONS[long]}, a \"quote\""
measure_table name cost_us
measure_row one 1.5
measure_row none -
measure_target least '>=' 0.9 0.95
measure_target most '<=' 10 "\${OPTIONS[size]}"
measure_target nothing '<=' 1 none
measure_end
EOF
planted() {
    bash "$folder/planted" "$@"
}
expect 0 'target least >=0.9 0.95 reached' planted
expect_said 'target most <=10 5 reached'
expect_said 'target nothing <=1 none missed'
expect_said 'size        5, long off'
expect 0 'target most <=10 11 missed' planted --size 11 --long --json "$folder/json"
expect_said '11, long on'
expect 99 'target nothing' planted --strict
expect 0 'what its help says' planted --help
expect 64 '--other: no such option' planted --other 1
expect 64 'wants a value' planted --size
expect 64 'wants a value' planted --size many
told() {
    python3 -c 'import json, sys
told = json.load(open(sys.argv[1]))
assert told["settings"]["size"] == "11, long on, a \"quote\"", told
print(*[word for t in told["targets"] for word in (t["name"], t["reached"])],
      told["rows"][0]["cost_us"], told["rows"][1]["cost_us"])' "$folder/json"
}
expect 0 'least True most False nothing False 1.5 -' told
expect_done
