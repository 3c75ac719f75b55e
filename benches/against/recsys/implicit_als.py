"""ALS against implicit: parity, training, batch ranking, single requests, fold-in.

    cargo build --release -p mercato-recsys --example bench
    python benches/against/recsys/implicit_als.py [--quick]

Both sides run in alternation on the same data; every number is a median over the repetitions.
Writes benches/record/recsys/implicit_als.json.
"""
import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import implicit
import numpy as np
import scipy

HERE = Path(__file__).resolve()
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "../shared/score"))
from score_topn import load, metrics  # noqa: E402

ALS = dict(factors=64, regularization=0.01, iterations=15)
median = lambda xs: float(np.median(xs))


def target_dir():
    meta = subprocess.run(["cargo", "metadata", "--format-version=1", "--no-deps"],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    return Path(json.loads(meta.stdout)["target_directory"])


def ours(folder, **job):
    program = target_dir() / "release/examples/bench"
    done = subprocess.run([program, folder, json.dumps(job)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def peer(alpha, seed, **kw):
    return implicit.cpu.als.AlternatingLeastSquares(alpha=alpha, random_state=seed, num_threads=1, **ALS, **kw)


def peer_with(users, items, alpha=10.0):
    model = peer(alpha, 0)
    model.user_factors, model.item_factors = users, items
    return model


def cpu(work):
    start, wall = time.process_time(), time.perf_counter()
    value = work()
    return value, time.process_time() - start, time.perf_counter() - wall


def factors(folder):
    read = lambda name: np.fromfile(folder / name, np.float32).reshape(-1, ALS["factors"])
    return read("user_factors"), read("item_factors")


def quantiles(ms):
    return dict(p50_ms=median(ms), p99_ms=float(np.quantile(ms, 0.99)), max_ms=float(np.max(ms)), requests=len(ms))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    repeat = 3 if parser.parse_args().quick else 7
    train, test = load("gowalla")
    folder = Path(tempfile.mkdtemp())
    np.array(train.shape, np.uint64).tofile(folder / "shape")
    train.indptr.astype(np.uint64).tofile(folder / "indptr")
    train.indices.astype(np.uint32).tofile(folder / "indices")
    everybody = np.arange(train.shape[0])
    record = dict(
        protocol=__doc__.split("\n")[0],
        data="gowalla, standard split: 810,128 training pairs, 29,858 users x 40,981 items",
        machine="2 vCPU x86-64 AVX-512 (shared), 1 thread",
        versions=dict(python=platform.python_version(), implicit=implicit.__version__,
                      numpy=np.__version__, scipy=scipy.__version__),
        parameters={**ALS, "cg_steps": 3},
    )

    # Parity: the same hyperparameters from the same start, which iterations=0 hands over.
    parity = []
    for alpha in (1.0, 10.0, 40.0):
        for seed in (0, 1):
            ours(folder, job="fit", alpha=alpha, seed=seed, **{**ALS, "iterations": 0})
            start = factors(folder)
            ours(folder, job="fit", alpha=alpha, seed=seed, **ALS)
            model = peer(alpha, seed)
            model.user_factors, model.item_factors = start
            model.fit(train, show_progress=False)
            mine = factors(folder)
            distance = lambda a, b: float(np.linalg.norm(a - b) / np.linalg.norm(b))
            row = dict(alpha=alpha, seed=seed,
                       user_factors_relative_difference=distance(mine[0], model.user_factors),
                       item_factors_relative_difference=distance(mine[1], model.item_factors))
            for name, m in (("ours", peer_with(*mine)), ("implicit", model)):
                row[f"{name}_recall@20"] = metrics(m.recommend(everybody, train, N=20)[0], test, (20,))["recall@20"]
            row["difference"] = row["ours_recall@20"] - row["implicit_recall@20"]
            parity.append(row)
            print(row, flush=True)
    record["parity"] = parity

    # Training.
    for solver, iterations in (("cg", ALS["iterations"]), ("cholesky", 1)):
        rows = dict(ours=[], implicit=[])
        how = {**ALS, "iterations": iterations}
        for seed in range(repeat if solver == "cg" else 3):
            rows["ours"].append(ours(folder, job="fit", alpha=10, seed=seed, solver=solver, **how)["cpu_s"])
            model = peer(10.0, seed, use_cg=solver == "cg")
            model.iterations = iterations
            rows["implicit"].append(cpu(lambda: model.fit(train, show_progress=False))[1])
        a, b = median(rows["ours"]), median(rows["implicit"])
        record[f"training_{solver}"] = dict(iterations=iterations, ours_cpu_s=a, implicit_cpu_s=b, ratio=a / b,
                                            repetitions=len(rows["ours"]))
        print(solver, record[f"training_{solver}"], flush=True)

    # Batch top-20 for everybody, on the same factors.
    record["model"] = {k: v for k, v in ours(folder, job="fit", alpha=10, seed=0, **ALS).items()
                       if k in ("open_s", "bytes")}
    model = peer_with(*factors(folder))
    rows = dict(ours=[], implicit=[])
    for _ in range(repeat):
        rows["ours"].append(ours(folder, job="batch", n=20)["cpu_s"])
        (ids, scores), seconds, _ = cpu(lambda: model.recommend(everybody, train, N=20))
        rows["implicit"].append(seconds)
    mine = np.fromfile(folder / "ids", np.uint32).reshape(-1, 20)
    my_scores = np.fromfile(folder / "scores", np.float32).reshape(-1, 20)
    a, b = (len(everybody) / median(rows[k]) for k in ("ours", "implicit"))
    differing = mine != ids
    # Where places differ, sums in another order must have tied in f32: compare scores.
    record["batch_top20"] = dict(
        ours_users_per_cpu_s=a, implicit_users_per_cpu_s=b, ratio=a / b, repetitions=repeat,
        users_with_identical_ids=float((~differing).all(1).mean()),
        users_with_identical_sets=float(np.mean([set(x) == set(y) for x, y in zip(mine, ids)])),
        largest_score_difference=float(np.abs(my_scores - scores).max()),
        largest_score_difference_where_ids_differ=float(np.abs(my_scores - scores)[differing].max(initial=0)),
    )
    print(record["batch_top20"], flush=True)

    # One request at a time.
    rng = np.random.default_rng(1)
    users = rng.integers(0, train.shape[0], 2000)
    ms = []
    for u in users:
        row = train[u]
        start = time.perf_counter()
        model.recommend(u, row, N=10)
        ms.append((time.perf_counter() - start) * 1e3)
    record["one_request"] = dict(implicit_from_python_no_filter=quantiles(ms))
    where = {"category": ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"], "price": {"ge": 100}}
    for name, kw in (("no_filter", {}), ("filter_45_percent", {"where": where}),
                     ("filter_5_percent", {"where": {"category": "c3"}})):
        for threads in (1, 4):
            record["one_request"][f"ours_rust_{name}_{threads}_threads"] = ours(
                folder, job="one", requests=5000, threads=threads, **kw)
    print(json.dumps(record["one_request"], indent=1), flush=True)

    # Fold-in of 50 events.
    ms = []
    model.YtY  # computed once, outside the clock
    for _ in range(2000):
        picked = np.unique(rng.integers(0, train.shape[1], 50)).astype(np.int32)
        row = scipy.sparse.csr_matrix((np.ones(len(picked), np.float32), picked, [0, len(picked)]),
                                      shape=(1, train.shape[1]))
        start = time.perf_counter()
        model.recalculate_user(0, row)
        ms.append((time.perf_counter() - start) * 1e3)
    record["fold_in_50"] = dict(implicit_from_python=quantiles(ms), ours_rust=ours(folder, job="fold_in", events=50, requests=5000))
    print(record["fold_in_50"], flush=True)

    out = ROOT / "benches/record/recsys/implicit_als.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


main()
