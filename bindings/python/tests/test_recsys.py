"""Recommendation through Python: results, filters, edges, evaluation."""

import copy
import pickle

import numpy as np
import pytest

import mercato
from mercato import Interactions, recsys
from mercato.recsys import RepeatBasket, SequenceLinear, Ease, Als, ItemKnn, Popularity, Spectral

ESTIMATORS = [
    Als(factors=8, iterations=2),
    ItemKnn(neighbors=20),
    Popularity(),
    Spectral(rank=8),
    Ease(),
    RepeatBasket(),
    SequenceLinear(),
]
names = lambda estimator: type(estimator).__name__


@pytest.fixture(scope="module", params=ESTIMATORS, ids=names)
def fitted(request, shop, attributes):
    return request.param.fit(shop, seed=7).with_attributes(attributes)


def pairs(scored):
    return [(s.id, s.score) for s in scored]


def test_batch_rows_equal_single_requests(fitted, shop):
    users = shop.users[:50]
    batch = fitted.recommend_batch(users, n=7)
    assert batch.items.shape == batch.scores.shape == (50, 7)
    assert batch.scores.dtype == np.float32 and len(batch) == 50
    assert (batch.users == users).all()
    for row, user in enumerate(users):
        one = fitted.recommend(int(user), n=7)
        assert [s.id for s in one] == batch.items[row].tolist()
        assert [s.score for s in one] == batch.scores[row].tolist()
    assert len(fitted.recommend_batch(n=3)) == shop.n_users


def test_ids_come_back_in_the_callers_type(shop, fitted):
    assert all(isinstance(s.id, str) for s in fitted.recommend(int(shop.users[0])))
    assert fitted.users.dtype == np.int64 and fitted.items.dtype == object
    numbers = Interactions.from_arrays(["a", "a", "b", "c"], [7, 8, 7, 9])
    model = ItemKnn().fit(numbers)
    assert [s.id for s in model.recommend("b", n=1)] == [8]
    batch = model.recommend_batch(n=3)
    assert batch.items.dtype == np.int64 and -1 in batch.items
    assert np.isneginf(batch.scores[batch.items == -1]).all()
    texts = ItemKnn().fit(Interactions.from_arrays([1, 1, 2], ["x", "y", "x"])).recommend_batch(n=2)
    assert None in texts.items.ravel().tolist()


def test_numpy_and_python_integers_are_the_same_id(fitted, shop):
    assert fitted.recommend(shop.users[3]) == fitted.recommend(int(shop.users[3]))


def test_seen_items_are_left_out_unless_asked_for(fitted, shop):
    user = max(map(int, shop.users[:50]), key=lambda u: len(shop.items_of(u)))
    seen = set(shop.items_of(user))
    assert not seen & {s.id for s in fitted.recommend(user, n=50)}
    assert seen & {s.id for s in fitted.recommend(user, n=3000, exclude_seen=False)}


def test_where_filters_by_attributes(fitted, user):
    everything = fitted.recommend(user, n=5000)
    small = fitted.recommend(user, n=5000, where={"kind": "small"})
    large = fitted.recommend(user, n=5000, where={"not": {"kind": "small"}})
    assert 0 < len(small) < len(everything) == len(small) + len(large)
    cheap = fitted.recommend(user, n=5000, where={"kind": "small", "price": {"lt": 1}})
    assert pairs(cheap) == pairs(fitted.recommend(user, n=5000, where={"cheap": True}))
    assert fitted.recommend(
        user, where={"any": [{"kind": "small"}, {"kind": "large"}]}
    ) == fitted.recommend(user)
    assert fitted.recommend(user, where={"kind": ["none", "such"]}) == []
    assert len(fitted.recommend(user, where={"tags": "all"})) == 10
    items = fitted.recommend_batch([user], n=5, where={"kind": "small"}).items[0].tolist()
    assert items == [s.id for s in small[:5]]


