# What daybook does for what a peer does: run by run, then the median of the runs. Reads rows of
# bench/payday: run, program, settlements a second, µs of engine, bank and Postgres.

$2 == "daybook" { rate[$1] = $3; cpu[$1] = $4; postgres[$1] = $6; runs = $1 }
$2 !~ /^daybook/ {
    if (!($2 in is_peer)) { is_peer[$2] = 1; peers[++peer_count] = $2 }
    peer_rate[$2, $1] = $3; peer_cpu[$2, $1] = $4; peer_postgres[$2, $1] = $6
}
function median(values, count,    i, j, kept) {
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
            kept = values[j]; values[j] = values[j - 1]; values[j - 1] = kept
        }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}
function part(own, other) { return other > 0 ? own / other : 0 }
function line(name, peer, a, b, c) {
    printf "%-3s  daybook / %-11s  %12.2f  %9.2f  %13.2f\n", name, peer, a, b, c
}
END {
    for (p = 1; p <= peer_count; p++) {
        for (r = 1; r <= runs; r++) {
            x[r] = part(rate[r], peer_rate[peers[p], r])
            y[r] = part(cpu[r], peer_cpu[peers[p], r])
            z[r] = part(postgres[r], peer_postgres[peers[p], r])
            line(r, peers[p], x[r], y[r], z[r])
        }
        line("mid", peers[p], median(x, runs), median(y, runs), median(z, runs))
    }
}
