# A walkthrough: correct a stopped payout account, and rerun it.
set -euo pipefail
. "$DAYBOOK_SOURCE/tests/support/walk.sh"
walk_begin correct

walk 0 '' daybook import acme --date 2026-03-25 --quiet accounts.csv
walk 3 'account_stopped' daybook run acme --date 2026-03-25
walk 0 'amend: done' daybook amend P0000007 --payout-account PA-0000020 \
    --reason 'a new account, told by phone and called back'
echo 'P0000007' >just.csv
walk 0 '1 to rerun' daybook rerun acme --date 2026-03-25 --accounts just.csv --dry-run \
    --reason 'has a new account'
walk 3 'some are left' daybook rerun acme --date 2026-03-25 --accounts just.csv \
    --reason 'has a new account'
expect_said 'transfer                1'
walk 0 'a new account, told by phone and called back' daybook explain P0000007
expect_said 'settled'
walk 0 'nothing to rerun' daybook rerun acme --date 2026-03-25 --accounts just.csv \
    --reason 'has a new account'
walk_end
