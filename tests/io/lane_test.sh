# The bank connections against a bank that misbehaves by script, on real sockets.
set -eu
exec "$DAYBOOK_BUILD/tests/io_lane_driver" "$DAYBOOK_SOURCE/ops/banks/rest-idempotency-key.yaml"
