"""Real vectors for the larger records, as files of raw float32 rows in random order.

    python benches/against/index/vectors.py lsa FOLDER      # lsa256.f32: 100,000+ texts of 256 numbers
    python benches/against/index/vectors.py states FOLDER   # states64.f32, states128.f32: 1 million user states

`lsa`: product descriptions, reviews and customer questions of ../shared/data through TF-IDF of character
n-grams and a truncated singular value decomposition (latent semantic analysis), length one.
`states`: what a session recommender searches with. ALS item factors of gowalla; for each event of each user, the
mean of the factors of the items so far, the last weighing .3; from train and test events together.
"""

import gzip
import json
import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

DATA = Path("../shared/data")


def lsa(folder):
    import polars as pl
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    products = pl.read_parquet(DATA / "retail/complete_journey/products.parquet")
    columns = ["department", "brand", "product_category", "product_type", "package_size"]
    texts = products.select(pl.concat_str([pl.col(c).cast(str).fill_null("") for c in columns], separator=" "))
    texts = set(texts.to_series())
    retail = pl.read_parquet(DATA / "retail/online_retail/online_retail.parquet")
    name = next(c for c in retail.columns if c.lower().startswith("desc"))
    texts |= set(retail[name].drop_nulls())
    for path in sorted((DATA / "nlp").rglob("*")):
        if path.name.endswith((".csv", ".tsv", ".json", ".jsonl", ".txt", ".csv.gz", ".json.gz", ".txt.gz", ".jsonl.gz", ".tsv.gz")):
            opener = gzip.open if path.name.endswith(".gz") else open
            with opener(path, "rt", encoding="utf-8", errors="ignore") as f:
                body = f.read()
            if ".json" in path.name:
                texts |= set(strings(body))
            else:
                texts |= {line.strip() for line in body.splitlines()}
    texts = sorted(t.lower()[:300] for t in texts if len(t) >= 8)
    rng = np.random.default_rng(0)
    texts = sorted(set(texts))
    texts = [texts[i] for i in rng.permutation(len(texts))[:102_000]]
    counts = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=1 << 17, alternate_sign=False).transform(texts)
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    vectors = TruncatedSVD(256, n_iter=2, random_state=0).fit_transform(weighted.astype(np.float32))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    keep = norms[:, 0] > 1e-6
    write(folder / "lsa256.f32", (vectors / np.maximum(norms, 1e-9))[keep])


def strings(body):
    """Every string value of JSON, or of lines of JSON."""
    try:
        stack = [json.loads(body)]
    except ValueError:
        stack = []
        for line in body.splitlines():
            try:
                stack.append(json.loads(line))
            except ValueError:
                pass
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def states(folder):
    import implicit
    import scipy.sparse as sp

    histories = {}
    for part in ("train", "test"):
        with gzip.open(DATA / f"recsys/gowalla/{part}.txt.gz", "rt") as f:
            for line in f:
                user, *items = map(int, line.split())
                histories.setdefault(user, []).extend(items)
    rows = np.repeat(list(histories), [len(h) for h in histories.values()])
    columns = np.concatenate([np.array(h, dtype=np.int64) for h in histories.values()])
    matrix = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)))
    for factors in (64, 128):
        model = implicit.als.AlternatingLeastSquares(
            factors=factors, regularization=10.0, alpha=10.0, iterations=6, random_state=0, num_threads=1
        )
        model.fit(matrix, show_progress=False)
        items = np.asarray(model.item_factors)[:, :factors]
        out = np.empty((len(rows), factors), "<f4")
        at = 0
        for history in histories.values():
            state = None
            for item in history:
                state = items[item] if state is None else 0.7 * state + 0.3 * items[item]
                out[at] = state
                at += 1
        out = out[np.linalg.norm(out, axis=1) > 1e-6]
        write(folder / f"states{factors}.f32", out)


def write(path, vectors):
    order = np.random.default_rng(0).permutation(len(vectors))
    vectors[order].astype("<f4").tofile(path)
    print(path.name, vectors.shape, flush=True)


if __name__ == "__main__":
    {"lsa": lsa, "states": states}[sys.argv[1]](Path(sys.argv[2]))
