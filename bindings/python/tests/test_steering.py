"""Rules and fallback chains through Python."""

import pickle

import pytest

import mercato
from mercato import recsys
from mercato.recsys import Als, Chain, ItemKnn, Popularity, Rules


@pytest.fixture(scope="module")
def als(shop, attributes):
    return Als(factors=8, iterations=2).fit(shop, seed=7).with_attributes(attributes)


@pytest.fixture(scope="module")
def popular(shop, attributes):
    return Popularity().fit(shop).with_attributes(attributes)


def ids(scored):
    return [s.id for s in scored]


def test_rules_steer_every_call(als, shop, user):
    plain = ids(als.recommend(user, n=10))
    rules = [
        {"exclude": {"items": [plain[0]]}},
        {"boost": {"where": {"price": {"lt": 2}}, "factor": 2.0}, "name": "cheap first"},
        {"pin": {"item": plain[9], "position": 1}},
    ]
    steered = als.recommend(user, n=10, rules=rules)
    assert ids(steered)[0] == plain[9] and plain[0] not in ids(steered)
    read_once = Rules(rules)
    assert als.recommend(user, n=10, rules=read_once) == steered
    assert als.recommend_batch([user], n=10, rules=rules).items[0].tolist() == ids(steered)
    assert plain[0] not in ids(als.similar_items(plain[1], rules=rules))
    assert len(read_once) == 3 and read_once.to_list()[1]["name"] == "cheap first"
    assert pickle.loads(pickle.dumps(read_once)) == read_once and "cheap" in repr(read_once)


def test_a_trace_says_what_each_rule_did(als, user):
    plain = ids(als.recommend(user, n=5))
    rules = [
        {"pin": {"item": plain[4], "position": 1}},
        {"exclude": {"items": [plain[0]]}},
        {"cap": {"attribute": "kind", "at_most": 1}, "until": 10},
    ]
    trace = als.trace(user, n=5, rules=rules)
    assert [t["item"] for t in trace["items"]] == ids(als.recommend(user, n=5, rules=rules))
    step = trace["items"][0]["steps"][0]
    assert (step["action"], step["rank_before"], step["rank_after"]) == ("pin", 5, 1)
    assert [t["item"] for t in trace["removed"]] == [plain[0]]
    assert [r["status"] for r in trace["rules"]] == ["applied", "applied", "not_now"]


def test_bad_rules_are_errors_that_name_the_rule(als, user):
    for bad in ([{"pin": {}}], [{"promote": 1}], [{"boost": {"where": {}, "factor": 0.5}}]):
        with pytest.raises(mercato.InvalidParamsError) as caught:
            als.recommend(user, rules=bad)
        assert caught.value.context["rule"] == "0"


def test_a_chain_answers_whatever_is_missing(als, popular, shop, user, tmp_path):
    als.save(tmp_path / "als.mercato")
    popular.save(tmp_path / "popular.mercato")
    steps = [
        {"model": tmp_path / "als.mercato", "name": "personal"},
        {"similar": tmp_path / "als.mercato", "name": "alike"},
        {"popular": tmp_path / "popular.mercato"},
        {"list": ["85123A"], "name": "editors"},
    ]
    chain = Chain(steps, deadline=1.0)
    assert chain.steps == ["personal", "alike", "popular", "editors"] and not chain.problems
    answer = chain.recommend(user, n=5)
    assert (answer.step, answer.passed, answer.late) == ("personal", [], False)
    assert list(answer) == als.recommend(user, n=5) == answer.items and len(answer) == 5
    item = answer.items[0].id
    page = chain.recommend(item=item, n=5)
    assert page.step == "alike" and page.passed == [("personal", "unknown_user")]
    assert ids(page) == ids(als.similar_items(item, n=5))

    (tmp_path / "als.mercato").write_bytes(b"nonsense")
    broken = Chain(steps)
    assert [p[0] for p in broken.problems] == ["personal", "alike"]
    answer = broken.recommend(user, n=5)
    assert answer.step == "popular" and answer.passed[0] == ("personal", "unavailable")
    assert len(answer) == 5 and "popular" in repr(answer) and "editors" in repr(broken)
    (tmp_path / "popular.mercato").unlink()
    assert ids(Chain(steps).recommend(user)) == ["85123A"]


def test_models_in_memory_rules_and_segments(als, popular, shop, user):
    knn = ItemKnn(neighbors=20).fit(shop)
    chain = Chain(
        [{"model": als}, {"similar": knn}, {"popular": popular}],
        at_least=5,
        rules=[{"exclude": {"where": {"price": {"ge": 2}}}}],
    )
    answer = chain.recommend(user, n=5)
    assert answer.step == "model"
    assert answer.items == als.recommend(user, n=5, where={"price": {"lt": 2}}) or len(answer) == 5
    nothing = chain.recommend(user, where={"colour": "red"})
    assert nothing.step is None and len(nothing) == 0
    assert [why for _, why in nothing.passed] == ["invalid_params"] * 3
    for bad in ([], [{}], [{"model": als, "popular": als}], [{"popular_in": als}], [{"list": []}]):
        with pytest.raises(mercato.InvalidParamsError):
            Chain(bad)
    with pytest.raises(mercato.InvalidParamsError):
        Chain([{"list": ["a"]}], deadline=-1)


def test_evaluation_has_intervals_segments_and_what_lies_beyond_accuracy(shop):
    train, test = shop.split_random(test=0.3, seed=1)
    knn = ItemKnn(neighbors=20).fit(train)
    plain = recsys.evaluate(knn, test, k=[10])
    names = {int(u): "odd" if u % 2 else "even" for u in train.users}
    full = recsys.evaluate(knn, test, k=[10], intervals=0.95, segments=names, seed=3)
    assert {m: full[m] for m in plain} == plain
    assert {"gini@10", "diversity@10", "popularity@10", "long_tail@10"} < set(plain)
    low, high = full["intervals"]["recall@10"]
    assert low < full["recall@10"] < high
    parts = full["segments"]
    assert set(parts) == {"odd", "even"} and sum(p["users"] for p in parts.values()) == full["users"]
    activity = recsys.evaluate(knn, test, k=[10], segments="activity")["segments"]
    assert len(activity) <= 10 and all(name.endswith("events") for name in activity)
    with pytest.raises(mercato.InvalidParamsError):
        recsys.evaluate(knn, test, segments="age")
    steered = recsys.evaluate(knn, test, k=[10], rules=[{"diversify": {"lambda": 0.3}}])
    assert steered["diversity@10"] > plain["diversity@10"]


def test_models_are_compared_and_drawn(shop):
    train, test = shop.split_random(test=0.3, seed=1)
    knn, popular = ItemKnn(neighbors=20).fit(train), Popularity().fit(train)
    result = recsys.compare(knn, popular, test, metric="recall@20", seed=5)
    assert result["low"] <= result["difference"] <= result["high"]
    assert result["difference"] == pytest.approx(result["a"] - result["b"])
    assert result == recsys.compare(knn, popular, test, metric="recall@20", seed=5, threads=1)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    results = {
        "knn": recsys.evaluate(knn, test, intervals=0.9),
        "popular": recsys.evaluate(popular, test),
    }
    ax = recsys.plot_comparison(results)
    assert ax.get_xlabel() == "coverage@20" and {t.get_text() for t in ax.texts} == set(results)
