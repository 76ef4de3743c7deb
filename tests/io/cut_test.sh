# cut: a proxy between engine and Postgres cuts one session of a small payday after a given byte of
# either way (as an end, or as a reset), lets one fall silent, or keeps the last bytes of a dead
# engine's chunk and delivers them while the next engine takes over. The payday must end whole each
# time (ops/lib/stage.sh), the engine by an exit code that a lost database explains.
#
# Cut are: around a COMMIT's answer and inside COPY for sure, and DAYBOOK_CUTS other bytes (4),
# drawn from DAYBOOK_SEED (printed). DAYBOOK_FULL=1: every byte of the chunks' session, each 16th of
# the others (DAYBOOK_STRIDE). DAYBOOK_ONLY=SESSION:WAY:BYTE:HOW[:MORE] repeats one.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
proxy=$DAYBOOK_BUILD/tests/io_cut_driver
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"

seed=${DAYBOOK_SEED:-$(($(date +%s) % 30000 + 1))}
full=${DAYBOOK_FULL:-}
stride=${DAYBOOK_STRIDE:-16}
cuts=${DAYBOOK_CUTS:-4}
only=${DAYBOOK_ONLY:-}
unset "${!DAYBOOK_@}"
RANDOM=$seed
echo "seed $seed (DAYBOOK_SEED=$seed draws the same)"

accounts=4  # in a payday
paydays=200 # with one bank and database; then everything is compared
control=2   # sessions, in the order of their opening
chunks=3
unbeaten=(--set claim.heartbeat=9min --set claim.stale_after=10min --set run.alive=10min
    --set claim.answer_within=2s)
STAGE_SEED=$seed
STAGE_ACCOUNTS=$((accounts * paydays))
STAGE_RATE=5000
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
STAGE_FAULTS=()
STAGE_SEND_BEFORE=300ms
STAGE_LINGER=60ms
STAGE_PROCESSING=100ms
STAGE_HEARTBEAT=50ms

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-cut.XXXXXX")
proxy_pid=
doing=
finish() {
    local code=$?
    [ -z "$STAGE_ENGINE" ] || kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    proxy_stop
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

proxy_start() {
    rm -f "$PAYDAY_FOLDER/proxy.log"
    "$proxy" "$PAYDAY_FOLDER/proxy" "$CLUSTER_DIR" "$PAYDAY_FOLDER/proxy.log" "$@" &
    proxy_pid=$!
    until grep -qs '^listening' "$PAYDAY_FOLDER/proxy.log"; do
        kill -0 "$proxy_pid" 2>/dev/null || stage_fail "the proxy did not start"
        stage_nap 0.002
    done
}

proxy_stop() {
    [ -n "$proxy_pid" ] || return 0
    kill -KILL "$proxy_pid" 2>/dev/null || true
    wait "$proxy_pid" 2>/dev/null || true
    proxy_pid=
}

# A payday of its own: the next few accounts.
import_next() {
    payday=$((payday + 1))
    {
        head -n 1 "$PAYDAY_FOLDER/accounts.csv"
        sed -n "$(((payday - 1) * accounts + 2)),$((payday * accounts + 1))p" \
            "$PAYDAY_FOLDER/accounts.csv"
    } >"$PAYDAY_FOLDER/some.csv"
    "$DAYBOOK" import "c$payday" --date "$STAGE_DATE" --quiet "$PAYDAY_FOLDER/some.csv" ||
        stage_fail "the import ended with exit code $?"
}

# run COHORT DATABASE ARGS…: sets code.
run() {
    local cohort=$1
    local -x DAYBOOK_DATABASE=$2
    shift 2
    code=0
    "$DAYBOOK" run "$cohort" --date "$STAGE_DATE" "$@" </dev/null >>"$PAYDAY_FOLDER/run.out" \
        2>>"$PAYDAY_FOLDER/run.err" &
    STAGE_ENGINE=$!
}

reap() {
    stage_gone "$STAGE_ENGINE" 30 || stage_fail "no end within 30 s"
    { wait "$STAGE_ENGINE" || code=$?; } 2>/dev/null
    STAGE_ENGINE=
    case " $1 " in
    *" $code "*) ;;
    *) stage_fail "exit code $code instead of $1" ;;
    esac
}

run_on() {
    run "c$payday" "$DAYBOOK_DATABASE"
    reap 0
}

record() {
    local into=$1
    shift
    import_next
    proxy_start
    run "c$payday" "$through" "$@"
    reap 0
    proxy_stop
    cp "$PAYDAY_FOLDER/proxy.log" "$into"
}

was_cut() {
    grep -q '^cut ' "$PAYDAY_FOLDER/proxy.log"
}