@pytest.mark.parametrize(
    "where",
    [
        {"colour": "red"},
        {"kind": 3},
        {"price": {"above": 3}},
        {"price": {"lt": "x"}},
        {"any": 3},
        {"price": {"lt": float("nan")}},
        {"kind": object()},
        {1: 2},
    ],
)
def test_bad_filters_are_refused(fitted, user, where):
    with pytest.raises(mercato.InvalidParamsError):
        fitted.recommend(user, where=where)


def test_candidates_limit_the_answer(fitted, user, shop):
    some = shop.items[10:30].tolist()
    assert {s.id for s in fitted.recommend(user, n=50, items=some, exclude_seen=False)} <= set(some)
    assert fitted.recommend(user, items=[]) == []


def test_a_history_stands_for_a_user(fitted, shop):
    seen = shop.items_of(int(shop.users[0]))
    fresh = fitted.recommend(-5, history=seen)
    assert fresh and not {s.id for s in fresh} & set(seen)
    pairs_ = [(i, 1.0) for i in seen]
    assert (
        fitted.recommend(-5, history=pairs_) == fitted.recommend(-5, history=dict(pairs_)) == fresh
    )
    assert fitted.recommend(-5, history=["not an item"])[0].score > 0, "popular items"
    with pytest.raises(mercato.InvalidInputError, match="nan|NaN"):
        fitted.recommend(-5, history=[(seen[0], float("nan"))])


def test_similar_items_leave_out_the_item(fitted, shop):
    item = shop.items_of(int(shop.users[0]))[0]
    if isinstance(fitted, recsys.PopularityModel):
        with pytest.raises(mercato.UnsupportedError):
            fitted.similar_items(item)
        return
    alike = fitted.similar_items(item, n=5)
    assert len(alike) == 5 and item not in {s.id for s in alike}
    assert [s.score for s in alike] == sorted((s.score for s in alike), reverse=True)


def test_edges_are_typed_errors_or_documented_answers(fitted, user, shop):
    assert fitted.recommend(user, n=0) == []
    assert fitted.recommend_batch(n=0).items.shape == (shop.n_users, 0)
    assert fitted.recommend_batch([], n=4).items.shape == (0, 4)
    assert len(fitted.recommend(user, n=10**9, exclude_seen=False)) <= shop.n_items
    for call in (
        lambda: fitted.recommend(-7),
        lambda: fitted.recommend("12347"),
        lambda: fitted.recommend_batch([user, -7]),
        lambda: fitted.similar_items("no such item"),
    ):
        with pytest.raises(mercato.UnknownIdError):
            call()
    for user_ in (None, 3.5, [], b"x", 2**70):
        with pytest.raises(mercato.InvalidInputError, match="an id is"):
            fitted.recommend(user_)
    for n in (-1, 2.5, "ten", None):
        with pytest.raises(mercato.InvalidParamsError, match="whole number"):
            fitted.recommend(user, n=n)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names)
def test_little_data_is_a_typed_error_or_works(estimator):
    with pytest.raises(mercato.NotEnoughDataError):
        estimator.fit(Interactions.from_arrays([], []))
    one = estimator.fit(Interactions.from_arrays([1], ["a"]))
    assert one.recommend(1) == []
    with pytest.raises(TypeError):
        estimator.fit([[1, 2]])


def test_fold_in_gives_the_vector_that_recommends(shop):
    model = Als(factors=8, iterations=3).fit(shop, seed=1)
    seen = shop.items_of(int(shop.users[0]))
    vector = model.fold_in(seen)
    assert vector.values.shape == (8,) and vector.values.dtype == np.float32
    top = model.recommend_vector(vector, n=5)
    assert pairs(top) == pairs(model.recommend(-5, n=5, history=seen))
    scores = model.item_factors @ vector.values
    assert scores[list(model.items).index(top[0].id)] == pytest.approx(top[0].score, rel=1e-5)
    assert model.user_factors.shape == (shop.n_users, 8)


