# A walkthrough: rerun all with one cause.
set -euo pipefail
. "$DAYBOOK_SOURCE/tests/support/walk.sh"
walk_begin cause

walk 0 '' daybook import acme --date 2026-03-25 --quiet accounts.csv
walk 3 'account_stopped' daybook run acme --date 2026-03-25
walk 0 'park: done' daybook park P0000015 --reason 'left the company'
walk 0 '3 parked at payout, code account_stopped' daybook show acme --date 2026-03-25
expect_said 'then rerun'
walk_bank_opens PA-0000007 PA-0000011 PA-0000012
walk 3 'some are left' daybook rerun acme --date 2026-03-25 --code account_stopped \
    --reason 'the bank has opened them'
expect_said 'transfer                3'
# Who is parked for another cause was left alone.
walk 0 'parked_by_person' daybook show acme --date 2026-03-25
walk 0 'now written_off' daybook write-off P0000015 --reason 'left the company'
walk 0 'rerun' daybook runs acme
expect_said 'the bank has opened them'
walk_end
