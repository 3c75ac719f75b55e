"""One request through Python, with filter, rules and fallback, alone and with 4 threads asking at once, beside implicit.

    python benches/against/recsys/one_request.py     (the release wheel and implicit importable)

gowalla, 64 factors, top 10, seen items removed. The filter is {"category": one of 20, "price": {"lt": 450}} over all
40,981 items, another category in every request. The rules exclude a brand, boost one, cap brands at 2 and pin an item. The chain is
the model under filter and rules, then similar items, what is popular in the category, what is popular, and a list, with a deadline of 5 ms; "fallback" asks it for
users whom the model does not know. implicit has none of these: it is asked without them. "saturated": 4 threads ask in
a closed loop and keep both cores busy, so that a thread may wait for its turn; "paced": each of 4 threads pauses for 1 ms
between requests, as callers of a service with room to spare do. Writes benches/record/recsys/one_request.json.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import json
import platform
import sys
import threading
import time
from pathlib import Path

import implicit
import mercato
import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "../shared/score"))
from score_topn import load  # noqa: E402

REQUESTS, ROUNDS = 4000, 5


def ask(request, users, threads, pause):
    """Milliseconds of every request, from `threads` threads that share `users` and pause between requests."""
    parts = [[] for _ in range(threads)]

    def worker(mine):
        for i in range(mine, len(users), threads):
            began = time.perf_counter()
            request(i, users[i])
            parts[mine].append((time.perf_counter() - began) * 1e3)
            if pause:
                time.sleep(pause)

    workers = [threading.Thread(target=worker, args=(i,)) for i in range(threads)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return np.concatenate(parts)


def main():
    train, _ = load("gowalla")
    n_users, n_items = train.shape
    inter = mercato.Interactions.from_csr(train)
    model = mercato.recsys.Als(factors=64, regularization=0.01, alpha=40.0).fit(inter, seed=0)
    rng = np.random.default_rng(1)
    table = pa.table({
        "item_id": np.arange(n_items),
        "category": [f"c{c}" for c in rng.integers(0, 20, n_items)],
        "price": rng.integers(0, 1000, n_items).astype(float),
        "brand": [f"b{b}" for b in rng.integers(0, 300, n_items)],
    })
    model = model.with_attributes(mercato.ItemAttributes.from_table(table))
    peer = implicit.cpu.als.AlternatingLeastSquares(factors=64, num_threads=1)
    peer.user_factors = np.asarray(model.user_factors)
    peer.item_factors = np.asarray(model.item_factors)

    filters = [{"category": f"c{c}", "price": {"lt": 450}} for c in range(20)]
    rules = mercato.recsys.Rules([
        {"exclude": {"where": {"brand": "b7"}}},
        {"boost": {"where": {"brand": "b1"}, "factor": 1.3}},
        {"cap": {"attribute": "brand", "at_most": 2}},
        {"pin": {"item": 17, "position": 3}},
    ])
    chain = mercato.recsys.Chain(
        [
            {"model": model},
            {"similar": model},
            {"popular_in": model, "attribute": "category"},
            {"popular": model},
            {"list": list(range(20))},
        ],
        deadline=0.005,
        rules=rules,
    )
    passed = lambda answer, step: answer if answer.step == step else sys.exit(f"{answer} {answer.passed}")
    requests = {
        "mercato": lambda i, u: model.recommend(u, n=10),
        "mercato, filter": lambda i, u: model.recommend(u, n=10, where=filters[i % 20]),
        "mercato, filter + rules": lambda i, u: model.recommend(u, n=10, where=filters[i % 20], rules=rules),
        "mercato, chain with filter + rules": lambda i, u: chain.recommend(u, n=10, where=filters[i % 20]),
        "mercato, fallback with filter + rules": lambda i, u: passed(
            chain.recommend(-1 - u, n=10, where=filters[i % 20]), "popular"
        ),
        "implicit": lambda i, u: peer.recommend(u, train[u], N=10),
    }
    users = [int(u) for u in rng.integers(0, n_users, REQUESTS)]
    rows = {}
    for traffic, threads, pause in (("alone", 1, 0), ("4 threads, paced", 4, 1e-3), ("4 threads, saturated", 4, 0)):
        rounds = {name: [] for name in requests}
        for _ in range(ROUNDS):
            for name, request in requests.items():
                ms = ask(request, users, threads, pause)
                rounds[name].append((np.quantile(ms, 0.5), np.quantile(ms, 0.99)))
        for name, r in rounds.items():
            p50, p99 = np.median(r, axis=0)
            rows[f"{name}, {traffic}"] = dict(p50_ms=round(float(p50), 4), p99_ms=round(float(p99), 4))
            print(name, traffic, rows[f"{name}, {traffic}"], flush=True)
    record = dict(
        protocol=" ".join(__doc__.split("\n\n")[2].split()),
        machine="2 vCPU x86-64 AVX-512 (shared)",
        load_average_before=round(LOAD, 2),
        versions=dict(mercato=mercato.__version__, implicit=implicit.__version__, python=platform.python_version()),
        requests_per_round=REQUESTS, rounds=ROUNDS, rows=rows,
    )
    out = ROOT / "benches/record/recsys/one_request.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


LOAD = os.getloadavg()[0]
main()
