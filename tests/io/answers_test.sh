# answers: what daybook tells in the morning after a payday: show, explain, runs, config show and help,
# about accounts that are settled, parked, short, pending, in doubt and blocked, in every form.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
date=2026-03-25

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-answers.XXXXXX")
finish() {
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

daybook() {
    "$DAYBOOK" "$@"
}
# expect_json EXPRESSION…: what was said last is JSON, or JSON lines (a list then), of which these hold:
# jsonpath where it begins with $ or exists, else SQL; there it is `doc`.
expect_json() {
    local doc=$SAID wanted sql=
    [ "${doc:0:3}" != '{"t' ] || doc="[$(paste -sd , <<<"$SAID")]"
    for wanted in "$@"; do
        EXPECT_COUNT=$((EXPECT_COUNT + 1))
        [[ ! $wanted =~ ^(\$|!?exists) ]] || wanted="doc @@ '$wanted'"
        sql+="SELECT \$wanted\$$wanted\$wanted\$ FROM d WHERE ($wanted) IS NOT TRUE;"
    done
    wanted=$(cluster_psql -At -d "$owner" -v doc="$doc" 2>&1 <<SQL
CREATE TEMP TABLE d AS SELECT :'doc'::jsonb AS doc;
$sql
SQL
    ) || true
    [ -z "$wanted" ] || expect_fail "not the JSON promised: $wanted"
}
of() { # TYPE COUNT: so many lines of that type
    echo "jsonb_array_length(jsonb_path_query_array(doc, '\$[*] ? (@.type == \"$1\")')) = $2"
}
account_in() { # STATE COHORT: the first account there
    cluster_psql -At -d "$owner" -c "SELECT s.account_ref FROM daybook.v_settlement s
        JOIN daybook.v_batch b USING (batch_id)
        WHERE s.state = '$1' AND b.cohort = '$2' ORDER BY s.settlement_id LIMIT 1"
}

cluster_start
cluster_psql -c "CREATE DATABASE payday" -c "CREATE ROLE app LOGIN" -c "CREATE ROLE audit LOGIN"
owner="${CLUSTER_CONNINFO/dbname=postgres/dbname=payday}"
export DAYBOOK_DATABASE="${owner/user=postgres/user=app}"
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
bank() {
    payday_bank_stop
    payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" --latency 1ms \
        --rate 5000 --burst 200 --settle 1h "$@"
    payday_config "$DAYBOOK_CONFIG"
}
"$BUILD_SOURCE/bench/payday_accounts" 66 "$PAYDAY_FOLDER" 3 100 60
PAYDAY_RUN_KEYS=('send_before: 200ms' 'retry_base: 20ms' 'resolve_wait: 600ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 50ms'
    'processing_time: 50ms' 'linger: 50ms' 'call_timeout: 1s' 'later_wait: 50ms')
head -n 61 "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/acme.csv"
# Of three each: their deposits are there, their payout accounts open.
sed -i -E 's/^(VA-00000(6[1-6])),0,/\1,3000000,/; s/^(PA-00000(6[1-6]),0),stopped/\1,open/' \
    "$PAYDAY_FOLDER/bank.csv"
sed -n '1p; 62,64p' "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/doubt.csv"
sed -n '1p; 65,67p' "$PAYDAY_FOLDER/accounts.csv" >"$PAYDAY_FOLDER/late.csv"

# ---- three paydays: a good bank, one whose answers are about something else, one that is slow ----

bank
expect 0 'applied' env DAYBOOK_DATABASE="$owner" "$DAYBOOK" schema apply --engine-role app
cluster_psql -d "$owner" -c "GRANT daybook_auditor TO audit"
for cohort in acme doubt late; do
    expect 0 'revision 1' daybook import $cohort --date $date "$PAYDAY_FOLDER/$cohort.csv"
done
expect 3 'finished, some are left' daybook run acme --date $date
bank --fault wrong_key=100%
expect 5 'some transfers are in doubt' daybook run doubt --date $date
bank --fault processing=100%
expect 3 'finished, some are left' daybook run late --date $date
payday_bank_stop
settled=$(account_in settled acme)
parked=$(account_in parked acme)
short=$(account_in short acme)
doubt=$(account_in in_doubt doubt)

# ---- show ----

expect 0 'not settled, by cause' daybook show acme --date $date
expect_said 'parked at payout, code account_stopped: deposited'
expect_said 'why   the bank refused, with this code of its own'
expect_said "daybook amend $parked"
expect_said 'short at deposit: deposited 0, at stake'
expect_said 'why   its deposit has not come, or not all of it'
expect_said "daybook run acme --date $date"
expect_said 'finished; some are short'
expect_said 'head of partition 0: chunk'
expect 0 'in_doubt at collect: deposited' daybook show doubt --date $date
expect_said 'has no definite answer'
expect_said "daybook run doubt --date $date"
expect 0 ', transfer pending: deposited' daybook show late --date $date
expect_said 'why   the bank has the transfer and has not decided'
expect 0 '' daybook show acme --date $date -o json
# What it counts is what the view shows, and the sums are those of the ledger.
expect_json '$.schema_version == 1' '$.cohort == "acme"' '$.accounts == 60' \
    '$.money.paid_minor.type() == "string"' '$.groups.size() == 2' \
    'exists($.groups[*] ? (@.state == "parked" && @.step == "payout"))' \
    'exists($.groups[*] ? (@.state == "short" && @.deposit_minor == "0"))' \
    '$.groups[*].oldest like_regex "^....-..-..T..:..:..*Z$"' \
    '$.runs[0].exit_code == 3' '$.runs[0].run_id == "1"' \
    "(SELECT jsonb_object_agg(s->>'state', s->'accounts') FROM jsonb_array_elements(doc->'states') s) =
     (SELECT jsonb_object_agg(v.state, v.accounts) FROM (SELECT state, count(*) AS accounts
          FROM daybook.v_settlement WHERE batch_id = 1 GROUP BY state) v)" \
    "(SELECT sum((s->>'deposit_minor')::bigint) FROM jsonb_array_elements(doc->'states') s) =
     (SELECT sum(deposit_minor) FROM daybook.v_settlement WHERE batch_id = 1)"
expect 0 '' daybook show acme --date $date -o jsonl
expect_json '$[0].type == "batch"' '$[0].schema_version == 1' "$(of group 2)" "$(of run 1)" \
    "$(of head 1)"
expect 0 'look for the deposits of' daybook plan acme --date $date
expect 0 '' daybook plan acme --date $date -o jsonl
expect_json '$[0].would.parked > 0' "$(of bank 1)" '$[1].configured == true'

# ---- explain ----

expect 0 "account $settled" daybook explain "$settled"
expect_said "acme $date: settled (settlement"
expect_said 'deposit found: '
expect_said 'Dr virtual / Cr payable'
expect_said 'bank mock is to move'
expect_said 'from ****'
expect_said '; key '
expect_said 'the bank did it: payout of'
expect_said 'its reference: tr_'
expect_said 'Dr payable / Cr virtual'
expect_said 'settled; '
expect_said 'in the account now, by the ledger'
expect_not_said 'VA-'
expect_not_said 'next:'
expect 0 "VA-${settled#P}" env DAYBOOK_DATABASE="${owner/user=postgres/user=audit}" \
    "$DAYBOOK" explain "$settled"
expect 0 'parked at payout, code account_stopped' daybook explain "$parked"
expect_said 'only a person can change that; its code: account_stopped'
expect_said "daybook amend $parked"
expect 0 'short at deposit' daybook explain "$short"
expect_said 'the last look of that run: no new money'
expect_said 'nothing was ever posted'
expect 0 'in_doubt at collect' daybook explain "$doubt"
expect_said ', its transfer collect.1.0 in_doubt'
expect_said "daybook run doubt --date $date"
expect_not_said 'the bank did it'
expect 0 '' daybook explain "$parked" -o json
expect_json '$.account_ref == "'"$parked"'"' '$.settlements[0].state == "parked"' \
    '$.settlements[0].settlement_id.type() == "string"' '$.events[last].state == "parked"' \
    '!exists($.events[*] ? (@.kind == "intent" && @.idem_key == null))' \
    "(SELECT sum((e->>'amount_minor')::bigint * ((e->>'debit' = 'virtual')::int
                                                 - (e->>'credit' = 'virtual')::int))
      FROM jsonb_array_elements(doc->'events') e WHERE e->>'kind' = 'entry') =
     (SELECT (b->>'balance_minor')::bigint FROM jsonb_array_elements(doc->'balances') b
      WHERE b->>'ledger_account' = 'virtual')" \
    "(SELECT jsonb_object_agg(b->>'ledger_account', (b->>'balance_minor')::bigint)
      FROM jsonb_array_elements(doc->'balances') b) =
     (SELECT jsonb_object_agg(ledger_account, balance_minor) FROM daybook.v_balance
      WHERE owner = '$parked')"
