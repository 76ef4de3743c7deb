# stage.sh: small real paydays for tests that disturb them, and what must hold afterwards. Sourced by
# bash, after cluster.sh and payday.sh; one cluster and one payday at a time in a shell.
#
#   stage_open          once a cluster: the database that each payday's is a copy of
#   stage_begin NAME [no_import]  input, bank, configuration, database NAME, import
#   stage_engine ARGS…  starts `daybook run`; sets STAGE_ENGINE, its pid
#   stage_bank ARGS…    starts the bank with further arguments
#   stage_bank_again    … at the same place, with its book: as after a kill
#   stage_ended_code    sets STAGE_ENDED, the exit code of a payday that came to its end
#   stage_run_to_end    a run that nobody disturbs; it must end with that code
#   stage_posts         how many transfers were sent
#   stage_now_us NAME   sets the variable to the clock's microseconds
#   stage_nap SECONDS   waits; forks nothing
#   stage_gone PID S    waits until that child has ended; 1: it has not, after S seconds
#   stage_check         the ledger is whole (verify) and agrees with the bank's book (verify --book);
#                       every account holds what the input says; the bank has accepted each step once
#                       and was not asked faster than allowed; one more run sends nothing
#   stage_check_whole   … all but the last
#   stage_end           the bank ends, the database is dropped
#   stage_fail TEXT     how a violation is told: ends the shell with 1
#
# Before that: DAYBOOK, the program; PAYDAY_FOLDER, where its files lie. A payday is drawn from
# STAGE_SEED (its input and the bank's faults), STAGE_ACCOUNTS, STAGE_RATE (calls a second),
# STAGE_NODEPOSIT and STAGE_STOPPED (accounts per mille) and STAGE_FAULTS (arguments of mockbank).
# Waits: STAGE_SEND_BEFORE, STAGE_LINGER, STAGE_PROCESSING (a late accept comes before it).

STAGE_DATE=2026-03-25
STAGE_BURST=50
STAGE_SEND_BEFORE=1s
STAGE_LINGER=200ms
STAGE_PROCESSING=600ms
STAGE_HEARTBEAT=200ms
STAGE_ENGINE=
STAGE_ENDED=0 # the exit code of a payday that came to its end
STAGE_BANK_ARGS=()
STAGE_STOP= # set by a trap: the next nap ends the shell
exec {STAGE_NEVER}<> <(:)

stage_fail() {
    echo "VIOLATION: $*" >&2
    exit 1
}

stage_nap() {
    read -r -t "$1" -u "$STAGE_NEVER" || true
    [ -z "$STAGE_STOP" ] || exit 130
}

stage_now_us() {
    printf -v "$1" '%s' "${EPOCHREALTIME/[.,]/}"
}

stage_gone() {
    local begin now
    stage_now_us begin
    while kill -0 "$1" 2>/dev/null; do
        stage_now_us now
        [ $((now - begin)) -lt $(($2 * 1000000)) ] || return 1
        stage_nap 0.01
    done
}

stage_open() {
    cluster_psql -c "CREATE DATABASE stage"
    DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=stage} "$DAYBOOK" schema apply \
        >/dev/null
}

stage_bank() {
    payday_bank "${STAGE_BANK_ARGS[@]}" "$@"
}

# The same bank again, at the same port, with its book: as after a kill.
stage_bank_again() {
    local address=$PAYDAY_BANK_ADDRESS
    stage_bank --listen "$address"
    [ "$PAYDAY_BANK_ADDRESS" = "$address" ] || stage_fail "the bank came back elsewhere"
}