# cut_at PLACE [perhaps]: a place that is no longer there may be one, of those that are drawn.
cut_at() {
    local place=$1 flags=()
    case $place in
    # Two seconds, so that a heartbeat's silence (claim.stale_after) is noticed while it pays.
    *:slow) flags=(--set banks.mock.rate=10 --set banks.mock.burst=1) ;;
    *:unbeaten) flags=("${unbeaten[@]}") ;;
    esac
    place=${place%:slow}
    place=${place%:unbeaten}
    import_next
    proxy_start "$place"
    run "c$payday" "$through" "${flags[@]}"
    reap "0 69 75"
    if ! was_cut; then
        [ "${2:-}" = perhaps ] || stage_fail "the place never came"
        missed=$((missed + 1))
    fi
    proxy_stop
    [ "$code" = 0 ] || run_on
}

# Held from that byte on; the engine dies; the rest is delivered after RELEASE bytes of the next.
hold_at() {
    local place=$1 release=$2
    import_next
    proxy_start "$place" "$release"
    run "c$payday" "$through"
    until was_cut || ! kill -0 "$STAGE_ENGINE" 2>/dev/null; do stage_nap 0.002; done
    was_cut || missed=$((missed + 1))
    kill -KILL "$STAGE_ENGINE" 2>/dev/null || true
    reap "137 0"
    if [ "$code" = 137 ]; then
        run "c$payday" "$through"
        reap 0
        ! grep -q '^released ' "$PAYDAY_FOLDER/proxy.log" || delivered=$((delivered + 1))
    fi
    proxy_stop
}

begin_block() {
    block=$((block + 1))
    payday=0
    stage_begin "block_$block" no_import
    through=${DAYBOOK_DATABASE/"$CLUSTER_DIR"/"$PAYDAY_FOLDER/proxy"}
}

end_block() {
    local i before
    before=$(stage_posts)
    for ((i = 1; i <= payday; i++)); do
        run "c$i" "$DAYBOOK_DATABASE"
        reap 0
    done
    [ "$(stage_posts)" = "$before" ] || stage_fail "further runs sent something"
    sed -i "$((payday * accounts + 2)),\$d" "$PAYDAY_FOLDER/accounts.csv"
    stage_check_whole
    stage_end
}

