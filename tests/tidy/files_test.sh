# Files: tests beside the core, READMEs, sizes, lines, words, unused queries, scripts that parse.
. "$(dirname "$0")/tidy.sh"

readme_lines_most=60
figures_lines_most=120 # bench/README.md, where every figure stands
top_readme_lines_most=120
file_lines_most=700
columns_most=100

check_tests_are_there() {
    local tree=$1 file name
    for file in $(tidy_files "$tree" '^engine/(base|core)/[^/]*\.c$'); do
        name=${file#engine/}
        [ -e "$tree/tests/unit/${name%.c}_test.c" ] ||
            echo "$file: has no test; write tests/unit/${name%.c}_test.c"
    done
}

# Every folder down to the second level that holds files says what lives in it.
check_readmes() {
    local tree=$1 folder lines most
    for folder in . $(tidy_files "$tree" '^[^.][^/]*/' | grep -oE '^[^/]+(/[^/]+)?/' | sort -u); do
        folder=${folder%/}
        if [ ! -e "$tree/$folder/README.md" ]; then
            echo "$folder: has no README.md (what lives here, what it may use, where to start)"
            continue
        fi
        most=$readme_lines_most
        [ "$folder" != . ] || most=$top_readme_lines_most
        [ "$folder" != bench ] || most=$figures_lines_most
        lines=$(wc -l <"$tree/$folder/README.md")
        [ "$lines" -le "$most" ] ||
            echo "$folder/README.md: $lines lines, at most $most; link to what is longer"
    done
}

check_sizes() {
    tidy_files "$1" '\.([ch]|sh|sql|inc|go)$' | (cd "$1" && xargs -r wc -l) |
        awk -v most="$file_lines_most" '$2 != "total" && $1 > most {
            print $2 ": " $1 " lines; it holds more than one job, split it" }'
}

# Words are put together here so that this file does not find itself.
marks='TO''DO|FIX''ME|XX''X|HA''CK|not impl''emented|unimpl''emented'
words=('white''list=allow-list' 'black''list=deny-list' 'san''ity check=say what is checked')
paths='/(ho''me|wo''rk|mn''t|Use''rs)/'
scripts='^ops/[a-z]+$|^bench/[a-z_]+$|^\.ci/run$' # in bash, without an ending
task='\b(iss''ue|tick''et|sess''ion) #?[0-9]+\b'

check_text() {
    local tree=$1 files pair
    mapfile -t files < <(tidy_files "$tree" "\.(c|h|inc|go|sh|pl|sql|md|yaml|yml|csv|txt)\$|$scripts")
    files+=(README.md CMakeLists.txt)
    (
        cd "$tree"
        grep -nHE '[[:space:]]+$' "${files[@]}" | sed 's/:[^:]*$/: ends in white space/'
        grep -nHE "\b($marks)\b" "${files[@]}" | sed 's/$/   (do it, or leave it out)/'
        for pair in "${words[@]}"; do
            grep -nHiE "\b${pair%%=*}" "${files[@]}" | sed "s/\$/   (instead: ${pair#*=})/"
        done
        grep -nHE "$paths" "${files[@]}" | sed 's/$/   (a path of one machine)/'
        grep -nHiE "$task" "${files[@]}" | sed 's/$/   (the text must stand by itself)/'
        perl -CSD -ne '
            print "$ARGV: does not end with a new line\n" if eof && !/\n\z/;
            chomp;
            print "$ARGV:$.: tabs; indent by spaces\n" if /\t/ && $ARGV =~ /\.[ch]$/;
            print "$ARGV:$.: ", length, " columns, at most '$columns_most'\n"
                if length > '$columns_most' && $ARGV =~ /\.(c|h|inc|go)$/;
            print "$ARGV:$.: a carriage return\n" if /\r/ && $ARGV !~ /\.csv$/;
            close ARGV if eof;' "${files[@]}"
    ) || true
}

