"""Top-N quality on the standard splits: parameters chosen on a validation part of train, test scored once.

    cargo build --release -p mercato-recsys --example bench
    python benches/against/recsys/top_n.py tune gowalla spectral '{"alpha": [0.2, 0.4]}'
    python benches/against/recsys/top_n.py test gowalla spectral '{"alpha": 0.3}'

`tune` scores a grid on 15 % of the training pairs (for a sample of 6,000 users); `test` fits on all
of train, scores test and adds the result to benches/record/recsys/top_n.json.
"""
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "../shared/score"))
from score_topn import load, metrics  # noqa: E402


def program():
    meta = subprocess.run(["cargo", "metadata", "--format-version=1", "--no-deps"],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    return Path(json.loads(meta.stdout)["target_directory"]) / "release/examples/bench"


def write(folder, m):
    np.array(m.shape, np.uint64).tofile(folder / "shape")
    m.indptr.astype(np.uint64).tofile(folder / "indptr")
    m.indices.astype(np.uint32).tofile(folder / "indices")


def carve(train, share=0.15, seed=0):
    held = np.random.default_rng(seed).random(train.nnz) < share
    coo = train.tocoo()
    part = lambda m: sp.csr_matrix((coo.data[m], (coo.row[m], coo.col[m])), train.shape)
    return part(~held), part(held)


def score(binary, folder, model, params, test, users=None):
    job = dict(job="quality", model=model, params=params, threads=1)
    if users is not None:
        job["users"] = users.tolist()
    done = subprocess.run([binary, folder, json.dumps(job)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    out = json.loads(done.stdout)
    ids = np.fromfile(folder / "ids", np.uint32).astype(np.int64).reshape(out["users"], -1)
    truth = test if users is None else test[users]
    return {**out, **metrics(ids, truth, (20,))}


def main():
    mode, name, model, params = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    train, test = load(name)
    folder = Path(tempfile.mkdtemp())
    binary = program()
    if mode == "tune":
        fit_on, validation = carve(train)
        write(folder, fit_on)
        users = np.flatnonzero(np.diff(validation.indptr))
        users = np.sort(np.random.default_rng(1).choice(users, min(6000, len(users)), replace=False))
        grid = {k: v if isinstance(v, list) else [v] for k, v in params.items()}
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values))
            out = score(binary, folder, model, chosen, validation, users)
            print(chosen, f"recall {out['recall@20']:.4f} ndcg {out['ndcg@20']:.4f} fit {out['fit_cpu_s']:.1f}s", flush=True)
        return
    write(folder, train)
    out = score(binary, folder, model, params, test)
    record = ROOT / "benches/record/recsys/top_n.json"
    rows = json.loads(record.read_text()) if record.exists() else []
    rows = [r for r in rows if (r["data"], r["model"]) != (name, model)]
    rows.append(dict(data=name, model=model, params=params, machine="2 vCPU x86-64 AVX-512 (shared), 1 thread",
                     validation="15 % of the training pairs, random, seed 0", **out))
    record.write_text(json.dumps(rows, indent=1) + "\n")
    print(json.dumps(rows[-1], indent=1))


main()
