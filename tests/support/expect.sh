# expect.sh: what a command must say and how it must end. Sourced by bash.
#
#   expect CODE TEXT COMMAND…   runs it; its exit code must be CODE and its output (both kinds, kept
#                               in $SAID) must hold TEXT ("" for any). A failure is told and counted.
#   expect_said TEXT            the same output must hold this, too
#   expect_not_said TEXT        … or must not
#   expect_done                 ends the script: 1 when anything failed

SAID=
EXPECT_COUNT=0
EXPECT_FAILED=0

expect_fail() {
    EXPECT_FAILED=$((EXPECT_FAILED + 1))
    printf '%s\n' "FAILED: $1" "it said:" "$SAID" >&2
}

expect() {
    local wanted=$1 text=$2 code=0
    shift 2
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    SAID=$("$@" 2>&1) || code=$?
    if [ "$code" != "$wanted" ]; then
        expect_fail "exit $code instead of $wanted: $*"
    elif [ -n "$text" ] && ! grep -qF -- "$text" <<<"$SAID"; then
        expect_fail "did not say \"$text\": $*"
    fi
}

expect_said() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    grep -qF -- "$1" <<<"$SAID" || expect_fail "did not say \"$1\""
}

expect_not_said() {
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    ! grep -qF -- "$1" <<<"$SAID" || expect_fail "said \"$1\""
}

expect_done() {
    echo "$EXPECT_COUNT expectations, $EXPECT_FAILED failed"
    [ "$EXPECT_FAILED" = 0 ] || exit 1
    exit 0
}
