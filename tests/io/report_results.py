# report_results.py KIND: prints a results file of `daybook bench`, made by formula.
#
# KIND: sweep (over concurrency, three repeats), run (one point, without repeats), lanes, held (the
# bank's rate held every point), sparse (nothing but what must be there), hostile (texts that would
# break out of HTML).
import json
import math
import sys


def law(n, lam=260.0, sigma=0.018, kappa=2.2e-5):
    return lam * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def marks(p50):
    times = {"p50": 1, "p90": 1.7, "p99": 3.1, "p999": 5.5, "max": 9.8}
    return {name: int(p50 * factor) for name, factor in times.items()}


def point(value, concurrency, per_s, lanes=2, wobble=0.03):
    repeats = [per_s * (1 + wobble * math.sin(7 * concurrency + 2.3 * i)) for i in range(3)]
    busy = min(0.95, per_s / 12000)
    path = 1e9 * concurrency / per_s
    latencies = {
        step: {"response": marks(path * share), "service": marks(path * share * 0.4)}
        for step, share in (("deposit", 0.3), ("collect", 0.62), ("payout", 0.97))
    }
    latencies["settlement"] = {"response": marks(path)}
    return {
        "value": value, "concurrency": concurrency, "rate_per_s": None, "chunk_records": 16000,
        "lanes": lanes, "bank_latency_ns": 2000000, "bank_rate_per_s": None,
        "settlements_per_s": {"median": sorted(repeats)[1], "least": min(repeats),
                              "most": max(repeats), "all": repeats},
        "seconds": {"median": 50000 / per_s},
        "cpu_ns_per_settlement": {"engine": 47600, "bank": 34000, "postgres": 67000},
        "memory_bytes": 29 << 20,
        "time_share": {"tokens": 0.45 * busy, "bank": 0.85 - 0.75 * busy, "database": 0.1 + 0.15 * busy,
                       "cpu": 0.05 + 0.15 * busy},
        "latency_ns": latencies, "trace_dropped": 0,
    }


def results(kind, swept, points):
    return {
        "format": "daybook-bench", "version": 1, "kind": kind,
        "started_at": "2026-11-28T01:10:00Z", "finished_at": "2026-11-28T01:52:10Z",
        "environment": {"daybook": "0.1.0", "cpu": "Intel Xeon", "cores": 2,
                        "memory_bytes": 8 << 30, "kernel": "6.18.0", "postgres": "15.20",
                        "compiler": "gcc 12.2.0", "fsync": True,
                        "command": "daybook bench sweep --over concurrency --values 1,2,4"},
        "workload": {"accounts": 50000, "seed": 1, "loop": "closed", "rate_per_s": None,
                     "repeats": 3, "warm_up_accounts": 5000, "closing_check": "off",
                     "bank": "mock", "bank_latency_ns": 2000000, "bank_rate_per_s": None},
        "swept": swept, "points": points, "unknown_member": [1, 2],
    }


def make(kind):
    if kind == "sweep":
        counts = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
        return results("sweep", "concurrency", [point(n, n, law(n)) for n in counts])
    if kind == "run":
        only = point(None, 256, law(256))
        only["settlements_per_s"] = {"median": law(256)}
        return results("run", None, [only])
    if kind == "lanes":
        return results("sweep", "lanes",
                       [point(n, 256, law(256) * (1 + 0.6 * (n - 1)), n) for n in (1, 2, 4)])
    if kind == "held":
        document = results("sweep", "concurrency", [point(n, n, 133.0) for n in (8, 16, 32, 64)])
        document["workload"]["bank_rate_per_s"] = 400
        for one in document["points"]:
            one["bank_rate_per_s"] = 400
        return document
    if kind == "sparse":
        return {"format": "daybook-bench", "version": 1, "environment": {}, "workload": {},
                "points": [{"value": None, "latency_ns": None}]}
    if kind == "hostile":
        document = make("sweep")
        evil = "</title></style><script>alert(1)</script><img src=http://x.example/y>&\"'\u0007\u2028"
        for part in ("environment", "workload"):
            for name, value in document[part].items():
                if isinstance(value, str) and name != "closing_check":
                    document[part][name] = evil
        document["swept"] = evil
        document["started_at"] = evil
        for index, one in enumerate(document["points"]):
            one["value"] = evil[index:]
        return document
    raise SystemExit(f"no such kind: {kind}")


json.dump(make(sys.argv[1]), sys.stdout)
