# A walkthrough: find out why one account was not paid.
set -euo pipefail
. "$DAYBOOK_SOURCE/tests/support/walk.sh"
walk_begin why

walk 0 '' daybook import acme --date 2026-03-25 --quiet accounts.csv
walk 3 'some are left' daybook run acme --date 2026-03-25
walk 0 'parked at payout, code account_stopped' daybook show acme --date 2026-03-25
walk 0 'P0000007' daybook explain P0000007
expect_said 'account_stopped'
expect_said 'acme 2026-03-25'
expect_said 'daybook amend P0000007'
# Its code is the bank's own; what daybook itself says has a page.
walk 65 'no page about' daybook help account_stopped
walk 0 'some' daybook help 3
# Another was not paid because its salary has not come; and one that was.
walk 0 'short' daybook explain P0000015
walk 0 'settled' daybook explain P0000001
walk_end
