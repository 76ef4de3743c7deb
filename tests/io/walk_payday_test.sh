# A walkthrough: run a payday.
set -euo pipefail
. "$DAYBOOK_SOURCE/tests/support/walk.sh"
walk_begin payday

walk 0 'take over a batch' daybook --help
walk 0 '20 accounts' daybook import acme --date 2026-03-25 accounts.csv
walk 0 'look for the deposits of 20 accounts' daybook plan acme --date 2026-03-25
walk 3 'finished, some are left' daybook run acme --date 2026-03-25
expect_said 'settled                16'
expect_said 'account_stopped'

# One salary comes in the afternoon: the same command looks for it, and touches nobody else.
walk_check_book
walk_pays_in VA-0000015 9000000
walk 3 'over_deposit' daybook run acme --date 2026-03-25
expect_said 'transfer                0'
walk 0 'now settled' daybook release P0000015 --reason 'two salaries in one; the employer says yes'

walk 3 'some' daybook run acme --date 2026-03-25
expect_said 'transfer                0'
walk 0 'settled' daybook show acme --date 2026-03-25
walk 0 'run' daybook runs acme
walk 0 'the ledger is whole' daybook verify
expect_done
