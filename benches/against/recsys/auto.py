"""AutoRecommender on every data set here: what a user gets who reads nothing.

    python benches/against/recsys/auto.py [data ...]      (the release wheel importable)

`AutoRecommender(time_budget=60)` sees the train part alone. Beside it, on the same test part: the best single model that
its own search found, fitted again to all of train, and, where the records have one, the model tuned by hand. Adds to
benches/record/recsys/auto.json.

gowalla, amazon_cds: the standard splits. amazon_beauty, amazon_sports: the last item of every user is the test part, the place
in the sequence is the time. tafeng: the baskets before the last are train, time is the number of the basket, the last
basket is the test part, what was bought before may be recommended again.
"""

import gzip
import json
import os
import platform
import sys
import time
from pathlib import Path

import mercato
import numpy as np
from mercato import Interactions, recsys

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "../shared/data/recsys"
RECORD = ROOT / "benches/record/recsys/auto.json"
sys.path.insert(0, str(ROOT / "../shared/score"))
from score_topn import load  # noqa: E402

METRIC = {"gowalla": "ndcg@20", "amazon_cds": "ndcg@20", "amazon_beauty": "ndcg@10", "amazon_sports": "ndcg@10", "tafeng": "recall@10"}
FILES = {"amazon_beauty": "Beauty.txt.gz", "amazon_sports": "Sports_and_Outdoors.txt.gz"}


def standard(name):
    return [Interactions.from_csr(part) for part in load(name)]


def sequences(name):
    rows = []
    with gzip.open(DATA / name / FILES[name], "rt") as f:
        for line in f:
            user, *items = map(int, line.split())
            rows += [(user, item, at) for at, item in enumerate(items)]
    users, items, times = np.array(rows).T
    return Interactions.from_arrays(users, items, times=times).split_last(1)


def baskets():
    read = lambda part: json.loads(gzip.open(DATA / f"tafeng/tafeng_{part}.json.gz", "rt").read())
    history, future = read("history"), read("future")
    rows = [(int(u), i, at) for u, list_ in history.items() for at, b in enumerate(list_) for i in b if i >= 0]
    last = {(int(u), i) for u, list_ in future.items() for b in list_ for i in b if i >= 0}
    users, items, times = np.array(rows).T
    test_users, test_items = np.array(sorted(last)).T
    return (
        Interactions.from_arrays(users, items, times=times),
        Interactions.from_arrays(test_users, test_items),
    )


def data(name):
    return baskets() if name == "tafeng" else sequences(name) if name in FILES else standard(name)


def estimator(method):
    (kind, params), = method.items()
    classes = {"".join(word.title() for word in kind.split("_")): kind}
    name, = classes
    return getattr(recsys, name)(**params)


def main():
    rows = json.loads(RECORD.read_text()) if RECORD.exists() else []
    for name in sys.argv[1:] or METRIC:
        train, test = data(name)
        seen = name != "tafeng"
        auto = recsys.AutoRecommender(time_budget=60, metric=METRIC[name], exclude_seen=seen)
        began, cpu = time.perf_counter(), time.process_time()
        model = auto.fit(train, seed=0)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        score = lambda m: recsys.evaluate(m, test, k=[10, 20], exclude_seen=seen)
        keep = ("recall@20", "ndcg@20") if name in ("gowalla", "amazon_cds") else ("hit@10", "recall@10", "ndcg@10")
        result = {k: round(v, 5) for k, v in score(model).items() if k in keep}
        report = model.report
        done = [t for t in report["trials"] if t["score"] is not None]
        best = max(done, key=lambda t: t["score"])
        single = model if len(model.params.parts) == 1 else estimator(best["method"]).fit(train, seed=0)
        row = {
            "data": name, "metric": METRIC[name], "auto": result,
            "best_single_of_the_search": {k: round(v, 5) for k, v in score(single).items() if k in keep},
            "chosen": model.params.parts, "single": best["method"],
            "validation": report["validation"], "judged_users": report["users"], "trials": len(report["trials"]),
            "wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "load": os.getloadavg()[0],
            "machine": f"{os.cpu_count()} vCPU {platform.machine()} AVX-512 (shared)",
        }
        print(json.dumps(row, indent=1), flush=True)
        rows = [r for r in rows if r["data"] != name] + [row]
        RECORD.write_text(json.dumps(rows, indent=1) + "\n")


main()
