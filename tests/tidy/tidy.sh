# tidy.sh: what the tidy tests share. Sourced by bash.
#
# A test defines `check TREE`, which prints one line a violation and nothing where all is well, then
# calls tidy_main, and then shows with tidy_plant that the check can fail: a file with a violation
# is planted in a copy of the tree, and the check must speak of it. With tidy_alone=1 set before, the
# copy has empty folders: for checks that see a file by itself, and would go through all again.
set -euo pipefail

source_tree=${DAYBOOK_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
folders=(engine jobs sql bench tests ops .ci)

tidy_work=$(mktemp -d)
trap 'rm -rf "$tidy_work"' EXIT

# The tree's own files whose path matches the pattern (extended, against engine/core/settle.c).
tidy_files() {
    (cd "$1" && find "${folders[@]}" -type f 2>/dev/null | sort | grep -E "$2") || true
}

# All C of the tree as `path:line: code`, without comments and the insides of literals.
tidy_code() {
    (cd "$1" && find "${folders[@]}" -name '*.[ch]' -type f 2>/dev/null | sort | perl -e '
        my $literal = qr/"(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27/;
        while (my $path = <STDIN>) {
            chomp $path;
            open my $file, "<", $path or next;
            local $/;
            my $code = <$file>;
            $code =~ s{(/\*.*?\*/|//[^\n]*)|$literal}
                      {defined $1 ? join("", $1 =~ /\n/g) : "\"\""}gse;
            my $line = 0;
            print "$path:", ++$line, ": $_\n" for split /\n/, $code;
        }')
}

tidy_main() {
    local found
    found=$(check "$source_tree")
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
        exit 1
    fi
    mkdir "$tidy_work/tree"
    (
        cd "$source_tree"
        if [ -n "${tidy_alone:-}" ]; then
            mkdir "${folders[@]/#/$tidy_work/tree/}"
        else
            cp -r "${folders[@]}" "$tidy_work/tree/"
        fi
    )
    cp "$source_tree"/*.md "$source_tree/CMakeLists.txt" "$tidy_work/tree/"
}

# tidy_plant FILE TEXT EXPECTED: with TEXT added to FILE the check must print a line with EXPECTED; with
# tidy_alone=1 it is planted only, and tidy_planted looks at all of them at once.
tidy_plant() {
    local file=$tidy_work/tree/$1 kept=$tidy_work/kept
    rm -f "$kept"
    [ ! -e "$file" ] || cp "$file" "$kept"
    mkdir -p "$(dirname "$file")"
    printf '%b' "$2" >>"$file"
    tidy_expected+=("$3")
    [ -z "${tidy_alone:-}" ] || return 0
    tidy_planted
    rm -f "$file"
    [ ! -e "$kept" ] || mv "$kept" "$file"
}

tidy_expected=()
tidy_planted() {
    local said expected
    said=$(check "$tidy_work/tree")
    for expected in "${tidy_expected[@]}"; do
        if ! grep -qF -- "$expected" <<<"$said"; then
            echo "the check is blind: what was planted did not bring '$expected', but '$said'"
            exit 1
        fi
    done
    tidy_expected=()
}