events=$(grep -c '"kind":' <<<"$SAID")
expect 0 '' daybook explain "$parked" -o jsonl
expect_json '$[0].type == "account"' "$(of settlement 1)" "$(of event "$events")"
expect 65 'leave out --cohort and --date' daybook explain "$parked" --cohort doubt
expect 65 'E6502' daybook explain nobody

# ---- the next month: who is not done is blocked, and the floor is told ----

bank
expect 0 'revision 1' daybook import acme --date 2026-04-25 "$PAYDAY_FOLDER/acme.csv"
expect 3 'their last settlement has not ended' daybook run acme --date 2026-04-25
expect 0 'blocked at deposit' daybook show acme --date 2026-04-25
expect_said "daybook explain P"
expect 0 "the account is held by acme $date" daybook explain "$parked"
expect_said 'not opened yet'
expect 0 "after acme $date; lay in the account already" daybook explain "$settled"
expect 0 'acme 2026-04-25' daybook explain "$settled" --date 2026-04-25
expect_not_said "acme $date:"

# ---- what people asked, and what became of it ----

expect 0 'superseded at closing' daybook explain "$short" --date $date
expect_said 'ended without a deposit: a newer batch looks for it'
expect 0 'park: done' daybook park "$settled" --cohort acme --date 2026-04-25 --reason 'payroll asks'
expect 65 'E6511' daybook park "$parked" --cohort acme --date $date --reason 'to be sure'
expect_said 'already_parked: it is parked already'
expect 0 ' asked: park; reason: payroll asks' daybook explain "$settled" --date 2026-04-25
expect_said ' asked (park): it was done'
expect_said 'parked for a person, code parked_by_person: a person stopped it'
expect_said "daybook release $settled --cohort acme --date 2026-04-25 --reason"
expect 0 ' asked (park): it was refused; code already_parked: it is parked already' \
    daybook explain "$parked" --date $date
