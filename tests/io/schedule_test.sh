# schedule: what cron, systemd and Kubernetes are given is well-formed and agrees on every exit code;
# the cron lines are carried out as cron would; a missed payday is named; and a payday passes through
# the system calls that the unit's filter and the container's profile leave.
set -euo pipefail
BUILD_SOURCE=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
build=$DAYBOOK_BUILD
. "$BUILD_SOURCE/ops/lib/cluster.sh"
. "$BUILD_SOURCE/ops/lib/payday.sh"
. "$BUILD_SOURCE/tests/support/expect.sh"
unset "${!DAYBOOK_@}"
ops=$BUILD_SOURCE/ops

PAYDAY_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/daybook-schedule.XXXXXX")
engine=
finish() {
    [ -z "$engine" ] || kill -KILL "$engine" 2>/dev/null || true
    payday_bank_stop
    cluster_stop
    rm -rf "$PAYDAY_FOLDER"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- systemd ----

# As it is installed, but for the program's place: verify wants one that is there.
units=$PAYDAY_FOLDER/units
mkdir -p "$units/daybook@.service.d"
sed "s|/usr/bin/daybook|$DAYBOOK|" "$ops/systemd/daybook@.service" >"$units/daybook@.service"
cp "$ops/systemd/daybook@.timer" "$units/"
verify() {
    SYSTEMD_UNIT_PATH=$units: systemd-analyze verify --man=no "$units/daybook@acme.$1"
}
expect 0 '' verify service
[ -z "$SAID" ] || expect_fail 'systemd complains of the service'
expect 0 '' verify timer
[ -z "$SAID" ] || expect_fail 'systemd complains of the timer'
cp "$ops/systemd/secrets.conf" "$units/daybook@.service.d/"
expect 0 '' verify service
[ -z "$SAID" ] || expect_fail 'systemd complains of the secrets'
expect 0 'LoadCredential' cat "$units/daybook@.service.d/secrets.conf"
# Of 10.0 for no protection at all; in tenths.
expect 0 'Overall exposure level' systemd-analyze security --offline=yes --threshold=18 --no-pager \
    "$units/daybook@.service"
# The check can fail.
sed '/^ProtectSystem=\|^SystemCallFilter=/d' "$units/daybook@.service" >"$units/bare@.service"
expect 1 'Overall exposure level' systemd-analyze security --offline=yes --threshold=18 --no-pager \
    "$units/bare@.service"
rm "$units/bare@.service"
sed '/^Type=/a RestartForceExitStatus=75' "$units/daybook@.service" >"$units/wrong@.service"
[ "$(systemctl --version | awk 'NR == 1 { print $2 }')" -gt 252 ] ||
    expect 1 'Refusing' env SYSTEMD_UNIT_PATH="$units": systemd-analyze verify --man=no \
        "$units/wrong@acme.service"
rm "$units/wrong@.service"

# ---- Kubernetes, and one word for each exit code ----

python=python3
"$python" -c 'import yaml' 2>/dev/null || python=/usr/bin/python3
# 99 answers a planner, and ends no run.
codes=$(sed -n '/= 99,/d; s/^    JOB_[A-Z_]* = \([0-9]*\),.*/\1/p' "$BUILD_SOURCE/jobs/job.h" | tr '\n' ' ')
expect 0 'agree on 12 exit codes' "$python" "$BUILD_SOURCE/tests/io/schedule_check.py" \
    "$ops" "$units/daybook@.service" $codes
# … and it can fail.
cp -r "$ops/kubernetes" "$PAYDAY_FOLDER/"
sed -i 's/values: \[3, 4,/values: [3,/' "$PAYDAY_FOLDER/kubernetes/cronjob.yaml"
cp -r "$ops/systemd" "$PAYDAY_FOLDER/"
expect 1 'exit code 4' "$python" "$BUILD_SOURCE/tests/io/schedule_check.py" "$PAYDAY_FOLDER" \
    "$units/daybook@.service" $codes

# ---- cron ----

cluster_start
export DAYBOOK_DATABASE=$CLUSTER_CONNINFO
export DAYBOOK_CONFIG=$PAYDAY_FOLDER/daybook.yaml
"$BUILD_SOURCE/bench/payday_accounts" 60 "$PAYDAY_FOLDER" 3 0 0
# This one's deposit never comes.
sed -i '/^VA-0*40,/s/,[0-9]*,open/,0,open/' "$PAYDAY_FOLDER/bank.csv"
grep -q '^VA-0*40,0,open' "$PAYDAY_FOLDER/bank.csv"
payday_bank --accounts "$PAYDAY_FOLDER/bank.csv" --log "$PAYDAY_FOLDER/receipts" --latency 2ms
PAYDAY_RUN_KEYS=('send_before: 1s' 'retry_base: 50ms')
PAYDAY_BANK_KEYS=('rate: 5000' 'burst: 100' 'calls: 64' 'poll_interval: 100ms'
    'processing_time: 100ms' 'linger: 100ms' 'call_timeout: 1s' 'later_wait: 100ms')
PAYDAY_CLAIM_KEYS=('heartbeat: 50ms' 'stale_after: 300ms')
payday_config "$DAYBOOK_CONFIG"
# Where it is morning, because a cron line has a deadline in the evening; and where it is another day.
if [ $((10#$(date -u +%H))) -lt 12 ]; then
    here=Etc/UTC elsewhere=Etc/GMT+12
else
    here=Etc/GMT+12 elsewhere=Etc/GMT-14
fi
sed -i "1i time_zone: $here" "$DAYBOOK_CONFIG"
"$DAYBOOK" schema apply >/dev/null
day() {
    cluster_psql -At -c "SELECT (now() AT TIME ZONE '$here')::date - $1"
}
rows() { # FROM TO: these accounts of accounts.csv
    sed -n "1p;$(($1 + 1)),$(($2 + 1))p" "$PAYDAY_FOLDER/accounts.csv"
}
import() { # COHORT DATE FROM TO
    rows "$3" "$4" | "$DAYBOOK" import "$1" --date "$2" --quiet -
}
today=$(day 0)

mapfile -t lines < <(grep -vE '^(#|[A-Z]+=|$)' "$ops/cron.d/daybook")
cron() { # LINE COHORT: the command of a line, as cron carries it out
    local command
    command=$(awk '{ $1 = $2 = $3 = $4 = $5 = $6 = ""; print }' <<<"${lines[$1]}")
    env PATH="$build:$PATH" sh -c "${command/ acme / $2 }"
}
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "${#lines[@]}" = 2 ] || expect_fail 'the cron file has other lines than this test knows'
for line in "${lines[@]}"; do
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    grep -qE '^([0-9*/,-]+ +){5}daybook +daybook run acme [^%]*$' <<<"$line" || expect_fail "cron line: $line"
done
one_line() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ "$(grep -c '' <<<"$SAID")" = 1 ] || expect_fail "not one line"
}
nothing() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    [ -z "$SAID" ] || expect_fail 'a success that says something'
}

