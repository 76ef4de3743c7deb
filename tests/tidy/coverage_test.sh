# Lines and branches of base, core and wire: not below ops/lib/coverage.txt, no stale excuse; and the
# tool itself sees a line that is not run, a branch that is not taken and an excuse not needed.
set -euo pipefail
report=$DAYBOOK_SOURCE/ops/lib/coverage.pl

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A small program under gcov, as engine/core/a.c of a tree of its own; prints the report.
report_of() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/engine/core"
    printf '%b' "$1" >"$work/tree/engine/core/a.c"
    echo "core $2" >"$work/levels"
    (
        cd "$work/tree"
        gcc -O0 --coverage -fprofile-abs-path -o a engine/core/a.c && ./a &&
            gcov -b -c -t ./*.gcda 2>/dev/null
    ) | perl "$report" "$work/tree" "$work/levels"
}

expect() {
    local said status=0
    said=$(report_of "$3" "$4") || status=$?
    if [ "$status" != "$1" ] || ! grep -qF -- "$2" <<<"$said"; then
        printf 'expected exit %s and "%s", but exit %s:\n%s\n' "$1" "$2" "$status" "$said"
        exit 1
    fi
}

half='int main(int n, char **v)\n{\n    (void)v;\n    if (n > 1)\n        return 1;\n    return 0;\n}\n'
excused=${half/'return 1;'/'return 1; // uncovered: no arguments'}
excused=${excused/'    if (n'/'    // uncovered: no arguments\n    if (n'}
stale=${half/'return 0;'/'return 0; // uncovered: never'}
nowhere=${half/'{\n'/'{\n    // uncovered: nothing\n\n'}
expect 1 'engine/core/a.c:4: 1 not taken: if (n > 1)' "$half" '1000 1000'
expect 1 'engine/core/a.c:5: never run: return 1;' "$half" '1000 1000'
expect 0 'core: lines may be raised' "$half" '500 500'
expect 0 'branches 100.0 %, 2 excused' "$excused" '1000 1000'
expect 1 'the excuse is not needed any more: never' "$stale" '0 0'
expect 1 'the excuse stands where no code is' "$nowhere" '0 0'

exec "$DAYBOOK_SOURCE/ops/coverage" --folder "$DAYBOOK_BUILD/coverage"