expect 0 'code parked_by_person' daybook show acme --date 2026-04-25

# ---- runs ----

expect 0 'transfers are in doubt' daybook runs
expect_said 'finished; some are short'
expect 0 '' daybook runs acme --date 2026-04-25 --limit 1 -o json
expect_json '$.runs.size() == 1' '$.runs[0].settle_date == "2026-04-25"' '$.runs[0].took_ms >= 0' \
    '$.runs[0].exit_meaning != ""'
expect 0 '' daybook runs doubt --date $date -o jsonl
expect_json "$(of run 1)" '$[1].exit_code == 5'
expect 0 'no runs' daybook runs nobody

# ---- verify ----

expect 0 '' daybook verify late --date $date -o json
expect_json '$.whole == true' '$.faults == 0' '$.batches == 1' '$.heads.size() == 1' \
    '$.heads[0].hash like_regex "^[0-9a-f]{64}$"'
expect 0 '' daybook verify doubt --date $date -o jsonl
expect_json '$[0].whole == true' "$(of head 1)" '$[1].cohort == "doubt"'

# ---- codes: what is printed has its page ----

for code in $(cluster_psql -At -d "$owner" -c "SELECT DISTINCT state FROM daybook.v_settlement
    UNION SELECT state FROM daybook.v_batch UNION SELECT exit_code::text FROM daybook.v_run
    UNION SELECT state FROM daybook.v_run"); do
    expect 0 "$code (" daybook help "$code"
done
expect 65 'E6510' daybook help account_stopped # the bank's
expect 65 'did you mean `daybook help over_deposit`?' daybook help overdeposit
codes=
for words in 'show nobody --date 2026-03-25' 'explain nobody' 'run nobody --date 2026-03-25' \
    'show acme --date 2026-03-25 --database host=/nowhere' 'runs --set run.slots=x' \
    'runs --config /nowhere' 'import acme --date 2026-03-25 /dev/null' 'verify --book /dev/null/x'; do
    # shellcheck disable=SC2086
    codes+=" $(daybook $words 2>&1 | grep -oE 'error E[0-9]{4}' | cut -d ' ' -f 2 || true)"
done
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(wc -w <<<"$codes")" = 8 ] || expect_fail "not one number an error:$codes"
for code in $codes; do
    expect 0 "$code (error): " daybook help "$code"
done
expect 0 'usage: daybook explain ACCOUNT' daybook help explain

# ---- config show ----

expect 0 "$DAYBOOK_CONFIG:" env DAYBOOK_RUN_OVER=pay DAYBOOK_BANKS_MOCK_TOKEN=hidden "$DAYBOOK" \
    config show --origin --set claim.lock_wait=9s
expect_said 'DAYBOOK_RUN_OVER'
expect_said '--set'
expect_said 'profile rest-idempotency-key.yaml'
expect_not_said hidden
expect 0 '' env DAYBOOK_DATABASE=postgresql://me:hidden@host/db "$DAYBOOK" config show --origin -o jsonl
expect_not_said hidden
expect_json 'exists($[*] ? (@.key == "run.send_before" && @.value == "200ms"))'

expect_done
