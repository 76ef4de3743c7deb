# setup: what a person is given to set daybook up. bash completes for real; man is content with the page;
# what the runbook tells to type exists; init writes a configuration once.
set -euo pipefail
source=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$source/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/daybook-setup.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# ---- completion, by a bash at a terminal of its own ----

"$DAYBOOK" completion bash >"$work/daybook.bash"
touch "$work/list-of-hr.csv"
# Each row: what is typed ($ is the tabulator), and the words that must come of it.
cat >"$work/rows" <<'END'
daybook pla$x|plan x
daybook sche$ap$|schema apply
daybook run acme --da$|run acme --dat
daybook run acme --dea$18:00|run acme --deadline 18:00
daybook run acme --date tod$|run acme --date today
daybook run acme -o j$|run acme -o json
daybook run acme --output=j$|run acme --output=json
daybook run acme --set run.sl$9|run acme --set run.slots=9
daybook import acme WORK/list-o$|import acme WORK/list-of-hr.csv
daybook completion z$|completion zsh
daybook trace --kind x WORK/li$|trace --kind x WORK/list-of-hr.csv
daybook schema apply --eng$payday|schema apply --engine-role payday
END
sed -i "s|WORK|$work|g" "$work/rows"
{
    printf '%s\n' "PS1= PS2= PROMPT_COMMAND=" "bind 'set bell-style none'" ". '$work/daybook.bash'" \
        'daybook() { printf "<%s>\n" "$*" >>said; }'
    cut -d '|' -f 1 "$work/rows" | tr '$' '\t'
    echo exit
} >"$work/typed"
# A terminal takes what is typed when it is ready for it: readline must not be told before it reads.
(cd "$work" && TERM=dumb HOME=$work script -qec 'bash --norc --noprofile -i' /dev/null <typed >shown 2>&1) || true
cut -d '|' -f 2 "$work/rows" | sed 's/.*/<&>/' >"$work/wanted"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
SAID=$(diff "$work/wanted" "$work/said") || expect_fail 'bash completes otherwise (> is what came)'
expect 64 'bash and zsh are' "$DAYBOOK" completion fish
"$DAYBOOK" completion zsh >"$work/_daybook"
! command -v zsh >/dev/null || expect 0 '' zsh -n "$work/_daybook"

# ---- the man page ----

"$DAYBOOK" manual >"$work/daybook.1"
expect 0 '' mandoc -T lint -W style "$work/daybook.1"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ -z "$SAID" ] || expect_fail 'mandoc complains of the page'
expect 0 'pooled' mandoc -T utf8 "$work/daybook.1"
# … and the check can fail.
sed 's/^\.SH NAME/.SX NAME/' "$work/daybook.1" >"$work/wrong.1"
expect 3 'unknown macro' mandoc -T lint -W style "$work/wrong.1"

# ---- the runbook ----

runbook=$source/ops/runbook.md
for code in 3 4 5 11 69 70 75 77 78; do
    expect 0 '' grep -qE "^## Exit $code: " "$runbook"
done
# Links lead to headings.
for link in $(grep -oE '\]\(#[^)]*\)' "$runbook" | sed 's/^](#//; s/)$//' | sort -u); do
    grep -E '^##? ' "$runbook" | sed 's/^#* //' | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9 -]//g; s/ /-/g' | grep -qxF "$link" || expect_fail "no heading $link"
done
# Every command and option that it tells to type.
check_commands() {
    # Spans in backquotes, and indented lines; a span may go on in the next line.
    perl -0777 -ne '
        print "$1\n" while /`(daybook [^`]*)`/g;
        print "$1\n" while /^ {4,}(daybook [^#\n]*)/mg;' "$1" | tr -s '\n ' ' ' |
        sed 's/ daybook /\ndaybook /g'
}
check_commands "$runbook" >"$work/commands"
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(grep -c . "$work/commands")" -gt 40 ] || expect_fail 'the runbook tells hardly anything to type'
while read -r _ command more; do
    case $command in
    --*) continue ;; # of the program, not of a command
    schema | config) command="$command ${more%% *}" ;;
    esac
    EXPECT_COUNT=$((EXPECT_COUNT + 1))
    # shellcheck disable=SC2086 # two words where the command has two
    SAID=$("$DAYBOOK" $command --help 2>&1) || expect_fail "the runbook: daybook $command"
    for option in $(grep -oE -- '--[a-z-]+' <<<"$more"); do
        grep -qE -- "  $option( |\$)|, $option( |\$)" <<<"$SAID" ||
            expect_fail "the runbook: daybook $command has no $option"
    done
done <"$work/commands"

# ---- init ----

expect 0 'daybook doctor --config' "$DAYBOOK" init "$work/daybook.yaml"
cp "$work/daybook.yaml" "$work/before"
expect 78 'this one is left as it is' "$DAYBOOK" init "$work/daybook.yaml"
expect 0 '' diff "$work/before" "$work/daybook.yaml"
expect 77 'where you may write' "$DAYBOOK" init "$work/none/daybook.yaml"
expect 78 'unknown key run.slotz' "$DAYBOOK" run acme --date 2026-03-25 --config "$work/daybook.yaml" \
    --set run.slotz=1
EXPECT_COUNT=$((EXPECT_COUNT + 1))
[ "$(grep -vc '^hint:\|E7802' <<<"$SAID")" = 1 ] || expect_fail 'what init wrote is no configuration'
expect_done
