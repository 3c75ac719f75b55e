"""Next item and next basket: parameters chosen on a validation part of train, test scored once.

    cargo build --release -p mercato-recsys --example bench
    python benches/against/recsys/next.py tune beauty sequence_linear '{"decay": [0.6, 0.7]}'
    python benches/against/recsys/next.py test beauty sequence_linear '{"decay": 0.7}'
    python benches/against/recsys/next.py test tafeng repeat_basket '{}'

beauty, sports: leave-one-out; the last item of every user is the test item, the one before it the
validation item; full ranking without what the user has had; HR@10 and NDCG@10. tafeng: the last basket is the
test basket, the last one of the history the validation basket; full ranking, bought items included;
Recall@10. `tune` fits on what is before the validation items, `test` on all but the test items, and adds
the result to benches/record/recsys/next.json.
"""
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "../shared/data/recsys"
SEQUENCES = {
    "beauty": "amazon_beauty/Beauty.txt.gz",
    "sports": "amazon_sports/Sports_and_Outdoors.txt.gz",
}


def program():
    meta = subprocess.run(["cargo", "metadata", "--format-version=1", "--no-deps"],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    return Path(json.loads(meta.stdout)["target_directory"]) / "release/examples/bench"


def baskets(name):
    """Per user the baskets in order; a sequence has one item in each."""
    if name in SEQUENCES:
        with gzip.open(DATA / SEQUENCES[name], "rt") as f:
            return [[[int(i) - 1] for i in line.split()[1:]] for line in f]
    with gzip.open(DATA / "tafeng/tafeng_history.json.gz", "rt") as f:
        history = json.load(f)
    with gzip.open(DATA / "tafeng/tafeng_future.json.gz", "rt") as f:
        future = json.load(f)
    # -1 marks the ends.
    inner = lambda b: [x for x in b if x != [-1]]
    return [inner(history[u]) + inner(future[u]) for u in sorted(history, key=int)]


def write(folder, users):
    rows = [(u, i, t) for u, bs in enumerate(users) for t, b in enumerate(bs) for i in b]
    u, i, t = (np.array(c) for c in zip(*rows))
    u.astype(np.uint32).tofile(folder / "users")
    i.astype(np.uint32).tofile(folder / "items")
    t.astype(np.int64).tofile(folder / "times")


def score(binary, folder, name, model, params, truth):
    job = dict(job="quality", model=model, params=params, threads=1, include_seen=name == "tafeng")
    done = subprocess.run([binary, folder, json.dumps(job)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    out = json.loads(done.stdout)
    ids = np.fromfile(folder / "ids", np.uint32).astype(np.int64).reshape(out["users"], -1)[:, :10]
    hit = np.array([np.isin(row, list(t)) for row, t in zip(ids, truth)])
    if name == "tafeng":
        return {**out, "recall@10": float(np.mean(hit.sum(1) / [len(set(t)) for t in truth]))}
    gain = 1 / np.log2(np.arange(2, 12))
    return {**out, "hr@10": float(hit.any(1).mean()), "ndcg@10": float((hit * gain).sum(1).mean())}


def main():
    mode, name, model, params = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    folder = Path(tempfile.mkdtemp())
    binary = program()
    users = baskets(name)
    n_items = 1 + max(i for bs in users for b in bs for i in b)
    np.array([len(users), n_items], np.uint64).tofile(folder / "shape")
    cut = 2 if mode == "tune" else 1
    write(folder, [bs[:-cut] for bs in users])
    truth = [bs[-cut] for bs in users]
    if mode == "tune":
        grid = {k: v if isinstance(v, list) else [v] for k, v in params.items()}
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values))
            out = score(binary, folder, name, model, chosen, truth)
            quality = {k: round(v, 4) for k, v in out.items() if "@" in k}
            print(chosen, quality, f"fit {out['fit_cpu_s']:.1f}s", flush=True)
        return
    out = score(binary, folder, name, model, params, truth)
    record = ROOT / "benches/record/recsys/next.json"
    rows = json.loads(record.read_text()) if record.exists() else []
    rows = [r for r in rows if (r["data"], r["model"]) != (name, model)]
    rows.append(dict(data=name, model=model, params=params, machine="2 vCPU x86-64 AVX-512 (shared), 1 thread",
                     validation="the item or basket before the test one, of every user", **out))
    record.write_text(json.dumps(rows, indent=1) + "\n")
    print(json.dumps(rows[-1], indent=1))


main()