stage_begin() {
    STAGE_NAME=$1
    rm -f "$PAYDAY_FOLDER"/{receipts,book,book.accounts,book.meter,run.out,run.err}
    "$BUILD_SOURCE/bench/payday_accounts" "$STAGE_ACCOUNTS" "$PAYDAY_FOLDER" "$STAGE_SEED" \
        "$STAGE_NODEPOSIT" "$STAGE_STOPPED"
    STAGE_BANK_ARGS=(--accounts "$PAYDAY_FOLDER/bank.csv" --seed "$STAGE_SEED" --latency 3ms
        --spread 8ms --rate "$((STAGE_RATE * 11 / 10 + 50))" --burst $((2 * STAGE_BURST))
        --late 500ms --log "$PAYDAY_FOLDER/receipts" --book "$PAYDAY_FOLDER/book"
        "${STAGE_FAULTS[@]}")
    stage_bank
    PAYDAY_RUN_KEYS=("send_before: $STAGE_SEND_BEFORE" "resolve_wait: 60s" "retry_base: 30ms"
        "retry_cap: 300ms" "chunk_delay: 10ms" "drain: 2s")
    PAYDAY_BANK_KEYS=("rate: $STAGE_RATE" "burst: $STAGE_BURST" "calls: 128" "connections: 32"
        "poll_interval: 300ms" "processing_time: $STAGE_PROCESSING" "linger: $STAGE_LINGER" "call_timeout: 400ms"
        "later_wait: 300ms")
    PAYDAY_CLAIM_KEYS=("lock_wait: 300ms" "stale_after: 1s" "heartbeat: $STAGE_HEARTBEAT")
    payday_config "$PAYDAY_FOLDER/daybook.yaml"
    cluster_psql -c "CREATE DATABASE $STAGE_NAME TEMPLATE stage"
    export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
    export DAYBOOK_DATABASE=${CLUSTER_CONNINFO/dbname=postgres/dbname=$STAGE_NAME}
    [ $# = 1 ] || return 0
    "$DAYBOOK" import acme --date "$STAGE_DATE" --quiet "$PAYDAY_FOLDER/accounts.csv" ||
        stage_fail "the import ended with exit code $?"
    stage_ended_code
}

# 3 where an account has no deposit, or its payout account is stopped.
stage_ended_code() {
    STAGE_ENDED=$(awk -F, 'NR > 1 && ($1 ~ /^VA/ && $2 == 0 || $3 == "stopped") { n++ }
        END { print n ? 3 : 0 }' "$PAYDAY_FOLDER/bank.csv")
}

stage_end() {
    payday_bank_stop
    cluster_psql -c "DROP DATABASE $STAGE_NAME WITH (FORCE)"
}

stage_engine() {
    "$DAYBOOK" run acme --date "$STAGE_DATE" "$@" </dev/null >>"$PAYDAY_FOLDER/run.out" \
        2>>"$PAYDAY_FOLDER/run.err" &
    STAGE_ENGINE=$!
}

# ---- what must hold ----

# From the input alone: what each account must hold when all that can be settled is settled. Who is
# not in accounts.csv has no payday.
stage_expected_accounts() {
    awk -F, '
        NR == FNR { if (FNR > 1) { balance[$1] = $2; state[$1] = $3 } next }
        $1 == "account_ref" || balance[$3] == 0 { next }
        {
            paid = state[$5] == "stopped" ? 0 : balance[$3] - $8 - $9
            balance["COLLECT-1"] += $8
            balance[$3] -= $8 + paid
            balance[$5] += paid
        }
        END { for (account in balance) printf "%s,%.0f\n", account, balance[account] }' \
        "$PAYDAY_FOLDER/bank.csv" "$PAYDAY_FOLDER/accounts.csv" | sort
}

stage_check_accounts() {
    local differ
    differ=$(diff <(stage_expected_accounts) \
        <(awk -F, 'NR > 1 { print $1 "," $2 }' "$PAYDAY_FOLDER/book.accounts" | sort)) ||
        stage_fail "the bank's accounts are not what the input says (< must be, > is):
$(head -n 20 <<<"$differ")"
}

# Accepted transfers by account and step, from what the bank received.
stage_check_receipts() {
    local wrong
    wrong=$(awk -F '\t' -v least="$(($(wc -l <"$PAYDAY_FOLDER/accounts.csv") - 1))" '
        function name(body) {
            match(body, /"account_id":"[^"]*"/)
            account = substr(body, RSTART, RLENGTH)
            match(body, /"description":"[^"]*"/)
            return account " " substr(body, RSTART, RLENGTH)
        }
        $1 == "call" && $5 ~ /^POST / && !($4 in of) { of[$4] = name($NF) }
        $1 == "call" && $10 == "accepted" { accepted[of[$4]]++ }
        $1 == "late" && $4 == "accepted" { accepted[of[$3]]++ }
        END {
            for (transfer in accepted) {
                total++
                if (accepted[transfer] != 1)
                    print transfer " " accepted[transfer] " times"
            }
            if (total < least)
                print "only " total + 0 " transfers accepted"
        }' "$PAYDAY_FOLDER/receipts")
    [ -z "$wrong" ] || stage_fail "not each transfer once: $wrong"
}

# In any window of w seconds at most burst + rate x w calls arrived. The bank sees calls later than
# they were handed over, and in heaps where it had to wait for a processor: half a second is granted.
stage_check_rate() {
    local wrong
    wrong=$(awk -F '\t' -v rate="$STAGE_RATE" -v burst="$STAGE_BURST" '
        $1 == "call" {
            level -= rate * ($2 - before) / 1e6
            level = (before == "" || level < 0 ? 0 : level) + 1
            before = $2
            most = level > most ? level : most
        }
        END {
            if (most > burst + rate / 2)
                printf "%d calls over the rate of %d/s where %d were allowed", most, rate, burst
        }' "$PAYDAY_FOLDER/receipts")
    [ -z "$wrong" ] || stage_fail "asked too fast: $wrong"
}

stage_posts() {
    awk -F '\t' '$1 == "call" && $5 ~ /^POST / { n++ } END { print n + 0 }' \
        "$PAYDAY_FOLDER/receipts"
}

stage_run_to_end() {
    local code=0
    stage_engine
    stage_gone "$STAGE_ENGINE" 60 || stage_fail "an undisturbed run did not end within 60 s"
    wait "$STAGE_ENGINE" 2>/dev/null || code=$?
    STAGE_ENGINE=
    [ "$code" = "$STAGE_ENDED" ] ||
        stage_fail "an undisturbed run ended with exit code $code, not $STAGE_ENDED"
}

# All but the further run.
stage_check_whole() {
    local code=0
    "$DAYBOOK" verify --quiet >>"$PAYDAY_FOLDER/run.out" 2>&1 || code=$?
    [ "$code" = 0 ] || stage_fail "verify ended with exit code $code"
    payday_bank_book "$PAYDAY_FOLDER/book"
    "$DAYBOOK" verify --quiet --book "$PAYDAY_FOLDER/book" >>"$PAYDAY_FOLDER/run.out" 2>&1 ||
        code=$?
    [ "$code" = 0 ] || stage_fail "verify --book ended with exit code $code"
    stage_check_accounts
    stage_check_receipts
    stage_check_rate
}

stage_check() {
    local before
    stage_check_whole
    before=$(stage_posts)
    stage_run_to_end
    [ "$(stage_posts)" = "$before" ] ||
        stage_fail "a further run sent $(($(stage_posts) - before)) requests"
}
