"""What a call through Python costs beyond the same call in Rust, for one `recommend`.

Both run in one process against one model, round by round in alternation: a round asks for every user of a
sample once, from Rust (a hook in the binding) and from Python. Reported: medians of CPU time per request.

    python benches/against/bindings/python_overhead.py [--record]
"""

import argparse
import json
import platform
import statistics
import subprocess
import time
from pathlib import Path

import mercato
import numpy as np
from mercato._mercato import recsys as native
from mercato.recsys import Als

ROOT = Path(__file__).resolve().parents[3]
USERS, ROUNDS = 500, 41


def shop(users: int, items: int, events: int) -> mercato.Interactions:
    rng = np.random.default_rng(7)
    item = np.minimum(rng.zipf(1.2, events), items)
    return mercato.Interactions.from_arrays(rng.integers(0, users, events), [f"sku{i}" for i in item])


def measure(model, sample: list[int], n: int) -> dict:
    """CPU time of this thread, so that a busy machine does not count."""
    rust, python = [], []
    for _ in range(ROUNDS):
        began = time.thread_time()
        native._bench_recommend(model, sample, n, 1)
        between = time.thread_time()
        for user in sample:
            model.recommend(user, n)
        rust.append(between - began)
        python.append(time.thread_time() - between)
    micros = lambda seconds: round(seconds / len(sample) * 1e6, 2)
    return {
        "items": len(model.items),
        "n": n,
        "rust_us": micros(statistics.median(rust)),
        "python_us": micros(statistics.median(python)),
        "overhead_us": micros(statistics.median(p - r for p, r in zip(python, rust))),
        "overhead_of_fastest_rounds_us": micros(min(python) - min(rust)),
    }


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--record", action="store_true", help="write benches/record/bindings/")
    record = arguments.parse_args().record
    results = []
    for users, items, events in ((2_000, 500, 40_000), (5_000, 4_000, 200_000)):
        model = Als(factors=64, iterations=2).fit(shop(users, items, events), seed=1)
        sample = [int(u) for u in model.users[:USERS]]
        results += [measure(model, sample, n) for n in (1, 10, 20)]
    for result in results:
        print(result)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    about = {
        "what": "one recommend through Python against the same in Rust, in one process, alternating rounds, CPU time",
        "rounds": ROUNDS,
        "requests_per_round": USERS,
        "python": platform.python_version(),
        "mercato": mercato.__version__,
        "commit": commit.stdout.strip(),
        "machine": "2 vCPU x86-64 AVX-512 (shared)",
        "results": results,
    }
    if record:
        folder = ROOT / "benches/record/bindings"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "python_overhead.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
