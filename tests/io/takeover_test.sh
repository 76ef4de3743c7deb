# takeover: who may start, who is ended, and what an engine does that is no longer the owner: on real
# paydays (ops/lib/stage.sh has what must hold after each). Each test is a sentence, printed.
#
# With DAYBOOK_FULL=1 more starts, and what takes long: a backend that stays stopped for as long as anyone waits.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook-failpoints
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/ops/lib/stage.sh"
full=${DAYBOOK_FULL:-}
starts=$([ -n "$full" ] && echo 100 || echo 20)
unset "${!DAYBOOK_@}"

STAGE_SEED=7
STAGE_ACCOUNTS=120
STAGE_RATE=600
STAGE_NODEPOSIT=0
STAGE_STOPPED=0
STAGE_FAULTS=()
STAGE_SEND_BEFORE=300ms
STAGE_LINGER=60ms
STAGE_PROCESSING=100ms

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-takeover.XXXXXX")
doing=
others=() # processes that a test started beside STAGE_ENGINE
finish() {
    local code=$? pid
    for pid in $STAGE_ENGINE "${others[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    payday_bank_stop
    cluster_stop immediate
    if [ "$code" = 0 ]; then
        rm -rf "$PAYDAY_FOLDER"
    else
        echo "failed: $doing; the files are kept in $PAYDAY_FOLDER; the engines' last words:"
        tail -n 20 "$PAYDAY_FOLDER/run.err" 2>/dev/null || true
    fi
}
trap finish EXIT
trap 'exit 130' INT TERM

ask() {
    psql -X -q -At -v ON_ERROR_STOP=1 -d "$DAYBOOK_DATABASE" -c "$1"
}

# ends "CODES" PID: within 30 s, with one of these; sets code.
ends() {
    code=0
    stage_gone "$2" 30 || stage_fail "process $2 did not end within 30 s"
    wait "$2" 2>/dev/null || code=$?
    case " $1 " in
    *" $code "*) ;;
    *) stage_fail "exit code $code instead of $1" ;;
    esac
}

await() {
    local try
    for try in $(seq 1 2000); do
        ! "$@" || return 0
        stage_nap 0.01
    done
    stage_fail "waited in vain for: $*"
}

is_stopped() {
    [[ "$(cat "/proc/$1/stat" 2>/dev/null)" =~ \)\ T\  ]]
}

# Somebody has asked for a batch's lock last, and not got it.
in_line() {
    [ "$(ask "SELECT count(*) FROM pg_stat_activity a WHERE query LIKE 'SELECT pg_try_advisory_lock(%'
        AND NOT EXISTS (SELECT FROM pg_locks l
            WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted)")" = 1 ]
}

has_posted() {
    [ "$(stage_posts)" -ge "$1" ]
}

# A test: NAME of its database, and the sentence.
begin() {
    doing=$2
    SECONDS=0
    echo "$2"
    stage_begin "$1"
}

end() {
    stage_check
    stage_end
    others=()
    echo "  $SECONDS s"
}

stop_at() {
    FAILPOINT=$1 stage_engine
    first=$STAGE_ENGINE
    STAGE_ENGINE=
    others+=("$first")
    await is_stopped "$first"
}

# ---- starts ----

