"""Replenishment through Python: the book's answers, a plan from tables, simulation."""

import json
import pickle
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import mercato
from mercato import replenish as r

CASES = Path(__file__).resolve().parents[3] / "testdata/replenish/textbook_cases.json"
SAME = {
    "eoq.economic_order_quantity": r.eoq,
    "eoq.economic_order_quantity_with_backorders": r.eoq_backorders,
    "eoq.economic_order_quantity_with_all_units_discounts": r.eoq_discounts,
    "newsvendor.newsvendor_normal": r.newsvendor_normal,
    "newsvendor.newsvendor_poisson": r.newsvendor_poisson,
    "ss.s_s_power_approximation": r.ss_normal,
    "rq.r_q_poisson_exact": r.rq_poisson_exact,
}


def book():
    for case in json.loads(CASES.read_text())["cases"]:
        if case["function"] in SAME:
            yield pytest.param(case, id=f"{case['case']}-{case['function']}")


@pytest.mark.parametrize("case", list(book()))
def test_the_books_answers(case):
    ours = SAME[case["function"]](*case["args"])
    for mine, theirs in zip(ours, case["result"].values(), strict=False):
        assert mine is None or mine == pytest.approx(theirs, rel=1e-6)


def test_more_of_the_book():
    assert r.wagner_whitin(2, 500, [90, 120, 80, 70]).order_quantities == [210, 0, 150, 0]
    assert tuple(r.ss_poisson_exact(1, 4, 5, 6))[:2] == (4, 10)
    eil = r.rq_normal(0.225, 7.5, 8, 1300, 150, 1 / 12, method="eil")
    assert eil.reorder_point == pytest.approx(213.97044213580244, rel=1e-6)
    demand = {"kind": "normal", "mean": 5, "sd": 1}
    chain = r.ssm_serial([2, 2, 3], [2, 1, 1], 37.12, demand)
    assert chain.cost == pytest.approx(47.66539330753093, rel=1e-6)
    proof = r.ssm_certified([2, 2, 3], [2, 1, 1], 37.12, demand)
    assert proof.gap < 2e-5 and proof.lower_bound <= chain.cost
    stages = [
        {"holding_cost": 2, "processing_time": 1, "external_inbound": 1},
        {"holding_cost": 4, "processing_time": 0},
        {"holding_cost": 7, "processing_time": 1, "external_outbound": 1, "demand_sd": 1},
    ]
    assert r.gsm_serial(stages).service_times == [0, 0, 1]
    assert r.gsm_serial(stages).cost == pytest.approx(2.8284271247461903)
    assert pickle.loads(pickle.dumps(r.eoq(8, 0.225, 1300))) == r.eoq(8, 0.225, 1300)


def test_bad_numbers_name_their_parameter():
    with pytest.raises(mercato.InvalidParamsError) as e:
        r.newsvendor_normal(1, 1, 10, -2)
    assert e.value.context["parameter"] == "demand_sd"
    with pytest.raises(mercato.InvalidParamsError):
        r.base_stock(1, 9, {"kind": "cauchy"})
    with pytest.raises(mercato.InvalidParamsError):
        r.Planner(service_level=1.0)


def test_a_simulated_policy_costs_what_theory_says():
    policy = {"kind": "ss", "reorder_point": 4, "order_up_to": 10}
    costs = {"holding_cost": 1, "stockout_cost": 4, "fixed_cost": 5}
    demand = {"kind": "poisson", "mean": 6}
    report = r.simulate(policy, demand, costs=costs, periods=20_000, seed=7)
    assert abs(report["cost"] - 8.034111561471642) < 4 * report["cost_error"]
    assert report == r.simulate(policy, demand, costs=costs, periods=20_000, seed=7, threads=1)


@pytest.fixture
def tables():
    forecast = pl.DataFrame(
        {
            "unique_id": [u for u in ["tea", "cup", "mug"] for _ in range(14)],
            "ds": [date(2026, 1, 1 + d) for _ in range(3) for d in range(14)],
            "mean": [4.0] * 42,
            "lo-80": [1.0] * 42,
            "hi-80": [8.0] * 42,
        }
    )
    stock = pl.DataFrame({"unique_id": ["tea", "cup", "mug"], "on_hand": [5, 500, -1]})
    offers = pl.DataFrame(
        {
            "item": ["tea", "tea", "cup", "mug"],
            "supplier": ["acme", "acme", "acme", "acme"],
            "lead_time": [3, 3, 3, 3],
            "from": [1, 60, 1, 1],
            "unit_price": [250, 240, 300, 300],
            "pack": [6, 6, 1, 1],
        }
    )
    return forecast, stock, offers


