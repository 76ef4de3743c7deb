# simulate: one seed is one payday; a failure says so by exit code, and its last line replays it.
set -euo pipefail
SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-simulate.XXXXXX")
trap 'rm -rf "$folder"' EXIT
profile=$SOURCE/ops/banks/rest-idempotency-key.yaml

fail() {
    echo "$1"
    exit 1
}

simulate() { # simulate EXIT_CODE OPTIONS…: to $folder/out
    local wanted=$1 code=0
    shift
    "$DAYBOOK" simulate "$@" --profile "$profile" >"$folder/out" 2>"$folder/err" || code=$?
    [ "$code" = "$wanted" ] || {
        cat "$folder/out" "$folder/err"
        fail "simulate $*: exit $code, wanted $wanted"
    }
}

# The same seed twice is the same payday, settings first; another one is another.
simulate 0 --seed 7 --accounts 60
head -n 1 "$folder/out" | grep -q '^settings of seed 7:' ||
    fail "the settings are not the first line"
grep -q '^good, and twice the same$' "$folder/out" || fail "seed 7 does not say that it is good"
cp "$folder/out" "$folder/first"
simulate 0 --seed 7 --accounts 60
cmp "$folder/first" "$folder/out" || fail "seed 7 differs from itself"
simulate 0 --seed 8 --accounts 60
! cmp -s "$folder/first" "$folder/out" || fail "seed 8 is seed 7"
simulate 0 --seed 7 --accounts 60 --crash-at 100
grep -q 'crashes 1,' "$folder/out" || fail "--crash-at does not crash"
simulate 0 --seed 7 --accounts 60 --crashes 0
grep -q 'crashes 0,' "$folder/out" || fail "--crashes 0 crashes"

# Its trace is the same every time, ends whole, and has what the result says.
simulate 0 --seed 7 --accounts 60 --trace "$folder/one.trace"
cmp "$folder/first" "$folder/out" || fail "a trace changes the payday"
simulate 0 --seed 7 --accounts 60 --trace "$folder/two.trace"
cmp "$folder/one.trace" "$folder/two.trace" || fail "one seed has two traces"
"$DAYBOOK" trace "$folder/one.trace" --summary >"$folder/summary" 2>"$folder/err"
[ ! -s "$folder/err" ] || fail "the trace is not whole: $(cat "$folder/err")"
grep -q '^simulation of daybook .*, seed 7$' "$folder/summary" || fail "whose trace is it?"
for pair in balances:poll transfers:transfer inquiries:inquiry; do
    said=$(sed -n "s/^calls:.* \([0-9]*\) ${pair%%:*}.*/\1/p" "$folder/out")
    grep -qE "^  ${pair##*:} +$said( |\$)" "$folder/summary" ||
        fail "$said ${pair%%:*}, and the trace has $(grep " ${pair##*:} " "$folder/summary")"
done
"$DAYBOOK" trace "$folder/one.trace" --settlement 5 | grep -q ' crash ' || fail "where are the crashes?"
simulate 64 --seed 7 --trace "$folder/none/trace"
grep -q 'hint:' "$folder/err" || fail "no hint where a trace can be written"

# Options that say two things.
for apart in "--seeds 1..3 --seed 2" "--seeds 1..3 --trace $folder/three.trace" \
    "--crash-at 5 --crashes 2"; do
    # shellcheck disable=SC2086
    simulate 64 $apart
    grep -q 'exclude each other' "$folder/err" || fail "no word about $apart"
done
[ ! -e "$folder/three.trace" ] || fail "a trace was begun"

# The profile is found beside an installed program and around a build folder, one or two deep.
for place in root/bin:root/share/daybook/banks flat/build:flat/ops/banks \
    deep/build/release:deep/ops/banks; do
    mkdir -p "$folder/${place%%:*}" "$folder/${place##*:}"
    cp "$DAYBOOK" "$folder/${place%%:*}/daybook"
    cp "$profile" "$folder/${place##*:}/"
    "$folder/${place%%:*}/daybook" simulate --seed 7 --accounts 20 >/dev/null 2>"$folder/err" ||
        fail "the profile is not found in $place: $(cat "$folder/err")"
done

# A bank profile that takes "complete" for a no when asked: the auditor must notice, and the last
# line must find it again.
row='status: 200, state: complete, outcome'
sed "s/{call: \[transfer, inquiry\], $row: accepted}/{call: transfer, $row: accepted}\n\
  - {call: inquiry, $row: rejected_later}\n\
  - {call: inquiry, status: 200, state: done, outcome: accepted}/" "$profile" >"$folder/wrong.yaml"
! cmp -s "$profile" "$folder/wrong.yaml" || fail "the profile has no row for complete any more"
profile=$folder/wrong.yaml
seed=
for drawn in $(seq 1 40); do # not every payday has an inquiry
    code=0
    "$DAYBOOK" simulate --seed "$drawn" --accounts 60 --profile "$profile" >/dev/null || code=$?
    [ "$code" = 0 ] || { seed=$drawn && break; }
done
[ -n "$seed" ] || fail "no seed notices the wrong profile"
simulate 20 --seed "$seed" --accounts 60
grep -q '^WRONG: ' "$folder/out" || fail "no word of what is wrong"
replay=$(tail -n 1 "$folder/out")
case $replay in "daybook simulate --seed $seed "*) ;; *) fail "the last line is '$replay'" ;; esac
code=0
# shellcheck disable=SC2086
"$DAYBOOK" ${replay#daybook } >"$folder/again" || code=$?
[ "$code" = 20 ] || fail "the replay ended with $code"
cmp "$folder/out" "$folder/again" || fail "the replay is another failure"
simulate 20 --seed "$seed" --accounts 60 --trace "$folder/wrong.trace"
"$DAYBOOK" trace "$folder/wrong.trace" | tail -n 3 | grep -q ' wrong value=' ||
    fail "the trace of a failure does not end with it"

profile=$folder/none.yaml
simulate 78 --seed 7