def test_every_model_folds_in_a_history(fitted, shop):
    seen = shop.items_of(int(shop.users[3]))
    visitor = fitted.fold_in(seen)
    top = fitted.recommend_vector(visitor, n=5, where={"price": {"gt": 1.0}})
    assert pairs(top) == pairs(fitted.recommend(-5, n=5, where={"price": {"gt": 1.0}}, history=seen))
    assert len(visitor.values) == (8 if type(fitted).__name__ == "AlsModel" else 0)
    nobody = fitted.fold_in(["not an item"])
    assert pairs(fitted.recommend_vector(nobody, n=3)) == pairs(fitted.recommend(-5, n=3, history=[]))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=names)
def test_an_update_learns_new_events_users_and_items(estimator, shop):
    model = estimator.fit(shop, seed=7)
    user, other = (int(u) for u in shop.users[:2])
    first = model.recommend(user, n=1)[0].id
    today = Interactions.from_arrays([user, -7, -7, other], [first, first, "new mug", "new mug"])
    updated = model.update(today, threads=1)
    assert first not in {s.id for s in updated.recommend(user, n=50)}
    assert updated.recommend(-7, n=3) and "new mug" in updated.items
    assert "new mug" in {s.id for s in updated.recommend(user, n=100_000)} or estimator == ItemKnn(neighbors=20)
    assert list(updated.items[: len(model.items)]) == list(model.items)
    assert first in {s.id for s in model.recommend(user, n=1)}, "the old model stays"
    nothing = Interactions.from_arrays(np.array([], dtype=np.int64), [])
    assert model.update(nothing).to_bytes() == model.to_bytes()
    folded = model.fold_in_items(today)
    assert "new mug" in folded.items
    token = mercato.CancelToken()
    token.cancel()
    with pytest.raises(mercato.CancelledError):
        model.update(today, cancel=token)
    with pytest.raises(mercato.InvalidInputError):
        model.update(Interactions.from_arrays(["a"], ["b"]))


@pytest.mark.parametrize("form", ["int8", "pq"])
def test_a_quantized_model_ranks_for_histories(form, shop, attributes, tmp_path):
    model = Als(factors=16, iterations=3).fit(shop, seed=1).with_attributes(attributes)
    small = model.quantize(form, bytes=8)
    small.save(tmp_path / "phone.mercato")
    opened = mercato.open(tmp_path / "phone.mercato")
    assert type(opened) is recsys.QuantizedModel and opened.params["form"] == form
    assert len(opened.to_bytes()) < len(model.to_bytes()) / 3
    seen = shop.items_of(int(shop.users[0]))
    want = {s.id for s in model.recommend(0, n=20, history=seen)}
    top = opened.recommend(0, n=20, history=seen)
    assert len(want & {s.id for s in top}) >= (19 if form == "int8" else 8)
    assert not {s.id for s in top} & set(seen)
    assert opened.recommend(0, n=3, history=seen, where={"price": {"lt": 2.0}})
    assert opened.similar_items(top[0].id, n=3)
    with pytest.raises(mercato.UnknownIdError):
        opened.recommend(int(shop.users[0]))
    with pytest.raises(mercato.InvalidParamsError):
        model.quantize("f16")
    with pytest.raises(mercato.MercatoError):
        Popularity().fit(shop).quantize()


def test_evaluation_gives_the_named_metrics(shop):
    train, test = shop.split_random(test=0.2, seed=1)
    model = Popularity().fit(train)
    result = recsys.evaluate(model, test, k=[5, 10])
    assert {"recall@5", "ndcg@10", "hit@10", "mrr@10", "coverage@5", "novelty@10"} <= set(result)
    assert all(
        0 <= v <= 1 for k, v in result.items() if k.startswith(("recall", "ndcg", "hit", "mrr"))
    )
    top = model.recommend_batch(n=5)
    hits = [
        len(set(row) & set(test.items_of(int(user))) - set(train.items_of(int(user))))
        for user, row in zip(top.users, top.items.tolist())
        if set(test.items_of(int(user))) - set(train.items_of(int(user)))
    ]
    relevant = result["users"]
    assert len(hits) == relevant
    assert result["hit@5"] == pytest.approx(sum(h > 0 for h in hits) / relevant)
    for k in ([], [0], [-1]):
        with pytest.raises(mercato.InvalidParamsError):
            recsys.evaluate(model, test, k=k)