of_many_starts_one_runs() {
    local i pids=() owner lost=0 begun connections number
    begin many "of $starts starts at once one runs, and the others do not call the bank"
    for i in $(seq 1 "$starts"); do
        "$DAYBOOK" run acme --date "$STAGE_DATE" --set claim.lock_wait=3s --set banks.mock.rate=8 \
            --set banks.mock.burst=1 --set claim.stale_after=30s </dev/null \
            >>"$PAYDAY_FOLDER/run.out" 2>>"$PAYDAY_FOLDER/many.$i" &
        pids+=($!)
    done
    others=("${pids[@]}")
    await has_posted 1
    owner=$(ask "SELECT pid FROM daybook.run")
    for i in "${!pids[@]}"; do
        [ "${pids[$i]}" != "$owner" ] || continue
        ends 11 "${pids[$i]}"
        grep -q 'is owned by' "$PAYDAY_FOLDER/many.$((i + 1))" ||
            stage_fail "a refused start did not name the owner"
        lost=$((lost + 1))
    done
    [ "$lost" = $((starts - 1)) ] || stage_fail "$lost starts were refused, not $((starts - 1))"
    kill -0 "$owner" || stage_fail "the payday was too short to show anything"
    [ "$(ask "SELECT count(*) || ' ' || max(epoch) FROM daybook.run")" = "1 1" ] ||
        stage_fail "another start came as far as an epoch"
    kill -TERM "$owner"
    ends 4 "$owner"
    # The bank counts the connections it ever took; ours is the last.
    exec 9<>"/dev/tcp/${PAYDAY_BANK_ADDRESS/://}"
    printf 'GET /accounts/VA-0000001/balance HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n' >&9
    cat <&9 >/dev/null
    exec 9<&-
    connections=$(awk -F '\t' '$1 == "call" { print $3 }' "$PAYDAY_FOLDER/receipts" |
        sort -un | wc -l)
    number=$(awk -F '\t' '$1 == "call" { n = $3 > n ? $3 : n } END { print n }' \
        "$PAYDAY_FOLDER/receipts")
    [ "$number" -le $((connections + 3)) ] ||
        stage_fail "$number connections to the bank, and only $connections of them had calls"
    stage_run_to_end
    end
}

# ---- stopped, taken over, continued ----

stopped_in_a_copy() {
    local posts chunks begun now
    begin copy "stopped in the middle of a COPY, taken over, continued: it commits and sends nothing"
    stop_at chunk_half:4:stop
    chunks=$(ask "SELECT count(*) FROM daybook.chunk")
    posts=$(stage_posts)
    stage_now_us begun
    stage_engine --take-over
    ends 0 "$STAGE_ENGINE"
    stage_now_us now
    [ $((now - begun)) -lt 12000000 ] || stage_fail "the takeover took $(((now - begun) / 1000)) ms"
    posts=$(stage_posts)
    kill -CONT "$first"
    ends "0 11 75" "$first"
    [ "$(ask "SELECT count(*) FROM daybook.chunk WHERE epoch = 1")" = "$chunks" ] ||
        stage_fail "it committed a chunk after it was taken over"
    [ "$(stage_posts)" = "$posts" ] || stage_fail "it sent something after it was taken over"
    end
}

stopped_between_check_and_send() {
    local before
    begin checked "stopped between its check and its send, continued after a takeover: it sends nothing"
    stop_at bank_checked:150:stop
    stage_engine --take-over
    ends 0 "$STAGE_ENGINE"
    before=$(stage_posts)
    kill -CONT "$first"
    ends "0 11 75" "$first"
    # It stood still for longer than a second: nothing that was checked before leaves it.
    [ "$(stage_posts)" = "$before" ] ||
        stage_fail "$(($(stage_posts) - before)) requests after it was continued"
    end
}

one_stale_heartbeat() {
    local one two first_code
    begin stale "two starters see one stale heartbeat: one works"
    stop_at bank_answered:100:stop
    stage_nap 1.3
    stage_engine
    one=$STAGE_ENGINE
    stage_engine
    two=$STAGE_ENGINE
    others+=("$one" "$two")
    ends "0 11" "$one"
    first_code=$code
    ends "0 11" "$two"
    # Who came late enough finds nothing to do; but never two that work.
    [ "$(ask "SELECT count(*) FROM daybook.run")" -le 3 ] || stage_fail "too many runs"
    case "$first_code $code" in
    "0 11" | "11 0" | "0 0") ;;
    *) stage_fail "they ended with $first_code and $code" ;;
    esac
    kill -CONT "$first"
    ends "0 11 75" "$first"
    end
}

