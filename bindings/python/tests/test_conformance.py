"""The Python runner of the language-neutral vectors; conformance/README.md tells their format."""

import json
import struct
from pathlib import Path

import pyarrow as pa
import pytest

import mercato
from mercato import Interactions, ItemAttributes, recsys

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "conformance/vectors"
KINDS = {"als": recsys.Als, "item_knn": recsys.ItemKnn, "popularity": recsys.Popularity}
MODELS = {
    "als": recsys.AlsModel,
    "item_knn": recsys.ItemKnnModel,
    "popularity": recsys.PopularityModel,
}
TYPES = {
    "text": pa.string(),
    "number": pa.float64(),
    "bool": pa.bool_(),
    "tags": pa.list_(pa.string()),
}


def cases(path, *keys):
    data = json.loads((VECTORS / path).read_text())
    rows = (
        [(key, case) for key in keys for case in data.get(key, [])]
        if keys
        else [("", c) for c in data]
    )
    return [pytest.param(data, key, case, id=f"{key} {case['name']}".strip()) for key, case in rows]


def only(record, *known):
    """A field that this runner does not know must not pass unnoticed."""
    assert set(record) <= set(known), set(record) - set(known)


def interactions(rows):
    users, items, weights = zip(*[(*row, 1.0)[:3] for row in rows]) if rows else ((), (), ())
    return Interactions.from_arrays(users, items, weights)


def fit(estimator, rows):
    only(estimator, "name", "params")
    return KINDS[estimator["name"]](**estimator.get("params", {})).fit(
        interactions(rows), threads=1
    )


def golden(name):
    return ROOT / "testdata/artifacts" / name / "golden.mercato"


def numbers(values):
    return values and [float(v) for v in values]


def do(case):
    """Does the one thing that a case of errors.json names."""
    (action,) = set(case) - {"name", "error"}
    args = case[action]
    if action == "interactions":
        only(args, "users", "items", "weights", "times")
        return Interactions.from_arrays(
            args["users"], args["items"], numbers(args.get("weights")), args.get("times")
        )
    if action == "fit":
        only(args, "estimator", "data")
        return fit(args["estimator"], args["data"])
    if action == "open":
        only(args, "golden", "as", "flip", "cut")
        content = bytearray(golden(args["golden"]).read_bytes())
        for offset, mask in args.get("flip", []):
            content[offset] ^= mask
        return MODELS[args["as"]].from_bytes(bytes(content[: args.get("cut")]))
    model = mercato.open(golden(args["golden"]))
    if action == "recommend":
        return ask(model, action, args)
    if action == "similar":
        return ask(model, action, args)
    assert action == "evaluate"
    only(args, "golden", "test", "k")
    return recsys.evaluate(model, interactions(args["test"]), k=args["k"])


def ask(model, what, question):
    common = ("name", "golden", "n", "expect", "error")
    if what == "similar":
        only(question, *common, "item", "where", "items")
        return model.similar_items(question["item"], n=question["n"])
    only(question, *common, "user", "exclude_seen", "where", "items", "history")
    options = {k: question[k] for k in ("exclude_seen", "where", "items") if k in question}
    if "history" in question:
        options["history"] = [(item, float(weight)) for item, weight in question["history"]]
    return model.recommend(question["user"], n=question["n"], **options)


@pytest.mark.parametrize(("file", "_", "case"), cases("filters.json", "cases"))
def test_filters(file, _, case):
    only(file, "items", "attributes", "cases")
    only(case, "name", "where", "expect", "error")
    columns = {"item_id": pa.array(file["items"])}
    for name, column in file["attributes"].items():
        columns[name] = pa.array(column["values"], TYPES[column["type"]])
    model = fit({"name": "popularity"}, [("u", item) for item in file["items"]])
    model = model.with_attributes(ItemAttributes.from_table(pa.table(columns)))
    answer = lambda: model.recommend(
        "u", n=len(file["items"]), exclude_seen=False, where=case["where"]
    )
    if "error" in case:
        with pytest.raises(mercato.MercatoError) as caught:
            answer()
        assert caught.value.code == case["error"]
    else:
        assert {s.id for s in answer()} == set(case["expect"])


@pytest.mark.parametrize(("_", "__", "case"), cases("metrics.json"))
def test_metrics(_, __, case):
    only(case, "name", "estimator", "train", "test", "k", "expect")
    model = fit(case["estimator"], case["train"])
    result = recsys.evaluate(model, interactions(case["test"]), k=case["k"])
    for metric, value in case["expect"].items():
        assert abs(result[metric] - value) <= 1e-12, metric


@pytest.mark.parametrize(("_", "__", "case"), cases("errors.json"))
def test_errors(_, __, case):
    with pytest.raises(mercato.MercatoError) as caught:
        do(case)
    assert caught.value.code == case["error"]


QUESTIONS = [
    case
    for path in sorted((VECTORS / "recommendations").glob("*.json"))
    for case in cases(path, "recommend", "similar")
]


@pytest.mark.parametrize(("file", "what", "question"), QUESTIONS)
def test_golden_artifacts_answer_bit_for_bit(file, what, question):
    only(file, "golden", "recommend", "similar")
    model = mercato.open(golden(file["golden"]))
    if "error" in question:
        with pytest.raises(mercato.MercatoError) as caught:
            ask(model, what, question)
        assert caught.value.code == question["error"]
        return
    answer = ask(model, what, question)
    bits = [[s.id, struct.pack(">f", s.score).hex()] for s in answer]
    assert bits == question["expect"]
    if what == "recommend" and "history" not in question:
        options = {k: question[k] for k in ("exclude_seen", "where", "items") if k in question}
        batch = model.recommend_batch([question["user"]], n=question["n"], **options)
        expected = [s.id for s in answer]
        assert batch.items[0].tolist()[: len(expected)] == expected