def test_an_estimator_is_a_plain_record():
    als = Als(32, alpha=3)
    assert (als.factors, als.alpha, als.solver) == (32, 3.0, "cg")
    assert repr(als).startswith("Als(factors=32, regularization=0.01, ")
    assert (
        eval(repr(als))
        == als
        == copy.copy(als)
        == copy.deepcopy(als)
        == pickle.loads(pickle.dumps(als))
    )
    assert als != Als() and "factors" in dir(als)
    assert Als(factors=np.int64(32), alpha=np.float32(3)) == als
    with pytest.raises(AttributeError, match="no attribute"):
        als.nothing
    with pytest.raises(AttributeError):
        als.factors = 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"factors": 0}, "factors must be in 1..=4096, got 0"),
        ({"factors": -1}, "factors"),
        ({"factors": 2.5}, "factors"),
        ({"factors": "many"}, "factors"),
        ({"factors": None}, "factors"),
        ({"regularization": float("nan")}, "regularization"),
        ({"regularization": -1}, "regularization must be in"),
        ({"solver": "lu"}, "solver.*cg.*cholesky"),
        ({"factor": 3}, "unknown parameter factor; known: factors, "),
    ],
)
def test_bad_hyperparameters_are_refused_by_name(params, message):
    with pytest.raises(mercato.InvalidParamsError, match=message) as caught:
        Als(**params)
    assert caught.value.context["parameter"] in params
    with pytest.raises(TypeError):
        Als(1, factors=2)


def test_an_explanation_accounts_for_the_score(fitted, user):
    best = fitted.recommend(user)[0]
    why = fitted.explain(user, best.id)
    assert why.item == best.id and why.score == pytest.approx(best.score, rel=1e-4)
    if why.kind == "exact":
        parts = [c.part for c in why.contributions]
        assert parts == sorted(parts, reverse=True)
        assert sum(parts) + why.rest == pytest.approx(best.score, rel=1e-3)
    assert 0 < why.share_of_users < 1 and "score=" in repr(why)
    visitor = fitted.explain(-1, best.id, history=[why.item])
    assert [c.item for c in visitor.contributions] in ([best.id], [])
    with pytest.raises(mercato.UnknownIdError):
        fitted.explain(user, "unheard of")


def test_a_search_gives_a_blend_that_says_what_it_tried(shop):
    auto = recsys.AutoRecommender(metric="ndcg@10", max_trials=6, time_budget=30)
    model = auto.fit(shop, seed=3)
    report = model.report
    assert len(report["trials"]) == 6 and report["metric"] == "ndcg@10"
    best = max(t["score"] for t in report["trials"])
    assert report["score"] >= report["best_single"] == best
    assert isinstance(model, recsys.BlendModel)
    again = recsys.Blend(model.params.parts).fit(shop, seed=3)
    user = model.users[0]
    assert again.recommend(user) == model.recommend(user)
    assert again.report is None
    candidates = [recsys.Als(factors=8), recsys.ItemKnn()]
    few = recsys.AutoRecommender(candidates=candidates, max_trials=2).fit(shop)
    assert {next(iter(t["method"])) for t in few.report["trials"]} == {"als", "item_knn"}


def test_a_blend_of_estimators_and_weights(shop):
    blend = recsys.Blend([(recsys.Als(factors=8), 0.7), (recsys.ItemKnn(neighbors=5), 0.3)])
    model = blend.fit(shop)
    assert model.params == blend
    top = model.recommend(model.users[0], n=3)
    assert len(top) == 3 and top[0].score >= top[1].score
    with pytest.raises(mercato.InvalidParamsError, match="no blends"):
        recsys.Blend([(blend, 1.0)])


def test_ease_says_which_form_it_took_and_refuses_what_memory_cannot_hold(shop):
    assert Ease(regularization=20).fit(shop).form == "dense"
    assert Ease(regularization=20, form="sparse").fit(shop).form == "sparse"
    with pytest.raises(mercato.InvalidParamsError) as e:
        Ease(form="dense", memory=1 << 20).fit(shop)
    assert int(e.value.context["needed"]) > int(e.value.context["memory"]) == 1 << 20