expect 0 '' cron 0 acme # nothing is planned
nothing
expect 65 "there is no batch acme $today; hint: " "$DAYBOOK" run acme --date today --quiet
one_line
import acme "$today" 1 20
import late "$today" 21 40
expect 0 '' cron 0 acme
nothing
expect 0 "acme $today: nothing to do" "$DAYBOOK" run acme --date today
expect 3 "late $today: finished, some are left: 19 of 20 settled, 1 short; hint: \`daybook show late --date $today\`; exit code 3" \
    cron 1 late
one_line
expect 69 'exit code 69' env DAYBOOK_DATABASE="host=$PAYDAY_FOLDER dbname=x user=x" \
    "$DAYBOOK" run late --date today --quiet
one_line
expect 78 'did you mean run.slots?; exit code 78' "$DAYBOOK" run late --date today -q --set run.slotz=1
one_line

expect 0 "$today" "$DAYBOOK" plan acme --date today
expect 65 'there is no batch acme' "$DAYBOOK" plan acme --date today --set time_zone=$elsewhere
expect 65 "there is no batch acme $(day 1)" "$DAYBOOK" show acme --date yesterday
expect 64 'is not a date' "$DAYBOOK" import acme --date today "$PAYDAY_FOLDER/accounts.csv"

# ---- a missed payday ----

