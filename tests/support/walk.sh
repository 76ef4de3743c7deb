# walk.sh: what a walkthrough needs: a private Postgres, a rehearsed bank, and a payday's input. Sourced
# by bash; DAYBOOK_SOURCE and DAYBOOK_BUILD say where the project and its program are.
#
#   walk_begin NAME     all of it: 20 people; P0000007's payout account is stopped, as are those of
#                       P0000011 and P0000012, and P0000015's salary has not come
#   walk CODE TEXT daybook …   types the command, as a person would; it must end with CODE and say TEXT
#   walk_until TEXT daybook …   waits until the command says TEXT
#   walk_bank ARGS…     the bank again, with its book, and with these further arguments
#   walk_bank_opens ACCOUNT…   … and these accounts open
#   walk_pays_in ACCOUNT MINOR   money comes in: the bank goes on as it is, with a new book
#   walk_check_book     the ledger agrees with the bank's book
#   walk_end            what must hold whoever did what; ends the script

BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

WALK_FOLDER=
PAYDAY_FOLDER=
walk_finish() {
    payday_bank_stop
    cluster_stop
    [ -z "$WALK_FOLDER" ] || rm -rf "$WALK_FOLDER"
}
trap walk_finish EXIT
trap 'exit 130' INT TERM

walk() {
    local code=$1 text=$2
    shift 2
    echo "\$ $*"
    expect "$code" "$text" "$@"
    printf '%s\n' "$SAID"
}

walk_until() {
    local text=$1 try
    shift
    for try in $(seq 1 100); do
        ! "$@" </dev/null 2>&1 | grep -F "$text" >/dev/null || break
        sleep 0.05
    done
    walk 0 "$text" "$@"
}

daybook() {
    "$DAYBOOK" "$@"
}

walk_bank() {
    local again=()
    [ -z "${PAYDAY_BANK_ADDRESS:-}" ] || again=(--listen "$PAYDAY_BANK_ADDRESS")
    payday_bank_stop
    payday_bank --accounts "$WALK_FOLDER/bank.csv" --log "$WALK_FOLDER/receipts" \
        --book "$WALK_FOLDER/book" --latency 2ms --rate 5000 --burst 200 "${again[@]}" "$@"
}

walk_bank_opens() {
    local account
    for account in "$@"; do
        sed -i "s/^$account,\([0-9]*\),stopped/$account,\1,open/" "$WALK_FOLDER/bank.csv"
    done
    walk_bank
}

walk_check_book() {
    payday_bank_book "$WALK_FOLDER/book"
    walk 0 'ledger = book' daybook verify --book "$WALK_FOLDER/book"
}

walk_pays_in() {
    awk -F, -v OFS=, -v account="$1" -v minor="$2" '$1 == account { $2 += minor } { print }' \
        "$WALK_FOLDER/book.accounts" >"$WALK_FOLDER/bank.csv"
    rm "$WALK_FOLDER/receipts"
    walk_bank
}

walk_begin() {
    WALK_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-$1.XXXXXX")
    PAYDAY_FOLDER=$WALK_FOLDER
    "$BUILD_SOURCE/bench/payday_accounts" 20 "$WALK_FOLDER" 1
    sed -i -E 's/^(PA-00000(07|11|12),0),open/\1,stopped/; s/^VA-0000015,[0-9]*/VA-0000015,0/' \
        "$WALK_FOLDER/bank.csv"
    walk_bank
    PAYDAY_RUN_KEYS=('send_before: 500ms' 'retry_base: 20ms')
    PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 100ms'
        'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 1s' 'later_wait: 100ms')
    export DAYBOOK_CONFIG=$WALK_FOLDER/daybook.yaml
    payday_config "$DAYBOOK_CONFIG"
    cluster_start
    cluster_psql -c "CREATE DATABASE payday" -c "CREATE ROLE app LOGIN"
    local owner=${CLUSTER_CONNINFO/dbname=postgres/dbname=payday}
    export DAYBOOK_DATABASE=${owner/user=postgres/user=app}
    walk 0 'applied' env DAYBOOK_DATABASE="$owner" "$DAYBOOK" schema apply --engine-role app
    cd "$WALK_FOLDER"
}

walk_end() {
    walk 0 'the ledger is whole' daybook verify
    walk_check_book
    expect_done
}