check_guards() {
    (cd "$1" && tidy_files . '^(engine|jobs)/.*\.h$' | xargs -r perl -ne '
        if ($. == 1) {
            $guard = uc $ARGV =~ s{^engine/}{}r;
            $guard =~ s/[^A-Z0-9]/_/g;
            $there = 0;
        }
        $there ||= $_ eq "#ifndef DAYBOOK_$guard\n";
        if (eof) {
            print "$ARGV: its guard is not DAYBOOK_$guard\n" unless $there;
            close ARGV;
        }')
}

check_queries() {
    local tree=$1
    comm -23 <(tidy_files "$tree" '^sql/queries/.*\.sql$' |
        sed 's|^sql/queries/\(.*\)\.sql$|sql_\1|' | sort) \
        <(cd "$tree" && grep -rohE --include='*.[ch]' '\bsql_[a-z0-9_]+\b' engine jobs | sort -u) |
        sed 's|^sql_\(.*\)|sql/queries/\1.sql: nothing uses sql_\1|'
}

check_scripts() {
    local tree=$1 file said
    for file in $(tidy_files "$tree" "\.sh\$|$scripts"); do
        said=$(bash -n "$tree/$file" 2>&1) || echo "$file: $said"
    done
}

check() {
    check_tests_are_there "$1"
    check_readmes "$1"
    check_sizes "$1"
    check_text "$1"
    check_guards "$1"
    check_queries "$1"
    check_scripts "$1"
}

# Reported, not enforced.
report() {
    (
        cd "$source_tree"
        echo "longest files:"
        tidy_files . '\.[ch]$' | xargs -r wc -l | grep -v ' total$' | sort -rn | sed -n 1,5p
        if command -v clang-format >/dev/null; then
            echo "not as clang-format would have them:"
            tidy_files . '\.[ch]$' | xargs -r clang-format --dry-run 2>&1 |
                grep -oE '^[^:]+\.[ch]:' | sort | uniq -c | sed -n 1,20p || true
        fi
    )
}

report
tidy_alone=1
tidy_main
tidy_plant engine/core/planted.c 'int planted;\n' 'engine/core/planted.c: has no test'
tidy_plant engine/planted/planted.c 'int planted;\n' 'engine/planted: has no README.md'
tidy_plant tests/README.md "$(printf 'x\\n%.0s' $(seq 70))" 'tests/README.md: 70 lines'
tidy_plant jobs/long.c "$(printf '\\n%.0s' $(seq 701))" 'jobs/long.c: 701 lines'
tidy_plant jobs/space.c 'int a; \n' 'jobs/space.c:1: ends in white space'
tidy_plant jobs/mark.c "// TO""DO\n" 'TO''DO   (do it, or leave it out'
tidy_plant bench/peers/go/mark.go "// TO""DO\n" 'bench/peers/go/mark.go:1'
tidy_plant jobs/word.c "// the white""list\n" 'allow-list'
tidy_plant ops/README.md "see /ho""me/me\n" 'a path of one machine'
tidy_plant sql/README.md "see iss""ue 7\n" 'must stand by itself'
tidy_plant jobs/wide.c "//$(printf 'x%.0s' $(seq 99))\n" 'jobs/wide.c:1: 101 columns'
tidy_plant jobs/tab.c '\tint a;\n' 'jobs/tab.c:1: tabs'
tidy_plant jobs/return.c 'int a;\r\n' 'jobs/return.c:1: a carriage return'
tidy_plant jobs/end.c 'int a;' 'jobs/end.c: does not end with a new line'
tidy_plant jobs/planted.h '#ifndef OTHER_H\n' 'its guard is not DAYBOOK_JOBS_PLANTED_H'
tidy_plant sql/queries/planted.sql 'SELECT 1\n' 'nothing uses sql_planted'
tidy_plant ops/lib/planted.sh 'if then\n' 'ops/lib/planted.sh:'
tidy_plant ops/fuzz 'if then\n' 'ops/fuzz:'
tidy_plant ops/coverage 'true \n' 'ops/coverage:1: ends in white space'
tidy_planted
