# payday.sh: a rehearsed payday: the mock bank as a process of its own, and a configuration for it.
# Sourced by bash, after cluster.sh.
#
#   payday_bank ARGS…   starts `daybook mockbank ARGS…` on a free port; sets PAYDAY_BANK_PID,
#                       PAYDAY_BANK_ADDRESS. It ends with this shell.
#   payday_bank_book F  waits until the bank has written its book to F (its --book FILE)
#   payday_bank_stop    ends it and waits
#   payday_config FILE  writes a configuration with that bank as `mock`; further lines come from
#                       the arrays PAYDAY_BANK_KEYS (of banks.mock), PAYDAY_RUN_KEYS and PAYDAY_CLAIM_KEYS
#   payday_long_day FILE  adds to it a time zone in which it is about noon now, so that
#                       `--deadline 23:59` is far away at any hour
#
# Before that: DAYBOOK, the program; PAYDAY_FOLDER, where its files lie.
#
# PAYDAY_TRANSFERS_MAX, where the environment has it: for how many transfers the bank has room, instead
# of what mockbank itself takes, which costs a quarter of a second at its start.

PAYDAY_BANK_PID=
PAYDAY_BANK_ADDRESS=
PAYDAY_BANK_KEYS=()
PAYDAY_RUN_KEYS=()
PAYDAY_CLAIM_KEYS=()

payday_bank() {
    local said=$PAYDAY_FOLDER/bank.out try
    : >"$said" # there before it is read
    "$DAYBOOK" mockbank --listen 127.0.0.1:0 --die-with-parent \
        ${PAYDAY_TRANSFERS_MAX:+--transfers-max "$PAYDAY_TRANSFERS_MAX"} "$@" \
        </dev/null >"$said" 2>"$PAYDAY_FOLDER/bank.err" &
    PAYDAY_BANK_PID=$!
    for try in $(seq 1 400); do
        PAYDAY_BANK_ADDRESS=$(sed -n 's/^listening on \([0-9.:]*\)$/\1/p' "$said")
        [ -z "$PAYDAY_BANK_ADDRESS" ] || return 0
        kill -0 "$PAYDAY_BANK_PID" 2>/dev/null || break
        sleep 0.025
    done
    echo "payday: the mock bank did not start:" >&2
    cat "$PAYDAY_FOLDER/bank.err" >&2
    return 1
}

payday_bank_book() {
    local try
    rm -f "$1"
    kill -USR1 "$PAYDAY_BANK_PID"
    for try in $(seq 1 400); do
        [ ! -s "$1" ] || return 0
        sleep 0.025
    done
    echo "payday: the mock bank did not write its book to $1" >&2
    return 1
}

payday_bank_stop() {
    [ -n "$PAYDAY_BANK_PID" ] || return 0
    kill -TERM "$PAYDAY_BANK_PID" 2>/dev/null || true
    wait "$PAYDAY_BANK_PID" 2>/dev/null || true
    PAYDAY_BANK_PID=
}

payday_config() {
    {
        echo "profiles: $BUILD_SOURCE/ops/banks"
        echo "run:"
        printf '  %s\n' "${PAYDAY_RUN_KEYS[@]}"
        echo "claim:"
        printf '  %s\n' "login: any" "${PAYDAY_CLAIM_KEYS[@]}"
        echo "banks:"
        echo "  mock:"
        echo "    profile: rest-idempotency-key.yaml"
        echo "    url: http://$PAYDAY_BANK_ADDRESS"
        echo "    collection_account: COLLECT-1"
        printf '    %s\n' "${PAYDAY_BANK_KEYS[@]}"
    } >"$1"
}

payday_long_day() {
    local ahead=$((12 - 10#$(date -u +%H)))
    # Its names count westwards.
    printf 'time_zone: Etc/GMT%+d\n' $((-ahead)) >>"$1"
}
