# The bank connections against a bank that misbehaves by script, on real sockets; by io_uring, and by
# epoll.
set -eu
for io in uring epoll; do
    "$DAYBOOK_BUILD/tests/io_lane_driver" "$io" "$DAYBOOK_SOURCE/ops/banks/rest-idempotency-key.yaml"
done