def test_a_plan_from_tables(tables):
    plan = r.Planner(service_level={"tea": 0.98}, review_period=7).plan(*tables)
    assert [f["field"] for f in plan.failures] == ["on_hand"]
    (order,) = plan.orders
    assert order["lines"][0]["quantity"] % 6 == 0
    assert plan.total == sum(line["total"] for line in order["lines"])
    assert {a["kind"] for a in plan.alerts} >= {"stock_out"}
    table = pl.DataFrame(plan.to_table())
    assert table["order_day"].to_list() == [date(2026, 1, 1)]
    assert any("6" in line for line in plan.explain("tea"))

    more = plan.with_override("tea", 120, "fair on Saturday", "mia")
    assert more.item("tea")["quantity"] == 120
    assert plan.diff(more)["lines"][0]["after"] == 120
    sent = more.confirm("mia").ordered("mia")
    done = sent.receive([{"supplier": "acme", "item": "tea", "quantity": 120}], "dock")
    assert done.orders[0]["state"] == "received"
    assert [e["action"] for e in done.to_dict()["history"]] == [
        "override",
        "confirm",
        "order",
        "receive",
    ]
    with pytest.raises(mercato.UnknownIdError):
        plan.explain("nope")
    with pytest.raises(mercato.InfeasibleError):
        plan.with_override("tea", 7, "odd", "mia")


def test_a_closed_supplier_moves_the_order(tables):
    monday = {"supplier": "acme", "order_weekdays": [0]}
    plan = r.Planner().plan(*tables, calendar=[monday])
    assert plan.orders[0]["order_day"] == (date(2026, 1, 5) - date(1970, 1, 1)).days


def test_a_planner_and_a_plan_survive_pickling(tables):
    planner = r.Planner(service_level={"tea": 0.98}, goals={"cup": {"fill_rate": 0.9}}, budget=90_000)
    assert pickle.loads(pickle.dumps(planner)) == planner
    plan = planner.plan(*tables).with_override("tea", 120, "fair on Saturday", "mia")
    for again in (pickle.loads(pickle.dumps(plan)), r.Plan.from_parts(plan.to_parts())):
        assert again.to_dict() == plan.to_dict()
        assert again.confirm("mia").ordered("mia").orders[0]["state"] == "ordered"


def test_a_search_finds_the_exact_policy_and_an_agent_a_good_one():
    node = {
        "demand": {"kind": "poisson", "mean": 6},
        "holding_cost": 1,
        "stockout_cost": 4,
        "fixed_cost": 5,
    }
    exact = r.ss_poisson_exact(1, 4, 5, 6)
    search = r.PolicySearch(periods=20_000)
    found = search.ss(node, seed=1)
    assert (found["reorder_point"], found["order_up_to"]) == (4, 10)
    assert found["cost"] == pytest.approx(exact.cost, rel=1e-9)
    assert pickle.loads(pickle.dumps(search)) == search
    learned = r.PolicyLearning(periods=300_000).ss(node, seed=1)
    assert learned["cost"] < 1.05 * exact.cost
    with pytest.raises(mercato.InvalidParamsError):
        r.PolicySearch(periods=10)


@pytest.fixture
def panel():
    days = [date(2026, 1, 1 + d % 28).replace(month=1 + d // 28) for d in range(112)]
    rows = [(f"sku-{i}", d, float((t * 7 + 3 * i) % (3 + i)), 1.0 + i) for i in range(25) for t, d in enumerate(days)]
    frame = pl.DataFrame(rows, schema=["unique_id", "ds", "y", "price"], orient="row")
    return mercato.Panel.from_table(frame, freq="D", static=["price"])


def test_items_of_a_panel_have_classes(panel):
    classes = pl.DataFrame(r.classify(panel, unit_value="price"))
    assert classes.columns == ["unique_id", "abc", "xyz", "demand", "share", "variation"]
    assert classes["share"].sum() == pytest.approx(1)
    assert set(classes["abc"]) == {"A", "B", "C"} and classes["unique_id"][24] == "sku-24"
    wide = r.AbcXyz(a=1.0, b=1.0)
    assert set(pl.DataFrame(r.classify(panel, cuts=wide))["abc"]) <= {"A", "C"}
    with pytest.raises(mercato.InvalidInputError):
        r.classify(panel, unit_value="cost")


def test_quantiles_of_the_span_go_into_the_plan(panel):
    span = r.SpanQuantiles(span=10)
    table = pl.DataFrame(span.quantiles(panel, unit_value="price"))
    assert table["days"].to_list() == [10.0] * 25
    assert (table["hi-99"] >= table["hi-0"]).all()
    offers = pl.DataFrame(
        {"item": panel.ids, "supplier": ["acme"] * 25, "lead_time": [3] * 25, "unit_price": [100] * 25}
    )
    plan = r.Planner(service_level=0.95).plan(table, None, offers)
    assert not plan.failures
    target = plan.item("sku-20")["target"]
    assert target == pytest.approx(table["hi-90"][20])
    assert pickle.loads(pickle.dumps(span)) == span
