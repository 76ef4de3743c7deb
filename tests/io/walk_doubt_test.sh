# A walkthrough: resolve one transfer in doubt.
set -euo pipefail
. "$DAYBOOK_SOURCE/tests/support/walk.sh"
walk_begin doubt

walk 0 '' daybook import acme --date 2026-03-25 --quiet accounts.csv
# Today the bank does what it is told, but breaks every connection, and finds nothing for an hour.
walk_bank --fault lost_after=100% --fault lagging=100% --lag 1h
walk 5 'in doubt' daybook run acme --date 2026-03-25 --set run.resolve_wait=3s
# Until its time to be sent is over, a transfer still counts as under way.
walk_until 'in_doubt' daybook show acme --date 2026-03-25
walk 0 'collect' daybook explain P0000001
walk_bank
# Whoever says that it was not paid is refused: the bank can be asked again, and has it.
walk 65 'bank_has_paid' daybook resolve P0000001 not-paid --reason 'I think it was lost'
walk 0 'now settled' daybook resolve P0000001 paid --bank-ref tr_1 --reason 'seen in the bank book'
walk 0 'seen in the bank book' daybook explain P0000001
walk 3 'some are left' daybook run acme --date 2026-03-25
walk_end