# do_place PLACE [perhaps]
do_place() {
    local how=${1##*:}
    [ "$payday" -lt "$paydays" ] || { end_block && begin_block; }
    doing=$1
    done_cuts=$((done_cuts + 1))
    if [[ $1 == *:hold:* ]]; then
        hold_at "${1%:*}" "$how"
    else
        cut_at "$@"
    fi
}

# ---- which places ----

draw_how() {
    how=fin
    [ $((RANDOM % 2)) = 0 ] || how=rst
}

# In the second heartbeat: numbers of another length move it, but not out of the heartbeats. In the
# statements before the first; where a run is closed, as recorded without heartbeats, whose count
# varies. In a chunk's COPY and before its COMMIT's answer; in the first page that is asked for.
silent_places() {
    awk -v control="$control" -v chunks="$chunks" -v drawn="$RANDOM" '
        $1 != "message" { next }
        $2 == control && $3 == "up" && $6 == "B" && $7 ~ /^.beat/ && ++beats == 1 { first = $4 }
        $2 == control && $3 == "up" && $6 == "B" && $7 ~ /^.beat/ && beats == 2 {
            print control ":up:" $4 + 20 ":silence:slow"
            print control ":up:" drawn % first ":silence"
            print control ":up:" int(first / 2) ":silence"
        }
        $2 == chunks && $3 == "up" && $6 == "d" && ++copies == 1 {
            print chunks ":up:" int(($4 + $5) / 2) ":silence"
        }
        $2 == chunks && $3 == "down" && $6 == "C" && $7 == "COMMIT." && ++commits == 1 {
            print chunks ":down:" $4 ":silence"
        }
        $2 == chunks + 1 && $3 == "up" && $6 == "B" && ++pages == 1 {
            print chunks + 1 ":up:" $4 + 5 ":silence"
        }' "$PAYDAY_FOLDER/recorded"
    awk -v control="$control" '
        $1 == "message" && $2 == control && $3 == "up" { end = $5 }
        END { print control ":up:" end - 60 ":silence:unbeaten" }' "$PAYDAY_FOLDER/unbeaten"
}

# Of a recorded payday's first or last chunk: inside COPY, where COMMIT is asked for, and where its
# answer stands. The next payday's last chunk may end earlier: only the first is there for sure.
places_of_chunk() {
    awk -v chunks="$chunks" -v which="$1" '
        $1 != "message" || $2 != chunks { next }
        $3 == "up" && $6 == "d" { copy = int(($4 + $5) / 2) }
        $3 == "up" && $6 == "c" { end = $5 }
        $3 == "down" && $6 == "C" && $7 == "COMMIT." {
            of[n++] = sprintf("%d:up:%d\n%d:up:%d\n%d:down:%d\n%d:down:%d\n%d:down:%d\n%d:down:%d",
                chunks, copy, chunks, end - 1, chunks, $4, chunks, $4 + 7, chunks, $5,
                chunks, $5 + 3)
        }
        END { if (n > 1) print of[which == "first" ? 0 : n - 1] }' "$PAYDAY_FOLDER/recorded"
}

last_bytes_of_chunks() {
    awk -v chunks="$chunks" '
        $1 != "message" || $2 != chunks { next }
        $3 == "up" && $6 == "c" { end = $5 }
        $3 == "down" && $6 == "C" && $7 == "COMMIT." { print chunks ":up:" end - 1 ":hold" }' \
        "$PAYDAY_FOLDER/recorded"
}

session_bytes() {
    awk -v way="$1" '$1 == "message" && $3 == way { bytes[$2] = $5 }
        END { for (s in bytes) print s, bytes[s] }' "$PAYDAY_FOLDER/recorded" | sort -n
}

all_places() {
    local way session bytes step b
    for way in up down; do
        while read -r session bytes; do
            step=$stride
            [ "$session" != $chunks ] || step=1
            for ((b = 0; b <= bytes; b += step)); do echo "$session:$way:$b"; done
        done < <(session_bytes $way)
    done
}

drawn_places() {
    local i session bytes way
    for ((i = 0; i < cuts; i++)); do
        way=$([ $((RANDOM % 2)) = 0 ] && echo up || echo down)
        mapfile -t sessions < <(session_bytes "$way")
        read -r session bytes <<<"${sessions[RANDOM % ${#sessions[@]}]}"
        echo "$session:$way:$((RANDOM % (bytes + 1)))"
    done
}

cluster_start
stage_open
mkdir "$PAYDAY_FOLDER/proxy"
block=0 payday=0 done_cuts=0 missed=0 delivered=0
begin_block
record "$PAYDAY_FOLDER/recorded"
record "$PAYDAY_FOLDER/unbeaten" "${unbeaten[@]}"
echo "a payday's sessions, bytes up: $(session_bytes up | paste -sd ';' -);" \
    "down: $(session_bytes down | paste -sd ';' -)"

mapfile -t sure < <(places_of_chunk first)
[ "${#sure[@]}" = 6 ] || stage_fail "the recorded payday has too few chunks"
# While the first session is opened: nobody refuses (77), the server is unreachable. While the engine
# opens its own: the run has told of itself, and cannot begin.
# The control session, while the server tells of itself: that is no pooler, it is a lost session.
sure+=(1:down:200 1:up:20 2:down:1150 2:down:1155 3:down:100 4:up:400)
mapfile -t others < <(
    places_of_chunk last
    if [ -n "$full" ]; then all_places; else drawn_places; fi
)
mapfile -t silences < <(silent_places)
# The session that reads the batch before all else may take five times as long.
[ -z "$full" ] || silences+=(1:down:1200:silence)
mapfile -t holds < <(last_bytes_of_chunks)
[ "${#silences[@]}" -ge 7 ] || stage_fail "the recorded payday has too few places of silence"
if [ -n "$only" ]; then
    do_place "$only"
else
    for place in "${sure[@]}"; do
        draw_how
        do_place "$place:$how"
    done
    for place in "${others[@]}"; do
        draw_how
        do_place "$place:$how" perhaps
    done
    odd=$((RANDOM % 2))
    for i in "${!silences[@]}"; do
        [ -z "$full" ] && [ $((i % 2)) != $odd ] || do_place "${silences[i]}"
    done
    # A run sends some 40,000 bytes: delivered at once, while it takes over, while it pays, and late;
    # most of the latter two never come, as it has ended the dead engine's backends by then.
    for i in "${!holds[@]}"; do
        releases=(1 $((RANDOM % 9000)) $((9000 + RANDOM % 9000)) $((18000 + RANDOM % 18000)))
        [ -n "$full" ] || releases=("${releases[i % 4]}")
        for release in "${releases[@]}"; do do_place "${holds[i]}:$release"; done
    done
    [ "$delivered" -gt 0 ] || stage_fail "nothing that was held back was delivered"
fi
end_block
echo "$done_cuts cuts ($missed places never came), ${#holds[@]} chunks held back" \
    "($delivered times delivered): all whole"
