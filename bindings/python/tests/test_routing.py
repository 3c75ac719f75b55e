"""Routing through Python: instance files, the day's orders, reasons, re-planning."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mercato
from mercato.routing import Client, MaxIterations, MaxRuntime, NoImprovement, Problem, eta, resolve, solve

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "testdata/routing"
SCORER = ROOT / "../shared/score/score_vrp.py"


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(3)
    p = Problem.builder(name="tuesday")
    p.add_depot(50, 50, tw=(0, 600), name="shop")
    for i in range(30):
        x, y = rng.integers(0, 100, 2)
        p.add_client(float(x), float(y), demand=[int(rng.integers(1, 5))], service=4, name=f"order {i}")
    p.add_vehicle_type(4, capacity=[30], shift=(0, 600))
    return p.build()


@pytest.mark.parametrize(("file", "best"), [("X-n101-k25.vrp", 27591), ("R102.txt", 1466.6)])
def test_instance_files_are_solved_close_to_their_best(file, best, tmp_path):
    problem = Problem.read(SMALL / file)
    solution = solve(problem, MaxIterations(30_000), seed=1, threads=1)
    assert solution.feasible and not solution.check() and not solution.unassigned
    assert best <= solution.cost + 0.05 and solution.cost < 1.03 * best
    if SCORER.exists():
        routes = tmp_path / "routes.sol"
        routes.write_text(solution.to_vrplib())
        convention = "round" if file.endswith(".vrp") else "dimacs"
        command = [sys.executable, SCORER, SMALL / file, routes, "--conv", convention]
        report = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
        assert report["feasible"] and report["cost"] == pytest.approx(solution.cost)


def test_a_seed_and_a_budget_give_one_plan(orders):
    runs = [solve(orders, MaxIterations(500), seed=7, threads=t).to_vrplib() for t in (1, 2)]
    assert runs[0] == runs[1]


def test_routes_say_when_and_with_what(orders):
    solution = solve(orders, [MaxRuntime(5), NoImprovement(500)])
    served = sorted(c for r in solution.routes for c in r.clients)
    assert served == list(range(30)) and solution.feasible
    for route in solution.routes:
        assert len(route) == len(route.visits) and route.end - route.start == pytest.approx(route.duration)
        assert route.load[0] <= 30
        for visit in route.visits:
            assert visit.start >= visit.arrival and visit.departure == pytest.approx(visit.start + 4)
            assert visit.name == f"order {visit.client}"
    assert solution.cost == pytest.approx(sum(r.cost for r in solution.routes))
    kinds = {f["properties"]["kind"] for f in json.loads(solution.to_geojson())["features"]}
    assert kinds == {"depot", "route", "client"}
    costs = [cost for _, _, cost in solution.trace]
    assert costs == sorted(costs, reverse=True) and costs[-1] == pytest.approx(solution.cost)


def test_what_is_not_served_has_reasons():
    p = Problem.builder()
    p.add_depot(0, 0)
    p.add_client(3, 4, demand=99, name="piano")
    p.add_client(3, 4, demand=1, prize=0.5)
    p.add_vehicle_type(1, capacity=10)
    solution = solve(p.build(), MaxIterations(50))
    assert not solution.feasible
    piano, small = solution.unassigned
    assert piano.name == "piano" and piano.reasons[0].rule == "capacity" and piano.reasons[0].excess == 89
    assert small.reasons[0].rule == "prize" and solution.uncollected == 0.5


def test_the_day_goes_on(orders):
    plan = solve(orders, MaxIterations(2000))
    route = plan.routes[0]
    now, last = route.visits[1].start, route.visits[-1].client
    kept = [v.client for v in route.visits if v.start <= now]
    events = {"now": now, "cancel": [last], "insert": [Client(50, 40, demand=[1])], "delay": {0: 5.0}}
    after = resolve(orders, plan, events)
    assert after.feasible and any(r.clients[: len(kept)] == kept for r in after.routes)
    served = {c for r in after.routes for c in r.clients}
    assert 30 in served and last not in served
    with pytest.raises(mercato.InvalidParamsError):
        resolve(orders, plan, {"weather": 1})
    with pytest.raises(mercato.UnknownIdError):
        resolve(orders, plan, {"cancel": [99]})
    arrivals = eta(plan, (0, 2), now + 10)
    assert [a.client for a in arrivals] == route.clients[2:]
    assert all(a.p10 <= a.p50 <= a.p90 for a in arrivals)


def test_matrices_and_starts_from_a_given_plan():
    m = np.array([[0, 5, 9], [5, 0, 2], [9, 2, 0]], dtype=float)
    p = Problem.builder(rounding="nearest")
    p.add_depot(index=0)
    p.add_client(index=1)
    p.add_client(index=2)
    p.add_vehicle_type()
    p.set_matrix(m, duration=2 * m)
    solution = solve(p.build(), MaxIterations(20), initial=[[1, 0]])
    assert solution.cost == 16 and solution.duration == 32
    again = solve(solution.problem, MaxIterations(20), initial=solution)
    assert again.cost == 16


def test_problems_pickle_and_refuse_bad_input(orders):
    again = pickle.loads(pickle.dumps(orders))
    assert again.to_json() == orders.to_json() and again.n_clients == 30
    p = Problem.builder()
    with pytest.raises(mercato.InvalidInputError, match="depot"):
        p.build()
    p.add_depot(0, 0)
    p.add_vehicle_type()
    p.add_client(1, 1, tw=(5, 4))
    with pytest.raises(mercato.InvalidInputError, match="client 0"):
        p.build()
    with pytest.raises(mercato.InvalidParamsError):
        solve(orders, stop="soon")
    with pytest.raises(mercato.InvalidParamsError, match="blink_rate"):
        solve(orders, MaxIterations(1), params={"blink_rate": 2})
    with pytest.raises(mercato.IoError):
        Problem.read("nowhere.vrp")


def test_a_cancelled_search_gives_its_best(orders):
    token = mercato.CancelToken()
    token.cancel()
    assert solve(orders, MaxRuntime(60), cancel=token).routes
    assert solve(orders, MaxRuntime(60), deadline=0.1).feasible