import acme "$(day 30)" 51 55
import beta "$(day 3)" 56 60
import acme "$(day -3)" 1 2 # yet to come
expect 0 "daybook: missed payday: acme $(day 30) was never run; to make up for it: daybook run acme --date $(day 30)" \
    cron 0 acme
expect_said "missed payday: beta $(day 3) was never run"
expect_not_said "$(day -3)"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(grep -c '' <<<"$SAID")" = 2 ] && grep -q acme <<<"${SAID%%$'\n'*}" ||
    expect_fail 'not two lines with the own cohort first'
# It is not told of itself, and not once it was run, whatever is left of it.
"$DAYBOOK" run beta --date "$(day 3)" --set banks.mock.rate=1 --set banks.mock.burst=1 \
    --set run.chunk_delay=1ms --set claim.stale_after=30s >/dev/null 2>"$PAYDAY_FOLDER/beta.err" &
engine=$!
reaches() {
    local try
    for try in $(seq 1 400); do
        [ "$(cluster_psql -At -c "$1")" != "$2" ] || return 0
        sleep 0.025
    done
    expect_fail "waited in vain: $1"
}
of_beta="FROM daybook.run r JOIN daybook.batch b USING (batch_id) WHERE b.cohort = 'beta'"
reaches "SELECT count(*) $of_beta" 1
export DAYBOOK_CLAIM_STALE_AFTER=30s
expect 0 '' cron 0 acme
expect_not_said 'beta' # it runs
unset DAYBOOK_CLAIM_STALE_AFTER
EXPECT_COUNT=$((EXPECT_COUNT + 1))
! grep -q "payday: beta" "$PAYDAY_FOLDER/beta.err" || expect_fail 'told of itself'
kill -KILL "$engine"
wait "$engine" 2>/dev/null || true
engine=
reaches "SELECT bool_and(r.heartbeat_at < clock_timestamp() - interval '300 ms') $of_beta" t
expect 0 "missed payday: beta $(day 3) its last run died" cron 0 acme
expect 0 'all settled' "$DAYBOOK" run beta --date "$(day 3)"
expect 0 '' cron 0 acme
expect_not_said 'beta'

# ---- a payday through the filters ----

filtered() { # PROFILE ARGS…
    "$build/tests/io_seccomp_driver" profile "$1" -- "$DAYBOOK" "${@:2}"
}
"$python" "$BUILD_SOURCE/tests/io/schedule_check.py" --filter "$units/daybook@.service" \
    >"$PAYDAY_FOLDER/unit.json"
"$python" "$BUILD_SOURCE/tests/io/schedule_check.py" --config "$ops" >"$PAYDAY_FOLDER/map.yaml"
expect 78 'did you mean run.slots?' "$DAYBOOK" run acme --date today --set run.slotz=1 \
    --config "$PAYDAY_FOLDER/map.yaml"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(grep -vc '^hint:\|E7802' <<<"$SAID")" = 1 ] || expect_fail 'the ConfigMap is no configuration'
number=0
for profile in "$PAYDAY_FOLDER/unit.json" "$ops/kubernetes/seccomp.json"; do
    number=$((number + 1))
    import "filtered$number" "$today" $((5 * number + 36)) $((5 * number + 40))
    expect 0 'all settled' filtered "$profile" run "filtered$number" --date today
done
expect_done
