"""`mercato.index`: what comes in, what goes out, and that it is right; the search itself is tested in Rust."""

import copy
import pickle
import threading

import numpy as np
import polars as pl
import pytest

import mercato
from mercato.index import VectorIndex


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(30, 24))
    return (centres[rng.integers(0, 30, 2000)] + 0.5 * rng.normal(size=(2000, 24))).astype("f4")


@pytest.fixture(scope="module", params=["flat", "hnsw"])
def index(request, vectors):
    return VectorIndex.build(vectors, kind=request.param, metric="l2", seed=3)


def nearest(vectors, query, k):
    return np.argsort(((vectors - query) ** 2).sum(1), kind="stable")[:k]


def test_search_finds_the_nearest(index, vectors):
    for query in vectors[:20] + np.float32(0.01):
        found = index.search(query, k=5, ef=200)
        assert [s.id for s in found] == list(nearest(vectors, query, 5))
        scores = [s.score for s in found]
        assert scores == sorted(scores, reverse=True) and scores[0] <= 0


def test_a_batch_is_many_searches(index, vectors):
    queries = vectors[:40] + np.float32(0.01)
    ids, scores = index.search_batch(queries, k=7, threads=2)
    assert ids.shape == scores.shape == (40, 7) and scores.dtype == np.float32
    for row, query in enumerate(queries):
        found = index.search(query, k=7)
        assert list(ids[row]) == [s.id for s in found]
        assert list(scores[row]) == [np.float32(s.score) for s in found]


@pytest.mark.parametrize("kind", [list, lambda v: v.astype("f8"), np.asfortranarray, lambda v: v[::1]])
def test_vectors_of_any_layout(kind, vectors):
    some = [list(map(float, v)) for v in vectors[:50]] if kind is list else kind(vectors[:50])
    index = VectorIndex.build(some, ids=[f"v{i}" for i in range(50)])
    assert index.search(some[3], k=1)[0].id == "v3"
    assert len(index) == 50 and index.dim == 24 and "v7" in index and "w" not in index
    assert np.linalg.norm(index.vector("v7")) == pytest.approx(1, abs=1e-5)


def test_missing_places_are_marked(vectors):
    ids, scores = VectorIndex.build(vectors[:2]).search_batch(vectors[:1], k=4)
    assert list(ids[0, 2:]) == [-1, -1] and np.isneginf(scores[0, 2:]).all()
    ids, _ = VectorIndex.build(vectors[:1], ids=["a"]).search_batch(vectors[:1], k=2)
    assert list(ids[0]) == ["a", None]


def test_updates_filters_and_snapshots(vectors):
    def table(ids, colours):
        return mercato.ItemAttributes.from_table(pl.DataFrame({"item_id": ids, "colour": colours}))

    index = VectorIndex.build(vectors[:3], ids=["a", "b", "c"], attributes=table(["a", "b"], ["red", "blue"]))
    assert [s.id for s in index.search(vectors[0], where={"colour": "blue"})] == ["b"]
    before = index.snapshot()
    index.upsert(["d", "a"], vectors[3:5], table(["d"], ["blue"]))
    assert index.remove(["b", "b", "nobody"]) == 1
    assert index.remove(["b"]) == 0
    assert [s.id for s in index.search(vectors[0], where={"colour": "blue"})] == ["d"]
    assert [s.id for s in index.search(vectors[0], where={"colour": "red"})] == ["a"]
    assert len(index) == 3 and len(before) == 3 and "b" in before and "b" not in index
    with pytest.raises(mercato.InvalidParamsError):
        index.search(vectors[0], where={"size": 3})


def test_files_bytes_and_copies_are_equal(index, vectors, tmp_path):
    path = tmp_path / "vectors.mercato"
    index.save(path)
    want = [s.id for s in index.search(vectors[9])]
    copies = [
        VectorIndex.open(path),
        VectorIndex.load(path),
        mercato.open(path),
        VectorIndex.from_bytes(index.to_bytes()),
        pickle.loads(pickle.dumps(index)),
        copy.copy(index),
        copy.deepcopy(index),
    ]
    for other in copies:
        assert [s.id for s in other.search(vectors[9])] == want
        assert repr(other) == repr(index)
    assert mercato.inspect(path)["kind"] == "vector_index"


def test_self_check_reports_its_recall(index):
    report = index.self_check(sample=100, ef=100)
    assert report["recall"] > 0.95 and report["low"] <= report["recall"] <= report["high"]
    assert report["unreachable"] == 0


def test_searches_go_on_during_updates(vectors):
    index = VectorIndex.build(vectors[:500], kind="hnsw")
    stop = threading.Event()
    failed = []

    def ask():
        while not stop.is_set():
            try:
                assert len(index.search(vectors[5], k=5)) == 5
            except Exception as e:
                failed.append(e)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    [t.start() for t in threads]
    for i in range(20):
        index.upsert([1000 + i], vectors[1000 + i : 1001 + i])
        index.remove([i])
    stop.set()
    [t.join() for t in threads]
    assert not failed and len(index) == 500


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda v: VectorIndex.build(v, metric="manhattan"), mercato.InvalidParamsError),
        (lambda v: VectorIndex.build(v, m=0), mercato.InvalidParamsError),
        (lambda v: VectorIndex.build(v, storage="i8"), mercato.UnsupportedError),
        (lambda v: VectorIndex.build(v, ids=[1, 1]), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v[0]), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v * np.nan), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v * 0), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v).search(v[0][:3]), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v).search_batch(v[:, :3]), mercato.InvalidInputError),
        (lambda v: VectorIndex.build(v).search(v[0], ef=0), mercato.InvalidParamsError),
        (lambda v: VectorIndex.build(v).search(v[0], target_recall=2), mercato.InvalidParamsError),
        (lambda v: VectorIndex.build(v).search(v[0], where={"a": 1}), mercato.InvalidParamsError),
        (lambda v: VectorIndex.build(v).vector(77), mercato.UnknownIdError),
        (lambda v: VectorIndex.build(v).upsert(["a"], v[:1]), mercato.InvalidInputError),
    ],
)
def test_what_cannot_be_done_is_a_typed_error(call, error, vectors):
    with pytest.raises(error):
        call(vectors[:2])
