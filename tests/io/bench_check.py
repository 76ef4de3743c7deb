"""Results of `daybook bench` as its readers rely on them. For bench_test.sh.

bench_check.py KIND LOOP FILE     run or sweep, closed or open; says what is wrong
bench_check.py --slower FILE OUT  the same results, half as fast
"""
import json
import sys


def expect(condition, text):
    if not condition:
        print(text)
        sys.exit(1)


def percentiles(name, marks):
    order = [marks[mark] for mark in ("p50", "p90", "p99", "p999", "max")]
    expect(all(isinstance(value, int) for value in order), f"{name}: not all integers: {marks}")
    expect(order == sorted(order) and order[-1] > 0, f"{name}: not in order: {marks}")


def check_spread(name, spread):
    least, median, most = spread["least"], spread["median"], spread["most"]
    expect(0 < least <= median <= most, f"{name}: {spread}")
    expect(min(spread["all"]) == least and max(spread["all"]) == most, f"{name}: {spread}")


def check_latencies(point, accounts):
    latencies = point["latency_ns"]
    for step in ("deposit", "collect", "payout"):
        for kind in ("response", "service"):
            percentiles(f"{step}.{kind}", latencies[step][kind])
        expect(latencies[step]["response"]["count"] % accounts == 0, f"{step}: not all counted")
    percentiles("settlement", latencies["settlement"]["response"])
    # A step is done after the one before, and the whole when its last step is.
    for mark in ("p50", "max"):
        order = [latencies[step]["response"][mark]
                 for step in ("deposit", "collect", "payout", "settlement")]
        expect(order == sorted(order), f"responses at {mark}: {order}")
    shares = point["time_share"]
    expect(abs(sum(shares.values()) - 1) < 1e-6, f"shares: {shares}")
    expect(set(shares) == {"tokens", "bank", "database", "cpu"}, f"shares: {shares}")
    expect(min(shares.values()) >= 0, f"shares: {shares}")
    within = point["time_share_within"]
    expect(within["gathering"] <= shares["database"] + 1e-9, f"gathering: {within} {shares}")
    expect(within["poll"] <= shares["tokens"] + 1e-9, f"poll: {within} {shares}")
    expect(point["trace_dropped"] == 0, "items are missing from the trace")


def check_point(point, document, is_traced):
    workload = document["workload"]
    check_spread("settlements_per_s", point["settlements_per_s"])
    check_spread("seconds", point["seconds"])
    expect(len(point["settlements_per_s"]["all"]) == workload["repeats"], "repeats are missing")
    expect(point["cpu_ns_per_settlement"]["engine"] > 0, "no CPU time of the engine")
    expect(point["memory_bytes"] > 1 << 20, f"memory {point['memory_bytes']}")
    for run in point["runs"]:
        expect(run["settled"] == run["accounts"] == workload["accounts"], f"not settled: {run}")
    if is_traced:
        check_latencies(point, workload["accounts"])
    else:
        expect("latency_ns" not in point, "latencies without a trace")


def check(kind, loop, file):
    document = json.load(open(file, encoding="utf-8"))
    expect(document["format"] == "daybook-bench" and document["version"] == 1, "format")
    expect(document["kind"] == kind, document["kind"])
    expect(document["started_at"] <= document["finished_at"], "ended before it began")
    for name in ("daybook", "cpu", "cores", "memory_bytes", "kernel", "postgres", "compiler",
                 "command"):
        expect(document["environment"][name], f"environment.{name}")
    expect(document["environment"]["fsync"] is True, "fsync is off")
    expect(document["workload"]["loop"] == loop, document["workload"])
    swept = document["swept"]
    expect((swept is None) == (kind == "run"), f"swept: {swept}")
    for point in document["points"]:
        check_point(point, document, kind == "run")
        if swept is not None:
            expect(point["value"] == point[swept], f"{swept} is not {point['value']}")
    if loop == "open":
        # Half of what was offered at the least: the last deposit lands at (accounts - 1) / rate.
        point, rate = document["points"][0], document["workload"]["rate_per_s"]
        expect(point["rate_per_s"] == rate, "the rate")
        expect(point["seconds"]["least"] >= (document["workload"]["accounts"] - 1) / rate,
               f"done in {point['seconds']}, before all deposits had landed")
    print(f"{len(document['points'])} points are as agreed")


def slow_down(file, out):
    document = json.load(open(file, encoding="utf-8"))
    for point in document["points"]:
        for run in point["runs"]:
            if "settlements_per_s" in run:
                run["settlements_per_s"] /= 2
    json.dump(document, open(out, "w", encoding="utf-8"))


if sys.argv[1] == "--slower":
    slow_down(sys.argv[2], sys.argv[3])
else:
    check(sys.argv[1], sys.argv[2], sys.argv[3])
