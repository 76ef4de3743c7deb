# report: `daybook bench report` makes a page that loads nothing and is whole, says in one line what the
# page says, and refuses what is no results file.
set -euo pipefail
source=${DAYBOOK_SOURCE:?}
DAYBOOK=${DAYBOOK_BUILD:?}/daybook
. "$source/tests/support/expect.sh"
unset "${!DAYBOOK_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/daybook-report.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
check() { python3 "$source/tests/io/report_check.py" "$@"; }
for kind in sweep run lanes held sparse hostile; do
    python3 "$source/tests/io/report_results.py" $kind >$kind.json
done

# ---- the verdict ----

report() { "$DAYBOOK" bench report "$@"; }
expect 0 '50,000 accounts finish at 02:06:16, p90 02:06:2' report sweep.json --out sweep.html --start 02:00 \
    --deadline 02:12 --rate 400
expect_said 'limit: bank rate 400/s; next: CPU at 9,4'
expect 0 'limit: CPU at 9,4' report sweep.json --out free.html
expect 0 'limit: 4 calls in flight at 9' report sweep.json --out few.html --connections 4
expect 0 'p90 not known; limit: CPU at 9,473 settlements/s; next: database at 29,851' \
    report run.json --out run.html
expect 0 'limit: 256 calls in flight at 2,844 settlements/s' \
    report sweep.json lanes.json --out both.html --latency 30ms
expect 0 'limit: bank rate 400/s; next: not measured' report held.json --out held.html
expect 0 'these results hold no throughput' report sparse.json --accounts 7 --out sparse.html
expect 0 'limit: bank rate 400/s' report hostile.json --out hostile.html --rate 400 --rate 50 --rate 0
expect 0 '1,000,000,000 accounts finish at' report sweep.json --accounts 1_000_000_000 --rate 1 \
    --start 23:59 --out large.html

# ---- the pages ----

expect 0 '9 pages are well' check ./*.html
has() { expect 0 '' grep -qF -- "$2" "$1"; }
hasnt() { expect 1 '' grep -qF -- "$2" "$1"; }
has sweep.html 'Fits: p90 is 5 min 3'
has sweep.html 'Throughput rises up to the knee at 212 calls in flight'
has sweep.html 'aria-labelledby="throughput-0-title throughput-0-desc"'
has sweep.html 'aria-labelledby="forecast-title forecast-desc"'
has sweep.html 'daybook bench sweep --over concurrency --values 1,2,4'
has run.html 'No curve: it takes at least three concurrencies'
has run.html 'p90 is not known'
has held.html '4 of 4 points were left out'
has both.html '<h3>lanes.json</h3>'
has both.html 'Throughput over lanes'
has sparse.html 'Not measured in these results.'
has hostile.html '&lt;script&gt;alert(1)'
hasnt hostile.html '<script'
# The same results, the same page.
report sweep.json --out again.html --start 02:00 --deadline 02:12 --rate 400 >/dev/null
expect 0 '' cmp sweep.html again.html
# A deadline that is missed, and one that may be.
report sweep.json --out late.html --start 02:00 --deadline 02:05 --rate 400 >/dev/null
has late.html 'Does not fit: it ends 1 min 16 s after the deadline, 02:05.'
report run.json --out unsure.html --start 23:00 --deadline 01:00 >/dev/null
has unsure.html 'Not sure to fit'
# MessagePack is read, too: the smallest one there is, and not what its bytes cannot hold.
printf '\x85\xa6format\xaddaybook-bench\xa7version\x01\xabenvironment\x80\xa8workload\x81\xa8accounts\x07\xa6points\x91\x80' \
    >small.msgpack
expect 0 'How long 7 accounts take is not known' report small.msgpack --out small.html

# ---- each rule of the check can fail ----

plant() { # plant SED EXPECTED: in a good page
    sed "$1" sweep.html >planted.html
    expect 1 "$2" check planted.html
}
plant 's|<h1>|<h1><script>x()</script>|' '<script>'
plant 's|</h1>||' 'closes'
plant '0,/<desc[^>]*>[^<]*/s|\(<desc[^>]*>\)[^<]*|\1|' 'a drawing without desc'
plant '0,/role="img"/s|role="img"||' 'a drawing without role'
plant 's|throughput-0-title">|other">|' 'nothing has the id throughput-0-title'
plant '0,/<td>/s|<td>|<td></td><td>|' 'a row of'
plant 's|<body>|<body><p onclick="x()">|' 'has onclick'
plant 's|^</style>|p{background:url(x)}</style>|' 'the style sheet names something outside'
plant '0,/x1="[0-9.]*"/s||x1="nan"|' 'is no number'
plant '0,/<caption>[^<]*/s||<caption>|' 'a table without caption'

# ---- what is no results file ----

refused() { # refused TEXT EXPECTED
    printf '%s' "$1" >bad.json
    expect 65 "$2" report bad.json --out bad.html
    expect 1 '' test -e bad.html
}
head='"format": "daybook-bench", "version": 1, "environment": {}, "workload": {"accounts": 5}'
refused '' 'bad.json:1:0'
refused "{$head, \"points\": [{}]" 'bad.json:1:'
refused '{"format": "other"}' 'bad.json: not results of `daybook bench`'
refused "{$head, \"points\": []}" 'bad.json: holds no point'
refused "{$head, \"points\": [{}, {\"settlements_per_s\": -1}]}" \
    'bad.json: points[1].settlements_per_s: -1 is out of range'
refused "{$head, \"points\": [{\"latency_ns\": {\"payout\": {\"service\": {\"p99\": \"1ms\"}}}}]}" \
    'bad.json: points[0].latency_ns.payout.service.p99: not a number'
expect 65 'No such file' report none.json --out bad.html
expect 65 'points[1].concurrency: not a number' \
    report sweep.json <(sed 's/"concurrency": 2,/"concurrency": [],/' sweep.json) --out bad.html
expect 64 'add --accounts N' report sparse.json --out bad.html
expect 64 'add --start' report sweep.json --deadline 03:00 --out bad.html
expect 64 'missing' report sweep.json
expect 75 'no/such/folder' report sweep.json --out no/such/folder/page.html
# What was there stays where a page cannot be made.
echo kept >kept.html
expect 65 '' report none.json --out kept.html
expect 0 kept cat kept.html

# ---- an HTML checker, where there is one ----

if command -v tidy >/dev/null; then
    # It knows no SVG attributes; all else must be to its liking.
    for page in sweep.html run.html both.html hostile.html; do
        EXPECT_COUNT=$((EXPECT_COUNT + 1))
        SAID=$(tidy -e -q "$page" 2>&1 | grep -v 'proprietary attribute' || true)
        [ -z "$SAID" ] || expect_fail "tidy complains of $page"
    done
fi

expect_done