three_that_take_over() {
    local one two pid codes
    begin taken "three that take over at once end with one owner, and none fights on"
    stage_engine --set banks.mock.rate=100
    first=$STAGE_ENGINE
    await has_posted 5
    stage_engine --take-over --set banks.mock.rate=100
    one=$STAGE_ENGINE
    stage_engine --take-over --set banks.mock.rate=100
    two=$STAGE_ENGINE
    others+=("$first" "$one" "$two")
    stage_engine --take-over --set banks.mock.rate=100
    others+=("$STAGE_ENGINE")
    codes=
    for pid in "$first" "$one" "$two" "$STAGE_ENGINE"; do
        ends "0 11 75" "$pid" # 75: ended while it began itself
        codes+=" $code"
    done
    # One goes on to the end; who comes after it finds nothing to do, which is 0, too.
    [[ "$codes " == *" 0 "* ]] || stage_fail "not one of them went on to the end:$codes"
    [ "$(ask "SELECT max(epoch) <= 4 FROM daybook.run")" = t ] || stage_fail "they fought on"
    end
}

# ---- what a dead engine left on its way ----

chunk_backend() {
    ask "SELECT pid FROM pg_stat_activity WHERE application_name ~ '^daybook:[0-9]+:1$'
         AND query ~ '^BEGIN' LIMIT 1"
}

a_commit_on_its_way() {
    local backend
    begin commit "a dead engine's COMMIT that is on its way while a rerun begins is seen or fails"
    stop_at "$1"
    backend=$(chunk_backend)
    kill -STOP "$backend"
    kill -CONT "$first"
    stage_nap 0.15 # it hands over the rest of the transaction, COMMIT included
    kill -KILL "$first"
    ends 137 "$first"
    stage_engine
    await rerun_waits
    stage_nap "$2"
    kill -CONT "$backend"
    ends 0 "$STAGE_ENGINE"
    end
}

rerun_waits() {
    [ "$(ask "SELECT epoch FROM daybook.batch_head")" = 2 ]
}

# ---- signals ----

a_signal_drains() {
    local at_us late
    begin drain "SIGTERM stops the sending, waits for the answers, and ends with 4"
    stage_engine --set banks.mock.rate=200
    await has_posted 20
    kill -HUP "$STAGE_ENGINE"
    kill -PIPE "$STAGE_ENGINE"
    await has_posted 60
    at_us=$(date +%s%6N)
    kill -TERM "$STAGE_ENGINE"
    ends 4 "$STAGE_ENGINE"
    late=$(awk -F '\t' -v at="$at_us" '$1 == "call" && $2 > at + 300000' \
        "$PAYDAY_FOLDER/receipts" | wc -l)
    [ "$late" = 0 ] || stage_fail "$late calls after the signal"
    [ "$(ask "SELECT count(*) FROM daybook.run WHERE exit_code = 4")" = 1 ] ||
        stage_fail "the run's row does not tell its end"
    stage_run_to_end
    end
}

a_second_signal_ends() {
    begin second "a second signal ends a drain at once, and nothing is lost"
    stage_engine --set banks.mock.call_timeout=20s --set run.drain=20s
    await has_posted 30
    kill -STOP "$PAYDAY_BANK_PID"
    stage_nap 0.1
    kill -TERM "$STAGE_ENGINE"
    stage_nap 0.3
    kill -0 "$STAGE_ENGINE" || stage_fail "it did not wait for the answers"
    kill -INT "$STAGE_ENGINE" # started in the background, where shells ignore SIGINT
    ends 130 "$STAGE_ENGINE"
    kill -CONT "$PAYDAY_BANK_PID"
    stage_run_to_end
    end
}

a_signal_in_line() {
    begin line "SIGTERM before the lock is had ends with 5 where transfers are in doubt"
    stop_at bank_answered:200:stop
    stage_nap 0.5 # then what it sent is in doubt
    stage_engine --set claim.lock_wait=30s --set claim.stale_after=60s
    await in_line
    kill -TERM "$STAGE_ENGINE"
    ends 5 "$STAGE_ENGINE"
    kill -CONT "$first"
    ends 0 "$first"
    end
}

cluster_start max_connections=300
stage_open
of_many_starts_one_runs
stopped_in_a_copy
stopped_between_check_and_send
one_stale_heartbeat
three_that_take_over
a_commit_on_its_way chunk_half:4:stop 0.5
[ -z "$full" ] || a_commit_on_its_way chunk_unsent:4:stop 6
a_signal_drains
a_second_signal_ends
a_signal_in_line
