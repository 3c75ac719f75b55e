"""Recall against queries per CPU-second: mercato beside hnswlib, faiss, usearch and kannolo.

    python benches/against/index/run.py NAME=FILE:DIM:METRIC:N ... --bench target/release/examples/vector_search

FILE holds raw little-endian float32 rows; the first N are indexed, the next 1,000 ask for their 10
nearest. Libraries take turns in one process each, one thread, CPU seconds; the median of five rounds of
queries. Writes one JSON document to stdout.
"""

import argparse
import json
import os
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["RAYON_NUM_THREADS"] = "1"

import numpy as np

K = 10
EFS = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 240, 320, 480]
M, EF_CONSTRUCTION = 16, 200


def hnswlib_(base, metric):
    import hnswlib

    index = hnswlib.Index(space={"cosine": "cosine", "dot": "ip", "l2": "l2"}[metric], dim=base.shape[1])
    index.init_index(max_elements=len(base), ef_construction=EF_CONSTRUCTION, M=M)
    index.set_num_threads(1)
    index.add_items(base)

    def search(queries, ef):
        index.set_ef(ef)
        return index.knn_query(queries, k=K)[0]

    return search


def faiss_(base, metric):
    import faiss

    faiss.omp_set_num_threads(1)
    kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexHNSWFlat(base.shape[1], M, kind)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.add(base)

    def search(queries, ef):
        index.hnsw.efSearch = ef
        return index.search(queries, K)[1]

    return search


def usearch_(base, metric):
    from usearch.index import Index

    index = Index(
        ndim=base.shape[1],
        metric={"cosine": "cos", "dot": "ip", "l2": "l2sq"}[metric],
        connectivity=M,
        expansion_add=EF_CONSTRUCTION,
    )
    index.add(np.arange(len(base)), base, threads=1)

    def search(queries, ef):
        index.expansion_search = ef
        return index.search(queries, K, threads=1).keys

    return search


def kannolo_(base, metric):
    import kannolo

    kind = "euclidean" if metric == "l2" else "dotproduct"
    index = kannolo.DensePlainHNSW.build_from_array(
        base.reshape(-1), base.shape[1], m=M, ef_construction=EF_CONSTRUCTION, metric=kind
    )

    def search(queries, ef):
        found = index.batch_search(queries.reshape(-1), K, ef_search=ef, num_threads=1)[1]
        return np.asarray(found).reshape(-1, K)

    return search


def kannolo_rerank(base, metric):
    import kannolo

    kind = "euclidean" if metric == "l2" else "dotproduct"
    index = kannolo.DenseRerankHNSW.build_from_array(
        base.reshape(-1),
        base.shape[1],
        m=M,
        ef_construction=EF_CONSTRUCTION,
        metric=kind,
        encoder="rabitq-ext",
        rabitq_total_bits=8,
    )

    def search(queries, ef):
        found = index.batch_search(
            queries.reshape(-1), K, k_candidates=min(ef, 20), ef_search=ef, num_threads=1
        )[1]
        return np.asarray(found).reshape(-1, K)

    return search


LIBRARIES = {"hnswlib": hnswlib_, "faiss": faiss_, "usearch": usearch_, "kannolo": kannolo_, "kannolo-rerank": kannolo_rerank}


def at_recall(curve, recall):
    """Queries per CPU-second at this recall, interpolated in time per query; None beyond the curve."""
    before = None
    for point in curve:
        if point["recall"] >= recall:
            if before is None:
                return point["queries_per_cpu_s"]
            share = (recall - before["recall"]) / (point["recall"] - before["recall"])
            a, b = 1 / before["queries_per_cpu_s"], 1 / point["queries_per_cpu_s"]
            return round(1 / (a + share * (b - a)))
        before = point
    return None


def measure(name, base, queries, kth, metric):
    started = time.process_time()
    search = LIBRARIES[name](base, metric)
    build = time.process_time() - started
    curve = []
    for ef in EFS:
        times = []
        for _ in range(5):
            started = time.process_time()
            found = search(queries, ef)
            times.append(time.process_time() - started)
        found = np.asarray(found).astype(np.int64)
        rows = np.arange(len(queries))[:, None]
        unique = np.array([[found[i, j] not in found[i, :j] for j in range(K)] for i in range(len(found))])
        scores = np.einsum("qd,qkd->qk", queries, base[found])
        if metric == "l2":
            scores = -((queries[rows] - base[found]) ** 2).sum(-1)
        recall = ((scores >= kth[:, None] - 1e-5 * np.abs(kth[:, None])) & unique).mean()
        curve.append({"ef": ef, "recall": float(recall), "queries_per_cpu_s": round(len(queries) / sorted(times)[2])})
    return {"library": name, "build_cpu_s": build, "curve": curve}


def one(spec, bench, libraries):
    name, rest = spec.split("=")
    file, dim, metric, n = rest.split(":")
    dim, n = int(dim), int(n)
    rows = np.fromfile(file, "<f4").reshape(-1, dim)[: n + 1000]
    command = [bench, file, str(dim), metric, "hnsw", str(n), "1000"]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if metric == "cosine":
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    base, queries = np.ascontiguousarray(rows[:n]), np.ascontiguousarray(rows[n:])
    scores = queries @ base.T
    if metric == "l2":
        scores = 2 * scores - (base**2).sum(1)
    kth = -np.partition(-scores, K - 1, axis=1)[:, K - 1]
    if metric == "l2":
        kth -= (queries**2).sum(1)
    results = [ours]
    for library in libraries:
        try:
            results.append(measure(library, base, queries, kth, metric))
        except Exception as e:  # a peer that cannot do it is part of the record
            results.append({"library": library, "error": repr(e)})
    for r in results:
        if "curve" in r:
            r["at"] = {str(x): at_recall(r["curve"], x) for x in (0.95, 0.99)}
        print(name, r["library"], r.get("build_cpu_s"), r.get("at"), r.get("error", ""), file=sys.stderr, flush=True)
    return {"name": name, "n": n, "dim": dim, "metric": metric, "results": results}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("data", nargs="+")
    p.add_argument("--bench", required=True)
    p.add_argument("--libraries", nargs="*", default=list(LIBRARIES))
    a = p.parse_args()
    versions = {}
    for library, package in zip(LIBRARIES, ["hnswlib", "faiss-cpu", "usearch", "kannolo", "kannolo"]):
        from importlib.metadata import version

        versions[library] = version(package)
    machine = "2 vCPU x86-64 AVX-512 (shared)"
    protocol = f"M={M}, ef_construction={EF_CONSTRUCTION}, k={K}, 1,000 queries, 1 thread, CPU seconds, median of 5"
    data = [one(spec, a.bench, a.libraries) for spec in a.data]
    print(json.dumps({"machine": machine, "protocol": protocol, "versions": versions, "data": data}, indent=1))


if __name__ == "__main__":
    main()
